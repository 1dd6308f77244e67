/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many queries through the tables at once. The same conditions as in ring.h,
 * the other way round: not the queries go to their buckets, the buckets are
 * taken in the order in which they lie, and each is shown to all queries that
 * visit it. So every line of a table leaves memory once for the whole slice, in
 * sequence, and is in registers while its queries pass.
 *
 * For each table the queries are sorted by their key. Those that visit bucket b
 * are the ranges of the keys b ^ m, for each mask m of up to t bits.
 *
 * Threads share (table, range of buckets) among them. A match goes at once into
 * its query's collector, under a lock; nothing grows but the results.
 */
#include "match/search.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "match/ring.h"

#define STRETCH      1024 /* buckets that a thread takes at once */
#define COPY         8    /* queries copied in one go: most ranges hold fewer */
#define VISITORS_MAX (KERNELS_QUERIES - COPY)
#define PLACES_MAX   (KERNELS_LINES * FORMAT_ALIGN / 2)
#define BIG_BUCKET   2048 /* entries from which on queries that need no more matches are sorted out */
#define LAG          64   /* candidates that the fetch of an id is given time for */
#define SETTLE       1024 /* candidates that are compared together */
#define PIECE        64   /* codes that are fetched while as many others are compared */
#define LOCKS        64
#define AHEAD        1024 /* bytes of sketches that are fetched ahead */

/* The queries of a slice sorted by their row's key. */
struct sorted {
	uint32_t *begin;  /* FORMAT_BUCKETS + 1: queries with key b are begin[b] .. begin[b + 1] - 1 */
	uint16_t *sketch; /* the next row; COPY more than there are queries */
	uint16_t *who;    /* number in the slice; likewise */
};

struct slice {
	const struct image *im;
	const struct kernels *k;
	const struct tutela_search_opts *opts;
	size_t n;
	int team;
	struct collector *c;
	struct code256 *query; /* bits in the image's order */
	uint8_t *served;       /* atomic: nothing more is wanted for this query (in this pass) */
	struct sorted sorted[ROWS];
	struct ring ring;
	unsigned radius;
	size_t n_masks[ROWS]; /* of `mask` that have at most t bits */
	uint16_t mask[FORMAT_BUCKETS];
	bool failed; /* atomic: damage was met, or memory is short */
	pthread_mutex_t lock[LOCKS];
};

/* What a thread needs. */
struct desk {
	size_t n_visitors, n_candidates;
	uint16_t sketch[KERNELS_QUERIES];
	uint16_t far[KERNELS_QUERIES];
	uint16_t who[KERNELS_QUERIES];
	struct near found[PIECE];
	struct pair candidate[SETTLE + LAG + KERNELS_QUERIES * PLACES_MAX]; /* place, query; then id, query */
};

static bool failed(const struct slice *s)
{
	return __atomic_load_n(&s->failed, __ATOMIC_RELAXED);
}

static void fail(struct slice *s)
{
	__atomic_store_n(&s->failed, true, __ATOMIC_RELAXED);
}

static bool served(const struct slice *s, uint32_t who)
{
	return __atomic_load_n(&s->served[who], __ATOMIC_RELAXED);
}

/* ------------------------------------------------------------------ matches */

static void report(struct slice *s, uint32_t who, uint32_t value, uint32_t distance)
{
	pthread_mutex_t *lock = &s->lock[who % LOCKS];

	pthread_mutex_lock(lock);
	tutela_collect(&s->c[who], value, distance);
	if (s->c[who].done)
		__atomic_store_n(&s->served[who], 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(lock);
}

static inline __attribute__((always_inline)) void fetch(const struct slice *s, const struct pair *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		__builtin_prefetch(s->im->codes + 32 * (size_t)p[i].at);
		__builtin_prefetch(&s->query[p[i].by]);
	}
}

static void compare(struct slice *s, unsigned t, const struct pair *pairs, size_t n, struct near *found)
{
	const struct image *im = s->im;

	n = s->k->pairs256(im->codes, (const uint8_t *)s->query, pairs, n, s->radius, found);
	for (size_t i = 0; i < n; i++) {
		struct pair p = pairs[found[i].at];
		uint32_t who = p.by;
		struct code256 code = code256_load(im->codes + 32 * (size_t)p.at);

		if (!served(s, who) && ring_first_row(&s->ring, code, s->query[who]) == t)
			report(s, who, im->values[p.at], found[i].distance);
	}
}

