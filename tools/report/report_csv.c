/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 4180 in UTF-8: a head, one row for each hit and for each undetermined
 * file, CR LF at the end of each. Cells hold the bytes of the record, control
 * characters included.
 *
 * Spreadsheets run what looks like a formula, and file names come from
 * suspects: a cell of text that begins with one of = + - @ (also in their wide
 * forms, or behind spaces), TAB, CR, LF or an apostrophe gets an apostrophe
 * before it. So whoever reads the file by program takes one apostrophe off the
 * front of a cell and has the text.
 */
#include <stdio.h>
#include <string.h>

#include "report/csv_cell.h"
#include "report/render.h"

struct sheet {
	const struct report *report;
	FILE *out;
};

static const char *const head[] = {
	"evidence", "path",          "path_bytes", "size",      "format",   "width",     "height",       "md5",
	"sha1",     "sha256",        "pdq",        "pdq_full",  "quality",  "verdict",   "reason",       "source",
	"list",     "version",       "entry",      "algorithm", "distance", "threshold", "variant",      "dialect",
	"category", "category_name", "labels",     "action",    "partial",  "expired",   "tool_version", "flood",
};

static void file_cells(struct sheet *s, const struct file_record *f)
{
	FILE *out = s->out;

	csv_text(out, report_evidence(s->report, f));
	csv_text(out, f->path);
	csv_text(out, f->path_bytes);
	csv_number(out, f->size, true);
	csv_text(out, f->format);
	csv_number(out, f->width, f->width && f->height);
	csv_number(out, f->height, f->width && f->height);
	csv_text(out, f->md5);
	csv_text(out, f->sha1);
	csv_text(out, f->sha256);
	csv_text(out, f->pdq);
	csv_text(out, f->pdq_full);
	csv_number(out, f->pdq_quality > 0 ? (uint64_t)f->pdq_quality : 0, f->pdq_quality >= 0);
	csv_text(out, record_verdict_name(f->verdict));
	csv_text(out, f->reason);
}

#define HIT_CELLS 15

static void hit_cells(struct sheet *s, const struct hit_record *h)
{
	const char *name = category_name(&s->report->categories, h->list, h->category);
	FILE *out = s->out;

	csv_text(out, h->source);
	csv_text(out, h->list);
	csv_number(out, h->list_version, true);
	csv_text(out, h->entry);
	csv_text(out, h->algorithm);
	csv_number(out, h->distance, true);
	csv_number(out, h->threshold, true);
	csv_text(out, h->variant);
	csv_text(out, h->dialect);
	csv_text(out, h->category);
	csv_text(out, name ? name : "");
	csv_labels(out, h->labels);
	csv_text(out, h->action);
	csv_text(out, h->partial ? "true" : "");
	csv_text(out, report_expired(s->report, h) ? "true" : "");
}

static bool on_file(void *ctx, const struct file_record *f)
{
	struct sheet *s = ctx;
	const char *version = report_text(s->report, "tool_version");

	for (size_t i = 0; i < f->n_hits; i++) {
		file_cells(s, f);
		hit_cells(s, &f->hits[i]);
		csv_text(s->out, version);
		csv_last(s->out, report_flood(s->report, &f->hits[i]));
	}
	if (!f->n_hits && f->verdict == RECORD_UNDETERMINED) {
		file_cells(s, f);
		for (int i = 0; i < HIT_CELLS; i++)
			csv_text(s->out, "");
		csv_text(s->out, version);
		csv_last(s->out, "");
	}
	return !ferror(s->out);
}

bool report_csv(const struct report *r, FILE *out)
{
	struct sheet s = {r, out};
	const size_t n = sizeof(head) / sizeof(head[0]);

	for (size_t i = 0; i + 1 < n; i++)
		csv_text(out, head[i]);
	csv_last(out, head[n - 1]);
	return report_each(r, on_file, &s);
}
