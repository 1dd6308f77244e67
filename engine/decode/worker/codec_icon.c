/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ICO and CUR: of the pictures that the directory lists, the one that Pillow
 * takes, whether a PNG or a BMP without the file's header. Sizes and depths
 * are the directory's, which may be wrong; the picture's own header counts for
 * the rest. Alpha and masks are dropped (hidden colours count).
 *
 * A picture may reach past the length that the directory gives it.
 *
 * Source: Windows, "Icons" (ICONDIR, ICONDIRENTRY), with PNG since Vista.
 */
#include "decode/worker/codec.h"

#include "base/bytes.h"

#include <string.h>

#define CURSORS 2

struct entry {
	uint32_t width, height; /* as stored */
	uint32_t depth, offset;
};

static uint32_t side(uint32_t stored)
{
	return stored ? stored : 256;
}

static struct entry read_entry(struct bytes_reader *r)
{
	struct entry e = {.width = bytes_u8(r), .height = bytes_u8(r)};
	uint32_t colours = bytes_u8(r);

	bytes_take(r, 3);
	e.depth = bytes_u16(r);
	if (!e.depth)
		e.depth = colours > 1 ? 32 - (uint32_t)__builtin_clz(colours - 1) : 256;
	bytes_take(r, 4);
	e.offset = bytes_u32(r);
	return e;
}

/* Of icons the largest, then the deepest, then the last. */
static bool icon_better(const struct entry *e, const struct entry *than)
{
	uint32_t a = side(e->width) * side(e->height), b = side(than->width) * side(than->height);

	return a > b || (a == b && e->depth >= than->depth);
}

/* Of cursors the first that none after it exceeds both ways; 0 stands for 0, though it means 256. */
static bool cursor_better(const struct entry *e, const struct entry *than)
{
	return e->width > than->width && e->height > than->height;
}

enum tutela_decode_class tutela_codec_ico(const uint8_t *bytes, size_t len, struct row_sink *sink)
{
	static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
	struct bytes_reader r = bytes_reader_init(bytes, len);
	struct entry best = {0};
	unsigned kind, n;

	bytes_take(&r, 2);
	kind = bytes_u16(&r);
	n = bytes_u16(&r);
	for (unsigned i = 0; i < n && !r.failed; i++) {
		struct entry e = read_entry(&r);

		if (i == 0 || (kind == CURSORS ? cursor_better(&e, &best) : icon_better(&e, &best)))
			best = e;
	}
	if (r.failed || best.offset >= len)
		return TUTELA_DECODE_TRUNCATED;
	if (n == 0)
		return TUTELA_DECODE_CORRUPT;
	bytes += best.offset;
	len -= best.offset;
	if (len >= sizeof(png) && memcmp(bytes, png, sizeof(png)) == 0)
		return tutela_codec_png(bytes, len, sink);
	return tutela_codec_bmp_in_icon(bytes, len, sink);
}
