/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/wire.h"

#include "base/bytes.h"

#define MAGIC_HELLO   0x48545554u /* "TUTH" */
#define MAGIC_REQUEST 0x51545554u /* "TUTQ" */
#define MAGIC_REPLY   0x52545554u /* "TUTR" */

#define ERRNO_MAX  4095 /* as the kernel's MAX_ERRNO */
#define FRAMES_MAX (1u << 24)

#define PDQ_LEN (TUTELA_PDQ_LEN + TUTELA_DIHEDRALS * TUTELA_PDQ_LEN + 4)
_Static_assert(WIRE_REPLY_LEN == 60 + 16 + 20 + 32 + 2 * PDQ_LEN + 2 * TUTELA_HASH64_LEN, "layout");

bool tutela_wire_decodes(enum wire_kind kind, enum tutela_format format)
{
	switch (format) {
	case TUTELA_FORMAT_JPEG:
	case TUTELA_FORMAT_PNG:
	case TUTELA_FORMAT_GIF:
	case TUTELA_FORMAT_PNM:
	case TUTELA_FORMAT_ICO:
		return kind == WIRE_CORE;
	case TUTELA_FORMAT_NONE:
	case TUTELA_FORMAT_OTHER:
		return false;
	default:
		return kind == WIRE_VIPS && (unsigned)format < TUTELA_FORMATS;
	}
}

unsigned tutela_wire_hashes(uint32_t width, uint32_t height)
{
	uint32_t least = width < height ? width : height, most = width < height ? height : width;

	if (least == 0)
		return 0;
	return least < 5 && most > 512 ? TUTELA_WANT_PERCEPTUAL & ~TUTELA_WANT_PDQ_FULL : TUTELA_WANT_PERCEPTUAL;
}

static void put_head(struct bytes_writer *w, uint32_t magic)
{
	bytes_put_u32(w, magic);
	bytes_put_u16(w, WIRE_VERSION);
}

static enum tutela_err get_head(struct bytes_reader *r, uint32_t magic)
{
	uint32_t m = bytes_u32(r);
	uint16_t v = bytes_u16(r);

	if (r->failed || m != magic)
		return TUTELA_E_FORMAT;
	return v == WIRE_VERSION ? TUTELA_OK : TUTELA_E_VERSION;
}

/* hello: magic 4, version 2, kind 1, Landlock 1, defences 4 */

void tutela_wire_put_hello(const struct wire_hello *hello, uint8_t out[static WIRE_HELLO_LEN])
{
	struct bytes_writer w = bytes_writer_init(out, WIRE_HELLO_LEN);

	put_head(&w, MAGIC_HELLO);
	bytes_put_u8(&w, (uint8_t)hello->kind);
	bytes_put_u8(&w, hello->landlock);
	bytes_put_u32(&w, hello->defences);
}

enum tutela_err tutela_wire_get_hello(const uint8_t *p, size_t len, enum wire_kind kind, struct wire_hello *out)
{
	struct bytes_reader r = bytes_reader_init(p, len);
	enum tutela_err err = get_head(&r, MAGIC_HELLO);
	struct wire_hello hello = {.kind = kind};
	uint8_t said = bytes_u8(&r);

	*out = (struct wire_hello){0};
	if (err)
		return err;
	hello.landlock = bytes_u8(&r);
	hello.defences = bytes_u32(&r);
	if (!bytes_done(&r) || said != (uint8_t)kind || (hello.defences & ~WIRE_DEFENCES))
		return TUTELA_E_FORMAT;
	*out = hello;
	return TUTELA_OK;
}

/* request: magic 4, version 2, isa 1, zero 1, number 4, wants 4, budget 8, bytes 8, pixels 8, memory 8 */

void tutela_wire_put_request(const struct wire_request *rq, uint8_t out[static WIRE_REQUEST_LEN])
{
	struct bytes_writer w = bytes_writer_init(out, WIRE_REQUEST_LEN);

	put_head(&w, MAGIC_REQUEST);
	bytes_put_u8(&w, (uint8_t)rq->isa);
	bytes_put_u8(&w, 0);
	bytes_put_u32(&w, rq->number);
	bytes_put_u32(&w, rq->wants);
	bytes_put_u64(&w, rq->budget_ms);
	bytes_put_u64(&w, rq->max_bytes);
	bytes_put_u64(&w, rq->max_pixels);
	bytes_put_u64(&w, rq->max_memory);
}

enum tutela_err tutela_wire_get_request(const uint8_t *p, size_t len, struct wire_request *out)
{
	struct bytes_reader r = bytes_reader_init(p, len);
	enum tutela_err err = get_head(&r, MAGIC_REQUEST);
	struct wire_request rq = {0};
	uint8_t pad;

	*out = (struct wire_request){0};
	if (err)
		return err;
	rq.isa = (enum tutela_isa)bytes_u8(&r);
	pad = bytes_u8(&r);
	rq.number = bytes_u32(&r);
	rq.wants = bytes_u32(&r);
	rq.budget_ms = bytes_u64(&r);
	rq.max_bytes = bytes_u64(&r);
	rq.max_pixels = bytes_u64(&r);
	rq.max_memory = bytes_u64(&r);
	if (!bytes_done(&r) || pad || rq.isa > TUTELA_ISA_NEON || (rq.wants & ~TUTELA_WANT_ALL))
		return TUTELA_E_FORMAT;
	*out = rq;
	return TUTELA_OK;
}

