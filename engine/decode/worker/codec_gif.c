/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GIF: the first picture that has data, on its screen, by giflib. Colours are the palette's,
 * also where a pixel is transparent. What is not said in the format is done as
 * Pillow does it: a picture that reaches past the screen makes it larger; what
 * it leaves free has the transparent colour's index, or 0; an index without a
 * colour is a gray of that value.
 *
 * giflib takes the header, the palettes and the compressed data apart. Blocks
 * between pictures are passed over here: nothing is kept for them, and bytes
 * that are none are no reason to stop.
 *
 * Source: CompuServe, "Graphics Interchange Format, Version 89a".
 */
#include "decode/worker/codec.h"

#include "base/bytes.h"
#include "decode/worker/gif_lzw.h"

#include <stdlib.h>
#include <string.h>

#include <gif_lib.h>

#define FRAMES_MAX (1u << 20)

struct gif {
	struct bytes_reader r;
	bool in_data;   /* the reads that come are of a picture's blocks */
	unsigned block; /* bytes left in the present one */
	bool short_data;
	GifFileType *lib;
	struct gif_lzw *lzw; /* in place of giflib's, where it takes no codes of that size */
	struct row_sink *sink;
	uint8_t colours[256][3];
	uint8_t background;
	uint8_t *row; /* one of the screen: in the background's colour beside the picture */
};

static size_t bytes_left(const struct gif *g)
{
	return (size_t)(g->r.end - g->r.at);
}

/* A block that the file's end cuts is as long as what there is of it, and one that is not there ends the data. */
static uint8_t block_length(struct gif *g)
{
	bool there = bytes_left(g) > 0;
	uint8_t n = there ? bytes_u8(&g->r) : 0;
	size_t left = bytes_left(g);

	if (there && n <= left)
		return n;
	g->short_data = true;
	return (uint8_t)left;
}

static int on_read(GifFileType *lib, GifByteType *to, int len)
{
	struct gif *g = lib->UserData;
	const uint8_t *p;

	if (len <= 0)
		return 0;
	if (g->in_data && g->block == 0 && len == 1) {
		*to = block_length(g);
		g->block = *to;
		return 1;
	}
	p = bytes_take(&g->r, (size_t)len);
	if (!p)
		return 0;
	memcpy(to, p, (size_t)len);
	if (g->in_data)
		g->block -= (unsigned)len < g->block ? (unsigned)len : g->block;
	return len;
}

static enum tutela_decode_class failure(const struct gif *g, int error)
{
	if (error == D_GIF_ERR_NOT_ENOUGH_MEM)
		return TUTELA_DECODE_TOO_LARGE;
	return g->r.failed || g->short_data ? TUTELA_DECODE_TRUNCATED : TUTELA_DECODE_CORRUPT;
}

/* ---- blocks ---- */

static void pass_data(struct bytes_reader *r)
{
	uint8_t n;

	while ((n = bytes_u8(r)) != 0)
		bytes_take(r, n);
}

/* `transparent`: set where the block names such a colour. */
static void pass_extension(struct bytes_reader *r, uint8_t *transparent)
{
	bool control = bytes_u8(r) == GRAPHICS_EXT_FUNC_CODE /* 0xf9 */;
	uint8_t n = bytes_u8(r);
	const uint8_t *p = bytes_take(r, n);

	if (control && p && n >= 4 && (p[0] & 1))
		*transparent = p[3];
	if (n)
		pass_data(r);
}

/* To the next picture, its mark taken. False at the end. */
static bool find_picture(struct bytes_reader *r, uint8_t *transparent)
{
	while (!r->failed) {
		switch (bytes_u8(r)) {
		case '!':
			pass_extension(r, transparent);
			break;
		case ',':
			return true;
		case ';':
			return false;
		}
	}
	return false;
}

/* Up to the size of the codes. */
static void pass_description(struct bytes_reader *r)
{
	unsigned flags;

	bytes_take(r, 8);
	flags = bytes_u8(r);
	if (flags & 0x80)
		bytes_take(r, (size_t)3 << ((flags & 7) + 1));
}

