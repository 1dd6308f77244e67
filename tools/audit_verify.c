/* SPDX-License-Identifier: Apache-2.0 */
/* Is the audit log whole? And what to do when it is not. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit_points.h"
#include "interrupt.h"
#include "memory.h"
#include "message.h"
#include "name_stream.h"
#include "output.h"
#include "printable.h"

/* ---------------------------------------------------------------- gaps */

static uint64_t number_of(const char *text)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	return errno || *end || *text < '0' || *text > '9' ? 0 : n;
}

static bool holds(const struct tutela_audit_gap *g, uint64_t n)
{
	return g->first <= n && n <= g->last;
}

static bool is_known(const struct audit_words *w, const struct tutela_audit_gap *g)
{
	for (size_t i = 0; i < w->excepts.n; i++)
		if (holds(g, number_of(w->excepts.items[i].value)))
			return true;
	return false;
}

/* "records 4 to 6" */
static char *name_of(const struct tutela_audit_gap *g)
{
	if (g->first == g->last)
		return memory_format("record %llu", (unsigned long long)g->first);
	return memory_format("records %llu to %llu", (unsigned long long)g->first, (unsigned long long)g->last);
}

/* False: the gap was not known to whoever asks. */
static bool tell_gap(const struct audit_words *w, const struct tutela_audit_gap *g)
{
	bool known = is_known(w, g);
	char *name = name_of(g), *cut = memory_text(""), n[96];

	if (g->cut) {
		free(cut);
		cut = memory_format(
			"; %s for the records before it",
			printable_things(g->cut, "checkpoint no longer speaks", "checkpoints no longer speak", n));
	}
	if (known)
		message_note("%s of the audit log: a known gap, owned up to by record %llu%s", name,
			     (unsigned long long)g->repaired, cut);
	else
		message_error(NULL, "%s of the audit log: a gap, owned up to by record %llu: %s%s", name,
			      (unsigned long long)g->repaired, g->reason, cut);
	free(cut);
	free(name);
	return known;
}

static bool tell_gaps(const struct audit_words *w, const struct tutela_audit_verdict *v)
{
	bool ok = true;

	for (size_t i = 0; i < v->n_gaps; i++)
		ok &= tell_gap(w, &v->gaps[i]);
	for (size_t k = 0; k < w->excepts.n; k++) {
		uint64_t n = number_of(w->excepts.items[k].value);
		bool there = false;

		for (size_t i = 0; i < v->n_gaps; i++)
			there |= holds(&v->gaps[i], n);
		if (!there)
			message_error(NULL, "record %llu of the audit log: there is no gap that a record owns up to",
				      (unsigned long long)n);
		ok &= there;
	}
	return ok;
}

static json_t *gaps_json(const struct audit_words *w, const struct tutela_audit_verdict *v)
{
	json_t *out = json_array();

	for (size_t i = 0; i < v->n_gaps; i++) {
		const struct tutela_audit_gap *g = &v->gaps[i];

		json_array_append_new(out,
				      json_pack("{s:I, s:I, s:I, s:I, s:b, s:s}", "first", (json_int_t)g->first, "last",
						(json_int_t)g->last, "repaired", (json_int_t)g->repaired, "cut",
						(json_int_t)g->cut, "known", is_known(w, g), "reason", g->reason));
	}
	return out;
}

/* ---------------------------------------------------------------- verify */

static void print_verdict(const struct audit_words *w, const struct audit_points *points,
			  const struct tutela_audit_verdict *v)
{
	char *head = printable_hex(v->head, sizeof(v->head));
	json_t *o = json_pack("{s:s, s:b, s:I, s:i}", "type", "audit-verify", "whole", !v->bad && !v->n_gaps, "records",
			      (json_int_t)v->records, "checkpoints", (int)points->n);

	if (v->bad) {
		json_object_set_new(o, "bad", json_integer((json_int_t)v->bad));
		json_object_set_new(o, "reason", json_string(v->reason));
	} else {
		json_object_set_new(o, "head", json_string(head));
	}
	if (v->n_gaps)
		json_object_set_new(o, "gaps", gaps_json(w, v));
	output_json(o);
	free(head);
}

