/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/row_sink.h"

enum tutela_decode_class tutela_sink_size(struct row_sink *s, uint64_t width, uint64_t height, uint32_t frames)
{
	if (width == 0 || height == 0)
		return TUTELA_DECODE_CORRUPT;
	if (width > INT32_MAX || height > INT32_MAX)
		return TUTELA_DECODE_TOO_LARGE;
	s->width = (uint32_t)width;
	s->height = (uint32_t)height;
	s->frames = frames;
	if (width * height > s->max_pixels)
		return TUTELA_DECODE_TOO_LARGE;
	return TUTELA_DECODE_OK;
}

bool tutela_sink_fits(const struct row_sink *s, uint64_t bytes)
{
	return bytes <= s->max_memory / 2;
}

enum tutela_decode_class tutela_sink_begin(struct row_sink *s, unsigned channels)
{
	unsigned wants = s->wants & TUTELA_WANT_PERCEPTUAL;
	enum tutela_err err = tutela_picture_new(s->width, s->height, channels, wants, s->isa, &s->picture);

	return err ? TUTELA_DECODE_TOO_LARGE : TUTELA_DECODE_OK;
}

void tutela_sink_row(struct row_sink *s, const uint8_t *row)
{
	tutela_picture_row(s->picture, row);
}

void tutela_sink_give(struct row_sink *s, const struct tutela_perceptual *hashes)
{
	s->given = true;
	s->hashes = *hashes;
}

uint32_t tutela_sink_rows(const struct row_sink *s)
{
	if (s->picture)
		return tutela_picture_rows(s->picture);
	return s->given ? s->height : 0;
}

void tutela_sink_discard(struct row_sink *s)
{
	tutela_picture_free(s->picture);
	s->picture = NULL;
	s->given = false;
}

void tutela_sink_hashes(struct row_sink *s, struct tutela_perceptual *out)
{
	*out = s->given ? s->hashes : (struct tutela_perceptual){0};
	if (s->picture)
		tutela_picture_finish(s->picture, out);
}
