/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fingerprints Tutela knows, as one table, and their text form.
 *
 * Two kinds. *Exact* fingerprints (MD5, SHA-1, SHA-256 of the whole file, and
 * opaque values such as PhotoDNA) are compared for equality only.
 * *Perceptual* ones (PDQ, pHash, dHash) are compared by Hamming distance.
 *
 * The numbers of the enum are stored on disk and pinned.
 *
 * Thread safety: all functions here are pure.
 */
#ifndef TUTELA_ALGORITHM_H
#define TUTELA_ALGORITHM_H

#include <tutela/error.h>

enum tutela_algorithm {
	TUTELA_ALG_NONE = 0,
	TUTELA_ALG_MD5 = 1,
	TUTELA_ALG_SHA1 = 2,
	TUTELA_ALG_SHA256 = 3,
	TUTELA_ALG_PDQ = 8,       /* 256 bits; Meta's PDQ, either dialect */
	TUTELA_ALG_PHASH = 9,     /* 64 bits; ImageHash's phash (DCT) */
	TUTELA_ALG_DHASH = 10,    /* 64 bits; ImageHash's dhash */
	TUTELA_ALG_PHOTODNA = 32, /* 144 opaque bytes; stored and compared for equality, never computed */
};

#define TUTELA_PDQ_LEN    32
#define TUTELA_HASH64_LEN 8
#define TUTELA_HASH_MAX   144 /* bytes of the longest fingerprint */

struct tutela_algorithm_info {
	enum tutela_algorithm id;
	const char *name;           /* "pdq": lower case, as in lists, options and JSON */
	unsigned bits;              /* length; always a multiple of 8 */
	bool perceptual;            /* compared by Hamming distance, else for equality */
	unsigned default_threshold; /* largest distance that is a match by default; 0 when exact */
	unsigned max_threshold;     /* largest distance a policy may ask for; 0 when exact */
};

/*
 * One fingerprint: `len` bytes in text order, so byte 0 is the first two hex
 * digits (for PDQ: bits 255..248). Bytes past `len` are zero, so two hashes
 * may be compared with memcmp. No padding.
 */
struct tutela_hash {
	uint16_t algorithm; /* enum tutela_algorithm */
	uint16_t len;
	uint8_t bytes[TUTELA_HASH_MAX];
};

/* Row of the table, or NULL for an unknown id. Static storage. */
TUTELA_API const struct tutela_algorithm_info *tutela_algorithm_get(enum tutela_algorithm id);

/* Row by name, any letter case ("sha-1" and "sha_256" are accepted too), or NULL. */
TUTELA_API const struct tutela_algorithm_info *tutela_algorithm_find(const char *name);

/* Row number `i` of the table in order of id, or NULL past its end: for loops. */
TUTELA_API const struct tutela_algorithm_info *tutela_algorithm_at(size_t i);

/*
 * Parse `len` characters of hex, either letter case, no white space, exactly
 * the algorithm's length. *out is zeroed first.
 * TUTELA_E_ARG unknown algorithm; TUTELA_E_FORMAT wrong length or digit.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_hash_parse(enum tutela_algorithm algorithm, const char *hex,
							    size_t len, struct tutela_hash *out);

/* The hash as lower-case hex and a NUL. `buf` must hold 2 * len + 1 bytes. Returns buf. */
TUTELA_API char *tutela_hash_format(const struct tutela_hash *hash, char *buf);

/* Room that tutela_hash_format needs for any hash. */
#define TUTELA_HASH_TEXT_MAX (2 * TUTELA_HASH_MAX + 1)

/* Number of differing bits; both hashes must be of one algorithm. Returns -1 when they are not. */
TUTELA_API int tutela_hash_distance(const struct tutela_hash *a, const struct tutela_hash *b);

/*
 * Why a list must not hold this value, or NULL when it may: digests of the
 * empty file, all-zero or all-one hashes. A static sentence.
 */
TUTELA_API const char *tutela_hash_refusal(const struct tutela_hash *hash);

#endif