static int tell_verdict(const struct audit_words *w, const struct audit_points *points,
			const struct tutela_audit_verdict *v)
{
	char *head = printable_hex(v->head, sizeof(v->head)), n[96], m[96];
	bool known;

	if (v->bad)
		message_error(NULL, "record %llu of the audit log does not hold: %s", (unsigned long long)v->bad,
			      v->reason);
	known = tell_gaps(w, v);
	if (w->cli->json)
		print_verdict(w, points, v);
	else if (!v->bad && !w->cli->quiet)
		output_print("the audit log is whole%s: %s, held to %s, head %s\n",
			     v->n_gaps ? " but for its gaps" : "", printable_things(v->records, "record", "records", n),
			     printable_things(points->n, "checkpoint", "checkpoints", m), head);
	if (!v->bad && !points->n)
		message_note("without a checkpoint, a log that was rewritten whole cannot be told from the true one");
	free(head);
	return v->bad || !known ? STATUS_TROUBLE : STATUS_OK;
}

static bool on_line(void *ctx, char *text, size_t len, unsigned long long number)
{
	(void)number;
	return tutela_audit_check_record(ctx, text, len) == TUTELA_OK;
}

static int verify_export(const struct audit_words *w, const struct audit_points *points)
{
	struct tutela_audit_check *check;
	struct names_opts names = {.path = w->export, .line = on_line};
	struct tutela_audit_verdict verdict;
	bool read;

	if (tutela_audit_check_new(points->items, points->n, &check)) {
		message_error(w->export, "%s", tutela_strerror(TUTELA_E_NOMEM));
		return STATUS_TROUBLE;
	}
	names.ctx = check;
	read = names_read(&names) && !interrupt_asked();
	(void)!tutela_audit_check_end(check, &verdict);
	return read ? tell_verdict(w, points, &verdict) : STATUS_TROUBLE;
}

static int verify_store(const struct audit_words *w, const struct audit_points *points)
{
	struct tutela_audit_verdict verdict;
	struct tutela_snapshot *snapshot;
	struct tutela_store *store;
	enum tutela_err error;
	int status;

	if (!cli_open_snapshot(w->cli, &store, &snapshot))
		return STATUS_TROUBLE;
	error = tutela_audit_verify(snapshot, points->items, points->n, &verdict);
	status = error && !verdict.bad && !verdict.n_gaps ? cli_store_error(store, w->cli->store, error)
							  : tell_verdict(w, points, &verdict);
	tutela_snapshot_close(snapshot);
	tutela_store_close(store);
	return status;
}

int audit_verify(const struct audit_words *w)
{
	struct audit_points points = {.n = 0};
	int status = STATUS_TROUBLE;

	if (w->checkpoints.n && !w->keys.n)
		return cli_usage(w->cli, "--checkpoint", "say who signs: --key FILE");
	for (size_t i = 0; i < w->excepts.n; i++)
		if (!number_of(w->excepts.items[i].value))
			return cli_usage(w->cli, "--except", "'%s' is no record's number", w->excepts.items[i].value);
	if (audit_points_read(w, &points))
		status = w->export ? verify_export(w, &points) : verify_store(w, &points);
	free(points.items);
	return status;
}

/* ---------------------------------------------------------------- repair */

int audit_repair(const struct audit_words *w)
{
	struct tutela_audit_verdict verdict;
	struct tutela_store *store;
	enum tutela_err error;
	uint64_t number;

	if (!w->reason || !*w->reason)
		return cli_usage(w->cli, NULL, "say what is known of the damage: --reason TEXT");
	if (!w->yes)
		return cli_usage(w->cli, NULL,
				 "this adds a record that owns up to the damage for ever; say --yes to do it");
	store = cli_open_store(w->cli, true);
	if (!store)
		return STATUS_TROUBLE;
	error = tutela_audit_repair(store, w->reason, &number, &verdict);
	if (error == TUTELA_E_NOTFOUND)
		message_error(NULL, "the audit log has no damage that no record owns up to");
	else if (error)
		cli_store_error(store, w->cli->store, error);
	else if (w->cli->json)
		output_json(json_pack("{s:s, s:I, s:I, s:s}", "type", "audit-repair", "number", (json_int_t)number,
				      "bad", (json_int_t)verdict.bad, "reason", verdict.reason));
	else if (!w->cli->quiet)
		output_print("record %llu owns up to the damage at record %llu: %s\n", (unsigned long long)number,
			     (unsigned long long)verdict.bad, verdict.reason);
	if (!error)
		message_note("make a checkpoint now: those from between damage and repair do not speak for all of the "
			     "log");
	tutela_store_close(store);
	return error ? STATUS_TROUBLE : STATUS_OK;
}
