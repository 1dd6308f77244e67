/* SPDX-License-Identifier: Apache-2.0 */
#include "story.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { ADD, OTHER_ADD, CHANGE, WITHDRAW, REPLACE, DISPUTE, OTHER_REMOVE, RESTORE, REBUILD, KINDS };

static const char *const names[KINDS] = {"import",      "import of another list", "import of changes",
					 "withdraw",    "import --replace",       "withdraw --dispute",
					 "list remove", "withdraw --restore",     "check --rebuild"};

static enum kind kind_of(unsigned step)
{
	return (enum kind)((step - 1) % KINDS);
}

const char *story_kind(unsigned step)
{
	return names[kind_of(step)];
}

uint64_t story_mix(uint64_t a, uint64_t b)
{
	uint64_t x = a * UINT64_C(0x9e3779b97f4a7c15) + b + UINT64_C(0x632be59bd9b4e019);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* Is it an entry's turn in this step? One of `every` is. */
static bool chosen(const struct story *s, unsigned step, size_t number, unsigned every)
{
	return story_mix(s->seed ^ step, number) % every == 0;
}

/* What an entry becomes in a step; true when the step names it. */
static bool apply(const struct story *s, unsigned step, size_t number, size_t n, struct story_entry *e)
{
	switch (kind_of(step)) {
	case ADD:
		/* A part of what is there is said again. */
		if (number >= n)
			*e = (struct story_entry){.generation = step};
		return number >= n || (story_status(e) == TUTELA_ACTIVE && chosen(s, step, number, 8));
	case CHANGE:
		if (number < n && !chosen(s, step, number, 4))
			return false;
		*e = (struct story_entry){.generation = step, .disputed = number < n && e->disputed};
		return true;
	case REPLACE:
		if (chosen(s, step, number, 3)) {
			e->issued = TUTELA_WITHDRAWN;
			return false;
		}
		if (number >= n || chosen(s, step + 1000, number, 2))
			e->generation = step;
		e->issued = TUTELA_ACTIVE;
		return true;
	case WITHDRAW:
	case DISPUTE:
		if (story_status(e) != TUTELA_ACTIVE || !chosen(s, step, number, 5))
			return false;
		if (kind_of(step) == WITHDRAW)
			e->issued = TUTELA_WITHDRAWN;
		else
			e->disputed = true;
		return true;
	case RESTORE:
		if (story_status(e) == TUTELA_ACTIVE || !chosen(s, step, number, 2))
			return false;
		e->issued = TUTELA_ACTIVE;
		e->disputed = false;
		return true;
	default:
		return false;
	}
}

static size_t grown(const struct story *s, unsigned step, size_t n)
{
	return kind_of(step) == ADD ? n + s->scale : kind_of(step) == CHANGE ? n + s->scale / 4 : n;
}

/* Go one step on. `state` has room for all entries. */
static void advance(const struct story *s, unsigned step, struct story_state *state)
{
	size_t n = grown(s, step, state->n);
	enum kind kind = kind_of(step);

	for (size_t i = 0; i < n; i++)
		(void)apply(s, step, i, state->n, &state->entries[i]);
	state->n = n;
	if (kind == OTHER_ADD || kind == OTHER_REMOVE)
		state->n_other = kind == OTHER_ADD ? s->scale / 2 + 1 : 0;
	else if (kind != REBUILD)
		state->version++;
}

void story_at(const struct story *s, unsigned step, struct story_state *out)
{
	memset(out, 0, sizeof *out);
	out->entries = calloc((size_t)s->scale * (step + 1) + 1, sizeof *out->entries);
	if (!out->entries)
		die("out of memory");
	for (unsigned i = 1; i <= step; i++)
		advance(s, i, out);
}

void story_free(struct story_state *state)
{
	free(state->entries);
	memset(state, 0, sizeof *state);
}

static void fill(struct tutela_hash *h, enum tutela_algorithm algorithm, uint64_t seed)
{
	*h = (struct tutela_hash){.algorithm = (uint16_t)algorithm,
				  .len = (uint16_t)(tutela_algorithm_get(algorithm)->bits / 8)};
	for (unsigned i = 0; i < h->len; i++)
		h->bytes[i] = (uint8_t)(story_mix(seed + algorithm, i / 8) >> 8 * (i % 8));
}

void story_record(const struct story *s, const char *list, uint32_t number, uint32_t generation,
		  struct tutela_record *out)
{
	uint64_t seed = story_mix(story_mix(s->seed, (uint64_t)list[0] << 32 | generation), number);
	static char id[32];

	memset(out, 0, sizeof *out);
	out->id = (struct tutela_text){id, (size_t)snprintf(id, sizeof id, "%s-%u", list, number)};
	fill(&out->fingerprints[out->n_fingerprints++], TUTELA_ALG_MD5, seed);
	if (number % 2)
		fill(&out->fingerprints[out->n_fingerprints++], TUTELA_ALG_SHA256, seed);
	if (number % 3 == 0)
		fill(&out->fingerprints[out->n_fingerprints++], TUTELA_ALG_PDQ, seed);
	if (number % 5 == 0)
		fill(&out->fingerprints[out->n_fingerprints++], TUTELA_ALG_PHASH, seed);
}

/* ------------------------------------------------------------------ commands */

static void write_hash(FILE *f, const struct tutela_record *rec, enum tutela_algorithm algorithm)
{
	(void)fputc(',', f);
	for (size_t i = 0; i < rec->n_fingerprints; i++)
		if (rec->fingerprints[i].algorithm == algorithm)
			for (unsigned k = 0; k < rec->fingerprints[i].len; k++)
				(void)fprintf(f, "%02x", rec->fingerprints[i].bytes[k]);
}

static void write_row(FILE *f, const struct story *s, const char *list, uint32_t number, uint32_t generation)
{
	struct tutela_record rec;

	story_record(s, list, number, generation, &rec);
	(void)fprintf(f, "%.*s", (int)rec.id.len, rec.id.s);
	write_hash(f, &rec, TUTELA_ALG_MD5);
	write_hash(f, &rec, TUTELA_ALG_SHA256);
	write_hash(f, &rec, TUTELA_ALG_PDQ);
	write_hash(f, &rec, TUTELA_ALG_PHASH);
	(void)fputc('\n', f);
}

static void write_input(const struct story *s, unsigned step, const char *path)
{
	enum kind kind = kind_of(step);
	bool csv = kind == ADD || kind == CHANGE || kind == REPLACE || kind == OTHER_ADD;
	struct story_state state;
	FILE *f = fopen(path, "w");
	size_t n;

	if (!f)
		die("'%s': %s", path, strerror(errno));
	if (csv)
		(void)fputs("id,md5,sha256,pdq,phash\n", f);
	story_at(s, step - 1, &state);
	n = grown(s, step, state.n);
	for (size_t i = 0; i < n; i++) {
		struct story_entry *e = &state.entries[i];

		if (!apply(s, step, i, state.n, e))
			continue;
		if (csv)
			write_row(f, s, STORY_LIST, (uint32_t)i, e->generation);
		else
			(void)fprintf(f, "%s-%zu\n", STORY_LIST, i);
	}
	for (size_t i = 0; kind == OTHER_ADD && i < s->scale / 2 + 1; i++)
		write_row(f, s, STORY_OTHER, (uint32_t)i, 0);
	story_free(&state);
	if (fclose(f))
		die("'%s': %s", path, strerror(errno));
}

static void add_import(struct command *c, const char *list, const char *input, bool replace)
{
	command_add(c, "import");
	command_add(c, "--list");
	command_add(c, "%s", list);
	if (replace)
		command_add(c, "--replace");
	command_add(c, "%s", input);
}

static void add_withdraw(struct command *c, const char *how, const char *input)
{
	command_add(c, "withdraw");
	command_add(c, "--list");
	command_add(c, STORY_LIST);
	if (how)
		command_add(c, "%s", how);
	command_add(c, "--from");
	command_add(c, "%s", input);
}

static void begin(const struct story *s, const char *store, struct command *out)
{
	out->n = 0;
	command_add(out, "%s", s->tutela);
	command_add(out, "-d");
	command_add(out, "%s", store);
}

void story_init(const struct story *s, const char *store, struct command *out)
{
	begin(s, store, out);
	command_add(out, "init");
}

void story_command(const struct story *s, unsigned step, const char *store, struct command *out)
{
	enum kind kind = kind_of(step);
	char input[COMMAND_WORD];

	(void)snprintf(input, sizeof input, "%s/step-%u.csv", s->folder, step);
	begin(s, store, out);
	if (kind == OTHER_REMOVE) {
		command_add(out, "list");
		command_add(out, "remove");
		command_add(out, STORY_OTHER);
		command_add(out, "--yes");
		return;
	}
	if (kind == REBUILD) {
		command_add(out, "check");
		command_add(out, "--rebuild");
		return;
	}
	write_input(s, step, input);
	if (kind == WITHDRAW || kind == DISPUTE || kind == RESTORE)
		add_withdraw(out, kind == DISPUTE ? "--dispute" : kind == RESTORE ? "--restore" : NULL, input);
	else
		add_import(out, kind == OTHER_ADD ? STORY_OTHER : STORY_LIST, input, kind == REPLACE);
}
