/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/jpeg_stream.h"

#include <stdlib.h>

#include "base/mem.h"
#include "decode/worker/jpeg_parts.h"

static bool begin(struct jpeg_stream *s, const struct jpeg_limits *limits)
{
	if (!tutela_jpeg_begin_image(s) || tutela_jpeg_next_scan(s) != 1 || tutela_jpeg_is_rgb(s))
		return false;
	if ((uint64_t)s->geometry.width * s->geometry.height > limits->pixels)
		return false;
	return s->progressive ? tutela_jpeg_take_all_scans(s, limits) : tutela_jpeg_begin_sequential(s);
}

struct jpeg_stream *tutela_jpeg_stream_new(const uint8_t *bytes, size_t len, const struct jpeg_limits *limits)
{
	struct jpeg_stream *s = tutela_mem_array(1, sizeof *s);

	if (!s)
		return NULL;
	s->at = bytes;
	s->end = bytes + len;
	s->adobe_transform = -1;
	s->clean = malloc(len + BITS_PAD);
	if (s->clean && begin(s, limits))
		return s;
	tutela_jpeg_stream_free(s);
	return NULL;
}

const struct jpeg_geometry *tutela_jpeg_stream_geometry(const struct jpeg_stream *s)
{
	return &s->geometry;
}

static const int16_t *block_row(const struct jpeg_stream *s, uint32_t row)
{
	return s->coefficients + 64 * (size_t)row * s->geometry.block_columns;
}

const int16_t *tutela_jpeg_stream_row(struct jpeg_stream *s)
{
	unsigned v = s->components[0].v;
	uint32_t row = s->row;

	if (s->failed || row >= s->geometry.block_rows)
		return NULL;
	s->row++;
	if (s->progressive)
		return block_row(s, row);
	if (row % v == 0 && !tutela_jpeg_take_mcu_row(s)) {
		s->failed = true;
		return NULL;
	}
	return block_row(s, row % v);
}

bool tutela_jpeg_stream_finish(struct jpeg_stream *s)
{
	if (s->failed || s->row != s->geometry.block_rows)
		return false;
	return s->progressive || (tutela_jpeg_segment_ended(s) && tutela_jpeg_ends(s));
}

void tutela_jpeg_stream_free(struct jpeg_stream *s)
{
	if (!s)
		return;
	free(s->clean);
	tutela_jpeg_free_plane(s);
	free(s);
}
