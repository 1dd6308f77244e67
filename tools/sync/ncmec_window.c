/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/ncmec_window.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ENTRIES "/v2/entries?"

/* ------------------------------------------------------------------ windows */

static void drop_next(struct ncmec_window *w)
{
	w->next[0] = '\0';
	w->pages = w->entries = w->start = 0;
	w->saved_at = 0;
}

static void drop_window(struct ncmec_window *w)
{
	drop_next(w);
	w->from = w->to = 0;
}

void ncmec_window_resume(struct ncmec_window *w, int64_t now)
{
	w->again = w->overlapped = false;
	if (w->next[0] && (now < w->saved_at || now - w->saved_at > NCMEC_NEXT_LIFE))
		drop_next(w);
	/* Without it nothing of the window is worth keeping, and its end may lie ahead of a clock that was put right.
	 */
	if (!w->next[0])
		drop_window(w);
	else
		w->overlapped = true;
}

static void open_window(struct ncmec_window *w, int64_t end)
{
	drop_window(w);
	w->again = false;
	w->from = w->done;
	if (!w->overlapped)
		w->from = w->done > NCMEC_OVERLAP ? w->done - NCMEC_OVERLAP : 0;
	w->overlapped = true;
	w->to = end;
	if (w->width && w->width < end - w->from)
		w->to = w->from + w->width;
	/* The overlap must not keep a narrow window from getting on. */
	if (w->to <= w->done)
		w->to = w->done < end ? w->done + 1 : end;
}

