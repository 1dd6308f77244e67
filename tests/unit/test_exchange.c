/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_check.h"

static enum tutela_err fail_to_write(void *ctx, const void *bytes, size_t len)
{
	unsigned *calls = ctx;

	(void)bytes;
	cr_assert_gt(len, 0);
	++*calls;
	return TUTELA_E_DISKFULL;
}

static enum tutela_err ignore(void *ctx, const struct tutela_record *rec, uint64_t line)
{
	(void)ctx;
	(void)rec;
	(void)line;
	return TUTELA_OK;
}

Test(exchange, table_of_formats)
{
	unsigned can = 9;
	size_t n = 0;
	const char *name;

	for (; (name = tutela_exchange_format(n, &can)); n++)
		cr_assert(can & (TUTELA_FORMAT_READS | TUTELA_FORMAT_WRITES));
	cr_assert_eq(can, 0);
	cr_assert_geq(n, 2);
	cr_assert_str_eq(tutela_exchange_format(0, &can), "text");
	cr_assert_eq(can, 3);
	cr_assert_str_eq(tutela_exchange_format(1, NULL), "csv");
	cr_assert_null(tutela_exchange_format((size_t)-1, NULL));
}

Test(exchange, refuses_misuse_of_a_reader)
{
	struct tutela_reader_opts o = {.size = sizeof(o), .record = ignore}, bad;
	struct tutela_reader *r = (struct tutela_reader *)&o;
	const char *why = NULL;

	cr_assert_eq(tutela_reader_new("vics9", &o, &r, &why), TUTELA_E_NOTFOUND);
	cr_assert_null(r);
	cr_assert_str_eq(why, "no such format");
	cr_assert_eq(tutela_reader_new(NULL, &o, &r, NULL), TUTELA_E_NOTFOUND);
	cr_assert_eq(tutela_reader_new("text", NULL, &r, &why), TUTELA_E_ARG);
	cr_assert_eq(tutela_reader_new("text", &o, NULL, &why), TUTELA_E_ARG);
	bad = o;
	bad.size = 0;
	cr_assert_eq(tutela_reader_new("text", &bad, &r, &why), TUTELA_E_ARG);
	cr_assert_str_eq(why, "the options have no size");
	bad = o;
	bad.record = NULL;
	cr_assert_eq(tutela_reader_new("text", &bad, &r, &why), TUTELA_E_ARG);
	bad = o;
	bad.algorithm = (enum tutela_algorithm)4;
	cr_assert_eq(tutela_reader_new("text", &bad, &r, &why), TUTELA_E_ARG);
	cr_assert_str_eq(why, "unknown algorithm");
	bad = o;
	bad.columns = "md5=#1";
	cr_assert_eq(tutela_reader_new("text", &bad, &r, &why), TUTELA_E_ARG);
	cr_assert_str_eq(why, "this format has no columns");
	bad = o;
	bad.max_line = UINT64_MAX;
	cr_assert_eq(tutela_reader_new("csv", &bad, &r, &why), TUTELA_E_ARG);
	cr_assert_null(r);
	cr_assert_eq(tutela_reader_feed(NULL, "", 0), TUTELA_E_ARG);
	cr_assert_eq(tutela_reader_finish(NULL), TUTELA_E_ARG);
	cr_assert_str_eq(tutela_reader_errmsg(NULL), "");
	tutela_reader_free(NULL);
}

Test(exchange, life_of_a_reader)
{
	struct tutela_reader_opts o = {.size = sizeof(o), .record = ignore};
	struct tutela_reader *r;
	const char *why;

	cr_assert_eq(tutela_reader_new("TEXT", &o, &r, &why), TUTELA_OK);
	cr_assert_str_eq(why, "");
	cr_assert_eq(tutela_reader_feed(r, NULL, 0), TUTELA_OK);
	cr_assert_eq(tutela_reader_feed(r, NULL, 1), TUTELA_E_ARG);
	cr_assert_eq(tutela_reader_feed(r, "bad line without a callback\n", 28), TUTELA_OK);
	cr_assert_eq(tutela_reader_finish(r), TUTELA_OK);
	cr_assert_eq(tutela_reader_feed(r, "x", 1), TUTELA_E_ARG);
	cr_assert_eq(tutela_reader_finish(r), TUTELA_E_ARG);
	tutela_reader_free(r);

	/* An error stays, and its sentence with it. */
	cr_assert_eq(tutela_reader_new("csv", &o, &r, &why), TUTELA_OK);
	cr_assert_eq(tutela_reader_feed(r, "a,b", 3), TUTELA_OK);
	cr_assert_eq(tutela_reader_feed(r, "\nmd5\n", 5), TUTELA_E_FORMAT);
	cr_assert_eq(tutela_reader_feed(r, "md5\n", 4), TUTELA_E_FORMAT);
	cr_assert_eq(tutela_reader_finish(r), TUTELA_E_FORMAT);
	cr_assert_neq(*tutela_reader_errmsg(r), '\0');
	tutela_reader_free(r);
}

Test(exchange, options_of_an_older_caller)
{
	struct tutela_reader_opts o = {.record = ignore, .max_line = 1};
	struct tutela_reader *r;

	o.size = offsetof(struct tutela_reader_opts, problem);
	cr_assert_eq(tutela_reader_new("text", &o, &r, NULL), TUTELA_OK);
	tutela_reader_free(r);
	o.size = offsetof(struct tutela_reader_opts, record);
	cr_assert_eq(tutela_reader_new("text", &o, &r, NULL), TUTELA_E_ARG);
}

