/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_check.h"

static const struct tutela_reader_opts plain = {0};
static const struct tutela_reader_opts bare_pdq = {.algorithm = TUTELA_ALG_PDQ};

#define text(in, out)     expect("text", &plain, in, out)
#define text_pdq(in, out) expect("text", &bare_pdq, in, out)

Test(exch_text, named_lines_with_and_without_id)
{
	text("md5 " MD5_A "\n"
	     "pdq " PDQ_A " entry-1\n"
	     "\t PDQ \t" PDQ_B "  entry#2\t \n"
	     "SHA-1 00112233445566778899AABBCCDDEEFF00112233 a\n"
	     "phash " PHASH_A,
	     "record 1 id=[] md5=" MD5_A REST "record 2 id=[entry-1] pdq=" PDQ_A REST
	     "record 3 id=[entry#2] pdq=" PDQ_B REST "record 4 id=[a] sha1=" SHA1_A REST
	     "record 5 id=[] phash=" PHASH_A REST FINE);
}

Test(exch_text, bare_values_with_a_fixed_algorithm)
{
	text_pdq(PDQ_A "\n" PDQ_B " x\n" PDQ_A " x y\nmd5 " MD5_A " z\npdq\nmd5 " MD5_A " z y\n",
		 "record 1 id=[] pdq=" PDQ_A REST "problem 3 @132 more fields than algorithm, value and entry id\n"
		 "record 2 id=[x] pdq=" PDQ_B REST "problem 5 @240 the line has no value after the algorithm\n"
		 "problem 6 @244 more fields than algorithm, value and entry id\n"
		 "record 4 id=[z] md5=" MD5_A REST FINE);
	text(MD5_A "\n", "problem 1 @0 the line names no algorithm and none was given\n" FINE);
	text("md6 " MD5_A "\n", "problem 1 @0 unknown algorithm\n" FINE);
	text("md5\n", "problem 1 @0 the line has no value after the algorithm\n" FINE);
	text("averylongnamethatisnoalgorithmatallofanykind " MD5_A "\n", "problem 1 @0 unknown algorithm\n" FINE);
}

Test(exch_text, comments_and_blank_lines)
{
	text("# md5 " MD5_A "\n\n \t\n  # x\nmd5 " MD5_A " # an id would stand here\nmd5 " MD5_B " a#b #c\n"
	     "md5 #" MD5_A "\n#",
	     "record 5 id=[] md5=" MD5_A REST "problem 7 @155 the line has no value after the algorithm\n"
	     "record 6 id=[a#b] md5=" MD5_B REST FINE);
	text("# \xff\xfe Latin-1 in a comment is nobody's business \xe9\n", FINE);
}

Test(exch_text, bad_values)
{
	text("md5 00112233\nmd5 0011223344556677889gaabbccddeeff\npdq " MD5_A "\nmd5 " MD5_NONE "\npdq " PDQ_ZERO
	     "\nmd5 0x112233445566778899aabbccddeeff\n",
	     "problem 1 @0 the value has not the length of its algorithm\n"
	     "problem 2 @13 the value is not hexadecimal\n"
	     "problem 3 @50 the value has not the length of its algorithm\n"
	     "problem 4 @87 the digest of an empty file\n"
	     "problem 5 @124 all bits are zero: no picture's hash\n"
	     "problem 6 @193 the value is not hexadecimal\n" FINE);
}

