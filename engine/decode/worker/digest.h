/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MD5, SHA-1 and SHA-256 of one stream of bytes in one pass.
 */
#ifndef TUTELA_DECODE_WORKER_DIGEST_H
#define TUTELA_DECODE_WORKER_DIGEST_H

#include <tutela/decode.h>

struct digest;

/* Loads the algorithms, so that later calls open no file. NULL when the crypto library has none of them. */
struct digest *tutela_digest_new(void);
void tutela_digest_free(struct digest *d);

/* Start over, with the TUTELA_WANT_DIGESTS bits of `wants`. */
bool tutela_digest_start(struct digest *d, unsigned wants);
bool tutela_digest_add(struct digest *d, const void *p, size_t len);
/* Sets the fields and the bits of `have`; those not wanted are left alone. */
bool tutela_digest_finish(struct digest *d, struct tutela_decoded *out);

#endif
