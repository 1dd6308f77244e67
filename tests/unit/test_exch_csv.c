/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_check.h"

#include "exchange/csv_columns.h"

static const struct tutela_reader_opts plain = {0};

#define csv(in, out)          expect("csv", &plain, in, out)
#define csv_map(map, in, out) expect("csv", &(struct tutela_reader_opts){.columns = (map)}, in, out)
#define csv_cells(map, in, out)                                                                                        \
	expect("csv", &(struct tutela_reader_opts){.columns = (map), .no_header = true}, in, out)
#define REFUSED(sentence) "result TUTELA_E_FORMAT [" sentence "]\n"
#define BAD_MAP(sentence) "result TUTELA_E_ARG [" sentence "]\n"

Test(exch_csv, headers_own_names)
{
	csv("id,md5,pdq\na," MD5_A "," PDQ_A "\n"
	    "b,," PDQ_B "\n"
	    ",FFEEDDCCBBAA99887766554433221100,",
	    "record 2 id=[a] md5=" MD5_A " pdq=" PDQ_A REST "record 3 id=[b] pdq=" PDQ_B REST
	    "record 4 id=[] md5=" MD5_B REST FINE);
	/* Any letter case, blanks around, foreign columns, spellings of algorithms. */
	csv(" ID ,Name,SHA-1,\" Md5 \"\r\na,x," SHA1_A ",\r\n", "record 2 id=[a] sha1=" SHA1_A REST FINE);
	csv("\xef\xbb\xbfmd5\n" MD5_A "\n", "record 2 id=[] md5=" MD5_A REST FINE);
	csv("md5\r\n" MD5_A "\r\n" MD5_B "\r", "record 2 id=[] md5=" MD5_A REST "record 3 id=[] md5=" MD5_B REST FINE);
	csv("md5\n", FINE);
	csv("\n \nmd5", FINE);
}

Test(exch_csv, unusable_headers)
{
	csv("", REFUSED("the input is empty: it has not even a header"));
	csv("\n\n", REFUSED("the input is empty: it has not even a header"));
	csv("id,name\n",
	    REFUSED("the first line names no fingerprint: give a column map, or say that there is no header"));
	csv(MD5_A ",1\n",
	    REFUSED("the first line names no fingerprint: give a column map, or say that there is no header"));
	csv("id,md5,ID\n", REFUSED("the header has two columns \"ID\""));
	csv("md5,label:\xff\n", REFUSED("the header's cell 2 is not valid UTF-8"));
	csv("\"md5\nx", REFUSED("the header cannot be read: a quoted cell is not closed"));
	csv("\"md5\"x\n" MD5_A, REFUSED("the header cannot be read: text after the closing quote of a cell"));
	expect("csv", &(struct tutela_reader_opts){.max_line = 5}, "md5,pdq\n",
	       REFUSED("the header cannot be read: the line is longer than the limit"));
	expect_len("csv", &plain,
		   "m\0d\0"
		   "5\0\n\0",
		   8, REFUSED("the input is UTF-16, not UTF-8: save it as UTF-8 and try again"));
}

Test(exch_csv, many_columns)
{
	struct log l = {0};
	char *wide = malloc(3000);

	cr_assert(wide);
	memset(wide, ',', 2000);
	memcpy(wide + CSV_COLUMNS_MAX - 1, "md5\n,", 6);
	log_read(&l, "csv", &plain, wide, CSV_COLUMNS_MAX + 3, 0, 0);
	cr_assert_str_eq(l.text, FINE);
	memcpy(wide + CSV_COLUMNS_MAX - 1, ",md5\n", 6);
	l.len = 0;
	log_read(&l, "csv", &plain, wide, CSV_COLUMNS_MAX + 4, 0, 0);
	cr_assert_str_eq(l.text, REFUSED("the header has more than 1024 columns"));
	free(wide);
	log_free(&l);
}

