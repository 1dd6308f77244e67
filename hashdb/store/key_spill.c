/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run in the file: blocks, each with length u32 and checksum u64 of what
 * follows, then rows of length u16, number u32 and key. No row is in two blocks.
 */
#include "store/key_spill.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/mem.h"
#include "base/whole_io.h"

#define SPILL_FILE "sorting.tmp"
#define BLOCK_HEAD 12
#define ROW_HEAD   6

/* Gone from the folder at once; a writer that dies in between leaves an empty file, which the next one takes. */
static enum tutela_err open_file(struct tutela_store *s, struct key_spill *spill)
{
	if (spill->open)
		return TUTELA_OK;
	spill->fd = openat(s->dir, SPILL_FILE, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (spill->fd < 0)
		return tutela_store_fail_sys(s, "making a file to sort in");
	spill->open = true;
	return unlinkat(s->dir, SPILL_FILE, 0) ? tutela_store_fail_sys(s, "making a file to sort in") : TUTELA_OK;
}

/* ------------------------------------------------------------------ out */

static enum tutela_err put_block(struct tutela_store *s, struct key_spill *spill, uint8_t *block, size_t len)
{
	struct bytes_writer w = bytes_writer_init(block, BLOCK_HEAD);
	uint64_t at = spill->used;

	bytes_put_u32(&w, (uint32_t)len);
	bytes_put_u64(&w, tutela_checksum(block + BLOCK_HEAD, len));
	spill->used += BLOCK_HEAD + len;
	return tutela_write_at(spill->fd, block, BLOCK_HEAD + len, at)
		       ? TUTELA_OK
		       : tutela_store_fail_sys(s, "writing a file to sort in");
}

static enum tutela_err put_rows(struct tutela_store *s, struct key_spill *spill, const struct key_run *run,
				uint8_t *block)
{
	struct bytes_writer w = bytes_writer_init(block + BLOCK_HEAD, SPILL_BLOCK - BLOCK_HEAD);
	enum tutela_err err = TUTELA_OK;

	for (size_t i = 0; i < run->n && !err; i++) {
		const struct key_ref *ref = &run->refs[i];

		if ((size_t)(w.end - w.at) < ROW_HEAD + (size_t)ref->len) {
			err = put_block(s, spill, block, (size_t)(w.at - block) - BLOCK_HEAD);
			w.at = block + BLOCK_HEAD;
		}
		bytes_put_u16(&w, ref->len);
		bytes_put_u32(&w, ref->number);
		bytes_put(&w, run->bytes + ref->offset, ref->len);
	}
	return err ? err : put_block(s, spill, block, (size_t)(w.at - block) - BLOCK_HEAD);
}

enum tutela_err tutela_key_spill_run(struct tutela_store *s, struct key_spill *spill, struct key_run *run)
{
	uint8_t *block;
	enum tutela_err err;

	if (!run->n)
		return TUTELA_OK;
	if (spill->n == SPILL_RUNS_MAX)
		return TUTELA_E_TOOBIG;
	block = tutela_mem_array(SPILL_BLOCK, 1);
	if (!block)
		return TUTELA_E_NOMEM;
	tutela_key_run_sort(run);
	err = open_file(s, spill);
	spill->runs[spill->n].at = spill->used;
	if (!err)
		err = put_rows(s, spill, run, block);
	if (!err)
		spill->runs[spill->n++].end = spill->used;
	free(block);
	tutela_key_run_clear(run);
	return err;
}

/* ------------------------------------------------------------------ back */

/* A run as it is read: its present row, and what its block holds behind it. */
struct source {
	uint64_t at, end;
	uint8_t *block; /* SPILL_BLOCK bytes */
	struct bytes_reader rest;
	const uint8_t *key;
	uint32_t number;
	uint16_t len;
};

struct merge {
	struct tutela_store *store;
	int fd;
	uint8_t *blocks;
	struct source *sources;
	size_t n; /* that have a row: a heap, the least row on top */
	size_t *heap;
};

static enum tutela_err damaged(const struct merge *m)
{
	return tutela_store_fail(m->store, TUTELA_E_CORRUPT,
				 "what was put aside for sorting in '%s' was not read back as it was written",
				 m->store->path);
}

static enum tutela_err read_at(const struct merge *m, uint8_t *to, size_t len, uint64_t at)
{
	ssize_t n = tutela_read_at(m->fd, to, len, at);

	if (n < 0)
		return tutela_store_fail_sys(m->store, "reading a file to sort in");
	return (size_t)n == len ? TUTELA_OK : damaged(m);
}

static enum tutela_err next_block(const struct merge *m, struct source *src)
{
	struct bytes_reader head = bytes_reader_init(src->block, BLOCK_HEAD);
	enum tutela_err err = read_at(m, src->block, BLOCK_HEAD, src->at);
	uint32_t len = bytes_u32(&head);
	uint64_t sum = bytes_u64(&head);

