/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that a codec makes of a file, so that two can be compared. */
#ifndef TUTELA_TESTS_PNG_OUTCOME_H
#define TUTELA_TESTS_PNG_OUTCOME_H

#include <string.h>

#include "decode/worker/codec.h"

struct png_outcome {
	enum tutela_decode_class class_;
	uint32_t width, height, frames, rows;
	struct tutela_perceptual hashes;
};

static inline struct png_outcome png_outcome(codec_fn *codec, const uint8_t *bytes, size_t len, enum tutela_isa isa)
{
	struct row_sink sink = {
		.max_pixels = 1 << 20, .max_memory = 64 << 20, .wants = TUTELA_WANT_PERCEPTUAL, .isa = isa};
	struct png_outcome o;

	memset(&o, 0, sizeof(o));
	o.class_ = codec(bytes, len, &sink);
	o.width = sink.width;
	o.height = sink.height;
	o.frames = sink.frames;
	o.rows = tutela_sink_rows(&sink);
	if (o.rows)
		tutela_sink_hashes(&sink, &o.hashes);
	tutela_sink_discard(&sink);
	return o;
}

static inline bool png_same(const struct png_outcome *a, const struct png_outcome *b)
{
	const struct tutela_perceptual *p = &a->hashes, *q = &b->hashes;

	return a->class_ == b->class_ && a->width == b->width && a->height == b->height && a->frames == b->frames &&
	       a->rows == b->rows && !memcmp(&p->pdq, &q->pdq, sizeof(p->pdq)) &&
	       !memcmp(&p->pdq_full, &q->pdq_full, sizeof(p->pdq_full)) &&
	       !memcmp(p->phash, q->phash, sizeof(p->phash)) && !memcmp(p->dhash, q->dhash, sizeof(p->dhash));
}

#endif
