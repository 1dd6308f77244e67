/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JPEG XL by libjxl: the first frame, 8 bits, sRGB where the file leaves a
 * choice, orientation not applied. libjxl ends the process when memory runs
 * out, so what it will need is estimated from the header first.
 */
#include "decode/worker/codec.h"

#include <stdlib.h>
#include <string.h>

#include <jxl/decode.h>

#define FRAMES_MAX       100000
#define BYTES_PER_SAMPLE 4 /* of a picture under work: float planes at most; 2 were seen */

struct jxl {
	JxlDecoder *dec;
	struct row_sink *sink;
	JxlPixelFormat format;
	uint8_t *pixels;
	bool animated;
};

static enum tutela_decode_class on_basic_info(struct jxl *j)
{
	JxlBasicInfo info;
	enum tutela_decode_class c;
	uint64_t samples;

	if (JxlDecoderGetBasicInfo(j->dec, &info) != JXL_DEC_SUCCESS)
		return TUTELA_DECODE_CORRUPT;
	c = tutela_sink_size(j->sink, info.xsize, info.ysize, 1);
	if (c)
		return c;
	samples = (uint64_t)info.xsize * info.ysize * (info.num_color_channels + (uint64_t)info.num_extra_channels);
	if (!tutela_sink_fits(j->sink, samples * BYTES_PER_SAMPLE))
		return TUTELA_DECODE_TOO_LARGE;
	j->format = (JxlPixelFormat){
		.num_channels = info.num_color_channels == 1 ? 1 : 3,
		.data_type = JXL_TYPE_UINT8,
		.endianness = JXL_NATIVE_ENDIAN,
	};
	j->animated = info.have_animation;
	return TUTELA_DECODE_OK;
}

static enum tutela_decode_class on_colour(struct jxl *j)
{
	const JxlColorEncoding srgb = {
		.color_space = j->format.num_channels == 1 ? JXL_COLOR_SPACE_GRAY : JXL_COLOR_SPACE_RGB,
		.white_point = JXL_WHITE_POINT_D65,
		.primaries = JXL_PRIMARIES_SRGB,
		.transfer_function = JXL_TRANSFER_FUNCTION_SRGB,
		.rendering_intent = JXL_RENDERING_INTENT_RELATIVE,
	};

	/* A preference: samples that are stored as they are stay as they are. */
	(void)JxlDecoderSetPreferredColorProfile(j->dec, &srgb);
	return TUTELA_DECODE_OK;
}

static enum tutela_decode_class on_buffer(struct jxl *j)
{
	size_t len;

	if (JxlDecoderImageOutBufferSize(j->dec, &j->format, &len) != JXL_DEC_SUCCESS)
		return TUTELA_DECODE_CORRUPT;
	if (len != (size_t)j->sink->width * j->sink->height * j->format.num_channels)
		return TUTELA_DECODE_CORRUPT;
	j->pixels = malloc(len);
	if (!j->pixels)
		return TUTELA_DECODE_TOO_LARGE;
	memset(j->pixels, 128, len);
	return JxlDecoderSetImageOutBuffer(j->dec, &j->format, j->pixels, len) == JXL_DEC_SUCCESS
		       ? TUTELA_DECODE_OK
		       : TUTELA_DECODE_CORRUPT;
}

static enum tutela_decode_class deliver(struct jxl *j)
{
	size_t stride = (size_t)j->sink->width * j->format.num_channels;
	enum tutela_decode_class c = tutela_sink_begin(j->sink, j->format.num_channels);

	for (uint32_t y = 0; !c && y < j->sink->height; y++)
		tutela_sink_row(j->sink, j->pixels + y * stride);
	return c;
}

/* The bytes ended: what there is of the frame, if anything. */
static enum tutela_decode_class on_end(struct jxl *j)
{
	if (j->pixels && JxlDecoderFlushImage(j->dec) == JXL_DEC_SUCCESS && deliver(j))
		return TUTELA_DECODE_TOO_LARGE;
	return TUTELA_DECODE_TRUNCATED;
}

static enum tutela_decode_class first_frame(struct jxl *j)
{
	enum tutela_decode_class c = TUTELA_DECODE_OK;

	while (!c) {
		switch (JxlDecoderProcessInput(j->dec)) {
		case JXL_DEC_BASIC_INFO:
			c = on_basic_info(j);
			break;
		case JXL_DEC_COLOR_ENCODING:
			c = on_colour(j);
			break;
		case JXL_DEC_FRAME:
			break;
		case JXL_DEC_NEED_IMAGE_OUT_BUFFER:
			c = on_buffer(j);
			break;
		case JXL_DEC_FULL_IMAGE:
			return deliver(j);
		case JXL_DEC_NEED_MORE_INPUT:
			return on_end(j);
		default:
			return TUTELA_DECODE_CORRUPT;
		}
	}
	return c;
}

/* The frames after the first, without decoding them. */
static void count_frames(struct jxl *j)
{
	while (j->animated && j->sink->frames < FRAMES_MAX) {
		if (JxlDecoderProcessInput(j->dec) != JXL_DEC_FRAME)
			return;
		j->sink->frames++;
		if (JxlDecoderSkipCurrentFrame(j->dec) != JXL_DEC_SUCCESS)
			return;
	}
}

enum tutela_decode_class tutela_codec_jxl(const uint8_t *bytes, size_t len, struct row_sink *sink)
{
	const int events = JXL_DEC_BASIC_INFO | JXL_DEC_COLOR_ENCODING | JXL_DEC_FRAME | JXL_DEC_FULL_IMAGE;
	struct jxl j = {.dec = JxlDecoderCreate(NULL), .sink = sink};
	enum tutela_decode_class c = TUTELA_DECODE_TOO_LARGE;

	if (j.dec && JxlDecoderSubscribeEvents(j.dec, events) == JXL_DEC_SUCCESS &&
	    JxlDecoderSetKeepOrientation(j.dec, JXL_TRUE) == JXL_DEC_SUCCESS &&
	    JxlDecoderSetInput(j.dec, bytes, len) == JXL_DEC_SUCCESS) {
		/* No JxlDecoderCloseInput: a file that ends early should ask for more, not be called an error. */
		c = first_frame(&j);
		if (!c)
			count_frames(&j);
	}
	if (j.dec)
		JxlDecoderDestroy(j.dec);
	free(j.pixels);
	return c;
}
