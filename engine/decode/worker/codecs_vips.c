/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/codec.h"

static const struct codec table[] = {
	{TUTELA_FORMAT_WEBP, tutela_codec_webp}, {TUTELA_FORMAT_TIFF, tutela_codec_tiff},
	{TUTELA_FORMAT_HEIC, tutela_codec_heif}, {TUTELA_FORMAT_AVIF, tutela_codec_heif},
	{TUTELA_FORMAT_BMP, tutela_codec_bmp},   {TUTELA_FORMAT_JXL, tutela_codec_jxl},
	{TUTELA_FORMAT_JP2, tutela_codec_jp2},
};

const struct codecs tutela_codecs = {
	.kind = WIRE_VIPS,
	.program = "tutela-decoder-vips",
	.init = tutela_codec_vips_init,
	.threads = true,
	.n = sizeof(table) / sizeof(table[0]),
	.table = table,
};
