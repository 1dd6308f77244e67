/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_check.h"

static const struct tutela_reader_opts plain = {0};

#define MD5_UP_A "00112233445566778899AABBCCDDEEFF"
#define ID_A     "md5:" MD5_A
#define DNA                                                                                                            \
	"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/QEFCQ0RFRkdISUpLTE1OT1BR" \
	"UlNUVVZXWFlaW1xdXl9gYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoOEhYaHiImKi4yNjo+Q"
#define DNA_HEX                                                                                                        \
	"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f30"             \
	"3132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f60"             \
	"6162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f90"
#define SET(media)  "{\"value\":[" media "]}"
#define ONE(fields) SET("{\"MediaID\":1,\"MD5\":\"" MD5_UP_A "\"" fields "}")
#define REC(more)   "record 1 id=[" ID_A "/1] md5=" MD5_A more " status=active reason=[] time=0\n"

#define vics(in, out) expect("vics", &plain, in, out)

Test(exch_vics, reads_a_set)
{
	vics("{\"@odata.context\":\"http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/Default/"
	     "$metadata#Media\",\n\"value\":[{\"MediaID\":1,\"Category\":1,\"MD5\":\"" MD5_UP_A "\",\"SHA1\":\"\","
	     "\"MediaSize\":2835,\"DateUpdated\":\"2031-01-02T03:04:05.0000Z\"},\n"
	     "{\"MediaID\":-2,\"Category\":0,\"MD5\":\"" MD5_B "\",\"SHA1\":\"" SHA1_A "\",\"PhotoDNA\":\"" DNA
	     "\"}]}\n",
	     "record 1 id=[" ID_A "/1] md5=" MD5_A
	     " label=[category][1] label=[media_size][2835] status=active reason=[] "
	     "time=1925089445\n"
	     "record 2 id=[md5:" MD5_B "/-2] md5=" MD5_B " sha1=" SHA1_A " photodna=" DNA_HEX
	     " label=[category][0]" REST FINE);
}

Test(exch_vics, reads_a_case)
{
	vics("{\"odata.metadata\":\"http://github.com/ICMEC/ProjectVic/DataModels/1.3.xml#Cases\",\"value\":[{"
	     "\"CaseID\":\"{11111111-2222-4333-8444-555555555555}\",\"MD5\":\"" MD5_B "\",\"TotalMediaFiles\":9,"
	     "\"Media\":[{\"MediaID\":0,\"MD5\":\"" MD5_UP_A "\",\"Category\":null,\"IsPrecategorized\":true,"
	     "\"MediaFiles\":[{\"MD5\":\"" MD5_B "\",\"FileName\":\"a\\u0000\\\"\",\"Deleted\":false,\"x\":[[]]}]}"
	     ",{\"MediaID\":1,\"MD5\":\"" MD5_B "\"}],\"AlternativeHashes\":[{}],\"ContactName\":\"x\"},"
	     "{\"CaseID\":\"2\"},{\"CaseID\":\"3\",\"Media\":[]},{\"Media\":[{\"MD5\":\"" MD5_A "\"}]}]}",
	     "record 1 id=[" ID_A "/0] md5=" MD5_A REST "record 2 id=[md5:" MD5_B "/1] md5=" MD5_B REST
	     "record 3 id=[] md5=" MD5_A REST FINE);
}

Test(exch_vics, keys_in_any_letter_case_and_unknown_ones)
{
	vics("{\"VALUE\":[{\"mediaid\":1,\"md5\":\"" MD5_A
	     "\",\"CATEGORY\":\"2\",\"Vendor\":{\"MD5\":\"x\",\"a\":[1,{}]},"
	     "\"odata.id\":\"x\",\"@odata.type\":null,\"Category2\":5,\"Exifs\":[{\"PropertyName\":\"tutela.id\","
	     "\"PropertyValue\":\"no\"}]}],\"media\":[{\"MD5\":\"" MD5_B "\"}]}",
	     REC(" label=[category][2]") FINE);
}

