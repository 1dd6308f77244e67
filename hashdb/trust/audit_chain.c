/* SPDX-License-Identifier: Apache-2.0 */
/* Is a log of audit records whole, and the one that checkpoints were made of? */
#include <tutela/audit.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "exchange/json_load.h"
#include "exchange/utc_time.h"
#include "store/audit_log.h"
#include "store/snapshot.h"
#include "trust/audit_chain.h"
#include "trust/hex_text.h"

#define HEX_LEN      ((size_t)2 * TUTELA_AUDIT_HEAD_LEN)
#define LINE_MAX_LEN ((size_t)2 * AUDIT_DAMAGED_MAX + 256) /* of an export, which tells of damage in hexadecimal */

static int by_number(const void *a, const void *b)
{
	const struct tutela_audit_checkpoint *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

enum tutela_err tutela_audit_check_new(const struct tutela_audit_checkpoint *points, size_t n,
				       struct tutela_audit_check **out)
{
	struct tutela_audit_check *c;

	*out = NULL;
	if (n && !points)
		return TUTELA_E_ARG;
	c = tutela_mem_array(1, sizeof *c);
	if (!c)
		return TUTELA_E_NOMEM;
	c->n = n;
	c->points = tutela_mem_array(n ? n : 1, sizeof *c->points);
	if (!c->points) {
		free(c);
		return TUTELA_E_NOMEM;
	}
	if (n) {
		memcpy(c->points, points, n * sizeof *points);
		qsort(c->points, n, sizeof *points, by_number);
	}
	*out = c;
	return TUTELA_OK;
}

/* A gap may be owned up to later; `bad` is for what cannot be. */
__attribute__((format(printf, 3, 4))) static enum tutela_err bad(struct tutela_audit_check *c, uint64_t number,
								 const char *format, ...)
{
	va_list ap;

	c->past_help = true;
	c->verdict.bad = number;
	c->verdict.records = number ? number - 1 : 0;
	va_start(ap, format);
	(void)vsnprintf(c->verdict.reason, sizeof c->verdict.reason, format, ap);
	va_end(ap);
	return TUTELA_E_CORRUPT;
}

/* ------------------------------------------------------------------ gaps */

static enum tutela_err open_gap(struct tutela_audit_check *c, uint64_t first, uint64_t last, const uint8_t *digest,
				const char *reason)
{
	struct audit_gap *g = &c->gaps[c->n_gaps];

	if (c->n_gaps == TUTELA_AUDIT_GAPS_MAX)
		return bad(c, first, "%s; there are more than %d such places", reason, TUTELA_AUDIT_GAPS_MAX);
	memset(g, 0, sizeof *g);
	g->told.first = first;
	g->told.last = last;
	(void)snprintf(g->told.reason, sizeof g->told.reason, "%s", reason);
	g->before = c->number;
	memcpy(g->head_before, c->head, sizeof g->head_before);
	g->stands = digest != NULL;
	if (digest)
		memcpy(g->digest, digest, sizeof g->digest);
	c->n_gaps++;
	c->number = last;
	memcpy(c->head, g->digest, sizeof c->head);
	c->loose = true;
	/* Those are told of with the gap. */
	while (c->next < c->n && c->points[c->next].number <= last)
		c->next++;
	return TUTELA_OK;
}

enum tutela_err tutela_audit_check_missing(struct tutela_audit_check *c, uint64_t first, uint64_t last)
{
	char reason[96];

	(void)snprintf(reason, sizeof reason, "it is missing: record %" PRIu64 " comes next", last + 1);
	return open_gap(c, first, last, NULL, reason);
}

enum tutela_err tutela_audit_check_damaged(struct tutela_audit_check *c, const void *bytes, size_t len)
{
	uint8_t digest[TUTELA_AUDIT_HEAD_LEN];

	tutela_audit_digest(bytes, len, digest);
	return open_gap(c, c->number + 1, c->number + 1, digest, "its checksum does not hold");
}

/* A record whose numbers and chain hold says what was damaged before it. */
static void take_repair(struct tutela_audit_check *c, const json_t *o)
{
	const json_t *gaps = json_object_get(json_object_get(o, "detail"), "gaps"), *said;
	size_t at;

	json_array_foreach(gaps, at, said)
	{
		for (size_t i = 0; i < c->n_gaps; i++) {
			struct audit_gap *g = &c->gaps[i];

			if (g->told.repaired || !tutela_audit_gap_is(g, said))
				continue;
			g->told.repaired = c->number + 1;
			for (size_t p = 0; p < c->n; p++)
				g->told.cut +=
					c->points[p].number >= g->told.first && c->points[p].number < g->told.repaired;
		}
	}
}

/* ------------------------------------------------------------------ records */

static bool is_hex_of(const char *hex, size_t len, const uint8_t *bytes)
{
	char expected[HEX_LEN + 1];

	for (size_t i = 0; i < TUTELA_AUDIT_HEAD_LEN; i++)
		(void)snprintf(expected + 2 * i, 3, "%02x", bytes[i]);
	return len == HEX_LEN && !memcmp(hex, expected, HEX_LEN);
}

static bool word_is(const json_t *o, const char *key, const char *word)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s && !strcmp(s, word);
}

