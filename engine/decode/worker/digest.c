/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#define ALGORITHMS 3

static const struct {
	const char *name;
	unsigned want, len;
	size_t offset;
} algorithms[ALGORITHMS] = {
	{"MD5", TUTELA_WANT_MD5, 16, offsetof(struct tutela_decoded, md5)},
	{"SHA1", TUTELA_WANT_SHA1, 20, offsetof(struct tutela_decoded, sha1)},
	{"SHA256", TUTELA_WANT_SHA256, 32, offsetof(struct tutela_decoded, sha256)},
};

struct digest {
	EVP_MD *md[ALGORITHMS];
	EVP_MD_CTX *ctx[ALGORITHMS];
	unsigned wants;
};

/* An algorithm is ready when it gives a digest: whatever it loads lazily is loaded then. */
static bool load(struct digest *d, size_t i)
{
	uint8_t out[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	d->md[i] = EVP_MD_fetch(NULL, algorithms[i].name, NULL);
	d->ctx[i] = EVP_MD_CTX_new();
	return d->md[i] && d->ctx[i] && EVP_DigestInit_ex2(d->ctx[i], d->md[i], NULL) &&
	       EVP_DigestUpdate(d->ctx[i], "", 1) && EVP_DigestFinal_ex(d->ctx[i], out, &len) &&
	       len == algorithms[i].len;
}

struct digest *tutela_digest_new(void)
{
	struct digest *d = calloc(1, sizeof(*d));

	/* A system's configuration may switch MD5 off; these are fingerprints of lists, no cryptography. */
	if (d && OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) && load(d, 0) && load(d, 1) && load(d, 2))
		return d;
	tutela_digest_free(d);
	return NULL;
}

void tutela_digest_free(struct digest *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < ALGORITHMS; i++) {
		EVP_MD_CTX_free(d->ctx[i]);
		EVP_MD_free(d->md[i]);
	}
	free(d);
}

bool tutela_digest_start(struct digest *d, unsigned wants)
{
	d->wants = wants;
	for (size_t i = 0; i < ALGORITHMS; i++)
		if ((wants & algorithms[i].want) && !EVP_DigestInit_ex2(d->ctx[i], d->md[i], NULL))
			return false;
	return true;
}

bool tutela_digest_add(struct digest *d, const void *p, size_t len)
{
	for (size_t i = 0; i < ALGORITHMS; i++)
		if ((d->wants & algorithms[i].want) && !EVP_DigestUpdate(d->ctx[i], p, len))
			return false;
	return true;
}

bool tutela_digest_finish(struct digest *d, struct tutela_decoded *out)
{
	for (size_t i = 0; i < ALGORITHMS; i++) {
		if (!(d->wants & algorithms[i].want))
			continue;
		if (!EVP_DigestFinal_ex(d->ctx[i], (uint8_t *)out + algorithms[i].offset, NULL))
			return false;
		out->have |= algorithms[i].want;
	}
	return true;
}