/* Compare the whole codes of the candidates of table `t`, except the last `lag`, whose ids are still being fetched. */
static void settle(struct slice *s, unsigned t, struct desk *d, size_t lag)
{
	const struct image *im = s->im;
	const uint32_t *id = im->table[t].id;
	size_t n = d->n_candidates - lag;

	for (size_t i = 0; i < n; i++) {
		struct pair *p = &d->candidate[i];

		p->at = id[p->at];
		if (p->at >= im->count) {
			fail(s);
			return;
		}
	}
	fetch(s, d->candidate, n < PIECE ? n : PIECE);
	for (size_t i = 0, step; i < n; i += step) {
		step = n - i < PIECE ? n - i : PIECE;
		fetch(s, d->candidate + i + step, n - i - step < PIECE ? n - i - step : PIECE);
		compare(s, t, d->candidate + i, step, d->found);
	}
	memmove(d->candidate, d->candidate + n, lag * sizeof(d->candidate[0]));
	d->n_candidates = lag;
}

/* ------------------------------------------------------------------ buckets */

static void drop_served(const struct slice *s, struct desk *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->n_visitors; i++) {
		d->sketch[kept] = d->sketch[i];
		d->far[kept] = d->far[i];
		d->who[kept] = d->who[i];
		kept += !served(s, d->who[i]);
	}
	d->n_visitors = kept;
}

/* Show the entries begin .. end - 1 of table `t` to those who came. */
static void show(struct slice *s, unsigned t, uint32_t begin, uint32_t end, struct desk *d)
{
	const struct image_table *table = &s->im->table[t];
	bool big = end - begin > BIG_BUCKET;

	for (uint64_t p = begin, next; p < end; p = next) {
		struct pair *new = d->candidate + d->n_candidates;

		next = (p & ~(uint64_t)31) + PLACES_MAX;
		next = next < end ? next : end;
		if (big)
			drop_served(s, d);
		size_t n = s->k->sketches(table->sketch, p, next, d->sketch, d->far, d->n_visitors, new);
		for (size_t i = 0; i < n; i++) {
			__builtin_prefetch(&table->id[new[i].at]);
			new[i].by = d->who[new[i].by];
		}
		d->n_candidates += n;
		if (d->n_candidates >= SETTLE + LAG)
			settle(s, t, d, LAG);
	}
	d->n_visitors = 0;
}

/* Copies COPY queries from `i` on: mostly there are fewer, and copying always as many is the fastest. */
static inline void invite(const struct sorted *q, uint32_t i, uint16_t far, struct desk *d, size_t at)
{
	memcpy(d->sketch + at, q->sketch + i, COPY * sizeof(d->sketch[0]));
	memcpy(d->who + at, q->who + i, COPY * sizeof(d->who[0]));
	for (unsigned j = 0; j < COPY; j++)
		d->far[at + j] = far;
}

/* More than COPY queries with the same key. */
static size_t invite_many(struct slice *s, unsigned t, uint32_t b, uint32_t key, uint16_t far, struct desk *d,
			  size_t visitors)
{
	const struct sorted *q = &s->sorted[t];
	const uint32_t *offset = &s->im->table[t].offset[b];

	for (uint32_t i = q->begin[key], stop = q->begin[key + 1]; i < stop; i += COPY) {
		if (visitors > VISITORS_MAX) {
			d->n_visitors = visitors;
			show(s, t, offset[0], offset[1], d);
			visitors = 0;
		}
		invite(q, i, far, d, visitors);
		visitors += stop - i < COPY ? stop - i : COPY;
	}
	return visitors;
}

static void visit_bucket(struct slice *s, unsigned t, uint32_t b, struct desk *d)
{
	const struct image_table *table = &s->im->table[t];
	const struct sorted *q = &s->sorted[t];
	uint32_t begin = table->offset[b], end = table->offset[b + 1];
	unsigned room = (unsigned)ring_room(&s->ring, t);
	size_t visitors = 0, n_masks = s->n_masks[t];

	if (begin > end || end > s->im->count) {
		fail(s);
		return;
	}
	if (begin == end)
		return;
	__builtin_prefetch((const char *)(table->sketch + end) + AHEAD);
	for (size_t m = 0; m < n_masks; m++) {
		uint32_t key = b ^ s->mask[m], i = q->begin[key], n = q->begin[key + 1] - i;
		uint16_t far = (uint16_t)(room - (m >= ring_ball(0)) - (m >= ring_ball(1)) - (m >= ring_ball(2)));

		if (n > COPY || visitors > VISITORS_MAX) {
			visitors = invite_many(s, t, b, key, far, d, visitors);
			continue;
		}
		invite(q, i, far, d, visitors);
		visitors += n;
	}
	d->n_visitors = visitors;
	show(s, t, begin, end, d);
}

