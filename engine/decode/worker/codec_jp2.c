/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JPEG 2000 by OpenJPEG: JP2 files and bare codestreams. A picture that would
 * take too much memory whole is decoded band by band. Samples become 8 bits as
 * Pillow does it, subsampled ones are repeated, alpha is dropped, profiles are
 * not applied.
 *
 * A damaged file is decoded once more, past its errors, of as many tile-parts
 * as are there. It stays damaged; tiles of which nothing is there are mid-gray.
 *
 * Source: openjpeg.h of 2.5; Jpeg2KDecode.c of Pillow 9.4 for bit depths and
 * unnamed colour spaces.
 */
#include "decode/worker/codec.h"

#include "decode/worker/jp2_outline.h"

#include <stdlib.h>
#include <string.h>

#include <openjpeg.h>

#define CHUNK         65536 /* bytes that the library reads at a time */
#define PRECISION_MAX 31
#define NAMELESS_MAX  4 /* components, where no colour space says what they mean */

/* Bytes of memory, of version 2.5.0; the most that was seen stands behind each. */
#define TILE_BYTES      9500 /* for a tile of the header, all the time; 8,950 */
#define COMPONENT_BYTES 1200 /* for a component of such a tile; 1,080 */
#define BLOCK_BYTES     800  /* for a code block of the tile under work, beside its samples; 660 */
#define WHOLE_BYTES     4    /* for a sample, where tiles are decoded whole; 4 */
#define PART_BYTES      12   /* for a sample, where a part of a tile is; 10, with some rows around it */

#define PART_ROWS_MIN 128

struct jp2 {
	const uint8_t *bytes;
	size_t len;
	struct row_sink *sink;
	struct jp2_outline outline;
	bool strict;
	unsigned channels; /* of the rows so far */
	/* of one band */
	opj_stream_t *stream;
	opj_codec_t *codec;
	opj_image_t *image;
	uint64_t at; /* in the codestream as it is handed to the library */
	enum tutela_decode_class failure;
	bool doubt; /* the library noticed damage and went on */
};

/* ---- the codestream, as it is handed to the library ---- */

/*
 * All up to the end of the last tile-part, then an end mark. A tile-part that is cut is given the length it has, so
 * that the library gets to it.
 */
static uint64_t stream_len(const struct jp2 *j)
{
	return (uint64_t)j->outline.end + 2;
}

static void mend(const struct jp2 *j, uint8_t *to, size_t n)
{
	static const uint8_t end_mark[2] = {0xff, 0xd9};
	const struct jp2_outline *o = &j->outline;
	uint64_t length = o->length_at ? o->end - (o->length_at - 6) : 0;

	for (unsigned i = 0; i < 4 && o->length_at; i++)
		if (o->length_at + i >= j->at && o->length_at + i < j->at + n)
			to[o->length_at + i - j->at] = (uint8_t)(length >> (24 - 8 * i));
	for (unsigned i = 0; i < 2; i++)
		if (o->end + i >= j->at && o->end + i < j->at + n)
			to[o->end + i - j->at] = end_mark[i];
}

static OPJ_SIZE_T on_read(void *to, OPJ_SIZE_T n, void *data)
{
	struct jp2 *j = data;
	uint64_t left = stream_len(j) - j->at;
	size_t stored = j->at < j->outline.end ? j->outline.end - (size_t)j->at : 0;

	n = n < left ? n : (size_t)left;
	if (n == 0)
		return (OPJ_SIZE_T)-1;
	memcpy(to, j->bytes + (stored ? j->at : 0), n < stored ? n : stored);
	mend(j, to, n);
	j->at += n;
	return n;
}

static OPJ_OFF_T on_skip(OPJ_OFF_T n, void *data)
{
	struct jp2 *j = data;

	if (n < 0 || (uint64_t)n > stream_len(j) - j->at)
		return -1;
	j->at += (uint64_t)n;
	return n;
}

static OPJ_BOOL on_seek(OPJ_OFF_T to, void *data)
{
	struct jp2 *j = data;

	if (to < 0 || (uint64_t)to > stream_len(j))
		return OPJ_FALSE;
	j->at = (uint64_t)to;
	return OPJ_TRUE;
}

