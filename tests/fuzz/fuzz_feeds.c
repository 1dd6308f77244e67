/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz_exchange.h"

/* The formats of pages write nothing themselves: what was read must go through "records" and come back the same. */
static void check_copy(const char *format, const char *bytes, size_t len)
{
	static const struct tutela_reader_opts plain = {0};
	struct log once = {0}, twice = {0};
	struct tutela_writer_opts wo = {.size = sizeof(wo), .write = log_write, .ctx = &once};
	struct tutela_reader_opts o = {.size = sizeof(o), .record = within_limits};
	struct tutela_reader *r = NULL;
	struct tutela_page page;
	enum tutela_err err;

	require(!tutela_writer_new("records", &wo, (struct tutela_writer **)&o.ctx));
	require(!tutela_reader_new(format, &o, &r, NULL));
	err = tutela_reader_feed(r, bytes, len);
	err = err ? err : tutela_reader_finish(r);
	if (!err) {
		require(!tutela_reader_page(r, &page));
		require(strlen(page.next) <= TUTELA_PAGE_NEXT_MAX && page.withdrawn <= page.records);
	}
	tutela_reader_free(r);
	require(!tutela_writer_finish(o.ctx));
	tutela_writer_free(o.ctx);
	copy("records", &plain, once.text, once.len, true, &twice);
	require(once.len == twice.len && (!once.len || !memcmp(once.text, twice.text, once.len)));
	log_free(&once);
	log_free(&twice);
}

/* Where expat sees that a document is broken depends on the pieces: then only that it is must be the same. */
static void require_same(const struct log *a, const struct log *b)
{
	bool whole = strstr(a->text, "result TUTELA_OK") != NULL;

	require(whole == (strstr(b->text, "result TUTELA_OK") != NULL));
	require(!whole || (a->len == b->len && !memcmp(a->text, b->text, a->len)));
}

/* The first two bytes choose the format and the pieces. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const formats[] = {"ncmec", "stopncii", "threatexchange", "tat"};
	static const struct tutela_reader_opts plain = {0};
	struct log whole = {0}, bytewise = {0}, pieces = {0};
	const char *format, *bytes;

	if (size < 2)
		return 0;
	format = formats[data[0] & 3];
	bytes = (const char *)data + 2;
	log_read(&whole, format, &plain, bytes, size - 2, 0, 0);
	log_read(&bytewise, format, &plain, bytes, size - 2, 0, 1);
	log_read(&pieces, format, &plain, bytes, size - 2, data[1] / 2, (size_t)data[1] + 1);
	require_same(&whole, &bytewise);
	require_same(&whole, &pieces);
	check_copy(format, bytes, size - 2);
	log_free(&whole);
	log_free(&bytewise);
	log_free(&pieces);
	return 0;
}
