/* SPDX-License-Identifier: Apache-2.0 */
#include "index_data.h"

#include <criterion/logging.h>
#include <sys/mman.h>

#include "match/kernels.h"

#define N_MAX 257
#define ROOM  16384 /* bytes between the guards; holds N_MAX codes of 32 bytes at any alignment */

static const enum tutela_isa levels[] = {TUTELA_ISA_SCALAR, TUTELA_ISA_AVX2, TUTELA_ISA_AVX512, TUTELA_ISA_NEON};
#define LEVELS (sizeof(levels) / sizeof(levels[0]))

/* ROOM bytes with a page before and behind that must not be touched. */
static uint8_t *guarded(void)
{
	uint8_t *p = mmap(NULL, ROOM + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(p, MAP_FAILED);
	cr_assert_eq(mprotect(p + 4096, ROOM, PROT_READ | PROT_WRITE), 0);
	return p + 4096;
}

static void release(uint8_t *p)
{
	munmap(p - 4096, ROOM + 8192);
}

static size_t plain_scan(const uint8_t *codes, size_t len, const uint32_t *ids, size_t n, const uint8_t *query,
			 unsigned max, struct near *out)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned d = plain_distance(codes + len * (ids ? ids[i] : i), query, len);

		if (d <= max)
			out[found++] = (struct near){(uint32_t)i, d};
	}
	return found;
}

static size_t plain_sketch(const uint16_t *base, size_t begin, size_t end, uint16_t query, unsigned max, uint32_t *out)
{
	size_t found = 0;

	for (size_t p = begin; p < end; p++)
		if ((unsigned)__builtin_popcount(base[p] ^ query) <= max)
			out[found++] = (uint32_t)p;
	return found;
}

/* Codes at a chosen place: some equal to the query, some near it, some its complement, most random. */
static void fill(uint64_t *seed, uint8_t *codes, size_t n, size_t len, const uint8_t *query)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t *c = codes + i * len;

		memcpy(c, query, len);
		switch (random_below(seed, 8)) {
		case 0:
			break;
		case 1:
			for (size_t j = 0; j < len; j++)
				c[j] = (uint8_t)~c[j];
			break;
		case 2:
		case 3:
			flip_random(seed, c, (unsigned)len * 8, random_below(seed, 40));
			break;
		default:
			random_bytes(seed, c, len);
		}
	}
}

static void compare_scan(const struct kernels *k, const uint8_t *codes, size_t len, size_t n, const uint8_t *query,
			 unsigned max)
{
	static struct near got[N_MAX + 1], want[N_MAX + 1];
	size_t (*scan)(const uint8_t *, size_t, const uint8_t *, unsigned, struct near *) =
		len == 8 ? k->scan64 : k->scan256;

	got[n] = (struct near){0xabababab, 0xcdcdcdcd};
	size_t n_got = scan(codes, n, query, max, got), n_want = plain_scan(codes, len, NULL, n, query, max, want);

	cr_assert_eq(n_got, n_want, "%s, %zu bytes, n %zu, max %u: %zu, not %zu", tutela_isa_name(k->isa), len, n, max,
		     n_got, n_want);
	cr_assert_arr_eq(got, want, n_got * sizeof(got[0]), "%s, %zu bytes, n %zu, max %u", tutela_isa_name(k->isa),
			 len, n, max);
	cr_assert_eq(got[n].at, 0xabababab, "wrote past its room");
}

static void scan_lengths(const struct kernels *k, size_t len)
{
	static const unsigned max[] = {0, 1, 31, 63, 64, 128, 255, 256};
	uint8_t *room = guarded(), query[32];
	uint64_t seed = 7;

	for (size_t n = 0; n <= N_MAX; n++) {
		uint8_t *front = room + n % 64, *back = room + ROOM - n * len;

		random_bytes(&seed, query, sizeof(query));
		fill(&seed, back, n, len, query);
		for (size_t j = 0; j < 8; j++)
			compare_scan(k, back, len, n, query, max[j]);
		fill(&seed, front, n, len, query);
		compare_scan(k, front, len, n, query, 31);
		fill(&seed, room, n, len, query);
		compare_scan(k, room, len, n, query, 40);
	}
	release(room);
}

