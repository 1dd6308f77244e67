/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format "ncmec": one page of NCMEC Hash Sharing v2, `GET /v2/entries`; see
 * tutela-formats(5).
 *
 * Elements are known by their place: what stands where nothing is expected is
 * passed over with all that is in it. Names are compared without case.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "exchange/exchange_format.h"
#include "exchange/utc_time.h"
#include "exchange/xml_guard.h"

#define MEMBER_DIGITS 20
#define REASONS_MAX   8
#define REASON_NAME   200

enum node {
	NODE_OTHER,
	NODE_ROOT,
	NODE_GROUP, /* images, videos */
	NODE_ENTRY,
	NODE_MEMBER,
	NODE_TIME,
	NODE_ID,
	NODE_CLASS,
	NODE_PRINTS,
	NODE_PRINT,
	NODE_FEEDBACK,
	NODE_UP,
	NODE_DOWN,
	NODE_REASONS,
	NODE_REASON,
	NODE_VOTERS,
	NODE_VOTER,
	NODE_PAGING,
	NODE_NEXT,
};

/* What votes are about, as labels name it. The last takes what is unknown. */
static const char *const kinds[] = {
	"md5", "sha1", "pdna", "pdq", "netclean", "videntifier", "tmk-pdqf", "ssvh-pdna", "ssvh-safer-hash", "other"};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct vote_reason {
	size_t kind;
	uint64_t votes;
	char name[REASON_NAME + 1];
};

struct ncmec_entry {
	struct record_build build;
	uint64_t line, byte;
	bool video, deleted;
	bool has_member;
	char member[MEMBER_DIGITS + 1]; /* its id */
	char name[TUTELA_TEXT_MAX + 1], classification[TUTELA_TEXT_MAX + 1];
	char own_id[TUTELA_ENTRY_ID_MAX + 1];
	char id[TUTELA_ENTRY_ID_MAX + MEMBER_DIGITS + 2];
	uint64_t up[KINDS], down[KINDS];
	struct vote_reason reasons[REASONS_MAX];
	size_t n_reasons;
	/* Where the votes that come in belong. */
	size_t kind;
	bool negative;
	struct vote_reason *reason;
	/* Texts of labels. */
	char keys[2 * KINDS + REASONS_MAX][64];
	char values[2 * KINDS + REASONS_MAX][REASON_NAME + 32];
};

struct ncmec_reader {
	struct tutela_reader *r;
	struct xml_guard xml;
	enum node path[XML_DEPTH_MAX + 1];
	char text[TUTELA_TEXT_MAX + 1]; /* of the innermost element that wants it */
	size_t text_len;
	bool text_long;
	enum tutela_algorithm algorithm; /* of the fingerprint; NONE: of a kind that is not kept */
	char next[TUTELA_PAGE_NEXT_MAX + 1];
	struct ncmec_entry entry;
	enum tutela_err err; /* of a callback */
};

static bool is(const char *name, const char *word)
{
	return tutela_same_word(name, strlen(name), word);
}

/* ------------------------------------------------------------------ entries */

static void spoil(struct ncmec_entry *e, const char *why)
{
	if (!e->build.bad)
		e->build.bad = why;
}

static void start_entry(struct ncmec_reader *n, bool video, bool deleted)
{
	struct ncmec_entry *e = &n->entry;

	tutela_build_start(&e->build);
	tutela_xml_position(&n->xml, &e->line, &e->byte);
	n->r->record++;
	e->video = video;
	e->deleted = deleted;
	e->has_member = false;
	e->member[0] = e->name[0] = e->classification[0] = e->own_id[0] = '\0';
	memset(e->up, 0, sizeof e->up);
	memset(e->down, 0, sizeof e->down);
	e->n_reasons = 0;
}

static void take_member(struct ncmec_entry *e, const char *id)
{
	size_t len = id ? strlen(id) : 0;

	if (e->has_member)
		spoil(e, "the entry has two members");
	else if (!len || len > MEMBER_DIGITS || strspn(id, "0123456789") != len)
		spoil(e, "the member's id is not a number");
	else
		memcpy(e->member, id, len + 1);
	e->has_member = true;
}

/* The kind that an attribute `type` names: MD5, Tmk_Pdqf, … */
static size_t kind_of(const char *type)
{
	char name[32];
	size_t i = 0;

	for (; type && type[i] && i + 1 < sizeof name; i++)
		name[i] = type[i] == '_' ? '-' : type[i];
	name[i] = '\0';
	for (i = 0; i + 1 < KINDS; i++)
		if (is(name, kinds[i]))
			break;
	return i;
}

