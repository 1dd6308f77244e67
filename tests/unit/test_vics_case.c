/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_check.h"

#include <jansson.h>

#include <tutela/vics.h>

#define TEXT(s)  ((struct tutela_text){s, sizeof(s) - 1})
#define CASE_ID  "11111111-2222-4333-8444-555555555555"
#define MD5_A_UP "00112233445566778899AABBCCDDEEFF"
#define MD5_B_UP "FFEEDDCCBBAA99887766554433221100"

static struct tutela_vics_case the_case(void)
{
	return (struct tutela_vics_case){
		.size = sizeof(struct tutela_vics_case),
		.region = "US",
		.case_id = TEXT(CASE_ID),
		.case_number = TEXT("DEMO-1"),
		.contact_name = TEXT("N"),
		.contact_title = TEXT("T"),
		.contact_organization = TEXT("O"),
		.contact_phone = TEXT("1"),
		.contact_email = TEXT("n@example.org"),
		.application_name = TEXT("Tutela"),
		.application_version = TEXT("1"),
	};
}

static struct tutela_vics_writer *begin(struct log *out)
{
	struct tutela_writer_opts opts = {.size = sizeof opts, .write = log_write, .ctx = out};
	struct tutela_vics_case c = the_case();
	struct tutela_vics_writer *w;

	cr_assert_eq(tutela_vics_new(&c, &opts, &w), TUTELA_OK);
	return w;
}

static enum tutela_err put(struct tutela_vics_writer *w, const char *const *hashes, const struct tutela_label *labels,
			   size_t n_labels, int64_t size)
{
	struct tutela_hash h[8];
	struct tutela_vics_media m = {
		.size = sizeof m,
		.fingerprints = h,
		.labels = labels,
		.n_labels = n_labels,
		.media_size = size,
		.mime_type = TEXT("image/jpeg"),
		.precategorization_source = TEXT("list X"),
		.relative_path = TEXT("files\\0.jpg"),
	};

	for (; hashes[0]; hashes += 2)
		cr_assert_eq(tutela_hash_parse(tutela_algorithm_find(hashes[0])->id, hashes[1], strlen(hashes[1]),
					       &h[m.n_fingerprints++]),
			     TUTELA_OK);
	return tutela_vics_media(w, &m);
}

static struct tutela_vics_file a_file(void)
{
	return (struct tutela_vics_file){
		.size = sizeof(struct tutela_vics_file),
		.name = TEXT("a\xff\"\n.jpg"),
		.path = TEXT("/p1/a.jpg"),
		.created = 1925089445,
		.accessed = 1,
		.deleted = true,
		.source_id = TEXT("EX-1"),
		.physical_location = TEXT("sector 7"),
	};
}

static const char *const both[] = {"pdq", PDQ_A, "md5", MD5_A, "sha1", SHA1_A, NULL};
static const char *const other[] = {"md5", MD5_B, NULL};

static void write_case(struct log *out)
{
	static const struct tutela_label labels[] = {
		{TEXT("category"), TEXT("1")}, {TEXT("is_distributed"), TEXT("true")}, {TEXT("list"), TEXT("X")}};
	struct tutela_vics_file f = a_file();
	struct tutela_vics_writer *w = begin(out);

	cr_assert_eq(put(w, both, labels, 3, 10), TUTELA_OK);
	cr_assert_eq(tutela_vics_file(w, &f), TUTELA_OK);
	f.name = f.path = TEXT("b.jpg");
	f.deleted = false;
	f.unallocated = true;
	f.created = f.accessed = 0;
	f.source_id = f.physical_location = (struct tutela_text){0};
	cr_assert_eq(tutela_vics_file(w, &f), TUTELA_OK);
	cr_assert_eq(put(w, other, NULL, 0, -1), TUTELA_OK);
	cr_assert_eq(tutela_vics_finish(w), TUTELA_OK);
	tutela_vics_free(w);
}