static void visit_stretch(struct slice *s, unsigned t, uint32_t first, struct desk *d)
{
	for (uint32_t b = first; b < first + STRETCH && !failed(s); b++)
		visit_bucket(s, t, b, d);
	if (!failed(s))
		settle(s, t, d, 0);
	d->n_candidates = 0;
}

static void visit_all(struct slice *s)
{
#pragma omp parallel num_threads(s->team)
	{
		struct desk *d = malloc(sizeof(*d));

		if (d)
			d->n_visitors = d->n_candidates = 0;
		else
			fail(s);
#pragma omp for schedule(dynamic, 1)
		for (unsigned i = 0; i < ROWS * (FORMAT_BUCKETS / STRETCH); i++) {
			unsigned t = i / (FORMAT_BUCKETS / STRETCH);

			if (d && s->n_masks[t] > 0 && !failed(s))
				visit_stretch(s, t, i % (FORMAT_BUCKETS / STRETCH) * STRETCH, d);
		}
		free(d);
	}
}

/* ------------------------------------------------------------------ a pass */

/* All numbers of up to RING_T_MAX bits, by ascending number of bits. */
static void list_masks(struct slice *s)
{
	size_t n = 1;

	s->mask[0] = 0;
	for (int bits = 1; bits <= RING_T_MAX; bits++)
		for (uint32_t m = (1U << bits) - 1; m < FORMAT_BUCKETS; m = ring_next_mask(m))
			s->mask[n++] = (uint16_t)m;
}

static void sort_queries(const struct slice *s, unsigned t, struct sorted *q)
{
	uint32_t n = 0;

	memset(q->begin, 0, (FORMAT_BUCKETS + 1) * sizeof(q->begin[0]));
	for (size_t i = 0; i < s->n; i++)
		q->begin[code256_row(&s->query[i], t)] += !served(s, (uint32_t)i);
	for (size_t b = 0; b <= FORMAT_BUCKETS; b++) {
		n += q->begin[b];
		q->begin[b] = n;
	}
	/* begin[b] is still the end of bucket b; backwards it becomes its begin. */
	for (size_t i = s->n; i-- > 0;) {
		if (served(s, (uint32_t)i))
			continue;
		uint32_t at = --q->begin[code256_row(&s->query[i], t)];

		q->sketch[at] = code256_row(&s->query[i], (t + 1) % ROWS);
		q->who[at] = (uint16_t)i;
	}
}

/* Is there a bucket so large that a query might find data dense? */
static bool big_buckets(const struct slice *s)
{
	uint64_t most = s->im->count / RING_DENSE_DIVISOR / ring_visits(&s->ring);

	for (unsigned t = 0; t < ROWS; t++) {
		const uint32_t *offset = s->im->table[t].offset;

		for (uint32_t b = 0; s->n_masks[t] && b < FORMAT_BUCKETS; b++)
			if (offset[b + 1] - offset[b] > most)
				return true;
	}
	return false;
}

static bool dense(const struct slice *s, size_t i)
{
	uint64_t entries = 0;

	for (unsigned t = 0; t < ROWS; t++) {
		const uint32_t *offset = s->im->table[t].offset;
		uint16_t key = code256_row(&s->query[i], t);

		for (size_t m = 0; m < s->n_masks[t]; m++)
			entries += (uint32_t)(offset[(key ^ s->mask[m]) + 1] - offset[key ^ s->mask[m]]);
	}
	return entries > s->im->count / RING_DENSE_DIVISOR;
}

/* Queries that visit too many entries look at every code instead. */
static void serve_dense(struct slice *s)
{
	if (!big_buckets(s))
		return;
#pragma omp parallel for schedule(dynamic, 16) num_threads(s->team)
	for (size_t i = 0; i < s->n; i++) {
		if (served(s, (uint32_t)i) || !dense(s, i))
			continue;
		tutela_flat_search(s->im, s->k, (const uint8_t *)&s->query[i], &s->c[i]);
		s->served[i] = 1;
	}
}

