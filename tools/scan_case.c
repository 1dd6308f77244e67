/* SPDX-License-Identifier: Apache-2.0 */
#include "scan.h"

#include "message.h"
#include "output.h"
#include "printable.h"
#include "scan_facts.h"

static json_t *run_facts(const struct scan *s, unsigned jobs)
{
	json_t *run = json_object();

	json_object_set_new(run, "started", facts_now());
	json_object_set_new(run, "machine", facts_machine());
	json_object_set_new(run, "jobs", json_integer(jobs));
	json_object_set_new(run, "lists", s->tally.lists ? json_incref(s->tally.lists) : json_array());
	if (s->operator_name)
		json_object_set_new(run, "operator", json_string(s->operator_name));
	return run;
}

/* What the results depend on: with another of these, they are others. */
static json_t *identity(const struct scan *s)
{
	json_t *o = json_pack("{s:s, s:o, s:O}", "tool_version", TUTELA_VERSION, "parameters", scan_parameters(s),
			      "lists", s->lists);

	if (s->evidence)
		json_object_set_new(o, "evidence", json_string(s->evidence));
	return o;
}

static int say_complete(const struct scan *s)
{
	json_t *summary = case_summary(&s->folder);
	const char *ended = json_string_value(json_object_get(summary, "ended"));
	char files[96], match[32];

	if (s->cli->json)
		output_json(json_incref(summary));
	else if (!s->cli->quiet)
		output_print("this case is complete since %s: %s, %s match; --restart scans again\n",
			     ended ? ended : "-",
			     printable_things((uint64_t)json_integer_value(json_object_get(summary, "files")), "file",
					      "files", files),
			     printable_count((uint64_t)json_integer_value(json_object_get(summary, "match")), match));
	return case_status(&s->folder);
}

static int end_case(struct scan *s, int status)
{
	const char *state = s->tally.failed || s->changed ? "failed"
			    : s->tally.interrupted        ? "interrupted"
							  : "complete";
	json_t *summary = tally_json(&s->tally);
	char n[96];
	bool ok = s->changed || (case_record_sync(&s->record) && case_run_ends(&s->folder, state, summary, status));

	json_decref(summary);
	if (s->record.done && !s->cli->quiet && ok)
		message_note("%s been done before", printable_things(s->record.done, "file had", "files had", n));
	return ok && !s->changed && !s->unwritten ? status : STATUS_TROUBLE;
}

int scan_case(struct scan *s, unsigned jobs)
{
	json_t *about = identity(s);
	enum case_state state;
	int status = STATUS_TROUBLE;

	s->folder.path = s->case_folder;
	state = case_open(&s->folder, about, s->restart, s->cli->args, s->cli->n_args);
	if (state == CASE_COMPLETE) {
		status = say_complete(s);
	} else if (state == CASE_OPEN && case_run_begins(&s->folder, run_facts(s, jobs))) {
		if (case_record_open(&s->record, &s->folder))
			status = end_case(s, scan_all(s, jobs));
		case_record_close(&s->record);
	}
	case_close(&s->folder);
	json_decref(about);
	return status;
}
