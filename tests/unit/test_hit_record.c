/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "report/hit_record.h"
#include "report/report_totals.h"

#define D32 "00112233445566778899aabbccddeeff"
#define HIT "{\"list\":\"l\",\"entry\":\"e\",\"algorithm\":\"pdq\",\"distance\":2,\"threshold\":31}"

struct seen {
	int files, summaries;
	char why[128];
	char path[64], list[64], category[64];
	uint64_t version;
	bool stop;
};

static bool on_file(void *ctx, const struct file_record *f)
{
	struct seen *s = ctx;

	s->files++;
	snprintf(s->path, sizeof(s->path), "%s", f->path);
	if (f->n_hits) {
		snprintf(s->list, sizeof(s->list), "%s", f->hits[0].list);
		snprintf(s->category, sizeof(s->category), "%s", f->hits[0].category);
		s->version = f->hits[0].list_version;
	}
	return !s->stop;
}

static bool on_summary(void *ctx, json_t *summary)
{
	((struct seen *)ctx)->summaries++;
	return json_is_object(summary);
}

static void on_bad(void *ctx, unsigned long long line, const char *why)
{
	(void)line;
	snprintf(((struct seen *)ctx)->why, 128, "%s", why);
}

static struct record_count count;

static struct seen read_one(const char *text)
{
	struct seen s = {0};
	const struct record_reader reader = {on_file, on_summary, on_bad, NULL, &s};
	const struct record_line line = {text, text ? strlen(text) : 0, 1, 0};

	cr_assert(record_read_line(&line, &reader, &count));
	return s;
}

Test(hit_record, whole)
{
	struct seen s =
		read_one("{\"type\":\"file\",\"path\":\"a/b\",\"size\":5,\"md5\":\"" D32
			 "\",\"verdict\":\"match\",\"hits\":[{\"source\":\"s\",\"list\":\"l\",\"list_version\":7,"
			 "\"entry\":\"e\",\"algorithm\":\"pdq\",\"distance\":2,\"threshold\":31,"
			 "\"labels\":{\"category\":\"1\",\"x\":\"y\"}}],\"later\":[1,{\"a\":null}]}");

	cr_assert_str_eq(s.why, "");
	cr_assert(s.files == 1 && s.version == 7);
	cr_assert_str_eq(s.path, "a/b");
	cr_assert_str_eq(s.list, "l");
	cr_assert_str_eq(s.category, "1");
	cr_assert_eq(read_one("{\"type\":\"summary\",\"files\":1}").summaries, 1);
	cr_assert_eq(read_one("{\"type\":\"stats\"}").files, 0);
	cr_assert_eq(count.other, 1);
}

Test(hit_record, refused)
{
	static const char *const rows[][2] = {
		{"", "not a JSON object"},
		{"[]", "not a JSON object"},
		{"{\"type\":\"file\"", "not a JSON object"},
		{"{\"type\":\"file\",\"type\":\"file\"}", "not a JSON object"},
		{"{}", "is missing: 'type'"},
		{"{\"type\":7}", "is not a string: 'type'"},
		{"{\"type\":\"file\",\"verdict\":\"no-match\"}", "is missing: 'path'"},
		{"{\"type\":\"file\",\"path\":7,\"verdict\":\"no-match\"}", "is not a string: 'path'"},
		{"{\"type\":\"file\",\"path\":\"a\"}", "is missing: 'verdict'"},
		{"{\"type\":\"file\",\"path\":\"a\",\"verdict\":\"perhaps\"}", "is no verdict: 'verdict'"},
		{"{\"type\":\"file\",\"path\":\"a\",\"verdict\":\"match\"}", "is empty beside a match: 'hits'"},
		{"{\"type\":\"file\",\"path\":\"a\",\"verdict\":\"match\",\"hits\":{}}", "is not an array: 'hits'"},
		{"{\"type\":\"file\",\"path\":\"a\",\"verdict\":\"match\",\"hits\":[7]}", "is not an object: 'hits'"},
		{"{\"type\":\"file\",\"path\":\"a\",\"verdict\":\"match\",\"hits\":[{\"entry\":\"e\"}]}",
		 "is missing: 'list'"},
		{"{\"type\":\"file\",\"path\":\"a\",\"verdict\":\"match\",\"hits\":[{\"list\":\"l\",\"entry\":\"e\","
		 "\"algorithm\":\"pdq\",\"labels\":{\"k\":1}}]}",
		 "is not a string: 'k'"},
		{"{\"type\":\"file\",\"path\":\"a\",\"verdict\":\"match\",\"hits\":[{\"list\":\"l\",\"entry\":\"e\","
		 "\"algorithm\":\"pdq\",\"distance\":-1}]}",
		 "is not a number in its range: 'distance'"},
		{"{\"type\":\"file\",\"path\":\"a\",\"verdict\":\"undetermined\"}", "is missing: 'reason'"},
		{"{\"type\":\"file\",\"path\":\"a\",\"verdict\":\"no-match\",\"md5\":\"00\"}",
		 "is not what it should be in hex: 'md5'"},
		{"{\"type\":\"file\",\"path\":\"a\",\"verdict\":\"no-match\",\"path_bytes\":\"0\"}",
		 "is not what it should be in hex: 'path_bytes'"},
		{"{\"type\":\"file\",\"path\":\"a\",\"verdict\":\"no-match\",\"size\":1.5}",
		 "is not a number in its range: 'size'"},
		{"{\"type\":\"file\",\"path\":\"a\",\"verdict\":\"no-match\",\"excluded\":1}",
		 "is neither true nor false: 'excluded'"},
		{"{\"type\":\"file\",\"path\":\"a\",\"verdict\":\"no-match\",\"pdq_quality\":101}",
		 "is not a number in its range: 'pdq_quality'"},
		{"{\"type\":\"file\",\"path\":\"\\u0000\",\"verdict\":\"no-match\"}", "not a JSON object"},
		{NULL, "longer than 32 MiB"},
	};
	const size_t n = sizeof(rows) / sizeof(rows[0]);

	for (size_t i = 0; i < n; i++) {
		struct seen s = read_one(rows[i][0]);

		cr_assert_str_eq(s.why, rows[i][1], "row %zu: '%s'", i, s.why);
		cr_assert_eq(s.files, 0);
	}
	cr_assert_eq(count.bad, n);
}