Test(exch_text, bad_ids)
{
	char *longest = repeat('i', TUTELA_ENTRY_ID_MAX), in[1024], out[1024];

	text("md5 " MD5_A " \xff\n", "problem 1 @0 the entry id is not valid UTF-8\n" FINE);
	text("md5 " MD5_A " \xc3\xa9\xf0\x9f\x8c\x8d\n", "record 1 id=[\xc3\xa9\xf0\x9f\x8c\x8d] md5=" MD5_A REST FINE);
	text("md5 " MD5_A " \xed\xa0\x80\n", "problem 1 @0 the entry id is not valid UTF-8\n" FINE);
	text("md5 " MD5_A " a\x1b[2J\n", "problem 1 @0 the entry id holds a control character\n" FINE);
	text("md5 " MD5_A " a\x7f\n", "problem 1 @0 the entry id holds a control character\n" FINE);
	(void)snprintf(in, sizeof(in), "md5 %s %s\nmd5 %s %si\n", MD5_A, longest, MD5_A, longest);
	(void)snprintf(out, sizeof(out),
		       "problem 2 @%d the entry id is longer than %d bytes\nrecord 1 id=[%s] md5=%s%s%s",
		       38 + TUTELA_ENTRY_ID_MAX, TUTELA_ENTRY_ID_MAX, longest, MD5_A, REST, FINE);
	text(in, out);
	free(longest);
}

Test(exch_text, lines_of_one_id_are_one_entry)
{
	text("md5 " MD5_A " a\n# between\n\nbroken\nmd5 zz\nmd5 zz a\npdq " PDQ_A " a\npdq " PDQ_B " b\nmd5 " MD5_B
	     " a\n",
	     "problem 4 @50 unknown algorithm\n"
	     "problem 5 @57 the value has not the length of its algorithm\n"
	     "problem 6 @64 the value has not the length of its algorithm\n"
	     "record 1 id=[a] md5=" MD5_A " pdq=" PDQ_A REST "record 8 id=[b] pdq=" PDQ_B REST
	     "record 9 id=[a] md5=" MD5_B REST FINE);
	text("md5 " MD5_A " ab\nmd5 " MD5_A " a\nmd5 " MD5_A " ab\n",
	     "record 1 id=[ab] md5=" MD5_A REST "record 2 id=[a] md5=" MD5_A REST
	     "record 3 id=[ab] md5=" MD5_A REST FINE);
	/* Without ids they are not. */
	text("md5 " MD5_A "\nmd5 " MD5_A "\n", "record 1 id=[] md5=" MD5_A REST "record 2 id=[] md5=" MD5_A REST FINE);
	/* A refused value costs its line. */
	text("md5 " MD5_NONE " a\nmd5 " MD5_A " a\npdq " PDQ_ZERO " a\n",
	     "problem 1 @0 the digest of an empty file\n"
	     "problem 3 @78 all bits are zero: no picture's hash\n"
	     "record 2 id=[a] md5=" MD5_A REST FINE);
}

Test(exch_text, seventeenth_fingerprint_of_an_entry)
{
	struct log l = {0};
	char in[2048] = "", *at = in;

	for (unsigned i = 1; i <= TUTELA_FINGERPRINTS_MAX + 2; i++)
		at += sprintf(at, "phash %016x e\n", i);
	log_read(&l, "text", &plain, in, strlen(in), 0, 0);
	cr_assert(strstr(l.text, "problem 17 @400 more than 16 fingerprints of one entry\n"));
	cr_assert(strstr(l.text, "problem 18 @425 more than 16 fingerprints of one entry\n"));
	cr_assert(strstr(l.text, "record 1 id=[e] phash=0000000000000001"));
	cr_assert(strstr(l.text, " phash=0000000000000010 status"));
	log_free(&l);
}

Test(exch_text, line_ends)
{
	text("md5 " MD5_A "\r\n\r\nmd5 " MD5_B "\r\nx\r\n",
	     "record 1 id=[] md5=" MD5_A REST "problem 4 @78 unknown algorithm\nrecord 3 id=[] md5=" MD5_B REST FINE);
	text("md5 " MD5_A "\r", "record 1 id=[] md5=" MD5_A REST FINE);
	text("# old\rmd5 " MD5_A "\rmd5 " MD5_B "\r", "problem 1 @0 a carriage return without a line feed\n" FINE);
	text("md5 " MD5_A "\r\r\n", "problem 1 @0 a carriage return without a line feed\n" FINE);
	text("", FINE);
	text("\n", FINE);
	text("\r\n", FINE);
	text("x", "problem 1 @0 unknown algorithm\n" FINE);
}

