/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources: the formats' specifications; ISO/IEC 14496-12 and the registry
 * mp4ra.org for brands; the magic file of file(1) for camera raw.
 */
#include "decode/worker/sniff.h"

#include "base/bytes.h"
#include "decode/worker/pnm_header.h"

#include <string.h>

struct signature {
	unsigned offset, len;
	const char *bytes;
	enum tutela_format format;
};

#define SIGNATURE(offset, text, format)                                                                                \
	{                                                                                                              \
		offset, sizeof(text) - 1, text, TUTELA_FORMAT_##format                                                 \
	}

/* clang-format off */
static const struct signature signatures[] = {
	SIGNATURE(0, "\xff\xd8\xff", JPEG),
	SIGNATURE(0, "\x89PNG\r\n\x1a\n", PNG),
	SIGNATURE(0, "GIF87a", GIF),
	SIGNATURE(0, "GIF89a", GIF),
	SIGNATURE(0, "\xff\x0a", JXL),
	SIGNATURE(0, "\0\0\0\x0cJXL \r\n\x87\n", JXL),
	SIGNATURE(0, "\0\0\0\x0cjP  \r\n\x87\n", JP2),
	SIGNATURE(0, "\xff\x4f\xff\x51", JP2),          /* without a container */
	/* before TIFF: camera raw that is not quite it */
	SIGNATURE(0, "IIU\0", OTHER),                   /* Panasonic */
	SIGNATURE(0, "IIRO", OTHER),                    /* Olympus */
	SIGNATURE(0, "IIRS", OTHER),                    /* Olympus */
	SIGNATURE(0, "MMOR", OTHER),                    /* Olympus */
	SIGNATURE(0, "II\xbc", OTHER),                  /* JPEG XR */
	SIGNATURE(0, "FUJIFILMCCD-RAW", OTHER),
	SIGNATURE(0, "FOVb", OTHER),                    /* Sigma */
	SIGNATURE(0, "\0MRM", OTHER),                   /* Minolta */
	SIGNATURE(0, "II*\0", TIFF),
	SIGNATURE(0, "MM\0*", TIFF),
	SIGNATURE(0, "II+\0", TIFF),                    /* BigTIFF */
	SIGNATURE(0, "MM\0+", TIFF),
	SIGNATURE(0, "8BPS", OTHER),                    /* Photoshop */
	SIGNATURE(0, "qoif", OTHER),
	SIGNATURE(0, "gimp xcf", OTHER),
	SIGNATURE(0, "v/1\x01", OTHER),                 /* OpenEXR */
	SIGNATURE(0, "#?RADIANCE", OTHER),
	SIGNATURE(0, "DDS |\0\0\0", OTHER),
	SIGNATURE(0, "AT&TFORM", OTHER),                /* DjVu */
	SIGNATURE(0, "BPG\xfb", OTHER),
	SIGNATURE(0, "FLIF", OTHER),
	SIGNATURE(0, "\x8aMNG\r\n\x1a\n", OTHER),
	SIGNATURE(0, "\x8bJNG\r\n\x1a\n", OTHER),
	SIGNATURE(0, "SIMPLE  =", OTHER),               /* FITS */
	SIGNATURE(0, "\xd7\xcd\xc6\x9a", OTHER),        /* WMF */
	SIGNATURE(0, "icns\0", OTHER),                  /* Apple's icons; the length, under 16 MiB */
	SIGNATURE(0, "/* XPM */", OTHER),
	SIGNATURE(0, "\x01\xda\0\1", OTHER),            /* SGI: packing, bytes of a sample */
	SIGNATURE(0, "\x01\xda\0\2", OTHER),
	SIGNATURE(0, "\x01\xda\1\1", OTHER),
	SIGNATURE(0, "\x01\xda\1\2", OTHER),
};
/* clang-format on */

static bool at(const uint8_t *p, size_t len, size_t offset, const void *bytes, size_t n)
{
	return len >= n && offset <= len - n && memcmp(p + offset, bytes, n) == 0;
}

/* "BM" alone begins too many texts: the header's own length must be one that exists. */
static bool is_bmp(const uint8_t *p, size_t len)
{
	struct bytes_reader r = bytes_reader_init(p, len);

	if (!at(p, len, 0, "BM", 2) || !bytes_take(&r, 14))
		return false;
	switch (bytes_u32(&r)) {
	case 12:
	case 16:
	case 40:
	case 52:
	case 56:
	case 64:
	case 108:
	case 124:
		return true;
	}
	return false;
}

/* Icon or cursor: reserved 0, type, a count, then an entry whose reserved byte is 0, or 255 by .NET's hand. */
static bool is_icon(const uint8_t *p, size_t len)
{
	if (!at(p, len, 0, "\0\0\1\0", 4) && !at(p, len, 0, "\0\0\2\0", 4))
		return false;
	return len >= 22 && (p[4] | p[5]) != 0 && p[5] == 0 && (p[9] == 0 || p[9] == 255);
}

