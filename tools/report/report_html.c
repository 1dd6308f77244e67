/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One page that needs nothing else: no resource from outside, no picture, one
 * script and one style that the page's own content security policy names by
 * their digests. Every table is whole in the page, so that it reads and prints
 * without the script; with it, a hundred rows are laid out at a time.
 */
#include <inttypes.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "output.h"
#include "printable.h"
#include "report/html_bars.h"
#include "report/html_text.h"
#include "report/page_assets.h"
#include "report/render.h"

struct page_rows {
	const struct report *report;
	FILE *out;
	uint64_t n, left_out;
};

/* ---------------------------------------------------------------- the head of the page */

static void put_digest(FILE *out, const char *text)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;
	char base64[48];

	sha256_init(&ctx);
	sha256_update(&ctx, strlen(text), (const uint8_t *)text);
	sha256_digest(&ctx, sizeof(digest), digest);
	fprintf(out, "'sha256-%s'", html_base64(base64, digest, sizeof(digest)));
}

static void put_head(const struct report *r, FILE *out)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; "
	      "form-action 'none'; script-src ",
	      out);
	put_digest(out, page_script);
	fputs("; style-src ", out);
	put_digest(out, page_style);
	fputs("\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
	      out);
	html_text(out, r->title ? r->title : "Scan report");
	fprintf(out, "</title>\n<style>%s</style>\n<script>%s</script>\n</head>\n<body>\n", page_style, page_script);
}

static void put_fact(FILE *out, const char *name, const char *value)
{
	if (!value[0])
		return;
	fprintf(out, "<tr><th scope=\"row\">%s<td>", name);
	html_text(out, value);
	fputs("\n", out);
}

static void put_title(const struct report *r, FILE *out)
{
	char text[32], *tool;

	fputs("<h1>", out);
	html_text(out, r->title ? r->title : "Scan report");
	fputs("</h1>\n<table class=\"facts\">\n", out);
	put_fact(out, "Case", report_case_number(r));
	put_fact(out, "Evidence", report_text(r, "evidence"));
	put_fact(out, "Operator", report_operator(r));
	put_fact(out, "Scan began", report_text(r, "started"));
	put_fact(out, "Scan ended", report_text(r, "ended"));
	tool = memory_format("Tutela %s", report_text(r, "tool_version"));
	put_fact(out, "Tool", tool);
	free(tool);
	if (json_is_false(json_object_get(r->summary, "audited")))
		put_fact(out, "Audit log", "The audit log of the store does not tell of this scan.");
	put_fact(out, "Report made", output_time_text(r->made, text));
	fputs("</table>\n", out);
}

/* ---------------------------------------------------------------- what must not be overlooked */

static void alarm_begin(FILE *out)
{
	fputs("<p class=\"alarm\">", out);
}

static void alarm_text(FILE *out, const char *sentence)
{
	alarm_begin(out);
	html_text(out, sentence);
	fputs("</p>\n", out);
}

static void alarm_count(FILE *out, uint64_t n, const char *one, const char *many)
{
	char text[96];

	if (!n)
		return;
	alarm_begin(out);
	fprintf(out, "%s</p>\n", printable_things(n, one, many, text));
}

static void put_expired(const struct report *r, FILE *out)
{
	const json_t *lists = json_object_get(r->summary, "lists"), *list;
	size_t i;

	json_array_foreach(lists, i, list)
	{
		const char *name = json_string_value(json_object_get(list, "list"));
		const char *when = json_string_value(json_object_get(list, "expires"));

		if (!name || !report_list_expired(r, list))
			continue;
		alarm_begin(out);
		fputs("EXPIRED: the list ", out);
		html_text(out, name);
		fputs(" was out of date when the scan was made", out);
		if (when) {
			fputs("; it expired on ", out);
			html_text(out, when);
		}
		fputs(". Entries that were withdrawn or added since are not in it.</p>\n", out);
	}
}

static void put_flood_alarm(const struct report *r, FILE *out)
{
	size_t n = json_array_size(json_object_get(r->summary, "flood"));
	char text[32];

	if (!n)
		return;
	alarm_begin(out);
	fprintf(out, "FLOOD: %s %s so many files that %s most likely wrong; see below. %s hits are marked.</p>\n",
		printable_count(n, text), n == 1 ? "entry matches" : "entries match", n == 1 ? "it is" : "they are",
		n == 1 ? "Its" : "Their");
}

