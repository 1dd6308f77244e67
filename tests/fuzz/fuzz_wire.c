/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pool and its workers say to each other. The first byte says which
 * datagram the rest is, the next ones what was asked. What is taken must be
 * in its range, by rules written down here a second time, and encode to the bytes it came from.
 */
#include "decode/wire.h"

#include "fuzz.h"

static void check_hello(const uint8_t *p, size_t len, enum wire_kind kind)
{
	uint8_t again[WIRE_HELLO_LEN];
	struct wire_hello hello;

	if (tutela_wire_get_hello(p, len, kind, &hello)) {
		require(!hello.kind && !hello.landlock && !hello.defences);
		return;
	}
	require(hello.kind == kind && (hello.defences & ~WIRE_DEFENCES) == 0);
	tutela_wire_put_hello(&hello, again);
	require(len == sizeof(again) && !memcmp(p, again, len));
}

static void check_request(const uint8_t *p, size_t len)
{
	uint8_t again[WIRE_REQUEST_LEN];
	struct wire_request rq;

	if (tutela_wire_get_request(p, len, &rq)) {
		require(!rq.number && !rq.wants && !rq.budget_ms && !rq.max_memory);
		return;
	}
	require((rq.wants & ~(unsigned)TUTELA_WANT_ALL) == 0 && rq.isa <= TUTELA_ISA_NEON);
	tutela_wire_put_request(&rq, again);
	require(len == sizeof(again) && !memcmp(p, again, len));
}

static void check_ranges(const struct tutela_decoded *d, const struct wire_request *asked)
{
	bool hashes = d->have & TUTELA_WANT_PERCEPTUAL;

	require((unsigned)d->class_ < TUTELA_DECODE_CLASSES && (unsigned)d->format < TUTELA_FORMATS);
	require(d->class_ != TUTELA_DECODE_TIMED_OUT && d->class_ != TUTELA_DECODE_CRASHED);
	require((d->have & ~asked->wants) == 0);
	require(!hashes || d->class_ == TUTELA_DECODE_OK || d->partial);
	require(!d->partial || (hashes && d->class_ != TUTELA_DECODE_OK));
	require(!hashes || (d->frames && (uint64_t)d->width * d->height <= asked->max_pixels));
	require(d->hashes.pdq.quality >= 0 && d->hashes.pdq.quality <= 100);
	require(d->hashes.pdq_full.quality >= 0 && d->hashes.pdq_full.quality <= 100);
	require(d->sys_errno >= 0 && d->sys_errno < 4096 && d->size <= INT64_MAX && !d->signal);
}

static void check_reply(const uint8_t *p, size_t len, const struct wire_request *asked, enum wire_kind kind)
{
	uint8_t again[WIRE_REPLY_LEN];
	struct wire_reply rp, zero = {0};

	if (tutela_wire_get_reply(p, len, asked, kind, &rp)) {
		require(!memcmp(&rp, &zero, sizeof(rp)));
		return;
	}
	require(rp.number == asked->number && rp.answer <= WIRE_OTHER_KIND);
	if (rp.answer == WIRE_OTHER_KIND) {
		enum tutela_format format = rp.decoded.format;

		require(kind == WIRE_CORE && tutela_wire_decodes(WIRE_VIPS, format));
		rp.decoded.format = TUTELA_FORMAT_NONE;
		require(!memcmp(&rp.decoded, &zero.decoded, sizeof(rp.decoded)));
		return;
	}
	check_ranges(&rp.decoded, asked);
	tutela_wire_put_reply(&rp, again);
	require(len == sizeof(again) && !memcmp(p, again, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct choices c = {data, data + size};
	unsigned what = choose(&c, 1);
	enum wire_kind kind = what >> 2 & 1 ? WIRE_VIPS : WIRE_CORE;
	struct wire_request asked = {.number = choose(&c, 1), .wants = choose(&c, 1) & TUTELA_WANT_ALL};
	uint8_t *p;
	size_t len;

	asked.budget_ms = choose(&c, 2);
	asked.max_pixels = choose(&c, 3);
	len = (size_t)(c.end - c.at);
	p = exact_copy(c.at, len);
	if ((what & 3) == 0)
		check_hello(p, len, kind);
	else if ((what & 3) == 1)
		check_request(p, len);
	else
		check_reply(p, len, &asked, kind);
	free(p);
	return 0;
}