Test(exch_vics, booleans_of_all_kinds)
{
	vics(ONE(",\"VictimIdentified\":true,\"OffenderIdentified\":\"False\",\"IsDistributed\":\"true\","
		 "\"IsSuspected\":"
		 "null,\"SelfGenerated\":\"\""),
	     REC(" label=[victim_identified][true] label=[offender_identified][false] label=[is_distributed][true]")
		     FINE);
	vics(ONE(",\"SelfGenerated\":\"perhaps\",\"IsSuspected\":0"),
	     REC(" label=[is_suspected][0] label=[self_generated][perhaps]") FINE);
}

Test(exch_vics, numbers_as_numbers_and_texts)
{
	vics(SET("{\"MediaID\":\"1\",\"MD5\":\"" MD5_A "\",\"Category\":\"03\",\"MediaSize\":\"9223372036854775807\"}"),
	     REC(" label=[category][3] label=[media_size][9223372036854775807]") FINE);
	/* Doubles, when they are whole; of texts too. */
	vics(SET("{\"MediaID\":7.0,\"MD5\":\"" MD5_A "\",\"Category\":10.00,\"MediaSize\":\"20.0\"}"),
	     "record 1 id=[md5:" MD5_A "/7] md5=" MD5_A
	     " label=[category][10] label=[media_size][20] status=active reason=[] time=0\n" FINE);
	vics(ONE(",\"Category\":\".0\""), "problem 1 @10 Category is not a whole number: left out\n" REC("") FINE);
	vics(ONE(",\"Category\":\"1.\""), "problem 1 @10 Category is not a whole number: left out\n" REC("") FINE);
	vics(ONE(",\"Category\":1.00e0"), "problem 1 @10 Category is not a whole number: left out\n" REC("") FINE);
	vics(ONE(",\"Category\":1.5"), "problem 1 @10 Category is not a whole number: left out\n" REC("") FINE);
	vics(ONE(",\"Category\":\"CAT 1\""), "problem 1 @10 Category is not a whole number: left out\n" REC("") FINE);
	vics(ONE(",\"MediaSize\":-1"), "problem 1 @10 MediaSize is not a size in bytes: left out\n" REC("") FINE);
	vics(ONE(",\"MediaSize\":9223372036854775808"),
	     "problem 1 @10 MediaSize is not a size in bytes: left out\n" REC("") FINE);
	vics(SET("{\"MediaID\":\"a\",\"MD5\":\"" MD5_A "\"}"),
	     "problem 1 @10 MediaID is not a whole number: left out\nrecord 1 id=[] md5=" MD5_A REST FINE);
}

Test(exch_vics, media_that_share_an_md5_stay_apart)
{
	vics(SET("{\"MediaID\":1,\"MD5\":\"" MD5_A "\",\"Category\":1},{\"MediaID\":2,\"MD5\":\"" MD5_UP_A
		 "\",\"Category\":2}"),
	     REC(" label=[category][1]") "record 2 id=[" ID_A "/2] md5=" MD5_A " label=[category][2]" REST FINE);
}

Test(exch_vics, alternative_hashes)
{
	vics(ONE(",\"AlternativeHashes\":[{\"MD5\":\"" MD5_B "\",\"HashName\":\"SHA-1\",\"HashValue\":\"" SHA1_A "\"},"
		 "{\"HashValue\":\"" DNA "\",\"hashname\":\"PhotoDNA\"},{\"HashName\":\"F1\",\"HashValue\":\"zz\"},"
		 "{\"HashName\":\"PDQ\",\"HashValue\":\"" PDQ_A
		 "\"},{},{\"HashName\":\"SHA1\",\"HashValue\":\"\"},7,[3]],"
		 "\"SHA1\":\"" SHA1_A "\""),
	     REC(" sha1=" SHA1_A " pdq=" PDQ_A " photodna=" DNA_HEX) FINE);
	vics(ONE(",\"AlternativeHashes\":null,\"PhotoDNA\":\"" DNA_HEX "\""), REC(" photodna=" DNA_HEX) FINE);
	vics(ONE(",\"AlternativeHashes\":[{\"HashName\":\"PDQ\",\"HashValue\":\"12\"}]"),
	     "problem 1 @10 a value of AlternativeHashes is not that of its HashName: left out\n" REC("") FINE);
}

