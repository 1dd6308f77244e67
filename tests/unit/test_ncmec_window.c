/* SPDX-License-Identifier: Apache-2.0 */
/* Against a server made of a table of times, which gives pages of 1,000 in the order of the table. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store_data.h"
#include "sync/ncmec_window.h"

#define BASE "https://example.org/hashsharing"
#define NOW  INT64_C(1924945200) /* 2030-12-31T11:00:00Z */

struct server {
	size_t n;
	int64_t *times;
	uint8_t *taken;
	uint64_t asked, most; /* requests; entries of the largest window that was drained */
	bool blind;           /* `next` has no max */
};

static struct server *server_of(size_t n)
{
	struct server *s = calloc(1, sizeof *s);

	cr_assert(s);
	s->n = n;
	s->times = calloc(n + 1, sizeof *s->times);
	s->taken = calloc(n + 1, 1);
	return s;
}

static void server_free(struct server *s)
{
	free(s->times);
	free(s->taken);
	free(s);
}

static int64_t time_of(const char *query, const char *name)
{
	const char *at = strstr(query, name);
	struct tm tm = {0};

	cr_assert(at, "%s", query);
	cr_assert(strptime(at + strlen(name), "%Y-%m-%dT%H:%M:%SZ", &tm), "%s", query);
	return timegm(&tm);
}

/* One page: the entries of the query that follow `start`, up to 1,000; their numbers in `page`. */
static size_t answer(struct server *s, const char *query, size_t *page, char *next)
{
	int64_t from = time_of(query, "from="), to = time_of(query, "to=");
	const char *at = strstr(query, "&start=");
	size_t start = at ? strtoull(at + 7, NULL, 10) - 1 : 0, n = 0, total = 0, last = 0, follow = 0;

	next[0] = '\0';
	s->asked++;
	for (size_t i = 0; i < s->n; i++) {
		if (s->times[i] <= from || s->times[i] > to)
			continue;
		total++;
		last = i;
		if (i < start)
			continue;
		if (n < 1000)
			page[n++] = i;
		else if (!follow)
			follow = i;
	}
	if (total > s->most)
		s->most = total;
	if (follow && s->blind)
		sprintf(next, "/v2/entries?%.*s&start=%zu", (int)strcspn(query + 12, "&") + 1 + 23, query + 12,
			follow + 1);
	else if (follow)
		sprintf(next, "/v2/entries?from=%.20s&to=%.20s&start=%zu&size=1000&max=%zu", strstr(query, "from=") + 5,
			strstr(query, "to=") + 3, follow + 1, last + 1);
	return n;
}

/* Fetch until there is nothing more, or `steps` pages. */
static void drain(struct ncmec_window *w, struct server *s, int64_t now, size_t steps)
{
	char path[TUTELA_PAGE_NEXT_MAX + 1], next[TUTELA_PAGE_NEXT_MAX + 1];
	size_t page[1000];
	const char *why;

	while (steps-- && ncmec_window_ask(w, now, path, sizeof path)) {
		size_t n = answer(s, path, page, next);
		enum ncmec_verdict v = ncmec_window_page(w, now, BASE, next, n, &why);

		cr_assert_neq(v, NCMEC_ASTRAY, "%s", why);
		for (size_t i = 0; i < n && v != NCMEC_NARROW; i++)
			s->taken[page[i]] = 1;
		cr_assert_lt(s->asked, 100000);
	}
}

static void expect_all(const struct server *s, int64_t up_to)
{
	for (size_t i = 0; i < s->n; i++)
		cr_assert(s->taken[i] || s->times[i] > up_to, "entry %zu of %" PRId64 " was missed", i, s->times[i]);
}

Test(ncmec_window, everything_is_taken_whatever_its_order)
{
	struct server *s = server_of(20000);
	struct ncmec_window w = {0};

	for (size_t i = 0; i < s->n; i++)
		s->times[i] = NOW - 10 - (int64_t)(mix(i) % 100000000);
	drain(&w, s, NOW, SIZE_MAX);
	expect_all(s, NOW - NCMEC_LAG);
	cr_assert_eq(w.done, NOW - NCMEC_LAG);
	cr_assert_eq(s->asked, 20);
	server_free(s);
}

/* Reference client, defect 1: times were local ones that said that they were UTC. */
Test(ncmec_window, the_time_zone_is_not_read)
{
	static const char *const zones[] = {"Asia/Tokyo", "America/Los_Angeles", "Europe/Berlin", "UTC", "XXX-14"};
	char path[TUTELA_PAGE_NEXT_MAX + 1];

	for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
		struct ncmec_window w = {.done = NOW - 3600};

		setenv("TZ", zones[i], 1);
		tzset();
		cr_assert(ncmec_window_ask(&w, NOW, path, sizeof path));
		cr_assert_str_eq(path, "/v2/entries?from=2030-12-31T09:55:00Z&to=2030-12-31T10:59:55Z");
	}
}

