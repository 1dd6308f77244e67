/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format "stopncii": one page of StopNCII's FetchHashes; see
 * tutela-formats(5). An entry is (signalType, hashValue); it is withdrawn when
 * its hashStatus says so. `hashValue` is never compared with a status.
 */
#include <stdio.h>
#include <string.h>

#include "exchange/json_page.h"

struct signal_type {
	const char *name, *kind;
	enum tutela_algorithm algorithm;
};

static const struct signal_type types[] = {
	{"ImagePDQ", "image", TUTELA_ALG_PDQ},  {"VideoMD5", "video", TUTELA_ALG_MD5},
	{"VideoTMK", "video", TUTELA_ALG_NONE}, {"Text", "text", TUTELA_ALG_NONE},
	{"URL", "url", TUTELA_ALG_NONE},
};

static const struct signal_type *type_of(const json_t *value)
{
	static const struct signal_type other = {NULL, NULL, TUTELA_ALG_NONE}; /* VideoTMK, Text, URL, … */

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (tutela_json_is(value, types[i].name))
			return &types[i];
	return &other;
}

/* "ImagePDQ:0123…": hexadecimal in lower case, so that the same hash is the same entry. */
static void add_id(struct json_page *page, const struct signal_type *type, struct tutela_text hash)
{
	size_t n = strlen(type->name);

	if (n + 1 + hash.len > TUTELA_ENTRY_ID_MAX) {
		page->build.bad = "the value has not the length of its algorithm";
		return;
	}
	memcpy(page->id, type->name, n);
	page->id[n++] = ':';
	for (size_t i = 0; i < hash.len; i++) {
		char c = hash.s[i];

		page->id[n++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	}
	tutela_build_id(&page->build, page->id, n);
}

static void add_feedback(struct json_page *page, const json_t *list)
{
	static const char *const values[][2] = {
		{"QualityUnknown", "feedback.quality-unknown"},
		{"PendingReview", "feedback.pending-review"},
		{"Blocked", "feedback.blocked"},
		{"NotBlocked", "feedback.not-blocked"},
		{"Withdrawn", "feedback.withdrawn"},
		{"Deleted", "feedback.deleted"},
	};
	uint64_t counts[sizeof values / sizeof values[0]] = {0};

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i), *tags = json_object_get(one, "tags");

		for (size_t k = 0; k < sizeof values / sizeof values[0]; k++)
			counts[k] += tutela_json_is(json_object_get(one, "feedbackValue"), values[k][0]);
		for (size_t k = 0; k < json_array_size(tags) && k < TUTELA_LABELS_MAX; k++) {
			const json_t *tag = json_array_get(tags, k);

			if (json_is_string(tag))
				tutela_json_label(
					page, "tag",
					(struct tutela_text){json_string_value(tag), json_string_length(tag)});
		}
	}
	for (size_t k = 0; k < sizeof values / sizeof values[0]; k++)
		tutela_json_count_label(page, values[k][1], counts[k]);
}

static bool on_record(struct tutela_reader *r, struct json_page *page, const json_t *record)
{
	static const char why[] = "withdrawn at its source", gone[] = "deleted at its source";
	const struct signal_type *type = type_of(json_object_get(record, "signalType"));
	const json_t *status = json_object_get(record, "hashStatus");
	struct tutela_text hash = tutela_json_text(page, record, "hashValue");
	struct record_build *b = &page->build;

	/* Values of other kinds may be of any length and become no entries. */
	if (type->algorithm == TUTELA_ALG_NONE) {
		r->page.others++;
		return false;
	}
	if (!hash.len) {
		b->bad = "the record has no hashValue";
		return true;
	}
	b->rec.source_time = tutela_json_time(json_object_get(record, "lastModtimestamp"));
	if (tutela_json_is(status, "Withdrawn") || tutela_json_is(status, "Deleted")) {
		bool deleted = tutela_json_is(status, "Deleted");

		b->rec.status = TUTELA_WITHDRAWN;
		b->rec.reason = deleted ? (struct tutela_text){gone, sizeof gone - 1}
					: (struct tutela_text){why, sizeof why - 1};
	}
	tutela_build_good_hash(b, type->algorithm, hash.s, hash.len);
	add_id(page, type, hash);
	tutela_json_label(page, "kind", (struct tutela_text){type->kind, strlen(type->kind)});
	tutela_json_label(page, "status", tutela_json_text(page, record, "hashStatus"));
	tutela_json_count_label(page, "cases", json_object_size(json_object_get(record, "caseNumbers")));
	add_feedback(page, json_object_get(record, "CSPFeedbacks"));
	return true;
}

static enum tutela_err finish(struct tutela_reader *r)
{
	struct json_page *page = r->state;
	enum tutela_err err = tutela_json_page_read(r, "hashRecords", on_record);
	const json_t *more;

	if (err)
		return err;
	more = json_object_get(page->root, "hasMoreRecords");
	if (!tutela_json_copy(page->root, "nextPageToken", page->next, sizeof page->next) ||
	    !tutela_json_copy(page->root, "nextSetTimestamp", page->checkpoint, sizeof page->checkpoint))
		return tutela_reader_fail(r, "the address of the next page is too long");
	if (page->checkpoint[strspn(page->checkpoint, "0123456789")])
		return tutela_reader_fail(r, "the time at which the next fetch is to begin is no time");
	if (json_is_false(more))
		page->next[0] = '\0';
	if (json_is_true(more) && !page->next[0])
		return tutela_reader_fail(r, "the page says that there are more and not where");
	return TUTELA_OK;
}

const struct exchange_format tutela_format_stopncii = {
	.name = "stopncii",
	.finish = finish,
	JSON_PAGE_FORMAT,
};