/* The only way in which the library tells what went wrong: its words. The first ones count. */
static void on_error(const char *text, void *data)
{
	struct jp2 *j = data;

	if (j->failure)
		return;
	if (strstr(text, "emory") || strstr(text, "system limits"))
		j->failure = TUTELA_DECODE_TOO_LARGE;
	else if (strstr(text, "not supported") || strstr(text, "only supports") || strstr(text, "do not support"))
		j->failure = TUTELA_DECODE_UNSUPPORTED;
	else
		j->failure = TUTELA_DECODE_CORRUPT;
}

static void on_warning(const char *text, void *data)
{
	struct jp2 *j = data;

	if (strstr(text, "segmentation symbol") || strstr(text, "PTERM") || strstr(text, "SOP marker") ||
	    strstr(text, "alformed"))
		j->doubt = true;
}

static void close_codec(struct jp2 *j)
{
	if (j->image)
		opj_image_destroy(j->image);
	if (j->codec)
		opj_destroy_codec(j->codec);
	if (j->stream)
		opj_stream_destroy(j->stream);
	j->image = NULL;
	j->codec = NULL;
	j->stream = NULL;
}

/* Up to the first tile. */
static enum tutela_decode_class open_codec(struct jp2 *j)
{
	opj_dparameters_t parameters;

	j->at = 0;
	j->failure = TUTELA_DECODE_OK;
	j->stream = opj_stream_create(CHUNK, OPJ_TRUE);
	j->codec = opj_create_decompress(j->outline.boxed ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K);
	if (!j->stream || !j->codec)
		return TUTELA_DECODE_TOO_LARGE;
	opj_stream_set_read_function(j->stream, on_read);
	opj_stream_set_skip_function(j->stream, on_skip);
	opj_stream_set_seek_function(j->stream, on_seek);
	opj_stream_set_user_data(j->stream, j, NULL);
	opj_stream_set_user_data_length(j->stream, stream_len(j));
	opj_set_error_handler(j->codec, on_error, j);
	opj_set_warning_handler(j->codec, on_warning, j);
	opj_set_default_decoder_parameters(&parameters);
	if (!opj_setup_decoder(j->codec, &parameters) || !opj_decoder_set_strict_mode(j->codec, j->strict) ||
	    !opj_read_header(j->stream, j->codec, &j->image))
		return j->failure ? j->failure : TUTELA_DECODE_CORRUPT;
	return TUTELA_DECODE_OK;
}

/* ---- how much at once ---- */

