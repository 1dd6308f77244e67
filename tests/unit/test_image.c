/* SPDX-License-Identifier: Apache-2.0 */
#include "index_data.h"

#include <sys/stat.h>

#include "base/checksum.h"
#include "match/permute.h"
#include "match/search.h"

/* A file's bytes. */
static uint8_t *slurp(int fd, size_t *len)
{
	struct stat st;

	cr_assert_eq(fstat(fd, &st), 0);
	*len = (size_t)st.st_size;
	uint8_t *p = malloc(*len);
	cr_assert_eq(pread(fd, p, *len, 0), (ssize_t)*len);
	return p;
}

static int spill(const uint8_t *p, size_t len)
{
	int fd = scratch_file();

	cr_assert_eq(pwrite(fd, p, len, 0), (ssize_t)len);
	return fd;
}

static enum tutela_err open_bytes(const uint8_t *p, size_t len, bool resident, struct tutela_index **ix)
{
	struct tutela_index_open_opts o = {.size = sizeof(o), .resident = resident};
	int fd = spill(p, len);
	enum tutela_err err = tutela_index_open(fd, &o, ix);

	close(fd);
	return err;
}

static uint64_t le(const uint8_t *p, unsigned width)
{
	uint64_t v = 0;

	while (width-- > 0)
		v = v << 8 | p[width];
	return v;
}

/* Reads an image with nothing but the text of format.h at hand. */
Test(image, follows_the_written_format)
{
	struct data d = make_data(1, UNIFORM, 40000, 256);
	int fd = build_file(&d, TUTELA_INDEX_TABLES);
	size_t len;
	uint8_t *p = slurp(fd, &len);

	cr_assert_arr_eq(p, "TUTELAIX", 8);
	cr_assert_eq(le(p + 8, 4), 1);
	cr_assert_eq(le(p + 12, 4), 256);
	cr_assert_eq(le(p + 16, 4), 2);
	cr_assert_eq(le(p + 20, 4), 16);
	cr_assert_eq(le(p + 24, 4), 16);
	cr_assert_eq(le(p + 28, 4), 1);
	cr_assert_eq(le(p + 32, 8), d.n);
	cr_assert_eq(le(p + 40, 8), len);
	cr_assert_eq(le(p + 48, 8), 1 << 20);
	cr_assert_eq(le(p + 56, 4), 51);
	cr_assert_eq(le(p + 4088, 8), tutela_checksum(p, 4088));

	uint64_t end = 4096, at[7][16] = {{0}}, sum[64], n_sums = 0;
	for (unsigned i = 0; i < 51; i++) {
		const uint8_t *s = p + 128 + 32 * i;
		uint64_t offset = le(s + 8, 8), padded = (le(s + 16, 8) + 63) / 64 * 64;

		cr_assert_eq(offset % 64, 0);
		cr_assert_eq(offset, end);
		end = offset + padded;
		at[le(s, 4)][le(s + 4, 4)] = offset;
		for (uint64_t b = 0; le(s, 4) != 6 && b < padded; b += 1 << 20)
			sum[n_sums++] = tutela_checksum(p + offset + b, padded - b < 1 << 20 ? padded - b : 1 << 20);
	}
	cr_assert_eq(end, len);
	cr_assert_eq(n_sums, 2 + 1 + 48);
	for (uint64_t i = 0; i < n_sums; i++)
		cr_assert_eq(le(p + at[6][0] + 8 * i, 8), sum[i]);
	cr_assert_eq(le(p + 64, 8), tutela_checksum(p + at[6][0], (8 * n_sums + 63) / 64 * 64));

	for (unsigned id = 0; id < d.n; id += 997) {
		const uint8_t *code = p + at[1][0] + 32 * id, *text = d.codes + 32 * id;

		cr_assert_eq(le(p + at[2][0] + 4 * id, 4), d.values[id]);
		for (unsigned row = 0; row < 16; row++)
			for (unsigned k = 0; k < 16; k++)
				cr_assert_eq(le(text + 2 * row, 2) >> k & 1,
					     le(code + 2 * ((row + 5 * k) % 16), 2) >> k & 1);
		for (unsigned t = 0; t < 16; t++) {
			uint64_t bucket = le(code + 2 * t, 2), found = 0;

			for (uint64_t e = le(p + at[3][t] + 4 * bucket, 4); e < le(p + at[3][t] + 4 * bucket + 4, 4);
			     e++) {
				if (le(p + at[5][t] + 4 * e, 4) != id)
					continue;
				found++;
				cr_assert_eq(le(p + at[4][t] + 2 * e, 2), le(code + 2 * ((t + 1) % 16), 2));
			}
			cr_assert_eq(found, 1);
		}
	}
	free(p);
	close(fd);
	free_data(&d);
}