Test(exch_csv, column_map)
{
	csv_map("id=Entry, md5 = MD5 hash ,pdq=#4,label:Cat=Kind",
		"entry,md5 HASH,kind,whatever,id\ne1," MD5_A ",k1," PDQ_A ",other\n",
		"record 2 id=[e1] md5=" MD5_A " pdq=" PDQ_A " label=[Cat][k1]" REST FINE);
	/* What the map does not name is not read. */
	csv_map("md5=a", "a,pdq,status\n" MD5_A "," PDQ_A ",nonsense\n", "record 2 id=[] md5=" MD5_A REST FINE);
	csv_map("md5=a,md5=b", "a,b\n" MD5_A "," MD5_B "\n", "record 2 id=[] md5=" MD5_A " md5=" MD5_B REST FINE);
	csv_map("md5=\"x\"", "x\n", REFUSED("the header has no column \"\"x\"\""));
	csv_map("md5=hash", "x,y\n", REFUSED("the header has no column \"hash\""));
	csv_map("md5=x", "x,X\n", REFUSED("the header has two columns \"x\": give one as #N"));
	csv_map("md5=#2", "x,X\n," MD5_A, "record 2 id=[] md5=" MD5_A REST FINE);
	csv_map("md5=#3", "x,X\n", REFUSED("the header has no column 3"));
	csv_map("md5=x,pdq=#1", "x,y\n", REFUSED("the column map uses column 1 twice"));
}

Test(exch_csv, no_header)
{
	csv_cells("id=#1,md5=#3", "a,x," MD5_A ",y,z\nb,x," MD5_B "\nc,x\nmd5\n",
		  "record 1 id=[a] md5=" MD5_A REST "record 2 id=[b] md5=" MD5_B REST
		  "problem 3 @78 the row has too few cells\nproblem 4 @82 the row has too few cells\n" FINE);
	csv_cells("md5=#1024", "", FINE);
	csv_cells("md5=#2", "x;" MD5_A ";y\n", "record 1 id=[] md5=" MD5_A REST FINE);
}

Test(exch_csv, bad_maps)
{
	csv_map("", "", BAD_MAP("an item of the column map is not KEY=COLUMN"));
	csv_map("md5", "", BAD_MAP("an item of the column map is not KEY=COLUMN"));
	csv_map("md5=a,", "", BAD_MAP("an item of the column map is not KEY=COLUMN"));
	csv_map("md5=", "", BAD_MAP("a key of the column map has no column"));
	csv_map("md7=a", "",
		BAD_MAP("a key of the column map is not id, status, reason, time, quality, labels, "
			"label:NAME or an algorithm"));
	csv_map("label:=a,md5=b", "",
		BAD_MAP("a key of the column map is not id, status, reason, time, quality, labels, "
			"label:NAME or an algorithm"));
	csv_map("label:\xff=a,md5=b", "", BAD_MAP("a label's name in the column map is not valid UTF-8"));
	csv_map("md5=#0", "", BAD_MAP("a column's number in the column map is not #1 to #1024"));
	csv_map("md5=#1025", "", BAD_MAP("a column's number in the column map is not #1 to #1024"));
	csv_map("md5=#1x", "", BAD_MAP("a column's number in the column map is not #1 to #1024"));
	csv_map("id=a", "", BAD_MAP("the column map has no fingerprint"));
	csv_map("id=a,id=b,md5=c", "", BAD_MAP("the column map has a key twice"));
	csv_map("id=#1,md5=#1", "", BAD_MAP("the column map has a column twice"));
	csv_cells("md5=hash", "", BAD_MAP("without a header the column map must give columns as #N"));
	csv_cells(NULL, "", BAD_MAP("without a header a column map is needed"));
}

Test(exch_csv, delimiters)
{
	csv("id;md5\na,b;" MD5_A "\n", "record 2 id=[a,b] md5=" MD5_A REST FINE);
	csv("id\tmd5\na,b\t" MD5_A "\n\t\n", "record 2 id=[a,b] md5=" MD5_A REST FINE);
	csv("id\tmd5\tpdq\n\t" MD5_A "\t\n \"x\" \t" MD5_B "\t\n",
	    "record 2 id=[] md5=" MD5_A REST "record 3 id=[x] md5=" MD5_B REST FINE);
	/* Quoted ones are not counted; a tie is a comma. */
	csv("\"a;b;c\",md5\nx," MD5_A "\n", "record 2 id=[] md5=" MD5_A REST FINE);
	csv("md5,x;y\n" MD5_A ",\n", "record 2 id=[] md5=" MD5_A REST FINE);
	expect("csv", &(struct tutela_reader_opts){.delimiter = '|'}, "id|md5,x|y\n",
	       REFUSED("the first line names no fingerprint: give a column map, or say that there is no header"));
	expect("csv", &(struct tutela_reader_opts){.delimiter = '|'}, "id|md5\na,b|" MD5_A "\n",
	       "record 2 id=[a,b] md5=" MD5_A REST FINE);
	expect("csv", &(struct tutela_reader_opts){.delimiter = '"'}, "",
	       BAD_MAP("the delimiter is not a printable character or a tab, or is a quote"));
	expect("csv", &(struct tutela_reader_opts){.delimiter = '\n'}, "",
	       BAD_MAP("the delimiter is not a printable character or a tab, or is a quote"));
	expect("csv", &(struct tutela_reader_opts){.delimiter = (char)0xa7}, "",
	       BAD_MAP("the delimiter is not a printable character or a tab, or is a quote"));
}