Test(exch_vics, a_bad_hash_does_not_cost_the_others)
{
	vics(ONE(",\"SHA1\":\"12\""), "problem 1 @10 SHA1 is not 40 hexadecimal digits: left out\n" REC("") FINE);
	vics(ONE(",\"PhotoDNA\":\"AAAA\""),
	     "problem 1 @10 PhotoDNA is neither 192 characters of base64 nor 288 hexadecimal digits: left out\n" REC("")
		     FINE);
	vics(SET("{\"MediaID\":1,\"MD5\":\"x\"},{\"MediaID\":1,\"MD5\":\"x\",\"SHA1\":\"" SHA1_A "\"}"),
	     "problem 1 @10 MD5 is not 32 hexadecimal digits: left out\n"
	     "problem 2 @34 MD5 is not 32 hexadecimal digits: left out\n"
	     "record 2 id=[sha1:" SHA1_A "/1] sha1=" SHA1_A REST FINE);
	vics(SET("{\"MediaID\":1,\"MD5\":\"" MD5_NONE "\"}"), "problem 1 @10 the digest of an empty file\n" FINE);
	vics(SET("{\"MediaID\":1,\"MD5\":null},{},{\"MD5\":{\"a\":1}}"),
	     "problem 1 @10 the entry has no fingerprint\nproblem 2 @35 the entry has no fingerprint\n"
	     "problem 3 @38 the entry has no fingerprint\n" FINE);
}

Test(exch_vics, texts)
{
	vics(ONE(",\"Series\":\"S\\u00e9rie\",\"Tags\":[\"a\",null,\"b\",[\"c\"]],\"Comments\":\"x\\ny\",\"MimeType\":"
		 "\"image/jpeg\",\"RelativeFilePath\":\"files\\\\0.jpg\",\"FileName\":\"\xff\""),
	     REC(" label=[series][S\u00e9rie] label=[tags][a; b] label=[comments][x\ny] label=[mime_type][image/jpeg]")
		     FINE);
	vics(ONE(",\"Comments\":\"\xff\",\"Series\":\"s\""),
	     "problem 1 @10 a text is not valid UTF-8: left out\n" REC(" label=[series][s]") FINE);
	vics(ONE(",\"Comments\":\"a\\u0000b\""), "problem 1 @10 a text is not valid UTF-8: left out\n" REC("") FINE);
	vics(ONE(",\"Series\":\"1\",\"Series\":\"2\",\"Series\":null"), REC(" label=[series][2]") FINE);
}

Test(exch_vics, times)
{
	vics(ONE(",\"DateUpdated\":\"0001-01-01T00:00:00\""), REC("") FINE);
	vics(ONE(",\"DateUpdated\":\"yesterday\""), "problem 1 @10 DateUpdated is not a time: left out\n" REC("") FINE);
	vics(ONE(",\"DateUpdated\":\"2023-06-07T02:31:49.8300Z\""),
	     "record 1 id=[" ID_A "/1] md5=" MD5_A " status=active reason=[] time=1686105109\n" FINE);
}

/* What older writers of .NET make of a time. */
Test(exch_vics, times_in_milliseconds)
{
	static const char then[] =
		"record 1 id=[" ID_A "/1] md5=" MD5_A " status=active reason=[] time=1686105109\n" FINE;
	static const char none[] = "problem 1 @10 DateUpdated is not a time: left out\n" REC("") FINE;

	vics(ONE(",\"DateUpdated\":\"\\/Date(1686105109830)\\/\""), then);
	vics(ONE(",\"DateUpdated\":\"/Date(1686105109830+0200)/\""), then);
	vics(ONE(",\"DateUpdated\":\"/Date(1686105109830-0500)/\""), then);
	vics(ONE(",\"DateUpdated\":\"/Date(\""), none);
	vics(ONE(",\"DateUpdated\":\"/Date()/\""), none);
	vics(ONE(",\"DateUpdated\":\"/Date(83)/\""), none);
	vics(ONE(",\"DateUpdated\":\"/Date(-62135596800000)/\""), none);
	vics(ONE(",\"DateUpdated\":\"/Date(1686105109830)\""), none);
	vics(ONE(",\"DateUpdated\":\"/Date(1686105109830)/x\""), none);
	vics(ONE(",\"DateUpdated\":\"/Date(99999999999999999999)/\""), none);
}

