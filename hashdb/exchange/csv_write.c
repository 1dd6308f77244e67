/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/csv_write.h"

#include <string.h>

#include "exchange/csv_columns.h"
#include "exchange/utc_time.h"

/* Labels that have a column of their own; the others share one. */
static const char *const label_columns[] = {"category", "classification", "series"};
#define LABEL_COLUMNS (sizeof(label_columns) / sizeof(label_columns[0]))

enum tutela_err tutela_csv_begin(struct tutela_writer *w)
{
	const struct tutela_algorithm_info *info;

	tutela_writer_string(w, "id");
	for (size_t i = 0; (info = tutela_algorithm_at(i)); i++) {
		tutela_writer_string(w, ",");
		tutela_writer_string(w, info->name);
	}
	tutela_writer_string(w, ",status,reason,time");
	for (size_t i = 0; i < LABEL_COLUMNS; i++) {
		tutela_writer_string(w, ",");
		tutela_writer_string(w, label_columns[i]);
	}
	tutela_writer_string(w, ",labels\n");
	return TUTELA_OK;
}

/* Inside quotes: quotes doubled; with `escaped`, a backslash before those characters too. */
static void write_quoted(struct tutela_writer *w, struct tutela_text t, const char *escaped)
{
	for (size_t i = 0; i < t.len; i++) {
		if (t.s[i] == '"')
			tutela_writer_string(w, "\"");
		else if (memchr(escaped, t.s[i], strlen(escaped)) || (*escaped && !i && memchr(" \t", t.s[i], 2)))
			tutela_writer_string(w, "\\");
		tutela_writer_bytes(w, t.s + i, 1);
	}
}

/* Before a cell that begins so. */
static const char *guard(const struct tutela_writer *w, struct tutela_text t)
{
	return w->format == &tutela_format_sheet && tutela_csv_is_formula(t.s, t.len) ? "'" : "";
}

static void write_cell(struct tutela_writer *w, struct tutela_text t)
{
	bool quote = tutela_csv_trim(t).len != t.len;

	for (size_t i = 0; i < t.len && !quote; i++)
		quote = memchr(",\"\r\n", t.s[i], 4) != NULL;
	if (!quote) {
		tutela_writer_string(w, guard(w, t));
		tutela_writer_bytes(w, t.s, t.len);
		return;
	}
	tutela_writer_string(w, "\"");
	tutela_writer_string(w, guard(w, t));
	write_quoted(w, t, "");
	tutela_writer_string(w, "\"");
}

static void write_hashes(struct tutela_writer *w, const struct tutela_record *rec, enum tutela_algorithm algorithm)
{
	bool first = true;

	for (size_t i = 0; i < rec->n_fingerprints; i++) {
		if (rec->fingerprints[i].algorithm != algorithm)
			continue;
		tutela_writer_string(w, first ? "" : " ");
		tutela_writer_hash(w, &rec->fingerprints[i]);
		first = false;
	}
}

/*
 * The column that each label goes to; LABEL_COLUMNS: the shared one, which
 * also takes what a cell cannot say: an empty value, a second one of its key.
 */
static void choose_columns(const struct tutela_record *rec, size_t *columns)
{
	bool taken[LABEL_COLUMNS] = {false};

	for (size_t i = 0; i < rec->n_labels; i++) {
		const struct tutela_label *l = &rec->labels[i];
		size_t c = 0;

		while (c < LABEL_COLUMNS && (taken[c] || !l->value.len || l->key.len != strlen(label_columns[c]) ||
					     memcmp(l->key.s, label_columns[c], l->key.len)))
			c++;
		columns[i] = c;
		if (c < LABEL_COLUMNS)
			taken[c] = true;
	}
}

static void write_labels(struct tutela_writer *w, const struct tutela_record *rec)
{
	size_t columns[TUTELA_LABELS_MAX];
	bool first = true;

	choose_columns(rec, columns);
	for (size_t c = 0; c < LABEL_COLUMNS; c++) {
		tutela_writer_string(w, ",");
		for (size_t i = 0; i < rec->n_labels; i++)
			if (columns[i] == c)
				write_cell(w, rec->labels[i].value);
	}
	tutela_writer_string(w, ",");
	for (size_t i = 0; i < rec->n_labels; i++) {
		if (columns[i] != LABEL_COLUMNS)
			continue;
		tutela_writer_string(w, first ? "\"" : ";");
		tutela_writer_string(w, first ? guard(w, rec->labels[i].key) : "");
		first = false;
		write_quoted(w, rec->labels[i].key, "=;\\");
		tutela_writer_string(w, "=");
		write_quoted(w, rec->labels[i].value, ";\\");
	}
	tutela_writer_string(w, first ? "" : "\"");
}

enum tutela_err tutela_csv_put(struct tutela_writer *w, const struct tutela_record *rec)
{
	const struct tutela_algorithm_info *info;
	char time[UTC_TIME_TEXT];

	write_cell(w, rec->id);
	for (size_t i = 0; (info = tutela_algorithm_at(i)); i++) {
		tutela_writer_string(w, ",");
		write_hashes(w, rec, info->id);
	}
	tutela_writer_string(w, ",");
	tutela_writer_string(w, tutela_status_name(rec->status));
	tutela_writer_string(w, ",");
	write_cell(w, rec->reason);
	tutela_writer_string(w, ",");
	if (rec->source_time && tutela_utc_format(rec->source_time, time))
		tutela_writer_string(w, time);
	write_labels(w, rec);
	tutela_writer_string(w, "\n");
	return TUTELA_OK;
}