Test(exch_csv, quotes)
{
	csv("id,reason,md5\n\"a,\"\"b\"\"\",\"one\r\ntwo\n\"," MD5_A "\nc,\"\",\"" MD5_B "\"\r\n",
	    "record 2 id=[a,\"b\"] md5=" MD5_A " status=active reason=[one\r\ntwo\n] time=0\n"
	    "record 5 id=[c] md5=" MD5_B REST FINE);
	/* Blanks: kept inside quotes, dropped outside. */
	csv("id,md5\n\" a \", \"" MD5_A "\" \n b ," MD5_B " \n \" c\" ," MD5_A "\n",
	    "record 2 id=[ a ] md5=" MD5_A REST "record 3 id=[b] md5=" MD5_B REST
	    "record 4 id=[ c] md5=" MD5_A REST FINE);
	/* A quote inside an unquoted cell is a character. */
	csv("id,md5\n5\" tall," MD5_A "\n", "record 2 id=[5\" tall] md5=" MD5_A REST FINE);
	csv("id,md5\n\"\"\"\"," MD5_A "\n\"\"\"\"\"\"," MD5_B "\n",
	    "record 2 id=[\"] md5=" MD5_A REST "record 3 id=[\"\"] md5=" MD5_B REST FINE);
}

Test(exch_csv, stray_quote_costs_its_line)
{
	csv("id,md5\n\"a," MD5_A "\nb," MD5_B "\nc," MD5_A "\n",
	    "problem 2 @7 a quoted cell is not closed\nrecord 3 id=[b] md5=" MD5_B REST
	    "record 4 id=[c] md5=" MD5_A REST FINE);
	csv("id,md5\n\"a," MD5_A "\nb," MD5_B "\n\"c\"," MD5_A,
	    "problem 2 @7 text after the closing quote of a cell\nrecord 3 id=[b] md5=" MD5_B REST
	    "record 4 id=[c] md5=" MD5_A REST FINE);
	csv("id,md5\n\"a\"x," MD5_A "\nb," MD5_B "\n",
	    "problem 2 @7 text after the closing quote of a cell\nrecord 3 id=[b] md5=" MD5_B REST FINE);
	csv("md5\n\"", "problem 2 @4 a quoted cell is not closed\n" FINE);
	csv("md5\n\"\n\"\n\"", "problem 2 @4 the value has not the length of its algorithm\nproblem 4 @8 a quoted cell "
			       "is not closed\n" FINE);
	csv("md5\n" MD5_A "\r" MD5_B "\n\"\r\"\n",
	    "problem 2 @4 a carriage return outside quotes and without a line feed\n"
	    "problem 3 @70 the value has not the length of its algorithm\n" FINE);
}

Test(exch_csv, too_long)
{
	struct tutela_reader_opts o = {.max_line = 40};

	expect("csv", &o,
	       "id,md5\n1234567," MD5_A "\n12345678," MD5_A "\n\"a\nb\"," MD5_A "\n\"a\nbcd\n\"," MD5_A "\nx," MD5_B
	       "\n",
	       "record 2 id=[1234567] md5=" MD5_A REST "problem 3 @48 the line is longer than the limit\n"
	       "record 4 id=[a\nb] md5=" MD5_A REST "problem 6 @129 the row is longer than the limit\n"
	       "problem 7 @132 the row has too few cells\n"
	       "problem 8 @136 the row is longer than the limit\n"
	       "record 9 id=[x] md5=" MD5_B REST FINE);
	expect("csv", &o, "id,md5\n\"a\nbc\n\"," MD5_A "\n", "record 2 id=[a\nbc\n] md5=" MD5_A REST FINE);
	/* A line that cannot be used ends the row that is open. */
	expect("csv", &o, "id,md5\n\"a\n,\n" PDQ_A "\n",
	       "problem 2 @7 the line is longer than the limit\n"
	       "problem 4 @12 the line is longer than the limit\n" FINE);
}