Test(exch_vics, blanks_around_hashes)
{
	vics(SET("{\"MediaID\":1,\"MD5\":\" " MD5_A " \",\"SHA1\":\" \",\"AlternativeHashes\":[{\"HashName\":\"PDQ\","
		 "\"HashValue\":\"\\t" PDQ_A "\"}]}"),
	     REC(" pdq=" PDQ_A) FINE);
}

Test(exch_vics, properties_of_ours)
{
	vics(ONE(",\"MediaMetadata\":[{\"MD5\":\"" MD5_B
		 "\",\"PropertyName\":\"tutela.id\",\"PropertyValue\":\"7/img\"},"
		 "{\"PropertyValue\":\"\",\"PropertyName\":\"tutela.label.classification\"},{\"PropertyName\":\"Make\","
		 "\"PropertyValue\":\"x\"},{\"PropertyName\":\"tutela.label.\",\"PropertyValue\":\"x\"}],\"Category\":"
		 "1"),
	     "record 1 id=[7/img] md5=" MD5_A " label=[category][1] label=[classification][]" REST FINE);
}

Test(exch_vics, what_is_no_object_is_counted)
{
	vics(SET("null,[{\"MD5\":1}],\"x\",{\"MediaID\":1,\"MD5\":\"" MD5_A "\"},7,{\"Media\":[null,[]]}"),
	     "problem 1 @13 not an object\nproblem 2 @15 not an object\nproblem 3 @29 not an object\nrecord 4 id=[" ID_A
	     "/1] md5=" MD5_A REST
	     "problem 5 @86 not an object\nproblem 6 @101 not an object\nproblem 7 @103 not an object\n" FINE);
}

/* ------------------------------------------------------------------ encodings */

/* ASCII and Latin-1 as UTF-16, without a mark. */
static char *widen(const char *s, bool big, size_t *len)
{
	char *out = malloc(2 * strlen(s));

	cr_assert(out);
	*len = 2 * strlen(s);
	for (size_t i = 0; s[i]; i++) {
		out[2 * i + big] = s[i];
		out[2 * i + !big] = 0;
	}
	return out;
}

static void expect_wide(const char *s, bool big, const char *mark, const char *expected)
{
	size_t len;
	char *wide = widen(s, big, &len), *marked = malloc(len + 2);

	cr_assert(marked);
	memcpy(marked, mark, strlen(mark));
	memcpy(marked + strlen(mark), wide, len);
	expect_len("vics", &plain, marked, len + strlen(mark), expected);
	free(marked);
	free(wide);
}

Test(exch_vics, byte_order_marks_and_utf16)
{
	static const char in[] = SET("{\"MediaID\":1,\"MD5\":\"" MD5_A "\",\"SHA1\":\"1\"}");
	static const char why[] = " SHA1 is not 40 hexadecimal digits: left out\n" REC("") FINE;
	char expected[512];

	vics("\xef\xbb\xbf" SET("{\"MediaID\":1,\"MD5\":\"" MD5_A "\",\"SHA1\":\"1\"}"),
	     "problem 1 @13 SHA1 is not 40 hexadecimal digits: left out\n" REC("") FINE);
	snprintf(expected, sizeof expected, "problem 1 @%d%s", 22, why);
	expect_wide(in, false, "\xff\xfe", expected);
	expect_wide(in, true, "\xfe\xff", expected);
	snprintf(expected, sizeof expected, "problem 1 @%d%s", 20, why);
	expect_wide(in, false, "", expected);
	expect_wide(in, true, "", expected);
}

