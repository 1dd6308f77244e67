/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format "vics": VICS 1.x and 2.0 JSON, sets and cases; see tutela-formats(5).
 *
 * yajl parses and calls back for every value; one medium is kept at a time, and
 * of it only what becomes part of its record. What a case says beside its media
 * is passed over. Arrays and objects that nobody asks for cost no memory,
 * whatever their size.
 */
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_parse.h>

#include "exchange/exchange_format.h"
#include "exchange/utf_blocks.h"
#include "exchange/vics_medium.h"
#include "exchange/vics_write.h"

/* yajl scans a value that spans blocks anew with each of them: 16 of these. */
#define VALUE_DEFAULT ((size_t)4 << 20)
#define DEPTH_MAX     64 /* arrays and objects within each other */

enum place {
	OUTSIDE,    /* before the root, or behind it */
	ROOT,       /* in the root object */
	RECORDS,    /* in its array "value" */
	RECORD,     /* in an object there: a medium of a set, or a case */
	MEDIA,      /* in a case's array "Media" */
	MEDIUM,     /* in an object there */
	HASHES,     /* in AlternativeHashes */
	HASH,       /* in an object there */
	PROPERTIES, /* in MediaMetadata */
	PROPERTY,   /* in an object there */
	WORDS,      /* in an array where a text is expected */
};

/* What the key before a value was, where fields do not say it. */
enum part { PART_OTHER, PART_NAME, PART_VALUE };

struct vics_reader {
	struct utf_blocks blocks;
	yajl_handle yajl;
	enum tutela_err err; /* of a callback */
	size_t last;         /* in this block: the end of the last value */
	size_t growing;      /* bytes since the last value in the blocks before this one */

	enum place place, outer; /* outer: of HASHES, PROPERTIES and WORDS */
	size_t depth, skip;      /* levels; those of them below `place` */
	enum vics_field key;
	enum part part;
	bool seen;    /* an array "value" */
	bool in_case; /* the record has media */
	bool is_case; /* the record says that it is a case */

	uint64_t number, byte; /* media so far; where this one begins */
	struct vics_medium medium;
};

static size_t at(const struct vics_reader *v)
{
	return yajl_get_bytes_consumed(v->yajl);
}

static uint64_t position(struct vics_reader *v, size_t back)
{
	size_t n = at(v);

	return tutela_utf_position(&v->blocks, n > back ? n - back : 0);
}

/* What a callback of yajl returns: zero stops it. */
static int go_on(struct tutela_reader *r, enum tutela_err err)
{
	struct vics_reader *v = r->state;

	v->last = at(v);
	v->growing = 0;
	v->err = err;
	return err == TUTELA_OK;
}

/* At the byte that yajl has just read. */
static enum tutela_err fail(struct tutela_reader *r, const char *why)
{
	return tutela_reader_fail(r, "%s (byte %llu)", why, (unsigned long long)position(r->state, 1));
}

/* ------------------------------------------------------------------ values */

static enum tutela_err not_an_object(struct tutela_reader *r)
{
	struct vics_reader *v = r->state;

	return tutela_reader_problem(r, ++v->number, position(v, 1), "not an object");
}

/* A text, a number as it is written, a boolean as a word; len 0: null. */
static enum tutela_err scalar(struct tutela_reader *r, const char *s, size_t len)
{
	struct vics_reader *v = r->state;

	if (v->skip)
		return TUTELA_OK;
	switch (v->place) {
	case OUTSIDE:
		return fail(r, "not VICS: it does not begin with an object");
	case RECORDS:
	case MEDIA:
		return not_an_object(r);
	case RECORD:
		v->is_case |= v->key == VICS_CASE_ID;
		/* fall through */
	case MEDIUM:
		return v->key > VICS_OTHER && v->key < VICS_FIELDS ? tutela_vics_medium_set(&v->medium, v->key, s, len)
								   : TUTELA_OK;
	case HASH:
	case PROPERTY:
		return v->part == PART_OTHER ? TUTELA_OK
					     : tutela_vics_pair_set(&v->medium, v->part == PART_VALUE, s, len);
	case WORDS:
		return tutela_vics_medium_add(&v->medium, v->key, s, len);
	case ROOT:
	case HASHES:
	case PROPERTIES:
		break;
	}
	return TUTELA_OK;
}

static int on_null(void *ctx)
{
	return go_on(ctx, scalar(ctx, "", 0));
}

static int on_boolean(void *ctx, int value)
{
	return go_on(ctx, scalar(ctx, value ? "true" : "false", value ? 4 : 5));
}