/*
 * reply: magic 4, version 2, answer 1, class 1, format 1, partial 1, zero 2,
 * number 4, have 4, size 8, width 4, height 4, frames 4, errno 4,
 * digest_ns 8, decode_ns 8, MD5 16, SHA-1 20, SHA-256 32,
 * twice (PDQ 32, eight dihedral 32, quality 4), pHash 8, dHash 8
 */

static void put_pdq(struct bytes_writer *w, const struct tutela_pdq *q)
{
	bytes_put(w, q->hash, sizeof(q->hash));
	bytes_put(w, q->dihedral, sizeof(q->dihedral));
	bytes_put_u32(w, (uint32_t)q->quality);
}

void tutela_wire_put_reply(const struct wire_reply *rp, uint8_t out[static WIRE_REPLY_LEN])
{
	struct bytes_writer w = bytes_writer_init(out, WIRE_REPLY_LEN);
	const struct tutela_decoded *d = &rp->decoded;

	put_head(&w, MAGIC_REPLY);
	bytes_put_u8(&w, (uint8_t)rp->answer);
	bytes_put_u8(&w, (uint8_t)d->class_);
	bytes_put_u8(&w, (uint8_t)d->format);
	bytes_put_u8(&w, d->partial);
	bytes_put_u16(&w, 0);
	bytes_put_u32(&w, rp->number);
	bytes_put_u32(&w, d->have);
	bytes_put_u64(&w, d->size);
	bytes_put_u32(&w, d->width);
	bytes_put_u32(&w, d->height);
	bytes_put_u32(&w, d->frames);
	bytes_put_u32(&w, (uint32_t)d->sys_errno);
	bytes_put_u64(&w, d->digest_ns);
	bytes_put_u64(&w, d->decode_ns);
	bytes_put(&w, d->md5, sizeof(d->md5));
	bytes_put(&w, d->sha1, sizeof(d->sha1));
	bytes_put(&w, d->sha256, sizeof(d->sha256));
	put_pdq(&w, &d->hashes.pdq);
	put_pdq(&w, &d->hashes.pdq_full);
	bytes_put(&w, d->hashes.phash, sizeof(d->hashes.phash));
	bytes_put(&w, d->hashes.dhash, sizeof(d->hashes.dhash));
}

static bool all_zero(const void *p, size_t len)
{
	const uint8_t *b = p;
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any |= b[i];
	return !any;
}

static void get_bytes(struct bytes_reader *r, void *to, size_t len)
{
	const uint8_t *p = bytes_take(r, len);

	if (p)
		memcpy(to, p, len);
}

static void get_pdq(struct bytes_reader *r, struct tutela_pdq *q)
{
	get_bytes(r, q->hash, sizeof(q->hash));
	get_bytes(r, q->dihedral, sizeof(q->dihedral));
	q->quality = (int32_t)bytes_u32(r);
}

/* Fields that are absent must be zero, so that nothing unchecked gets through. */
static bool absent_is_zero(const struct tutela_decoded *d)
{
	const struct {
		unsigned want;
		const void *p;
		size_t len;
	} fields[] = {
		{TUTELA_WANT_MD5, d->md5, sizeof(d->md5)},
		{TUTELA_WANT_SHA1, d->sha1, sizeof(d->sha1)},
		{TUTELA_WANT_SHA256, d->sha256, sizeof(d->sha256)},
		{TUTELA_WANT_PDQ, &d->hashes.pdq, sizeof(d->hashes.pdq)},
		{TUTELA_WANT_PDQ_FULL, &d->hashes.pdq_full, sizeof(d->hashes.pdq_full)},
		{TUTELA_WANT_PHASH, d->hashes.phash, sizeof(d->hashes.phash)},
		{TUTELA_WANT_DHASH, d->hashes.dhash, sizeof(d->hashes.dhash)},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!(d->have & fields[i].want) && !all_zero(fields[i].p, fields[i].len))
			return false;
	return true;
}

/* A hash of nothing but zeros is what failed decoders give: only a picture without features may have it. */
static bool pdq_plausible(const struct tutela_pdq *q)
{
	if (q->quality < 0 || q->quality > 100)
		return false;
	return q->quality == 0 || !all_zero(q->hash, sizeof(q->hash));
}