Test(exch_vics, utf16_beyond_ascii)
{
	/* e acute, a pair, half a pair. */
	static const char head[] = "{\"value\":[{\"MD5\":\"" MD5_A "\",\"Series\":\"", tail[] = "\"}]}";
	static const unsigned char odd[] = {0xe9, 0x00, 0x3d, 0xd8, 0x00, 0xde, 0x3d, 0xd8, 0x41, 0x00, 0x00, 0xde};
	size_t a, b;
	char *from = widen(head, false, &a), *to = widen(tail, false, &b), *all = malloc(a + sizeof odd + b);

	cr_assert(all);
	memcpy(all, from, a);
	memcpy(all + a, odd, sizeof odd);
	memcpy(all + a + sizeof odd, to, b);
	expect_len("vics", &plain, all, a + sizeof odd + b,
		   "record 1 id=[] md5=" MD5_A " label=[series][\u00e9\U0001f600\ufffdA\ufffd]" REST FINE);
	expect_len("vics", &plain, all, a + sizeof odd + b - 1,
		   "record 1 id=[] md5=" MD5_A " label=[series][\u00e9\U0001f600\ufffdA\ufffd]" REST
		   "result TUTELA_E_FORMAT [the UTF-16 text ends in the middle of a character]\n");
	free(from);
	free(to);
	free(all);
}

/* ------------------------------------------------------------------ what is not VICS */

#define REFUSED(why) "result TUTELA_E_FORMAT [" why "]\n"

Test(exch_vics, other_json_and_no_json)
{
	vics("", REFUSED("the JSON ends too early, at byte 0"));
	vics("{}", REFUSED("not VICS: it has no array 'value'"));
	vics("{\"value\":{}}", REFUSED("not VICS: it has no array 'value'"));
	vics("[1]", REFUSED("not VICS: it does not begin with an object (byte 0)"));
	vics(" 17 ", REFUSED("not VICS: it does not begin with an object (byte 2)"));
	vics("md5 00", REFUSED("broken JSON at byte 1: lexical error: invalid char in json text."));
	vics("{\"value\":[]}", FINE);
}

Test(exch_vics, broken_json_is_refused_at_its_byte)
{
	vics(SET("{\"MediaID\":1,\"MD5\":\"" MD5_A "\"}") "x",
	     REC("") REFUSED("broken JSON at byte 67: parse error: trailing garbage"));
	vics("{\"value\":[{\"MD5\":\"" MD5_A "\"},{\"MD5\" 1}]}",
	     "record 1 id=[] md5=" MD5_A REST REFUSED(
		     "broken JSON at byte 61: parse error: object key and value must be separated by a colon (':')"));
	vics("{\"value\":[{\"a\":\"\n\"}]}",
	     REFUSED("broken JSON at byte 16: lexical error: invalid character inside string."));
}

Test(exch_vics, cut_off_anywhere)
{
	static const char in[] = "{\"value\":[{\"MediaID\":1,\"MD5\":\"" MD5_A "\",\"Tags\":[\"a\"]}]}";

	for (size_t n = 0; n < sizeof in - 1; n++) {
		struct log l = {0};

		log_read(&l, "vics", &plain, in, n, 0, 0);
		cr_assert(strstr(l.text, "result TUTELA_E_FORMAT [the JSON ends too early"), "%zu: %s", n, l.text);
		log_free(&l);
	}
}

/* ------------------------------------------------------------------ limits */

static char *join(const char *head, const char *middle, size_t times, const char *tail)
{
	size_t n = strlen(middle);
	char *s = malloc(strlen(head) + times * n + strlen(tail) + 1), *at = s;

	cr_assert(s);
	at = stpcpy(at, head);
	for (size_t i = 0; i < times; i++)
		at = stpcpy(at, middle);
	strcpy(at, tail);
	return s;
}

static void expect_joined(const char *head, const char *middle, size_t times, const char *tail, const char *expected)
{
	char *in = join(head, middle, times, tail);

	expect_one("vics", &plain, in, strlen(in), 0, 0, expected);
	expect_one("vics", &plain, in, strlen(in), 0, 4095, expected);
	free(in);
}