static int on_number(void *ctx, const char *s, size_t len)
{
	return go_on(ctx, scalar(ctx, s, len));
}

static int on_string(void *ctx, const unsigned char *s, size_t len)
{
	return go_on(ctx, scalar(ctx, (const char *)s, len));
}

static int on_key(void *ctx, const unsigned char *bytes, size_t len)
{
	struct tutela_reader *r = ctx;
	struct vics_reader *v = r->state;
	const char *s = (const char *)bytes;

	if (v->skip)
		return go_on(r, TUTELA_OK);
	v->part = PART_OTHER;
	switch (v->place) {
	case ROOT:
		v->part = tutela_same_word(s, len, "value") ? PART_VALUE : PART_OTHER;
		break;
	case RECORD:
	case MEDIUM:
		v->key = tutela_vics_field(s, len);
		break;
	case HASH:
		v->part = tutela_same_word(s, len, "HashName")    ? PART_NAME
			  : tutela_same_word(s, len, "HashValue") ? PART_VALUE
								  : PART_OTHER;
		break;
	case PROPERTY:
		v->part = tutela_same_word(s, len, "PropertyName")    ? PART_NAME
			  : tutela_same_word(s, len, "PropertyValue") ? PART_VALUE
								      : PART_OTHER;
		break;
	default:
		break;
	}
	return go_on(r, TUTELA_OK);
}

/* ------------------------------------------------------------------ objects and arrays */

static void start_medium(struct vics_reader *v)
{
	v->byte = position(v, 1);
	v->key = VICS_OTHER;
	tutela_vics_medium_start(&v->medium);
}

/* The place that an object or array leads to from here; the same place: it is skipped. */
static enum place below(const struct vics_reader *v, bool array)
{
	switch (v->place) {
	case OUTSIDE:
		return array ? OUTSIDE : ROOT;
	case ROOT:
		return array && v->part == PART_VALUE ? RECORDS : ROOT;
	case RECORDS:
		return array ? RECORDS : RECORD;
	case MEDIA:
		return array ? MEDIA : MEDIUM;
	case HASHES:
		return array ? HASHES : HASH;
	case PROPERTIES:
		return array ? PROPERTIES : PROPERTY;
	case RECORD:
	case MEDIUM:
		if (!array)
			break;
		if (v->key == VICS_MEDIA && v->place == RECORD)
			return MEDIA;
		if (v->key == VICS_ALTERNATIVE_HASHES)
			return HASHES;
		if (v->key == VICS_MEDIA_METADATA)
			return PROPERTIES;
		if (v->key == VICS_TAGS || v->key == VICS_SERIES)
			return WORDS;
		break;
	case HASH:
	case PROPERTY:
	case WORDS:
		break;
	}
	return v->place;
}

static enum tutela_err enter(struct tutela_reader *r, bool array)
{
	struct vics_reader *v = r->state;
	enum place to = v->skip ? v->place : below(v, array);

	if (++v->depth > DEPTH_MAX)
		return fail(r, "more than " RECORD_NUMBER(DEPTH_MAX) " objects and arrays within each other");
	if (v->place == OUTSIDE && to == OUTSIDE)
		return fail(r, "not VICS: it does not begin with an object");
	if (to == v->place) {
		v->skip++;
		return v->skip == 1 && (to == RECORDS || to == MEDIA) ? not_an_object(r) : TUTELA_OK;
	}
	if (v->place == RECORD || v->place == MEDIUM)
		v->outer = v->place;
	v->place = to;
	if (to == RECORDS)
		v->seen = true;
	if (to == RECORD || to == MEDIUM)
		start_medium(v);
	if (to == RECORD)
		v->in_case = v->is_case = false;
	if (to == MEDIA)
		v->in_case = true;
	if (to == HASH || to == PROPERTY)
		tutela_vics_pair_start(&v->medium);
	return TUTELA_OK;
}

static enum tutela_err end_record(struct tutela_reader *r)
{
	struct vics_reader *v = r->state;
	const struct vics_slot *f = v->medium.fields;

	v->place = RECORDS;
	if (v->in_case || (v->is_case && !f[VICS_MD5].len))
		return TUTELA_OK;
	return tutela_vics_medium_emit(&v->medium, r, ++v->number, v->byte);
}

static enum tutela_err leave(struct tutela_reader *r)
{
	struct vics_reader *v = r->state;