/* The bytes of an image are part of the format: these must never change. */
Test(image, digests_are_pinned)
{
	struct data d = make_data(42, UNIFORM, 1000, 256), e = make_data(42, UNIFORM, 1000, 64);
	struct tutela_index *ix[3] = {build(&d, TUTELA_INDEX_FLAT), build(&d, TUTELA_INDEX_TABLES),
				      build(&e, TUTELA_INDEX_AUTO)};
	static const uint64_t want[3] = {0xae37bc32ed78b0c2, 0x0fb9a9ed2e9bf5a8, 0xe5fd5db8a85f4c80};
	struct tutela_index_info info;

	for (int i = 0; i < 3; i++) {
		tutela_index_info(ix[i], &info);
		cr_expect_eq(info.digest, want[i], "%d: %#llx", i, (unsigned long long)info.digest);
		tutela_index_close(ix[i]);
	}
	free_data(&d);
	free_data(&e);
}

Test(image, ten_million_take_at_most_136_bytes_each)
{
	struct image im;

	tutela_image_plan(256, TUTELA_INDEX_TABLES, 10000000, &im);
	cr_assert_leq(im.len, UINT64_C(1360000000));
	tutela_image_plan(256, TUTELA_INDEX_TABLES, FORMAT_COUNT_MAX, &im);
	cr_assert_geq(im.len, FORMAT_COUNT_MAX * 132);
	cr_assert_leq(im.n_sections + 1, FORMAT_SECTIONS_MAX);
}

/* ------------------------------------------------------------------ damage */

Test(image, every_damaged_header_byte_is_noticed)
{
	struct data d = make_data(1, UNIFORM, 300, 256);

	for (int kind = TUTELA_INDEX_FLAT; kind <= TUTELA_INDEX_TABLES; kind++) {
		int fd = build_file(&d, (enum tutela_index_kind)kind);
		struct tutela_index *ix;
		size_t len;
		uint8_t *p = slurp(fd, &len);

		for (size_t i = 0; i < FORMAT_HEADER_LEN; i++) {
			uint8_t byte = (uint8_t)(1 << i % 8);

			cr_assert_eq(pwrite(fd, (uint8_t[]){p[i] ^ byte}, 1, (off_t)i), 1);
			enum tutela_err err = tutela_index_open(fd, NULL, &ix);
			cr_assert_eq(err,
				     i < 8    ? TUTELA_E_FORMAT
				     : i < 12 ? TUTELA_E_VERSION
					      : TUTELA_E_CORRUPT,
				     "byte %zu", i);
			cr_assert_eq(pwrite(fd, p + i, 1, (off_t)i), 1);
		}
		cr_assert_eq(tutela_index_open(fd, NULL, &ix), TUTELA_OK);
		tutela_index_close(ix);
		free(p);
		close(fd);
	}
	free_data(&d);
}