static void start_reason(struct ncmec_entry *e, const char *name)
{
	struct vote_reason *reason = NULL;
	int len = (int)strnlen(name ? name : "", REASON_NAME);

	e->reason = NULL;
	/* Whole characters only. */
	while (len > 0 && name[len] && ((unsigned char)name[len] & 0xc0) == 0x80)
		len--;
	for (size_t i = 0; i < e->n_reasons && !reason; i++)
		if (e->reasons[i].kind == e->kind && !strncmp(e->reasons[i].name, name ? name : "", (size_t)len) &&
		    !e->reasons[i].name[len])
			reason = &e->reasons[i];
	if (!reason && len && e->n_reasons < REASONS_MAX) {
		reason = &e->reasons[e->n_reasons++];
		reason->kind = e->kind;
		reason->votes = 0;
		(void)snprintf(reason->name, sizeof reason->name, "%.*s", len, name);
	}
	e->reason = reason;
}

static void count_vote(struct ncmec_entry *e)
{
	(e->negative ? e->down : e->up)[e->kind]++;
	if (e->negative && e->reason)
		e->reason->votes++;
}

static struct tutela_text text_of(const char *s)
{
	size_t len = strlen(s);

	return (struct tutela_text){len ? s : NULL, len};
}

/* "feedback.md5.up" = "2"; "feedback.md5.reason" = "Demo reason (1)". */
static void add_votes(struct ncmec_entry *e)
{
	size_t n = 0;

	for (size_t i = 0; i < 2 * KINDS; i++) {
		uint64_t votes = (i % 2 ? e->down : e->up)[i / 2];

		if (!votes)
			continue;
		(void)snprintf(e->keys[n], sizeof e->keys[n], "feedback.%s.%s", kinds[i / 2], i % 2 ? "down" : "up");
		(void)snprintf(e->values[n], sizeof e->values[n], "%" PRIu64, votes);
		n++;
	}
	for (size_t i = 0; i < e->n_reasons && e->build.rec.n_labels + n < TUTELA_LABELS_MAX; i++) {
		const struct vote_reason *reason = &e->reasons[i];

		(void)snprintf(e->keys[n], sizeof e->keys[n], "feedback.%s.reason", kinds[reason->kind]);
		(void)snprintf(e->values[n], sizeof e->values[n], "%s (%" PRIu64 ")", reason->name, reason->votes);
		n++;
	}
	for (size_t i = 0; i < n; i++)
		tutela_build_label(&e->build, text_of(e->keys[i]), text_of(e->values[i]));
}

static void add_labels(struct ncmec_entry *e)
{
	tutela_build_label(&e->build, text_of("kind"), text_of(e->video ? "video" : "image"));
	if (e->name[0])
		tutela_build_label(&e->build, text_of("member"), text_of(e->name));
	if (e->classification[0])
		tutela_build_label(&e->build, text_of("classification"), text_of(e->classification));
	add_votes(e);
}

static void add_id(struct ncmec_entry *e)
{
	if (!e->has_member)
		spoil(e, "the entry has no member");
	if (!e->own_id[0])
		spoil(e, "the entry has no id");
	if (!e->member[0] || !e->own_id[0])
		return;
	(void)snprintf(e->id, sizeof e->id, "%s/%s", e->member, e->own_id);
	tutela_build_id(&e->build, e->id, strlen(e->id));
}

static void end_entry(struct ncmec_reader *n)
{
	static const char gone[] = "deleted at its source";
	struct ncmec_entry *e = &n->entry;
	struct record_build *b = &e->build;

	add_id(e);
	if (e->deleted) {
		b->rec.n_fingerprints = 0;
		b->refused = NULL;
		b->rec.status = TUTELA_WITHDRAWN;
		b->rec.reason = (struct tutela_text){gone, sizeof gone - 1};
	} else {
		add_labels(e);
		n->r->page.bare += tutela_build_settle_bare(b);
	}
	n->err = tutela_reader_emit(n->r, b, e->line, e->byte);
	if (n->err)
		tutela_xml_stop(&n->xml, NULL);
}

/* ------------------------------------------------------------------ elements */

