/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/wire.h"

#include <criterion/criterion.h>

#include <string.h>

#define OFFSET_ANSWER  6
#define OFFSET_CLASS   7
#define OFFSET_FORMAT  8
#define OFFSET_PARTIAL 9
#define OFFSET_ZERO    10

static const struct wire_request asked = {
	.number = 77,
	.wants = TUTELA_WANT_ALL,
	.isa = TUTELA_ISA_SCALAR,
	.budget_ms = 1000,
	.max_bytes = 1 << 20,
	.max_pixels = 640 * 480,
	.max_memory = 1 << 30,
};

static struct wire_reply honest(void)
{
	struct wire_reply rp = {.number = 77};
	struct tutela_decoded *d = &rp.decoded;

	d->format = TUTELA_FORMAT_PNG;
	d->have = TUTELA_WANT_ALL;
	d->size = 123456;
	d->width = 640;
	d->height = 480;
	d->frames = 1;
	d->digest_ns = 1000;
	d->decode_ns = 2000;
	memset(d->md5, 1, sizeof(d->md5));
	memset(d->sha1, 2, sizeof(d->sha1));
	memset(d->sha256, 3, sizeof(d->sha256));
	memset(&d->hashes.pdq.hash, 4, sizeof(d->hashes.pdq.hash));
	memset(&d->hashes.pdq.dihedral, 5, sizeof(d->hashes.pdq.dihedral));
	d->hashes.pdq.quality = 100;
	memset(&d->hashes.pdq_full.hash, 6, sizeof(d->hashes.pdq_full.hash));
	memset(&d->hashes.pdq_full.dihedral, 7, sizeof(d->hashes.pdq_full.dihedral));
	d->hashes.pdq_full.quality = 99;
	memset(d->hashes.phash, 8, sizeof(d->hashes.phash));
	memset(d->hashes.dhash, 9, sizeof(d->hashes.dhash));
	return rp;
}

static enum tutela_err pass(const struct wire_reply *rp, const struct wire_request *rq, enum wire_kind kind)
{
	uint8_t bytes[WIRE_REPLY_LEN];
	struct wire_reply got;

	tutela_wire_put_reply(rp, bytes);
	return tutela_wire_get_reply(bytes, sizeof(bytes), rq, kind, &got);
}

Test(wire, a_reply_comes_through_whole)
{
	struct wire_reply rp = honest(), got;
	uint8_t bytes[WIRE_REPLY_LEN], again[WIRE_REPLY_LEN];

	tutela_wire_put_reply(&rp, bytes);
	cr_assert_eq(tutela_wire_get_reply(bytes, sizeof(bytes), &asked, WIRE_CORE, &got), TUTELA_OK);
	tutela_wire_put_reply(&got, again);
	cr_assert_arr_eq(bytes, again, sizeof(bytes));
	cr_assert_eq(got.decoded.hashes.pdq_full.quality, 99);
	cr_assert_eq(got.decoded.size, 123456);
	cr_assert_arr_eq(got.decoded.hashes.dhash, rp.decoded.hashes.dhash, 8);
}

Test(wire, a_request_comes_through_whole)
{
	struct wire_request got;
	uint8_t bytes[WIRE_REQUEST_LEN];

	tutela_wire_put_request(&asked, bytes);
	cr_assert_eq(tutela_wire_get_request(bytes, sizeof(bytes), &got), TUTELA_OK);
	cr_assert_eq(got.number, asked.number);
	cr_assert_eq(got.wants, asked.wants);
	cr_assert_eq(got.isa, asked.isa);
	cr_assert_eq(got.budget_ms, asked.budget_ms);
	cr_assert_eq(got.max_bytes, asked.max_bytes);
	cr_assert_eq(got.max_pixels, asked.max_pixels);
	cr_assert_eq(got.max_memory, asked.max_memory);
}