/* A hostile header: fields that lie, under a checksum that holds. */
Test(image, lying_headers_are_refused)
{
	struct data d = make_data(1, UNIFORM, 300, 256);
	int fd = build_file(&d, TUTELA_INDEX_TABLES);
	struct tutela_index *ix = NULL;
	uint64_t seed = 1;
	size_t len;
	uint8_t *good = slurp(fd, &len), p[FORMAT_HEADER_LEN];

	for (unsigned i = 0; i < 4000; i++) {
		/* Fields of 4 bytes from the bits to the last section; some of the values are chosen to overflow. */
		size_t field = 12 + 4 * random_below(&seed, (128 + 51 * 32 - 12) / 4);
		static const uint32_t bad[] = {0, 1, 0x7fffffff, 0xffffffff, 0xffffffc0, 64, 0x80000000, 4096};
		uint32_t v = i % 2 ? (uint32_t)random64(&seed) : bad[random_below(&seed, 8)];

		memcpy(p, good, sizeof(p));
		memcpy(p + field, &v, 4);
		uint64_t sum = tutela_checksum(p, 4088);
		memcpy(p + 4088, &sum, 8);
		cr_assert_eq(pwrite(fd, p, sizeof(p), 0), (ssize_t)sizeof(p));
		enum tutela_err err = tutela_index_open(fd, NULL, &ix);
		if (err) {
			cr_assert_eq(err, TUTELA_E_CORRUPT, "field %zu", field);
			continue;
		}
		/* It was harmless for open: then search is safe, too. */
		struct tutela_search_opts o = within(31);
		struct tutela_matches m = {0};

		(void)!tutela_index_search(ix, d.codes, &o, &m);
		(void)!tutela_index_verify(ix, NULL, NULL);
		tutela_matches_free(&m);
		tutela_index_close(ix);
	}
	free(good);
	close(fd);
	free_data(&d);
}

/* Each section moved, cut, renamed or doubled, everything else as it should be. */
Test(image, lying_sections_are_refused)
{
	struct data d = make_data(1, UNIFORM, 300, 256);
	int fd = build_file(&d, TUTELA_INDEX_TABLES);
	struct image im;
	size_t len;
	uint8_t *good = slurp(fd, &len), *p = aligned_alloc(64, len);

	for (unsigned i = 0; i < 51 * 8; i++) {
		/* Where in the entry, how wide, and by how much it is off. */
		const uint8_t *s = good + 128 + 32 * (i / 8);
		const struct {
			unsigned at, width;
			uint64_t off;
		} lies[8] = {
			{8, 8, len - 64 - le(s + 8, 8)}, /* begins in the last line */
			{8, 8, len + 64 - le(s + 8, 8)}, /* begins behind the end */
			{8, 8, 32},                      /* not aligned */
			{8, 8, -le(s + 8, 8)},           /* begins in the header */
			{16, 8, (uint64_t)-4},
			{16, 8, UINT64_C(1) << 63},
			{0, 4, 100},
			{24, 8, 1},
		};
		uint64_t v = le(s + lies[i % 8].at, lies[i % 8].width) + lies[i % 8].off, sum;

		if (lies[i % 8].off == 0)
			continue;
		memcpy(p, good, len);
		memcpy(p + (s - good) + lies[i % 8].at, &v, lies[i % 8].width);
		sum = tutela_checksum(p, 4088);
		memcpy(p + 4088, &sum, 8);
		cr_assert_eq(tutela_image_decode(p, len, &im), TUTELA_E_CORRUPT, "section %u, lie %u", i / 8, i % 8);
	}
	free(good);
	free(p);
	close(fd);
	free_data(&d);
}