Test(vics_case, is_read_back_equal)
{
	static const char expected[] =
		"{'@odata.context':'http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/US/$metadata#Cases',"
		"'value':[{'CaseID':'" CASE_ID "','CaseNumber':'DEMO-1','ContactName':'N','ContactTitle':'T',"
		"'ContactOrganization':'O','ContactPhone':'1','ContactEmail':'n@example.org',"
		"'SourceApplicationName':'Tutela','SourceApplicationVersion':'1','Media':[{'MediaID':0,'MD5':'" MD5_A_UP
		"','SHA1':'00112233445566778899AABBCCDDEEFF00112233','AlternativeHashes':[{'MD5':'" MD5_A_UP
		"','HashName':'PDQ','HashValue':'" PDQ_A
		"'}],'Category':1,'IsDistributed':true,'MediaMetadata':[{'MD5':"
		"'" MD5_A_UP "','PropertyName':'tutela.label.list','PropertyValue':'X'}],'MediaSize':10,'MimeType':"
		"'image/"
		"jpeg','RelativeFilePath':'files\\\\0.jpg','IsPrecategorized':true,'PrecategorizationSource':'list "
		"X','MediaFiles':[{'MD5':'" MD5_A_UP
		"','FileName':'a?\\\"\\n.jpg','FilePath':'/p1/a.jpg','Created':'2031-01-02T03:04:05Z','Accessed':"
		"'1970-01-01T00:00:01Z','Deleted':true,'Unallocated':false,'SourceID':'EX-1','PhysicalLocation':'"
		"sector 7'"
		"},{'MD5':'" MD5_A_UP "','FileName':'b.jpg','FilePath':'b.jpg','Deleted':false,'Unallocated':true}]},"
		"{'MediaID':1,'MD5':'" MD5_B_UP
		"','MimeType':'image/jpeg','RelativeFilePath':'files\\\\0.jpg','IsPrecategorized':true,"
		"'PrecategorizationSource':'list X'}]}]}";
	char *text = strdup(expected);
	struct log out = {0};
	json_t *a, *b;

	for (char *s = text; *s; s++)
		*s = *s == '\'' ? '"' : *s;
	write_case(&out);
	a = json_loads(text, 0, NULL);
	b = json_loads(out.text, 0, NULL);
	cr_assert(a && b && json_equal(a, b), "%s", out.text);
	json_decref(a);
	json_decref(b);
	free(text);
	log_free(&out);
}

Test(vics_case, our_reader_finds_its_media)
{
	static const struct tutela_reader_opts plain = {0};
	struct log out = {0};

	write_case(&out);
	expect("vics", &plain, out.text,
	       "record 1 id=[md5:" MD5_A "/0] md5=" MD5_A " sha1=" SHA1_A " pdq=" PDQ_A
	       " label=[category][1] label=[is_distributed][true] label=[media_size][10] label=[mime_type][image/jpeg] "
	       "label=[list][X]" REST "record 2 id=[md5:" MD5_B "/1] md5=" MD5_B
	       " label=[mime_type][image/jpeg]" REST FINE);
	log_free(&out);
}

Test(vics_case, the_same_gives_the_same_bytes)
{
	struct log a = {0}, b = {0};

	write_case(&a);
	write_case(&b);
	cr_assert_str_eq(a.text, b.text);
	log_free(&a);
	log_free(&b);
}

Test(vics_case, own_fields_stand_before_labels)
{
	static const struct tutela_label labels[] = {{TEXT("media_size"), TEXT("1")}, {TEXT("mime_type"), TEXT("x")}};
	struct log out = {0};
	struct tutela_vics_writer *w = begin(&out);

	cr_assert_eq(put(w, other, labels, 2, 10), TUTELA_OK);
	cr_assert_eq(tutela_vics_finish(w), TUTELA_OK);
	tutela_vics_free(w);
	cr_assert(strstr(out.text, "\"MD5\":\"" MD5_B_UP "\",\"MediaSize\":10,\"MimeType\":\"image/jpeg\",\"Rela"),
		  "%s", out.text);
	log_free(&out);
}