Test(wire, a_bad_request_is_refused)
{
	static const struct {
		size_t at;
		uint8_t value;
		enum tutela_err err;
	} bad[] = {
		{0, 0, TUTELA_E_FORMAT}, {4, 99, TUTELA_E_VERSION}, {6, 5, TUTELA_E_FORMAT},
		{7, 1, TUTELA_E_FORMAT}, {15, 1, TUTELA_E_FORMAT},
	};
	struct wire_request got;
	uint8_t bytes[WIRE_REQUEST_LEN + 1] = {0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		tutela_wire_put_request(&asked, bytes);
		bytes[bad[i].at] = bad[i].value;
		cr_expect_eq(tutela_wire_get_request(bytes, WIRE_REQUEST_LEN, &got), bad[i].err, "byte %zu", bad[i].at);
		cr_expect_eq(got.max_bytes, 0);
	}
	tutela_wire_put_request(&asked, bytes);
	for (size_t len = 0; len <= sizeof(bytes); len++)
		cr_expect_eq(tutela_wire_get_request(bytes, len, &got),
			     len == WIRE_REQUEST_LEN ? TUTELA_OK : TUTELA_E_FORMAT, "%zu bytes", len);
}

Test(wire, hello_names_version_kind_and_defences)
{
	struct wire_hello hello = {WIRE_VIPS, 7, WIRE_USER_NS | WIRE_MOUNT_NS}, got;
	uint8_t bytes[WIRE_HELLO_LEN];

	tutela_wire_put_hello(&hello, bytes);
	cr_expect_eq(tutela_wire_get_hello(bytes, sizeof(bytes), WIRE_VIPS, &got), TUTELA_OK);
	cr_expect(got.kind == WIRE_VIPS && got.landlock == 7 && got.defences == (WIRE_USER_NS | WIRE_MOUNT_NS));
	cr_expect_eq(tutela_wire_get_hello(bytes, sizeof(bytes), WIRE_CORE, &got), TUTELA_E_FORMAT);
	cr_expect(got.landlock == 0 && got.defences == 0);
	cr_expect_eq(tutela_wire_get_hello(bytes, sizeof(bytes) - 1, WIRE_VIPS, &got), TUTELA_E_FORMAT);
	cr_expect_eq(tutela_wire_get_hello(bytes, 0, WIRE_VIPS, &got), TUTELA_E_FORMAT);
	bytes[4]++;
	cr_expect_eq(tutela_wire_get_hello(bytes, sizeof(bytes), WIRE_VIPS, &got), TUTELA_E_VERSION);
	bytes[4]--;
	bytes[11] = 1; /* a defence that does not exist */
	cr_expect_eq(tutela_wire_get_hello(bytes, sizeof(bytes), WIRE_VIPS, &got), TUTELA_E_FORMAT);
}

Test(wire, a_reply_of_another_length_is_refused)
{
	struct wire_reply rp = honest(), got;
	uint8_t bytes[WIRE_REPLY_LEN + 1] = {0};

	tutela_wire_put_reply(&rp, bytes);
	for (size_t len = 0; len <= sizeof(bytes); len++)
		cr_expect_eq(tutela_wire_get_reply(bytes, len, &asked, WIRE_CORE, &got),
			     len == WIRE_REPLY_LEN ? TUTELA_OK : TUTELA_E_FORMAT, "%zu bytes", len);
}

Test(wire, bytes_out_of_range_are_refused)
{
	static const struct {
		size_t at;
		uint8_t value;
		enum tutela_err err;
	} bad[] = {
		{0, 0, TUTELA_E_FORMAT},
		{4, 1, TUTELA_E_VERSION},
		{OFFSET_ANSWER, 2, TUTELA_E_FORMAT},
		{OFFSET_CLASS, TUTELA_DECODE_CLASSES, TUTELA_E_FORMAT},
		{OFFSET_CLASS, 255, TUTELA_E_FORMAT},
		{OFFSET_FORMAT, TUTELA_FORMATS, TUTELA_E_FORMAT},
		{OFFSET_FORMAT, 255, TUTELA_E_FORMAT},
		{OFFSET_PARTIAL, 2, TUTELA_E_FORMAT},
		{OFFSET_ZERO, 1, TUTELA_E_FORMAT},
		{OFFSET_ZERO + 1, 1, TUTELA_E_FORMAT},
	};
	struct wire_reply rp = honest(), got;
	uint8_t bytes[WIRE_REPLY_LEN];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		tutela_wire_put_reply(&rp, bytes);
		bytes[bad[i].at] = bad[i].value;
		cr_expect_eq(tutela_wire_get_reply(bytes, sizeof(bytes), &asked, WIRE_CORE, &got), bad[i].err,
			     "case %zu", i);
		cr_expect_eq(got.decoded.width, 0);
	}
}

