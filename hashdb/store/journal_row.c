/* SPDX-License-Identifier: Apache-2.0 */
#include "store/journal_row.h"

#include <tutela/hash.h>

#include <string.h>

#include "base/mem.h"

#define LAYOUT   1
#define HITS_MAX 65535

static const char *const dialects[] = {NULL, "ref", "full"};

/* ------------------------------------------------------------------ in */

/* -1: no such variant. */
static int code_of(const struct tutela_query_hash *q)
{
	int variant = 0, dialect = 0;

	if (q->variant) {
		while (variant < TUTELA_DIHEDRALS &&
		       strcmp(q->variant, tutela_dihedral_name((enum tutela_dihedral)variant)) != 0)
			variant++;
		if (variant++ == TUTELA_DIHEDRALS)
			return -1;
	}
	if (q->dialect) {
		dialect = strcmp(q->dialect, "ref") == 0 ? 1 : 2;
		if (strcmp(q->dialect, dialects[dialect]) != 0)
			return -1;
	}
	return variant | dialect << 4;
}

static size_t cut(struct tutela_text t, size_t most)
{
	return t.len < most ? t.len : most;
}

static void put_text(struct bytes_writer *w, struct tutela_text t, size_t most)
{
	bytes_put_u16(w, (uint16_t)cut(t, most));
	bytes_put(w, t.s, cut(t, most));
}

size_t tutela_journal_row_room(const struct tutela_journal_file *f)
{
	size_t room = 64 + TUTELA_JOURNAL_NAME_MAX;

	for (size_t i = 0; i < f->n_hashes; i++)
		room += 2u + f->hashes[i].hash.len;
	for (size_t i = 0; i < f->n_hits && i < HITS_MAX; i++)
		room += 32u + 2 * TUTELA_LIST_NAME_MAX + cut(f->hits[i].entry, TUTELA_ENTRY_ID_MAX) +
			TUTELA_JOURNAL_CATEGORY_MAX;
	return room;
}

static void put_hit(struct bytes_writer *w, const struct tutela_journal_hit *h)
{
	put_text(w, h->source, TUTELA_LIST_NAME_MAX);
	put_text(w, h->list, TUTELA_LIST_NAME_MAX);
	put_text(w, h->entry, TUTELA_ENTRY_ID_MAX);
	put_text(w, h->category, TUTELA_JOURNAL_CATEGORY_MAX);
	bytes_put_u64(w, h->list_version);
	bytes_put_u8(w, (uint8_t)h->kind);
	bytes_put_u8(w, (uint8_t)h->algorithm);
	bytes_put_u16(w, (uint16_t)h->distance);
	bytes_put_u16(w, (uint16_t)h->threshold);
}

enum tutela_err tutela_journal_row_put(const struct tutela_journal_file *f, struct bytes_writer *w)
{
	size_t hits = f->n_hits < HITS_MAX ? f->n_hits : HITS_MAX;

	bytes_put_u8(w, LAYOUT);
	bytes_put_u64(w, f->scan);
	bytes_put_u64(w, (uint64_t)f->time);
	bytes_put_u8(w, (uint8_t)f->verdict);
	bytes_put_u8(w, f->quality < 0 ? 255 : (uint8_t)f->quality);
	bytes_put_u64(w, f->size);
	put_text(w, f->name, TUTELA_JOURNAL_NAME_MAX);
	bytes_put_u8(w, (uint8_t)f->n_hashes);
	for (size_t i = 0; i < f->n_hashes; i++) {
		int code = code_of(&f->hashes[i]);
		const struct tutela_algorithm_info *a = tutela_algorithm_get(f->hashes[i].hash.algorithm);

		if (code < 0 || !a || f->hashes[i].hash.len != a->bits / 8)
			return TUTELA_E_ARG;
		bytes_put_u8(w, (uint8_t)a->id);
		bytes_put_u8(w, (uint8_t)code);
		bytes_put(w, f->hashes[i].hash.bytes, f->hashes[i].hash.len);
	}
	bytes_put_u16(w, (uint16_t)hits);
	for (size_t i = 0; i < hits; i++)
		put_hit(w, &f->hits[i]);
	return w->failed ? TUTELA_E_TOOBIG : TUTELA_OK;
}