	v->depth--;
	if (v->skip) {
		v->skip--;
		return TUTELA_OK;
	}
	switch (v->place) {
	case RECORD:
		return end_record(r);
	case MEDIUM:
		v->place = MEDIA;
		return tutela_vics_medium_emit(&v->medium, r, ++v->number, v->byte);
	case HASH:
	case PROPERTY:
		tutela_vics_pair_end(&v->medium, v->place == HASH);
		v->place = v->place == HASH ? HASHES : PROPERTIES;
		break;
	case HASHES:
	case PROPERTIES:
	case WORDS:
		v->place = v->outer;
		break;
	case MEDIA:
		v->place = RECORD;
		break;
	case RECORDS:
		v->place = ROOT;
		break;
	case ROOT:
	case OUTSIDE:
		v->place = OUTSIDE;
		break;
	}
	return TUTELA_OK;
}

static int on_map(void *ctx)
{
	return go_on(ctx, enter(ctx, false));
}

static int on_array(void *ctx)
{
	return go_on(ctx, enter(ctx, true));
}

static int on_end(void *ctx)
{
	return go_on(ctx, leave(ctx));
}

/* ------------------------------------------------------------------ the reader's functions */

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end,
	.yajl_start_array = on_array,
	.yajl_end_array = on_end,
};

/* yajl's own words end with a line feed. */
static enum tutela_err broken(struct tutela_reader *r, size_t byte)
{
	struct vics_reader *v = r->state;
	unsigned char *words = yajl_get_error(v->yajl, 0, NULL, 0);
	enum tutela_err err = tutela_reader_fail(
		r, "broken JSON at byte %llu: %.*s", (unsigned long long)tutela_utf_position(&v->blocks, byte),
		words ? (int)strcspn((char *)words, "\n") : 0, words ? (char *)words : "");

	if (words)
		yajl_free_error(v->yajl, words);
	return err;
}

static enum tutela_err on_block(void *ctx, const char *bytes, size_t len)
{
	struct tutela_reader *r = ctx;
	struct vics_reader *v = r->state;
	yajl_status status;

	v->last = 0;
	status = yajl_parse(v->yajl, (const unsigned char *)bytes, len);
	if (status == yajl_status_client_canceled)
		return v->err;
	if (status != yajl_status_ok)
		return broken(r, at(v));
	v->growing += len - v->last;
	if (v->growing > r->opts.max_line)
		return tutela_reader_fail(r, "a value is longer than the limit (before byte %llu)",
					  (unsigned long long)tutela_utf_position(&v->blocks, len));
	return TUTELA_OK;
}

static enum tutela_err vics_open(struct tutela_reader *r, const char **why)
{
	struct vics_reader *v = r->state;

	(void)why;
	v->blocks.block = on_block;
	v->blocks.ctx = r;
	v->yajl = yajl_alloc(&callbacks, NULL, r);
	/* File names in whatever encoding are passed over; what is kept is looked at. */
	return v->yajl && yajl_config(v->yajl, yajl_dont_validate_strings, 1) ? TUTELA_OK : TUTELA_E_NOMEM;
}

static enum tutela_err vics_feed(struct tutela_reader *r, const char *bytes, size_t len)
{
	struct vics_reader *v = r->state;

	return tutela_utf_feed(&v->blocks, bytes, len);
}

static enum tutela_err vics_finish(struct tutela_reader *r)
{
	struct vics_reader *v = r->state;
	enum tutela_err err = tutela_utf_finish(&v->blocks);
	yajl_status status;

	if (err == TUTELA_E_FORMAT && !r->message[0])
		return tutela_reader_fail(r, "the UTF-16 text ends in the middle of a character");
	if (err)
		return err;
	status = yajl_complete_parse(v->yajl);
	if (status == yajl_status_client_canceled)
		return v->err;
	if (status != yajl_status_ok)
		return tutela_reader_fail(r, "the JSON ends too early, at byte %llu",
					  (unsigned long long)tutela_utf_position(&v->blocks, 0));
	return v->seen ? TUTELA_OK : tutela_reader_fail(r, "not VICS: it has no array 'value'");
}

static void vics_close(struct tutela_reader *r)
{
	struct vics_reader *v = r->state;

	if (v->yajl)
		yajl_free(v->yajl);
	tutela_utf_fini(&v->blocks);
	tutela_vics_medium_fini(&v->medium);
}

const struct exchange_format tutela_format_vics = {
	.name = "vics",
	.line_default = VALUE_DEFAULT,
	.reader_size = sizeof(struct vics_reader),
	.open = vics_open,
	.feed = vics_feed,
	.finish = vics_finish,
	.close = vics_close,
	.begin = tutela_vics_set_begin,
	.put = tutela_vics_set_put,
	.end = tutela_vics_set_end,
};
