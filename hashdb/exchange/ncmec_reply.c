/* SPDX-License-Identifier: Apache-2.0 */
/* The small replies of NCMEC Hash Sharing v2, and the body of a vote. */
#include <tutela/feed_page.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "exchange/record_build.h"
#include "exchange/xml_guard.h"

#define REPLY_MAX ((size_t)1 << 20)

enum reply_text { TEXT_NONE, TEXT_USER, TEXT_MEMBER };

struct reply {
	enum tutela_ncmec_reply what;
	struct xml_guard xml;
	struct tutela_ncmec_row row;
	enum reply_text text; /* what the text that comes in is */
	unsigned text_depth;
	size_t len;
	bool (*fn)(void *ctx, const struct tutela_ncmec_row *row);
	void *ctx;
	const char *why;
};

static const char *const roots[] = {"status", "members", "availableFeedbackReasons"};

static bool is(const char *name, const char *word)
{
	return tutela_same_word(name, strlen(name), word);
}

static void refuse(struct reply *p, const char *why)
{
	p->why = p->why ? p->why : why;
	tutela_xml_stop(&p->xml, why);
}

static bool copy(char *to, size_t room, const char *from)
{
	size_t len = from ? strlen(from) : 0;

	if (len >= room)
		return false;
	memcpy(to, from ? from : "", len + 1);
	return true;
}

static void give(struct reply *p)
{
	if (!p->fn(p->ctx, &p->row))
		tutela_xml_stop(&p->xml, NULL);
	p->row = (struct tutela_ncmec_row){0};
}

static void take_member(struct reply *p, const char *id)
{
	uint64_t n = 0;
	size_t len = id ? strlen(id) : 0;

	if (!len || len > 19 || strspn(id, "0123456789") != len) {
		refuse(p, "a member's id is not a number");
		return;
	}
	for (size_t i = 0; i < len; i++)
		n = n * 10 + (uint64_t)(id[i] - '0');
	p->row.member = n;
}

static void take_text(struct reply *p, enum reply_text text)
{
	p->text = text;
	p->text_depth = p->xml.depth;
	p->len = 0;
}

static void start_row(struct reply *p, const char *name, const char **attributes)
{
	struct tutela_ncmec_row *row = &p->row;

	if (p->what == TUTELA_NCMEC_REASONS && is(name, "reason")) {
		if (!copy(row->name, sizeof row->name, tutela_xml_attribute(attributes, "name")) ||
		    !copy(row->guid, sizeof row->guid, tutela_xml_attribute(attributes, "guid")) ||
		    !copy(row->type, sizeof row->type, tutela_xml_attribute(attributes, "type")))
			refuse(p, "a text of it is too long");
		else
			give(p);
	} else if (p->what != TUTELA_NCMEC_REASONS && is(name, "member")) {
		take_member(p, tutela_xml_attribute(attributes, "id"));
		take_text(p, p->what == TUTELA_NCMEC_MEMBERS ? TEXT_MEMBER : TEXT_NONE);
	} else if (p->what == TUTELA_NCMEC_STATUS && is(name, "username")) {
		take_text(p, TEXT_USER);
	}
}

static void on_start(void *ctx, const char *name, const char **attributes)
{
	struct reply *p = ctx;

	if (p->xml.depth == 1 && !is(name, roots[p->what]))
		refuse(p, "it is another document than was asked for");
	else if (p->xml.depth == 2)
		start_row(p, name, attributes);
}

static void on_text(void *ctx, const char *s, size_t len)
{
	struct reply *p = ctx;

	if (p->text == TEXT_NONE || p->xml.depth != p->text_depth)
		return;
	if (len > TUTELA_NCMEC_TEXT_MAX - p->len) {
		refuse(p, "a text of it is too long");
		return;
	}
	memcpy(p->row.name + p->len, s, len);
	p->len += len;
	p->row.name[p->len] = '\0';
}

static void on_end(void *ctx)
{
	struct reply *p = ctx;

	if (p->xml.depth == 2 && p->text == TEXT_MEMBER)
		give(p);
	if (p->xml.depth == 1 && p->what == TUTELA_NCMEC_STATUS)
		give(p);
	if (p->xml.depth == 2)
		p->text = TEXT_NONE;
}

static enum tutela_err outcome(const struct reply *p, bool whole, const char **why)
{
	*why = "";
	if (whole)
		return TUTELA_OK;
	if (!p->why && p->xml.stopped && !p->xml.message[0])
		return TUTELA_OK; /* fn had enough */
	*why = p->why ? p->why : "it is broken XML, or holds a document type declaration, or is nested too deeply";
	return TUTELA_E_FORMAT;
}

enum tutela_err tutela_ncmec_read(enum tutela_ncmec_reply reply, const void *bytes, size_t len,
				  bool (*fn)(void *ctx, const struct tutela_ncmec_row *row), void *ctx,
				  const char **why)
{
	struct reply *p;
	enum tutela_err err;

	if (!why || !fn || (!bytes && len) || (unsigned)reply > TUTELA_NCMEC_REASONS)
		return TUTELA_E_ARG;
	*why = "";
	if (len > REPLY_MAX) {
		*why = "the reply is longer than 1 MiB";
		return TUTELA_E_TOOBIG;
	}
	p = tutela_mem_array(1, sizeof *p);
	if (!p)
		return TUTELA_E_NOMEM;
	p->what = reply;
	p->fn = fn;
	p->ctx = ctx;
	p->xml = (struct xml_guard){.start = on_start, .end = on_end, .text = on_text, .ctx = p};
	err = tutela_xml_init(&p->xml) ? TUTELA_OK : TUTELA_E_NOMEM;
	if (!err)
		err = outcome(p, tutela_xml_feed(&p->xml, len ? bytes : "", len, true), why);
	tutela_xml_fini(&p->xml);
	free(p);
	return err;
}

/* 8-4-4-4-12 hexadecimal digits. */
static bool is_guid(const char *s)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t len = strlen(s);

	if (len != sizeof shape - 1)
		return false;
	for (size_t i = 0; i < len; i++)
		if (shape[i] == '-' ? s[i] != '-' : !strchr("0123456789abcdefABCDEF", s[i]))
			return false;
	return true;
}

size_t tutela_ncmec_vote(const char *guid, char *buf)
{
	static const char head[] = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<feedbackSubmission "
				   "xmlns=\"https://hashsharing.ncmec.org/hashsharing/v2\">";
	int n;

	buf[0] = '\0';
	if (guid && !is_guid(guid))
		return 0;
	if (guid)
		n = snprintf(buf, TUTELA_NCMEC_VOTE_MAX,
			     "%s<negative><reasonIds><guid>%s</guid></reasonIds></negative></feedbackSubmission>\n",
			     head, guid);
	else
		n = snprintf(buf, TUTELA_NCMEC_VOTE_MAX, "%s<affirmative/></feedbackSubmission>\n", head);
	return n > 0 && n < TUTELA_NCMEC_VOTE_MAX ? (size_t)n : 0;
}