Test(image, truncation_is_noticed)
{
	struct data d = make_data(1, UNIFORM, 300, 256);
	int fd = build_file(&d, TUTELA_INDEX_TABLES);
	struct tutela_index *ix;
	struct stat st;

	cr_assert_eq(fstat(fd, &st), 0);
	for (off_t len = st.st_size - 1; len >= 0; len -= len > 5000 ? 65537 : 13) {
		cr_assert_eq(ftruncate(fd, len), 0);
		enum tutela_err err = tutela_index_open(fd, NULL, &ix);
		cr_assert_eq(err, len < 12 ? TUTELA_E_FORMAT : TUTELA_E_CORRUPT, "length %lld", (long long)len);
		cr_assert_null(ix);
	}
	close(fd);

	/* Longer is wrong too. */
	fd = build_file(&d, TUTELA_INDEX_FLAT);
	cr_assert_eq(fstat(fd, &st), 0);
	cr_assert_eq(ftruncate(fd, st.st_size + 64), 0);
	cr_assert_eq(tutela_index_open(fd, NULL, &ix), TUTELA_E_CORRUPT);
	close(fd);
	free_data(&d);
}

/*
 * Verify must say so, and searches may find anything but must read nothing
 * outside: `p` is of the heap, where AddressSanitizer watches both ends.
 */
static void assert_harmless(const uint8_t *p, size_t len, const struct data *d, const char *what)
{
	static const unsigned radius[] = {0, 15, 31, 63, 256};
	static const enum tutela_isa levels[] = {TUTELA_ISA_SCALAR, TUTELA_ISA_AVX2, TUTELA_ISA_AVX512};
	struct tutela_matches m = {0};
	struct collector c;
	struct image im;

	cr_assert_eq(tutela_image_decode(p, len, &im), TUTELA_OK);
	cr_assert_eq(tutela_image_verify(&im, NULL, NULL), TUTELA_E_CORRUPT, "%s", what);
	for (unsigned i = 0; i < 3 * 5 * 2; i++) {
		const struct kernels *k = tutela_kernels_get(levels[i % 3]);
		struct tutela_search_opts o = within(radius[i / 3 % 5]);

		o.nearest = i >= 15;
		for (size_t j = 0; k && j < d->n; j += d->n / 3 + 1) {
			struct code256 q = permute_forward(code256_load(d->codes + 32 * j));

			tutela_collect_begin(&c, &o, o.radius, &m);
			tutela_tables_search(&im, k, (const uint8_t *)q.w, &c);
			enum tutela_err err = tutela_collect_end(&c);

			cr_assert(err == TUTELA_OK || err == TUTELA_E_CORRUPT);
		}
	}
	tutela_matches_free(&m);
}

Test(image, every_damaged_block_is_found_and_harms_no_search)
{
	struct data d = make_data(1, UNIFORM, 20000, 256);
	int fd = build_file(&d, TUTELA_INDEX_TABLES);
	uint64_t seed = 3;
	size_t len;
	uint8_t *good = slurp(fd, &len), *p = aligned_alloc(64, len);

	for (unsigned i = 0; i < 60; i++) {
		const uint8_t *s = good + 128 + 32 * (i % 51);
		uint64_t at = le(s + 8, 8), n = (le(s + 16, 8) + 63) / 64 * 64;

		memcpy(p, good, len);
		if (i < 51)
			p[at + random64(&seed) % n] ^= (uint8_t)(1 << i % 8);
		else
			for (unsigned j = 0; j < 1000; j++)
				p[4096 + random64(&seed) % (len - 4096)] = (uint8_t)random64(&seed);
		assert_harmless(p, len, &d, i < 51 ? "one bit" : "many bytes");
	}
	/* Nothing but noise behind a good header. */
	for (unsigned i = 0; i < 6; i++) {
		memcpy(p, good, 4096);
		if (i < 2)
			memset(p + 4096, i ? 0xff : 0, len - 4096);
		else
			random_bytes(&seed, p + 4096, len - 4096);
		assert_harmless(p, len, &d, "noise");
	}
	free(good);
	free(p);
	close(fd);
	free_data(&d);
}

