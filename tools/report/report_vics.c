/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VICS 2.0 case of the files that matched: a medium for each content, a file
 * for each place where it was found. Media come sorted by MD5, so a first look
 * notes where the record of each MD5 stands, and each is read again in that order.
 *
 * Category and source are those of the first hit, exact ones first: VICS has
 * room for one, and categories of two countries are not to be mixed. All hits
 * stand beside it in MediaMetadata as tutela.label.hit.N. Of an entry's other
 * labels (series, tags, …) only an exact hit's are passed on: they are about
 * that very file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tutela/tutela.h>

#include "interrupt.h"
#include "memory.h"
#include "message.h"
#include "printable.h"
#include "report/media_type.h"
#include "report/name_uuid.h"
#include "report/render.h"
#include "whole_bytes.h"

#define HITS_MOST 12 /* that are told of one medium */

struct place {
	uint8_t md5[16];
	uint64_t begin, len; /* of the record's line */
};

struct vics {
	const struct report *report;
	FILE *out;
	struct tutela_vics_writer *writer;
	struct place *places;
	size_t n, room;
	uint64_t without_md5;
	char id[NAME_UUID_LEN]; /* of all that was found, so far */
	bool first;             /* the next record begins a medium */
	enum tutela_err error;
};

static struct tutela_text words(const char *s)
{
	return (struct tutela_text){s, strlen(s)};
}

/* The id of the case goes on from what was found, not from when. */
static void chain(struct vics *v, const struct file_record *f)
{
	for (size_t i = 0; i < f->n_hits; i++) {
		const struct hit_record *h = &f->hits[i];
		const char *const texts[] = {v->id, f->path, f->sha256, h->list, h->entry, h->algorithm};
		char next[NAME_UUID_LEN];

		name_uuid(next, texts, 6);
		memcpy(v->id, next, sizeof(next));
	}
}

static bool note_place(void *ctx, const struct file_record *f)
{
	struct vics *v = ctx;
	struct tutela_hash md5;

	if (f->verdict != RECORD_MATCH)
		return true;
	chain(v, f);
	if (!f->md5[0] || tutela_hash_parse(TUTELA_ALG_MD5, f->md5, 32, &md5)) {
		v->without_md5++;
		return true;
	}
	if (v->n == v->room) {
		v->room = v->room ? 2 * v->room : 256;
		v->places = memory_resize(v->places, v->room, sizeof(*v->places));
	}
	memcpy(v->places[v->n].md5, md5.bytes, 16);
	v->places[v->n].begin = f->begin;
	v->places[v->n++].len = f->len;
	return true;
}

static int by_md5(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = memcmp(x->md5, y->md5, 16);

	if (order)
		return order;
	return x->begin < y->begin ? -1 : x->begin > y->begin;
}

/* ---------------------------------------------------------------- media and files */

static size_t fingerprints(const struct file_record *f, struct tutela_hash *out)
{
	const struct {
		enum tutela_algorithm algorithm;
		const char *hex;
	} all[] = {{TUTELA_ALG_MD5, f->md5},
		   {TUTELA_ALG_SHA1, f->sha1},
		   {TUTELA_ALG_SHA256, f->sha256},
		   {TUTELA_ALG_PDQ, f->pdq}};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i].hex[0] && !tutela_hash_parse(all[i].algorithm, all[i].hex, strlen(all[i].hex), &out[n]))
			n++;
	}
	return n;
}

static bool is_exact(const struct hit_record *h)
{
	const struct tutela_algorithm_info *a = tutela_algorithm_find(h->algorithm);

	return a && !a->perceptual;
}

/* The hit whose word counts. */
static const struct hit_record *chosen(const struct file_record *f)
{
	for (size_t i = 0; i < f->n_hits; i++) {
		if (is_exact(&f->hits[i]))
			return &f->hits[i];
	}
	return &f->hits[0];
}

struct labels {
	struct tutela_label items[TUTELA_LABELS_MAX];
	char *keys[HITS_MOST], *values[HITS_MOST]; /* what tells of hits */
	size_t n, n_hits;
};

static void add_label(struct labels *l, const char *key, const char *value)
{
	if (l->n < TUTELA_LABELS_MAX && value[0])
		l->items[l->n++] = (struct tutela_label){words(key), words(value)};
}

static void add_hit(const struct report *r, struct labels *l, const struct hit_record *h)
{
	const char *name = category_name(&r->categories, h->list, h->category);
	size_t i = l->n_hits++;

	l->keys[i] = memory_format("hit.%zu", i + 1);
	l->values[i] =
		memory_format("source=%s list=%s version=%llu entry=%s algorithm=%s distance=%llu threshold=%llu "
			      "variant=%s category=%s%s%s%s%s",
			      h->source, h->list, (unsigned long long)h->list_version, h->entry, h->algorithm,
			      (unsigned long long)h->distance, (unsigned long long)h->threshold,
			      h->variant[0] ? h->variant : "original", h->category, name ? " " : "", name ? name : "",
			      report_expired(r, h) ? " (list out of date)" : "",
			      report_flood(r, h)[0] ? " (the entry matches very many files: to be reviewed)" : "");
	add_label(l, l->keys[i], l->values[i]);
}

static void collect(const struct report *r, struct labels *l, const struct file_record *f,
		    const struct hit_record *best)
{
	const char *key;
	json_t *value;

	add_label(l, "category", best->category);
	for (size_t i = 0; i < f->n_hits && i < HITS_MOST; i++)
		add_hit(r, l, &f->hits[i]);
	json_object_foreach(is_exact(best) ? best->labels : NULL, key, value)
	{
		if (strcmp(key, "category") != 0 && strlen(key) <= TUTELA_LABEL_KEY_MAX)
			add_label(l, key, json_string_value(value));
	}
}