Test(exch_vics, depth_is_bounded)
{
	expect_joined("{\"x\":", "[", 63, "", REFUSED("the JSON ends too early, at byte 68"));
	expect_joined("{\"x\":", "[", 100000, "",
		      REFUSED("more than 64 objects and arrays within each other (byte 68)"));
	expect_joined("{\"x\":", "{\"a\":", 100000, "",
		      REFUSED("more than 64 objects and arrays within each other (byte 320)"));
}

Test(exch_vics, large_values_that_nobody_asked_for_are_passed_over)
{
	expect_joined("{\"value\":[{\"MediaID\":1,\"MD5\":\"" MD5_A "\",\"Thumb\":\"", "0123456789", 200000, "\"}]}",
		      REC("") FINE);
	expect_joined("{\"value\":[{\"MediaID\":1,\"MD5\":\"" MD5_A "\",\"MediaMetadata\":[{\"PropertyName\":\"x\","
		      "\"PropertyValue\":\"",
		      "0123456789", 100000, "\"}]}]}", REC("") FINE);
	expect_joined("{\"value\":[{\"MediaID\":1,\"MD5\":\"" MD5_A "\",\"MediaFiles\":[0",
		      ",{\"MD5\":\"" MD5_B "\",\"FileName\":\"a\",\"FilePath\":\"a\"}", 100000, "]}]}", REC("") FINE);
	expect_joined("{\"value\":[{\"MediaID\":1,\"MD5\":\"" MD5_A "\",\"MediaMetadata\":[0",
		      ",{\"PropertyName\":\"Make\",\"PropertyValue\":\"something\"}", 100000, "]}]}", REC("") FINE);
}

Test(exch_vics, a_value_without_end_is_refused)
{
	expect_joined("{\"value\":[{\"x\":\"", "0123456789", 500000, "\"}]}",
		      REFUSED("a value is longer than the limit (before byte 4456448)"));
}

Test(exch_vics, texts_and_counts_are_bounded)
{
	expect_joined("{\"value\":[{\"MediaID\":1,\"MD5\":\"" MD5_A "\",\"Comments\":\"", "0123456789", 410, "\"}]}",
		      "problem 1 @10 a text is longer than 4096 bytes: left out\n" REC("") FINE);
	expect_joined("{\"value\":[{\"MediaID\":1,\"MD5\":\"" MD5_A "\",\"AlternativeHashes\":[0",
		      ",{\"HashName\":\"MD5\",\"HashValue\":\"" MD5_A "\"}", 40, "]}]}",
		      "problem 1 @10 more than 16 fingerprints of one entry\n" REC("") FINE);
	expect_joined("{\"value\":[{\"MediaID\":1,\"MD5\":\"" MD5_A "\"", ",\"MimeType\":\"0123456789abcdef\"", 20000,
		      ",\"MimeType\":\"\"}]}",
		      "problem 1 @10 the medium has more text than 256 KiB: some left out\n" REC("") FINE);
}

static void add_words(struct log *l, size_t n)
{
	log_add(l, "{\"value\":[{\"MediaID\":1,\"MD5\":\"" MD5_A "\",\"Tags\":[\"0\"");
	for (size_t i = 1; i < n; i++)
		log_add(l, ",\"0\"");
	log_add(l, "]}]}");
}

Test(exch_vics, words_of_an_array_are_bounded_as_one_text)
{
	struct log in = {0}, read = {0};

	add_words(&in, 1366);
	log_read(&read, "vics", &plain, in.text, in.len, 0, 0);
	cr_assert(strncmp(read.text, "record 1", 8) == 0, "%.80s", read.text);
	log_free(&read);
	in.len = 0;
	add_words(&in, 1367);
	log_read(&read, "vics", &plain, in.text, in.len, 0, 0);
	cr_assert(strncmp(read.text, "problem 1 @10 a text is longer", 30) == 0, "%.80s", read.text);
	log_free(&read);
	log_free(&in);
}

