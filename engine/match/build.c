/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building: codes and values block by block, then each table on its own by a
 * counting sort: rows are read out of the codes into keys, counted, and every
 * entry goes to its place. Threads share blocks and tables among them.
 *
 * Memory beside input and image: 4 bytes a code for each thread that builds a
 * table (keys), and 6 more when the image is a file (sketches and ids).
 */
#include "match/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/team.h"
#include "match/permute.h"

/* One build, shared by its threads. */
struct build {
	struct image *im;
	const uint8_t *codes;
	const uint32_t *values;
	const struct tutela_index_build_opts *opts;
	struct sink *sink;
	int threads;
	uint64_t done, total; /* codes handled; under the critical section */
	enum tutela_err err;  /* the first one; set under the critical section, read atomically */
	int sys;              /* its errno */
};

/* What a thread needs to make one table. */
struct table_room {
	uint32_t *key;    /* row << 16 | next row, of each code */
	uint32_t *cursor; /* FORMAT_BUCKETS */
	uint32_t *offset; /* FORMAT_BUCKETS + 1 and padding; these three are the room for sections of a file */
	uint16_t *sketch;
	uint32_t *id;
};

static enum tutela_err build_state(const struct build *b)
{
	return __atomic_load_n(&b->err, __ATOMIC_RELAXED);
}

/* A step of `n` codes has ended with `err`: keep the first error, report progress. */
static void step_done(struct build *b, enum tutela_err err, uint64_t n)
{
	int sys = errno;

#pragma omp critical(tutela_build_step)
	{
		b->done += n;
		if (!b->err && !err && b->opts->progress && !b->opts->progress(b->opts->ctx, b->done, b->total))
			err = TUTELA_E_INTERRUPTED;
		if (!b->err && err) {
			b->sys = sys;
			__atomic_store_n(&b->err, err, __ATOMIC_RELAXED);
		}
	}
}

static void permute_block(const uint8_t *from, uint8_t *to, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct code256 c = permute_forward(code256_load(from + 32 * i));

		memcpy(to + 32 * i, c.w, 32);
	}
}

/* Block `block` of the codes or the values. `room` holds one block. */
static enum tutela_err put_block(struct build *b, const struct image_section *s, uint64_t block, uint8_t *room)
{
	uint64_t at = block * FORMAT_BLOCK_LEN;
	uint64_t len = s->len - at < FORMAT_BLOCK_LEN ? s->len - at : FORMAT_BLOCK_LEN;
	uint8_t *to = b->sink->memory ? b->sink->memory + s->offset + at : room;

	if (s->type == FORMAT_VALUES)
		memcpy(to, (const uint8_t *)b->values + at, len);
	else if (b->im->kind == TUTELA_INDEX_FLAT)
		memcpy(to, b->codes + at, len);
	else
		permute_block(b->codes + at, to, len / 32);
	memset(to + len, 0, image_padded(len) - len);
	return tutela_sink_put(b->sink, s, at, to, len);
}

/* What one thread does: block after block, as long as there are some that no other has taken. */
static void put_some_blocks(struct build *b, const struct image_section *s, uint64_t *next)
{
	size_t item = s->type == FORMAT_VALUES ? 4 : image_code_len(b->im);
	uint8_t *room = tutela_mem_aligned(FORMAT_BLOCK_LEN, 1);
	uint64_t i;

	while ((i = __atomic_fetch_add(next, 1, __ATOMIC_RELAXED)) < image_blocks(s->len)) {
		uint64_t left = s->len - i * FORMAT_BLOCK_LEN;

		if (build_state(b))
			break;
		step_done(b, room ? put_block(b, s, i, room) : TUTELA_E_NOMEM,
			  (left < FORMAT_BLOCK_LEN ? left : FORMAT_BLOCK_LEN) / item);
	}
	free(room);
}

/* One thread works without the OpenMP runtime: that ends the process when memory is short. */
static void put_blocks(struct build *b, const struct image_section *s)
{
	uint64_t next = 0;

	if (b->threads == 1) {
		put_some_blocks(b, s, &next);
		return;
	}
#pragma omp parallel num_threads(b->threads)
	put_some_blocks(b, s, &next);
}

/* Keys of table `t`, and in offset[b + 1] the number of codes of bucket b. */
static void count_keys(const struct build *b, unsigned t, struct table_room *room)
{
	const struct code256 mask = permute_mask(t), next_mask = permute_mask((t + 1) % FORMAT_TABLES);

	memset(room->offset, 0, image_padded((FORMAT_BUCKETS + 1) * 4));
	for (uint64_t i = 0; i < b->im->count; i++) {
		struct code256 c = code256_load(b->codes + 32 * i);
		uint32_t row = permute_row(&c, &mask);

		room->key[i] = row << 16 | permute_row(&c, &next_mask);
		room->offset[row + 1]++;
	}
}