Test(exch_csv, cells_of_a_row)
{
	csv("id,md5,status,x\na," MD5_A "\nb," MD5_A ",\nc," MD5_A ",,,,\nd," MD5_A ",,,y\n,,,\n,,,,,\n \n\"\",,,\n",
	    "problem 2 @16 the row has too few cells\nrecord 3 id=[b] md5=" MD5_A REST "record 4 id=[c] md5=" MD5_A REST
	    "problem 5 @126 the row has more cells than the header\n" FINE);
	csv("id,md5\na,\n", "problem 2 @7 the entry has no fingerprint\n" FINE);
}

Test(exch_csv, fingerprints)
{
	csv("md5,pdq\n" MD5_A " " MD5_B "," PDQ_A "\n",
	    "record 2 id=[] md5=" MD5_A " md5=" MD5_B " pdq=" PDQ_A REST FINE);
	csv("md5,pdq\n" MD5_A "," MD5_A "\n", "problem 2 @8 the value has not the length of its algorithm\n" FINE);
	/* A value that no list may hold is left out, and said to be. */
	csv("md5,pdq\n" MD5_A "," PDQ_ZERO "\n" MD5_NONE "," PDQ_ZERO "\n",
	    "problem 2 @8 all bits are zero: no picture's hash\nrecord 2 id=[] md5=" MD5_A REST
	    "problem 3 @106 the digest of an empty file\n" FINE);
	csv("phash,md5,md5\n" PHASH_A ",,\n,," MD5_A "\n",
	    "record 2 id=[] phash=" PHASH_A REST "record 3 id=[] md5=" MD5_A REST FINE);
}

Test(exch_csv, status_reason_and_time)
{
	csv("md5,status,reason,time\n" MD5_A ",Withdrawn,error,2031-01-02T03:04:05Z\n" MD5_A
	    ",DISPUTED ,,1925089445\n" MD5_A ",active,,\n" MD5_A ",retired,,\n" MD5_A ",,,yesterday\n" MD5_A
	    ",,\xff,\n",
	    "record 2 id=[] md5=" MD5_A " status=withdrawn reason=[error] time=1925089445\n"
	    "record 3 id=[] md5=" MD5_A " status=disputed reason=[] time=1925089445\n"
	    "record 4 id=[] md5=" MD5_A REST "problem 5 @190 the status is not active, disputed or withdrawn\n"
	    "problem 6 @233 the time is neither ISO 8601 nor seconds since 1970\n"
	    "problem 7 @278 the reason is not valid UTF-8\n" FINE);
}

Test(exch_csv, withdrawals_need_no_fingerprint)
{
	csv("status,id,reason\nwithdrawn,a,error\ndisputed,b,\nactive,c,\nwithdrawn,,x\n",
	    "record 2 id=[a] status=withdrawn reason=[error] time=0\nrecord 3 id=[b] status=disputed reason=[] time=0\n"
	    "problem 4 @47 the entry has no fingerprint\nproblem 5 @57 the entry has no fingerprint\n" FINE);
	csv("id,md5,status\na," MD5_NONE ",withdrawn\nb," MD5_NONE ",\n",
	    "problem 2 @14 the digest of an empty file\nrecord 2 id=[a] status=withdrawn reason=[] time=0\n"
	    "problem 3 @59 the digest of an empty file\n" FINE);
	csv_cells("id=#1,status=#2", "a,disputed\n", "record 1 id=[a] status=disputed reason=[] time=0\n" FINE);
	csv_map("id=x", "x\n", BAD_MAP("the column map has no fingerprint"));
}

Test(exch_csv, quality)
{
	csv("quality,pdq,md5\n0," PDQ_A ",\n0," PDQ_A "," MD5_A "\n0,," MD5_A "\n1," PDQ_A ",\n49," PDQ_A
	    ",\n100," PDQ_A ",\n101," PDQ_A ",\n-1," PDQ_A ",\n9.5," PDQ_A ",\n99999999999999999999," PDQ_A ",\n",
	    "problem 2 @16 quality 0: the picture has no features that its perceptual hash could stand for\n"
	    "problem 3 @84 quality 0: the picture has no features that its perceptual hash could stand for\n"
	    "record 3 id=[] md5=" MD5_A REST "record 4 id=[] md5=" MD5_A REST "record 5 id=[] pdq=" PDQ_A REST
	    "record 6 id=[] pdq=" PDQ_A REST "record 7 id=[] pdq=" PDQ_A REST
	    "problem 8 @427 the quality is not a whole number from 0 to 100\n"
	    "problem 9 @497 the quality is not a whole number from 0 to 100\n"
	    "problem 10 @566 the quality is not a whole number from 0 to 100\n"
	    "problem 11 @636 the quality is not a whole number from 0 to 100\n" FINE);
	/* Whichever comes first. */
	csv("pdq,quality\n" PDQ_A ",0\n",
	    "problem 2 @12 quality 0: the picture has no features that its perceptual hash could stand for\n" FINE);
}