static bool time_text(int64_t t, char *buf, size_t room)
{
	time_t at = (time_t)t;
	struct tm tm;

	return gmtime_r(&at, &tm) && strftime(buf, room, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

bool ncmec_window_ask(struct ncmec_window *w, int64_t now, char *path, size_t room)
{
	char from[32], to[32];
	int64_t end = now - NCMEC_LAG;
	int n;

	if (!w->to) {
		if (end <= w->done)
			return false;
		open_window(w, end);
	}
	if (w->next[0])
		n = snprintf(path, room, "%s", w->next);
	else if (time_text(w->from, from, sizeof from) && time_text(w->to, to, sizeof to))
		n = snprintf(path, room, ENTRIES "from=%s&to=%s", from, to);
	else
		return false;
	return n > 0 && (size_t)n < room;
}

/* The number that a query gives a name, 0 when it does not. */
static uint64_t query_number(const char *query, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = strchr(query, '?'); at; at = strchr(at, '&')) {
		at++;
		if (!strncmp(at, name, len) && at[len] == '=' && at[len + 1] >= '0' && at[len + 1] <= '9')
			return strtoull(at + len + 1, NULL, 10);
	}
	return 0;
}

/* Path and query of `next` when it stays with the entries of the base address; NULL: it does not. */
static const char *inside(const char *base, const char *next)
{
	size_t len = strlen(base);

	if (!strncmp(next, base, len))
		next += len;
	if (strncmp(next, ENTRIES, sizeof ENTRIES - 1) || strlen(next) > TUTELA_PAGE_NEXT_MAX)
		return NULL;
	for (const char *p = next; *p; p++)
		if (*p <= ' ' || *p > '~' || *p == '#')
			return NULL;
	return next;
}

/* 4 times narrower, then 16 times, then 64. Never narrower than a second. */
static void narrow(struct ncmec_window *w)
{
	int64_t width = w->to - w->from, end = w->to;
	uint32_t by = w->shrunk < 2 ? w->shrunk + 1 : 3;

	w->width = width >> (2 * by) ? width >> (2 * by) : 1;
	w->shrunk++;
	w->small = 0;
	w->to = w->from + w->width;
	/* What lies before `done` was taken once: begin there when the overlap is what fills the window, and do not
	 * go beyond its end, which may be where the future begins. */
	if (w->to <= w->done) {
		w->from = w->done;
		w->to = w->done + w->width < end ? w->done + w->width : end;
	}
	drop_next(w);
}

/* A first page that has a successor: is the window worth draining as it is? */
static bool too_wide(const struct ncmec_window *w, const char *next, uint64_t entries)
{
	uint64_t start = query_number(next, "start"), max = query_number(next, "max");

	if (w->to - w->from <= 1)
		return false;
	if (!max || max < start)
		return true;
	return max - start + entries > NCMEC_TARGET;
}

static void drained(struct ncmec_window *w)
{
	bool small = w->entries < NCMEC_TARGET / 8;

	w->shrunk = 0;
	w->small = small ? w->small + 1 : 0;
	if (w->width && (w->small >= NCMEC_SMALL_RUN || !w->entries)) {
		w->width = w->width < INT64_C(1) << 40 ? w->width * 2 : w->width;
		w->small = 0;
	}
	if (w->to > w->done)
		w->done = w->to;
	drop_window(w);
}

enum ncmec_verdict ncmec_window_page(struct ncmec_window *w, int64_t now, const char *base, const char *next,
				     uint64_t entries, const char **why)
{
	uint64_t start;

	*why = "";
	if (!*next) {
		w->entries += entries;
		drained(w);
		return NCMEC_DRAINED;
	}
	next = inside(base, next);
	start = next ? query_number(next, "start") : 0;
	if (!next)
		*why = "a page names a successor that is not among this address's entries";
	else if (!strcmp(next, w->next) || (start && w->start && start <= w->start))
		*why = "a page names a successor that was asked for already";
	else if (w->pages + 1 >= NCMEC_PAGES_MAX)
		*why = "the pages of one window do not end";
	if (**why)
		return NCMEC_ASTRAY;
	if (!w->pages && too_wide(w, next, entries)) {
		narrow(w);
		return NCMEC_NARROW;
	}
	(void)snprintf(w->next, sizeof w->next, "%s", next);
	w->saved_at = now;
	w->start = start;
	w->pages++;
	w->entries += entries;
	return NCMEC_TAKE;
}

bool ncmec_window_refused(struct ncmec_window *w)
{
	if (!w->next[0] || w->again)
		return false;
	drop_next(w);
	w->again = true;
	return true;
}

/* ------------------------------------------------------------------ state */

static json_t *member_array(const uint64_t *members, size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(a, json_integer((json_int_t)members[i]));
	return a;
}

size_t ncmec_window_save(const struct ncmec_window *w, const char *base, const uint64_t *members, size_t n_members,
			 char *buf)
{
	json_t *o = json_pack("{s:i, s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:s}", "ncmec", 1,
			      "base", base, "members", member_array(members, n_members), "done", (json_int_t)w->done,
			      "from", (json_int_t)w->from, "to", (json_int_t)w->to, "saved_at", (json_int_t)w->saved_at,
			      "width", (json_int_t)w->width, "pages", (json_int_t)w->pages, "entries",
			      (json_int_t)w->entries, "start", (json_int_t)w->start, "shrunk", (int)w->shrunk, "small",
			      (int)w->small, "next", w->next);
	size_t n = o ? json_dumpb(o, buf, NCMEC_STATE_MAX, JSON_COMPACT) : 0;

	json_decref(o);
	return n <= NCMEC_STATE_MAX ? n : 0;
}

static bool same(const json_t *o, const char *base, const uint64_t *members, size_t n_members)
{
	const char *saved = json_string_value(json_object_get(o, "base"));
	json_t *mine = member_array(members, n_members);
	bool equal = saved && !strcmp(saved, base) && json_equal(mine, json_object_get(o, "members"));

	json_decref(mine);
	return equal;
}

bool ncmec_window_load(struct ncmec_window *w, const char *base, const uint64_t *members, size_t n_members,
		       const char *buf, size_t len)
{
	json_t *o = json_loadb(buf, len, 0, NULL);
	json_int_t done, from, to, saved, width, pages, entries, start;
	int version = 0, shrunk, small;
	const char *next = "";
	bool ok;

	*w = (struct ncmec_window){0};
	ok = o && same(o, base, members, n_members) &&
	     !json_unpack(o, "{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:s}", "ncmec", &version, "done",
			  &done, "from", &from, "to", &to, "saved_at", &saved, "width", &width, "pages", &pages,
			  "entries", &entries, "start", &start, "shrunk", &shrunk, "small", &small, "next", &next) &&
	     version == 1 && strlen(next) <= TUTELA_PAGE_NEXT_MAX && done >= 0 && width >= 0 && shrunk >= 0;
	if (ok) {
		*w = (struct ncmec_window){.done = done,
					   .from = from,
					   .to = to,
					   .saved_at = saved,
					   .width = width,
					   .pages = (uint64_t)pages,
					   .entries = (uint64_t)entries,
					   .start = (uint64_t)start,
					   .shrunk = (uint32_t)shrunk,
					   .small = (uint32_t)small};
		(void)snprintf(w->next, sizeof w->next, "%s", next);
	}
	json_decref(o);
	return ok;
}

/* ------------------------------------------------------------------ environments */

static const struct {
	const char *name, *base;
} environments[] = {
	{"industry", "https://report.cybertip.org/hashsharing"},
	{"industry-test", "https://exttest.cybertip.org/hashsharing"},
	{"industry-exploitative", "https://report.cybertip.org/exploitative-hashsharing"},
	{"industry-exploitative-test", "https://exttest.cybertip.org/exploitative-hashsharing"},
	{"law-enforcement", "https://lesp.ncmec.org/csam-hashsharing"},
	{"law-enforcement-test", "https://betalesp.ncmec.org/csam-hashsharing"},
	{"npo", "https://hashsharing.ncmec.org/npo"},
	{"npo-test", "https://hashsharing-test.ncmec.org/npo"},
	{"exploitative", "https://hashsharing.ncmec.org/exploitative"},
	{"exploitative-test", "https://hashsharing-test.ncmec.org/exploitative"},
	{"generative-ai-csam", "https://hashsharing.ncmec.org/generative-ai-csam"},
	{"generative-ai-csam-test", "https://hashsharing-test.ncmec.org/generative-ai-csam"},
	{"generative-ai-exploitative", "https://hashsharing.ncmec.org/generative-ai-exploitative"},
	{"generative-ai-exploitative-test", "https://hashsharing-test.ncmec.org/generative-ai-exploitative"},
};

const char *ncmec_environment_name(size_t i)
{
	return i < sizeof environments / sizeof environments[0] ? environments[i].name : NULL;
}

const char *ncmec_environment(const char *name)
{
	for (size_t i = 0; ncmec_environment_name(i); i++)
		if (!strcmp(name, environments[i].name))
			return environments[i].base;
	return NULL;
}