static void scan_extremes(const struct kernels *k, size_t len)
{
	uint8_t *room = guarded(), query[32];

	for (int a = 0; a < 2; a++) {
		for (int b = 0; b < 2; b++) {
			memset(room, a ? 0xff : 0, ROOM);
			memset(query, b ? 0xff : 0, sizeof(query));
			compare_scan(k, room + 3, len, 41, query, 0);
			compare_scan(k, room + 3, len, 41, query, (unsigned)len * 8 - 1);
			compare_scan(k, room + 3, len, 41, query, (unsigned)len * 8);
		}
	}
	release(room);
}

static void pick_lengths(const struct kernels *k)
{
	static struct near got[N_MAX], want[N_MAX];
	uint8_t *room = guarded(), query[32];
	uint32_t ids[N_MAX];
	uint64_t seed = 9;
	const size_t codes = 300;
	uint8_t *at = room + ROOM - codes * 32;

	random_bytes(&seed, query, sizeof(query));
	fill(&seed, at, codes, 32, query);
	for (size_t n = 0; n <= N_MAX; n++) {
		for (size_t i = 0; i < n; i++)
			ids[i] = random_below(&seed, codes);
		for (unsigned max = 0; max <= 256; max += 32) {
			size_t n_got = k->pick256(at, ids, n, query, max, got);

			cr_assert_eq(n_got, plain_scan(at, 32, ids, n, query, max, want));
			cr_assert_arr_eq(got, want, n_got * sizeof(got[0]));
		}
	}
	release(room);
}

/* Places from begin to end that one strip over them finds. */
static size_t by_strip(const struct kernels *k, const uint16_t *base, size_t begin, size_t end, uint16_t query,
		       uint16_t max, uint32_t *out)
{
	struct strip strip = {base + begin / 32 * 32, (uint32_t)((end + 31) / 32 - begin / 32), 0};
	struct strip_near near[2];
	size_t n = begin < end, found = 0;

	while (n) {
		size_t lines = k->strips(&strip, &n, &query, &max, near);

		for (uint32_t bits = lines ? near[0].bits : 0; bits; bits &= bits - 1) {
			size_t place = (size_t)(near[0].line - base) + (unsigned)__builtin_ctz(bits);

			if (place >= begin && place < end)
				out[found++] = (uint32_t)place;
		}
	}
	return found;
}

static void strip_lengths(const struct kernels *k)
{
	static uint32_t got[N_MAX + 1], want[N_MAX + 1];
	uint8_t *room = guarded();
	uint64_t seed = 11;

	random_bytes(&seed, room, ROOM);
	for (size_t n = 0; n <= N_MAX; n++) {
		/* Once with the last line against the guard, once with the first. */
		size_t lines = (n + 64) / 32, begin = random_below(&seed, (unsigned)(lines * 32 - n + 1));
		const uint16_t *bases[2] = {(const uint16_t *)(const void *)(room + ROOM - lines * 64),
					    (const uint16_t *)(const void *)room};

		for (unsigned i = 0; i < 36; i++) {
			const uint16_t *base = bases[i % 2];
			uint16_t query = i < 4 ? (uint16_t)(i < 2 ? 0 : 0xffff) : (uint16_t)random64(&seed);
			uint16_t max = (uint16_t)(i / 2 < 16 ? i / 2 : 16);

			got[n] = 0xabababab;
			size_t n_got = by_strip(k, base, begin, begin + n, query, max, got);
			size_t n_want = plain_sketch(base, begin, begin + n, query, max, want);

			cr_assert_eq(n_got, n_want, "%s, begin %zu, n %zu, max %u", tutela_isa_name(k->isa), begin, n,
				     max);
			cr_assert_arr_eq(got, want, n_got * sizeof(got[0]));
			cr_assert_eq(got[n], 0xabababab);
		}
	}
	/* Every place in a line to begin at, every place to end at. */
	for (size_t begin = 0; begin < 96; begin++) {
		for (size_t end = begin; end < 130; end++) {
			const uint16_t *base = (const uint16_t *)(const void *)room;
			size_t n_got = by_strip(k, base, begin, end, 0x5a5a, 7, got);

			cr_assert_eq(n_got, plain_sketch(base, begin, end, 0x5a5a, 7, want));
			cr_assert_arr_eq(got, want, n_got * sizeof(got[0]));
		}
	}
	release(room);
}