Test(exch_csv, labels)
{
	csv("md5,category,Label:Age Band,labels\n" MD5_A ",1, 3-6 ,\n" MD5_A
	    ",,,x=1; y\\;\\=\\\\z=a=b\\;;;\\ w=\n" MD5_A ",,,x\n" MD5_A ",,,=1\n" MD5_A ",\xff,,\n" MD5_A ",,,x\\",
	    "record 2 id=[] md5=" MD5_A " label=[category][1] label=[Age Band][3-6]" REST "record 3 id=[] md5=" MD5_A
	    " label=[x][1] label=[y;=\\z][a=b;] label=[ w][]" REST
	    "problem 4 @138 the labels are not key=value;key=value\n"
	    "problem 5 @175 a label's name is empty or longer than 255 bytes\n"
	    "problem 6 @213 a label is not valid UTF-8\n"
	    "problem 7 @250 the labels are not key=value;key=value\n" FINE);
	/* A backslash that nothing follows stands for itself, and what is behind the cell stays there. */
	csv("md5,labels,series\n" MD5_A ",x=1\\,s\n" MD5_B ",x=1\\,\n",
	    "record 2 id=[] md5=" MD5_A " label=[x][1\\] label=[series][s]" REST "record 3 id=[] md5=" MD5_B
	    " label=[x][1\\]" REST FINE);
}

Test(exch_csv, limits_of_an_entry)
{
	struct log l = {0}, in = {0};
	char *text = repeat('t', TUTELA_TEXT_MAX + 1);

	log_add(&in, "id,reason,label:a,md5\n");
	log_add(&in, "%.*s,,,%s\n", TUTELA_ENTRY_ID_MAX + 1, text, MD5_A);
	for (int field = 0; field < 2; field++) {
		log_add(&in, field ? ",," : ",");
		log_bytes(&in, text, TUTELA_TEXT_MAX + 1);
		log_add(&in, field ? ",%s\n" : ",,%s\n", MD5_A);
	}
	log_add(&in, ",,,%s\n", MD5_A);
	log_add(&in, ",,,");
	for (int i = 0; i < TUTELA_FINGERPRINTS_MAX + 1; i++)
		log_add(&in, " %s", MD5_A);
	log_read(&l, "csv", &plain, in.text, in.len, 0, 5);
	cr_assert(strstr(l.text, "problem 2 @22 the entry id is longer than "));
	cr_assert(strstr(l.text, " the reason is longer than 4096 bytes\n"));
	cr_assert(strstr(l.text, " a label is longer than 4096 bytes\n"));
	cr_assert(strstr(l.text, "record 5 id=[] md5=" MD5_A REST));
	cr_assert(strstr(l.text, " more than 16 fingerprints of one entry\n"));
	l.len = in.len = 0;
	log_add(&in, "md5,labels\n");
	for (int row = 0; row < 2; row++) {
		log_add(&in, "%s,", MD5_A);
		for (int i = 0; i < TUTELA_LABELS_MAX + row; i++)
			log_add(&in, "k%d=v;", i);
		log_add(&in, "\n");
	}
	log_read(&l, "csv", &plain, in.text, in.len, 0, 0);
	cr_assert(strstr(l.text, "record 2 id=[] md5="));
	cr_assert(strstr(l.text, "problem 3 @"));
	cr_assert(strstr(l.text, " more than 32 labels of one entry\n"));
	log_free(&l);
	log_free(&in);
	free(text);
}

Test(exch_csv, callbacks_stop_the_reader)
{
	static const char in[] = "md5\n" MD5_A "\nx\n" MD5_B "\n\"";

	for (unsigned i = 1; i <= 4; i++) {
		struct log l = {.stop_at = i};

		log_read(&l, "csv", &plain, in, strlen(in), 0, 0);
		cr_assert(strstr(l.text, "result TUTELA_E_INTERRUPTED []\n"), "%u: %s", i, l.text);
		cr_assert_eq(l.calls, i);
		log_free(&l);
	}
}