static enum tutela_algorithm print_algorithm(const char *name)
{
	static const enum tutela_algorithm known[] = {TUTELA_ALG_MD5, TUTELA_ALG_SHA1, TUTELA_ALG_SHA256,
						      TUTELA_ALG_PDQ};

	if (is(name, "pdna"))
		return TUTELA_ALG_PHOTODNA;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (is(name, tutela_algorithm_get(known[i])->name))
			return known[i];
	return TUTELA_ALG_NONE;
}

static enum node start_in_group(struct ncmec_reader *n, const char *name)
{
	static const char *const names[] = {"image", "video", "deletedImage", "deletedVideo"};

	for (unsigned i = 0; i < 4; i++) {
		if (is(name, names[i])) {
			start_entry(n, i % 2, i / 2);
			return NODE_ENTRY;
		}
	}
	return NODE_OTHER;
}

static enum node start_in_entry(struct ncmec_reader *n, const char *name, const char **attributes)
{
	if (is(name, "member")) {
		take_member(&n->entry, tutela_xml_attribute(attributes, "id"));
		return NODE_MEMBER;
	}
	return is(name, "timestamp")        ? NODE_TIME
	       : is(name, "id")             ? NODE_ID
	       : is(name, "classification") ? NODE_CLASS
	       : is(name, "fingerprints")   ? NODE_PRINTS
	       : is(name, "feedback")       ? NODE_FEEDBACK
					    : NODE_OTHER;
}

static enum node start_vote(struct ncmec_reader *n, const char *name, const char **attributes)
{
	struct ncmec_entry *e = &n->entry;

	e->negative = is(name, "negativeFeedback");
	if (!e->negative && !is(name, "affirmativeFeedback"))
		return NODE_OTHER;
	e->kind = kind_of(tutela_xml_attribute(attributes, "type"));
	e->reason = NULL;
	return e->negative ? NODE_DOWN : NODE_UP;
}

static enum node start_in_vote(struct ncmec_reader *n, const char *name, const char **attributes)
{
	if (is(name, "reasons"))
		return NODE_REASONS;
	if (is(name, "reason")) {
		start_reason(&n->entry, tutela_xml_attribute(attributes, "name"));
		return NODE_REASON;
	}
	return is(name, "members") ? NODE_VOTERS : NODE_OTHER;
}

static enum node place(struct ncmec_reader *n, const char *name, const char **attributes)
{
	switch (n->path[n->xml.depth - 1]) {
	case NODE_ROOT:
		if (is(name, "paging"))
			return NODE_PAGING;
		return is(name, "images") || is(name, "videos") ? NODE_GROUP : NODE_OTHER;
	case NODE_GROUP:
		return start_in_group(n, name);
	case NODE_ENTRY:
		return start_in_entry(n, name, attributes);
	case NODE_PRINTS:
		n->algorithm = print_algorithm(name);
		n->r->page.others += n->algorithm == TUTELA_ALG_NONE;
		return NODE_PRINT;
	case NODE_FEEDBACK:
		return start_vote(n, name, attributes);
	case NODE_UP:
	case NODE_DOWN:
	case NODE_REASONS:
		return start_in_vote(n, name, attributes);
	case NODE_VOTERS:
		if (!is(name, "member"))
			return NODE_OTHER;
		count_vote(&n->entry);
		return NODE_VOTER;
	case NODE_PAGING:
		return is(name, "next") ? NODE_NEXT : NODE_OTHER;
	default:
		return NODE_OTHER;
	}
}

static bool wants_text(enum node node)
{
	return (node >= NODE_MEMBER && node <= NODE_CLASS) || node == NODE_PRINT || node == NODE_NEXT;
}

static void on_start(void *ctx, const char *name, const char **attributes)
{
	struct ncmec_reader *n = ctx;
	unsigned depth = n->xml.depth;

	if (depth == 1) {
		n->path[1] = NODE_ROOT;
		if (!is(name, "queryResult"))
			tutela_xml_stop(&n->xml, "the document is not a query result");
		return;
	}
	n->path[depth] = place(n, name, attributes);
	if (wants_text(n->path[depth])) {
		n->text_len = 0;
		n->text_long = false;
	}
}