static bool pass_picture(struct bytes_reader *r)
{
	pass_description(r);
	bytes_u8(r);
	pass_data(r);
	return !r->failed;
}

static void count_frames(struct gif *g)
{
	uint8_t transparent;

	while (g->sink->frames < FRAMES_MAX && find_picture(&g->r, &transparent) && pass_picture(&g->r))
		g->sink->frames++;
}

/* Of the picture whose mark was taken; 0 when the file ends before. */
static uint8_t code_size(struct bytes_reader r)
{
	pass_description(&r);
	return bytes_u8(&r);
}

/* One whose first block is the end of its data shows nothing: viewers show what comes behind it. */
static bool has_data(struct bytes_reader r)
{
	pass_description(&r);
	bytes_u8(&r);
	return bytes_u8(&r) != 0 || r.failed;
}

/* To the first one that has any. False when there is none. */
static bool find_data(struct gif *g, uint32_t *passed)
{
	bool found = find_picture(&g->r, &g->background);

	for (*passed = 0; found && !has_data(g->r); *passed += 1) {
		g->background = 0;
		found = pass_picture(&g->r) && find_picture(&g->r, &g->background);
	}
	return found;
}

static int next_byte(void *from)
{
	struct gif *g = from;

	if (g->block == 0)
		g->block = block_length(g);
	if (g->block == 0)
		return -1;
	g->block--;
	return bytes_u8(&g->r);
}

/* giflib has taken what it describes, and its colours, when it refuses the size of its codes; 0 it does not refuse. */
static bool describe(struct gif *g)
{
	uint8_t size = code_size(g->r);
	bool taken = DGifGetImageDesc(g->lib) == GIF_OK;

	if (g->r.failed || !tutela_gif_lzw_takes(size))
		return taken;
	if (!taken && g->lib->Error != D_GIF_ERR_READ_FAILED)
		return false;
	g->lzw = tutela_gif_lzw_new(size, next_byte, g);
	g->lib->Error = g->lzw ? 0 : D_GIF_ERR_NOT_ENOUGH_MEM;
	return g->lzw != NULL;
}

/* Of the data, as giflib does after the last row. */
static void pass_rest(struct gif *g)
{
	bytes_take(&g->r, g->block);
	pass_data(&g->r);
}

static bool get_line(struct gif *g, uint8_t *line)
{
	if (g->lzw)
		return tutela_gif_lzw_take(g->lzw, line, (size_t)g->lib->Image.Width);
	return DGifGetLine(g->lib, line, g->lib->Image.Width) == GIF_OK;
}

/* ---- rows ---- */

static void take_colours(struct gif *g)
{
	const ColorMapObject *map = g->lib->Image.ColorMap ? g->lib->Image.ColorMap : g->lib->SColorMap;

	for (int i = 0; i < 256; i++)
		memset(g->colours[i], i, 3);
	for (int i = 0; map && i < map->ColorCount && i < 256; i++) {
		g->colours[i][0] = map->Colors[i].Red;
		g->colours[i][1] = map->Colors[i].Green;
		g->colours[i][2] = map->Colors[i].Blue;
	}
}

static void clear_row(struct gif *g)
{
	for (size_t x = 0; x < g->sink->width; x++)
		memcpy(g->row + 3 * x, g->colours[g->background], 3);
}

static void put_empty_rows(struct gif *g, uint32_t n)
{
	clear_row(g);
	while (n--)
		tutela_sink_row(g->sink, g->row);
}

static void put_line(struct gif *g, const uint8_t *indices)
{
	uint8_t *to = g->row + 3 * (size_t)g->lib->Image.Left;

	for (int x = 0; x < g->lib->Image.Width; x++, to += 3)
		memcpy(to, g->colours[indices[x]], 3);
	tutela_sink_row(g->sink, g->row);
}

