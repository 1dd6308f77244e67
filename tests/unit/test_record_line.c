/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/record_line.h"

static struct tutela_text text(const char *s)
{
	return (struct tutela_text){*s ? s : NULL, strlen(s)};
}

static void parse(struct tutela_record *rec, enum tutela_algorithm a, const char *hex)
{
	cr_assert_eq(tutela_hash_parse(a, hex, strlen(hex), &rec->fingerprints[rec->n_fingerprints++]), TUTELA_OK);
}

static void expect(const struct tutela_record *rec, enum record_view view, const char *line)
{
	char *buf = malloc(RECORD_LINE_MAX);
	size_t len = tutela_record_line(rec, view, buf);

	cr_assert_leq(len, tutela_record_line_room(rec));
	cr_assert(len == strlen(line) && !memcmp(buf, line, len), "'%.*s' is not '%s'", (int)len, buf, line);
	free(buf);
}

Test(record_line, sorts_fingerprints_and_drops_doubles)
{
	struct tutela_record rec = {.id = text("m/1"), .source_time = 1924949045};

	parse(&rec, TUTELA_ALG_SHA1, "00112233445566778899aabbccddeeff00112233");
	parse(&rec, TUTELA_ALG_MD5, "FF112233445566778899AABBCCDDEEFF");
	parse(&rec, TUTELA_ALG_MD5, "00112233445566778899aabbccddeeff");
	parse(&rec, TUTELA_ALG_MD5, "ff112233445566778899aabbccddeeff");
	expect(&rec, RECORD_ISSUED,
	       "active\tm/1\t1924949045\tmd5:00112233445566778899aabbccddeeff md5:ff112233445566778899aabbccddeeff "
	       "sha1:00112233445566778899aabbccddeeff00112233\t");
}

Test(record_line, escapes_what_would_end_a_field)
{
	struct tutela_record rec = {.id = text("a\tb%"),
				    .status = TUTELA_WITHDRAWN,
				    .reason = text("wrong=\n"),
				    .n_labels = 2,
				    .labels = {{text("k=\x7f"), text("v=1")}, {text("series"), text("\xc3\xa9 x")}}};

	expect(&rec, RECORD_ISSUED, "withdrawn\ta%09b%25\t0\t\twrong=%0A\tk%3D%7F=v=1\tseries=\xc3\xa9 x");
}

Test(record_line, tells_what_is_issued_from_what_is_in_force)
{
	struct tutela_record rec = {.id = text("1"),
				    .status = TUTELA_DISPUTED,
				    .reason = text("seen"),
				    .local = true,
				    .issued = TUTELA_ACTIVE};

	expect(&rec, RECORD_ISSUED, "active\t1\t0\t\t");
	expect(&rec, RECORD_EFFECTIVE, "disputed\t1\t0\t\tseen");
}

Test(record_line, has_room_for_the_largest_record)
{
	static char bytes[TUTELA_TEXT_MAX];
	struct tutela_record *rec = calloc(1, sizeof *rec);
	char *buf = malloc(RECORD_LINE_MAX);

	memset(bytes, 1, sizeof bytes);
	rec->id = (struct tutela_text){bytes, TUTELA_ENTRY_ID_MAX};
	rec->reason = (struct tutela_text){bytes, TUTELA_TEXT_MAX};
	rec->status = TUTELA_WITHDRAWN;
	rec->source_time = INT64_MIN;
	rec->n_fingerprints = TUTELA_FINGERPRINTS_MAX;
	for (size_t i = 0; i < rec->n_fingerprints; i++)
		rec->fingerprints[i] = (struct tutela_hash){TUTELA_ALG_PHOTODNA, TUTELA_HASH_MAX, {(uint8_t)(i + 1)}};
	rec->n_labels = TUTELA_LABELS_MAX;
	for (size_t i = 0; i < rec->n_labels; i++) {
		rec->labels[i].key = (struct tutela_text){bytes, TUTELA_LABEL_KEY_MAX};
		rec->labels[i].value = (struct tutela_text){bytes, TUTELA_TEXT_MAX};
	}
	cr_assert_leq(tutela_record_line(rec, RECORD_ISSUED, buf), tutela_record_line_room(rec));
	cr_assert_leq(tutela_record_line_room(rec), RECORD_LINE_MAX);
	free(buf);
	free(rec);
}
