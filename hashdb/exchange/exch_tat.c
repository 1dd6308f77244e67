/* SPDX-License-Identifier: Apache-2.0 */
/* Format "tat": one page of Tech Against Terrorism's hash-list/v2; see tutela-formats(5). */
#include <string.h>

#include "exchange/json_page.h"

static const enum tutela_algorithm known[] = {TUTELA_ALG_MD5, TUTELA_ALG_SHA1, TUTELA_ALG_SHA256, TUTELA_ALG_PDQ};

static void add_fingerprint(struct tutela_reader *r, struct json_page *page, const json_t *record)
{
	struct tutela_text value = tutela_json_text(page, record, "hash_digest");
	struct tutela_text name = tutela_json_text(page, record, "algorithm");
	const struct tutela_algorithm_info *info = tutela_algorithm_named(name.s, name.len);

	for (size_t i = 0; info && i < sizeof known / sizeof known[0]; i++) {
		if (known[i] != info->id)
			continue;
		if (value.len)
			tutela_build_good_hash(&page->build, info->id, value.s, value.len);
		return;
	}
	r->page.others++;
}

static bool on_record(struct tutela_reader *r, struct json_page *page, const json_t *record)
{
	static const char gone[] = "deleted at its source";
	struct tutela_text id = tutela_json_text(page, record, "id");
	const json_t *deleted = json_object_get(record, "deleted");
	struct record_build *b = &page->build;

	if (!id.len) {
		b->bad = "the record has no id";
		return true;
	}
	tutela_build_id(b, id.s, id.len);
	b->rec.source_time = tutela_json_time(json_object_get(record, "updated_on"));
	if (json_is_true(deleted) || tutela_json_is(deleted, "true")) {
		b->rec.status = TUTELA_WITHDRAWN;
		b->rec.reason = (struct tutela_text){gone, sizeof gone - 1};
		return true;
	}
	add_fingerprint(r, page, record);
	tutela_json_label(page, "ideology", tutela_json_text(page, record, "ideology"));
	tutela_json_label(page, "file-type", tutela_json_text(page, record, "file_type"));
	return true;
}

static enum tutela_err finish(struct tutela_reader *r)
{
	struct json_page *page = r->state;
	enum tutela_err err = tutela_json_page_read(r, "results", on_record);

	if (err)
		return err;
	if (!tutela_json_copy(page->root, "next", page->next, sizeof page->next) ||
	    !tutela_json_copy(page->root, "checkpoint", page->checkpoint, sizeof page->checkpoint))
		return tutela_reader_fail(r, "the address of the next page is too long");
	return TUTELA_OK;
}

const struct exchange_format tutela_format_tat = {
	.name = "tat",
	.finish = finish,
	JSON_PAGE_FORMAT,
};
