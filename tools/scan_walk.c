/* SPDX-License-Identifier: Apache-2.0 */
#include "scan.h"

#include <string.h>

#include "interrupt.h"
#include "name_stream.h"
#include "subject.h"

/* To the crew, unless an earlier run of this case had the file. */
static bool push(struct scan *s, const struct walk_item *item)
{
	struct tally_file file;
	enum case_step step = s->case_folder ? case_record_step(&s->record, item->path, &file) : CASE_STEP_SCAN;

	if (step == CASE_STEP_SCAN)
		return crew_push(s->crew, subject_from(item));
	if (step == CASE_STEP_DONE) {
		scan_count(s, &file);
		flood_see_line(&s->flood, s->record.result, s->record.result_len);
	} else {
		s->changed = true;
	}
	return step == CASE_STEP_DONE && !interrupt_asked();
}

bool scan_on_item(void *ctx, const struct walk_item *item)
{
	struct scan *s = ctx;

	switch (item->kind) {
	case WALK_FILE:
	case WALK_FAILED:
		return push(s, item);
	case WALK_SPECIAL:
		if (item->named)
			return push(s, item);
		s->tally.skipped_special++;
		break;
	case WALK_LINK:
		s->tally.skipped_links++;
		break;
	case WALK_MOUNT:
		s->tally.skipped_mounts++;
		break;
	case WALK_FILTERED:
		s->tally.skipped_filtered++;
		break;
	}
	return !interrupt_asked();
}

static bool on_name(void *ctx, char *text, size_t len, unsigned long long number)
{
	struct scan *s = ctx;

	(void)number;
	if (len && s->case_folder && !case_stands_apart(&s->folder, &text, 1)) {
		s->changed = true;
		return false;
	}
	return len == 0 || walk(&s->walk, text);
}

void scan_feed(struct scan *s)
{
	const struct names_opts names = {.path = s->from, .nul = s->nul, .detect = !s->nul, .line = on_name, .ctx = s};
	bool go = true;

	for (size_t i = 0; go && i < s->cli->n_args; i++) {
		const char *path = s->cli->args[i];

		if (strcmp(path, "-") == 0)
			go = crew_push(s->crew, subject_named(path));
		else
			go = walk(&s->walk, path);
	}
	if (go && s->from && !names_read(&names))
		s->broken = true;
	if (go && s->case_folder && !s->broken && !s->changed && !interrupt_asked() && !crew_stopped(s->crew))
		s->changed = !case_record_walked(&s->record);
}
