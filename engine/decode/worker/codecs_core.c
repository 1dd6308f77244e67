/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/codec.h"

static const struct codec table[] = {
	{TUTELA_FORMAT_JPEG, tutela_codec_jpeg}, {TUTELA_FORMAT_PNG, tutela_codec_png},
	{TUTELA_FORMAT_GIF, tutela_codec_gif},   {TUTELA_FORMAT_PNM, tutela_codec_pnm},
	{TUTELA_FORMAT_ICO, tutela_codec_ico},
};

const struct codecs tutela_codecs = {
	.kind = WIRE_CORE,
	.program = "tutela-decoder",
	.n = sizeof(table) / sizeof(table[0]),
	.table = table,
};
