/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/xml_guard.h"

#include <stdio.h>
#include <string.h>

#include <expat.h>

#include "exchange/record_build.h"

#define PIECE ((size_t)64 << 10)

static const char *without_prefix(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon ? colon + 1 : name;
}

static void XMLCALL on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
	struct xml_guard *g = ctx;

	if (g->stopped)
		return;
	if (g->depth == XML_DEPTH_MAX) {
		tutela_xml_stop(g, "elements are nested too deeply");
		return;
	}
	g->depth++;
	g->start(g->ctx, without_prefix(name), attributes);
}

static void XMLCALL on_end(void *ctx, const XML_Char *name)
{
	struct xml_guard *g = ctx;

	(void)name;
	if (g->stopped)
		return;
	g->end(g->ctx);
	g->depth--;
}

static void XMLCALL on_text(void *ctx, const XML_Char *s, int len)
{
	struct xml_guard *g = ctx;

	if (!g->stopped && len > 0)
		g->text(g->ctx, s, (size_t)len);
}

static void XMLCALL on_doctype(void *ctx, const XML_Char *name, const XML_Char *system, const XML_Char *public,
			       int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	tutela_xml_stop(ctx, "it holds a document type declaration, which is refused");
}

bool tutela_xml_init(struct xml_guard *g)
{
	XML_Parser p = XML_ParserCreate(NULL);

	g->parser = p;
	g->depth = 0;
	g->fed = 0;
	g->stopped = false;
	g->message[0] = '\0';
	if (!p)
		return false;
	XML_SetUserData(p, g);
	XML_SetElementHandler(p, on_start, on_end);
	XML_SetCharacterDataHandler(p, on_text);
	XML_SetStartDoctypeDeclHandler(p, on_doctype);
	XML_SetParamEntityParsing(p, XML_PARAM_ENTITY_PARSING_NEVER);
	return true;
}

void tutela_xml_fini(struct xml_guard *g)
{
	if (g->parser)
		XML_ParserFree(g->parser);
	g->parser = NULL;
}

void tutela_xml_stop(struct xml_guard *g, const char *why)
{
	if (g->stopped)
		return;
	g->stopped = true;
	(void)snprintf(g->message, sizeof g->message, "%s", why ? why : "");
	(void)XML_StopParser(g->parser, XML_FALSE);
}

static void say_broken(struct xml_guard *g)
{
	XML_Parser p = g->parser;

	if (g->stopped)
		return;
	g->stopped = true;
	(void)snprintf(g->message, sizeof g->message, "broken XML in line %lu: %s",
		       (unsigned long)XML_GetCurrentLineNumber(p), XML_ErrorString(XML_GetErrorCode(p)));
}

/* Bytes that expat holds back because a tag has not ended. */
static uint64_t held_back(const struct xml_guard *g)
{
	XML_Index at = XML_GetCurrentByteIndex(g->parser);

	return at < 0 || (uint64_t)at > g->fed ? 0 : g->fed - (uint64_t)at;
}

bool tutela_xml_feed(struct xml_guard *g, const char *bytes, size_t len, bool last)
{
	do {
		size_t n = len < PIECE ? len : PIECE;

		if (g->stopped)
			return false;
		if (XML_Parse(g->parser, bytes, (int)n, last && n == len) != XML_STATUS_OK) {
			say_broken(g);
			return false;
		}
		g->fed += n;
		bytes = n ? bytes + n : bytes;
		len -= n;
		if (!(last && !len) && held_back(g) > XML_TOKEN_MAX)
			tutela_xml_stop(g, "a tag or comment is longer than 1 MiB");
	} while (len);
	return !g->stopped;
}

void tutela_xml_position(const struct xml_guard *g, uint64_t *line, uint64_t *byte)
{
	XML_Index at = XML_GetCurrentByteIndex(g->parser);

	*line = XML_GetCurrentLineNumber(g->parser);
	*byte = at < 0 ? 0 : (uint64_t)at;
}

const char *tutela_xml_attribute(const char **attributes, const char *name)
{
	for (size_t i = 0; attributes[i]; i += 2)
		if (tutela_same_word(attributes[i], strlen(attributes[i]), name))
			return attributes[i + 1];
	return NULL;
}