/* Checksums made anew over wrong tables: the invariants must tell. */
static void reseal(uint8_t *p, size_t len)
{
	struct image im;
	uint64_t sum;

	cr_assert_eq(tutela_image_decode(p, len, &im), TUTELA_OK);
	for (size_t i = 0; i < im.n_sections; i++) {
		uint64_t padded = image_padded(im.section[i].len);

		for (uint64_t b = 0; b < padded; b += FORMAT_BLOCK_LEN) {
			sum = tutela_checksum(p + im.section[i].offset + b,
					      padded - b < FORMAT_BLOCK_LEN ? padded - b : FORMAT_BLOCK_LEN);
			memcpy(p + im.sums.offset + 8 * (im.section[i].first_sum + b / FORMAT_BLOCK_LEN), &sum, 8);
		}
	}
	sum = tutela_checksum(p + im.sums.offset, image_padded(im.sums.len));
	memcpy(p + 64, &sum, 8);
	sum = tutela_checksum(p, 4088);
	memcpy(p + 4088, &sum, 8);
}

Test(image, wrong_tables_under_right_checksums_are_found)
{
	struct data d = make_data(1, LOW, 20000, 256);
	int fd = build_file(&d, TUTELA_INDEX_TABLES);
	struct tutela_index *ix;
	size_t len;
	uint8_t *good = slurp(fd, &len), *p = malloc(len);

	for (unsigned i = 0; i < 48; i++) {
		const uint8_t *s = good + 128 + 32 * (2 + i);
		uint64_t at = le(s + 8, 8);

		memcpy(p, good, len);
		switch (le(s, 4)) {
		case FORMAT_OFFSETS: /* one bucket's border moved */
			for (uint64_t b = 4 * 30000; le(p + at + b, 4) == 0 && b < 4 * 65535; b += 4)
				;
			p[at + 4 * (uint64_t)(i % 2 ? 65536 : 0)]++;
			break;
		case FORMAT_SKETCHES:
			p[at + 2 * 777] ^= 1;
			break;
		default: /* two ids change places, or one comes twice */
			memcpy(p + at + 4 * 500, good + at + 4 * 501, 4);
			if (i % 2)
				memcpy(p + at + 4 * 501, good + at + 4 * 500, 4);
		}
		reseal(p, len);
		cr_assert_eq(open_bytes(p, len, true, &ix), TUTELA_OK);
		cr_assert_eq(tutela_index_verify(ix, NULL, NULL), TUTELA_E_CORRUPT, "section %u", 2 + i);
		tutela_index_close(ix);
	}
	/* Sealing alone changes nothing. */
	memcpy(p, good, len);
	reseal(p, len);
	cr_assert_arr_eq(p, good, len);
	free(good);
	free(p);
	close(fd);
	free_data(&d);
}

static bool count_down(void *ctx, uint64_t done, uint64_t total)
{
	int *left = ctx;

	cr_assert_leq(done, total);
	if (*left > 0 && --*left == 0)
		return false;
	if (done == total)
		*left = -1;
	return true;
}

/* Damages the sections of one type, one a table, past their first and before their last number. */
static void spoil(uint8_t *p, enum format_section type, uint32_t bad)
{
	for (unsigned t = 0; t < 16; t++) {
		const uint8_t *s = p + 128 + 32 * (2 + 3 * t + type - FORMAT_OFFSETS);
		uint64_t step = type == FORMAT_IDS ? 4 : 8;

		for (uint64_t at = 4; at + 4 < le(s + 16, 8); at += step)
			memcpy(p + le(s + 8, 8) + at, &bad, 4);
	}
}

/* All buckets of all tables moved up: still ascending, each as long as before. */
static void shift_buckets(uint8_t *p, uint32_t by)
{
	for (unsigned t = 0; t < 16; t++) {
		uint8_t *offset = p + le(p + 128 + 32 * (2 + 3 * t) + 8, 8);

		for (unsigned b = 1; b < 65536; b++) {
			uint32_t v = (uint32_t)le(offset + 4 * b, 4) + by;

			memcpy(offset + 4 * b, &v, 4);
		}
	}
}