static void put_alarms(const struct report *r, FILE *out)
{
	if (r->unfinished)
		alarm_text(out, "UNFINISHED: the records have no summary. The scan did not come to its end.");
	if (json_is_true(json_object_get(r->summary, "interrupted")))
		alarm_text(out,
			   "INTERRUPTED: the scan was stopped. Files that it had not come to are not in this report.");
	if (json_is_true(json_object_get(r->summary, "failed")))
		alarm_text(out,
			   "BROKEN OFF: the scan failed before its end. Files that it had not come to are not here.");
	if (r->altered)
		alarm_text(out, "ALTERED: the records are not what the scan wrote. Their digest differs from the one "
				"that it noted.");
	if (r->contradicts)
		alarm_text(out, "INCOMPLETE: the records do not hold as many files as their summary counts.");
	alarm_count(out, r->count.bad, "line of the records could not be read and is not in this report.",
		    "lines of the records could not be read and are not in this report.");
	put_expired(r, out);
	put_flood_alarm(r, out);
	if (!json_array_size(json_object_get(r->summary, "lists")))
		alarm_count(out, r->totals.expired_hits, "hit rests on a list that was out of date.",
			    "hits rest on lists that were out of date.");
	alarm_count(out, r->totals.limited, "file matched so many entries that not all of them were recorded.",
		    "files matched so many entries that not all of them were recorded.");
}

/* ---------------------------------------------------------------- figures and plots */

static void put_figure(FILE *out, const char *name, uint64_t n, bool hot)
{
	char text[32];

	fprintf(out, "<div%s><b>%s</b>%s</div>\n", hot && n ? " class=\"hot\"" : "", printable_count(n, text), name);
}

static void put_figures(const struct report *r, FILE *out)
{
	char text[32];

	fputs("<h2>Summary</h2>\n<div class=\"figures\">\n", out);
	if (!r->unfinished)
		put_figure(out, "files looked at", report_number(r, "files"), false);
	put_figure(out, "files that match", r->totals.match, true);
	put_figure(out, "hits", r->totals.hits, true);
	put_figure(out, "undetermined", r->totals.undetermined, true);
	if (!r->unfinished) {
		put_figure(out, "no match", report_number(r, "no_match"), false);
		put_figure(out, "excluded", report_number(r, "excluded"), false);
		fprintf(out, "<div><b>%s</b>read</div>\n", printable_size(report_number(r, "bytes"), text));
	}
	fputs("</div>\n<p class=\"soft\">A file may have several hits. <em>Undetermined</em> is not <em>no match</em>: "
	      "such a file could not be compared, in whole or in part. A distance says how alike two pictures are; it "
	      "is "
	      "no probability that they are the same, and every hit needs the eyes of a person who may look.</p>\n",
	      out);
}

static char *category_label(const struct report *r, const char *key)
{
	char *list, *category, *out;
	const char *name;

	totals_split(key, &list, &category);
	name = category_name(&r->categories, list, category);
	out = memory_format("%s: %s%s%s", list, category[0] ? category : "no category", name ? " " : "",
			    name ? name : "");
	free(list);
	free(category);
	return out;
}

static void put_plot(const struct report *r, FILE *out, const char *label, const struct totals_table *table,
		     bool categories)
{
	size_t n;
	struct totals_row *rows = totals_rows(table, &n);
	struct html_bar *bars = memory_array(n, sizeof(*bars));

	for (size_t i = 0; i < n; i++) {
		bars[i].n = rows[i].n;
		bars[i].name = categories ? category_label(r, rows[i].name) : memory_text(rows[i].name);
	}
	if (n)
		fprintf(out, "<h2>%s</h2>\n", label);
	html_bars(out, label, bars, n, table->rest);
	for (size_t i = 0; i < n; i++)
		free(bars[i].name);
	free(bars);
	free(rows);
}

/* ---------------------------------------------------------------- lists */