/* What became of `n` strips in one step, and what was found. */
static void expect_step(const struct kernels *k, const struct strip *before, size_t n, const uint16_t *query,
			const uint16_t *max, const struct strip *after, size_t n_after, const struct strip_near *near,
			size_t n_near)
{
	size_t left = 0, found = 0;

	for (size_t i = 0; i < n; i++) {
		const struct strip *s = &before[i];
		uint32_t bits = 0, at[32];
		size_t m = plain_sketch(s->line, 0, 32, query[s->by], max[s->by], at);

		for (size_t j = 0; j < m; j++)
			bits |= UINT32_C(1) << at[j];
		if (bits) {
			cr_assert(found < n_near && near[found].line == s->line && near[found].bits == bits &&
					  near[found].by == s->by,
				  "%s, strip %zu of %zu", tutela_isa_name(k->isa), i, n);
			found++;
		}
		if (s->lines == 1)
			continue;
		cr_assert(left < n_after && after[left].line == s->line + 32 && after[left].lines == s->lines - 1 &&
				  after[left].by == s->by,
			  "%s, strip %zu of %zu", tutela_isa_name(k->isa), i, n);
		left++;
	}
	cr_assert_eq(found, n_near);
	cr_assert_eq(left, n_after);
}

/* Strips of different lengths, each with one of three queries, some against the guards. */
static void strips_together(const struct kernels *k)
{
	enum { STRIPS = 40, LINES = ROOM / 64 };
	static const uint16_t query[3] = {0x5a5a, 0, 0xffff}, max[3] = {6, 16, 3};
	struct strip strip[STRIPS], before[STRIPS];
	struct strip_near near[STRIPS + 1];
	uint8_t *room = guarded();
	uint64_t seed = 13;

	random_bytes(&seed, room, ROOM);
	for (size_t many = 0; many <= STRIPS; many++) {
		size_t n = many;

		for (size_t i = 0; i < n; i++) {
			uint32_t lines = 1 + random_below(&seed, 9), last = LINES - lines;
			uint32_t at = i % 7 ? random_below(&seed, last + 1) : i % 2 ? 0 : last;

			strip[i] = (struct strip){(const uint16_t *)(const void *)(room + 64 * (size_t)at), lines,
						  random_below(&seed, 3)};
		}
		while (n) {
			size_t n_before = n;

			memcpy(before, strip, sizeof(before));
			size_t n_near = k->strips(strip, &n, query, max, near);
			expect_step(k, before, n_before, query, max, strip, n, near, n_near);
		}
	}
	release(room);
}

static void compare_sketches(const struct kernels *k, const uint16_t *base, size_t begin, size_t end, size_t n,
			     uint64_t *seed)
{
	static struct pair got[KERNELS_QUERIES * KERNELS_LINES * 32 + 1];
	static uint32_t want[KERNELS_LINES * 32];
	uint16_t query[KERNELS_QUERIES] = {0}, max[KERNELS_QUERIES] = {0};
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		query[i] = (uint16_t)(i % 5 ? random64(seed) : base[begin]);
		max[i] = (uint16_t)(i % 3 ? random_below(seed, 6) : random_below(seed, 17));
	}
	got[n * (end - begin)] = (struct pair){0xabababab, 0xcdcdcdcd};
	size_t n_got = k->sketches(base, begin, end, query, max, n, got);
	for (size_t i = 0; i < n; i++) {
		size_t m = plain_sketch(base, begin, end, query[i], max[i], want);

		for (size_t j = 0; j < m; j++, at++)
			cr_assert(at < n_got && got[at].at == want[j] && got[at].by == i, "%s, %zu .. %zu, query %zu",
				  tutela_isa_name(k->isa), begin, end, i);
	}
	cr_assert_eq(at, n_got);
	cr_assert_eq(got[n * (end - begin)].at, 0xabababab, "wrote past its room");
}