Test(ncmec_window, the_end_stays_behind_the_clock)
{
	struct ncmec_window w = {0};
	char path[TUTELA_PAGE_NEXT_MAX + 1];
	const char *why;

	cr_assert(ncmec_window_ask(&w, NOW, path, sizeof path));
	cr_assert_str_eq(path, "/v2/entries?from=1970-01-01T00:00:00Z&to=2030-12-31T10:59:55Z");
	cr_assert_eq(ncmec_window_page(&w, NOW, BASE, "", 0, &why), NCMEC_DRAINED);
	cr_assert_not(ncmec_window_ask(&w, NOW, path, sizeof path));
	cr_assert_not(ncmec_window_ask(&w, NOW - 86400, path, sizeof path), "a clock that went back");
	cr_assert(ncmec_window_ask(&w, NOW + 1, path, sizeof path));
}

/* Pages in the middle of a window move no checkpoint. */
Test(ncmec_window, only_a_drained_window_is_a_checkpoint)
{
	struct ncmec_window w = {.done = 1000};
	char path[TUTELA_PAGE_NEXT_MAX + 1];
	const char *why;

	cr_assert(ncmec_window_ask(&w, NOW, path, sizeof path));
	for (int i = 1; i <= 5; i++) {
		char next[128];

		sprintf(next, "/v2/entries?start=%d001&size=1000&max=6000", i);
		cr_assert_eq(ncmec_window_page(&w, NOW, BASE, next, 1000, &why), NCMEC_TAKE);
		cr_assert_eq(w.done, 1000);
		cr_assert(ncmec_window_ask(&w, NOW, path, sizeof path));
		cr_assert_str_eq(path, next);
	}
	cr_assert_eq(ncmec_window_page(&w, NOW, BASE, "", 1000, &why), NCMEC_DRAINED);
	cr_assert_eq(w.done, NOW - NCMEC_LAG);
}

Test(ncmec_window, wide_windows_shrink_and_narrow_ones_grow)
{
	struct server *s = server_of(1000000);
	struct ncmec_window w = {0};

	/* All in the last hour: 277 in each second. */
	for (size_t i = 0; i < s->n; i++)
		s->times[i] = NOW - 6 - (int64_t)(i % 3600);
	drain(&w, s, NOW, 40);
	s->most = 0;
	drain(&w, s, NOW, SIZE_MAX);
	expect_all(s, NOW - NCMEC_LAG);
	cr_assert_lt(s->asked, 2500, "%" PRIu64, s->asked);
	server_free(s);
}

Test(ncmec_window, no_window_that_is_drained_is_over_the_target)
{
	struct ncmec_window w = {.done = NOW - 100000};
	char path[TUTELA_PAGE_NEXT_MAX + 1];
	const char *why;

	cr_assert(ncmec_window_ask(&w, NOW, path, sizeof path));
	cr_assert_eq(ncmec_window_page(&w, NOW, BASE, "/v2/entries?start=1001&size=1000&max=400001", 1000, &why),
		     NCMEC_TAKE);
	w = (struct ncmec_window){.done = NOW - 100000};
	cr_assert(ncmec_window_ask(&w, NOW, path, sizeof path));
	cr_assert_eq(ncmec_window_page(&w, NOW, BASE, "/v2/entries?start=1001&size=1000&max=400002", 1000, &why),
		     NCMEC_NARROW);
	cr_assert_eq(w.width, (100000 + NCMEC_OVERLAP - NCMEC_LAG) / 4);
	cr_assert(ncmec_window_ask(&w, NOW, path, sizeof path));
	cr_assert_eq(ncmec_window_page(&w, NOW, BASE, "/v2/entries?x", 1000, &why), NCMEC_NARROW);
	cr_assert_eq(w.width, (100000 + NCMEC_OVERLAP - NCMEC_LAG) / 4 / 16, "faster each time");
}

/* `done` is close to the present, and what came since is too much for one window. */
Test(ncmec_window, no_window_reaches_into_the_future)
{
	for (int64_t since = 1; since < 200; since++) {
		struct ncmec_window w = {.done = NOW - NCMEC_LAG - since};
		char path[TUTELA_PAGE_NEXT_MAX + 1];
		const char *why;

		while (ncmec_window_ask(&w, NOW, path, sizeof path)) {
			cr_assert_leq(time_of(path, "to="), NOW - NCMEC_LAG, "%s", path);
			if (w.to - w.from > 1)
				ncmec_window_page(&w, NOW, BASE, "/v2/entries?start=1001&max=900000", 1000, &why);
			else
				ncmec_window_page(&w, NOW, BASE, "", 1000, &why);
		}
		cr_assert_eq(w.done, NOW - NCMEC_LAG);
	}
}

