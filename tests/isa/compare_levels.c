/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare-levels [LEVEL [SEED]]: every instruction set of this machine, or just
 * LEVEL, against scalar code: each kernel of search, hashing and JPEG, a whole
 * index, PDQ. It needs no test framework, so that it can be linked for a foreign
 * processor and run by an emulator. Exit status: 0 all equal; 1 a difference;
 * 2 LEVEL is not there.
 */
#include <limits.h>
#include <sys/mman.h>
#include <unistd.h>

#include <tutela/index.h>

#include "compare.h"
#include "formula.h"
#include "match/kernels.h"
#include "pdq_vectors.h"

#define LINES  10
#define STRIPS 40
#define CODES  20000

/* Up to `flips` bits changed. */
static void nudge(struct run *r, uint8_t *code, size_t len, unsigned flips)
{
	while (flips-- > 0) {
		unsigned bit = below(r, len * 8);

		code[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

enum content { ZEROS, ONES, RANDOM, NEAR, CONTENTS };

static void fill(struct run *r, uint8_t *codes, size_t n, size_t len, const uint8_t *query, enum content content)
{
	memset(codes, content == ONES ? 0xff : 0, n * len);
	if (content == RANDOM)
		random_bytes(r, codes, n * len);
	for (size_t i = 0; content == NEAR && i < n; i++) {
		memcpy(codes + i * len, query, len);
		nudge(r, codes + i * len, len, below(r, 40));
	}
}

/* ------------------------------------------------------------------ one operation each */

/* Results past the last must stay untouched: both arrays are filled with the same before. */
static struct near near_got[N_MAX + 1], near_want[N_MAX + 1];
static struct pair pair_got[KERNELS_QUERIES * KERNELS_LINES * 32 + 1], pair_want[COUNT(pair_got)];

static void expect_near(struct run *r, const char *what, size_t got, size_t want, size_t n, unsigned max)
{
	const struct near mark = {0xabababab, 0xabababab};

	r->calls++;
	if (got != want || memcmp(near_got, near_want, want * sizeof(*near_want)) != 0 ||
	    memcmp(&near_got[n], &mark, sizeof(mark)) != 0)
		differ(r, what, n, max);
}

static void scan(struct run *r, const uint8_t *codes, size_t len, size_t n, const uint8_t *query, unsigned max)
{
	size_t got, want;

	memset(&near_got[n], 0xab, sizeof(*near_got));
	if (len == 8) {
		got = r->k->scan64(codes, n, query, max, near_got);
		want = r->scalar->scan64(codes, n, query, max, near_want);
	} else {
		got = r->k->scan256(codes, n, query, max, near_got);
		want = r->scalar->scan256(codes, n, query, max, near_want);
	}
	expect_near(r, len == 8 ? "scan64" : "scan256", got, want, n, max);
}

/* Nothing, exactly one of the distances that occur, one below it, everything. */
static void scan_thresholds(struct run *r, const uint8_t *codes, size_t len, size_t n, const uint8_t *query)
{
	unsigned bits = (unsigned)len * 8, fixed[] = {0, bits - 1, bits, UINT_MAX};

	for (size_t i = 0; i < COUNT(fixed); i++)
		scan(r, codes, len, n, query, fixed[i]);
	if (n == 0)
		return;
	unsigned exact = near_want[below(r, n)].distance;
	scan(r, codes, len, n, query, exact);
	if (exact > 0)
		scan(r, codes, len, n, query, exact - 1);
}

/* Against the guard behind, and at every place in a line from the guard in front. */
static void scans(struct run *r, size_t len)
{
	uint8_t query[32];

	for (size_t n = 0; n <= N_MAX; n++) {
		for (unsigned c = 0; c < CONTENTS; c++) {
			uint8_t *at = c % 2 ? r->room + (n + c * 13) % 64 : r->room + ROOM - n * len;

			random_bytes(r, query, sizeof(query));
			if (c == ONES)
				memset(query, n % 2 ? 0 : 0xff, sizeof(query));
			fill(r, at, n, len, query, (enum content)c);
			scan_thresholds(r, at, len, n, query);
		}
	}
	for (size_t shift = 0; shift < 64; shift++) {
		fill(r, r->room + shift, 41, len, query, NEAR);
		scan_thresholds(r, r->room + shift, len, 41, query);
	}
}

static void picks(struct run *r)
{
	const size_t codes = 300;
	uint8_t *at = r->room + ROOM - codes * 32, query[32];
	uint32_t ids[N_MAX];

	random_bytes(r, query, sizeof(query));
	fill(r, at, codes / 2, 32, query, NEAR);
	fill(r, at + codes / 2 * 32, codes - codes / 2, 32, query, RANDOM);
	for (size_t n = 0; n <= N_MAX; n++) {
		const unsigned max[] = {0, 1, 15, 31, 128, 255, 256, UINT_MAX};

		for (size_t i = 0; i < n; i++)
			ids[i] = below(r, codes);
		for (size_t i = 0; i < COUNT(max); i++) {
			memset(&near_got[n], 0xab, sizeof(*near_got));
			size_t got = r->k->pick256(at, ids, n, query, max[i], near_got);

			expect_near(r, "pick256", got, r->scalar->pick256(at, ids, n, query, max[i], near_want), n,
				    max[i]);
		}
	}
}

static void pairs(struct run *r)
{
	const size_t codes = 300, n_queries = 40;
	uint8_t *at = r->room + ROOM - codes * 32, queries[40 * 32 + 1];
	struct pair ask[N_MAX];

	random_bytes(r, queries, sizeof(queries));
	fill(r, at, codes, 32, queries + 1, NEAR);
	for (size_t n = 0; n <= N_MAX; n++) {
		const unsigned max[] = {0, 20, 31, 128, 256};

		for (size_t i = 0; i < n; i++)
			ask[i] = (struct pair){below(r, codes), i % 3 ? below(r, n_queries) : 0};
		for (size_t i = 0; i < COUNT(max); i++) {
			memset(&near_got[n], 0xab, sizeof(*near_got));
			size_t got = r->k->pairs256(at, queries + 1, ask, n, max[i], near_got);
			size_t want = r->scalar->pairs256(at, queries + 1, ask, n, max[i], near_want);

			expect_near(r, "pairs256", got, want, n, max[i]);
		}
	}
}

/* Until no line is left: results and what remains of the strips, step by step. */
static void strips(struct run *r, const struct strip *strip, size_t n, const uint16_t *query, const uint16_t *max)
{
	struct strip got[STRIPS], want[STRIPS];
	size_t n_got = n, n_want = n;

	memcpy(got, strip, n * sizeof(*strip));
	memcpy(want, strip, n * sizeof(*strip));
	while (n_want) {
		struct strip_near got_lines[STRIPS + 1], want_lines[STRIPS + 1];
		size_t lines = r->k->strips(got, &n_got, query, max, got_lines);
		size_t lines_want = r->scalar->strips(want, &n_want, query, max, want_lines);
		bool same = lines == lines_want && n_got == n_want;

		for (size_t i = 0; same && i < lines; i++)
			same = got_lines[i].line == want_lines[i].line && got_lines[i].bits == want_lines[i].bits &&
			       got_lines[i].by == want_lines[i].by;
		for (size_t i = 0; same && i < n_want; i++)
			same = got[i].line == want[i].line && got[i].lines == want[i].lines && got[i].by == want[i].by;
		r->calls++;
		if (!same) {
			differ(r, "strips", n, max[0]);
			return;
		}
	}
}

/* Lines between guards, so that a line too many faults. */
static void strip_lengths(struct run *r)
{
	for (unsigned c = 0; c < CONTENTS; c++) {
		uint16_t *base = (uint16_t *)(void *)(c % 2 ? r->room : r->room + ROOM - LINES * 64);
		uint16_t query[3] = {(uint16_t)next(r), (uint16_t)next(r), 0};

		fill(r, (uint8_t *)base, LINES * 32, 2, (const uint8_t *)query, (enum content)c);
		for (size_t n = 1; n <= STRIPS; n++) {
			struct strip strip[STRIPS];
			const uint16_t max[3] = {(uint16_t)below(r, 17), (uint16_t)(n % 17), 16};

			for (size_t i = 0; i < n; i++) {
				uint32_t lines = 1 + below(r, LINES);

				strip[i] = (struct strip){base + 32 * (size_t)below(r, LINES - lines + 1), lines,
							  below(r, 3)};
			}
			strips(r, strip, n, query, max);
		}
	}
}

static void sketches(struct run *r, const uint16_t *base, size_t begin, size_t end, size_t n)
{
	uint16_t query[KERNELS_QUERIES] = {0}, max[KERNELS_QUERIES] = {0};
	size_t room = n * (end - begin);

	for (size_t i = 0; i < n; i++) {
		query[i] = i % 5 ? (uint16_t)next(r) : base[begin];
		max[i] = (uint16_t)(i % 3 ? below(r, 6) : below(r, 17));
	}
	memset(&pair_got[room], 0xab, sizeof(*pair_got));
	size_t got = r->k->sketches(base, begin, end, query, max, n, pair_got);
	size_t want = r->scalar->sketches(base, begin, end, query, max, n, pair_want);

	r->calls++;
	if (got != want || memcmp(pair_got, pair_want, want * sizeof(*pair_want)) != 0 ||
	    pair_got[room].at != 0xabababab)
		differ(r, "sketches", n, (unsigned)(end - begin));
}

static void sketches_lengths(struct run *r)
{
	for (unsigned c = 0; c < CONTENTS; c++) {
		uint16_t *base = (uint16_t *)(void *)(c % 2 ? r->room : r->room + ROOM - KERNELS_LINES * 64);
		const uint16_t near = 0x5a5a;

		fill(r, (uint8_t *)base, KERNELS_LINES * 32, 2, (const uint8_t *)&near, (enum content)c);
		for (size_t n = 0; n < KERNELS_LINES * 32; n++) {
			size_t begin = below(r, KERNELS_LINES * 32 - n);

			sketches(r, base, begin, begin + n, n % 9);
			sketches(r, base, n, KERNELS_LINES * 32, n % 5);
		}
		for (size_t n = 0; n <= KERNELS_QUERIES; n += 1 + n % 7)
			sketches(r, base, n % 32, KERNELS_LINES * 32 - n % 31, n);
		sketches(r, base, 0, KERNELS_LINES * 32, KERNELS_QUERIES);
	}
}

/* ------------------------------------------------------------------ a whole index */

static struct tutela_index *open_index(FILE *f, enum tutela_isa isa)
{
	struct tutela_index_open_opts opts = {.size = sizeof(opts), .isa = isa};
	struct tutela_index *ix;

	if (tutela_index_open(fileno(f), &opts, &ix))
		broken("an index could not be opened");
	return ix;
}

static void expect_matches(struct run *r, const char *what, const struct tutela_matches *got,
			   const struct tutela_matches *want, unsigned radius)
{
	r->calls++;
	if (got->n != want->n || got->limited ||
	    (want->n && memcmp(got->items, want->items, want->n * sizeof(*want->items))))
		differ(r, what, want->n, radius);
}

/* One by one and as a batch, against looking at every code with scalar kernels. */
static void search(struct run *r, struct tutela_index *ix, struct tutela_index *plain, const uint8_t *queries, size_t n,
		   unsigned radius)
{
	struct tutela_search_opts opts = {.size = sizeof(opts), .radius = radius};
	struct tutela_matches batch[64] = {0}, got = {0}, want = {0};
	size_t found = 0;

	if (tutela_index_search_batch(ix, queries, n, &opts, 1, batch))
		broken("a batch failed");
	for (size_t i = 0; i < n; i++) {
		if (tutela_index_search(ix, queries + 32 * i, &opts, &got) ||
		    tutela_index_scan(plain, queries + 32 * i, &opts, &want))
			broken("a search failed");
		expect_matches(r, "search", &got, &want, radius);
		expect_matches(r, "batch", &batch[i], &want, radius);
		if (tutela_index_scan(ix, queries + 32 * i, &opts, &got))
			broken("a scan failed");
		expect_matches(r, "scan", &got, &want, radius);
		found += want.n;
		tutela_matches_free(&batch[i]);
	}
	if (found == 0)
		broken("the queries find nothing: nothing was tested");
	tutela_matches_free(&got);
	tutela_matches_free(&want);
}

/* A third of the codes lie near those before them; queries lie near any, or are one. */
static void whole_index(struct run *r, enum tutela_index_kind kind)
{
	static uint8_t codes[CODES * 32], queries[64 * 32];
	static uint32_t values[CODES];
	struct tutela_index_build_opts opts = {.size = sizeof(opts), .bits = 256, .kind = kind, .threads = 1};
	FILE *f = tmpfile();

	random_bytes(r, codes, sizeof(codes));
	for (size_t i = 0; i < CODES; i++) {
		values[i] = (uint32_t)(i * 2654435761U);
		if (i % 3 == 2) {
			memcpy(codes + 32 * i, codes + 32 * (size_t)below(r, i), 32);
			nudge(r, codes + 32 * i, 32, below(r, 24));
		}
	}
	for (size_t i = 0; i < 64; i++) {
		memcpy(queries + 32 * i, codes + 32 * (size_t)below(r, CODES), 32);
		nudge(r, queries + 32 * i, 32, i % 8 ? below(r, 48) : 0);
	}
	if (!f || tutela_index_build_file(codes, values, CODES, &opts, fileno(f), NULL))
		broken("an index could not be built");
	struct tutela_index *ix = open_index(f, r->isa), *plain = open_index(f, TUTELA_ISA_SCALAR);

	search(r, ix, plain, queries, 64, 31);
	search(r, ix, plain, queries, 8, 0);
	search(r, ix, plain, queries, 8, 47);
	search(r, ix, plain, queries, 2, 128);
	tutela_index_close(ix);
	tutela_index_close(plain);
	fclose(f);
}

/* ------------------------------------------------------------------ PDQ */

static void expect_pdq(struct run *r, const struct tutela_pdq *got, const char *hash, int quality, const char *what,
		       size_t i)
{
	char text[65];

	r->calls++;
	if (strcmp(formula_hex(got->hash, TUTELA_PDQ_LEN, text), hash) != 0 || got->quality != quality)
		differ(r, what, i, 0);
}

static void pictures(struct run *r)
{
	for (size_t i = 0; i < COUNT(vectors); i++) {
		const struct vector *v = &vectors[i];
		uint8_t *px = formula_picture(v->pattern, v->w, v->h, v->channels);
		struct tutela_pixels pixels = formula_pixels(px, v->w, v->h, v->channels);
		struct tutela_perceptual out;

		if (!px || tutela_hash_pixels(&pixels, TUTELA_WANT_PDQ | TUTELA_WANT_PDQ_FULL, r->isa, &out))
			broken("a picture could not be hashed");
		expect_pdq(r, &out.pdq, v->ref_hash, v->ref_quality, "PDQ (ref)", i);
		expect_pdq(r, &out.pdq_full, v->full_hash, v->full_quality, "PDQ (full)", i);
		for (size_t d = 0; d < TUTELA_DIHEDRALS; d++) {
			char want[65] = {0};

			memcpy(want, v->ref_dihedral + 65 * d, 64);
			memcpy(out.pdq.hash, out.pdq.dihedral[d], TUTELA_PDQ_LEN);
			expect_pdq(r, &out.pdq, want, v->ref_quality, tutela_dihedral_name((enum tutela_dihedral)d), i);
		}
		free(px);
	}
}

/* ------------------------------------------------------------------ */

static uint8_t *guarded(void)
{
	uint8_t *p = mmap(NULL, ROOM + 2 * GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + GUARD, ROOM, PROT_READ | PROT_WRITE))
		broken("no memory");
	return p + GUARD;
}

static void compare(enum tutela_isa isa, uint64_t seed)
{
	struct run r = {isa, tutela_kernels_get(isa), &tutela_kernels_scalar, seed, seed, guarded(), 0};

	if (!r.k || r.k->isa != isa)
		broken("a level that the machine has, but no kernels for it");
	scans(&r, 8);
	scans(&r, 32);
	picks(&r);
	pairs(&r);
	strip_lengths(&r);
	sketches_lengths(&r);
	compare_hash_kernels(&r);
	compare_jpeg_kernels(&r);
	whole_index(&r, TUTELA_INDEX_TABLES);
	whole_index(&r, TUTELA_INDEX_FLAT);
	pictures(&r);
	munmap(r.room - GUARD, ROOM + 2 * GUARD);
	printf("  %s: equal to scalar in %lu comparisons\n", tutela_isa_name(isa), r.calls);
}

int main(int argc, char **argv)
{
	static const enum tutela_isa levels[] = {TUTELA_ISA_SCALAR, TUTELA_ISA_AVX2, TUTELA_ISA_AVX512,
						 TUTELA_ISA_NEON};
	static const char *const names[] = {"scalar code", "AVX2", "AVX-512", "NEON"};
	enum tutela_isa only = TUTELA_ISA_AUTO;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 20;

	if (argc > 1 && (!tutela_isa_parse(argv[1], &only) || !tutela_cpu_has(only))) {
		fprintf(stderr, "compare-levels: '%s': not a level of this machine\n", argv[1]);
		return 2;
	}
	for (size_t i = 0; i < COUNT(levels); i++) {
		if (only != TUTELA_ISA_AUTO && levels[i] != only)
			continue;
		if (tutela_cpu_has(levels[i]))
			compare(levels[i], seed);
		else
			printf("  skipped: this machine has no %s\n", names[i]);
		fflush(stdout);
	}
	return 0;
}
