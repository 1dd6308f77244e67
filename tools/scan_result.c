/* SPDX-License-Identifier: Apache-2.0 */
#include "scan.h"

#include <stdlib.h>

#include "interrupt.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "results.h"
#include "subject.h"

struct outcome {
	char *text;
	size_t len;
	char *line; /* of files.jsonl */
	size_t line_len;
	struct tally_file file;
	enum tutela_err fatal;
};

void scan_drop(void *ctx, void *job)
{
	(void)ctx;
	subject_free(job);
}

/* What depends on the time of the scan stands in case.json, not in the results. */
static void without_times(json_t *hits)
{
	json_t *hit;
	size_t i;

	json_array_foreach(hits, i, hit) json_object_del(hit, "expired");
}

static char *as_json(const struct scan *s, const struct subject *j, const struct finding *f, size_t *len)
{
	json_t *object = result_file(j->path, f, false);

	if (s->evidence)
		json_object_set_new(object, "evidence", json_string(s->evidence));
	result_set_verdict(object, f, true);
	if (s->case_folder) {
		without_times(json_object_get(object, "hits"));
		without_times(json_object_get(object, "excluded_by"));
	}
	return output_json_text(object, len);
}

static char *as_text(const struct subject *j, const struct finding *f, size_t *len)
{
	char *text = NULL;
	FILE *out = memory_stream(&text, len);

	result_print(out, j->path, f);
	memory_stream_end(out, &text);
	return text;
}

/* Trouble with reading, and with what was named, is also said on stderr. */
static void complain(const struct scan *s, const struct subject *j, const struct finding *f)
{
	if (f->verdict != VERDICT_UNDETERMINED || s->doubled)
		return;
	if (j->named || f->decoded.class_ == TUTELA_DECODE_UNREADABLE)
		message_error(j->path, "%s", f->reason);
}

void *scan_work(void *ctx, void *job)
{
	struct scan *s = ctx;
	struct subject *j = job;
	struct finding *f = memory_array(1, sizeof(*f));
	struct outcome *o = memory_array(1, sizeof(*o));

	subject_look(j, &s->pipeline, s->follow, f);
	complain(s, j, f);
	flood_see(&s->flood, f);
	journaling_add(&s->journaling, j->path, f);
	o->fatal = f->fatal;
	tally_file(&o->file, f);
	if (f->verdict != VERDICT_NO_MATCH || f->allowed || s->all)
		o->text = s->cli->json || s->case_folder ? as_json(s, j, f, &o->len) : as_text(j, f, &o->len);
	if (s->case_folder)
		o->line = case_record_line(j->path, f, o->text, o->len, &o->line_len);
	finding_free(f);
	free(f);
	subject_free(j);
	return o;
}

static void print_heads(struct scan *s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	if (s->headed || s->cli->json || s->cli->quiet)
		return;
	s->headed = true;
	out = memory_stream(&text, &len);
	result_print_heads(out, "PATH");
	memory_stream_end(out, &text);
	output_write(text, len);
	free(text);
}

void scan_count(struct scan *s, const struct tally_file *file)
{
	tally_add(&s->tally, file);
	atomic_store(&s->progress.done, s->tally.files);
	atomic_store(&s->progress.bytes, s->tally.bytes);
	atomic_store(&s->progress.hits, s->tally.match);
	atomic_store(&s->progress.undetermined, s->tally.undetermined);
}

/* A result is printed, or goes to the case. */
static bool put_result(struct scan *s, const struct outcome *o)
{
	if (s->case_folder)
		return case_record_add(&s->record, o->text, o->len, o->line, o->line_len);
	if (!o->text)
		return true;
	print_heads(s);
	return output_write(o->text, o->len);
}

bool scan_done(void *ctx, void *result)
{
	struct scan *s = ctx;
	struct outcome *o = result;
	bool go = !o->fatal;

	journaling_retry(&s->journaling);
	if (o->fatal && !s->tally.failed) {
		s->tally.failed = true;
		message_error("tutela-decoder", "%s", tutela_strerror(o->fatal));
	}
	/* The record of a case has no gap: behind a file that could not be looked at or noted, none is noted. */
	if (!s->case_folder || !s->tally.failed) {
		scan_count(s, &o->file);
		s->unwritten |= !put_result(s, o);
		go &= !s->unwritten;
		s->tally.failed |= s->case_folder && !go;
	}
	free(o->line);
	free(o->text);
	free(o);
	return go;
}
