/* SPDX-License-Identifier: Apache-2.0 */
/* Pages in JSON: StopNCII, ThreatExchange, Tech Against Terrorism. */
#include "exchange_check.h"

static const struct tutela_reader_opts plain = {0};

#define REFUSED(sentence) "result TUTELA_E_FORMAT [" sentence "]\n"
#define PDQ_UPPER         "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"

static void stopncii(const char *in, const char *out)
{
	expect("stopncii", &plain, in, out);
}

static void threatexchange(const char *in, const char *out)
{
	expect("threatexchange", &plain, in, out);
}

static void tat(const char *in, const char *out)
{
	expect("tat", &plain, in, out);
}

/* ------------------------------------------------------------------ StopNCII */

Test(exch_feeds, stopncii_reads_a_page)
{
	stopncii("{\"count\":3,\"nextPageToken\":\"t0k/en==\",\"nextSetTimestamp\":1701,\"hasMoreRecords\":true,"
		 "\"hashRecords\":[{\"lastModtimestamp\":1700,\"signalType\":\"ImagePDQ\",\"hashValue\":\"" PDQ_UPPER
		 "\",\"hashStatus\":\"Active\",\"caseNumbers\":{\"a\":\"Active\",\"b\":\"Active\"},\"CSPFeedbacks\":["
		 "{\"source\":\"s\",\"feedbackValue\":\"Blocked\",\"tags\":[\"nude\",\"nude\"]},"
		 "{\"source\":\"t\",\"feedbackValue\":\"NotBlocked\",\"tags\":null}]},"
		 "{\"lastModtimestamp\":1701,\"signalType\":\"VideoMD5\",\"hashValue\":\"" MD5_A
		 "\",\"hashStatus\":\"Active\"},{\"signalType\":\"VideoTMK\",\"hashValue\":\"x\",\"hashStatus\":"
		 "\"Active\"}]}",
		 "record 1 id=[ImagePDQ:" PDQ_A "] pdq=" PDQ_A " label=[kind][image] label=[status][Active]"
		 " label=[cases][2] label=[tag][nude] label=[feedback.blocked][1] label=[feedback.not-blocked][1]"
		 " status=active reason=[] time=1700\n"
		 "record 2 id=[VideoMD5:" MD5_A "] md5=" MD5_A " label=[kind][video] label=[status][Active]"
		 " status=active reason=[] time=1701\n"
		 "page next=[t0k/en==] checkpoint=[1701] records=2 withdrawn=0 bad=0 others=1 bare=0\n" FINE);
}

/* The public client compares hashValue with the statuses: withdrawn hashes stay live in it for ever. */
Test(exch_feeds, stopncii_withdraws_by_status)
{
	stopncii("{\"hashRecords\":[{\"signalType\":\"ImagePDQ\",\"hashValue\":\"" PDQ_A
		 "\",\"hashStatus\":\"Withdrawn\"},{\"signalType\":\"VideoMD5\",\"hashValue\":\"" MD5_A
		 "\",\"hashStatus\":\"Deleted\"}],\"hasMoreRecords\":false,\"nextPageToken\":\"left over\"}",
		 "record 1 id=[ImagePDQ:" PDQ_A "] pdq=" PDQ_A " label=[kind][image] label=[status][Withdrawn]"
		 " status=withdrawn reason=[withdrawn at its source] time=0\n"
		 "record 2 id=[VideoMD5:" MD5_A "] md5=" MD5_A " label=[kind][video] label=[status][Deleted]"
		 " status=withdrawn reason=[deleted at its source] time=0\n"
		 "page next=[] checkpoint=[] records=2 withdrawn=2 bad=0 others=0 bare=0\n" FINE);
}

Test(exch_feeds, stopncii_bad_records_and_pages)
{
	stopncii("{\"hashRecords\":[7,{\"signalType\":\"ImagePDQ\"},{\"signalType\":\"VideoMD5\",\"hashValue\":\"zz\"}]"
		 "}",
		 "problem 1 @0 the record is not an object record 1 id=[]\n"
		 "problem 2 @0 the record has no hashValue record 2 id=[]\n"
		 "problem 3 @0 the value has not the length of its algorithm record 3 id=[VideoMD5:zz]\n"
		 "record 3 id=[VideoMD5:zz] label=[kind][video] status=withdrawn "
		 "reason=[its source gives no fingerprint of a kind that is kept] time=0\n"
		 "page next=[] checkpoint=[] records=1 withdrawn=1 bad=2 others=0 bare=1\n" FINE);
	stopncii("{\"hashRecords\":[", REFUSED("broken JSON in line 1, column 16"));
	stopncii("{\"hashRecords\":7}", REFUSED("the page has no list 'hashRecords'"));
	stopncii("[]", REFUSED("the page is not a JSON object"));
	stopncii("", REFUSED("broken JSON in line 1, column 0"));
	stopncii("{\"hashRecords\":[],\"hasMoreRecords\":true}",
		 REFUSED("the page says that there are more and not where"));
	stopncii("{\"hashRecords\":[],\"nextSetTimestamp\":\"soon\"}",
		 REFUSED("the time at which the next fetch is to begin is no time"));
	stopncii("{\"hashRecords\":[],\"nextSetTimestamp\":-5}",
		 REFUSED("the time at which the next fetch is to begin is no time"));
}

