/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a search through the 16 tables of format.h is exact.
 *
 * Let d_i be the distance of two codes in row i, D = sum of d_i their
 * distance, r the radius. Choose integers t_i >= -1 with sum t_i = r - 15.
 *
 * Lemma. If D <= r there is a row i with
 *	(1) d_i <= t_i and (2) d_i + d_(i+1) <= t_i + t_(i+1) + 1,
 * indices modulo 16.
 * Proof. Let e_i = d_i - t_i - 1. Around the ring, sum e_i = D - (r - 15) - 16 <=
 * -1. Start behind a last maximum of the running sum of e: every sum of
 * e from there on is then below zero, so at most -1, for in the same round
 * nothing later reaches that maximum again, and in the next round the running
 * sum has sunk by at least 1. The first such sum gives (1), the second gives (2).
 * (Qin & Xiao's pigeonring with two of its sixteen conditions.)
 *
 * So: in each table i with t_i >= 0 visit every bucket within t_i of the query's
 * row, which is (1); of its entries keep those whose sketch, which is row i + 1,
 * satisfies (2); compare the whole codes of those that remain. Each code
 * within r is met in one table at least, and within one table just once, for it
 * stands in one bucket only. It is reported from the first table whose two
 * conditions it satisfies, and from no other: once, without a set of what has
 * been seen.
 *
 * Rows get t, or t + 1 in as many as make up the sum; then the buckets visited
 * are fewest: for r = 31 16 * 17, for r <= 15 only r + 1.
 */
#ifndef TUTELA_MATCH_RING_H
#define TUTELA_MATCH_RING_H

#include <stdbool.h>

#include "match/format.h"
#include "match/permute.h"

#define ROWS FORMAT_TABLES

/* Largest t_i for which tables are used at all: 697 buckets a row, radius 63. */
#define RING_T_MAX 3

/*
 * A bucket visited costs about as much as comparing this many codes, an entry
 * in it as much as one in RING_ENTRY_DIVISOR codes.
 */
#define RING_VISIT_COST    32
#define RING_ENTRY_DIVISOR 4

/* More than this part of all codes in a query's buckets: data are dense here, and looking at every code is surer. */
#define RING_DENSE_DIVISOR 2

struct ring {
	int t[ROWS];
};

static inline void ring_choose(struct ring *ring, unsigned radius)
{
	int sum = (int)radius - (ROWS - 1);
	int low = sum >= 0 ? sum / ROWS : -1;

	for (int i = 0; i < ROWS; i++)
		ring->t[i] = low + (i < sum - low * ROWS);
}

/* Most bits in which an entry's row and sketch together may differ: the right side of (2). */
static inline int ring_room(const struct ring *ring, unsigned row)
{
	return ring->t[row] + ring->t[(row + 1) % ROWS] + 1;
}

/* Number of 16-bit numbers within `t` bits of a given one, t at most RING_T_MAX. */
static inline unsigned ring_ball(int t)
{
	static const unsigned size[] = {0, 1, 17, 137, 697};

	return size[t + 1];
}

/* Buckets that a query visits. */
static inline uint64_t ring_visits(const struct ring *ring)
{
	uint64_t visits = 0;

	for (int i = 0; i < ROWS; i++)
		visits += ring_ball(ring->t[i]);
	return visits;
}

/* Would looking at every one of `count` codes be faster? */
static inline bool ring_scan_pays(const struct ring *ring, uint64_t count)
{
	/* t[0] is the largest. */
	return ring->t[0] > RING_T_MAX ||
	       ring_visits(ring) * (RING_VISIT_COST + count / FORMAT_BUCKETS / RING_ENTRY_DIVISOR) > count;
}

/* Bits in which row r differs, from the differences of whole codes. */
static inline int ring_row_distance(const struct code256 *x, unsigned r)
{
	unsigned v = code256_row(x, r);

	v -= v >> 1 & 0x5555;
	v = (v & 0x3333) + (v >> 2 & 0x3333);
	v = (v + (v >> 4)) & 0x0f0f;
	return (int)((v + (v >> 8)) & 0x1f);
}

/* The first row that satisfies (1) and (2), or ROWS. */
static inline unsigned ring_first_row(const struct ring *ring, struct code256 a, struct code256 b)
{
	int d[ROWS];

	for (unsigned i = 0; i < 4; i++)
		a.w[i] ^= b.w[i];
	for (unsigned i = 0; i < ROWS; i++)
		d[i] = ring_row_distance(&a, i);
	for (unsigned i = 0; i < ROWS; i++)
		if (d[i] <= ring->t[i] && d[i] + d[(i + 1) % ROWS] <= ring_room(ring, i))
			return i;
	return ROWS;
}

/* The next larger number with as many bits set. */
static inline uint32_t ring_next_mask(uint32_t m)
{
	uint32_t ripple = m + (m & -m);

	return ripple | (((m ^ ripple) >> 2) >> __builtin_ctz(m));
}

#endif
