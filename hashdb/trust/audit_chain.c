/* SPDX-License-Identifier: Apache-2.0 */
/* Is a log of audit records whole, and the one that checkpoints were made of? */
#include <tutela/audit.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "exchange/json_load.h"
#include "exchange/utc_time.h"
#include "store/audit_log.h"
#include "store/snapshot.h"

#define HEX_LEN ((size_t)2 * TUTELA_AUDIT_HEAD_LEN)

struct tutela_audit_check {
	struct tutela_audit_checkpoint *points; /* in order of number */
	size_t n, next;
	char store[37]; /* as the first record says; "": it does not */
	struct tutela_audit_verdict verdict;
};

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

__attribute__((format(printf, 3, 4))) static enum tutela_err bad(struct tutela_audit_check *c, uint64_t number,
								 const char *format, ...)
{
	va_list ap;

	c->verdict.bad = number;
	va_start(ap, format);
	(void)vsnprintf(c->verdict.reason, sizeof c->verdict.reason, format, ap);
	va_end(ap);
	return TUTELA_E_CORRUPT;
}

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

/* What the record says of itself, against where it stands. */
static enum tutela_err look_inside(struct tutela_audit_check *c, const json_t *o, uint64_t number)
{
	const json_t *n = json_object_get(o, "number"), *prev = json_object_get(o, "prev");
	const char *store = json_string_value(json_object_get(o, "store"));

	if (!word_is(o, "type", "audit"))
		return bad(c, number, "it is no audit record");
	if (!json_is_integer(n) || json_integer_value(n) < 1)
		return bad(c, number, "it has no number");
	if ((uint64_t)json_integer_value(n) != number)
		return bad(c, number, "number %" JSON_INTEGER_FORMAT " stands in its place", json_integer_value(n));
	if (!json_is_string(prev))
		return bad(c, number, "it does not name the record before it");
	if (!is_hex_of(json_string_value(prev), json_string_length(prev), c->verdict.head) && number == 1)
		return bad(c, number, "it is said to follow another record");
	if (!is_hex_of(json_string_value(prev), json_string_length(prev), c->verdict.head))
		return bad(c, number,
			   "it does not follow record %" PRIu64 " as that is now: one of the two was changed",
			   number - 1);
	if (number == 1 && !word_is(o, "action", "create"))
		return bad(c, number, "it does not say that the store was created");
	if (number > 1)
		return TUTELA_OK;
	(void)snprintf(c->store, sizeof c->store, "%s", store ? store : "");
	return look_at_store(c);
}

/* Checkpoints of the newest record that was looked at. */
static enum tutela_err hold_to_points(struct tutela_audit_check *c)
{
	struct tutela_audit_verdict *v = &c->verdict;

	for (; c->next < c->n && c->points[c->next].number <= v->records; c->next++) {
		const struct tutela_audit_checkpoint *p = &c->points[c->next];
		uint64_t from = c->next ? c->points[c->next - 1].number + 1 : 1;
		char when[UTC_TIME_TEXT];

		(void)tutela_utc_format(p->time, when);
		if (p->number == v->records && !memcmp(p->head, v->head, sizeof v->head))
			continue;
		v->records = p->number ? p->number - 1 : 0;
		return bad(c, p->number,
			   "it is not what the checkpoint of %s was made of: it was changed, or one before it from "
			   "record %" PRIu64 " on",
			   when, from < p->number ? from : p->number);
	}
	return TUTELA_OK;
}

static enum tutela_err look(struct tutela_audit_check *c, const void *json, size_t len, uint64_t number)
{
	json_t *o;
	enum tutela_err err = tutela_json_load(json, len, JSON_REJECT_DUPLICATES, &o, NULL);

	if (!err)
		err = look_inside(c, o, number);
	else if (err == TUTELA_E_FORMAT)
		err = bad(c, number, "it is no JSON object");
	json_decref(o);
	return err;
}

enum tutela_err tutela_audit_check_record(struct tutela_audit_check *c, const void *json, size_t len)
{
	uint64_t number = c->verdict.records + 1;
	enum tutela_err err;

	if (c->verdict.bad)
		return TUTELA_E_CORRUPT;
	if (len > TUTELA_AUDIT_RECORD_MAX || memchr(json, '\n', len))
		return bad(c, number, "it is not one line of at most %d bytes", TUTELA_AUDIT_RECORD_MAX);
	err = look(c, json, len, number);
	if (err)
		return err;
	tutela_audit_digest(json, len, c->verdict.head);
	c->verdict.records = number;
	return hold_to_points(c);
}

enum tutela_err tutela_audit_check_end(struct tutela_audit_check *c, struct tutela_audit_verdict *verdict)
{
	char when[UTC_TIME_TEXT];

	memset(verdict, 0, sizeof *verdict);
	if (!c)
		return TUTELA_E_ARG;
	if (!c->verdict.bad && !c->verdict.records)
		(void)bad(c, 1, "it is missing: the log is empty");
	if (!c->verdict.bad && c->next < c->n) {
		(void)tutela_utc_format(c->points[c->n - 1].time, when);
		(void)bad(c, c->verdict.records + 1, "it is missing: the checkpoint of %s covers %" PRIu64 " records",
			  when, c->points[c->n - 1].number);
	}
	*verdict = c->verdict;
	free(c->points);
	free(c);
	return verdict->bad ? TUTELA_E_CORRUPT : TUTELA_OK;
}

/* ------------------------------------------------------------------ the log of a store */

enum tutela_err tutela_audit_walk(struct tutela_store *s, struct txn *txn, struct tutela_audit_check *c)
{
	uint64_t number = 0;
	enum tutela_err err = TUTELA_OK;
	const char *json;
	size_t len;

	for (uint64_t expected = 1; !err; expected++) {
		err = tutela_audit_next(s, txn, &number, &json, &len);
		if (err == TUTELA_E_NOTFOUND)
			return TUTELA_OK;
		if (err && err != TUTELA_E_CORRUPT)
			return err;
		if (number > expected)
			return bad(c, expected, "it is missing: record %" PRIu64 " comes next", number);
		if (err || number < expected)
			return bad(c, expected, "its checksum does not hold");
		err = tutela_audit_check_record(c, json, len);
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
	if (!err && c->verdict.records && strcmp(c->store, uuid))
		err = bad(c, 1, "it is of another store");
	end = tutela_audit_check_end(c, verdict);
	return err ? err : end;
}