static void on_text(void *ctx, const char *s, size_t len)
{
	struct ncmec_reader *n = ctx;

	if (!wants_text(n->path[n->xml.depth]) || n->text_long)
		return;
	/* Blanks at the beginning are no part of it. */
	while (!n->text_len && len && strchr(" \t\r\n", *s)) {
		s++;
		len--;
	}
	if (len > sizeof n->text - 1 - n->text_len) {
		n->text_long = true;
		return;
	}
	memcpy(n->text + n->text_len, s, len);
	n->text_len += len;
}

static void copy(struct ncmec_reader *n, char *to, size_t room)
{
	if (n->text_len >= room)
		spoil(&n->entry, "the entry's id is too long");
	else
		memcpy(to, n->text, n->text_len + 1);
}

static void end_print(struct ncmec_reader *n)
{
	struct record_build *b = &n->entry.build;

	if (n->algorithm == TUTELA_ALG_NONE || !n->text_len)
		return;
	if (b->rec.n_fingerprints == TUTELA_FINGERPRINTS_MAX)
		b->refused = b->refused ? b->refused : RECORD_TOO_MANY_HASHES;
	else
		tutela_build_good_hash(b, n->algorithm, n->text, n->text_len);
}

static void end_text(struct ncmec_reader *n, enum node node)
{
	struct ncmec_entry *e = &n->entry;

	while (n->text_len && strchr(" \t\r\n", n->text[n->text_len - 1]))
		n->text_len--;
	n->text[n->text_len] = '\0';
	if (node == NODE_NEXT && (n->text_long || n->text_len > TUTELA_PAGE_NEXT_MAX))
		tutela_xml_stop(&n->xml, "the address of the next page is too long");
	else if (n->text_long && node == NODE_PRINT)
		e->build.refused = e->build.refused || n->algorithm == TUTELA_ALG_NONE
					   ? e->build.refused
					   : "the value has not the length of its algorithm";
	else if (n->text_long)
		spoil(e, "a text is longer than " RECORD_NUMBER(TUTELA_TEXT_MAX) " bytes");
	else if (node == NODE_MEMBER)
		memcpy(e->name, n->text, n->text_len + 1);
	else if (node == NODE_CLASS)
		memcpy(e->classification, n->text, n->text_len + 1);
	else if (node == NODE_ID)
		copy(n, e->own_id, sizeof e->own_id);
	else if (node == NODE_NEXT)
		memcpy(n->next, n->text, n->text_len + 1);
	else if (node == NODE_PRINT)
		end_print(n);
	else if (!tutela_utc_parse(n->text, n->text_len, &e->build.rec.source_time) && !e->build.refused)
		e->build.refused = "the timestamp cannot be read";
}

static void on_end(void *ctx)
{
	struct ncmec_reader *n = ctx;
	enum node node = n->path[n->xml.depth];

	if (wants_text(node))
		end_text(n, node);
	else if (node == NODE_ENTRY)
		end_entry(n);
}

/* ------------------------------------------------------------------ the reader's functions */

static enum tutela_err ncmec_open(struct tutela_reader *r, const char **why)
{
	struct ncmec_reader *n = r->state;

	(void)why;
	n->r = r;
	n->xml.start = on_start;
	n->xml.end = on_end;
	n->xml.text = on_text;
	n->xml.ctx = n;
	return tutela_xml_init(&n->xml) ? TUTELA_OK : TUTELA_E_NOMEM;
}

static enum tutela_err parse(struct tutela_reader *r, const char *bytes, size_t len, bool last)
{
	struct ncmec_reader *n = r->state;

	if (tutela_xml_feed(&n->xml, bytes, len, last))
		return TUTELA_OK;
	return n->err ? n->err : tutela_reader_fail(r, "%s", n->xml.message);
}

static enum tutela_err ncmec_feed(struct tutela_reader *r, const char *bytes, size_t len)
{
	return parse(r, bytes, len, false);
}

static enum tutela_err ncmec_finish(struct tutela_reader *r)
{
	struct ncmec_reader *n = r->state;

	r->page.next = n->next;
	return parse(r, "", 0, true);
}

static void ncmec_close(struct tutela_reader *r)
{
	struct ncmec_reader *n = r->state;

	tutela_xml_fini(&n->xml);
}

const struct exchange_format tutela_format_ncmec = {
	.name = "ncmec",
	.pages = true,
	.line_default = READER_LINE_MAX,
	.reader_size = sizeof(struct ncmec_reader),
	.open = ncmec_open,
	.feed = ncmec_feed,
	.finish = ncmec_finish,
	.close = ncmec_close,
};
