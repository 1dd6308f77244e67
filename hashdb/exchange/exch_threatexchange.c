/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format "threatexchange": one page of Meta ThreatExchange's threat_updates;
 * see tutela-formats(5). An entry is withdrawn when it should be deleted, and
 * also when nobody describes it any more; it is disputed when somebody who
 * describes it, or reacts to a description, says that it is wrong.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "exchange/json_page.h"

#define DESCRIPTORS_MAX ((size_t)256) /* looked at, of one entry */

struct indicator_type {
	const char *name;
	enum tutela_algorithm algorithm;
	const char *kind; /* NULL: the type does not say */
};

static const struct indicator_type types[] = {
	{"HASH_PDQ", TUTELA_ALG_PDQ, "image"},       {"HASH_MD5", TUTELA_ALG_MD5, NULL},
	{"HASH_VIDEO_MD5", TUTELA_ALG_MD5, "video"}, {"HASH_SHA1", TUTELA_ALG_SHA1, NULL},
	{"HASH_SHA256", TUTELA_ALG_SHA256, NULL},    {"HASH_VIDEO_SHA256", TUTELA_ALG_SHA256, "video"},
};

struct opinions {
	uint64_t up, down;
	bool negative;
};

static void add_string(struct json_page *page, const char *key, const json_t *value)
{
	if (json_is_string(value))
		tutela_json_label(page, key, (struct tutela_text){json_string_value(value), json_string_length(value)});
}

/* Either a list of words, or {"data":[{"text":word}]}. */
static void add_tags(struct json_page *page, const json_t *tags)
{
	if (json_is_object(tags))
		tags = json_object_get(tags, "data");
	for (size_t i = 0; i < json_array_size(tags) && i < TUTELA_LABELS_MAX; i++) {
		const json_t *tag = json_array_get(tags, i);

		add_string(page, "tag", json_is_object(tag) ? json_object_get(tag, "text") : tag);
	}
}

/* {"key":"HELPFUL","value":"app,app"} */
static void add_reactions(struct opinions *o, const json_t *reactions)
{
	for (size_t i = 0; i < json_array_size(reactions) && i < DESCRIPTORS_MAX; i++) {
		const json_t *one = json_array_get(reactions, i), *key = json_object_get(one, "key");
		const char *apps = json_string_value(json_object_get(one, "value"));
		uint64_t n = apps && *apps ? 1 : 0;

		for (; apps && *apps; apps++)
			n += *apps == ',';
		if (tutela_json_is(key, "HELPFUL"))
			o->up += n;
		else if (tutela_json_is(key, "DISAGREE_WITH_TAGS"))
			o->down += n;
	}
}

static void add_descriptor(struct json_page *page, struct opinions *o, const json_t *d)
{
	const json_t *status = json_object_get(d, "status");
	struct tutela_text owner = tutela_json_text(page, json_object_get(d, "owner"), "id");

	o->negative |= tutela_json_is(status, "NON_MALICIOUS");
	add_string(page, "status", status);
	tutela_json_label(page, "owner", owner);
	add_tags(page, json_object_get(d, "tags"));
	add_reactions(o, json_object_get(d, "reactions"));
}

static void add_opinions(struct json_page *page, const json_t *descriptors)
{
	static const char why[] = "a member says that it is wrong";
	struct record_build *b = &page->build;
	struct opinions o = {0};

	for (size_t i = 0; i < json_array_size(descriptors) && i < DESCRIPTORS_MAX; i++)
		add_descriptor(page, &o, json_array_get(descriptors, i));
	tutela_json_count_label(page, "feedback.up", o.up);
	tutela_json_count_label(page, "feedback.down", o.down);
	if (o.negative || o.down) {
		b->rec.status = TUTELA_DISPUTED;
		b->rec.reason = (struct tutela_text){why, sizeof why - 1};
	}
}

static void add_fingerprint(struct tutela_reader *r, struct json_page *page, const json_t *record)
{
	struct tutela_text value = tutela_json_text(page, record, "indicator");
	const json_t *type = json_object_get(record, "type");

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (!tutela_json_is(type, types[i].name))
			continue;
		if (value.len)
			tutela_build_good_hash(&page->build, types[i].algorithm, value.s, value.len);
		if (types[i].kind)
			tutela_json_label(page, "kind", (struct tutela_text){types[i].kind, strlen(types[i].kind)});
		return;
	}
	r->page.others++;
}

static bool is_gone(const json_t *record, const json_t *descriptors)
{
	const json_t *deleted = json_object_get(record, "should_delete");

	return json_is_true(deleted) || tutela_json_is(deleted, "true") || !json_array_size(descriptors);
}

static bool on_record(struct tutela_reader *r, struct json_page *page, const json_t *record)
{
	static const char gone[] = "deleted at its source";
	const json_t *descriptors = json_object_get(record, "descriptors");
	struct tutela_text id = tutela_json_text(page, record, "id");
	struct record_build *b = &page->build;
	int64_t newest = 0, updated = tutela_json_time(json_object_get(record, "last_updated"));

	if (json_is_object(descriptors))
		descriptors = json_object_get(descriptors, "data");
	/* Items come in order of their updates; that of a bad one counts, too: it is behind us. */
	(void)sscanf(page->checkpoint, "%" SCNd64, &newest);
	if (updated > newest)
		(void)snprintf(page->checkpoint, sizeof page->checkpoint, "%" PRId64, updated);
	b->rec.source_time = updated;
	if (!id.len) {
		b->bad = "the record has no id";
		return true;
	}
	tutela_build_id(b, id.s, id.len);
	if (is_gone(record, descriptors)) {
		b->rec.status = TUTELA_WITHDRAWN;
		b->rec.reason = (struct tutela_text){gone, sizeof gone - 1};
		return true;
	}
	add_fingerprint(r, page, record);
	/* Disputed is not bare: settle what has no fingerprint before. */
	r->page.bare += tutela_build_settle_bare(b);
	if (b->rec.status == TUTELA_ACTIVE)
		add_opinions(page, descriptors);
	return true;
}

static enum tutela_err finish(struct tutela_reader *r)
{
	struct json_page *page = r->state;
	enum tutela_err err = tutela_json_page_read(r, "data", on_record);

	if (err)
		return err;
	if (!tutela_json_copy(json_object_get(page->root, "paging"), "next", page->next, sizeof page->next))
		return tutela_reader_fail(r, "the address of the next page is too long");
	return TUTELA_OK;
}

const struct exchange_format tutela_format_threatexchange = {
	.name = "threatexchange",
	.finish = finish,
	JSON_PAGE_FORMAT,
};
