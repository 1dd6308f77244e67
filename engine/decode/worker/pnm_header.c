/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/pnm_header.h"

#include <string.h>

#define DIGITS_MAX 10 /* as Pillow */

static bool is_space(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next byte outside of comments; -1 at the end. */
static int next_byte(struct pnm_text *t)
{
	while (t->at < t->end) {
		int c = *t->at++;

		if (c != '#')
			return c;
		while (t->at < t->end && *t->at != '\n' && *t->at != '\r')
			t->at++;
		if (t->at < t->end)
			t->at++;
	}
	return -1;
}

/* White space before it and one byte of it behind are taken. */
static enum pnm_found number(struct pnm_text *t, uint64_t *out)
{
	unsigned digits = 0;
	uint64_t v = 0;
	int c;

	do
		c = next_byte(t);
	while (is_space(c));
	for (; c >= '0' && c <= '9'; c = next_byte(t)) {
		if (++digits > DIGITS_MAX)
			return PNM_WRONG;
		v = v * 10 + (uint64_t)(c - '0');
	}
	if (c >= 0 && !is_space(c))
		return PNM_WRONG;
	if (!digits)
		return PNM_SHORT;
	*out = v;
	return c < 0 ? PNM_LAST : PNM_FOUND;
}

/* Bits are written without anything between them, too. */
static enum pnm_found bit(struct pnm_text *t, uint64_t *out)
{
	int c;

	do
		c = next_byte(t);
	while (is_space(c));
	if (c < 0)
		return PNM_SHORT;
	*out = c == '1';
	return c == '0' || c == '1' ? PNM_FOUND : PNM_WRONG;
}

enum pnm_found tutela_pnm_sample(struct pnm_text *t, const struct pnm_header *h, uint64_t *out)
{
	return h->kind == 1 ? bit(t, out) : number(t, out);
}

/* ---- P1 to P6 ---- */

static enum pnm_found numbers(struct pnm_text *t, struct pnm_header *h)
{
	uint64_t v[3] = {0, 0, 1};
	bool bilevel = h->kind == 1 || h->kind == 4;

	for (int i = 0; i < (bilevel ? 2 : 3); i++) {
		enum pnm_found f = number(t, &v[i]);

		if (f)
			return f == PNM_LAST ? PNM_SHORT : f;
	}
	h->width = v[0];
	h->height = v[1];
	h->maxval = v[2];
	h->colours = h->kind == 3 || h->kind == 6 ? 3 : 1;
	h->depth = h->colours;
	return PNM_FOUND;
}

/* ---- P7 ---- */

struct word {
	const uint8_t *p;
	size_t len;
};

static struct word next_word(struct pnm_text *t)
{
	struct word w = {0};

	while (t->at < t->end && is_space(*t->at))
		t->at++;
	w.p = t->at;
	while (t->at < t->end && !is_space(*t->at))
		t->at++;
	w.len = (size_t)(t->at - w.p);
	return w;
}

static bool is(struct word w, const char *text)
{
	return w.len == strlen(text) && memcmp(w.p, text, w.len) == 0;
}

static uint64_t *field(struct pnm_header *h, struct word name)
{
	return is(name, "WIDTH")    ? &h->width
	       : is(name, "HEIGHT") ? &h->height
	       : is(name, "DEPTH")  ? &h->depth
	       : is(name, "MAXVAL") ? &h->maxval
				    : NULL;
}

/* Types in several lines make one of all their words. */
static void take_type(struct pnm_header *h, struct pnm_text *line)
{
	static const struct {
		const char *name;
		unsigned colours;
	} types[] = {
		{"BLACKANDWHITE", 1}, {"BLACKANDWHITE_ALPHA", 1}, {"GRAYSCALE", 1}, {"GRAYSCALE_ALPHA", 1},
		{"RGB", 3},           {"RGB_ALPHA", 3},
	};
	struct word type = next_word(line);
	bool more = h->colours || next_word(line).len;

	h->colours = 0;
	for (size_t i = 0; !more && i < sizeof(types) / sizeof(types[0]); i++)
		if (is(type, types[i].name))
			h->colours = types[i].colours;
	h->foreign = h->foreign || (type.len && !h->colours);
}

static enum pnm_found take_line(struct pnm_header *h, struct pnm_text line, bool *end)
{
	struct word name = next_word(&line);
	uint64_t *to = field(h, name);
	enum pnm_found f;

	*end = is(name, "ENDHDR");
	if (*end || !name.len || *name.p == '#')
		return PNM_FOUND;
	if (is(name, "TUPLTYPE")) {
		take_type(h, &line);
		return PNM_FOUND;
	}
	f = to ? number(&line, to) : PNM_WRONG;
	if (f > PNM_LAST || next_word(&line).len)
		return PNM_WRONG;
	return PNM_FOUND;
}

static enum pnm_found lines(struct pnm_text *t, struct pnm_header *h)
{
	bool end = false;

	while (!end) {
		const uint8_t *stop = memchr(t->at, '\n', (size_t)(t->end - t->at));
		struct pnm_text line = {t->at, stop};

		if (!stop)
			return PNM_SHORT;
		t->at = stop + 1;
		if (take_line(h, line, &end))
			return PNM_WRONG;
	}
	return PNM_FOUND;
}

enum pnm_found tutela_pnm_header(const uint8_t *bytes, size_t len, struct pnm_header *out)
{
	struct pnm_text t = {bytes, bytes + len};
	enum pnm_found f;

	*out = (struct pnm_header){0};
	if (len < 3)
		return PNM_SHORT;
	if (bytes[0] != 'P' || bytes[1] < '1' || bytes[1] > '7')
		return PNM_WRONG;
	out->kind = (unsigned)(bytes[1] - '0');
	t.at += 2;
	if (out->kind < 7 && !is_space(*t.at) && *t.at != '#')
		return PNM_WRONG;
	if (out->kind == 7 && *t.at == '\r')
		t.at++;
	if (out->kind == 7 && (t.at == t.end || *t.at++ != '\n'))
		return PNM_WRONG;
	f = out->kind == 7 ? lines(&t, out) : numbers(&t, out);
	out->raster = (size_t)(t.at - bytes);
	return f;
}
