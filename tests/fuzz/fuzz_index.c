/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole index file with damage in it. The input is a list of choices: which
 * intact index to begin with, which checksums to put right after the damage,
 * which searches; then the damage itself, as many pieces as there are bytes for.
 *
 * No content may make a search read outside (exact_map.c makes that visible),
 * give a match past its radius, or leave something in the result after an
 * error. An index that passes verification must answer like an exhaustive scan.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "fuzz.h"
#include "match/image.h"

#define BASES   4
#define QUERIES 3
#define PIECES  64

static struct base {
	uint8_t *bytes;
	size_t len;
} bases[BASES];

/* Number 2, tables, is 4 MB, which are slow to go through: not often. */
static const uint8_t bases_by_choice[4] = {0, 1, 3, 1};

static int file = -1;

static uint64_t next(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 16;
}

/* Codes in clusters, so that searches find something. */
static void fill(uint8_t *codes, size_t n, size_t len)
{
	uint64_t state = 7;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < len; k++)
			codes[i * len + k] = (uint8_t)(i % 3 ? codes[(i - i % 3) * len + k] : next(&state));
		codes[i * len + next(&state) % len] ^= (uint8_t)(1 << next(&state) % 8);
	}
}

static void make_base(struct base *b, unsigned bits, enum tutela_index_kind kind, uint32_t n)
{
	const struct tutela_index_build_opts opts = {.size = sizeof(opts), .bits = bits, .kind = kind, .threads = 1};
	uint8_t codes[300 * 32];
	uint32_t values[300];
	struct tutela_index_info info;

	fill(codes, n, bits / 8);
	for (uint32_t i = 0; i < n; i++)
		values[i] = i * 3 + 1;
	require(ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0);
	require(!tutela_index_build_file(codes, values, n, &opts, file, &info));
	b->len = (size_t)info.bytes;
	b->bytes = malloc(b->len);
	require(b->bytes && pread(file, b->bytes, b->len, 0) == (ssize_t)b->len);
}

static void make_bases(void)
{
	file = memfd_create("index", MFD_CLOEXEC);
	require(file >= 0);
	make_base(&bases[0], 64, TUTELA_INDEX_FLAT, 40);
	make_base(&bases[1], 256, TUTELA_INDEX_FLAT, 33);
	make_base(&bases[2], 256, TUTELA_INDEX_TABLES, 300);
	make_base(&bases[3], 256, TUTELA_INDEX_FLAT, 0);
}

/* Each piece: a place (in the header, or anywhere), a length up to 8, the bytes. True when anything changed. */
static bool damage(uint8_t *p, size_t len, struct choices *c)
{
	bool changed = false;

	for (int i = 0; i < PIECES && c->at < c->end; i++) {
		uint32_t place = choose(c, 3), n = choose(c, 1);
		size_t at = n & 128 ? place % 512 : place % len;

		for (uint32_t k = 0; k < (n & 7) + 1 && at + k < len; k++) {
			uint8_t b = (uint8_t)choose(c, 1);

			changed |= p[at + k] != b;
			p[at + k] = b;
		}
	}
	return changed;
}

static void put64(uint8_t *p, uint64_t v)
{
	struct bytes_writer w = bytes_writer_init(p, 8);

	bytes_put_u64(&w, v);
}

static void repair_header(uint8_t *p, size_t len)
{
	if (len >= FORMAT_HEADER_LEN)
		put64(p + FORMAT_DIGEST_AT, tutela_checksum(p, FORMAT_DIGEST_AT));
}

/* The checksums of all blocks, where the header lets them be found. */
static void repair_blocks(uint8_t *p, size_t len)
{
	struct image im;

	if (tutela_image_decode(p, len, &im))
		return;
	for (size_t i = 0; i < im.n_sections; i++) {
		const struct image_section *s = &im.section[i];
		uint64_t padded = image_padded(s->len);

		for (uint64_t b = 0; b < image_blocks(s->len); b++) {
			uint64_t from = b * FORMAT_BLOCK_LEN, left = padded - from;

			put64(p + im.sums.offset + 8 * (s->first_sum + b),
			      tutela_checksum(p + s->offset + from, left < FORMAT_BLOCK_LEN ? left : FORMAT_BLOCK_LEN));
		}
	}
	put64(p + 64, tutela_checksum(p + im.sums.offset, image_padded(im.sums.len)));
	repair_header(p, len);
}

static bool keep_odd(void *ctx, uint32_t value, uint32_t distance)
{
	(void)ctx;
	return value % 2 || distance == 0;
}