#define REFUSED(change)                                                                                                \
	do {                                                                                                           \
		struct wire_reply rp = honest();                                                                       \
		struct tutela_decoded *d = &rp.decoded;                                                                \
		change;                                                                                                \
		(void)d;                                                                                               \
		cr_expect_eq(pass(&rp, &asked, WIRE_CORE), TUTELA_E_FORMAT, "%s", #change);                            \
	} while (0)

Test(wire, fields_out_of_range_are_refused)
{
	cr_assert_eq(pass(&(struct wire_reply){honest().number, honest().answer, honest().decoded}, &asked, WIRE_CORE),
		     0);
	REFUSED(rp.number++);
	REFUSED(d->class_ = TUTELA_DECODE_TIMED_OUT);
	REFUSED(d->class_ = TUTELA_DECODE_CRASHED);
	REFUSED(d->format = TUTELA_FORMAT_NONE);
	REFUSED(d->format = TUTELA_FORMAT_OTHER);
	REFUSED(d->format = TUTELA_FORMAT_WEBP);
	REFUSED(d->size = (uint64_t)INT64_MAX + 1);
	REFUSED(d->width = 0);
	REFUSED(d->height = 4);
	REFUSED(d->height = 0);
	REFUSED(d->height++);
	REFUSED(d->width = UINT32_MAX);
	REFUSED(d->frames = 0);
	REFUSED(d->frames = UINT32_MAX);
	REFUSED(d->sys_errno = 2);
	REFUSED(d->digest_ns = 1ull << 40);
	REFUSED(d->decode_ns = UINT64_MAX);
	REFUSED(d->hashes.pdq.quality = 101);
	REFUSED(d->hashes.pdq.quality = -1);
	REFUSED(d->hashes.pdq_full.quality = 101);
	REFUSED(d->have |= 1u << 7);
	REFUSED(d->have &= ~(unsigned)TUTELA_WANT_PDQ);
	REFUSED(d->have &= ~(unsigned)TUTELA_WANT_MD5);
	REFUSED(d->have = 0);
	REFUSED(d->partial = true);
	REFUSED(memset(d->hashes.pdq.hash, 0, 32));
	REFUSED(memset(d->hashes.pdq_full.hash, 0, 32));
}

/* A class without hashes that brings some all the same, and other contradictions. */
Test(wire, contradictions_are_refused)
{
	REFUSED(d->class_ = TUTELA_DECODE_CORRUPT);
	REFUSED(d->class_ = TUTELA_DECODE_NOT_PICTURE);
	REFUSED(d->class_ = TUTELA_DECODE_TOO_LARGE);
	REFUSED(d->class_ = TUTELA_DECODE_TOO_LARGE; d->partial = true);
	REFUSED(d->class_ = TUTELA_DECODE_CORRUPT; d->have &= TUTELA_WANT_DIGESTS);
	REFUSED(*d = (struct tutela_decoded){.class_ = TUTELA_DECODE_NOT_PICTURE});
	REFUSED(*d = ((struct tutela_decoded){.class_ = TUTELA_DECODE_UNREADABLE, .sys_errno = 5000}));
	REFUSED(*d = ((struct tutela_decoded){.class_ = TUTELA_DECODE_UNREADABLE, .sys_errno = -1}));
	REFUSED(*d = ((struct tutela_decoded){.class_ = TUTELA_DECODE_UNREADABLE, .format = TUTELA_FORMAT_PNG}));
	REFUSED(d->class_ = TUTELA_DECODE_EMPTY; memset(&d->hashes, 0, sizeof(d->hashes));
		d->have &= TUTELA_WANT_DIGESTS; d->format = TUTELA_FORMAT_NONE);
	REFUSED(*d = (struct tutela_decoded){.class_ = TUTELA_DECODE_UNSUPPORTED});
	REFUSED(rp.answer = WIRE_OTHER_KIND);
}

Test(wire, what_was_not_asked_is_refused)
{
	struct wire_request digests = asked;
	struct wire_reply rp = honest();

	digests.wants = TUTELA_WANT_DIGESTS;
	cr_expect_eq(pass(&rp, &digests, WIRE_CORE), TUTELA_E_FORMAT);
	rp.decoded.have = TUTELA_WANT_DIGESTS;
	cr_expect_eq(pass(&rp, &digests, WIRE_CORE), TUTELA_E_FORMAT, "bytes of an absent field");
	memset(&rp.decoded.hashes, 0, sizeof(rp.decoded.hashes));
	cr_expect_eq(pass(&rp, &digests, WIRE_CORE), TUTELA_OK);
}

/* Found by the fuzzer: nothing else of such a reply is checked, so nothing else may get through. */
Test(wire, of_another_kinds_file_only_the_format_passes)
{
	struct wire_reply rp = honest(), got;
	struct tutela_decoded only = {.format = TUTELA_FORMAT_WEBP};
	uint8_t bytes[WIRE_REPLY_LEN];

	rp.answer = WIRE_OTHER_KIND;
	rp.decoded.format = TUTELA_FORMAT_WEBP;
	rp.decoded.hashes.pdq.quality = -7;
	tutela_wire_put_reply(&rp, bytes);
	cr_assert_eq(tutela_wire_get_reply(bytes, sizeof(bytes), &asked, WIRE_CORE, &got), TUTELA_OK);
	cr_assert_eq(got.answer, WIRE_OTHER_KIND);
	cr_assert_arr_eq(&got.decoded, &only, sizeof(only));
}

Test(wire, honest_failures_pass)
{
	const struct tutela_decoded with_digests = {.have = TUTELA_WANT_DIGESTS, .size = 10};
	struct wire_reply rp = {.number = 77, .decoded = {.class_ = TUTELA_DECODE_UNREADABLE, .sys_errno = 5}};

	cr_expect_eq(pass(&rp, &asked, WIRE_CORE), TUTELA_OK);
	rp.decoded = with_digests;
	rp.decoded.class_ = TUTELA_DECODE_NOT_PICTURE;
	cr_expect_eq(pass(&rp, &asked, WIRE_CORE), TUTELA_OK);
	rp.decoded.class_ = TUTELA_DECODE_TRUNCATED;
	cr_expect_eq(pass(&rp, &asked, WIRE_CORE), TUTELA_OK, "a file that shrank");
	rp.decoded.class_ = TUTELA_DECODE_UNSUPPORTED;
	rp.decoded.format = TUTELA_FORMAT_OTHER;
	cr_expect_eq(pass(&rp, &asked, WIRE_CORE), TUTELA_OK);
	rp.decoded.class_ = TUTELA_DECODE_TOO_LARGE;
	rp.decoded.format = TUTELA_FORMAT_JPEG;
	rp.decoded.width = rp.decoded.height = 65500;
	cr_expect_eq(pass(&rp, &asked, WIRE_CORE), TUTELA_OK);
	rp = honest();
	rp.decoded.class_ = TUTELA_DECODE_CORRUPT;
	rp.decoded.partial = true;
	cr_expect_eq(pass(&rp, &asked, WIRE_CORE), TUTELA_OK);
	rp = (struct wire_reply){.number = 77, .answer = WIRE_OTHER_KIND, .decoded = {.format = TUTELA_FORMAT_WEBP}};
	cr_expect_eq(pass(&rp, &asked, WIRE_CORE), TUTELA_OK);
	cr_expect_eq(pass(&rp, &asked, WIRE_VIPS), TUTELA_E_FORMAT, "there is no third kind");
}

/* A black picture's hash is zero by definition; its quality says so. */
Test(wire, a_zero_hash_needs_quality_zero)
{
	struct wire_reply rp = honest();

	memset(&rp.decoded.hashes.pdq, 0, sizeof(rp.decoded.hashes.pdq));
	cr_expect_eq(pass(&rp, &asked, WIRE_CORE), TUTELA_OK);
	rp.decoded.hashes.pdq.quality = 1;
	cr_expect_eq(pass(&rp, &asked, WIRE_CORE), TUTELA_E_FORMAT);
}

Test(wire, kinds_share_the_formats)
{
	for (unsigned f = 0; f < TUTELA_FORMATS; f++) {
		bool core = tutela_wire_decodes(WIRE_CORE, f), vips = tutela_wire_decodes(WIRE_VIPS, f);

		cr_expect_eq(core + vips, f != TUTELA_FORMAT_NONE && f != TUTELA_FORMAT_OTHER, "%s",
			     tutela_format_name(f));
	}
}