static void put_value(FILE *out, const json_t *value)
{
	char *text;
	const json_t *element;
	size_t i;

	if (json_is_array(value)) {
		if (!json_array_size(value))
			fputs("none", out);
		json_array_foreach(value, i, element)
		{
			fputs(i ? "<br>" : "", out);
			html_text(out, json_is_string(element) ? json_string_value(element) : "?");
		}
		return;
	}
	text = json_is_string(value) ? memory_text(json_string_value(value))
				     : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	html_text(out, text ? text : "");
	free(text);
}

static void put_member(FILE *out, const json_t *o, const char *key, const char *class)
{
	const json_t *v = json_object_get(o, key);

	fprintf(out, "<td%s>", class);
	if (json_is_string(v))
		html_text(out, json_string_value(v));
	else if (json_is_integer(v))
		fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
}

/* A time, which may be broken between day and hour only. */
static void put_time(FILE *out, const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	char day[11];

	fputs("<td>", out);
	if (!s || strlen(s) < 12 || s[10] != 'T') {
		html_text(out, s ? s : "");
		return;
	}
	memcpy(day, s, 10);
	day[10] = '\0';
	fputs("<span class=w>", out);
	html_text(out, day);
	fputs("</span> <span class=w>", out);
	html_text(out, s + 11);
	fputs("</span>", out);
}

static void put_count(FILE *out, const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));
	char text[32];

	fprintf(out, "<td class=\"n\">%s", n < 0 ? "" : printable_count((uint64_t)n, text));
}

static void put_lists(const struct report *r, FILE *out)
{
	const json_t *lists = json_object_get(r->summary, "lists"), *list;
	size_t i;

	fputs("<h2>Lists</h2>\n", out);
	if (!json_array_size(lists)) {
		fputs("<p>The records name no list that was asked.</p>\n", out);
		return;
	}
	fputs("<table id=\"lists\">\n<thead><tr><th>List<th>Source<th class=\"n\">Version<th>Kind<th>Action<th "
	      "class=\"n\">PDQ up "
	      "to<th "
	      "class=\"n\">Entries<th>Updated<th>Expires<th>Digest of the list</thead>\n<tbody>\n",
	      out);
	json_array_foreach(lists, i, list)
	{
		fputs("<tr>", out);
		put_member(out, list, "list", " class=\"c\"");
		put_member(out, list, "source", " class=\"c\"");
		put_member(out, list, "version", " class=\"n\"");
		put_member(out, list, "kind", "");
		put_member(out, list, "action", "");
		put_member(out, json_object_get(list, "thresholds"), "pdq", " class=\"n\"");
		put_count(out, list, "active");
		put_time(out, list, "updated");
		put_time(out, list, "expires");
		fputs(report_list_expired(r, list)       ? " <strong>EXPIRED</strong>"
		      : json_object_get(list, "expires") ? ""
							 : "never",
		      out);
		fputs("<td class=\"g\"><code>", out);
		put_value(out, json_object_get(list, "digest"));
		fputs("</code>\n", out);
	}
	fputs("</tbody>\n</table>\n", out);
}

static void put_flood(const struct report *r, FILE *out)
{
	const json_t *flood = json_object_get(r->summary, "flood"), *entry;
	size_t i;

	if (!json_array_size(flood))
		return;
	fputs("<h2>Entries that match very many files</h2>\n<p class=\"soft\">Most likely these are no abuse material "
	      "but "
	      "a blank page, a logo or the like. Their hits are matches still: a person must look whether the entry "
	      "belongs in its list.</p>\n<table>\n<thead><tr><th>List<th>Source<th>Entry<th class=\"n\">Files<th>What "
	      "is asked for</thead>\n<tbody>\n",
	      out);
	json_array_foreach(flood, i, entry)
	{
		const char *action = json_string_value(json_object_get(entry, "action"));

		fputs("<tr>", out);
		put_member(out, entry, "list", " class=\"c\"");
		put_member(out, entry, "source", " class=\"c\"");
		put_member(out, entry, "entry", " class=\"p\"");
		put_count(out, entry, "files");
		fprintf(out, "<td>%s\n",
			action && strcmp(action, "review") == 0 ? "its hits are held for review" : "look at it");
	}
	fputs("</tbody>\n</table>\n", out);
}