/* Numbers that would lead out of the image, in tables that are otherwise right. */
Test(image, hostile_offsets_and_ids_are_errors)
{
	struct data d = make_data(1, UNIFORM, 20000, 256);
	int fd = build_file(&d, TUTELA_INDEX_TABLES);
	struct tutela_search_opts o = within(31);
	struct tutela_matches m = {0};
	size_t len;
	uint8_t *good = slurp(fd, &len), *p = aligned_alloc(64, len);

	for (unsigned i = 0; i < 9; i++) {
		static const uint32_t bad[] = {30000, 0x7fffffff, 0xffff0000};
		struct collector c;
		struct image im;

		memcpy(p, good, len);
		if (i < 6)
			spoil(p, i % 2 ? FORMAT_OFFSETS : FORMAT_IDS, bad[i / 2]);
		else
			shift_buckets(p, bad[i - 6]);
		reseal(p, len);
		cr_assert_eq(tutela_image_decode(p, len, &im), TUTELA_OK);
		cr_assert_eq(tutela_image_verify(&im, NULL, NULL), TUTELA_E_CORRUPT);
		tutela_collect_begin(&c, &o, o.radius, &m);
		tutela_tables_search(&im, tutela_kernels_get(TUTELA_ISA_AUTO), im.codes + 32 * 5000, &c);
		cr_assert_eq(tutela_collect_end(&c), TUTELA_E_CORRUPT);
		cr_assert_eq(m.n, 0);
	}
	tutela_matches_free(&m);
	free(good);
	free(p);
	close(fd);
	free_data(&d);
}

/* What a later version may add without breaking this one: sections of unknown type. */
Test(image, unknown_sections_are_passed_over)
{
	struct data d = make_data(1, UNIFORM, 300, 256);
	int fd = build_file(&d, TUTELA_INDEX_FLAT);
	struct image im;
	size_t len;
	uint8_t *good = slurp(fd, &len), *p = aligned_alloc(64, len + 128), *s = p + 128 + 2 * 32;

	memset(p, 0, len + 128);
	memcpy(p, good, len);
	memcpy(s + 32, s, 32);                                 /* the checksums come after … */
	memcpy(s, (uint32_t[]){99, 7}, 8);                     /* … a new section, … */
	memcpy(s + 8, (uint64_t[]){len, 50}, 16);              /* … of one block, … */
	memcpy(s + 32 + 8, (uint64_t[]){len + 64, 3 * 8}, 16); /* … and sum up three. */
	memcpy(p + 40, (uint64_t[]){len + 128}, 8);
	p[56] = 4;
	uint64_t sum = tutela_checksum(p, 4088);
	memcpy(p + 4088, &sum, 8);
	p[len] = 1;
	reseal(p, len + 128);
	cr_assert_eq(tutela_image_decode(p, len + 128, &im), TUTELA_OK);
	cr_assert_eq(im.count, d.n);
	cr_assert_eq(tutela_image_verify(&im, NULL, NULL), TUTELA_OK);
	p[len] = 2;
	cr_assert_eq(tutela_image_verify(&im, NULL, NULL), TUTELA_E_CORRUPT);
	free(good);
	free(p);
	close(fd);
	free_data(&d);
}

Test(image, verify_reports_progress_and_stops)
{
	struct data d = make_data(1, UNIFORM, 20000, 256);
	struct tutela_index *ix = build(&d, TUTELA_INDEX_TABLES);
	int left = 0;

	cr_assert_eq(tutela_index_verify(ix, count_down, &left), TUTELA_OK);
	cr_assert_eq(left, -1, "the end was not reported");
	left = 3;
	cr_assert_eq(tutela_index_verify(ix, count_down, &left), TUTELA_E_INTERRUPTED);
	left = 200;
	cr_assert_eq(tutela_index_verify(ix, count_down, &left), TUTELA_E_INTERRUPTED);
	tutela_index_close(ix);
	free_data(&d);
}
