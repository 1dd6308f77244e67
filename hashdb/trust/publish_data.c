/* SPDX-License-Identifier: Apache-2.0 */
/* Data files of a bundle: lines of the format "records", zstd. */
#include <fcntl.h>
#include <inttypes.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <tutela/exchange.h>

#include "base/mem.h"
#include "base/whole_io.h"
#include "exchange/record_line.h"
#include "store/changes.h"
#include "store/list_sum.h"
#include "trust/publish.h"

#define TEMPORARY  ".publish.zst.tmp"
#define LEVEL      3
#define BUFFER     ((size_t)1 << 20)
#define NAMES_MOST 10000 /* of files that kills left, of one list and version */

struct out {
	struct publish_folder *folder;
	struct bundle_file *file;
	const struct publish_data *data;
	bool delta, withdrawn; /* which entries are to be written */
	ZSTD_CCtx *zstd;
	struct sha256_ctx sha;
	int fd;
	char *line;        /* RECORD_LINE_MAX + 1 */
	uint8_t *in, *out; /* BUFFER; ZSTD_CStreamOutSize() */
	size_t n;          /* in `in` */
};

static enum tutela_err put_bytes(struct out *o, const uint8_t *at, size_t len)
{
	sha256_update(&o->sha, len, at);
	o->file->length += len;
	return tutela_write_whole(o->fd, at, len) ? TUTELA_OK
						  : tutela_publish_fail_sys(o->folder, "writing", o->file->name);
}

static enum tutela_err compress(struct out *o, ZSTD_EndDirective end)
{
	ZSTD_inBuffer in = {o->in, o->n, 0};
	enum tutela_err err;
	size_t left;

	do {
		ZSTD_outBuffer out = {o->out, ZSTD_CStreamOutSize(), 0};

		left = ZSTD_compressStream2(o->zstd, &out, &in, end);
		if (ZSTD_isError(left))
			return tutela_bundle_fail(o->folder->why, TUTELA_E_NOMEM, "compressing '%s': %s", o->file->name,
						  ZSTD_getErrorName(left));
		err = put_bytes(o, o->out, out.pos);
	} while (!err && (in.pos < in.size || (end == ZSTD_e_end && left)));
	o->n = 0;
	return err;
}

static enum tutela_err put_line(struct out *o, const struct tutela_record *rec)
{
	size_t len = tutela_record_line(rec, RECORD_EFFECTIVE, o->line);
	enum tutela_err err = TUTELA_OK;

	if (o->data->stop && o->data->stop(o->data->ctx))
		return tutela_bundle_fail(o->folder->why, TUTELA_E_INTERRUPTED, "interrupted");

	o->line[len++] = '\n';
	if (len > BUFFER - o->n)
		err = compress(o, ZSTD_e_continue);
	memcpy(o->in + o->n, o->line, len);
	o->n += len;
	o->file->plain += len;
	o->file->records++;
	return err;
}

static enum tutela_err on_entry(void *ctx, const struct tutela_record *rec)
{
	struct tutela_record gone;
	struct out *o = ctx;

	if (rec->status != TUTELA_WITHDRAWN)
		return o->withdrawn ? TUTELA_OK : put_line(o, rec);
	if (!o->delta || !o->withdrawn)
		return TUTELA_OK;
	/* Who it was is enough to take it back. */
	memset(&gone, 0, sizeof gone);
	gone.id = rec->id;
	gone.source_time = rec->source_time;
	gone.status = rec->status;
	gone.reason = rec->reason;
	o->file->withdrawn++;
	return put_line(o, &gone);
}

static enum tutela_err write_records(struct out *o, const struct publish_data *d)
{
	enum tutela_err err;

	o->delta = o->file->base != 0;
	if (!o->delta)
		return tutela_snapshot_entries(d->snap, d->list, on_entry, o);
	err = tutela_changes_since(d->snap, d->list_number, d->from, on_entry, o);
	o->withdrawn = true;
	return err ? err : tutela_changes_since(d->snap, d->list_number, d->from, on_entry, o);
}

static enum tutela_err write_file(struct out *o, const struct publish_data *d)
{
	enum tutela_err err;

	o->fd = tutela_publish_temporary(o->folder, TEMPORARY);
	if (o->fd < 0)
		return tutela_publish_fail_sys(o->folder, "writing", o->file->name);
	if (!o->zstd || !o->line || !o->in || !o->out ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(o->zstd, ZSTD_c_compressionLevel, LEVEL)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(o->zstd, ZSTD_c_windowLog, BUNDLE_WINDOW_LOG - 1)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(o->zstd, ZSTD_c_checksumFlag, 1)))
		return TUTELA_E_NOMEM;
	err = write_records(o, d);
	if (!err)
		err = compress(o, ZSTD_e_end);
	if (!err && fsync(o->fd))
		err = tutela_publish_fail_sys(o->folder, "writing", o->file->name);
	sha256_digest(&o->sha, sizeof o->file->sha256, o->file->sha256);
	return err;
}

/* ------------------------------------------------------------------ reading back */

struct back {
	struct tutela_reader *reader;
	struct list_row row;
	uint64_t records;
	char *line;
};

