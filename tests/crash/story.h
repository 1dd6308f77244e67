/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a store goes through, by formula: after step n it holds what
 * story_at(n) says, and the command of step n + 1 leads to the next. Nothing
 * is kept between calls, so that every process of a test knows the truth.
 */
#ifndef TESTS_CRASH_STORY_H
#define TESTS_CRASH_STORY_H

#include "command.h"

#include <tutela/record.h>

#define STORY_LIST  "main"
#define STORY_OTHER "other" /* comes and goes as a whole */

struct story {
	uint64_t seed;
	uint32_t scale;     /* entries that an import adds */
	const char *tutela; /* the program */
	const char *folder; /* for its input */
};

struct story_entry {
	uint32_t generation; /* of its fingerprints: the step that made them */
	uint8_t issued;      /* enum tutela_status: what the list says */
	bool disputed;       /* the operator does, whatever the list says */
};

struct story_state {
	uint64_t version; /* of STORY_LIST; 0: there is none yet */
	size_t n;         /* its entries, by number */
	struct story_entry *entries;
	size_t n_other; /* entries of STORY_OTHER; 0: there is no such list */
};

/* What the store holds after `step` steps; 0: it is empty. Ends with story_free. */
void story_at(const struct story *s, unsigned step, struct story_state *out);
void story_free(struct story_state *state);

/* The word for what a step does: "import", "replace", "withdraw", ... */
const char *story_kind(unsigned step);

/* The command of a step, its input written to a file; and the one that makes the store. */
void story_command(const struct story *s, unsigned step, const char *store, struct command *out);
void story_init(const struct story *s, const char *store, struct command *out);

/* The record of an entry in a list; strings are static until the next call. */
void story_record(const struct story *s, const char *list, uint32_t number, uint32_t generation,
		  struct tutela_record *out);

uint64_t story_mix(uint64_t a, uint64_t b);

/* What is in force. */
static inline enum tutela_status story_status(const struct story_entry *e)
{
	return e->disputed ? TUTELA_DISPUTED : (enum tutela_status)e->issued;
}

#endif