static bool class_fits_format(const struct tutela_decoded *d, enum wire_kind kind)
{
	switch (d->class_) {
	case TUTELA_DECODE_NOT_PICTURE:
	case TUTELA_DECODE_UNREADABLE:
		return d->format == TUTELA_FORMAT_NONE;
	case TUTELA_DECODE_EMPTY:
		return d->format == TUTELA_FORMAT_NONE && d->size == 0;
	case TUTELA_DECODE_UNSUPPORTED:
		return d->format != TUTELA_FORMAT_NONE;
	case TUTELA_DECODE_TRUNCATED: /* also any file that shrank while it was read */
		return !d->partial || tutela_wire_decodes(kind, d->format);
	case TUTELA_DECODE_OK:
	case TUTELA_DECODE_CORRUPT:
	case TUTELA_DECODE_TOO_LARGE:
		return d->format != TUTELA_FORMAT_NONE && d->format != TUTELA_FORMAT_OTHER;
	case TUTELA_DECODE_TIMED_OUT: /* the pool's own findings */
	case TUTELA_DECODE_CRASHED:
		break;
	}
	return false;
}

/* What must be there, given the class and what was asked. */
static bool have_fits(const struct tutela_decoded *d, const struct wire_request *asked, enum wire_kind kind)
{
	unsigned digests = d->class_ == TUTELA_DECODE_UNREADABLE ? 0 : asked->wants & TUTELA_WANT_DIGESTS;
	unsigned hashes = 0;
	bool decoded = d->partial || (d->class_ == TUTELA_DECODE_OK && asked->wants & TUTELA_WANT_PERCEPTUAL);

	if (d->partial && d->class_ != TUTELA_DECODE_TRUNCATED && d->class_ != TUTELA_DECODE_CORRUPT)
		return false;
	if (decoded)
		hashes = asked->wants & tutela_wire_hashes(d->width, d->height);
	if (d->have != (digests | hashes) || (d->partial && !hashes))
		return false;
	if (!decoded)
		return true;
	return tutela_wire_decodes(kind, d->format) && d->frames >= 1 && d->width && d->height &&
	       (uint64_t)d->width * d->height <= asked->max_pixels;
}

static bool reply_in_range(const struct wire_reply *rp, const struct wire_request *asked, enum wire_kind kind)
{
	const struct tutela_decoded *d = &rp->decoded;
	uint64_t most_ns =
		asked->budget_ms > UINT64_MAX / 2000000 ? UINT64_MAX / 2 : (asked->budget_ms + 1000) * 1000000;

	if (rp->number != asked->number || rp->answer > WIRE_OTHER_KIND || d->format >= TUTELA_FORMATS)
		return false;
	if (rp->answer == WIRE_OTHER_KIND)
		return kind == WIRE_CORE && tutela_wire_decodes(WIRE_VIPS, d->format);
	if (d->class_ >= TUTELA_DECODE_CLASSES || !class_fits_format(d, kind) || !have_fits(d, asked, kind))
		return false;
	if (d->size > INT64_MAX || d->frames > FRAMES_MAX || d->sys_errno < 0 || d->sys_errno > ERRNO_MAX)
		return false;
	if (d->sys_errno && d->class_ != TUTELA_DECODE_UNREADABLE)
		return false;
	if (d->digest_ns > most_ns || d->decode_ns > most_ns)
		return false;
	return absent_is_zero(d) && pdq_plausible(&d->hashes.pdq) && pdq_plausible(&d->hashes.pdq_full);
}

enum tutela_err tutela_wire_get_reply(const uint8_t *p, size_t len, const struct wire_request *asked,
				      enum wire_kind kind, struct wire_reply *out)
{
	struct bytes_reader r = bytes_reader_init(p, len);
	enum tutela_err err = get_head(&r, MAGIC_REPLY);
	struct wire_reply rp = {0};
	struct tutela_decoded *d = &rp.decoded;
	uint8_t partial;
	uint16_t pad;

	*out = (struct wire_reply){0};
	if (err)
		return err;
	rp.answer = (enum wire_answer)bytes_u8(&r);
	d->class_ = (enum tutela_decode_class)bytes_u8(&r);
	d->format = (enum tutela_format)bytes_u8(&r);
	partial = bytes_u8(&r);
	d->partial = partial == 1;
	pad = bytes_u16(&r);
	rp.number = bytes_u32(&r);
	d->have = bytes_u32(&r);
	d->size = bytes_u64(&r);
	d->width = bytes_u32(&r);
	d->height = bytes_u32(&r);
	d->frames = bytes_u32(&r);
	d->sys_errno = (int)bytes_u32(&r);
	d->digest_ns = bytes_u64(&r);
	d->decode_ns = bytes_u64(&r);
	get_bytes(&r, d->md5, sizeof(d->md5));
	get_bytes(&r, d->sha1, sizeof(d->sha1));
	get_bytes(&r, d->sha256, sizeof(d->sha256));
	get_pdq(&r, &d->hashes.pdq);
	get_pdq(&r, &d->hashes.pdq_full);
	get_bytes(&r, d->hashes.phash, sizeof(d->hashes.phash));
	get_bytes(&r, d->hashes.dhash, sizeof(d->hashes.dhash));
	if (!bytes_done(&r) || pad || partial > 1 || !reply_in_range(&rp, asked, kind))
		return TUTELA_E_FORMAT;
	if (rp.answer == WIRE_OTHER_KIND) /* nothing else was checked */
		*d = (struct tutela_decoded){.format = d->format};
	*out = rp;
	return TUTELA_OK;
}