Test(exch_vics, callbacks_can_stop_it)
{
	static const char in[] = SET("{\"MediaID\":1,\"MD5\":\"" MD5_A "\",\"SHA1\":\"1\"},{\"MediaID\":2}");
	static const char *const ends[] = {"left out\nresult TUTELA_E_INTERRUPTED []\n",
					   "time=0\nresult TUTELA_E_INTERRUPTED []\n"};

	for (unsigned i = 0; i < 2; i++) {
		struct log l = {.stop_at = i + 1};

		log_read(&l, "vics", &plain, in, sizeof in - 1, 0, 0);
		cr_assert(strstr(l.text, ends[i]), "%s", l.text);
		log_free(&l);
	}
}

/* ------------------------------------------------------------------ writing */

static void expect_written(const char *format, const char *in, const char *expected)
{
	struct log out = {0}, read = {0}, again = {0};
	struct tutela_writer_opts opts = {.size = sizeof opts, .write = log_write, .ctx = &out};
	char *one, *two;

	cr_assert_eq(tutela_writer_new("vics", &opts, &read.copy), TUTELA_OK);
	log_read(&read, format, &plain, in, strlen(in), 0, 0);
	cr_assert_eq(tutela_writer_finish(read.copy), TUTELA_OK);
	tutela_writer_free(read.copy);
	cr_assert_str_eq(out.text, expected, "%s\ninstead of\n%s", out.text, expected);
	log_read(&again, "vics", &plain, out.text, out.len, 0, 0);
	/* Numbers of lines and records differ. */
	one = strstr(read.text, " id=");
	two = strstr(again.text, " id=");
	cr_assert(one ? two && strcmp(one, two) == 0 : !two, "%s\ninstead of\n%s", again.text, read.text);
	log_free(&out);
	log_free(&read);
	log_free(&again);
}

#define HEAD                                                                                                           \
	"{\"@odata.context\":\"http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/Default/"                 \
	"$metadata#Media\","                                                                                           \
	"\"value\":["

Test(exch_vics, what_is_written_is_read_back)
{
	expect_written("vics", SET(""), HEAD "\n]}\n");
	expect_written(
		"vics",
		ONE(",\"SHA1\":\"" SHA1_A "\",\"PhotoDNA\":\"" DNA "\",\"Category\":0,"
		    "\"Tags\":\"a/\\\"b\",\"IsDistributed\":\"True\",\"SelfGenerated\":\"perhaps\",\"DateUpdated\":"
		    "\"2031-01-02T03:04:05\""),
		HEAD "\n{\"MediaID\":1,\"MD5\":\"" MD5_UP_A
		     "\",\"SHA1\":\"00112233445566778899AABBCCDDEEFF00112233\",\"PhotoDNA\":\"" DNA
		     "\",\"DateUpdated\":\"2031-01-02T03:04:05Z\",\"Category\":0,\"Tags\":\"a/\\\"b\","
		     "\"IsDistributed\":true,\"MediaMetadata\":[{\"MD5\":\"" MD5_UP_A
		     "\",\"PropertyName\":\"tutela.label.self_generated\",\"PropertyValue\":\"perhaps\"}]}\n]}\n");
}

