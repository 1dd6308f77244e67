/* SPDX-License-Identifier: Apache-2.0 */
#include "store_data.h"

#include "trust/bundle_format.h"

#define DATES "\"issued\":\"2031-01-02T03:04:05Z\",\"expires\":\"2032-01-02T03:04:05Z\""
#define SHA   "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\""
#define INDEX                                                                                                          \
	"{\"type\":\"tutela-index\",\"format\":1,\"version\":2,\"root\":1," DATES ",\"lists\":[{\"list\":\"a\","       \
	"\"version\":3,\"manifest\":\"a.3.json\",\"length\":9,\"sha256\":" SHA "}]}"

static char why[BUNDLE_WHY_MAX];

static enum tutela_err parse(const char *text, struct bundle_index *out)
{
	return tutela_bundle_index_parse(text, strlen(text), "lists.json", out, why);
}

/* The text with one part of it changed. */
static enum tutela_err changed(const char *from, const char *to)
{
	char text[2048] = INDEX, *at = strstr(text, from);
	struct bundle_index index;
	enum tutela_err err;

	cr_assert_not_null(at, "%s", from);
	memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
	memcpy(at, to, strlen(to));
	err = parse(text, &index);
	cr_assert_eq(err != 0, *why != 0);
	tutela_bundle_index_free(&index);
	return err;
}

Test(bundle_format, an_index_there_and_back)
{
	struct bundle_index a, b;
	char *text;
	size_t len;

	OK(parse(INDEX, &a));
	cr_assert(a.version == 2 && a.root == 1 && a.n == 1 && a.rows[0].version == 3 && a.rows[0].length == 9);
	cr_assert_str_eq(a.rows[0].manifest, "a.3.json");
	cr_assert(a.rows[0].sha256[0] == 0 && a.rows[0].sha256[15] == 0xff);
	OK(tutela_bundle_index_text(&a, &text, &len));
	OK(tutela_bundle_index_parse(text, len, "again", &b, why));
	cr_assert(b.version == 2 && b.issued == a.issued && b.expires == a.expires);
	cr_assert_eq(memcmp(a.rows, b.rows, sizeof *a.rows), 0);
	free(text);
	tutela_bundle_index_free(&a);
	tutela_bundle_index_free(&b);
}

Test(bundle_format, what_is_unknown_is_passed_over)
{
	OK(changed("\"root\"", "\"more\":{\"a\":[1]},\"root\""));
	OK(changed("\"list\"", "\"more\":null,\"list\""));
}

Test(bundle_format, what_is_wrong_is_refused)
{
	FAILS(changed("\"root\"", "\"version\":2,\"root\""), TUTELA_E_FORMAT);
	FAILS(changed("\"format\":1", "\"format\":2"), TUTELA_E_VERSION);
	FAILS(changed("tutela-index", "tutela-list"), TUTELA_E_FORMAT);
	FAILS(changed("\"version\":2", "\"version\":0"), TUTELA_E_FORMAT);
	FAILS(changed("\"version\":2", "\"version\":-1"), TUTELA_E_FORMAT);
	FAILS(changed("\"version\":2", "\"version\":2.0"), TUTELA_E_FORMAT);
	FAILS(changed("\"version\":2", "\"version\":\"2\""), TUTELA_E_FORMAT);
	FAILS(changed("\"version\":2", "\"version\":9223372036854775808"), TUTELA_E_FORMAT);
	FAILS(changed("\"version\":2,", ""), TUTELA_E_FORMAT);
	FAILS(changed("03:04:05Z", "03:04:05+00:00"), TUTELA_E_FORMAT);
	FAILS(changed("2031-01-02T", "2031-01-02 "), TUTELA_E_FORMAT);
	FAILS(changed("2031", "2033"), TUTELA_E_FORMAT);
	FAILS(changed("ddeeff\"", "ddeeFF\""), TUTELA_E_FORMAT);
	FAILS(changed("ddeeff\"", "ddeef\""), TUTELA_E_FORMAT);
	FAILS(changed("a.3.json", "../a.3.json"), TUTELA_E_REFUSED);
	FAILS(changed("a.3.json", "a/3.json"), TUTELA_E_REFUSED);
	FAILS(changed("a.3.json", ".3.json"), TUTELA_E_REFUSED);
	FAILS(changed("a.3.json", "a.3.json\\u0000"), TUTELA_E_FORMAT);
	FAILS(changed("a.3.json", ""), TUTELA_E_REFUSED);
	FAILS(changed("\"list\":\"a\"", "\"list\":\"a b\""), TUTELA_E_FORMAT);
	FAILS(changed("\"length\":9", "\"length\":65537"), TUTELA_E_FORMAT);
	FAILS(changed("}]}", "}]} x"), TUTELA_E_FORMAT);
	FAILS(changed("[{", "[3,{"), TUTELA_E_FORMAT);
}

