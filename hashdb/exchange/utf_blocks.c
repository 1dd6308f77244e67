/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/utf_blocks.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define UTF8_MAX 4 /* bytes of one character */

uint64_t tutela_utf_position(struct utf_blocks *u, size_t at)
{
	if (u->kind == UTF_8)
		return u->offset + at;
	if (at < u->walked || !u->walked) {
		u->walked = 0;
		u->there = u->offset;
	}
	for (; u->walked < at && u->walked < u->len; u->walked++) {
		unsigned char c = (unsigned char)u->buf[u->walked];

		if ((c & 0xc0) != 0x80)
			u->there += c >= 0xf0 ? 4 : 2;
	}
	return u->there;
}

static enum tutela_err deliver(struct utf_blocks *u)
{
	enum tutela_err err = u->len ? u->block(u->ctx, u->buf, u->len) : TUTELA_OK;

	u->offset = tutela_utf_position(u, u->len);
	u->len = 0;
	u->walked = 0;
	return err;
}

static enum tutela_err copy(struct utf_blocks *u, const char *bytes, size_t len)
{
	enum tutela_err err = TUTELA_OK;

	while (len && !err) {
		size_t n = UTF_BLOCK - u->len;

		n = n < len ? n : len;
		memcpy(u->buf + u->len, bytes, n);
		u->len += n;
		bytes += n;
		len -= n;
		if (u->len == UTF_BLOCK)
			err = deliver(u);
	}
	return err;
}

static enum tutela_err put_character(struct utf_blocks *u, uint32_t c)
{
	enum tutela_err err = u->len > UTF_BLOCK - UTF8_MAX ? deliver(u) : TUTELA_OK;
	char *to = u->buf + u->len;

	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	}
	u->len = (size_t)(to - u->buf);
	return err;
}

#define REPLACEMENT 0xfffd

static enum tutela_err put_unit(struct utf_blocks *u, uint32_t unit)
{
	uint32_t high = u->high;
	enum tutela_err err = TUTELA_OK;

	u->high = 0;
	if (high && unit >= 0xdc00 && unit <= 0xdfff)
		return put_character(u, 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
	if (high)
		err = put_character(u, REPLACEMENT);
	if (err)
		return err;
	if (unit >= 0xd800 && unit <= 0xdbff) {
		u->high = (uint16_t)unit;
		return TUTELA_OK;
	}
	return put_character(u, unit >= 0xdc00 && unit <= 0xdfff ? REPLACEMENT : unit);
}

static enum tutela_err transcode(struct utf_blocks *u, const uint8_t *bytes, size_t len)
{
	enum tutela_err err = TUTELA_OK;

	for (size_t i = 0; i < len && !err; i++) {
		if (!u->half) {
			u->odd = bytes[i];
			u->half = true;
			continue;
		}
		u->half = false;
		err = put_unit(u, u->kind == UTF_16LE ? (uint32_t)bytes[i] << 8 | u->odd
						      : (uint32_t)u->odd << 8 | bytes[i]);
	}
	return err;
}

static enum tutela_err take(struct utf_blocks *u, const char *bytes, size_t len)
{
	return u->kind == UTF_8 ? copy(u, bytes, len) : transcode(u, (const uint8_t *)bytes, len);
}

/* From the first three bytes, or fewer when there are no more. */
static enum tutela_err settle(struct utf_blocks *u)
{
	const uint8_t *h = u->head;
	size_t n = u->n_head, mark = 0;

	u->kind = UTF_8;
	if (n >= 2 && h[0] == 0xff && h[1] == 0xfe) {
		u->kind = UTF_16LE;
		mark = 2;
	} else if (n >= 2 && h[0] == 0xfe && h[1] == 0xff) {
		u->kind = UTF_16BE;
		mark = 2;
	} else if (n >= 2 && h[0] && !h[1]) {
		u->kind = UTF_16LE;
	} else if (n >= 2 && !h[0] && h[1]) {
		u->kind = UTF_16BE;
	} else if (n == 3 && h[0] == 0xef && h[1] == 0xbb && h[2] == 0xbf) {
		mark = 3;
	}
	u->buf = tutela_mem_array(UTF_BLOCK, 1);
	if (!u->buf)
		return TUTELA_E_NOMEM;
	u->offset = mark;
	return take(u, (const char *)h + mark, n - mark);
}

enum tutela_err tutela_utf_feed(struct utf_blocks *u, const char *bytes, size_t len)
{
	enum tutela_err err = TUTELA_OK;

	while (len && u->kind == UTF_UNKNOWN && !err) {
		u->head[u->n_head++] = (uint8_t)*bytes++;
		len--;
		if (u->n_head == sizeof(u->head))
			err = settle(u);
	}
	return err || !len ? err : take(u, bytes, len);
}

enum tutela_err tutela_utf_finish(struct utf_blocks *u)
{
	enum tutela_err err = u->kind == UTF_UNKNOWN ? settle(u) : TUTELA_OK;

	if (!err && u->high && !u->half)
		err = put_character(u, REPLACEMENT);
	err = err ? err : deliver(u);
	return !err && u->half ? TUTELA_E_FORMAT : err;
}

void tutela_utf_fini(struct utf_blocks *u)
{
	free(u->buf);
	u->buf = NULL;
}