static enum tutela_err look_at_store(struct tutela_audit_check *c)
{
	char when[UTC_TIME_TEXT];

	for (size_t i = 0; i < c->n; i++) {
		(void)tutela_utc_format(c->points[i].time, when);
		if (strcmp(c->points[i].store, c->store) != 0)
			return bad(c, 1, "it is of another store than the checkpoint of %s", when);
	}
	return TUTELA_OK;
}

static enum tutela_err learn_store(struct tutela_audit_check *c, const json_t *o)
{
	const char *store = json_string_value(json_object_get(o, "store"));

	(void)snprintf(c->store, sizeof c->store, "%s", store ? store : "");
	return look_at_store(c);
}

/* Why a record does not hold; *why stays "" when it does. */
#define WRONG(...) (void)snprintf(why, WHY_MAX, __VA_ARGS__)
#define WHY_MAX    256

/* What the record says of itself, against where it stands. */
static void look_inside(const struct tutela_audit_check *c, const json_t *o, uint64_t number, char *why)
{
	const json_t *n = json_object_get(o, "number"), *prev = json_object_get(o, "prev");
	bool follows = json_is_string(prev) && is_hex_of(json_string_value(prev), json_string_length(prev), c->head);

	if (!word_is(o, "type", "audit"))
		WRONG("it is no audit record");
	else if (!json_is_integer(n) || json_integer_value(n) < 1)
		WRONG("it has no number");
	else if ((uint64_t)json_integer_value(n) != number)
		WRONG("number %" JSON_INTEGER_FORMAT " stands in its place", json_integer_value(n));
	else if (!json_is_string(prev))
		WRONG("it does not name the record before it");
	else if (!follows && !c->loose && number == 1)
		WRONG("it is said to follow another record");
	else if (!follows && !c->loose)
		WRONG("it does not follow record %" PRIu64 " as that is now: one of the two was changed", number - 1);
	else if (number == 1 && !word_is(o, "action", "create"))
		WRONG("it does not say that the store was created");
}

/* Checkpoints of the newest record that was looked at. */
static enum tutela_err hold_to_points(struct tutela_audit_check *c)
{
	for (; c->next < c->n && c->points[c->next].number <= c->number; c->next++) {
		const struct tutela_audit_checkpoint *p = &c->points[c->next];
		uint64_t from = c->next ? c->points[c->next - 1].number + 1 : 1;
		char when[UTC_TIME_TEXT];

		(void)tutela_utc_format(p->time, when);
		if (p->number == c->number && !memcmp(p->head, c->head, sizeof c->head))
			continue;
		return bad(c, p->number ? p->number : 1,
			   "it is not what the checkpoint of %s was made of: it was changed, or one before it from "
			   "record %" PRIu64 " on",
			   when, from < p->number ? from : p->number);
	}
	return TUTELA_OK;
}