Test(exchange, refuses_misuse_of_a_writer)
{
	unsigned calls = 0;
	struct tutela_writer_opts o = {.size = sizeof(o), .write = fail_to_write, .ctx = &calls};
	static struct tutela_record rec;
	struct tutela_writer *w;

	cr_assert_eq(tutela_writer_new("none", &o, &w), TUTELA_E_NOTFOUND);
	cr_assert_null(w);
	cr_assert_eq(tutela_writer_new("csv", NULL, &w), TUTELA_E_ARG);
	cr_assert_eq(tutela_writer_new("csv", &o, NULL), TUTELA_E_ARG);
	o.write = NULL;
	cr_assert_eq(tutela_writer_new("csv", &o, &w), TUTELA_E_ARG);
	o.write = fail_to_write;
	cr_assert_eq(tutela_writer_new("csv", &o, &w), TUTELA_OK);
	cr_assert_eq(tutela_writer_put(w, NULL), TUTELA_E_ARG);
	rec.n_fingerprints = TUTELA_FINGERPRINTS_MAX + 1;
	cr_assert_eq(tutela_writer_put(w, &rec), TUTELA_E_ARG);
	rec.n_fingerprints = 1; /* of no algorithm */
	cr_assert_eq(tutela_writer_put(w, &rec), TUTELA_E_ARG);
	rec.fingerprints[0].algorithm = TUTELA_ALG_MD5;
	rec.fingerprints[0].len = TUTELA_HASH_MAX;
	cr_assert_eq(tutela_writer_put(w, &rec), TUTELA_E_ARG);
	rec.n_fingerprints = 0;
	rec.n_labels = TUTELA_LABELS_MAX + 1;
	cr_assert_eq(tutela_writer_put(w, &rec), TUTELA_E_ARG);
	cr_assert_eq(calls, 0);
	cr_assert_eq(tutela_writer_finish(w), TUTELA_E_DISKFULL);
	cr_assert_eq(calls, 1);
	rec.n_labels = 0;
	cr_assert_eq(tutela_writer_put(w, &rec), TUTELA_E_ARG);
	cr_assert_eq(tutela_writer_finish(w), TUTELA_E_ARG);
	tutela_writer_free(w);
	tutela_writer_free(NULL);
	cr_assert_eq(tutela_writer_put(NULL, &rec), TUTELA_E_ARG);
	cr_assert_eq(tutela_writer_finish(NULL), TUTELA_E_ARG);
}

Test(exchange, writing_stops_at_the_first_error)
{
	unsigned calls = 0;
	struct tutela_writer_opts o = {.size = sizeof(o), .write = fail_to_write, .ctx = &calls};
	static struct tutela_record rec;
	enum tutela_err err = TUTELA_OK;
	struct tutela_writer *w;

	rec.n_fingerprints = 1;
	cr_assert_eq(tutela_hash_parse(TUTELA_ALG_PDQ, PDQ_A, 64, rec.fingerprints), TUTELA_OK);
	cr_assert_eq(tutela_writer_new("text", &o, &w), TUTELA_OK);
	for (int i = 0; i < 3000; i++) {
		enum tutela_err now = tutela_writer_put(w, &rec);

		cr_assert(now == err || !err);
		err = now;
	}
	cr_assert_eq(err, TUTELA_E_DISKFULL);
	cr_assert_eq(tutela_writer_finish(w), TUTELA_E_DISKFULL);
	cr_assert_eq(calls, 1);
	tutela_writer_free(w);
}

/* More than the writer's buffer, and read back. */
Test(exchange, ten_thousand_entries_there_and_back)
{
	static const char *const names[] = {"text", "csv"};

	for (size_t f = 0; f < 2; f++) {
		struct log out = {0}, back = {0}, want = {0};
		struct tutela_writer_opts o = {.size = sizeof(o), .write = log_write, .ctx = &out};
		static struct tutela_record rec;
		struct tutela_writer *w;

		cr_assert_eq(tutela_writer_new(names[f], &o, &w), TUTELA_OK);
		for (unsigned i = 0; i < 10000; i++) {
			char hex[33], id[16];

			(void)snprintf(hex, sizeof(hex), "%032x", i + 1);
			rec.id.len = (size_t)snprintf(id, sizeof(id), "e%u", i);
			rec.id.s = id;
			rec.n_fingerprints = 2;
			cr_assert_eq(tutela_hash_parse(TUTELA_ALG_MD5, hex, 32, rec.fingerprints), TUTELA_OK);
			cr_assert_eq(tutela_hash_parse(TUTELA_ALG_PHASH, hex + 16, 16, rec.fingerprints + 1),
				     TUTELA_OK);
			cr_assert_eq(tutela_writer_put(w, &rec), TUTELA_OK);
			log_add(&want, "record %u", f ? i + 2 : 2 * i + 1);
			log_fields(&want, &rec);
		}
		cr_assert_eq(tutela_writer_finish(w), TUTELA_OK);
		tutela_writer_free(w);
		log_add(&want, FINE);
		log_read(&back, names[f], &(struct tutela_reader_opts){0}, out.text, out.len, 0, 10007);
		cr_assert_eq(strcmp(back.text, want.text), 0);
		log_free(&out);
		log_free(&back);
		log_free(&want);
	}
}