Test(bundle_format, lists_are_in_order_of_name)
{
	static const char row[] = "{\"list\":\"%s\",\"version\":3,\"manifest\":\"x\",\"length\":9,\"sha256\":" SHA "}";
	static const char *const names[][2] = {{"a", "b"}, {"b", "a"}, {"a", "a"}};

	for (size_t i = 0; i < 3; i++) {
		char text[4096];
		struct bundle_index index;
		size_t len = (size_t)sprintf(
			text, "{\"type\":\"tutela-index\",\"format\":1,\"version\":2,\"root\":1," DATES ",\"lists\":[");
		enum tutela_err err;

		len += (size_t)sprintf(text + len, row, names[i][0]);
		len += (size_t)sprintf(text + len, ",");
		len += (size_t)sprintf(text + len, row, names[i][1]);
		strcpy(text + len, "]}");
		err = parse(text, &index);
		cr_assert_eq(err, i ? TUTELA_E_FORMAT : TUTELA_OK, "%zu: %s", i, why);
		tutela_bundle_index_free(&index);
	}
}

Test(bundle_format, names_are_plain)
{
	char longest[BUNDLE_NAME_MAX + 2];

	cr_assert(tutela_bundle_name_plain("a"));
	cr_assert(tutela_bundle_name_plain("list.1-2.delta.zst"));
	cr_assert(tutela_bundle_name_plain("0_azAZ.09") && tutela_bundle_name_plain("Z") &&
		  tutela_bundle_name_plain("9"));
	cr_assert(!tutela_bundle_name_plain(NULL) && !tutela_bundle_name_plain(""));
	cr_assert(!tutela_bundle_name_plain("a/b") && !tutela_bundle_name_plain("..") &&
		  !tutela_bundle_name_plain(".a"));
	cr_assert(!tutela_bundle_name_plain("-a") && !tutela_bundle_name_plain("a\\b") &&
		  !tutela_bundle_name_plain("a b"));
	cr_assert(!tutela_bundle_name_plain("\303\251") && !tutela_bundle_name_plain("a\n"));
	memset(longest, 'a', sizeof longest);
	longest[BUNDLE_NAME_MAX + 1] = '\0';
	cr_assert(!tutela_bundle_name_plain(longest));
	longest[BUNDLE_NAME_MAX] = '\0';
	cr_assert(tutela_bundle_name_plain(longest));
}

static enum tutela_err manifest_of_kind(enum tutela_list_kind kind)
{
	static struct bundle_manifest m, back;
	enum tutela_err err;
	size_t len;
	char *text;

	m = (struct bundle_manifest){
		.list = "a", .version = 3, .issued = 1924949045, .expires = 1956485045, .kind = kind};
	m.n_files = 1;
	m.files[0] = (struct bundle_file){.name = "a.3.full.zst", .version = 3, .length = 9, .plain = 20, .records = 1};
	OK(tutela_bundle_manifest_text(&m, &text, &len));
	err = tutela_bundle_manifest_parse(text, len, "a.3.json", &back, why);
	free(text);
	return err;
}

/* A source may say what is known, never what is to be silenced. */
Test(bundle_format, no_list_of_a_source_allows)
{
	OK(manifest_of_kind(TUTELA_LIST_KNOWN));
	OK(manifest_of_kind(TUTELA_LIST_EXCLUDE));
	FAILS(manifest_of_kind(TUTELA_LIST_ALLOW), TUTELA_E_FORMAT);
	cr_assert(strstr(why, "is not one of known, exclude"), "%s", why);
}

/* BUNDLE.md: it means something to its publisher only. */
Test(bundle_format, the_mark_of_another_publisher_is_passed_over)
{
	static const char *const marks[] = {
		"",
		",\"mark\":{}",
		",\"mark\":null",
		",\"mark\":[1]",
		",\"mark\":\"theirs\"",
		",\"mark\":{\"store\":\"x\",\"list\":1,\"versions\":[]}",
		",\"mark\":{\"store\":\"00112233-4455-6677-8899-aabbccddeeff\",\"list\":0,\"versions\":{}}",
		",\"mark\":{\"store\":\"00112233-4455-6677-8899-aabbccddeeff\",\"list\":7,\"versions\":[{}]}",
	};

	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
		struct bundle_manifest m;
		char text[2048];

		snprintf(text, sizeof text,
			 "{\"type\":\"tutela-list\",\"format\":1,\"list\":\"a\",\"version\":3," DATES
			 ",\"kind\":\"known\",\"digest\":" SHA
			 ",\"active\":1,\"disputed\":0,\"fingerprints\":{\"md5\":1},"
			 "\"files\":[{\"name\":\"a.3.full.zst\",\"version\":3,\"length\":9,\"sha256\":" SHA
			 ",\"plain_length\":9,\"records\":1}]%s}",
			 marks[i]);
		OK(tutela_bundle_manifest_parse(text, strlen(text), "a.3.json", &m, why));
		cr_assert(!m.store[0] && !m.list_number && !m.n_marks, "%s", marks[i]);
	}
}