/* All queries that are not served yet, at one radius. */
static void search_radius(struct slice *s, unsigned radius)
{
	s->radius = radius;
	ring_choose(&s->ring, radius);
	for (unsigned t = 0; t < ROWS; t++)
		s->n_masks[t] = ring_ball(s->ring.t[t]);
	for (size_t i = 0; i < s->n; i++)
		s->c[i].radius = radius;
	serve_dense(s);
#pragma omp parallel for schedule(dynamic, 1) num_threads(s->team)
	for (unsigned t = 0; t < ROWS; t++)
		if (s->n_masks[t])
			sort_queries(s, t, &s->sorted[t]);
	visit_all(s);
}

/* ------------------------------------------------------------------ a slice */

/* The next `len` bytes of `room`, which is NULL when only the need of memory is wanted. */
static void *take(uint8_t *room, size_t *at, size_t len)
{
	uint8_t *p = room ? room + *at : NULL;

	*at += (len + FORMAT_ALIGN - 1) / FORMAT_ALIGN * FORMAT_ALIGN;
	return p;
}

/* Returns how many bytes it takes. */
static size_t lay_out(struct slice *s, uint8_t *room)
{
	size_t at = 0;

	s->c = take(room, &at, s->n * sizeof(s->c[0]));
	s->query = take(room, &at, s->n * sizeof(s->query[0]));
	s->served = take(room, &at, s->n);
	for (unsigned t = 0; t < ROWS; t++) {
		struct sorted *q = &s->sorted[t];

		q->begin = take(room, &at, (FORMAT_BUCKETS + 1) * sizeof(q->begin[0]));
		q->sketch = take(room, &at, (s->n + COPY) * sizeof(q->sketch[0]));
		q->who = take(room, &at, (s->n + COPY) * sizeof(q->who[0]));
	}
	return at;
}

static void search_slice(struct slice *s, const uint8_t *queries, struct tutela_matches *out)
{
	for (size_t i = 0; i < s->n; i++) {
		s->query[i] = permute_forward(code256_load(queries + 32 * i));
		tutela_collect_begin(&s->c[i], s->opts, s->opts->radius, &out[i]);
		s->served[i] = s->c[i].done;
	}
	/* As in tutela_tables_search. */
	if (s->opts->nearest && s->opts->radius > ROWS - 1) {
		search_radius(s, ROWS - 1);
		for (size_t i = 0; i < s->n; i++)
			s->served[i] = s->c[i].done || out[i].n > s->c[i].start;
	}
	if (!failed(s))
		search_radius(s, s->opts->radius);
}

static enum tutela_err finish(struct slice *s, struct tutela_matches *out)
{
	enum tutela_err err = TUTELA_OK;

#pragma omp parallel for schedule(static) num_threads(s->team) reduction(min : err)
	for (size_t i = 0; i < s->n; i++) {
		enum tutela_err e = TUTELA_OK;

		if (failed(s))
			out[i].n = s->c[i].start;
		else
			e = tutela_collect_end(&s->c[i]);
		err = e < err ? e : err;
	}
	return err;
}

/*
 * Measured at radius 31, in nanoseconds: to go through all buckets takes 50
 * million and 1.5 a code, which a query must earn back, being faster by 4,000 and 1.6 a code.
 */
bool tutela_slice_pays(const struct image *im, size_t n, unsigned radius)
{
	struct ring ring;

	if (im->kind != TUTELA_INDEX_TABLES || n * (4000 + im->count * 8 / 5000) < 50000000 + im->count * 3 / 2)
		return false;
	ring_choose(&ring, radius);
	return !ring_scan_pays(&ring, im->count);
}

bool tutela_slice_search(const struct image *im, const struct kernels *k, const uint8_t *queries, size_t n,
			 const struct tutela_search_opts *opts, int team, struct tutela_matches *out,
			 enum tutela_err *err)
{
	bool done = false;
	struct slice *s = tutela_mem_array(1, sizeof(*s));

	*err = TUTELA_OK;
	if (!s)
		return false;
	s->im = im;
	s->k = k;
	s->opts = opts;
	s->n = n;
	s->team = team;
	for (size_t i = 0; i < LOCKS; i++)
		(void)pthread_mutex_init(&s->lock[i], NULL);
	list_masks(s);

	size_t len = lay_out(s, NULL);
	uint8_t *room = tutela_mem_map(len);
	if (room) {
		(void)lay_out(s, room);
		search_slice(s, queries, out);
		*err = finish(s, out);
		done = !failed(s);
	}
	tutela_mem_unmap(room, len);
	for (size_t i = 0; i < LOCKS; i++)
		(void)pthread_mutex_destroy(&s->lock[i]);
	free(s);
	return done;
}
