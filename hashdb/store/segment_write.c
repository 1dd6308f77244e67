/* SPDX-License-Identifier: Apache-2.0 */
#include "store/segment_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define MERGE_FACTOR 4
#define DEAD_SLACK   65536 /* pairs: below this, dead ones cost nothing worth a rebuild */
#define ALONE        32768 /* pairs: below this, starting threads takes longer than they save */

enum tutela_err tutela_pairs_add(struct pairs *p, const struct tutela_hash *h, uint32_t number)
{
	if (p->n == p->capacity) {
		size_t capacity = p->capacity ? p->capacity * 2 : 256;
		uint8_t *codes = tutela_mem_resize(p->codes, capacity, h->len);
		uint32_t *values;

		if (!codes)
			return TUTELA_E_NOMEM;
		p->codes = codes;
		values = tutela_mem_resize(p->values, capacity, sizeof *values);
		if (!values)
			return TUTELA_E_NOMEM;
		p->values = values;
		p->capacity = capacity;
	}
	memcpy(p->codes + p->n * h->len, h->bytes, h->len);
	p->values[p->n++] = number;
	return TUTELA_OK;
}

void tutela_pairs_free(struct pairs *p)
{
	free(p->codes);
	free(p->values);
	memset(p, 0, sizeof *p);
}

/* Is this number the present state of an entry that matches? */
static enum tutela_err is_live(struct session *w, uint32_t number, bool *live)
{
	struct entry e;
	enum tutela_err err = tutela_entry_get(w->store, w->txn, number, &e);

	*live = !err && !e.gone;
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

static enum tutela_err damaged(struct session *w, const struct segment_row *row, enum tutela_err err)
{
	char name[SEGMENT_NAME_MAX];

	tutela_schema_segment_name(row, name);
	return tutela_store_fail(w->store, err, "the index file '%s' of '%s' cannot be merged: %s", name,
				 w->store->path, tutela_strerror(err));
}

static enum tutela_err take_in(struct session *w, const struct segment_row *row, struct pairs *p)
{
	struct tutela_hash h = {.algorithm = (uint16_t)row->algorithm,
				.len = (uint16_t)(tutela_algorithm_get(row->algorithm)->bits / 8)};
	struct tutela_index *index;
	enum tutela_err err;
	uint32_t value, last = 0;
	bool live = false;