/* ------------------------------------------------------------------ out */

static struct tutela_text take_text(struct bytes_reader *r)
{
	size_t len = bytes_u16(r);
	const uint8_t *s = bytes_take(r, len);

	return (struct tutela_text){s ? (const char *)s : "", s ? len : 0};
}

static bool take_hash(struct bytes_reader *r, struct tutela_query_hash *q)
{
	const struct tutela_algorithm_info *a = tutela_algorithm_get(bytes_u8(r));
	unsigned code = bytes_u8(r);
	const uint8_t *bytes = a ? bytes_take(r, a->bits / 8) : NULL;

	*q = (struct tutela_query_hash){.variant = NULL};
	if (!bytes || (code & 15) > TUTELA_DIHEDRALS || code >> 4 > 2)
		return false;
	q->hash.algorithm = (uint16_t)a->id;
	q->hash.len = (uint16_t)(a->bits / 8);
	memcpy(q->hash.bytes, bytes, q->hash.len);
	q->variant = code & 15 ? tutela_dihedral_name((enum tutela_dihedral)((code & 15) - 1)) : NULL;
	q->dialect = dialects[code >> 4];
	return true;
}

static bool take_hit(struct bytes_reader *r, struct tutela_journal_hit *h)
{
	h->source = take_text(r);
	h->list = take_text(r);
	h->entry = take_text(r);
	h->category = take_text(r);
	h->list_version = bytes_u64(r);
	h->kind = (enum tutela_list_kind)bytes_u8(r);
	h->algorithm = (enum tutela_algorithm)bytes_u8(r);
	h->distance = bytes_u16(r);
	h->threshold = bytes_u16(r);
	return !r->failed && h->source.len <= TUTELA_LIST_NAME_MAX && h->list.len <= TUTELA_LIST_NAME_MAX &&
	       h->entry.len <= TUTELA_ENTRY_ID_MAX && h->category.len <= TUTELA_JOURNAL_CATEGORY_MAX &&
	       (unsigned)h->kind <= TUTELA_LIST_ALLOW && tutela_algorithm_get(h->algorithm);
}

static enum tutela_err take_hits(struct bytes_reader *r, struct journal_row *u)
{
	size_t n = bytes_u16(r);

	if (n > u->room) {
		struct tutela_journal_hit *bigger = tutela_mem_resize(u->hits, n, sizeof *bigger);

		if (!bigger)
			return TUTELA_E_NOMEM;
		u->hits = bigger;
		u->room = n;
	}
	for (size_t i = 0; i < n; i++)
		if (!take_hit(r, &u->hits[i]))
			return TUTELA_E_CORRUPT;
	u->file.n_hits = n;
	u->file.hits = u->hits;
	return TUTELA_OK;
}

enum tutela_err tutela_journal_row_get(const uint8_t *row, size_t len, struct journal_row *u)
{
	struct bytes_reader r = bytes_reader_init(row, len);
	struct tutela_journal_file *f = &u->file;
	unsigned quality;
	enum tutela_err err;

	memset(f, 0, sizeof *f);
	if (bytes_u8(&r) != LAYOUT)
		return TUTELA_E_CORRUPT;
	f->scan = bytes_u64(&r);
	f->time = (int64_t)bytes_u64(&r);
	f->verdict = bytes_u8(&r);
	quality = bytes_u8(&r);
	f->quality = quality <= 100 ? (int)quality : -1;
	f->size = bytes_u64(&r);
	f->name = take_text(&r);
	f->n_hashes = bytes_u8(&r);
	f->hashes = u->hashes;
	if (f->n_hashes > TUTELA_JOURNAL_HASHES_MAX || f->name.len > TUTELA_JOURNAL_NAME_MAX ||
	    (quality > 100 && quality != 255))
		return TUTELA_E_CORRUPT;
	for (size_t i = 0; i < f->n_hashes; i++)
		if (!take_hash(&r, &u->hashes[i]))
			return TUTELA_E_CORRUPT;
	err = take_hits(&r, u);
	return err ? err : bytes_done(&r) ? TUTELA_OK : TUTELA_E_CORRUPT;
}
