/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of compare-levels share: one level under comparison, memory with guards, random numbers. */
#ifndef TUTELA_TEST_COMPARE_H
#define TUTELA_TEST_COMPARE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tutela/cpu.h>

#define N_MAX    257
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Bytes that may be touched, a multiple of any page; all around them faults. */
#define ROOM  ((size_t)131072)
#define GUARD ((size_t)65536)

#define MARK 0xab /* bytes that must stay as they are */

struct kernels;

struct run {
	enum tutela_isa isa;
	const struct kernels *k, *scalar; /* of the search */
	uint64_t seed, state;
	uint8_t *room;
	unsigned long calls;
};

/* Each ends the program when there is a difference. */
void compare_hash_kernels(struct run *r);
void compare_jpeg_kernels(struct run *r);

static inline _Noreturn void differ(const struct run *r, const char *what, size_t n, size_t with)
{
	fprintf(stderr, "compare-levels: %s: %s differs from scalar: n %zu, with %zu, seed %llu\n",
		tutela_isa_name(r->isa), what, n, with, (unsigned long long)r->seed);
	exit(1);
}

static inline _Noreturn void broken(const char *what)
{
	fprintf(stderr, "compare-levels: %s\n", what);
	exit(1);
}

/* splitmix64. */
static inline uint64_t next(struct run *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline unsigned below(struct run *r, size_t n)
{
	return (unsigned)(next(r) % n);
}

static inline void random_bytes(struct run *r, uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)next(r);
}

/*
 * Room for `len` <= 24 KiB, array number `which` (0..3) of a call. As `turn`
 * counts up, each array comes to lie against the guard in front, then at 15
 * places `unit` bytes further on, against the guard behind, and between.
 */
static inline void *place(const struct run *r, unsigned turn, unsigned which, size_t len, size_t unit)
{
	unsigned spot = (turn + which) % 4;

	if (spot == 3)
		return r->room + ROOM - len;
	return r->room + spot * (ROOM / 4) + turn / 4 % 16 * unit;
}

/* How many bytes from `p` are marked and looked at: an output of `len` and some behind it, up to the guard. */
static inline size_t marked(const struct run *r, const uint8_t *p, size_t len)
{
	size_t left = (size_t)(r->room + ROOM - p);

	return left < len + 64 ? left : len + 64;
}

static inline void mark(const struct run *r, void *p, size_t len)
{
	memset(p, MARK, marked(r, p, len));
}

/* The first `len` bytes are as wanted, those behind still marked. */
static inline void expect(struct run *r, const char *what, const void *got, const void *want, size_t len, size_t n,
			  size_t with)
{
	const uint8_t *p = got;

	r->calls++;
	if (memcmp(got, want, len) != 0)
		differ(r, what, n, with);
	for (size_t i = len; i < marked(r, p, len); i++)
		if (p[i] != MARK)
			differ(r, "what lies behind an output", n, with);
}

#endif
