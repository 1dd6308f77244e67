/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_check.h"

static const struct tutela_reader_opts plain = {0};

#define ncmec(in, out) expect("ncmec", &plain, in, out)

#define HEAD                                                                                                           \
	"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"                                              \
	"<queryResult xmlns=\"https://hashsharing.ncmec.org/hashsharing/v2\">\n"
#define TAIL "</queryResult>\n"
#define ONE(inside)                                                                                                    \
	HEAD "<images count=\"1\">\n<image><member id=\"7\">Demo Org</member>"                                         \
	     "<timestamp>2031-01-02T09:59:00Z</timestamp><id>img-1</id>" inside "</image></images>\n" TAIL
#define PAGE(records, withdrawn, bad, others, bare)                                                                    \
	"page next=[] checkpoint=[] records=" #records " withdrawn=" #withdrawn " bad=" #bad " others=" #others        \
	" bare=" #bare "\n" FINE
#define BASE64_A                                                                                                       \
	"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSElKS0xN"     \
	"Tk9QUVJTVFVWV1hZWltcXV5fYGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn+AgYKDhIWGh4iJiouMjY6P"
#define PHOTODNA_A                                                                                                     \
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"             \
	"303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"             \
	"606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f"

/* With a next page. The votes of other members stay with the entry: the reference client (defect 4) drops them. */
Test(exch_ncmec, reads_a_page)
{
	ncmec(HEAD
	      "  <images count=\"2\" maxTimestamp=\"2031-01-02T10:00:00Z\">\n"
	      "    <image>\n"
	      "      <member id=\"7\">Demo Org</member>\n"
	      "      <timestamp>2031-01-02T09:59:00Z</timestamp>\n"
	      "      <id>img-0001</id>\n"
	      "      <classification>A2</classification>\n"
	      "      <fingerprints>\n"
	      "        <md5>" MD5_A "</md5>\n"
	      "        <sha1>" SHA1_A "</sha1>\n"
	      "        <pdna>" BASE64_A "</pdna> <pdq>" PDQ_A "</pdq> <netclean>x</netclean>\n"
	      "        <videntifier rel=\"self\" href=\"/v2/x\"/>\n"
	      "      </fingerprints>\n"
	      "      <feedback lastUpdateTimestamp=\"2031-01-02T09:59:30Z\">\n"
	      "        <affirmativeFeedback type=\"Md5\" lastUpdateTimestamp=\"x\">\n"
	      "          <members timestamp=\"x\"><member id=\"8\">Other Org</member></members>\n"
	      "        </affirmativeFeedback>\n"
	      "        <negativeFeedback type=\"Sha1\" lastUpdateTimestamp=\"x\">\n"
	      "          <reasons>\n"
	      "            <reason guid=\"01234567-abcd-0123-4567-0123456789ab\" name=\"Demo reason\" type=\"Sha1\"/>\n"
	      "            <members timestamp=\"x\"><member id=\"9\">Third</member><member "
	      "id=\"8\">O</member></members>\n"
	      "            <reason guid=\"01234567-abcd-0123-4567-0123456789ac\" name=\"Other reason\" "
	      "type=\"Sha1\"/>\n"
	      "            <members timestamp=\"x\"><member id=\"5\">Fifth</member></members>\n"
	      "          </reasons>\n"
	      "        </negativeFeedback>\n"
	      "      </feedback>\n"
	      "    </image>\n"
	      "    <deletedImage><member id=\"7\">Demo Org</member><id>img-0000</id>"
	      "<timestamp>2031-01-02T10:00:00Z</timestamp></deletedImage>\n"
	      "  </images>\n"
	      "  <videos count=\"0\"/>\n"
	      "  "
	      "<paging><next>/v2/entries?from=a&amp;to=b&amp;start=1001&amp;size=1000&amp;max=2000</next></"
	      "paging>\n" TAIL,
	      "record 4 id=[7/img-0001] md5=" MD5_A " sha1=" SHA1_A " photodna=" PHOTODNA_A " pdq=" PDQ_A
	      " label=[kind][image] label=[member][Demo Org] label=[classification][A2] label=[feedback.md5.up][1]"
	      " label=[feedback.sha1.down][3] label=[feedback.sha1.reason][Demo reason (2)]"
	      " label=[feedback.sha1.reason][Other reason (1)] status=active reason=[] time=1925114340\n"
	      "record 29 id=[7/img-0000] status=withdrawn reason=[deleted at its source] time=1925114400\n"
	      "page next=[/v2/entries?from=a&to=b&start=1001&size=1000&max=2000] checkpoint=[] records=2 withdrawn=1 "
	      "bad=0 others=2 bare=0\n" FINE);
}