/* Many lines inside one open quote, again and again: the work must stay in proportion to the input. */
Test(exch_csv, hostile_quotes_cost_little, .timeout = 20)
{
	struct log in = {0};
	unsigned long long problems = 0;
	struct log l = {0};

	log_add(&in, "md5\n");
	while (in.len < (size_t)8 << 20) {
		log_add(&in, "\"\n");
		for (int i = 0; i < 300000; i++)
			log_bytes(&in, i % 3 ? "\n" : "\"\"\n", i % 3 ? 1 : 3);
		log_add(&in, "\"x\n");
	}
	log_read(&l, "csv", &plain, in.text, in.len, 0, 65536);
	for (const char *s = l.text; (s = strstr(s, "problem")); s++)
		problems++;
	cr_assert(strstr(l.text, FINE));
	cr_assert_gt(problems, 10);
	log_free(&in);
	log_free(&l);
}

static struct tutela_text t(const char *s)
{
	return (struct tutela_text){*s ? s : NULL, strlen(s)};
}

static void add_hash(struct tutela_record *rec, enum tutela_algorithm a, const char *hex)
{
	cr_assert_eq(tutela_hash_parse(a, hex, strlen(hex), &rec->fingerprints[rec->n_fingerprints++]), TUTELA_OK);
}

static void add_label(struct tutela_record *rec, const char *key, const char *value)
{
	rec->labels[rec->n_labels++] = (struct tutela_label){t(key), t(value)};
}

static char *written_as(const char *format, const struct tutela_record *rec, size_t n)
{
	struct log l = {0};
	struct tutela_writer_opts o = {.size = sizeof(o), .write = log_write, .ctx = &l};
	struct tutela_writer *w;

	cr_assert_eq(tutela_writer_new(format, &o, &w), TUTELA_OK);
	for (size_t i = 0; i < n; i++)
		cr_assert_eq(tutela_writer_put(w, rec + i), TUTELA_OK);
	cr_assert_eq(tutela_writer_finish(w), TUTELA_OK);
	tutela_writer_free(w);
	return l.text;
}

static char *written(const struct tutela_record *rec, size_t n)
{
	return written_as("csv", rec, n);
}

#define HEADER "id,md5,sha1,sha256,pdq,phash,dhash,photodna,status,reason,time,category,classification,series,labels\n"

Test(exch_csv, what_is_written)
{
	static struct tutela_record recs[2];
	char *s;

	recs[0].id = t("a");
	add_hash(&recs[0], TUTELA_ALG_MD5, MD5_A);
	recs[1].id = t("b, \"c\"");
	add_hash(&recs[1], TUTELA_ALG_PDQ, PDQ_A);
	add_hash(&recs[1], TUTELA_ALG_PDQ, PDQ_B);
	recs[1].status = TUTELA_WITHDRAWN;
	recs[1].reason = t("not illegal");
	recs[1].source_time = 1925089445;
	add_label(&recs[1], "tag", "x;y");
	add_label(&recs[1], "series", "S1");
	add_label(&recs[1], "category", "2");
	add_label(&recs[1], "category", "3");
	s = written(recs, 2);
	cr_assert_str_eq(s,
			 HEADER "a," MD5_A ",,,,,,,active,,,,,,\n"
				"\"b, \"\"c\"\"\",,,," PDQ_A " " PDQ_B ",,,,withdrawn,not illegal,2031-01-02T03:04:05Z"
				",2,,S1,\"tag=x\\;y;category=3\"\n");
	free(s);
	s = written(recs, 0);
	cr_assert_str_eq(s, HEADER);
	free(s);
}

