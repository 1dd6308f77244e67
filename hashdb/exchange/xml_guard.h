/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expat with the doors closed: no document type declaration and so no entities
 * but the five, a bounded depth, and a bounded length of what expat must hold
 * at once. Namespace prefixes are cut off element names: what a document
 * binds them to is not looked at.
 */
#ifndef TUTELA_XML_GUARD_H
#define TUTELA_XML_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XML_DEPTH_MAX 32
#define XML_TOKEN_MAX ((size_t)1 << 20) /* bytes of one tag, comment or the like */

struct xml_guard {
	/* Set by the caller before init. `attributes`: name, value, …, NULL. Not called any more once stopped. */
	void (*start)(void *ctx, const char *name, const char **attributes);
	void (*end)(void *ctx);
	void (*text)(void *ctx, const char *s, size_t len);
	void *ctx;

	void *parser;
	unsigned depth; /* of the element that start or text are called for: the root's is 1 */
	uint64_t fed;
	bool stopped;
	char message[160]; /* a sentence once feed failed, unless a callback stopped it */
};

/* False: no memory. */
bool tutela_xml_init(struct xml_guard *g);
void tutela_xml_fini(struct xml_guard *g);

/* False: the document is broken, refused (`message`), or was stopped by a callback ("" there). */
bool tutela_xml_feed(struct xml_guard *g, const char *bytes, size_t len, bool last);

/* For callbacks: let feed return false. `why` may be NULL. */
void tutela_xml_stop(struct xml_guard *g, const char *why);

/* Where the tag that start was called for begins: line from 1, byte from 0. */
void tutela_xml_position(const struct xml_guard *g, uint64_t *line, uint64_t *byte);

/* The value of an attribute, or NULL. */
const char *tutela_xml_attribute(const char **attributes, const char *name);

#endif
