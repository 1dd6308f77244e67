/* SPDX-License-Identifier: Apache-2.0 */
#include <tutela/decode.h>

static const struct {
	const char *name, *text;
} classes[TUTELA_DECODE_CLASSES] = {
	[TUTELA_DECODE_OK] = {"ok", "the picture was decoded"},
	[TUTELA_DECODE_NOT_PICTURE] = {"not-a-picture", "the file has no picture format's signature"},
	[TUTELA_DECODE_EMPTY] = {"empty", "the file is empty"},
	[TUTELA_DECODE_UNSUPPORTED] = {"unsupported", "the picture is of a format or variant that is not decoded"},
	[TUTELA_DECODE_CORRUPT] = {"corrupt", "the picture is damaged"},
	[TUTELA_DECODE_TRUNCATED] = {"truncated", "the file ends before the picture does"},
	[TUTELA_DECODE_TOO_LARGE] = {"too-large", "the picture is over a limit on bytes, pixels, scans or memory"},
	[TUTELA_DECODE_TIMED_OUT] = {"timed-out", "decoding took longer than allowed"},
	[TUTELA_DECODE_CRASHED] = {"crashed", "the decoder process died or answered nonsense"},
	[TUTELA_DECODE_UNREADABLE] = {"unreadable", "the file cannot be read, or is no regular file"},
};

static const char *const formats[TUTELA_FORMATS] = {
	[TUTELA_FORMAT_NONE] = "none", [TUTELA_FORMAT_JPEG] = "jpeg",   [TUTELA_FORMAT_PNG] = "png",
	[TUTELA_FORMAT_WEBP] = "webp", [TUTELA_FORMAT_GIF] = "gif",     [TUTELA_FORMAT_TIFF] = "tiff",
	[TUTELA_FORMAT_HEIC] = "heic", [TUTELA_FORMAT_AVIF] = "avif",   [TUTELA_FORMAT_BMP] = "bmp",
	[TUTELA_FORMAT_JXL] = "jxl",   [TUTELA_FORMAT_OTHER] = "other", [TUTELA_FORMAT_PNM] = "pnm",
	[TUTELA_FORMAT_ICO] = "ico",   [TUTELA_FORMAT_JP2] = "jp2",
};

const char *tutela_decode_class_name(enum tutela_decode_class c)
{
	return (unsigned)c < TUTELA_DECODE_CLASSES ? classes[c].name : "unknown";
}

const char *tutela_decode_class_text(enum tutela_decode_class c)
{
	return (unsigned)c < TUTELA_DECODE_CLASSES ? classes[c].text : "no such class";
}

const char *tutela_format_name(enum tutela_format f)
{
	return (unsigned)f < TUTELA_FORMATS ? formats[f] : "unknown";
}
