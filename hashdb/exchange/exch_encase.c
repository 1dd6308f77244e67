/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format "encase": the binary hash set of EnCase, as The Sleuth Kit reads it
 * (tsk/hashdb/encase.cpp): a head of 1152 bytes, then records of an MD5 and
 * two bytes more. See tutela-formats(5).
 */
#include <string.h>

#include "exchange/exchange_format.h"

static const char magic[8] = {'H', 'A', 'S', 'H', '\r', '\n', '\xff', '\0'};

#define HEAD_LEN   1152
#define MD5_LEN    16
#define RECORD_LEN 18

struct encase_reader {
	struct record_build build;
	uint64_t offset; /* of the input */
	uint64_t number; /* of records */
	char record[RECORD_LEN];
	size_t len; /* bytes of it */
};

static enum tutela_err take_record(struct tutela_reader *r, struct encase_reader *e, const char *bytes)
{
	struct tutela_hash hash = {.algorithm = TUTELA_ALG_MD5, .len = MD5_LEN};
	char hex[TUTELA_HASH_TEXT_MAX];

	memcpy(hash.bytes, bytes, MD5_LEN);
	tutela_build_start(&e->build);
	tutela_build_hash(&e->build, TUTELA_ALG_MD5, tutela_hash_format(&hash, hex), 2 * MD5_LEN);
	return tutela_reader_emit(r, &e->build, ++e->number, e->offset - RECORD_LEN);
}

/* The head, byte by byte: only its first bytes mean something to us. */
static bool take_head(struct encase_reader *e, char byte)
{
	return e->offset >= sizeof(magic) || byte == magic[e->offset];
}

static enum tutela_err encase_feed(struct tutela_reader *r, const char *bytes, size_t len)
{
	struct encase_reader *e = r->state;
	enum tutela_err err = TUTELA_OK;

	for (; len && e->offset < HEAD_LEN; len--, e->offset++)
		if (!take_head(e, *bytes++))
			return tutela_reader_fail(r, "the input is not a hash set of EnCase");
	while (len && !err) {
		size_t n = RECORD_LEN - e->len < len ? RECORD_LEN - e->len : len;

		memcpy(e->record + e->len, bytes, n);
		e->len += n;
		e->offset += n;
		bytes += n;
		len -= n;
		if (e->len < RECORD_LEN)
			break;
		e->len = 0;
		err = take_record(r, e, e->record);
	}
	return err;
}

static enum tutela_err encase_finish(struct tutela_reader *r)
{
	struct encase_reader *e = r->state;

	if (e->offset < HEAD_LEN)
		return tutela_reader_fail(r, "the input ends within the head of a hash set of EnCase");
	if (e->len)
		return tutela_reader_problem(r, e->number + 1, e->offset - e->len, "the last record is cut off");
	return TUTELA_OK;
}

static enum tutela_err encase_open(struct tutela_reader *r, const char **why)
{
	(void)r;
	(void)why;
	return TUTELA_OK;
}

static void encase_close(struct tutela_reader *r)
{
	(void)r;
}

const struct exchange_format tutela_format_encase = {
	.name = "encase",
	.reader_size = sizeof(struct encase_reader),
	.open = encase_open,
	.feed = encase_feed,
	.finish = encase_finish,
	.close = encase_close,
};