/* ---------------------------------------------------------------- hits and undetermined files */

static void put_subject(const struct report *r, FILE *out, const struct file_record *f)
{
	const char *evidence = report_evidence(r, f);

	fputs("<td class=f>", out);
	if (evidence[0] && strcmp(evidence, report_text(r, "evidence")) != 0) {
		html_text(out, evidence);
		fputs(": ", out);
	}
	html_path(out, f->path, f->path_bytes);
	if (f->sha256[0])
		fprintf(out, "<br><code>%s</code>", f->sha256);
}

/* What the list asks for, or the review that a flood does. */
static void put_action(const struct report *r, FILE *out, const struct hit_record *h)
{
	const char *flood = report_flood(r, h);

	if (strcmp(flood, "review") == 0)
		fputs("held for review: flood", out);
	else
		html_text(out, h->action[0] ? h->action : "-");
	if (strcmp(flood, "flag") == 0)
		fputs(", flood", out);
	if (report_expired(r, h))
		fputs(", list expired", out);
}

static void put_hit(struct page_rows *p, const struct file_record *f, const struct hit_record *h)
{
	const char *name = category_name(&p->report->categories, h->list, h->category);
	FILE *out = p->out;

	fprintf(out, "<tr><td class=n>%" PRIu64, p->n);
	put_subject(p->report, out, f);
	/* A match all the same: what could not be done with it must not go unseen. */
	if (f->reason[0]) {
		fputs("<br><span class=soft>", out);
		html_text(out, f->reason);
		fputs("</span>", out);
	}
	fputs("<td class=c>", out);
	html_text(out, h->list);
	fputs("<td class=p>", out);
	html_text(out, h->entry);
	fputs("<td class=c>", out);
	html_text(out, h->category[0] ? h->category : "-");
	if (name) {
		fputs(" ", out);
		html_text(out, name);
	}
	fputs("<td>", out);
	html_text(out, h->algorithm);
	fprintf(out, "<td class=n>%" PRIu64 "/%" PRIu64 "<td>", h->distance, h->threshold);
	html_text(out, h->variant[0] ? h->variant : "original");
	if (h->partial)
		fputs(", part of a picture", out);
	fputs("<td>", out);
	put_action(p->report, out, h);
	fputs("\n", out);
}

static bool on_hits(void *ctx, const struct file_record *f)
{
	struct page_rows *p = ctx;

	for (size_t i = 0; i < f->n_hits; i++) {
		if (p->n == p->report->rows) {
			p->left_out++;
			continue;
		}
		p->n++;
		put_hit(p, f, &f->hits[i]);
	}
	return !ferror(p->out);
}

static bool on_undetermined(void *ctx, const struct file_record *f)
{
	struct page_rows *p = ctx;
	char kind[24];

	if (f->verdict != RECORD_UNDETERMINED)
		return true;
	if (p->n == p->report->rows) {
		p->left_out++;
		return true;
	}
	fprintf(p->out, "<tr><td class=n>%" PRIu64, ++p->n);
	put_subject(p->report, p->out, f);
	fprintf(p->out, "<td class=n>%" PRIu64 "<td>", f->size);
	html_text(p->out, record_reason_kind(f->reason, kind));
	fputs("<td>", p->out);
	html_text(p->out, f->reason);
	fputs("\n", p->out);
	return !ferror(p->out);
}

static bool put_rows(const struct report *r, FILE *out, const char *head,
		     bool (*row)(void *, const struct file_record *))
{
	struct page_rows p = {.report = r, .out = out};
	char shown[32], all[32];
	bool ok;

	fputs(head, out);
	fputs("<tbody>\n", out);
	ok = report_each(r, row, &p);
	fputs("</tbody>\n</table>\n", out);
	if (p.left_out) {
		alarm_begin(out);
		fprintf(out, "Only the first %s of %s rows are on this page; the CSV report has all.</p>\n",
			printable_count(p.n, shown), printable_count(p.n + p.left_out, all));
	}
	return ok;
}