Test(exch_text, limit_of_a_line)
{
	struct tutela_reader_opts o = {.max_line = 36};

	expect("text", &o, "md5 " MD5_A "\nmd5 " MD5_A "\r\nmd5 " MD5_A " \nmd5 " MD5_A,
	       "record 1 id=[] md5=" MD5_A REST "problem 3 @75 the line is longer than the limit\n"
	       "record 2 id=[] md5=" MD5_A REST "record 4 id=[] md5=" MD5_A REST FINE);
}

Test(exch_text, not_text_at_all)
{
	expect_len("text", &plain, "\xff\xfem\0d\0", 6,
		   "result TUTELA_E_FORMAT [the input is UTF-16, not UTF-8: save it as UTF-8 and try again]\n");
	expect_len("text", &plain, "md5 " MD5_A "\nmd5 " MD5_A "\n\0\n", 76,
		   "record 1 id=[] md5=" MD5_A REST "result TUTELA_E_FORMAT [the input is a binary file, not text]\n");
}

Test(exch_text, callbacks_stop_the_reader)
{
	static const char in[] = "md5 " MD5_A "\nx\nmd5 " MD5_B "\n";

	for (unsigned i = 1; i <= 3; i++) {
		struct log l = {.stop_at = i};

		log_read(&l, "text", &plain, in, strlen(in), 0, 0);
		cr_assert(strstr(l.text, "result TUTELA_E_INTERRUPTED []\n"), "%u: %s", i, l.text);
		cr_assert_eq(l.calls, i);
		log_free(&l);
	}
}

static void put(struct tutela_writer *w, const char *id, enum tutela_status status, size_t n, const char *const *hex)
{
	static const enum tutela_algorithm algorithms[] = {TUTELA_ALG_MD5, TUTELA_ALG_PDQ};
	struct tutela_record rec = {.id = {id, strlen(id)}, .status = status, .n_fingerprints = n};

	for (size_t i = 0; i < n; i++)
		cr_assert_eq(tutela_hash_parse(algorithms[i], hex[i], strlen(hex[i]), &rec.fingerprints[i]), TUTELA_OK);
	cr_assert_eq(tutela_writer_put(w, &rec), TUTELA_OK);
}

Test(exch_text, writes_active_entries_that_read_back)
{
	static const char *const one[] = {MD5_A, PDQ_A}, *const two[] = {MD5_B, PDQ_B};
	struct log l = {0};
	struct tutela_writer_opts o = {.size = sizeof(o), .write = log_write, .ctx = &l};
	struct tutela_writer *w;

	cr_assert_eq(tutela_writer_new("text", &o, &w), TUTELA_OK);
	put(w, "a", TUTELA_ACTIVE, 2, one);
	put(w, "gone", TUTELA_WITHDRAWN, 2, one);
	put(w, "doubted", TUTELA_DISPUTED, 2, one);
	put(w, "two words", TUTELA_ACTIVE, 1, two);
	put(w, "#7", TUTELA_ACTIVE, 1, two);
	put(w, "", TUTELA_ACTIVE, 1, two);
	cr_assert_eq(tutela_writer_finish(w), TUTELA_OK);
	tutela_writer_free(w);
	cr_assert_str_eq(l.text, "md5 " MD5_A " a\npdq " PDQ_A " a\n"
				 "# an entry id was left out: it is not one word\nmd5 " MD5_B "\n"
				 "# an entry id was left out: it is not one word\nmd5 " MD5_B "\n"
				 "md5 " MD5_B "\n");
	text(l.text, "record 1 id=[a] md5=" MD5_A " pdq=" PDQ_A REST "record 4 id=[] md5=" MD5_B REST
		     "record 6 id=[] md5=" MD5_B REST "record 7 id=[] md5=" MD5_B REST FINE);
	log_free(&l);
}