Test(exch_vics, what_vics_cannot_carry_is_carried_all_the_same)
{
	expect_written(
		"records", "active\tm/1\t1925089445\tmd5:" MD5_A " pdq:" PDQ_A "\t\tcategory=7\tclassification=A1\n",
		HEAD
		"\n{\"MediaID\":1099511627776,\"MD5\":\"" MD5_UP_A "\",\"AlternativeHashes\":[{\"MD5\":\"" MD5_UP_A
		"\",\"HashName\":\"PDQ\",\"HashValue\":\"" PDQ_A
		"\"}],\"DateUpdated\":\"2031-01-02T03:04:05Z\",\"Category\":7,\"MediaMetadata\":[{\"MD5\":\"" MD5_UP_A
		"\",\"PropertyName\":\"tutela.id\",\"PropertyValue\":\"m/1\"},{\"MD5\":\"" MD5_UP_A
		"\",\"PropertyName\":\"tutela.label.classification\",\"PropertyValue\":\"A1\"}]}\n]}\n");
	/* Fields have an order of their own; where labels have another, properties keep it. */
	expect_written("records", "active\tm\t0\tmd5:" MD5_A "\t\tseries=s\tcategory=1\ttags=a\ttags=b\n",
		       HEAD
		       "\n{\"MediaID\":1099511627776,\"MD5\":\"" MD5_UP_A
		       "\",\"Category\":1,\"Series\":\"s\",\"Tags\":\"a\",\"MediaMetadata\":[{\"MD5\":\"" MD5_UP_A
		       "\",\"PropertyName\":\"tutela.id\",\"PropertyValue\":\"m\"},{\"MD5\":\"" MD5_UP_A
		       "\",\"PropertyName\":\"tutela.label.category\",\"PropertyValue\":\"1\"},{\"MD5\":\"" MD5_UP_A
		       "\",\"PropertyName\":\"tutela.label.tags\",\"PropertyValue\":\"a\"},{\"MD5\":\"" MD5_UP_A
		       "\",\"PropertyName\":\"tutela.label.tags\",\"PropertyValue\":\"b\"}]}\n]}\n");
	expect_written("records", "active\tpdq:" PDQ_A "\t0\tpdq:" PDQ_A " photodna:" DNA_HEX "\t\n",
		       HEAD "\n{\"MediaID\":1099511627776,\"MD5\":\"\",\"PhotoDNA\":\"" DNA
			    "\",\"AlternativeHashes\":[{\"HashName\":\"PDQ\",\"HashValue\":\"" PDQ_A
			    "\"}],\"MediaMetadata\":[{\"PropertyName\":\"tutela.id\",\"PropertyValue\":\"pdq:" PDQ_A
			    "\"}]}\n]}\n");
}

/* In one order, whatever order they come in: the first MD5 is the medium's, and ids are made of it. */
Test(exch_vics, hashes_are_written_in_their_own_order)
{
	static const enum tutela_algorithm of[] = {TUTELA_ALG_SHA1, TUTELA_ALG_MD5, TUTELA_ALG_MD5};
	static const char *const hex[] = {SHA1_A, MD5_B, MD5_A};
	struct tutela_record rec = {.id = {"m", 1}, .n_fingerprints = 3};
	struct log out = {0};
	struct tutela_writer_opts opts = {.size = sizeof opts, .write = log_write, .ctx = &out};
	struct tutela_writer *w;

	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(tutela_hash_parse(of[i], hex[i], strlen(hex[i]), &rec.fingerprints[i]), TUTELA_OK);
	cr_assert_eq(tutela_writer_new("vics", &opts, &w), TUTELA_OK);
	cr_assert_eq(tutela_writer_put(w, &rec), TUTELA_OK);
	cr_assert_eq(tutela_writer_finish(w), TUTELA_OK);
	tutela_writer_free(w);
	cr_assert_str_eq(
		out.text,
		HEAD
		"\n{\"MediaID\":1099511627776,\"MD5\":\"" MD5_UP_A
		"\",\"SHA1\":\"00112233445566778899AABBCCDDEEFF00112233\",\"AlternativeHashes\":[{\"MD5\":\"" MD5_UP_A
		"\",\"HashName\":\"MD5\",\"HashValue\":\"FFEEDDCCBBAA99887766554433221100\"}],\"MediaMetadata\":[{"
		"\"MD5\":\"" MD5_UP_A "\",\"PropertyName\":\"tutela.id\",\"PropertyValue\":\"m\"}]}\n]}\n",
		"%s", out.text);
	log_free(&out);
}

Test(exch_vics, what_does_not_match_is_not_written)
{
	struct log out = {0}, read = {0};
	struct tutela_writer_opts opts = {.size = sizeof opts, .write = log_write, .ctx = &out};
	static const char in[] = "disputed\ta\t0\tmd5:" MD5_A "\tr\nwithdrawn\tb\t0\tmd5:" MD5_B "\t\n";

	cr_assert_eq(tutela_writer_new("vics", &opts, &read.copy), TUTELA_OK);
	log_read(&read, "records", &plain, in, sizeof in - 1, 0, 0);
	cr_assert_eq(tutela_writer_finish(read.copy), TUTELA_OK);
	tutela_writer_free(read.copy);
	cr_assert_str_eq(out.text, HEAD "\n]}\n");
	log_free(&out);
	log_free(&read);
}