/* ------------------------------------------------------------------ ThreatExchange */

Test(exch_feeds, threatexchange_reads_a_page)
{
	threatexchange(
		"{\"data\":[{\"id\":\"1\",\"indicator\":\"" PDQ_A
		"\",\"type\":\"HASH_PDQ\",\"last_updated\":1800,\"should_delete\":false,\"descriptors\":{\"data\":["
		"{\"id\":\"9\",\"owner\":{\"id\":\"77\"},\"status\":\"MALICIOUS\",\"tags\":[\"a\",\"b\"],"
		"\"reactions\":[{\"key\":\"HELPFUL\",\"value\":\"1,2,3\"}]},"
		"{\"id\":\"8\",\"owner\":{\"id\":\"78\"},\"status\":\"MALICIOUS\",\"tags\":{\"data\":[{\"text\":\"c\"}]"
		"}}]}},"
		"{\"id\":\"2\",\"indicator\":\"" MD5_A "\",\"type\":\"HASH_VIDEO_MD5\",\"last_updated\":1790,"
		"\"descriptors\":{\"data\":[{\"status\":\"UNKNOWN\"}]}}],"
		"\"paging\":{\"next\":\"https://graph.facebook.com/v21.0/1/threat_updates/?x=1\"}}",
		"record 1 id=[1] pdq=" PDQ_A " label=[kind][image] label=[status][MALICIOUS] label=[owner][77]"
		" label=[tag][a] label=[tag][b] label=[owner][78] label=[tag][c] label=[feedback.up][3]"
		" status=active reason=[] time=1800\n"
		"record 2 id=[2] md5=" MD5_A
		" label=[kind][video] label=[status][UNKNOWN] status=active reason=[] time=1790\n"
		"page next=[https://graph.facebook.com/v21.0/1/threat_updates/?x=1] checkpoint=[1800] records=2 "
		"withdrawn=0 "
		"bad=0 others=0 bare=0\n" FINE);
}

Test(exch_feeds, threatexchange_withdraws_what_is_deleted_or_not_described)
{
	threatexchange(
		"{\"data\":[{\"id\":\"1\",\"indicator\":\"" PDQ_A "\",\"type\":\"HASH_PDQ\",\"should_delete\":true,"
		"\"descriptors\":{\"data\":[{\"status\":\"MALICIOUS\"}]}},{\"id\":\"2\",\"indicator\":\"" PDQ_A
		"\",\"type\":\"HASH_PDQ\",\"should_delete\":false},{\"id\":\"3\",\"descriptors\":{\"data\":[]}}]}",
		"record 1 id=[1] status=withdrawn reason=[deleted at its source] time=0\n"
		"record 2 id=[2] status=withdrawn reason=[deleted at its source] time=0\n"
		"record 3 id=[3] status=withdrawn reason=[deleted at its source] time=0\n"
		"page next=[] checkpoint=[] records=3 withdrawn=3 bad=0 others=0 bare=0\n" FINE);
}

Test(exch_feeds, threatexchange_disputes)
{
	threatexchange("{\"data\":[{\"id\":\"1\",\"indicator\":\"" PDQ_A
		       "\",\"type\":\"HASH_PDQ\",\"descriptors\":{\"data\":[{\"status\":\"MALICIOUS\"},{\"status\":"
		       "\"NON_MALICIOUS\"}]}},"
		       "{\"id\":\"2\",\"indicator\":\"" MD5_A
		       "\",\"type\":\"HASH_MD5\",\"descriptors\":{\"data\":[{\"status\":\"MALICIOUS\",\"reactions\":"
		       "[{\"key\":\"DISAGREE_WITH_TAGS\",\"value\":\"5\"}]}]}}]}",
		       "record 1 id=[1] pdq=" PDQ_A
		       " label=[kind][image] label=[status][MALICIOUS] label=[status][NON_MALICIOUS]"
		       " status=disputed reason=[a member says that it is wrong] time=0\n"
		       "record 2 id=[2] md5=" MD5_A " label=[status][MALICIOUS] label=[feedback.down][1]"
		       " status=disputed reason=[a member says that it is wrong] time=0\n"
		       "page next=[] checkpoint=[] records=2 withdrawn=0 bad=0 others=0 bare=0\n" FINE);
}

