/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checking an image whole: first what the checksums cover, which is every byte;
 * then that the tables are those that belong to the codes, which finds the
 * faults of a builder.
 */
#include "match/image.h"

#include "base/bytes.h"
#include "base/checksum.h"
#include "match/permute.h"

/* Entries whose codes are fetched ahead. */
#define LEAD 32

struct verify {
	const struct image *im;
	bool (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
	uint64_t done, total; /* bytes, those of ids counted twice */
};

static enum tutela_err advance(struct verify *v, uint64_t n)
{
	v->done += n;
	return !v->progress || v->progress(v->ctx, v->done, v->total) ? TUTELA_OK : TUTELA_E_INTERRUPTED;
}

static enum tutela_err verify_sums(struct verify *v, const struct image_section *s)
{
	const struct image *im = v->im;
	uint64_t len = image_padded(s->len);
	struct bytes_reader sums =
		bytes_reader_init(im->base + im->sums.offset + 8 * s->first_sum, 8 * image_blocks(s->len));

	for (uint64_t i = 0; i < len; i += FORMAT_BLOCK_LEN) {
		uint64_t n = len - i < FORMAT_BLOCK_LEN ? len - i : FORMAT_BLOCK_LEN;

		if (tutela_checksum(im->base + s->offset + i, n) != bytes_u64(&sums))
			return TUTELA_E_CORRUPT;
		enum tutela_err err = advance(v, n);
		if (err)
			return err;
	}
	return TUTELA_OK;
}

static bool offsets_good(const struct image *im, const struct image_table *table)
{
	bool good = table->offset[0] == 0 && table->offset[FORMAT_BUCKETS] == im->count;

	for (size_t b = 0; b < FORMAT_BUCKETS; b++)
		good = good && table->offset[b] <= table->offset[b + 1];
	return good;
}

/*
 * Entries begin .. end - 1 of bucket `b` of table `t`: ids ascend, so none comes
 * twice; a code's row being the bucket, it comes in no other bucket either. As
 * many entries as codes in all: each comes once.
 */
static bool bucket_good(const struct image *im, unsigned t, uint32_t b, uint32_t begin, uint32_t end)
{
	const struct image_table *table = &im->table[t];

	for (uint32_t p = begin; p < end; p++) {
		uint32_t id = table->id[p], ahead = p + LEAD < im->count ? table->id[p + LEAD] : id;

		if (id >= im->count || (p > begin && id <= table->id[p - 1]))
			return false;
		if (ahead < im->count)
			__builtin_prefetch(im->codes + 32 * (size_t)ahead);
		struct code256 c = code256_load(im->codes + 32 * (size_t)id);
		if (code256_row(&c, t) != b || code256_row(&c, (t + 1) % FORMAT_TABLES) != table->sketch[p])
			return false;
	}
	return true;
}

static enum tutela_err verify_table(struct verify *v, unsigned t)
{
	const struct image_table *table = &v->im->table[t];
	const uint32_t step = FORMAT_BUCKETS / 64; /* buckets between two reports of progress */

	if (!offsets_good(v->im, table))
		return TUTELA_E_CORRUPT;
	for (uint32_t b = 0; b < FORMAT_BUCKETS; b++) {
		enum tutela_err err = TUTELA_OK;

		if (!bucket_good(v->im, t, b, table->offset[b], table->offset[b + 1]))
			return TUTELA_E_CORRUPT;
		if ((b + 1) % step == 0)
			err = advance(v, 4 * (uint64_t)(table->offset[b + 1] - table->offset[b + 1 - step]));
		if (err)
			return err;
	}
	return TUTELA_OK;
}

enum tutela_err tutela_image_verify(const struct image *im, bool (*progress)(void *ctx, uint64_t done, uint64_t total),
				    void *ctx)
{
	struct verify v = {.im = im, .progress = progress, .ctx = ctx};
	bool tables = im->kind == TUTELA_INDEX_TABLES;
	enum tutela_err err = TUTELA_OK;

	for (size_t i = 0; i < im->n_sections; i++)
		v.total += image_padded(im->section[i].len);
	v.total += tables ? 4 * FORMAT_TABLES * im->count : 0;

	if (tutela_checksum(im->base + im->sums.offset, image_padded(im->sums.len)) != im->sums_digest)
		return TUTELA_E_CORRUPT;
	for (size_t i = 0; i < im->n_sections && !err; i++)
		err = verify_sums(&v, &im->section[i]);
	for (unsigned t = 0; tables && t < FORMAT_TABLES && !err; t++)
		err = verify_table(&v, t);
	return err;
}
