/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/digest.h"

void tutela_digest_start(struct digest *d, unsigned wants)
{
	d->wants = wants & TUTELA_WANT_DIGESTS;
	md5_init(&d->md5);
	sha1_init(&d->sha1);
	sha256_init(&d->sha256);
}

void tutela_digest_add(struct digest *d, const void *p, size_t len)
{
	if (d->wants & TUTELA_WANT_MD5)
		md5_update(&d->md5, len, p);
	if (d->wants & TUTELA_WANT_SHA1)
		sha1_update(&d->sha1, len, p);
	if (d->wants & TUTELA_WANT_SHA256)
		sha256_update(&d->sha256, len, p);
}

void tutela_digest_finish(struct digest *d, struct tutela_decoded *out)
{
	if (d->wants & TUTELA_WANT_MD5)
		md5_digest(&d->md5, sizeof(out->md5), out->md5);
	if (d->wants & TUTELA_WANT_SHA1)
		sha1_digest(&d->sha1, sizeof(out->sha1), out->sha1);
	if (d->wants & TUTELA_WANT_SHA256)
		sha256_digest(&d->sha256, sizeof(out->sha256), out->sha256);
	out->have |= d->wants;
}
