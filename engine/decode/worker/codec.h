/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codecs of one worker program, as a table. codecs_core.c is linked into
 * tutela-decoder, codecs_vips.c into tutela-decoder-vips.
 */
#ifndef TUTELA_DECODE_WORKER_CODEC_H
#define TUTELA_DECODE_WORKER_CODEC_H

#include "decode/wire.h"
#include "decode/worker/row_sink.h"

/*
 * Decode the first picture in the bytes into the sink. Returns OK only when
 * every row was delivered. With CORRUPT and TRUNCATED the rows that came
 * before the damage may have been delivered. Prints nothing, keeps nothing.
 */
typedef enum tutela_decode_class codec_fn(const uint8_t *bytes, size_t len, struct row_sink *sink);

struct codec {
	enum tutela_format format;
	codec_fn *decode;
};

struct codecs {
	enum wire_kind kind;
	const char *program;
	bool (*init)(void); /* once, before the lock-down; may be NULL */
	bool threads;       /* a library in it starts threads */
	size_t n;
	const struct codec *table;
};

/* One per program. */
extern const struct codecs tutela_codecs;

codec_fn tutela_codec_jpeg, tutela_codec_png, tutela_codec_gif;
codec_fn tutela_codec_webp, tutela_codec_tiff, tutela_codec_heif;
codec_fn tutela_codec_bmp, tutela_codec_jxl, tutela_codec_jp2;
codec_fn tutela_codec_pnm, tutela_codec_ico;

/* What tutela_codec_png does with files that are not ordinary. */
codec_fn tutela_codec_libpng;

/* What an icon holds: a BMP without the file's header, its height that of picture and mask. */
codec_fn tutela_codec_bmp_in_icon;

/* The two readers of tutela_codec_tiff: the first, and the one for what that does not take. */
codec_fn tutela_codec_vips_tiff, tutela_codec_libtiff;

/* vips_init and all that libvips would otherwise do at the first picture. */
bool tutela_codec_vips_init(void);

#endif