/* A row of the picture from top to bottom, as far as the data goes. */
static enum tutela_decode_class straight(struct gif *g, uint8_t *line)
{
	for (int y = 0; y < g->lib->Image.Height; y++) {
		if (!get_line(g, line))
			return failure(g, g->lib->Error);
		if (y == 0)
			put_empty_rows(g, (uint32_t)g->lib->Image.Top);
		put_line(g, line);
	}
	return TUTELA_DECODE_OK;
}

/* All four passes into `lines`; `there` says which came. */
static enum tutela_decode_class passes(struct gif *g, uint8_t *lines, uint8_t *there)
{
	static const int first[] = {0, 4, 2, 1}, step[] = {8, 8, 4, 2};
	size_t width = (size_t)g->lib->Image.Width;

	for (int pass = 0; pass < 4; pass++)
		for (int y = first[pass]; y < g->lib->Image.Height; y += step[pass]) {
			if (!get_line(g, lines + (size_t)y * width))
				return failure(g, g->lib->Error);
			there[y] = 1;
		}
	return TUTELA_DECODE_OK;
}

/* A row that did not come looks like the one above it. */
static enum tutela_decode_class interlaced(struct gif *g, uint8_t *lines, uint8_t *there)
{
	size_t width = (size_t)g->lib->Image.Width;
	enum tutela_decode_class c = passes(g, lines, there);
	const uint8_t *line = lines;

	if (!there[0])
		return c;
	put_empty_rows(g, (uint32_t)g->lib->Image.Top);
	for (int y = 0; y < g->lib->Image.Height; y++) {
		if (there[y])
			line = lines + (size_t)y * width;
		put_line(g, line);
	}
	return c;
}

static enum tutela_decode_class rows(struct gif *g)
{
	const GifImageDesc *picture = &g->lib->Image;
	uint64_t kept = (uint64_t)picture->Width * (picture->Interlace ? (uint64_t)picture->Height : 1);
	enum tutela_decode_class c = TUTELA_DECODE_TOO_LARGE;
	uint8_t *lines, *there;

	if (!tutela_sink_fits(g->sink, kept))
		return c;
	lines = malloc(kept);
	there = calloc((size_t)picture->Height, 1);
	g->row = malloc((size_t)g->sink->width * 3);
	if (!lines || !there || !g->row || tutela_sink_begin(g->sink, 3))
		goto out;
	g->in_data = true;
	c = picture->Interlace ? interlaced(g, lines, there) : straight(g, lines);
	g->in_data = false;
	if (!c && g->lzw)
		pass_rest(g);
	if (!c)
		put_empty_rows(g, g->sink->height - (uint32_t)(picture->Top + picture->Height));
out:
	free(g->row);
	free(there);
	free(lines);
	return c;
}

static uint64_t side(int screen, int from, int len)
{
	return (uint64_t)(screen > from + len ? screen : from + len);
}

static enum tutela_decode_class first_picture(struct gif *g)
{
	const GifImageDesc *picture = &g->lib->Image;
	enum tutela_decode_class c;
	uint32_t passed;

	if (!find_data(g, &passed))
		return failure(g, 0);
	if (!describe(g))
		return failure(g, g->lib->Error);
	if (picture->Width <= 0 || picture->Height <= 0)
		return TUTELA_DECODE_CORRUPT;
	c = tutela_sink_size(g->sink, side(g->lib->SWidth, picture->Left, picture->Width),
			     side(g->lib->SHeight, picture->Top, picture->Height), passed + 1);
	if (c)
		return c;
	take_colours(g);
	return rows(g);
}

enum tutela_decode_class tutela_codec_gif(const uint8_t *bytes, size_t len, struct row_sink *sink)
{
	struct gif g = {.r = bytes_reader_init(bytes, len), .sink = sink};
	enum tutela_decode_class c;
	int error = 0;

	g.lib = DGifOpen(&g, on_read, &error);
	if (!g.lib)
		return failure(&g, error);
	c = first_picture(&g);
	if (!c)
		count_frames(&g);
	DGifCloseFile(g.lib, &error);
	tutela_gif_lzw_free(g.lzw);
	return c;
}
