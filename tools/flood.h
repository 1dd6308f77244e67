/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of known lists that match very many files of a scan: most likely
 * they are wrong (a blank page, a logo), and the list should be looked at.
 *
 * Memory is bounded: when 65,536 entries have matched, those that matched no
 * more than half of them do are forgotten, and count from zero if they match
 * again. So a number of files may be too small, never too large, and an entry
 * that matches more than most others is not lost.
 *
 * Thread safety: flood_see and flood_see_line from any thread, between flood_begin and the rest.
 */
#ifndef TUTELA_TOOLS_FLOOD_H
#define TUTELA_TOOLS_FLOOD_H

#include <jansson.h>
#include <pthread.h>

#include "cli.h"
#include "count_table.h"
#include "pipeline.h"

#define FLOOD_ENTRIES_MAX 65536
#define FLOOD_FILES       1000 /* by default more than these, and */
#define FLOOD_PERCENT     1    /* more than this of the files looked at */
#define FLOOD_SHOWN_MAX   1000

struct flood {
	uint64_t limit; /* entries that match more files than this, whatever their list says; 0: as it says */
	bool review;    /* with action_given: hits beyond the limit ask for review or not, whatever their list says */
	bool action_given; /* else: as it says */
	const char *unit;  /* what is looked at, "files" unless it says otherwise */
	bool unmarked;     /* no hit is marked: which ones are beyond the limit depends on the order of work */

	/* private */
	json_t *rules; /* by list: {"files","review"}; NULL: none has its own */
	pthread_mutex_t lock;
	uint64_t files;
	struct count_table table;
};

/* The options of this, for a table of struct cli_option. `what` is looked at. */
#define FLOOD_OPTIONS(flood, action, what)                                                                             \
	{.name = "flood",                                                                                              \
	 .argument = "N",                                                                                              \
	 .number = &(flood)->limit,                                                                                    \
	 .least = 1,                                                                                                   \
	 .most = UINT32_MAX,                                                                                           \
	 .help = "name entries that match more " what " than N, whatever their list says; default: over 1000 and "     \
		 "over 1 percent"},                                                                                    \
	{                                                                                                              \
		.name = "flood-action", .argument = "ACTION", .text = (action),                                        \
		.help = "flag; review: their further hits get the action 'review'; else as their list says"            \
	}

void flood_begin(struct flood *f);

/* What --flood-action says (NULL: nothing), into the flood. CLI_GO or STATUS_USAGE. */
int flood_set_action(struct flood *f, const struct cli *cli, const char *action);

/* The policies of all lists of a store. */
enum tutela_err flood_lists(struct flood *f, struct tutela_snapshot *snapshot);

/* What a list's policy says of floods. */
void flood_list(struct flood *f, const struct tutela_list *list);

/* A file was looked at. For review, hits of entries that are beyond the limit by now get that action and a mark. */
void flood_see(struct flood *f, struct finding *finding);

/* The same of a file that an earlier run looked at: its line of the results, or NULL when it has none. */
void flood_see_line(struct flood *f, const char *line, size_t len);

/* [{"source","list","entry","files","action"}], the action "flag" or "review": entries beyond the limit, most files
 * first, at most FLOOD_SHOWN_MAX of them. */
json_t *flood_json(const struct flood *f);

/* A warning for each of these, up to ten. */
void flood_warn(const struct flood *f, const json_t *entries);

void flood_free(struct flood *f);

#endif