/* Reference client, defect 2: image MD5s and all SHA-1s were thrown away. */
Test(exch_ncmec, images_and_videos_keep_every_fingerprint)
{
	ncmec(HEAD
	      "<images><image><member id=\"1\"/><id>a</id><fingerprints><md5>" MD5_A "</md5><sha1>" SHA1_A
	      "</sha1></fingerprints><feedback/></image></images>"
	      "<videos><video><member id=\"1\"/><id>b</id><fingerprints><md5>" MD5_B "</md5><sha1>" SHA1_A
	      "</sha1></fingerprints></video><deletedVideo><member id=\"2\"/><id>a</id></deletedVideo></videos>" TAIL,
	      "record 3 id=[1/a] md5=" MD5_A " sha1=" SHA1_A " label=[kind][image]" REST "record 3 id=[1/b] md5=" MD5_B
	      " sha1=" SHA1_A " label=[kind][video]" REST
	      "record 3 id=[2/a] status=withdrawn reason=[deleted at its source] time=0\n" PAGE(3, 1, 0, 0, 0));
}

/* Defect 5: upper-case PDQ hashes were dropped. */
Test(exch_ncmec, letter_case_and_prefixes_do_not_matter)
{
	ncmec("<h:QueryResult xmlns:h='x'><h:Images><h:Image><h:Member ID='7'/><h:ID> a "
	      "</h:ID><h:Fingerprints><h:PDQ>\n"
	      "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789ABCDEF\n</h:PDQ></h:Fingerprints>"
	      "</h:Image></h:Images></h:QueryResult>",
	      "record 1 id=[7/a] pdq=" PDQ_A " label=[kind][image]" REST PAGE(1, 0, 0, 0, 0));
}

/* A malformed 32-digit PDQ was seen in the field (defect 6, with the digests of empty files). */
Test(exch_ncmec, one_bad_fingerprint_keeps_the_others)
{
	static const char labels[] = " label=[kind][image] label=[member][Demo Org] status=active reason=[] "
				     "time=1925114340\n";
	char expected[1024];

	snprintf(expected, sizeof expected,
		 "problem 4 @142 the value has not the length of its algorithm record 1 id=[7/img-1]\n"
		 "record 4 id=[7/img-1] sha1=" SHA1_A "%s" PAGE(1, 0, 0, 0, 0),
		 labels);
	ncmec(ONE("<fingerprints><pdq>" MD5_A "</pdq><sha1>" SHA1_A "</sha1></fingerprints>"), expected);
	snprintf(expected, sizeof expected,
		 "problem 4 @142 the digest of an empty file record 1 id=[7/img-1]\n"
		 "record 4 id=[7/img-1] sha1=" SHA1_A "%s" PAGE(1, 0, 0, 0, 0),
		 labels);
	ncmec(ONE("<fingerprints><md5>" MD5_NONE "</md5><sha1>" SHA1_A "</sha1><md5/></fingerprints>"), expected);
	snprintf(expected, sizeof expected,
		 "problem 4 @142 the value has not the length of its algorithm record 1 id=[7/img-1]\n"
		 "record 4 id=[7/img-1] sha1=" SHA1_A " photodna=" PHOTODNA_A "%s" PAGE(1, 0, 0, 0, 0),
		 labels);
	ncmec(ONE("<fingerprints><pdna>AAEC</pdna><sha1>" SHA1_A "</sha1><pdna>" PHOTODNA_A "</pdna></fingerprints>"),
	      expected);
}

/* What the entry had before must go: the record is the whole present state. */
Test(exch_ncmec, an_entry_without_a_usable_fingerprint_is_withdrawn)
{
	static const char gone[] =
		" label=[kind][image] label=[member][Demo Org] status=withdrawn reason=[its source gives no "
		"fingerprint of a kind that is kept] time=1925114340\n";
	char expected[1024];

	snprintf(expected, sizeof expected, "record 4 id=[7/img-1]%s" PAGE(1, 1, 0, 1, 1), gone);
	ncmec(ONE("<fingerprints><videntifier href='/x'/></fingerprints>"), expected);
	snprintf(expected, sizeof expected,
		 "problem 4 @142 the value is not hexadecimal record 1 id=[7/img-1]\nrecord 4 id=[7/img-1]%s" PAGE(
			 1, 1, 0, 0, 1),
		 gone);
	ncmec(ONE("<fingerprints><md5>zz112233445566778899aabbccddeeff</md5></fingerprints>"), expected);
}