/* JSON as deep as a line is long: an answer, not the end of the stack. */
Test(hit_record, deep)
{
	const size_t n = 1000000;
	char *text = malloc(n + 1);

	cr_assert(text);
	memset(text, '[', n);
	text[n] = '\0';
	cr_assert_str_eq(read_one(text).why, "not a JSON object");
	free(text);
}

Test(hit_record, a_file_of_them)
{
	static const char text[] =
		"{\"type\":\"file\",\"path\":\"a\",\"verdict\":\"match\",\"hits\":[" HIT "," HIT "]}\n"
		"nonsense\n"
		"{\"type\":\"summary\"}\n{\"type\":\"summary\"}\n"
		"{\"type\":\"file\",\"path\":\"b\",\"verdict\":\"no-match\",\"hits\":[]}";
	struct seen s = {0};
	const struct record_reader reader = {on_file, on_summary, on_bad, NULL, &s};
	struct record_count c;
	int fd = memfd_create("records", MFD_CLOEXEC);

	cr_assert(write(fd, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1 && lseek(fd, 0, SEEK_SET) == 0);
	cr_assert(record_read(fd, &reader, &c));
	cr_assert(c.lines == 5 && c.files == 2 && c.bad == 2 && c.summaries == 2 && s.summaries == 1 && c.torn);
	cr_assert_str_eq(s.why, "a second summary: a report is of one scan");
	s.stop = true;
	cr_assert(lseek(fd, 0, SEEK_SET) == 0 && !record_read(fd, &reader, &c) && !c.error);
	cr_assert_eq(c.lines, 1);
	close(fd);
	cr_assert(!record_read(fd, &reader, &c) && c.error);
}

Test(hit_record, reasons)
{
	char out[24];

	cr_assert_str_eq(record_reason_kind("truncated: the end", out), "truncated");
	cr_assert_str_eq(record_reason_kind("no colon", out), "other");
	cr_assert_str_eq(record_reason_kind("a word that is far too long for it: x", out), "other");
	cr_assert_str_eq(record_reason_kind(":", out), "");
}

/* Names beyond the limit are counted together, and memory stays bounded. */
Test(report_totals, bounded)
{
	struct report_totals t = {0};
	struct hit_record hit = {"s", "list", "e", "pdq", "", "", "report", 1, 2, 31, false, false, false, "", NULL};
	struct file_record f = {.path = "p", .evidence = "", .verdict = RECORD_MATCH, .hits = &hit, .n_hits = 1};
	char category[32], *list, *name;
	struct totals_row *rows;
	size_t n;

	for (int i = 0; i < TOTALS_NAMES_MAX + 100; i++) {
		snprintf(category, sizeof(category), "%d", i);
		hit.category = category;
		totals_add(&t, &f);
	}
	totals_add(&t, &f);
	snprintf(category, sizeof(category), "5");
	totals_add(&t, &f);
	rows = totals_rows(&t.categories, &n);
	cr_assert(n == TOTALS_NAMES_MAX && t.categories.rest == 101 && rows[0].n == 2 && rows[1].n == 1);
	totals_split(rows[0].name, &list, &name);
	cr_assert_str_eq(list, "list");
	cr_assert_str_eq(name, "5");
	cr_assert_eq(t.hits, TOTALS_NAMES_MAX + 102);
	free(list);
	free(name);
	free(rows);
	totals_free(&t);
}
