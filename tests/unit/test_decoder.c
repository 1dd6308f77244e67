/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder programs against the vectors of the PDQ reference and of
 * ImageHash, which are files of real cameras and programs.
 */
#include <tutela/decode.h>

#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_LEN 4096

static FILE *open_vectors(const char *name)
{
	char path[1024];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", TEST_VECTORS, name);
	f = fopen(path, "r");
	if (!f)
		cr_skip_test("skipped: no vectors");
	return f;
}

static struct tutela_decoder *open_pool(void)
{
	struct tutela_decoder_opts o = {.size = sizeof(o), .program_dir = TEST_BIN_DIR};
	struct tutela_decoder *pool;

	cr_assert_eq(tutela_decoder_open(&o, &pool), TUTELA_OK);
	return pool;
}

static struct tutela_decoded hash_vector(struct tutela_decoder *pool, const char *name)
{
	struct tutela_decoded d;
	char path[1024];
	int fd;

	snprintf(path, sizeof(path), "%s/pdq-data/%s", TEST_VECTORS, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0, "%s", path);
	cr_assert_eq(tutela_decoder_hash_fd(pool, fd, &d), TUTELA_OK);
	close(fd);
	return d;
}

static int distance(enum tutela_algorithm algorithm, const uint8_t *got, const char *want)
{
	struct tutela_hash a, b;

	cr_assert_eq(tutela_hash_parse(algorithm, want, strlen(want), &b), TUTELA_OK, "%s", want);
	a = b;
	memcpy(a.bytes, got, a.len);
	return tutela_hash_distance(&a, &b);
}

/* Splits in place at commas; returns how many fields there were. */
static size_t split(char *line, char **fields, size_t most)
{
	size_t n = 0;

	line[strcspn(line, "\r\n")] = 0;
	for (char *p = line; p && n < most; n++) {
		fields[n] = p;
		p = strchr(p, ',');
		if (p)
			*p++ = 0;
	}
	return n;
}

static void next_vector(struct tutela_decoder *pool, char **f)
{
	struct tutela_decoded d = hash_vector(pool, f[0]);
	int ref, full;

	cr_expect_eq(d.class_, TUTELA_DECODE_OK, "%s: %s", f[0], tutela_decode_class_name(d.class_));
	cr_expect(d.width == (uint32_t)atoi(f[3]) && d.height == (uint32_t)atoi(f[4]), "%s: %u x %u", f[0], d.width,
		  d.height);
	ref = distance(TUTELA_ALG_PDQ, d.hashes.pdq.hash, f[1]);
	full = f[5][0] ? distance(TUTELA_ALG_PDQ, d.hashes.pdq_full.hash, f[5]) : 0; /* the reference failed */
	if (atoi(f[2]) >= 80)
		cr_expect_leq(ref, 10, "%s: %d bits from ref", f[0], ref);
	if (atoi(f[6]) >= 80)
		cr_expect_leq(full, 10, "%s: %d bits from full", f[0], full);
}

Test(decoder, files_of_the_pdq_reference, .timeout = 120)
{
	FILE *csv = open_vectors("pdq-files.csv");
	struct tutela_decoder *pool = open_pool();
	char line[LINE_MAX_LEN], *fields[8];
	unsigned n = 0;

	cr_assert(fgets(line, sizeof(line), csv), "a heading");
	for (; fgets(line, sizeof(line), csv); n++) {
		cr_assert_eq(split(line, fields, 8), 8);
		next_vector(pool, fields);
	}
	cr_expect_eq(n, 49);
	fclose(csv);
	tutela_decoder_close(pool);
}

Test(decoder, files_of_imagehash, .timeout = 120)
{
	FILE *csv = open_vectors("imagehash.csv");
	struct tutela_decoder *pool = open_pool();
	char line[LINE_MAX_LEN], *f[3];
	unsigned n = 0;

	cr_assert(fgets(line, sizeof(line), csv), "a heading");
	for (; fgets(line, sizeof(line), csv); n++) {
		struct tutela_decoded d;
		int phash, dhash;

		cr_assert_eq(split(line, f, 3), 3);
		d = hash_vector(pool, f[0]);
		phash = distance(TUTELA_ALG_PHASH, d.hashes.phash, f[1]);
		dhash = distance(TUTELA_ALG_DHASH, d.hashes.dhash, f[2]);
		cr_expect(phash <= 2 && dhash <= 2, "%s: %d and %d bits", f[0], phash, dhash);
	}
	cr_expect_eq(n, 42);
	fclose(csv);
	tutela_decoder_close(pool);
}