static void place_entries(const struct build *b, struct table_room *room)
{
	for (size_t i = 0; i < FORMAT_BUCKETS; i++) {
		room->cursor[i] = room->offset[i];
		room->offset[i + 1] += room->offset[i];
	}
	for (uint64_t i = 0; i < b->im->count; i++) {
		uint32_t key = room->key[i];
		uint32_t p = room->cursor[key >> 16]++;

		room->sketch[p] = (uint16_t)key;
		room->id[p] = (uint32_t)i;
	}
}

static enum tutela_err put_table(struct build *b, unsigned t, struct table_room *room)
{
	/* Sections of a plan: codes, values, then three for each table. */
	const struct image_section *s = &b->im->section[2 + 3 * t];
	struct table_room r = *room;
	enum tutela_err err;

	if (b->sink->memory) {
		r.offset = (uint32_t *)(void *)(b->sink->memory + s[0].offset);
		r.sketch = (uint16_t *)(void *)(b->sink->memory + s[1].offset);
		r.id = (uint32_t *)(void *)(b->sink->memory + s[2].offset);
	}
	count_keys(b, t, &r);
	place_entries(b, &r);
	err = tutela_sink_put(b->sink, &s[0], 0, r.offset, s[0].len);
	if (!err)
		err = tutela_sink_put(b->sink, &s[1], 0, r.sketch, s[1].len);
	if (!err)
		err = tutela_sink_put(b->sink, &s[2], 0, r.id, s[2].len);
	return err;
}

/* One mapping for all arrays, so that all lie in huge pages. */
static uint8_t *table_room(const struct build *b, struct table_room *room, size_t *len)
{
	uint64_t n = b->im->count;
	size_t keys = image_padded(4 * n), cursors = 4 * FORMAT_BUCKETS;
	size_t offsets = image_padded(4 * (FORMAT_BUCKETS + 1)), sketches = image_padded(2 * n);
	bool file = !b->sink->memory;

	*len = keys + cursors + (file ? offsets + sketches + keys : 0);
	uint8_t *p = tutela_mem_map(*len);
	if (!p)
		return NULL;
	room->key = (uint32_t *)(void *)p;
	room->cursor = (uint32_t *)(void *)(p + keys);
	if (file) {
		room->offset = (uint32_t *)(void *)(p + keys + cursors);
		room->sketch = (uint16_t *)(void *)(p + keys + cursors + offsets);
		room->id = (uint32_t *)(void *)(p + keys + cursors + offsets + sketches);
	}
	return p;
}

static void put_some_tables(struct build *b, unsigned *next)
{
	struct table_room room = {0};
	size_t len;
	uint8_t *mapping = table_room(b, &room, &len);
	unsigned t;

	while ((t = __atomic_fetch_add(next, 1, __ATOMIC_RELAXED)) < FORMAT_TABLES && !build_state(b))
		step_done(b, mapping ? put_table(b, t, &room) : TUTELA_E_NOMEM, b->im->count);
	tutela_mem_unmap(mapping, len);
}

static void put_tables(struct build *b)
{
	unsigned next = 0;

	if (b->threads == 1) {
		put_some_tables(b, &next);
		return;
	}
#pragma omp parallel num_threads(b->threads < FORMAT_TABLES ? b->threads : FORMAT_TABLES)
	put_some_tables(b, &next);
}

enum tutela_err tutela_build(struct image *im, const uint8_t *codes, const uint32_t *values,
			     const struct tutela_index_build_opts *opts, struct sink *sink)
{
	bool tables = im->kind == TUTELA_INDEX_TABLES;
	struct build b = {.im = im, .codes = codes, .values = values, .opts = opts, .sink = sink};

	b.threads = team_size(opts->threads);
	b.total = im->count * (tables ? 2 + FORMAT_TABLES : 2);
	sink->sums = tutela_mem_array(image_padded(im->sums.len), 1);
	if (!sink->sums)
		return TUTELA_E_NOMEM;
	put_blocks(&b, &im->section[0]);
	put_blocks(&b, &im->section[1]);
	if (tables)
		put_tables(&b);
	if (!b.err)
		step_done(&b, tutela_sink_finish(sink, im), 0);
	free(sink->sums);
	sink->sums = NULL;
	errno = b.sys ? b.sys : errno;
	return b.err;
}