static void check_matches(const struct tutela_matches *m, enum tutela_err err, const struct tutela_search_opts *o)
{
	require(err == TUTELA_OK || err == TUTELA_E_CORRUPT || err == TUTELA_E_NOMEM);
	require(!err || m->n == 0);
	require(!o->limit || m->n <= o->limit);
	for (size_t i = 0; i < m->n; i++) {
		require(m->items[i].distance <= o->radius);
		require(!i || m->items[i - 1].distance < m->items[i].distance ||
			(m->items[i - 1].distance == m->items[i].distance &&
			 m->items[i - 1].value <= m->items[i].value));
	}
}

static bool same(const struct tutela_matches *a, const struct tutela_matches *b)
{
	return a->n == b->n && (!a->n || !memcmp(a->items, b->items, a->n * sizeof(*a->items)));
}

static void search(const struct tutela_index *ix, const uint8_t *queries, const struct tutela_search_opts *o,
		   bool intact)
{
	struct tutela_matches one = {0}, all = {0}, batch[QUERIES] = {{0}};
	enum tutela_err err = tutela_index_search_batch(ix, queries, QUERIES, o, 1, batch);
	struct tutela_index_info info;

	tutela_index_info(ix, &info);
	require(!intact || !err);
	for (size_t i = 0; i < QUERIES; i++) {
		const uint8_t *q = queries + i * (info.bits / 8);
		enum tutela_err e = tutela_index_search(ix, q, o, &one), s;

		check_matches(&one, e, o);
		s = tutela_index_scan(ix, q, o, &all);
		check_matches(&all, s, o);
		require(!intact || (!e && !s));
		require(!intact || o->limit || (same(&one, &all) && same(&one, &batch[i])));
		tutela_matches_free(&batch[i]);
	}
	tutela_matches_free(&one);
	tutela_matches_free(&all);
}

static void use(const struct tutela_index *ix, uint32_t how, const uint8_t *queries, bool unchanged)
{
	static const unsigned radii[] = {0, 12, 31, 48, 64, 90, 128, 256};
	enum tutela_err verdict = tutela_index_verify(ix, NULL, NULL);
	struct tutela_index_info info;
	uint8_t code[32];
	uint32_t value;

	require(verdict == TUTELA_OK || verdict == TUTELA_E_CORRUPT);
	require(!unchanged || !verdict);
	tutela_index_info(ix, &info);
	for (uint64_t i = 0; i < info.count && i < 400; i += 7)
		require(!tutela_index_get(ix, i, code, &value));
	require(tutela_index_get(ix, info.count, code, &value) == TUTELA_E_ARG);
	for (int i = 0; i < 2; i++) {
		unsigned radius = radii[how >> 3 * i & 7];
		const struct tutela_search_opts o = {.size = sizeof(o),
						     .radius = radius < info.bits ? radius : info.bits,
						     .limit = how & 64 ? 2 : 0,
						     .nearest = how & 128,
						     .keep = how & 256 ? keep_odd : NULL};

		search(ix, queries, &o, !verdict);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct choices c = {data, data + size};
	const struct base *b;
	uint32_t which = choose(&c, 1), how = choose(&c, 2), cut = choose(&c, 2);
	struct tutela_index_open_opts opts = {
		.size = sizeof(opts), .isa = which & 32 ? TUTELA_ISA_SCALAR : TUTELA_ISA_AUTO, .resident = which & 64};
	struct tutela_index *ix;
	uint8_t *p, queries[QUERIES * 32] = {0};
	enum tutela_err err;
	size_t len;
	bool changed;

	if (file < 0)
		make_bases();
	b = &bases[(how >> 10 & 31) == 1 ? 2 : bases_by_choice[which & 3]];
	len = which & 128 && cut ? cut % b->len : b->len;
	p = exact_copy(b->bytes, len);
	for (size_t i = 0; i < sizeof(queries) && b->len > FORMAT_HEADER_LEN; i++)
		queries[i] = b->bytes[FORMAT_HEADER_LEN + i % 64];
	queries[choose(&c, 1) % sizeof(queries)] ^= (uint8_t)choose(&c, 1);
	changed = (len ? damage(p, len, &c) : false) || len != b->len;
	if (which & 8)
		repair_header(p, len);
	if (which & 16)
		repair_blocks(p, len);
	require(ftruncate(file, 0) == 0 && pwrite(file, p, len, 0) == (ssize_t)len);
	err = tutela_index_open(file, &opts, &ix);
	require(err == TUTELA_OK || err == TUTELA_E_FORMAT || err == TUTELA_E_VERSION || err == TUTELA_E_CORRUPT);
	require(!err == !!ix && (changed || !err));
	if (!err)
		use(ix, how, queries, !changed);
	tutela_index_close(ix);
	free(p);
	return 0;
}