	if (err)
		return err;
	if (!len || len > SPILL_BLOCK - BLOCK_HEAD || len > src->end - src->at - BLOCK_HEAD)
		return damaged(m);
	err = read_at(m, src->block + BLOCK_HEAD, len, src->at + BLOCK_HEAD);
	if (!err && tutela_checksum(src->block + BLOCK_HEAD, len) != sum)
		err = damaged(m);
	src->at += BLOCK_HEAD + (uint64_t)len;
	src->rest = bytes_reader_init(src->block + BLOCK_HEAD, len);
	return err;
}

/* *more: false behind the last row. */
static enum tutela_err next_row(const struct merge *m, struct source *src, bool *more)
{
	enum tutela_err err = TUTELA_OK;

	*more = !bytes_done(&src->rest) || src->at < src->end;
	if (!*more)
		return TUTELA_OK;
	if (bytes_done(&src->rest))
		err = next_block(m, src);
	if (err)
		return err;
	src->len = bytes_u16(&src->rest);
	src->number = bytes_u32(&src->rest);
	src->key = bytes_take(&src->rest, src->len);
	return src->key ? TUTELA_OK : damaged(m);
}

static bool less(const struct source *a, const struct source *b)
{
	int order = memcmp(a->key, b->key, a->len < b->len ? a->len : b->len);

	if (!order)
		order = (a->len > b->len) - (a->len < b->len);
	return order ? order < 0 : a->number < b->number;
}

static void sift_down(struct merge *m, size_t i)
{
	for (size_t child; (child = 2 * i + 1) < m->n; i = child) {
		size_t top = m->heap[i];

		if (child + 1 < m->n && less(&m->sources[m->heap[child + 1]], &m->sources[m->heap[child]]))
			child++;
		if (!less(&m->sources[m->heap[child]], &m->sources[top]))
			return;
		m->heap[i] = m->heap[child];
		m->heap[child] = top;
	}
}

static enum tutela_err begin(struct merge *m, const struct key_spill *spill)
{
	m->blocks = tutela_mem_array(spill->n, SPILL_BLOCK);
	m->sources = tutela_mem_array(spill->n, sizeof *m->sources);
	m->heap = tutela_mem_array(spill->n, sizeof *m->heap);
	if (!m->blocks || !m->sources || !m->heap)
		return TUTELA_E_NOMEM;
	for (size_t i = 0; i < spill->n; i++) {
		struct source *src = &m->sources[i];
		enum tutela_err err;
		bool more;

		*src = (struct source){.at = spill->runs[i].at, .end = spill->runs[i].end};
		src->block = m->blocks + i * SPILL_BLOCK;
		src->rest = bytes_reader_init(src->block, 0);
		err = next_row(m, src, &more);
		if (err)
			return err;
		if (more)
			m->heap[m->n++] = i;
	}
	for (size_t i = m->n; i-- > 0;)
		sift_down(m, i);
	return TUTELA_OK;
}

static enum tutela_err merge_all(struct merge *m, key_fn *each, void *ctx)
{
	enum tutela_err err = TUTELA_OK;

	while (m->n && !err) {
		struct source *src = &m->sources[m->heap[0]];
		bool more = true;

		err = each(ctx, src->key, src->len, src->number);
		if (!err)
			err = next_row(m, src, &more);
		if (!more)
			m->heap[0] = m->heap[--m->n];
		if (!err)
			sift_down(m, 0);
	}
	return err;
}

static enum tutela_err from_memory(struct key_run *run, key_fn *each, void *ctx)
{
	enum tutela_err err = TUTELA_OK;

	tutela_key_run_sort(run);
	for (size_t i = 0; i < run->n && !err; i++)
		err = each(ctx, run->bytes + run->refs[i].offset, run->refs[i].len, run->refs[i].number);
	tutela_key_run_clear(run);
	return err;
}

static enum tutela_err from_file(struct tutela_store *s, struct key_spill *spill, key_fn *each, void *ctx)
{
	struct merge m = {.store = s, .fd = spill->fd};
	enum tutela_err err = begin(&m, spill);

	if (!err)
		err = merge_all(&m, each, ctx);
	free(m.blocks);
	free(m.sources);
	free(m.heap);
	return err;
}

enum tutela_err tutela_key_spill_merge(struct tutela_store *s, struct key_spill *spill, struct key_run *run,
				       key_fn *each, void *ctx)
{
	enum tutela_err err;

	if (!spill->n)
		return from_memory(run, each, ctx);
	err = tutela_key_spill_run(s, spill, run);
	if (!err)
		err = from_file(s, spill, each, ctx);
	tutela_key_run_clear(run);
	tutela_key_spill_free(spill);
	return err;
}

void tutela_key_spill_free(struct key_spill *spill)
{
	if (spill->open)
		(void)close(spill->fd);
	*spill = (struct key_spill){.open = false};
}