static void sketches_everywhere(const struct kernels *k)
{
	uint8_t *room = guarded();
	uint64_t seed = 17;

	random_bytes(&seed, room, ROOM);
	/* Against the guard in front, and against the one behind. */
	for (unsigned i = 0; i < 2; i++) {
		const uint16_t *base = (const uint16_t *)(const void *)(room + (i ? ROOM - KERNELS_LINES * 64 : 0));

		for (size_t begin = 0; begin <= KERNELS_LINES * 32; begin += 1 + begin % 7)
			for (size_t end = begin; end <= KERNELS_LINES * 32; end++)
				compare_sketches(k, base, begin, end, random_below(&seed, 9), &seed);
		for (size_t n = 0; n <= KERNELS_QUERIES; n += 1 + n % 3)
			compare_sketches(k, base, n % 32, KERNELS_LINES * 32 - n % 31, n, &seed);
		/* All equal: everything is found. */
		memset(room, i ? 0xff : 0, ROOM);
		compare_sketches(k, base, 0, KERNELS_LINES * 32, KERNELS_QUERIES, &seed);
		random_bytes(&seed, room, ROOM);
	}
	release(room);
}

static void pairs_lengths(const struct kernels *k)
{
	static struct near got[N_MAX + 1];
	uint8_t *room = guarded(), queries[40 * 32 + 1];
	struct pair pairs[N_MAX];
	uint64_t seed = 19;
	const size_t codes = 300;
	uint8_t *at = room + ROOM - codes * 32;

	random_bytes(&seed, queries, sizeof(queries));
	fill(&seed, at, codes, 32, queries + 1);
	for (size_t n = 0; n <= N_MAX; n++) {
		unsigned max = (unsigned)n % 5 * 64;
		size_t want = 0;

		for (size_t i = 0; i < n; i++)
			pairs[i] =
				(struct pair){random_below(&seed, codes), random_below(&seed, 40) % (i % 2 ? 40 : 1)};
		got[n] = (struct near){0xabababab, 0xcdcdcdcd};
		size_t n_got = k->pairs256(at, queries + 1, pairs, n, max, got);
		for (size_t i = 0; i < n; i++) {
			unsigned d = plain_distance(at + 32 * pairs[i].at, queries + 1 + 32 * pairs[i].by, 32);

			if (d > max)
				continue;
			cr_assert(want < n_got && got[want].at == i && got[want].distance == d, "%s, n %zu, max %u",
				  tutela_isa_name(k->isa), n, max);
			want++;
		}
		cr_assert_eq(n_got, want);
		cr_assert_eq(got[n].at, 0xabababab, "wrote past its room");
	}
	release(room);
}

/* Run on each level of this machine; say which are missing. */
static void on_each_level(void (*test)(const struct kernels *k))
{
	for (size_t i = 0; i < LEVELS; i++) {
		const struct kernels *k = tutela_kernels_get(levels[i]);

		if (k)
			test(k);
		else
			cr_log_info("skipped: no %s here", tutela_isa_name(levels[i]));
	}
}

static void scan64_lengths(const struct kernels *k)
{
	scan_lengths(k, 8);
}

static void scan256_lengths(const struct kernels *k)
{
	scan_lengths(k, 32);
}

static void extremes(const struct kernels *k)
{
	scan_extremes(k, 8);
	scan_extremes(k, 32);
}

Test(kernels, scan64_is_exact_at_every_length)
{
	on_each_level(scan64_lengths);
}

Test(kernels, scan256_is_exact_at_every_length)
{
	on_each_level(scan256_lengths);
}

Test(kernels, all_ones_and_all_zeros)
{
	on_each_level(extremes);
}

Test(kernels, pick256_is_exact_at_every_length)
{
	on_each_level(pick_lengths);
}

Test(kernels, one_strip_is_exact_at_every_length_and_place)
{
	on_each_level(strip_lengths);
}

Test(kernels, strips_go_on_line_by_line_together)
{
	on_each_level(strips_together);
}

Test(kernels, sketches_are_exact_at_every_place)
{
	on_each_level(sketches_everywhere);
}

Test(kernels, pairs256_is_exact_at_every_length)
{
	on_each_level(pairs_lengths);
}

Test(kernels, levels_are_those_of_the_machine)
{
	cr_assert_eq(tutela_kernels_get(TUTELA_ISA_SCALAR), &tutela_kernels_scalar);
	cr_assert_not_null(tutela_kernels_get(TUTELA_ISA_AUTO));
	for (size_t i = 0; i < LEVELS; i++)
		cr_assert_eq(tutela_kernels_get(levels[i]) != NULL, tutela_cpu_has(levels[i]));
	cr_assert_null(tutela_kernels_get((enum tutela_isa)99));
#ifdef __x86_64__
	cr_assert_eq(tutela_kernels_get(TUTELA_ISA_AUTO)->isa, tutela_cpu_best());
#endif
}