/* "hex" of a line that tells of damage; its SHA-256 must be the one that it says. */
static bool told_digest(const json_t *o, uint8_t *digest)
{
	const json_t *hex = json_object_get(o, "hex"), *sha = json_object_get(o, "sha256");
	uint8_t said[TUTELA_AUDIT_HEAD_LEN], found[TUTELA_AUDIT_HEAD_LEN], *all;
	const char *s = json_string_value(hex);
	size_t len = json_string_length(hex);
	bool same = !hex;

	if (!json_is_string(sha) || !hex_text_read(json_string_value(sha), json_string_length(sha), said, sizeof said))
		return false;
	all = s && len % 2 == 0 && len <= (size_t)2 * AUDIT_DAMAGED_MAX ? tutela_mem_array(len / 2 + 1, 1) : NULL;
	if (all && hex_text_read(s, len, all, len / 2)) {
		tutela_audit_digest(all, len / 2, found);
		same = !memcmp(found, said, sizeof said);
	}
	free(all);
	if (same)
		memcpy(digest, said, sizeof said);
	return same;
}

/* An export tells of records that do not hold, and leaves out those that are missing. */
static enum tutela_err look_at_number(struct tutela_audit_check *c, const json_t *o)
{
	const json_t *n = json_object_get(o, "number");
	char reason[96];

	if (c->placed || !json_is_integer(n) || json_integer_value(n) <= (json_int_t)c->number + 1)
		return TUTELA_OK;
	(void)snprintf(reason, sizeof reason, "number %" JSON_INTEGER_FORMAT " stands in its place",
		       json_integer_value(n));
	return open_gap(c, c->number + 1, (uint64_t)json_integer_value(n) - 1, NULL, reason);
}

static bool tells_of_damage(const struct tutela_audit_check *c, const json_t *o)
{
	return !c->placed && word_is(o, "type", AUDIT_DAMAGED) &&
	       json_integer_value(json_object_get(o, "number")) == (json_int_t)c->number + 1;
}

static enum tutela_err look(struct tutela_audit_check *c, const void *json, size_t len, json_t *o)
{
	uint8_t digest[TUTELA_AUDIT_HEAD_LEN];
	char why[WHY_MAX] = "";
	uint64_t number;
	enum tutela_err err = o ? look_at_number(c, o) : TUTELA_OK;

	if (err)
		return err;
	number = c->number + 1;
	tutela_audit_digest(json, len, digest);
	if (!o)
		WRONG("it is no JSON object");
	else if (tells_of_damage(c, o) && told_digest(o, digest))
		WRONG("its checksum does not hold");
	else
		look_inside(c, o, number, why);
	if (*why)
		return open_gap(c, number, number, digest, why);
	if (number == 1 || (!*c->store && word_is(o, "action", AUDIT_REPAIR)))
		err = learn_store(c, o);
	if (err)
		return err;
	if (word_is(o, "action", AUDIT_REPAIR))
		take_repair(c, o);
	c->loose = false;
	c->number = number;
	memcpy(c->head, digest, sizeof c->head);
	return hold_to_points(c);
}

/* *out is NULL when it is no object. */
static enum tutela_err parse(const void *json, size_t len, json_t **out)
{
	enum tutela_err err = tutela_json_load(json, len, JSON_REJECT_DUPLICATES, out, NULL);

	return err == TUTELA_E_FORMAT ? TUTELA_OK : err;
}

enum tutela_err tutela_audit_check_record(struct tutela_audit_check *c, const void *json, size_t len)
{
	size_t most = c->placed ? TUTELA_AUDIT_RECORD_MAX : LINE_MAX_LEN;
	uint8_t digest[TUTELA_AUDIT_HEAD_LEN];
	enum tutela_err err;
	char why[WHY_MAX];
	json_t *o;