Test(exch_ncmec, bad_records_cost_themselves)
{
	ncmec(HEAD "<images><image><id>a</id><fingerprints><md5>" MD5_A "</md5></fingerprints></image>\n"
		   "<image><member id='x'/><id>b</id></image>\n"
		   "<image><member id='1'/><fingerprints><md5>" MD5_A "</md5></fingerprints></image>\n"
		   "<image><member id='1'/><member id='2'/><id>c</id></image>\n"
		   "<deletedImage><id>d</id></deletedImage>\n"
		   "<image><member id='1'/><id>e</id><timestamp>yesterday</timestamp><fingerprints><md5>" MD5_A
		   "</md5></fingerprints></image></images>" TAIL,
	      "problem 3 @131 the entry has no member record 1 id=[]\n"
	      "problem 4 @229 the member's id is not a number record 2 id=[]\n"
	      "problem 5 @271 the entry has no id record 3 id=[]\n"
	      "problem 6 @375 the entry has two members record 4 id=[1/c]\n"
	      "problem 7 @433 the entry has no member record 5 id=[]\n"
	      "problem 8 @473 the timestamp cannot be read record 6 id=[1/e]\n"
	      "record 8 id=[1/e] md5=" MD5_A " label=[kind][image]" REST PAGE(1, 0, 5, 0, 0));
}

Test(exch_ncmec, what_stands_elsewhere_is_passed_over)
{
	ncmec(HEAD "<image><member id='1'/><id>a</id></image><images><x><image><id>b</id></image></x>"
		   "<image><member id='1'/><id>c<b>d</b></id><x><id>e</id></x><fingerprints><md5>" MD5_A
		   "</md5><x><sha1>y</sha1></x></fingerprints></image></images><next>n</next>" TAIL,
	      "record 3 id=[1/c] md5=" MD5_A " label=[kind][image]" REST PAGE(1, 0, 0, 1, 0));
}

#define REFUSED(sentence) "result TUTELA_E_FORMAT [" sentence "]\n"

Test(exch_ncmec, broken_documents_fail)
{
	ncmec("", REFUSED("broken XML in line 1: no element found"));
	ncmec(HEAD, REFUSED("broken XML in line 3: no element found"));
	ncmec(HEAD "<images></videos>", REFUSED("broken XML in line 3: mismatched tag"));
	ncmec("<status/>", REFUSED("the document is not a query result"));
	ncmec("{}", REFUSED("broken XML in line 1: not well-formed (invalid token)"));
	ncmec(HEAD TAIL "<x/>", REFUSED("broken XML in line 4: junk after document element"));
}

Test(exch_ncmec, doors_of_xml_are_closed)
{
	ncmec("<!DOCTYPE queryResult [<!ENTITY a 'b'>]><queryResult>&a;</queryResult>",
	      REFUSED("it holds a document type declaration, which is refused"));
	ncmec("<!DOCTYPE queryResult SYSTEM 'file:///etc/passwd'><queryResult/>",
	      REFUSED("it holds a document type declaration, which is refused"));
	ncmec("<queryResult>&a;</queryResult>", REFUSED("broken XML in line 1: undefined entity"));
}