static uint64_t ceil_div(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

/* Samples of all components in an area of the reference grid; what the palette makes of it among them. */
static uint64_t samples_in(const struct jp2 *j, uint64_t width, uint64_t height)
{
	uint64_t n = width * height * j->outline.columns;

	for (uint32_t c = 0; c < j->image->numcomps; c++)
		n += ceil_div(width, j->image->comps[c].dx) * ceil_div(height, j->image->comps[c].dy);
	return n;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/*
 * Code blocks of one tile, by the main header's rule for all components. A component or a tile can have rules that ask
 * for more: the limit of the address space bounds that.
 */
static uint64_t blocks_of_tile(const struct jp2 *j, uint64_t width, uint64_t height)
{
	const struct jp2_outline *o = &j->outline;
	uint64_t n = 0;

	for (uint32_t c = 0; c < j->image->numcomps; c++) {
		uint64_t w = ceil_div(width, j->image->comps[c].dx), h = ceil_div(height, j->image->comps[c].dy);

		for (unsigned r = o->levels + 1; r-- > 0; w = ceil_div(w, 2), h = ceil_div(h, 2))
			n += (w >> least(o->block_w, o->precinct[r] & 15)) *
				     (h >> least(o->block_h, o->precinct[r] >> 4)) +
			     3;
	}
	return n;
}

/* Rows to decode at a time: all, rows of tiles, or parts of such; 0: too much memory either way. */
static uint32_t plan(const struct jp2 *j)
{
	const struct jp2_outline *o = &j->outline;
	uint64_t width = o->x1 - o->x0, height = o->y1 - o->y0, tiles = (uint64_t)o->tiles_across * o->tiles_down;
	uint64_t tile_w = o->tile_w < width ? o->tile_w : width, tile_h = o->tile_h < height ? o->tile_h : height;
	uint64_t tile = tiles > 1 ? samples_in(j, tile_w, tile_h) * WHOLE_BYTES : 0, rows;
	uint64_t around = ((uint64_t)2 << o->block_h) + 32;
	uint64_t fixed = blocks_of_tile(j, tile_w, tile_h) * BLOCK_BYTES + o->end +
			 tiles * (TILE_BYTES + (uint64_t)o->components * COMPONENT_BYTES);

	if (tutela_sink_fits(j->sink, fixed + tile + samples_in(j, width, height) * WHOLE_BYTES))
		return (uint32_t)height;
	for (rows = height / tile_h / 2 * tile_h; rows; rows = rows / tile_h / 2 * tile_h)
		if (tutela_sink_fits(j->sink, fixed + tile + samples_in(j, width, rows) * WHOLE_BYTES))
			return (uint32_t)rows;
	for (rows = tile_h; rows >= PART_ROWS_MIN; rows /= 2)
		if (tutela_sink_fits(j->sink, fixed + samples_in(j, width, rows + around) * PART_BYTES))
			return (uint32_t)rows;
	return 0;
}

/* ---- rows ---- */

enum meaning { GRAY, RGB, YCC, INK };

struct plane {
	const opj_image_comp_t *c;
	int64_t offset, most; /* added to a sample; what it is then at most */
	int shift;            /* to the right, with rounding */
};

struct layout {
	enum meaning meaning;
	unsigned planes, channels;
	struct plane plane[4];
};

static bool set_plane(struct plane *p, const opj_image_comp_t *c)
{
	if (!c->data || !c->w || !c->h || !c->dx || !c->dy || !c->prec || c->prec > PRECISION_MAX)
		return false;
	p->c = c;
	p->offset = c->sgnd ? (int64_t)1 << (c->prec - 1) : 0;
	p->most = ((int64_t)1 << c->prec) - 1;
	p->shift = (int)c->prec - 8;
	return true;
}

/* What the components mean where the file does not say, by number and by which one is subsampled first. */
static enum meaning by_number(const opj_image_t *image)
{
	uint32_t first = 0;

	if (image->numcomps < 3)
		return GRAY;
	while (first < image->numcomps && image->comps[first].dx == 1 && image->comps[first].dy == 1)
		first++;
	return first == 1 || first == 2 ? YCC : RGB;
}

/* By the colour space in an ICC profile; OpenJPEG keeps CIELab's parameters there, with no length. */
static bool by_profile(const opj_image_t *image, enum meaning *meaning)
{
	const uint8_t *space;

	*meaning = by_number(image);
	if (!image->icc_profile_buf)
		return true;
	if (image->icc_profile_len < 20)
		return image->icc_profile_len > 0;
	space = image->icc_profile_buf + 16;
	if (memcmp(space, "CMYK", 4) == 0)
		*meaning = INK;
	else if (memcmp(space, "GRAY", 4) == 0)
		*meaning = GRAY;
	return memcmp(space, "Lab ", 4) != 0;
}

static bool find_meaning(const opj_image_t *image, enum meaning *meaning)
{
	switch (image->color_space) {
	case OPJ_CLRSPC_GRAY:
		*meaning = GRAY;
		return true;
	case OPJ_CLRSPC_SRGB:
		*meaning = image->numcomps < 3 ? GRAY : RGB;
		return true;
	case OPJ_CLRSPC_SYCC:
	case OPJ_CLRSPC_EYCC:
		*meaning = image->numcomps < 3 ? GRAY : YCC;
		return true;
	case OPJ_CLRSPC_CMYK:
		*meaning = INK;
		return true;
	default:
		return image->numcomps <= NAMELESS_MAX && by_profile(image, meaning);
	}
}

static bool set_layout(struct layout *l, const opj_image_t *image)
{
	static const unsigned planes[] = {[GRAY] = 1, [RGB] = 3, [YCC] = 3, [INK] = 4};

	if (!find_meaning(image, &l->meaning))
		return false;
	l->planes = planes[l->meaning];
	l->channels = l->meaning == GRAY ? 1 : 3;
	if (image->numcomps < l->planes)
		return false;
	for (unsigned i = 0; i < l->planes; i++)
		if (!set_plane(&l->plane[i], &image->comps[i]))
			return false;
	return true;
}

static uint8_t level(const struct plane *p, int32_t stored)
{
	int64_t v = stored + p->offset;

	v = v < 0 ? 0 : v > p->most ? p->most : v;
	if (p->shift > 0)
		v = (v + ((int64_t)1 << (p->shift - 1))) >> p->shift;
	else
		v <<= -p->shift;
	return v > 255 ? 255 : (uint8_t)v;
}

/* One plane of a row, every `step` bytes. */
static void take_plane(const struct plane *p, uint32_t x0, uint32_t width, uint32_t y, uint8_t *to, size_t step)
{
	const opj_image_comp_t *c = p->c;
	uint32_t row = y / c->dy > c->y0 ? y / c->dy - c->y0 : 0, at = x0 / c->dx > c->x0 ? x0 / c->dx - c->x0 : 0;
	uint32_t until = c->dx - x0 % c->dx; /* the next sample, in pixels */
	const OPJ_INT32 *data = c->data + (size_t)(row < c->h ? row : c->h - 1) * c->w;

	/* the first sample may lie to the right of the first pixel */
	if (x0 / c->dx < c->x0)
		until += c->dx;
	for (uint32_t x = 0; x < width; x++, to += step) {
		*to = level(p, data[at < c->w ? at : c->w - 1]);
		if (--until == 0) {
			until = c->dx;
			at++;
		}
	}
}

static uint8_t clamp(int v)
{
	return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
}

/* JFIF's, in 16 bits of fraction. */
static void rgb_of_ycc(uint8_t *p, uint32_t width)
{
	for (uint32_t x = 0; x < width; x++, p += 3) {
		int y = (p[0] << 16) + 32768, cb = p[1] - 128, cr = p[2] - 128;

		p[0] = clamp((y + 91881 * cr) >> 16);
		p[1] = clamp((y - 22554 * cb - 46802 * cr) >> 16);
		p[2] = clamp((y + 116130 * cb) >> 16);
	}
}

static void rgb_of_ink(const uint8_t *p, uint32_t width, uint8_t *to)
{
	for (uint32_t x = 0; x < width; x++, p += 4)
		for (unsigned k = 0; k < 3; k++)
			*to++ = (uint8_t)(((255u - p[k]) * (255u - p[3]) + 127) / 255);
}

/* Where nothing of a tile is there. */
static void fill_missing(const struct jp2_outline *o, uint32_t y, unsigned channels, uint8_t *row)
{
	const uint8_t *parts = o->parts + (size_t)((y - o->tile_y0) / o->tile_h) * o->tiles_across;

	for (uint32_t t = 0; t < o->tiles_across; t++) {
		uint64_t from = o->tile_x0 + (uint64_t)t * o->tile_w, to = from + o->tile_w;

		from = from > o->x0 ? from : o->x0;
		to = to < o->x1 ? to : o->x1;
		if (!parts[t] && from < to)
			memset(row + (size_t)(from - o->x0) * channels, 128, (size_t)(to - from) * channels);
	}
}

static void take_row(const struct jp2 *j, const struct layout *l, uint32_t y, uint8_t *ink, uint8_t *row)
{
	uint8_t *to = l->meaning == INK ? ink : row;

	for (unsigned i = 0; i < l->planes; i++)
		take_plane(&l->plane[i], j->outline.x0, j->sink->width, y, to + i, l->planes);
	if (l->meaning == YCC)
		rgb_of_ycc(row, j->sink->width);
	if (l->meaning == INK)
		rgb_of_ink(ink, j->sink->width, row);
	if (!j->strict)
		fill_missing(&j->outline, y, l->channels, row);
}

static enum tutela_decode_class deliver(struct jp2 *j, uint32_t top, uint32_t bottom)
{
	struct layout l;
	enum tutela_decode_class c = TUTELA_DECODE_OK;
	uint8_t *row, *ink;

	if (!set_layout(&l, j->image))
		return TUTELA_DECODE_UNSUPPORTED;
	row = malloc((size_t)j->sink->width * l.channels);
	ink = l.meaning == INK ? malloc((size_t)j->sink->width * 4) : NULL;
	if (!row || (l.meaning == INK && !ink))
		c = TUTELA_DECODE_TOO_LARGE;
	else if (!j->sink->picture)
		c = tutela_sink_begin(j->sink, j->channels = l.channels);
	else if (l.channels != j->channels)
		c = TUTELA_DECODE_CORRUPT;
	for (uint32_t y = top; !c && y < bottom; y++) {
		take_row(j, &l, y, ink, row);
		tutela_sink_row(j->sink, row);
	}
	free(row);
	free(ink);
	return c;
}

/* ---- bands ---- */

/* *rows: of a band, known from the first one on. */
static enum tutela_decode_class band(struct jp2 *j, uint32_t top, uint32_t *bottom, uint32_t *rows)
{
	const struct jp2_outline *o = &j->outline;
	enum tutela_decode_class c = open_codec(j);
	uint64_t end;

	if (c)
		return c;
	if (j->image->x0 != o->x0 || j->image->x1 != o->x1 || j->image->y0 != o->y0 || j->image->y1 != o->y1 ||
	    j->image->numcomps != o->components)
		return TUTELA_DECODE_CORRUPT;
	if (!*rows)
		*rows = plan(j);
	if (!*rows)
		return TUTELA_DECODE_TOO_LARGE;
	end = *rows < o->y1 - o->y0 ? o->tile_y0 + ((uint64_t)(top - o->tile_y0) / *rows + 1) * *rows : o->y1;
	*bottom = end < o->y1 ? (uint32_t)end : o->y1;
	if (*rows < o->y1 - o->y0 && !opj_set_decode_area(j->codec, j->image, (OPJ_INT32)o->x0, (OPJ_INT32)top,
							  (OPJ_INT32)o->x1, (OPJ_INT32)*bottom))
		return j->failure ? j->failure : TUTELA_DECODE_CORRUPT;
	if (!opj_decode(j->codec, j->stream, j->image))
		return j->failure ? j->failure : TUTELA_DECODE_CORRUPT;
	return deliver(j, top, *bottom);
}

static enum tutela_decode_class bands(struct jp2 *j, bool strict)
{
	enum tutela_decode_class c = TUTELA_DECODE_OK;
	uint32_t rows = 0, bottom = 0;

	j->strict = strict;
	for (uint32_t top = j->outline.y0; !c && top < j->outline.y1; top = bottom) {
		c = band(j, top, &bottom, &rows);
		close_codec(j);
	}
	return c;
}

/* The tile-part that is cut counts as missing. False where there is none, or none before it. */
static bool drop_cut_part(struct jp2 *j)
{
	struct jp2_outline *o = &j->outline;
	size_t tile;

	if (!o->length_at)
		return false;
	tile = (size_t)j->bytes[o->length_at - 2] << 8 | j->bytes[o->length_at - 1];
	o->parts[tile]--;
	o->end = o->length_at - 6;
	o->length_at = 0;
	for (tile = 0; tile < (size_t)o->tiles_across * o->tiles_down; tile++)
		if (o->parts[tile])
			return true;
	return false;
}

static enum tutela_decode_class decode(struct jp2 *j)
{
	struct jp2_outline *o = &j->outline;
	enum tutela_decode_class c = tutela_jp2_outline(j->bytes, j->len, o), damage;

	if (c)
		return c;
	c = tutela_sink_size(j->sink, o->x1 - o->x0, o->y1 - o->y0, 1);
	if (!c && !tutela_sink_fits(j->sink, (uint64_t)o->tiles_across * o->tiles_down *
						     (TILE_BYTES + (uint64_t)o->components * COMPONENT_BYTES)))
		c = TUTELA_DECODE_TOO_LARGE;
	if (!c && !o->boxed && o->components > NAMELESS_MAX)
		c = TUTELA_DECODE_UNSUPPORTED;
	if (c)
		return c;
	damage = o->ends_early ? TUTELA_DECODE_TRUNCATED : TUTELA_DECODE_CORRUPT;
	c = tutela_jp2_whole(o) ? bands(j, true) : damage;
	if (c == TUTELA_DECODE_OK)
		return j->doubt ? TUTELA_DECODE_CORRUPT : TUTELA_DECODE_OK;
	if (c != TUTELA_DECODE_CORRUPT && c != TUTELA_DECODE_TRUNCATED)
		return c;
	if (tutela_sink_rows(j->sink) == 0) {
		tutela_sink_discard(j->sink);
		bands(j, false);
	}
	/* the library refuses a cut tile whose packets have a mark behind their header, and then the picture */
	if (tutela_sink_rows(j->sink) == 0 && drop_cut_part(j)) {
		tutela_sink_discard(j->sink);
		bands(j, false);
	}
	return damage;
}

enum tutela_decode_class tutela_codec_jp2(const uint8_t *bytes, size_t len, struct row_sink *sink)
{
	struct jp2 *j = calloc(1, sizeof(*j));
	enum tutela_decode_class c;

	if (!j)
		return TUTELA_DECODE_TOO_LARGE;
	j->bytes = bytes;
	j->len = len;
	j->sink = sink;
	c = decode(j);
	free(j);
	return c;
}
