/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MD5, SHA-1 and SHA-256 of one stream of bytes in one pass.
 *
 * By nettle, which uses the processor's instructions and takes a third of the time of libcrypto to load: a decoder that
 * starts again after a hostile file must not be slow. Nothing here can fail, and nothing is loaded lazily.
 */
#ifndef TUTELA_DECODE_WORKER_DIGEST_H
#define TUTELA_DECODE_WORKER_DIGEST_H

#include <tutela/decode.h>

#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

struct digest {
	unsigned wants;
	struct md5_ctx md5;
	struct sha1_ctx sha1;
	struct sha256_ctx sha256;
};

/* Start over, with the TUTELA_WANT_DIGESTS bits of `wants`. */
void tutela_digest_start(struct digest *d, unsigned wants);
void tutela_digest_add(struct digest *d, const void *p, size_t len);
/* Sets the fields and the bits of `have`; those not wanted are left alone. */
void tutela_digest_finish(struct digest *d, struct tutela_decoded *out);

#endif
