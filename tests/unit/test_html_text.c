/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "report/csv_cell.h"
#include "report/html_text.h"
#include "report/name_uuid.h"

static char *text;
static size_t len;

static FILE *begin(void)
{
	return open_memstream(&text, &len);
}

static void expect(FILE *f, const char *expected)
{
	fclose(f);
	cr_assert_str_eq(text, expected, "'%s'", text);
	free(text);
}

Test(html_text, escapes)
{
	static const char *const rows[][2] = {
		{"", ""},
		{"plain name.jpg", "plain name.jpg"},
		{"<b>&amp;'", "&lt;b&gt;&amp;amp;&#39;"},
		{"\"><script>", "&quot;\\&quot;&gt;&lt;script&gt;&quot;"},
		{"a\nb\033[31m", "&quot;a\\nb\\033[31m&quot;"},
		{"\xe2\x80\xaegpj.exe", "&quot;\\342\\200\\256gpj.exe&quot;"},
		{"caf\xc3\xa9", "caf\xc3\xa9"},
		{"\xff", "&quot;\\377&quot;"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		FILE *f = begin();

		html_text(f, rows[i][0]);
		expect(f, rows[i][1]);
	}
}

Test(html_text, paths)
{
	FILE *f = begin();

	html_path(f, "a\xef\xbf\xbd<", "61ff3c");
	expect(f, "&quot;a\\377&lt;&quot;");
	f = begin();
	html_path(f, "a<", "");
	expect(f, "a&lt;");
	/* Names that are written from right to left do not change places. */
	f = begin();
	html_path(f, "/mnt/\xd7\x90/\xd7\x91 1<.jpg/", "");
	expect(f, "/mnt/<bdi>\xd7\x90</bdi>/<bdi>\xd7\x91 1&lt;.jpg</bdi>/");
}

/* RFC 4648 section 10. */
Test(html_text, base64)
{
	static const char *const rows[][2] = {{"", ""},
					      {"f", "Zg=="},
					      {"fo", "Zm8="},
					      {"foo", "Zm9v"},
					      {"foob", "Zm9vYg=="},
					      {"fooba", "Zm9vYmE="},
					      {"foobar", "Zm9vYmFy"}};
	char out[16];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_assert_str_eq(html_base64(out, rows[i][0], strlen(rows[i][0])), rows[i][1]);
	cr_assert_str_eq(html_base64(out, "\xff\xfe\xfd\xfb", 4), "//79+w==");
}

Test(csv_cell, cells)
{
	static const char *const rows[][2] = {
		{"", ","},
		{"plain", "plain,"},
		{"a,b", "\"a,b\","},
		{"say \"x\"", "\"say \"\"x\"\"\","},
		{"a\r\nb", "\"a\r\nb\","},
		{"=1+1", "'=1+1,"},
		{"-2", "'-2,"},
		{"+3", "'+3,"},
		{"@x", "'@x,"},
		{"\tx", "'\tx,"},
		{"\rx", "\"'\rx\","},
		{"'x", "''x,"},
		{"=a,\"", "\"'=a,\"\"\","},
		{"a=1", "a=1,"},
		{"  =1", "'  =1,"},
		{" a=1", " a=1,"},
		{"\n=1", "\"'\n=1\","},
		{"\xef\xbc\x9d"
		 "1",
		 "'\xef\xbc\x9d"
		 "1,"},
		{"\xef\xbc\xa0", "'\xef\xbc\xa0,"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		FILE *f = begin();

		csv_text(f, rows[i][0]);
		expect(f, rows[i][1]);
	}
}

Test(csv_cell, rows)
{
	json_t *labels = json_pack("{s:s, s:s}", "k", "v;w", "a=b", "c\\d");
	FILE *f = begin();

	csv_number(f, UINT64_MAX, true);
	csv_number(f, 5, false);
	csv_labels(f, labels);
	csv_labels(f, NULL);
	csv_last(f, "end");
	expect(f, "18446744073709551615,,k=v\\;w;a\\=b=c\\\\d,,end\r\n");
	json_decref(labels);
}

/* As Python's uuid.uuid5 says of the same names in the same namespace. */
Test(name_uuid, values)
{
	static const char *const file[] = {"file", "a/b.jpg", ""}, *const nothing[] = {""};
	char out[NAME_UUID_LEN];

	cr_assert_str_eq(name_uuid(out, file, 1), "6f69fa2c-4e88-5136-b080-1c3d88a7e21f");
	cr_assert_str_eq(name_uuid(out, file, 3), "fb0377c6-593e-54bd-add1-61cce2700930");
	cr_assert_str_eq(name_uuid(out, nothing, 1), "ab2b1f97-3ec4-515e-99a7-88f9b52932c3");
}