/* Is one of its folders ".."? */
static bool goes_up(const char *path)
{
	for (const char *at = path; *at; at += strcspn(at, "/"), at += strspn(at, "/"))
		if (strcspn(at, "/") == 2 && memcmp(at, "..", 2) == 0)
			return true;
	return false;
}

/*
 * The path as VICS writes it: folders apart by backslashes, below the folder
 * that the scan began in, or the root. Allocated; "" when VICS cannot name the
 * file: a byte of it is no text, it has a backslash itself, or it leads out of
 * that folder, where whoever reads the case must not be sent.
 */
static char *relative_path(const struct file_record *f)
{
	const char *from = f->path;
	char *out, *at;

	while (*from == '/' || (from[0] == '.' && from[1] == '/'))
		from++;
	if (f->path_bytes[0] || strchr(from, '\\') || goes_up(from))
		return memory_text("");
	out = memory_text(from);
	for (at = out; *at; at++)
		*at = *at == '/' ? '\\' : *at;
	return out;
}

static enum tutela_err put_medium(struct vics *v, const struct file_record *f)
{
	char *path = relative_path(f);
	const struct hit_record *best = chosen(f);
	struct tutela_hash hashes[4];
	struct labels labels = {.n = 0};
	const char *type = media_type(f->format);
	struct tutela_vics_media m = {
		.size = sizeof(m),
		.n_fingerprints = fingerprints(f, hashes),
		.fingerprints = hashes,
		.media_size = (int64_t)f->size,
		.precategorization_source = words(best->list),
		.relative_path = words(path),
	};
	enum tutela_err error;

	if (type)
		m.mime_type = words(type);
	collect(v->report, &labels, f, best);
	m.n_labels = labels.n;
	m.labels = labels.items;
	error = tutela_vics_media(v->writer, &m);
	for (size_t i = 0; i < labels.n_hits; i++) {
		free(labels.keys[i]);
		free(labels.values[i]);
	}
	free(path);
	return error;
}

static bool on_file(void *ctx, const struct file_record *f)
{
	struct vics *v = ctx;
	const char *slash = strrchr(f->path, '/');
	struct tutela_vics_file file = {
		.size = sizeof(file),
		.name = words(slash && slash[1] ? slash + 1 : f->path),
		.path = words(f->path),
		.source_id = words(report_evidence(v->report, f)),
	};

	/* What stands there now is not what was noted. */
	if (!f->n_hits)
		return false;
	if (v->first)
		v->error = put_medium(v, f);
	v->first = false;
	if (!v->error && file.path.len)
		v->error = tutela_vics_file(v->writer, &file);
	return !v->error;
}

/* The record at a place again. */
static bool put_place(struct vics *v, const struct place *p)
{
	const struct record_reader reader = {.file = on_file, .ctx = v};
	struct record_count count = {0};
	char *text = memory_array(p->len + 1, 1);
	struct record_line line = {.text = text, .len = p->len, .begin = p->begin};
	bool same = whole_bytes_read_at(v->report->fd, text, p->len, p->begin) &&
		    record_read_line(&line, &reader, &count) && count.files == 1;

	free(text);
	atomic_fetch_add(&v->report->progress->done, 1);
	if (!same && !v->error)
		message_error(v->report->from, "changed while it was read");
	return same && !v->error;
}

/* ---------------------------------------------------------------- the case */

static enum tutela_err on_bytes(void *ctx, const void *bytes, size_t len)
{
	return fwrite(bytes, 1, len, ((struct vics *)ctx)->out) == len ? TUTELA_OK : TUTELA_E_SYS;
}

static enum tutela_err begin(struct vics *v)
{
	const struct report *r = v->report;
	const struct tutela_writer_opts opts = {.size = sizeof(opts), .write = on_bytes, .ctx = v};
	const struct tutela_vics_case about = {
		.size = sizeof(about),
		.region = r->region,
		.case_id = words(v->id),
		.case_number = words(report_case_number(r)),
		.contact_name = words(report_operator(r)),
		.application_name = words("Tutela"),
		.application_version = words(report_text(r, "tool_version")),
	};

	return tutela_vics_new(&about, &opts, &v->writer);
}

static bool put_all(struct vics *v)
{
	bool ok = true;

	v->error = begin(v);
	report_expect(v->report, v->n);
	for (size_t i = 0; ok && !v->error && i < v->n; i++) {
		v->first = i == 0 || memcmp(v->places[i].md5, v->places[i - 1].md5, 16) != 0;
		ok = !interrupt_asked() && put_place(v, &v->places[i]);
	}
	if (ok && !v->error)
		v->error = tutela_vics_finish(v->writer);
	tutela_vics_free(v->writer);
	if (v->error && !ferror(v->out))
		message_error(v->report->from, "%s", tutela_strerror(v->error));
	return ok && !v->error;
}

bool report_vics(const struct report *r, FILE *out)
{
	struct vics v = {.report = r, .out = out};
	const char *const texts[] = {"vics", report_case_number(r), report_text(r, "evidence")};
	char n[96];
	bool ok;

	name_uuid(v.id, texts, 3);
	ok = report_each(r, note_place, &v);
	qsort(v.places, v.n, sizeof(*v.places), by_md5);
	if (ok && v.without_md5)
		message_warning(r->from, "%s not in the case, which wants an MD5 of each",
				printable_things(v.without_md5, "file that matches is", "files that match are", n));
	/* Places were read one by one: the digest tells whether they are what was noted. */
	ok = ok && put_all(&v) && report_each(r, NULL, NULL);
	free(v.places);
	return ok;
}
