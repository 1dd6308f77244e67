/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file from its descriptor to a verdict: decode in a process of its own,
 * ask the store, judge. Used by every command and service that looks at files.
 *
 * Verdicts are three-valued: what could not be decoded, read or searched is
 * undetermined, never "no match". A file that crashed or held up a decoder is
 * still asked for by its digests, and its reason names its SHA-256.
 *
 * Thread safety: a pipeline is read-only after it was set up; a finding belongs to one thread.
 */
#ifndef TUTELA_TOOLS_PIPELINE_H
#define TUTELA_TOOLS_PIPELINE_H

#include <tutela/tutela.h>

/* Which turned and mirrored forms of a picture are asked for. */
enum variants { VARIANTS_NONE, VARIANTS_STANDARD, VARIANTS_THOROUGH };
const char *variants_name(enum variants v);

/* False, and *out as it was, when this is the name of none. */
bool variants_from_name(const char *name, enum variants *out);

struct pipeline {
	struct tutela_decoder *decoder;
	struct tutela_snapshot *snapshot; /* NULL: hash only */
	enum variants variants;
};

enum verdict { VERDICT_NO_MATCH, VERDICT_MATCH, VERDICT_UNDETERMINED };
const char *verdict_name(enum verdict v);

/* What the perceptual hashes alone say. */
enum perceptual {
	PERCEPTUAL_NO_MATCH,
	PERCEPTUAL_MATCH,
	PERCEPTUAL_LOW_QUALITY,
	PERCEPTUAL_NONE,
	PERCEPTUAL_UNDETERMINED
};
const char *perceptual_name(enum perceptual p);

#define REASON_MAX 256

struct finding {
	struct tutela_decoded decoded;
	uint64_t size; /* of the file, as far as it is known */
	struct tutela_hits hits;
	bool *flood; /* of each hit: its entry matches very many files of this scan; NULL: none does */
	enum verdict verdict;
	enum perceptual perceptual;
	bool allowed;            /* not reported, because of entries that allow it */
	uint64_t silenced;       /* by enum tutela_algorithm: hits of these are silenced; see finding_silences */
	bool excluded;           /* on a list of known files to pass over, and on no other */
	char kind[24];           /* of reason, a word for counting: "truncated"; "" without a reason */
	char reason[REASON_MAX]; /* "truncated: the file ends before the picture does" */
	enum tutela_err fatal;   /* no file can be looked at any more */
	uint64_t lookup_ns;      /* time that asking the store took */
};

/* Look at the file open at `fd`. `path` only tells whether the name promises a picture. */
void pipeline_run(const struct pipeline *p, int fd, const char *path, struct finding *out);

/* What the store is asked with: `out` holds PIPELINE_HASHES_MAX. Returns how many. */
#define PIPELINE_HASHES_MAX                                                                                            \
	(3 + 2 * (1 + TUTELA_DIHEDRALS) + 2) /* digests, 2 dialects in 8 symmetries, pHash, dHash                      \
					      */
size_t pipeline_hashes(const struct pipeline *p, const struct tutela_decoded *d, struct tutela_query_hash *out);

/* A finding for what could not even be opened. `kind`: NULL "unreadable". */
void pipeline_unreadable(struct finding *out, int error, const char *kind);

/* What the hits in a finding, or the error of their search, make of it. */
void pipeline_judge(struct finding *f, enum tutela_err error);

/*
 * Is this hit of a known list silenced by one of an allow list? The same SHA-256
 * silences every hit, since it is the very file. MD5 and SHA-1, which can be
 * forged, and opaque values silence hits of the same algorithm, that is of the
 * same value. A perceptual hash within the allow list's own threshold silences
 * hits of the same algorithm; never those of a digest, and not when it is of
 * half a picture.
 */
bool finding_silences(const struct finding *f, const struct tutela_hit *hit);

void finding_free(struct finding *f);

/*
 * Standard input as a file that a decoder can read: itself, when it is one,
 * else a sealed copy in memory of at most `max` bytes. -1 with errno (EFBIG: larger).
 */
int pipeline_stdin(uint64_t max);

/*
 * A decoder pool for `workers` files at once, with the programs that belong to
 * this one. `seconds`: for one picture, 0: the library's default. NULL, with a sentence said.
 */
struct tutela_decoder *pipeline_decoder(unsigned workers, unsigned wants, uint64_t seconds);

/* Worker threads: `jobs` as asked, or the cores this process may use. */
unsigned pipeline_jobs(uint64_t jobs);

#endif