Test(exch_feeds, threatexchange_bad_records_and_pages)
{
	threatexchange(
		"{\"data\":[{\"type\":\"HASH_PDQ\",\"last_updated\":5},{\"id\":3,\"type\":\"HASH_PDQ_OCR\","
		"\"indicator\":\"x\","
		"\"descriptors\":{\"data\":[{\"status\":\"NON_MALICIOUS\"}]}}]}",
		"problem 1 @0 the record has no id record 1 id=[]\n"
		"record 2 id=[3] status=withdrawn reason=[its source gives no fingerprint of a kind that is kept] "
		"time=0\n"
		"page next=[] checkpoint=[5] records=1 withdrawn=1 bad=1 others=1 bare=1\n" FINE);
	threatexchange("{\"error\":{\"message\":\"no\"}}", REFUSED("the page has no list 'data'"));
}

/* ------------------------------------------------------------------ Tech Against Terrorism */

Test(exch_feeds, tat_reads_a_page)
{
	tat("{\"count\":3,\"next\":\"after=1.5,2\",\"previous\":null,\"checkpoint\":\"1724856487.7,10594\",\"results\":"
	    "["
	    "{\"id\":10593,\"hash_digest\":\"" MD5_A
	    "\",\"algorithm\":\"MD5\",\"ideology\":\"x\",\"file_type\":\"mp4\","
	    "\"deleted\":false,\"updated_on\":\"2024-08-28T14:48:07.7Z\"},"
	    "{\"id\":10594,\"hash_digest\":\"" MD5_A
	    "\",\"algorithm\":\"MD5\",\"deleted\":true,\"updated_on\":1724856487.7},"
	    "{\"id\":10595,\"hash_digest\":\"00\",\"algorithm\":\"SHA512\",\"deleted\":false},"
	    "{\"hash_digest\":\"" MD5_A "\",\"algorithm\":\"MD5\"}]}",
	    "record 1 id=[10593] md5=" MD5_A " label=[ideology][x] label=[file-type][mp4] status=active reason=[] "
	    "time=1724856487\n"
	    "record 2 id=[10594] status=withdrawn reason=[deleted at its source] time=1724856487\n"
	    "record 3 id=[10595] status=withdrawn reason=[its source gives no fingerprint of a kind that is kept] "
	    "time=0\n"
	    "problem 4 @0 the record has no id record 4 id=[]\n"
	    "page next=[after=1.5,2] checkpoint=[1724856487.7,10594] records=3 withdrawn=2 bad=1 others=1 "
	    "bare=1\n" FINE);
}

Test(exch_feeds, tat_takes_full_urls_and_nulls)
{
	tat("{\"next\":\"https://example.org/x?after=1\",\"results\":[]}",
	    "page next=[https://example.org/x?after=1] checkpoint=[] records=0 withdrawn=0 bad=0 others=0 "
	    "bare=0\n" FINE);
	tat("{\"next\":null,\"checkpoint\":null,\"results\":[]}",
	    "page next=[] checkpoint=[] records=0 withdrawn=0 bad=0 others=0 bare=0\n" FINE);
}

/* Three bytes of a page, a few hundred of memory: 32 MiB of them are not parsed. Brackets in a text are text. */
Test(exch_feeds, a_page_of_very_many_values_is_not_parsed)
{
	char *in = calloc(1, 3200000), *at;

	cr_assert(in);
	at = stpcpy(in, "{\"x\":[0");
	for (int i = 0; i < 250001; i++)
		at = stpcpy(at, ",{}");
	strcpy(at, "],\"results\":[]}");
	expect_one("tat", &plain, in, strlen(in), 0, 0, REFUSED("the page has more values than a page may have"));
	at = stpcpy(in, "{\"x\":[0");
	for (int i = 0; i < 1000001; i++)
		at = stpcpy(at, ",0");
	strcpy(at, "],\"results\":[]}");
	expect_one("tat", &plain, in, strlen(in), 0, 0, REFUSED("the page has more values than a page may have"));
	at = stpcpy(in, "{\"x\":\"\\\"");
	memset(at, '[', 2000000);
	strcpy(at + 2000000, "\",\"results\":[]}");
	expect_one("tat", &plain, in, strlen(in), 0, 0,
		   "page next=[] checkpoint=[] records=0 withdrawn=0 bad=0 others=0 bare=0\n" FINE);
	free(in);
}