Test(vics_case, an_empty_case)
{
	struct log out = {0};
	struct tutela_vics_writer *w = begin(&out);

	cr_assert_eq(tutela_vics_finish(w), TUTELA_OK);
	cr_assert(strstr(out.text, "\"Media\":[]}\n]}\n"), "%s", out.text);
	cr_assert_eq(tutela_vics_finish(w), TUTELA_E_ARG);
	tutela_vics_free(w);
	log_free(&out);
}

Test(vics_case, refuses_what_is_out_of_order_or_incomplete)
{
	static const char *const no_md5[] = {"sha1", SHA1_A, NULL};
	struct log out = {0};
	struct tutela_vics_writer *w = begin(&out);
	struct tutela_vics_file f = a_file();

	cr_assert_eq(tutela_vics_file(w, &f), TUTELA_E_ARG);
	cr_assert_eq(put(w, no_md5, NULL, 0, 1), TUTELA_E_ARG);
	cr_assert_eq(put(w, other, NULL, 0, 1), TUTELA_OK);
	cr_assert_eq(put(w, other, NULL, 0, 1), TUTELA_E_ARG);
	cr_assert_eq(put(w, both, NULL, 0, 1), TUTELA_E_ARG);
	f.name.len = 0;
	cr_assert_eq(tutela_vics_file(w, &f), TUTELA_E_ARG);
	f = a_file();
	f.path.len = 0;
	cr_assert_eq(tutela_vics_file(w, &f), TUTELA_E_ARG);
	f = a_file();
	cr_assert_eq(tutela_vics_file(w, &f), TUTELA_OK);
	cr_assert_eq(tutela_vics_finish(w), TUTELA_OK);
	cr_assert_eq(tutela_vics_file(w, &f), TUTELA_E_ARG);
	cr_assert_eq(put(w, other, NULL, 0, 1), TUTELA_E_ARG);
	tutela_vics_free(w);
	log_free(&out);
}

Test(vics_case, refuses_a_case_without_id_and_strange_regions)
{
	struct log out = {0};
	struct tutela_writer_opts opts = {.size = sizeof opts, .write = log_write, .ctx = &out};
	struct tutela_vics_case c = the_case();
	struct tutela_vics_writer *w = (void *)1;

	c.case_id.len = 0;
	cr_assert_eq(tutela_vics_new(&c, &opts, &w), TUTELA_E_ARG);
	cr_assert_null(w);
	c = the_case();
	c.region = "US/$x";
	cr_assert_eq(tutela_vics_new(&c, &opts, &w), TUTELA_E_ARG);
	c.region = "";
	cr_assert_eq(tutela_vics_new(&c, &opts, &w), TUTELA_E_ARG);
	c.region = NULL;
	opts.write = NULL;
	cr_assert_eq(tutela_vics_new(&c, &opts, &w), TUTELA_E_ARG);
	opts.write = log_write;
	cr_assert_eq(tutela_vics_new(&c, &opts, &w), TUTELA_OK);
	cr_assert_eq(tutela_vics_finish(w), TUTELA_OK);
	cr_assert(strstr(out.text, "2.0.xml/Default/$metadata#Cases"));
	tutela_vics_free(w);
	log_free(&out);
}

static enum tutela_err refuse(void *ctx, const void *bytes, size_t len)
{
	(void)ctx;
	(void)bytes;
	(void)len;
	return TUTELA_E_DISKFULL;
}

Test(vics_case, an_error_of_the_output_stays)
{
	struct tutela_writer_opts opts = {.size = sizeof opts, .write = refuse};
	struct tutela_vics_case c = the_case();
	struct tutela_vics_file f = a_file();
	struct tutela_vics_writer *w;
	enum tutela_err err = TUTELA_OK;

	cr_assert_eq(tutela_vics_new(&c, &opts, &w), TUTELA_OK);
	cr_assert_eq(put(w, other, NULL, 0, 1), TUTELA_OK);
	for (int i = 0; i < 1000 && !err; i++)
		err = tutela_vics_file(w, &f);
	cr_assert_eq(err, TUTELA_E_DISKFULL);
	cr_assert_eq(tutela_vics_finish(w), TUTELA_E_DISKFULL);
	tutela_vics_free(w);
}
