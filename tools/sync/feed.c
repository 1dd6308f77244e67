/* SPDX-License-Identifier: Apache-2.0 */
/* Which feeds there are, and what they have in common. */
#include <string.h>

#include "interrupt.h"
#include "message.h"
#include "output.h"
#include "printable.h"
#include "sync/feed.h"
#include "sync/sync_tally.h"

/* NULL ends it. */
static const struct feed *const feeds[] = {
	&feed_bundle,
	NULL,
};

const struct feed *feed_of(enum tutela_source_type type)
{
	for (size_t i = 0; feeds[i]; i++)
		if (feeds[i]->type == type)
			return feeds[i];
	return NULL;
}

bool sync_stop(const struct sync_job *job)
{
	(void)job;
	return interrupt_asked();
}

const char *sync_list_name(const struct tutela_source *source)
{
	return source->list[0] ? source->list : source->name;
}

/* ------------------------------------------------------------------ reports */

static const char *status_name(enum sync_status status)
{
	static const char *const names[] = {"ok", "refused", "failed"};

	return names[status];
}

static void print_json(const struct sync_job *job, const struct sync_outcome *o)
{
	json_t *line = json_object();

	json_object_set_new(line, "type", json_string("sync"));
	json_object_set_new(line, "source", json_string(job->source->name));
	json_object_set_new(line, "list", json_string(o->list));
	json_object_set_new(line, "from_version", json_integer((json_int_t)o->from_version));
	json_object_set_new(line, "to_version", json_integer((json_int_t)o->to_version));
	json_object_set_new(line, "added", json_integer((json_int_t)o->added));
	json_object_set_new(line, "changed", json_integer((json_int_t)o->changed));
	json_object_set_new(line, "withdrawn", json_integer((json_int_t)o->withdrawn));
	json_object_set_new(line, "quarantined", json_integer((json_int_t)o->quarantined));
	json_object_set_new(line, "status", json_string(status_name(o->status)));
	json_object_set_new(line, "reason", o->reason ? output_string(o->reason, strlen(o->reason)) : json_null());
	json_object_set_new(line, "expired", json_boolean(o->expired));
	json_object_set_new(line, "dry_run", json_boolean(job->dry_run));
	output_json(line);
}

static void print_text(const struct sync_job *job, const struct sync_outcome *o)
{
	char a[32], b[32], c[32], d[32];

	output_print("source '%s', list '%s', %s", job->source->name, o->list, job->dry_run ? "would be " : "");
	if (o->from_version == o->to_version)
		output_print("version %llu: nothing new\n", (unsigned long long)o->to_version);
	else
		output_print("version %llu after %llu: %s added, %s changed, %s withdrawn, %s held\n",
			     (unsigned long long)o->to_version, (unsigned long long)o->from_version,
			     printable_count(o->added, a), printable_count(o->changed, b),
			     printable_count(o->withdrawn, c), printable_count(o->quarantined, d));
}

static void say(const struct sync_job *job, const struct sync_outcome *o)
{
	const char *reason = o->reason ? o->reason : "it did not go well, and nobody says why";

	if (o->status != SYNC_OK && o->list[0])
		message_error(job->source->name, "list '%s' %s: %s", o->list, status_name(o->status), reason);
	else if (o->status != SYNC_OK)
		message_error(job->source->name, "%s: %s", status_name(o->status), reason);
	if (o->expired)
		message_warning(o->list, "THIS LIST HAS EXPIRED: what it holds still matches, but its source has not "
					 "confirmed it in time");
}

void sync_report(struct sync_job *job, const struct sync_outcome *outcome)
{
	struct sync_tally *tally = job->tally;

	tally->reports++;
	if (outcome->status == SYNC_REFUSED)
		tally->refused++;
	else if (outcome->status == SYNC_FAILED)
		tally->failed++;
	if (outcome->status != SYNC_OK && !tally->reason[0] && outcome->reason) {
		strncpy(tally->reason, outcome->reason, sizeof(tally->reason) - 1);
		tally->reason[sizeof(tally->reason) - 1] = '\0';
	}
	if (tally->json)
		print_json(job, outcome);
	else if (!tally->quiet && outcome->status == SYNC_OK)
		print_text(job, outcome);
	say(job, outcome);
}

enum tutela_err sync_report_error(struct sync_job *job, const char *list, enum tutela_err err)
{
	const char *own = tutela_store_errmsg(job->store);
	struct sync_outcome o = {.list = list, .status = SYNC_FAILED};

	if (err == TUTELA_E_REFUSED || err == TUTELA_E_FORMAT || err == TUTELA_E_TOOBIG)
		o.status = SYNC_REFUSED;
	o.reason = err == TUTELA_E_INTERRUPTED ? "interrupted" : *own ? own : tutela_strerror(err);
	sync_report(job, &o);
	return err;
}

enum tutela_err sync_list_mine(struct sync_job *job, struct tutela_snapshot *snap, const char *list, uint64_t *version)
{
	struct sync_outcome o = {.list = list, .status = SYNC_REFUSED};
	char reason[512];
	struct tutela_list there;
	enum tutela_err err = tutela_snapshot_list(snap, list, &there);

	*version = 0;
	if (err == TUTELA_E_NOTFOUND)
		return TUTELA_OK;
	if (err)
		return sync_report_error(job, list, err);
	*version = there.version;
	if (strcmp(there.source, job->source->name) == 0)
		return TUTELA_OK;
	(void)snprintf(reason, sizeof(reason), "there is a list '%s' already, and it is of '%s'", list, there.source);
	o.reason = reason;
	o.from_version = o.to_version = there.version;
	sync_report(job, &o);
	return TUTELA_E_EXISTS;
}