/* "csv" is what the source wrote; "sheet" is what a spreadsheet may open. */
Test(exch_csv, formulas)
{
	static const char *const ids[] = {"=1+1", "+1", "-1", "@x", "  =1", "'a", "\xef\xbc\x9dx", "=\"a\",b"};
	static const char *const cells[] = {
		"'=1+1", "'+1", "'-1", "'@x", "\"'  =1\"", "''a", "'\xef\xbc\x9dx", "\"'=\"\"a\"\",b\""};
	static struct tutela_record recs[8];
	struct tutela_reader_opts o = {.size = sizeof(o), .record = log_record};
	struct tutela_reader *r;
	char *s, line[256];

	for (size_t i = 0; i < 8; i++) {
		recs[i].id = t(ids[i]);
		add_hash(&recs[i], TUTELA_ALG_MD5, MD5_A);
	}
	recs[0].reason = t("=2");
	add_label(&recs[0], "category", "-5");
	add_label(&recs[0], "=x", "=y");
	s = written_as("sheet", recs, 8);
	cr_assert(!strncmp(s, HEADER, strlen(HEADER)));
	cr_assert_not_null(strstr(s, "'=1+1," MD5_A ",,,,,,,active,'=2,,'-5,,,\"'\\=x==y\"\n"), "%s", s);
	for (size_t i = 1; i < 8; i++) {
		snprintf(line, sizeof line, "\n%s," MD5_A ",", cells[i]);
		cr_assert_not_null(strstr(s, line), "%s in %s", line, s);
	}
	free(s);
	s = written(recs, 8);
	for (size_t i = 0; i < 4; i++) {
		snprintf(line, sizeof line, "\n%s," MD5_A ",", ids[i]);
		cr_assert_not_null(strstr(s, line), "%s in %s", line, s);
	}
	free(s);
	cr_assert_eq(tutela_reader_new("sheet", &o, &r, NULL), TUTELA_E_NOTFOUND);
	cr_assert_not(tutela_csv_is_formula("", 0));
	cr_assert_not(tutela_csv_is_formula("a=1", 3));
}

Test(exch_csv, written_reads_back)
{
	static struct tutela_record rec;
	static const char *const nasty[] = {
		"plain", " both ends ", "\t",       "a,b", "say \"x\"", "\"", "two\nlines",
		"\r\n",  "\r",          "a;b=c\\d", "\\",  ";",         "=",  "\xc3\xa9\xf0\x9f\x8c\x8d",
		"=1+1",  "#x",
	};
	char *longest = repeat('"', TUTELA_TEXT_MAX), *key = repeat(';', TUTELA_LABEL_KEY_MAX);

	for (size_t i = 0; i < sizeof(nasty) / sizeof(nasty[0]); i++) {
		struct log back = {0}, want = {0};
		char *s;

		rec = (struct tutela_record){
			.id = t(nasty[i]), .reason = t(nasty[i]), .status = (enum tutela_status)(i % 3)};
		add_hash(&rec, TUTELA_ALG_MD5, MD5_A);
		add_hash(&rec, TUTELA_ALG_PHASH, PHASH_A);
		rec.source_time = (int64_t)i * 123456789;
		add_label(&rec, "category", nasty[i]);
		add_label(&rec, nasty[i], nasty[i]);
		add_label(&rec, "series", "");
		add_label(&rec, "category", "again");
		while (i % 2 && rec.n_labels < TUTELA_LABELS_MAX)
			add_label(&rec, key, longest);
		s = written(&rec, 1);
		log_read(&back, "csv", &plain, s, strlen(s), 0, 1000);
		log_add(&want, "record 2");
		log_fields(&want, &rec);
		log_add(&want, FINE);
		cr_assert_str_eq(back.text, want.text);
		log_free(&back);
		log_free(&want);
		free(s);
	}
	free(longest);
	free(key);
}

#define DNA   "EjRWeJCrze8BI0VniavN7xI0VniQq83v"
#define DNA3  DNA DNA DNA
#define HEX24 "1234567890abcdef0123456789abcdef1234567890abcdef"
#define HEX72 HEX24 HEX24 HEX24

Test(exch_csv, photodna_in_hexadecimal_and_base64)
{
	csv("id,photodna\na," DNA3 DNA3 "\nb," HEX72 HEX72 "\n",
	    "record 2 id=[a] photodna=" HEX72 HEX72 REST "record 3 id=[b] photodna=" HEX72 HEX72 REST FINE);
	csv("id,photodna\na," DNA3 DNA DNA "EjRWeJCrze8BI0VniavN7xI0VniQq83=\n",
	    "problem 2 @12 the value is neither hexadecimal nor base64\n" FINE);
	csv("id,photodna\na," DNA3 DNA "\n", "problem 2 @12 the value has not the length of its algorithm\n" FINE);
	/* Base64 is PhotoDNA's alone. */
	csv("id,md5\na,EjRWeJCrze8BI0VniavN7w==\n",
	    "problem 2 @7 the value has not the length of its algorithm\n" FINE);
}