/* Are samples that are text numbers, as far as can be seen? */
static bool are_numbers(struct pnm_text samples, const struct pnm_header *h)
{
	uint64_t columns = h->width < SNIFF_LEN ? h->width : SNIFF_LEN,
		 rows = h->height < SNIFF_LEN ? h->height : SNIFF_LEN;
	enum pnm_found f = PNM_FOUND;

	for (uint64_t i = 0, v; i < columns * rows * h->colours && f == PNM_FOUND; i++)
		f = tutela_pnm_sample(&samples, h, &v);
	return f != PNM_WRONG;
}

/*
 * "P1 " begins too many texts: the whole header must be there, and samples behind it that can be some; or the first
 * bytes must end before it does. The words of a PAM are sure sooner.
 */
static bool is_pnm(const uint8_t *p, size_t len)
{
	struct pnm_header h;

	switch (tutela_pnm_header(p, len, &h)) {
	case PNM_FOUND:
		return h.kind > 3 || are_numbers((struct pnm_text){p + h.raster, p + len}, &h);
	case PNM_SHORT:
		return h.width || h.height || h.depth || h.maxval || (len == SNIFF_LEN && (h.kind < 7 || p[3] == '#'));
	default:
		return false;
	}
}

static bool is_pcx(const uint8_t *p, size_t len)
{
	return len >= 128 && p[0] == 10 && p[1] <= 5 && p[1] != 1 && p[2] == 1 &&
	       (p[3] == 1 || p[3] == 2 || p[3] == 4 || p[3] == 8) && p[64] == 0;
}

/* Windows' enhanced metafile; the Amiga's ILBM; thumbnails of xv. */
static bool is_antique(const uint8_t *p, size_t len)
{
	return (at(p, len, 0, "\1\0\0\0", 4) && at(p, len, 40, " EMF", 4)) || at(p, len, 0, "P7 332", 6) ||
	       (at(p, len, 0, "FORM", 4) && at(p, len, 8, "ILBM", 4));
}

/* "<svg" near the beginning of what starts like a text of markup. */
static bool is_svg(const uint8_t *p, size_t len)
{
	if (at(p, len, 0, "\xef\xbb\xbf", 3))
		p += 3, len -= 3;
	while (len && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
		p++, len--;
	if (!len || *p != '<')
		return false;
	return memmem(p, len, "<svg", 4) != NULL;
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The brands of an ISO base media file, the major one first. Films are no pictures. */
static enum tutela_format sniff_bmff(const uint8_t *p, size_t len)
{
	static const char heic[][5] = {"heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"};
	enum tutela_format found = TUTELA_FORMAT_NONE;
	size_t end;

	if (!at(p, len, 4, "ftyp", 4) || len < 16)
		return TUTELA_FORMAT_NONE;
	end = be32(p) < len ? be32(p) : len;
	for (size_t i = 8; i + 4 <= end; i = i == 8 ? 16 : i + 4) { /* 12: minor version */
		if (at(p, len, i, "avif", 4) || at(p, len, i, "avis", 4))
			return TUTELA_FORMAT_AVIF;
		if (at(p, len, i, "crx ", 4))
			return TUTELA_FORMAT_OTHER;
		for (size_t k = 0; k < sizeof(heic) / sizeof(heic[0]); k++)
			if (at(p, len, i, heic[k], 4))
				return TUTELA_FORMAT_HEIC;
		if (at(p, len, i, "mif1", 4) || at(p, len, i, "msf1", 4))
			found = TUTELA_FORMAT_HEIC;
	}
	return found;
}

enum tutela_format tutela_sniff(const uint8_t *p, size_t len)
{
	enum tutela_format format;

	len = len < SNIFF_LEN ? len : SNIFF_LEN;
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++)
		if (at(p, len, signatures[i].offset, signatures[i].bytes, signatures[i].len))
			return signatures[i].format;
	if (at(p, len, 0, "RIFF", 4) && at(p, len, 8, "WEBP", 4))
		return TUTELA_FORMAT_WEBP;
	if (is_bmp(p, len))
		return TUTELA_FORMAT_BMP;
	if (is_pnm(p, len))
		return TUTELA_FORMAT_PNM;
	format = sniff_bmff(p, len);
	if (format != TUTELA_FORMAT_NONE)
		return format;
	if (is_icon(p, len))
		return TUTELA_FORMAT_ICO;
	if (is_pcx(p, len) || is_antique(p, len) || is_svg(p, len))
		return TUTELA_FORMAT_OTHER;
	return TUTELA_FORMAT_NONE;
}