Test(ncmec_window, a_huge_second_is_drained_by_next)
{
	struct server *s = server_of(500000);
	struct ncmec_window w = {0};

	for (size_t i = 0; i < s->n; i++)
		s->times[i] = NOW - 1000 - (i % 100 ? 0 : (int64_t)i % 1000);
	drain(&w, s, NOW, SIZE_MAX);
	expect_all(s, NOW - NCMEC_LAG);
	cr_assert_lt(s->asked, 1200, "%" PRIu64, s->asked);
	server_free(s);
}

/* Public issue 1744: an offset into one query was used with another, and skipped what lay between. */
Test(ncmec_window, next_belongs_to_its_window_whenever_the_sync_ends)
{
	for (size_t steps = 1; steps < 40; steps++) {
		struct server *s = server_of(30000);
		struct ncmec_window w = {0};
		char state[NCMEC_STATE_MAX];
		int64_t now = NOW;

		for (size_t i = 0; i < s->n; i++)
			s->times[i] = NOW - 10 - (int64_t)(mix(i) % 1000000);
		for (int round = 0; round < 30; round++, now += 60) {
			size_t len = ncmec_window_save(&w, BASE, NULL, 0, state);

			cr_assert_gt(len, 0);
			cr_assert(ncmec_window_load(&w, BASE, NULL, 0, state, len));
			ncmec_window_resume(&w, now);
			drain(&w, s, now, steps);
			/* What changes moves behind the window in hand. */
			for (size_t i = 0; i < 100; i++) {
				size_t k = mix(i + 1000 * (size_t)round) % s->n;

				s->times[k] = now + 1;
				s->taken[k] = 0;
			}
		}
		ncmec_window_resume(&w, now);
		drain(&w, s, now, SIZE_MAX);
		expect_all(s, now - NCMEC_LAG);
		server_free(s);
	}
}

Test(ncmec_window, next_is_dropped_when_it_is_old_or_refused)
{
	struct ncmec_window w = {0};
	char path[TUTELA_PAGE_NEXT_MAX + 1];
	const char *why;

	cr_assert(ncmec_window_ask(&w, NOW, path, sizeof path));
	cr_assert_eq(ncmec_window_page(&w, NOW, BASE, "/v2/entries?start=1001&max=3000", 1000, &why), NCMEC_TAKE);
	ncmec_window_resume(&w, NOW + NCMEC_NEXT_LIFE);
	cr_assert(w.next[0]);
	ncmec_window_resume(&w, NOW + NCMEC_NEXT_LIFE + 1);
	cr_assert(!w.next[0] && !w.to && !w.done);

	w = (struct ncmec_window){0};
	cr_assert(ncmec_window_ask(&w, NOW, path, sizeof path));
	cr_assert_not(ncmec_window_refused(&w), "a first page has no next to drop");
	cr_assert_eq(ncmec_window_page(&w, NOW, BASE, "/v2/entries?start=1001&max=3000", 1000, &why), NCMEC_TAKE);
	ncmec_window_resume(&w, NOW - 1);
	cr_assert(!w.next[0], "a clock that went back");
	cr_assert(ncmec_window_ask(&w, NOW, path, sizeof path));
	cr_assert_eq(ncmec_window_page(&w, NOW, BASE, "/v2/entries?start=1001&max=3000", 1000, &why), NCMEC_TAKE);
	cr_assert(ncmec_window_refused(&w));
	cr_assert(ncmec_window_ask(&w, NOW + 50, path, sizeof path));
	cr_assert_str_eq(path, "/v2/entries?from=1970-01-01T00:00:00Z&to=2030-12-31T10:59:55Z", "the same window");
	cr_assert_eq(ncmec_window_page(&w, NOW, BASE, "/v2/entries?start=1001&max=3000", 1000, &why), NCMEC_TAKE);
	cr_assert_not(ncmec_window_refused(&w), "once a window");
	cr_assert_eq(w.done, 0);
}