static enum tutela_err on_record(void *ctx, const struct tutela_record *rec, uint64_t line)
{
	struct back *b = ctx;

	(void)line;
	b->records++;
	tutela_sum_entry(&b->row, rec, false, b->line);
	return TUTELA_OK;
}

static enum tutela_err on_problem(void *ctx, const struct tutela_exchange_problem *problem)
{
	(void)ctx;
	(void)problem;
	return TUTELA_E_CORRUPT;
}

static enum tutela_err on_bytes(void *ctx, const void *bytes, size_t len)
{
	return tutela_reader_feed(((struct back *)ctx)->reader, bytes, len);
}

static enum tutela_err read_records(struct publish_folder *f, const struct bundle_file *file, int fd, struct back *b)
{
	struct tutela_reader_opts opts = {.size = sizeof opts, .record = on_record, .problem = on_problem, .ctx = b};
	enum tutela_err err = b->line ? tutela_reader_new("records", &opts, &b->reader, NULL) : TUTELA_E_NOMEM;

	if (!err)
		err = tutela_bundle_unpack(fd, file, on_bytes, b, f->why);
	return err ? err : tutela_reader_finish(b->reader);
}

static enum tutela_err read_back(struct publish_folder *f, const struct publish_data *d, const struct bundle_file *file)
{
	struct back b = {.line = tutela_mem_array(RECORD_LINE_MAX, 1)};
	int fd = openat(f->dir, TEMPORARY, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	uint8_t digest[LIST_SUM_LEN];
	enum tutela_err err;

	err = fd < 0 ? TUTELA_E_SYS : tutela_bundle_check_fd(fd, file->sha256);
	if (!err)
		err = read_records(f, file, fd, &b);
	tutela_sum_bytes(&b.row.issued, digest);
	if (!err && (b.records != file->records || (!file->base && memcmp(digest, d->digest, sizeof digest))))
		err = TUTELA_E_CORRUPT;
	tutela_reader_free(b.reader);
	free(b.line);
	if (fd >= 0)
		(void)close(fd);
	if (!err || err == TUTELA_E_NOMEM)
		return err;
	return tutela_bundle_fail(f->why, err, "'%s' cannot be read back as it was written: %s", file->name,
				  tutela_strerror(err));
}

/* ------------------------------------------------------------------ names */

static void name_file(struct bundle_file *file, const char *list, unsigned n)
{
	char number[16] = "";

	if (n)
		(void)snprintf(number, sizeof number, ".%u", n);
	if (file->base)
		(void)snprintf(file->name, sizeof file->name, "%s.%" PRIu64 "-%" PRIu64 "%s.delta.zst", list,
			       file->base, file->version, number);
	else
		(void)snprintf(file->name, sizeof file->name, "%s.%" PRIu64 "%s.full.zst", list, file->version, number);
}

static bool is_there(const struct publish_folder *f, const struct bundle_file *file)
{
	int fd = openat(f->dir, file->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	bool same = fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && (uint64_t)st.st_size == file->length &&
		    !tutela_bundle_check_fd(fd, file->sha256);

	if (fd >= 0)
		(void)close(fd);
	return same;
}

/* Of the bytes in the temporary file. */
static enum tutela_err give_name(struct publish_folder *f, const char *list, struct bundle_file *file)
{
	for (unsigned n = 0; n < NAMES_MOST; n++) {
		name_file(file, list, n);
		if (is_there(f, file))
			return unlinkat(f->dir, TEMPORARY, 0) ? tutela_publish_fail_sys(f, "writing", file->name)
							      : TUTELA_OK;
		if (!tutela_publish_taken(f, file->name))
			return renameat(f->dir, TEMPORARY, f->dir, file->name)
				       ? tutela_publish_fail_sys(f, "writing", file->name)
				       : TUTELA_OK;
	}
	return tutela_bundle_fail(f->why, TUTELA_E_REFUSED, "no name is left for '%s'", file->name);
}

enum tutela_err tutela_publish_data(struct publish_folder *f, const struct publish_data *data, struct bundle_file *file)
{
	struct out o = {.folder = f, .file = file, .data = data, .fd = -1};
	enum tutela_err err;

	sha256_init(&o.sha);
	file->length = file->plain = file->records = file->withdrawn = 0;
	name_file(file, data->list, 0);
	o.zstd = ZSTD_createCCtx();
	o.line = tutela_mem_array(RECORD_LINE_MAX + 1, 1);
	o.in = tutela_mem_array(BUFFER > RECORD_LINE_MAX ? BUFFER : RECORD_LINE_MAX + 1, 1);
	o.out = tutela_mem_array(ZSTD_CStreamOutSize(), 1);
	err = write_file(&o, data);
	if (o.fd >= 0 && close(o.fd) && !err)
		err = tutela_publish_fail_sys(f, "writing", file->name);
	if (!err)
		err = read_back(f, data, file);
	if (!err)
		err = give_name(f, data->list, file);
	if (err && o.fd >= 0)
		(void)unlinkat(f->dir, TEMPORARY, 0);
	(void)ZSTD_freeCCtx(o.zstd);
	free(o.line);
	free(o.in);
	free(o.out);
	return err;
}
