/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a bundle, from its transport: small texts into memory, data files into the staging folder. */
#ifndef TUTELA_TRUST_BUNDLE_FETCH_H
#define TUTELA_TRUST_BUNDLE_FETCH_H

#include <tutela/bundle.h>

#include "trust/bundle_format.h"

struct bundle_fetch {
	const struct tutela_bundle_transport *transport;
	const char *staging;
	char *why; /* BUNDLE_WHY_MAX bytes: what went wrong */
	/* Of data files; false stops. May be NULL. */
	bool (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
};

/*
 * All of a file, malloc'd with a NUL behind it. TUTELA_E_NOTFOUND (with a
 * sentence), TUTELA_E_REFUSED: it is longer than `most`, and what is over was
 * not kept. Others are the transport's.
 */
enum tutela_err tutela_bundle_get_text(struct bundle_fetch *f, const char *name, size_t most, char **out, size_t *len);

/*
 * A data file, whole and as it was signed, open at its beginning. What is in
 * the staging folder of an earlier try is taken up again.
 */
enum tutela_err tutela_bundle_get_file(struct bundle_fetch *f, const struct bundle_file *file, int *fd);
/* Has an open file this digest? TUTELA_E_CORRUPT: it has not. TUTELA_E_SYS (errno). Left at its beginning. */
enum tutela_err tutela_bundle_check_fd(int fd, const uint8_t *sha256);
/* Remove it from the staging folder, after its commit; and whatever else of a bundle is there. */
void tutela_bundle_drop_file(struct bundle_fetch *f, const struct bundle_file *file);
void tutela_bundle_drop_all(const char *staging);

/*
 * Do enough of the role's keys vouch for these bytes? The signature of key K
 * is the file `stem`.K.minisig. `name`: what to call the bytes in a sentence.
 * TUTELA_E_REFUSED, or the transport's.
 */
enum tutela_err tutela_bundle_verify(struct bundle_fetch *f, const char *stem, const char *name, const char *bytes,
				     size_t len, const struct bundle_role *role);

/* "stem.KEYID.minisig"; `out` holds BUNDLE_NAME_MAX + 64 bytes. */
void tutela_bundle_signature_name(const char *stem, const struct tutela_public_key *key, char *out);
/* What stands before the key in the names of an index's signatures: they go with its bytes. Same room. */
void tutela_bundle_index_stem(const uint8_t *sha256, char *out);
#define BUNDLE_STEM_MAX (BUNDLE_NAME_MAX + 64)

/*
 * The plain bytes of a data file, in pieces: no more than were signed, and not
 * one less. `fd` is at its beginning.
 */
enum tutela_err tutela_bundle_unpack(int fd, const struct bundle_file *file,
				     enum tutela_err (*write)(void *ctx, const void *bytes, size_t len), void *ctx,
				     char *why);

/* Windows of compressed data: the most that every decoder should support (RFC 8878 section 3.1.1.1.2). */
#define BUNDLE_WINDOW_LOG 23

#endif