Test(exch_ncmec, depth_and_lengths_are_bounded)
{
	char *many = repeat('x', 3 << 20), *deep = calloc(1, 8192);

	strcpy(deep, "<queryResult>");
	for (int i = 0; i < 40; i++)
		strcat(deep, "<x>");
	ncmec(deep, REFUSED("elements are nested too deeply"));
	memcpy(many, "<queryResult a='", 16);
	expect_one("ncmec", &plain, many, 3 << 20, 0, 65536, REFUSED("a tag or comment is longer than 1 MiB"));
	memcpy(many, "<queryResult><!--", 17);
	expect_one("ncmec", &plain, many, 3 << 20, 0, 0, REFUSED("a tag or comment is longer than 1 MiB"));
	memset(many, 'x', 8192);
	memcpy(many, "<queryResult><paging><next>", 27);
	strcpy(many + 8000, "</next></paging></queryResult>");
	expect_one("ncmec", &plain, many, strlen(many), 0, 0, REFUSED("the address of the next page is too long"));
	/* By one byte: longer than TUTELA_PAGE_NEXT_MAX, and no longer than any other text may be. */
	strcpy(many + 27 + TUTELA_PAGE_NEXT_MAX + 1, "</next></paging></queryResult>");
	expect_one("ncmec", &plain, many, strlen(many), 0, 0, REFUSED("the address of the next page is too long"));
	memcpy(many, "<queryResult><images><image><member id='1'>", 43);
	memset(many + 43, 'x', 7957);
	strcpy(many + 8000, "</member><id>1</id></image></images></queryResult>");
	expect_one("ncmec", &plain, many, strlen(many), 0, 100,
		   "problem 1 @21 a text is longer than 4096 bytes record 1 id=[1/1]\n" PAGE(0, 0, 1, 0, 0));
	free(many);
	free(deep);
}

Test(exch_ncmec, many_votes_fit_into_an_entry)
{
	char *in = calloc(1, 65536), *at = in;
	struct log l = {0};

	at += sprintf(at, HEAD "<images><image><member id='1'>m</member><id>a</id><fingerprints><md5>" MD5_A
			       "</md5></fingerprints><feedback>");
	for (int kind = 0; kind < 12; kind++) {
		static const char *const types[] = {"MD5",
						    "SHA1",
						    "PDNA",
						    "PDQ",
						    "NETCLEAN",
						    "VIDENTIFIER",
						    "TMK_PDQF",
						    "SSVH_PDNA",
						    "SSVH_SAFER_HASH",
						    "TMK_SAFER_HASH",
						    "?",
						    "q"};

		at += sprintf(at,
			      "<affirmativeFeedback type='%s'><members><member id='1'/></members>"
			      "</affirmativeFeedback><negativeFeedback type='%s'><reasons>",
			      types[kind], types[kind]);
		for (int i = 0; i < 5; i++)
			at += sprintf(at, "<reason name='r%d'/><members><member id='2'/></members>", i);
		at += sprintf(at, "</reasons></negativeFeedback>");
	}
	strcpy(at, "</feedback></image></images>" TAIL);
	log_read(&l, "ncmec", &plain, in, strlen(in), 0, 7);
	cr_assert(strstr(l.text, "label=[feedback.tmk-pdqf.up][1]"));
	cr_assert(strstr(l.text, "label=[feedback.ssvh-safer-hash.down][5]"));
	cr_assert(strstr(l.text, "label=[feedback.other.up][3]"));
	cr_assert(strstr(l.text, "label=[feedback.md5.reason][r0 (1)]"));
	cr_assert(strstr(l.text, "records=1 withdrawn=0 bad=0"), "%s", l.text);
	log_free(&l);
	free(in);
}

Test(exch_ncmec, a_callback_stops_it)
{
	struct log l = {.stop_at = 1};

	log_read(&l, "ncmec", &plain, ONE(""), sizeof ONE("") - 1, 0, 0);
	cr_assert(strstr(l.text, "result TUTELA_E_INTERRUPTED"), "%s", l.text);
	log_free(&l);
}

Test(exch_ncmec, a_page_is_asked_of_pages_only)
{
	struct tutela_reader_opts o = {.size = sizeof o, .record = log_record};
	struct tutela_reader *r;
	struct tutela_page page;

	cr_assert_eq(tutela_reader_page(NULL, &page), TUTELA_E_ARG);
	cr_assert_eq(tutela_reader_new("text", &o, &r, NULL), TUTELA_OK);
	cr_assert_eq(tutela_reader_finish(r), TUTELA_OK);
	cr_assert_eq(tutela_reader_page(r, &page), TUTELA_E_ARG);
	tutela_reader_free(r);
	cr_assert_eq(tutela_reader_new("ncmec", &o, &r, NULL), TUTELA_OK);
	cr_assert_eq(tutela_reader_page(r, &page), TUTELA_E_ARG);
	cr_assert_eq(tutela_reader_page(r, NULL), TUTELA_E_ARG);
	tutela_reader_free(r);
}