/* What could not be compared may match all the same. */
static void put_no_hits(const struct report *r, FILE *out)
{
	char text[32];

	if (r->totals.undetermined)
		fprintf(out,
			"<p>No file that could be compared matched an entry of a list. <strong>%s could not be "
			"compared, "
			"and may match: see below.</strong></p>\n",
			printable_count(r->totals.undetermined, text));
	else
		fputs("<p>No file matched an entry of a list.</p>\n", out);
}

static bool put_tables(const struct report *r, FILE *out)
{
	bool ok = true;

	fputs("<h2>Hits</h2>\n", out);
	if (r->totals.hits)
		ok = put_rows(r, out,
			      "<table class=\"paged\" id=\"hits\">\n<thead><tr><th class=n>No.<th>File, SHA-256<th "
			      "data-pick=\"list\">List<th>Entry<th data-pick=\"category\">Category<th "
			      "data-pick=\"algorithm\">By<th class=n>Distance<th data-pick=\"variant\">Variant<th "
			      "data-pick=\"action\">Action</thead>\n",
			      on_hits);
	else
		put_no_hits(r, out);
	fputs("<h2>Undetermined files</h2>\n", out);
	if (ok && r->totals.undetermined)
		ok = put_rows(r, out,
			      "<table class=\"paged\" id=\"undetermined\">\n<thead><tr><th class=n>No.<th>File, "
			      "SHA-256<th class=n>Bytes<th data-pick=\"reason\">Reason<th>In words</thead>\n",
			      on_undetermined);
	else if (ok)
		fputs("<p>None: every file could be compared.</p>\n", out);
	return ok;
}

/* ---------------------------------------------------------------- how it was made */

static void put_members(FILE *out, json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		char *words = memory_text(key);

		for (char *c = words; *c; c++)
			*c = *c == '_' ? ' ' : *c;
		fputs("<tr><th scope=\"row\">", out);
		html_text(out, words);
		free(words);
		fputs("<td>", out);
		put_value(out, value);
		fputs("\n", out);
	}
}

static void put_making(const struct report *r, FILE *out)
{
	json_t *digests = json_object_get(r->scanned, "digests"),
	       *parameters = json_object_get(r->summary, "parameters");
	json_t *machine = json_object_get(r->summary, "machine"), *value;
	const char *key;

	fputs("<h2>How it was made</h2>\n<table class=\"facts\">\n", out);
	put_members(out, json_is_object(machine) ? machine : NULL);
	put_members(out, json_is_object(parameters) ? parameters : NULL);
	put_fact(out, "store", report_text(r, "store"));
	fputs("</table>\n<h2>Digests of the records</h2>\n<table class=\"facts\">\n", out);
	put_fact(out, "Records", r->from);
	fprintf(out,
		"<tr><th scope=\"row\">Length<td>%" PRIu64 " bytes\n<tr><th scope=\"row\">SHA-256<td><code>%s</code>\n",
		r->bytes, r->sha256);
	json_object_foreach(json_is_object(digests) ? digests : NULL, key, value)
	{
		fputs("<tr><th scope=\"row\">", out);
		html_text(out, key);
		fputs(", SHA-256<td><code>", out);
		put_value(out, value);
		fputs("</code>\n", out);
	}
	fputs("</table>\n<p class=\"soft\">This page was made from the records alone. Whoever has them can make it "
	      "again, "
	      "and tell by the digest that they are the same.</p>\n",
	      out);
}

static void put_signature(FILE *out)
{
	fputs("<section class=\"sign\" aria-label=\"signature\">\n<div>Name and rank</div>\n<div>Unit</div>\n"
	      "<div>Place and date</div>\n<div>Signature</div>\n</section>\n</body>\n</html>\n",
	      out);
}

bool report_html(const struct report *r, FILE *out)
{
	bool ok;

	put_head(r, out);
	put_title(r, out);
	put_alarms(r, out);
	put_figures(r, out);
	put_plot(r, out, "Hits by list", &r->totals.lists, false);
	put_plot(r, out, "Hits by category", &r->totals.categories, true);
	put_plot(r, out, "Undetermined files by reason", &r->totals.reasons, false);
	put_lists(r, out);
	put_flood(r, out);
	ok = put_tables(r, out);
	put_making(r, out);
	put_signature(out);
	return ok;
}