Test(ncmec_window, next_stays_with_its_address)
{
	static const char *const astray[] = {
		"https://evil.example/v2/entries?start=1",
		"//evil.example/v2/entries?start=1",
		BASE ".evil.example/v2/entries?start=1",
		"/v2/entries",
		"/v2/../x?start=1",
		"/v3/entries?start=1",
		"/v2/entries?a b",
		"/v2/entries?a\r\nX: y",
		"/v2/entries?a#b",
		"@evil.example/v2/entries?x",
	};
	char path[TUTELA_PAGE_NEXT_MAX + 1];
	const char *why;

	for (size_t i = 0; i < sizeof astray / sizeof astray[0]; i++) {
		struct ncmec_window w = {0};

		cr_assert(ncmec_window_ask(&w, NOW, path, sizeof path));
		cr_assert_eq(ncmec_window_page(&w, NOW, BASE, astray[i], 1, &why), NCMEC_ASTRAY, "%s", astray[i]);
		cr_assert_str_eq(why, "a page names a successor that is not among this address's entries");
		cr_assert_eq(w.done, 0);
	}
	struct ncmec_window w = {.done = NOW - 1000};

	cr_assert(ncmec_window_ask(&w, NOW, path, sizeof path));
	cr_assert_eq(ncmec_window_page(&w, NOW, BASE, BASE "/v2/entries?start=5&max=9", 1, &why), NCMEC_TAKE);
	cr_assert(ncmec_window_ask(&w, NOW, path, sizeof path));
	cr_assert_str_eq(path, "/v2/entries?start=5&max=9");
}

Test(ncmec_window, pages_come_to_an_end)
{
	struct ncmec_window w = {.done = NOW - 1000};
	char path[TUTELA_PAGE_NEXT_MAX + 1];
	const char *why;

	cr_assert(ncmec_window_ask(&w, NOW, path, sizeof path));
	cr_assert_eq(ncmec_window_page(&w, NOW, BASE, "/v2/entries?start=5&max=9", 1, &why), NCMEC_TAKE);
	cr_assert_eq(ncmec_window_page(&w, NOW, BASE, "/v2/entries?start=5&max=9", 1, &why), NCMEC_ASTRAY);
	cr_assert_str_eq(why, "a page names a successor that was asked for already");
	cr_assert_eq(ncmec_window_page(&w, NOW, BASE, "/v2/entries?start=4&max=9", 1, &why), NCMEC_ASTRAY);
	w.pages = NCMEC_PAGES_MAX;
	cr_assert_eq(ncmec_window_page(&w, NOW, BASE, "/v2/entries?start=6&max=9", 1, &why), NCMEC_ASTRAY);
	cr_assert_str_eq(why, "the pages of one window do not end");
}

Test(ncmec_window, a_server_without_estimates)
{
	struct server *s = server_of(9000);
	struct ncmec_window w = {0};

	s->blind = true;
	for (size_t i = 0; i < s->n; i++)
		s->times[i] = i % 2 ? NOW - 5000 : NOW - 10 - (int64_t)(mix(i) % 1000000);
	drain(&w, s, NOW, SIZE_MAX);
	expect_all(s, NOW - NCMEC_LAG);
	server_free(s);
}

Test(ncmec_window, a_state_belongs_to_its_address_and_members)
{
	static const uint64_t members[] = {7, 12345678901234567}, others[] = {7};
	struct ncmec_window w = {
		.done = 5, .from = 5, .to = 9, .saved_at = 3, .width = 4, .pages = 1, .next = "/v2/entries?x"};
	struct ncmec_window back;
	char state[NCMEC_STATE_MAX];
	size_t len = ncmec_window_save(&w, BASE, members, 2, state);

	cr_assert(ncmec_window_load(&back, BASE, members, 2, state, len));
	cr_assert_eq(back.done, 5);
	cr_assert_eq(back.to, 9);
	cr_assert_str_eq(back.next, w.next);
	cr_assert_not(ncmec_window_load(&back, BASE "/x", members, 2, state, len));
	cr_assert_not(ncmec_window_load(&back, BASE, others, 1, state, len));
	cr_assert_not(ncmec_window_load(&back, BASE, NULL, 0, state, len));
	for (size_t n = 0; n < len; n++)
		cr_assert_not(ncmec_window_load(&back, BASE, members, 2, state, n));
}

Test(ncmec_window, a_clock_that_was_ahead_loses_nothing)
{
	struct server *s = server_of(10);
	struct ncmec_window w = {0};

	/* At NOW + 200 by this machine's clock it is NOW at the server. */
	drain(&w, s, NOW + 200, SIZE_MAX);
	for (size_t i = 0; i < s->n; i++)
		s->times[i] = NOW + 1 + (int64_t)i;
	memset(s->taken, 0, s->n);
	ncmec_window_resume(&w, NOW + 260);
	drain(&w, s, NOW + 260, SIZE_MAX);
	expect_all(s, NOW + 100);
	server_free(s);
}

Test(ncmec_window, environments)
{
	cr_assert_str_eq(ncmec_environment("law-enforcement"), "https://lesp.ncmec.org/csam-hashsharing");
	cr_assert_str_eq(ncmec_environment("npo-test"), "https://hashsharing-test.ncmec.org/npo");
	cr_assert_null(ncmec_environment("https://example.org"));
	cr_assert_null(ncmec_environment_name(100));
}