	err = tutela_segment_open(w->store, row, false, &index);
	if (err)
		return err == TUTELA_E_NOTFOUND ? TUTELA_E_CORRUPT : err;
	/* Damage must not be copied into a file with new checksums. */
	err = tutela_index_verify(index, NULL, NULL);
	if (err)
		(void)damaged(w, row, err);
	for (uint64_t i = 0; i < row->count && !err; i++) {
		err = tutela_index_get(index, i, h.bytes, &value);
		if (!err && (!i || value != last))
			err = is_live(w, value, &live);
		last = value;
		if (!err && live)
			err = tutela_pairs_add(p, &h, value);
	}
	tutela_index_close(index);
	return err;
}

static int by_count(const void *a, const void *b)
{
	const struct segment_row *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

/* Put the algorithm's rows that are to be merged with n new pairs in front; returns how many. */
static size_t plan(struct segment_row *rows, size_t n_rows, size_t n, uint64_t live, bool all)
{
	uint64_t total = n, held = n;
	size_t taken = 0;

	if (!n_rows)
		return 0;
	qsort(rows, n_rows, sizeof *rows, by_count);
	for (size_t i = 0; i < n_rows; i++)
		total += rows[i].count;
	if (all || total > 2 * live + DEAD_SLACK)
		return n_rows;
	while (held && taken < n_rows && rows[taken].count <= MERGE_FACTOR * held)
		held += rows[taken++].count;
	return taken;
}

static enum tutela_err file_error(struct session *w, enum tutela_err err, const char *name)
{
	if (err == TUTELA_E_SYS)
		return tutela_store_fail(w->store, err, "writing the index file '%s' in '%s': %s", name, w->store->path,
					 strerror(errno));
	return tutela_store_fail(w->store, err, "writing the index file '%s' in '%s': %s", name, w->store->path,
				 tutela_strerror(err));
}

static enum tutela_err errno_error(void)
{
	return errno == ENOSPC || errno == EDQUOT ? TUTELA_E_DISKFULL
	       : errno == EROFS                   ? TUTELA_E_READONLY
						  : TUTELA_E_SYS;
}

/* Write, fsync, rename, fsync the folder: the commit that follows may name it. */
static enum tutela_err write_file(struct session *w, const struct pairs *p, unsigned threads, struct segment_row *row)
{
	struct tutela_index_build_opts opts = {.size = sizeof opts,
					       .bits = tutela_algorithm_get(row->algorithm)->bits,
					       .threads = p->n < ALONE ? 1 : threads};
	char name[SEGMENT_NAME_MAX], temporary[SEGMENT_NAME_MAX + 4];
	struct tutela_index_info info;
	enum tutela_err err;
	int dir = w->store->dir, fd;

	tutela_schema_segment_name(row, name);
	(void)snprintf(temporary, sizeof temporary, "%s.tmp", name);
	/* A writer that died may have left one: a rebuild does not sweep before. */
	(void)unlinkat(dir, temporary, 0);
	fd = openat(dir, temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return file_error(w, errno_error(), name);
	w->files = true;
	err = tutela_index_build_file(p->codes, p->values, p->n, &opts, fd, &info);
	if (!err && fsync(fd))
		err = errno_error();
	if (close(fd) && !err)
		err = errno_error();
	if (!err && renameat(dir, temporary, dir, name))
		err = errno_error();
	if (err) {
		err = file_error(w, err, name);
		(void)unlinkat(dir, temporary, 0);
		return err;
	}
	row->kind = info.kind;
	row->count = info.count;
	row->bytes = info.bytes;
	row->digest = info.digest;
	return tutela_env_sync_dir(w->store);
}

static enum tutela_err add_row(struct session *w, const struct segment_row *row)
{
	uint8_t key[8], buf[SEGMENT_ROW_MAX];
	size_t len = tutela_schema_put_segment(row, buf, sizeof buf);

	tutela_schema_key64(row->number, key);
	return tutela_env_put(w->store, w->txn, DB_SEGMENTS, key, sizeof key, buf, len, 0);
}

static enum tutela_err drop_row(struct session *w, const struct segment_row *row)
{
	uint8_t key[8];

	tutela_schema_key64(row->number, key);
	return tutela_env_del(w->store, w->txn, DB_SEGMENTS, key, sizeof key, NULL, 0);
}

/* The manifest's rows of one algorithm, to be freed. */
static enum tutela_err rows_of(struct session *w, enum tutela_algorithm algorithm, struct segment_row **rows,
			       size_t *n_rows)
{
	size_t n, kept = 0;
	enum tutela_err err = tutela_rows_segments(w->store, w->txn, NULL, rows, &n);

	*n_rows = 0;
	if (err)
		return err;
	for (size_t i = 0; i < n; i++)
		if ((*rows)[i].algorithm == algorithm)
			(*rows)[kept++] = (*rows)[i];
	*n_rows = kept;
	return TUTELA_OK;
}

enum tutela_err tutela_segment_write(struct session *w, enum tutela_algorithm algorithm, struct pairs *p, uint64_t live,
				     bool all, unsigned threads)
{
	struct segment_row *rows = NULL, made = {.algorithm = algorithm};
	enum tutela_err err;
	size_t n_rows, merged;

	err = rows_of(w, algorithm, &rows, &n_rows);
	if (err)
		goto out;
	merged = plan(rows, n_rows, p->n, live, all);
	for (size_t i = 0; i < merged && !err; i++)
		err = take_in(w, &rows[i], p);
	if (!err && p->n) {
		made.number = w->state.next_segment++;
		err = write_file(w, p, threads, &made);
		if (!err)
			err = add_row(w, &made);
	}
	for (size_t i = 0; i < merged && !err; i++)
		err = drop_row(w, &rows[i]);
out:
	tutela_pairs_free(p);
	free(rows);
	return err;
}
