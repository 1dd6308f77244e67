/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results of a scan as `tutela report` reads them. What a record holds is what
 * was promised of it; in a page nothing of it is markup, and a CSV cell reads
 * back as the text it was made from.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "printable.h"
#include "report/csv_cell.h"
#include "report/hit_record.h"
#include "report/html_text.h"
#include "report/report_totals.h"

static struct report_totals totals;

/* The one mark that a path may hold: of a folder's name, opened and closed. 0: none is at `at`. */
static size_t mark_at(const char *at, bool *open)
{
	const char *mark = *open ? "</bdi>" : "<bdi>";

	if (strncmp(at, mark, strlen(mark)) != 0)
		return 0;
	*open = !*open;
	return strlen(mark);
}

static void check_html(const char *path, const char *path_bytes)
{
	bool open = false;
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	html_path(f, path, path_bytes);
	fclose(f);
	require(printable_is_utf8(text, len));
	for (size_t i = 0, mark; i < len; i += mark ? mark : 1) {
		mark = mark_at(text + i, &open);
		if (mark)
			continue;
		require((unsigned char)text[i] >= 0x20 && text[i] != 0x7f && !strchr("<>\"'", text[i]));
		require(text[i] != '&' || !strncmp(text + i, "&amp;", 5) || !strncmp(text + i, "&lt;", 4) ||
			!strncmp(text + i, "&gt;", 4) || !strncmp(text + i, "&quot;", 6) ||
			!strncmp(text + i, "&#39;", 5));
	}
	require(!open);
	free(text);
}

/* RFC 4180 read backwards: the cell at the beginning of `row`, without its guard. */
static void check_cell(const char *s)
{
	char *text = NULL;
	size_t len = 0, at = 0, n = strlen(s);
	FILE *f = open_memstream(&text, &len);
	bool quoted;

	csv_text(f, s);
	fclose(f);
	quoted = text[0] == '"';
	at = quoted;
	require(!strchr("=+-@\t\r", text[at]) || !text[at]);
	at += text[at] == '\'';
	for (size_t i = 0; i < n; i++, at++) {
		require(text[at] == s[i]);
		if (quoted && s[i] == '"')
			require(text[++at] == '"');
		require(quoted || !strchr(",\"\r\n", s[i]));
	}
	at += quoted;
	require(text[at] == ',' && at + 1 == len);
	free(text);
}

static bool on_file(void *ctx, const struct file_record *f)
{
	char kind[24];

	++*(unsigned long long *)ctx;
	totals_add(&totals, f);
	record_reason_kind(f->reason, kind);
	check_html(f->path, f->path_bytes);
	check_html(f->reason, "");
	check_cell(f->path);
	require(f->verdict != RECORD_MATCH || f->n_hits);
	require(f->verdict != RECORD_UNDETERMINED || f->reason[0]);
	require(strlen(f->md5) == 32 || !f->md5[0]);
	for (size_t i = 0; i < f->n_hits; i++) {
		const struct hit_record *h = &f->hits[i];
		char *text = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&text, &len);

		check_html(h->entry, "");
		check_cell(h->entry);
		check_cell(h->category);
		csv_labels(out, h->labels);
		fclose(out);
		free(text);
	}
	return true;
}

static bool on_summary(void *ctx, json_t *summary)
{
	(void)ctx;
	return json_is_object(summary);
}

static unsigned long long n_bad;

static void on_bad(void *ctx, unsigned long long line, const char *why)
{
	(void)ctx;
	require(line && why[0]);
	n_bad++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned long long files = 0, number = 0;
	const struct record_reader reader = {on_file, on_summary, on_bad, NULL, &files};
	struct record_count count = {0};
	struct totals_row *rows;
	size_t n;

	n_bad = 0;
	for (size_t at = 0; at < size;) {
		const uint8_t *end = memchr(data + at, '\n', size - at);
		size_t len = end ? (size_t)(end - (data + at)) : size - at;
		uint8_t *copy = exact_copy(data + at, len);
		struct record_line line = {(const char *)copy, len, ++number, at};

		require(record_read_line(&line, &reader, &count));
		free(copy);
		at += len + 1;
	}
	require(count.lines == number && count.files == files && count.bad == n_bad);
	rows = totals_rows(&totals.categories, &n);
	for (size_t i = 0; i < n; i++)
		require(rows[i].n && (i == 0 || rows[i - 1].n >= rows[i].n));
	free(rows);
	totals_free(&totals);
	totals = (struct report_totals){0};
	return 0;
}