	if (c->past_help)
		return TUTELA_E_CORRUPT;
	if (c->number >= INT64_MAX)
		return bad(c, c->number, "no number comes after its own");
	if (len > most || memchr(json, '\n', len)) {
		tutela_audit_digest(json, len, digest);
		WRONG("it is not one line of at most %d bytes", TUTELA_AUDIT_RECORD_MAX);
		return open_gap(c, c->number + 1, c->number + 1, digest, why);
	}
	err = parse(json, len, &o);
	if (err)
		return err;
	err = look(c, json, len, o);
	json_decref(o);
	return err;
}

/* The first of what nobody owns up to: a gap, or what ended the look. */
static void judge(struct tutela_audit_check *c)
{
	struct tutela_audit_verdict *v = &c->verdict;

	if (!v->bad) {
		v->records = c->number;
		memcpy(v->head, c->head, sizeof v->head);
	}
	for (size_t i = 0; i < c->n_gaps; i++) {
		const struct audit_gap *g = &c->gaps[i];

		if (g->told.repaired)
			v->gaps[v->n_gaps++] = g->told;
		else if (!v->bad || g->told.first <= v->bad) {
			v->bad = g->told.first;
			v->records = g->before;
			memcpy(v->head, g->head_before, sizeof v->head);
			memcpy(v->reason, g->told.reason, sizeof v->reason);
		}
	}
}

enum tutela_err tutela_audit_check_end(struct tutela_audit_check *c, struct tutela_audit_verdict *verdict)
{
	char when[UTC_TIME_TEXT];

	memset(verdict, 0, sizeof *verdict);
	if (!c)
		return TUTELA_E_ARG;
	if (!c->past_help && !c->number)
		(void)bad(c, 1, "it is missing: the log is empty");
	if (!c->past_help && c->next < c->n) {
		uint64_t number = c->number;

		(void)tutela_utc_format(c->points[c->n - 1].time, when);
		(void)bad(c, number + 1, "it is missing: the checkpoint of %s covers %" PRIu64 " records", when,
			  c->points[c->n - 1].number);
	}
	judge(c);
	*verdict = c->verdict;
	free(c->points);
	free(c);
	return verdict->bad || verdict->n_gaps ? TUTELA_E_CORRUPT : TUTELA_OK;
}

/* ------------------------------------------------------------------ the log of a store */

enum tutela_err tutela_audit_walk(struct tutela_store *s, struct txn *txn, struct tutela_audit_check *c)
{
	struct audit_row row;
	enum tutela_err err = TUTELA_OK;

	c->placed = true;
	while (!err) {
		err = tutela_audit_next(s, txn, c->number, &row);
		if (err == TUTELA_E_NOTFOUND)
			return TUTELA_OK;
		if (err == TUTELA_E_CORRUPT)
			return bad(c, c->number + 1, "the log cannot be read on: %s", tutela_store_errmsg(s));
		if (!err && row.number > INT64_MAX)
			return bad(c, c->number + 1, "record %" PRIu64 " comes next: that is no number of one",
				   row.number);
		if (!err && row.number > c->number + 1)
			err = tutela_audit_check_missing(c, c->number + 1, row.number - 1);
		if (!err)
			err = row.sealed ? tutela_audit_check_record(c, row.bytes, row.len)
					 : tutela_audit_check_damaged(c, row.bytes, row.len);
	}
	return err;
}

enum tutela_err tutela_audit_verify(struct tutela_snapshot *snap, const struct tutela_audit_checkpoint *points,
				    size_t n, struct tutela_audit_verdict *verdict)
{
	struct tutela_audit_check *c;
	char uuid[37];
	enum tutela_err err, end;

	memset(verdict, 0, sizeof *verdict);
	if (!snap)
		return TUTELA_E_ARG;
	err = tutela_audit_check_new(points, n, &c);
	if (err)
		return err;
	(void)pthread_mutex_lock(&snap->lock);
	err = tutela_audit_walk(snap->store, snap->txn, c);
	(void)pthread_mutex_unlock(&snap->lock);
	tutela_schema_uuid_text(snap->view->state.uuid, uuid);
	if (!err && *c->store && strcmp(c->store, uuid))
		err = bad(c, 1, "it is of another store");
	end = tutela_audit_check_end(c, verdict);
	return err ? err : end;
}
