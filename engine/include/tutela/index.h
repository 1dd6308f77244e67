/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exact search among fixed-length codes by Hamming distance.
 *
 * An index is an immutable set of (code, value) pairs: codes of 64 or 256
 * bits, values of 32 bits that mean something to the caller. The same pair may
 * be in it more than once. A search at radius r returns every pair within r,
 * the same as an exhaustive scan, for every r and any data.
 *
 * An index is one contiguous image of bytes, in memory or in a file, which is
 * searched in place: opening a file loads nothing. The format is written down
 * in engine/match/format.h.
 *
 * Thread safety: building happens in one call; every function that takes a
 * const index may be used by any number of threads at once, each with its own
 * struct tutela_matches.
 *
 * Source: M. Norouzi et al., "Fast Search in Hamming Space with Multi-Index
 * Hashing", CVPR 2012; J. Qin, C. Xiao, "Pigeonring", VLDB 2018.
 */
#ifndef TUTELA_INDEX_H
#define TUTELA_INDEX_H

#include <tutela/cpu.h>
#include <tutela/error.h>

struct tutela_index;

struct tutela_match {
	uint32_t distance;
	uint32_t value;
};

/*
 * Growable results, owned by the caller and reusable from call to call:
 * zero-initialise once, free with tutela_matches_free.
 */
struct tutela_matches {
	struct tutela_match *items; /* sorted by distance, then value */
	size_t n;
	size_t capacity;
	bool limited; /* `limit` was reached: there may be more */
};
TUTELA_API void tutela_matches_free(struct tutela_matches *m);

enum tutela_index_kind {
	TUTELA_INDEX_AUTO = 0,   /* FLAT when small, or when the codes are of 64 bits */
	TUTELA_INDEX_FLAT = 1,   /* codes only: scanned exhaustively */
	TUTELA_INDEX_TABLES = 2, /* multi-index hash tables; 256-bit codes only */
};

struct tutela_index_build_opts {
	size_t size;
	unsigned bits; /* 64 or 256 */
	enum tutela_index_kind kind;
	unsigned threads; /* 0: all cores */
	/* May be NULL; false stops: TUTELA_E_INTERRUPTED. Called from the building threads, one at a time. */
	bool (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
};

struct tutela_index_info {
	unsigned bits;
	enum tutela_index_kind kind; /* FLAT or TABLES */
	uint64_t count;              /* pairs */
	uint64_t bytes;              /* length of the image */
	uint64_t digest;             /* the header's checksum: names this image */
	bool resident;               /* in anonymous memory, else mapped from its file */
};

/*
 * Build in memory from `n` codes (n * bits / 8 bytes, contiguous, text order)
 * and their values; both are only read during the call. n may be 0; at most
 * 2^32 - 2. *out is NULL on failure.
 * TUTELA_E_ARG, TUTELA_E_NOMEM, TUTELA_E_TOOBIG, TUTELA_E_INTERRUPTED.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_index_build(const uint8_t *codes, const uint32_t *values, size_t n,
							     const struct tutela_index_build_opts *opts,
							     struct tutela_index **out);

/*
 * Build straight into the empty file at `fd`, section by section: peak memory
 * is the input plus some 12 bytes a code for each thread. Does not fsync. On
 * failure the file's content is undefined: throw it away. `info` may be NULL.
 * Also TUTELA_E_SYS, TUTELA_E_DISKFULL, TUTELA_E_READONLY.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_index_build_file(const uint8_t *codes, const uint32_t *values,
								  size_t n, const struct tutela_index_build_opts *opts,
								  int fd, struct tutela_index_info *info);

struct tutela_index_open_opts {
	size_t size;
	bool resident;       /* copy once into huge pages: slower to open, faster to search */
	enum tutela_isa isa; /* AUTO: best. A level the machine lacks: TUTELA_E_ARG */
};

/*
 * Map the file at `fd` (which may be closed afterwards). The header and the
 * table of sections are verified; the sections are not (tutela_index_verify),
 * yet no content of them can make a search read outside the image.
 * The file must never be written while it is mapped: replace it by rename.
 * TUTELA_E_FORMAT (no index), TUTELA_E_VERSION, TUTELA_E_CORRUPT, TUTELA_E_SYS,
 * TUTELA_E_NOMEM, TUTELA_E_ARG. `opts` may be NULL.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_index_open(int fd, const struct tutela_index_open_opts *opts,
							    struct tutela_index **out);

/* NULL is fine. No search may be running. */
TUTELA_API void tutela_index_close(struct tutela_index *ix);

TUTELA_API void tutela_index_info(const struct tutela_index *ix, struct tutela_index_info *out);

/*
 * Check every block's checksum and every structural invariant (offsets
 * ascending, each id once in each table, sketches as their codes say).
 * TUTELA_E_CORRUPT, TUTELA_E_INTERRUPTED, TUTELA_E_NOMEM.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err
tutela_index_verify(const struct tutela_index *ix, bool (*progress)(void *ctx, uint64_t done, uint64_t total),
		    void *ctx);

/* Pair number i (0 .. count-1), in the order of building; `code` gets bits / 8 bytes, text order. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_index_get(const struct tutela_index *ix, uint64_t i, uint8_t *code,
							   uint32_t *value);

struct tutela_search_opts {
	size_t size;
	unsigned radius; /* largest distance that matches, 0 .. bits */
	size_t limit;    /* stop after this many matches, appended ones included, and set `limited`; 0: all */
	bool nearest;    /* only the matches at the smallest distance found in this index */
	bool (*keep)(void *ctx, uint32_t value, uint32_t distance); /* may be NULL; false: not a match, not counted */
	void *ctx;   /* for keep; with threads > 1 keep is called from several threads */
	bool append; /* keep what is in the result, `limited` too: for a set of indexes searched in turn (sorted by
			the caller) */
};

/*
 * All pairs within the radius of `query` (bits / 8 bytes, text order), sorted
 * by distance, then value. Which matches a limit keeps is not specified.
 * TUTELA_E_ARG (radius over bits), TUTELA_E_NOMEM, TUTELA_E_CORRUPT (damage was
 * met on the way; only tutela_index_verify finds all of it). After a failure
 * the result is as it was on entry, or empty.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_index_search(const struct tutela_index *ix, const uint8_t *query,
							      const struct tutela_search_opts *opts,
							      struct tutela_matches *out);

/* The same by looking at every code, whatever the kind: the specification of search. Single thread. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_index_scan(const struct tutela_index *ix, const uint8_t *query,
							    const struct tutela_search_opts *opts,
							    struct tutela_matches *out);

/*
 * Many queries at once (nq * bits / 8 bytes), `out` an array of nq results;
 * faster than one by one. `threads` 0: all cores.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_index_search_batch(const struct tutela_index *ix,
								    const uint8_t *queries, size_t nq,
								    const struct tutela_search_opts *opts,
								    unsigned threads, struct tutela_matches *out);

/* Sort by distance, then value: what search promises, for results that were appended. */
TUTELA_API void tutela_matches_sort(struct tutela_matches *m);

#endif
