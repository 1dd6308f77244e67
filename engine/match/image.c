/* SPDX-License-Identifier: Apache-2.0 */
#include "match/image.h"

#include "base/bytes.h"
#include "base/checksum.h"

static void plan_section(struct image *im, enum format_section type, uint32_t table, uint64_t len)
{
	struct image_section *s = type == FORMAT_CHECKSUMS ? &im->sums : &im->section[im->n_sections++];

	*s = (struct image_section){
		.type = type, .table = table, .offset = im->len, .len = len, .first_sum = im->n_sums};
	im->len += image_padded(len);
	if (type != FORMAT_CHECKSUMS)
		im->n_sums += image_blocks(len);
}

void tutela_image_plan(unsigned bits, enum tutela_index_kind kind, uint64_t count, struct image *out)
{
	*out = (struct image){.bits = bits, .kind = kind, .count = count, .len = FORMAT_HEADER_LEN};

	plan_section(out, FORMAT_CODES, 0, count * (bits / 8));
	plan_section(out, FORMAT_VALUES, 0, count * 4);
	for (uint32_t t = 0; kind == TUTELA_INDEX_TABLES && t < FORMAT_TABLES; t++) {
		plan_section(out, FORMAT_OFFSETS, t, (FORMAT_BUCKETS + 1) * 4);
		plan_section(out, FORMAT_SKETCHES, t, count * 2);
		plan_section(out, FORMAT_IDS, t, count * 4);
	}
	plan_section(out, FORMAT_CHECKSUMS, 0, out->n_sums * 8);
}

static void put_section(struct bytes_writer *w, const struct image_section *s)
{
	bytes_put_u32(w, s->type);
	bytes_put_u32(w, s->table);
	bytes_put_u64(w, s->offset);
	bytes_put_u64(w, s->len);
	bytes_put_u64(w, 0);
}

void tutela_image_encode(struct image *im, uint8_t header[FORMAT_HEADER_LEN])
{
	bool tables = im->kind == TUTELA_INDEX_TABLES;
	struct bytes_writer w = bytes_writer_init(header, FORMAT_TABLE_AT);

	memset(header, 0, FORMAT_HEADER_LEN);
	bytes_put(&w, FORMAT_MAGIC, 8);
	bytes_put_u32(&w, FORMAT_VERSION);
	bytes_put_u32(&w, im->bits);
	bytes_put_u32(&w, im->kind);
	bytes_put_u32(&w, tables ? FORMAT_TABLES : 0);
	bytes_put_u32(&w, tables ? FORMAT_KEY_BITS : 0);
	bytes_put_u32(&w, tables ? FORMAT_DIAGONAL : FORMAT_PLAIN);
	bytes_put_u64(&w, im->count);
	bytes_put_u64(&w, im->len);
	bytes_put_u64(&w, FORMAT_BLOCK_LEN);
	bytes_put_u32(&w, (uint32_t)im->n_sections + 1);
	bytes_put_u32(&w, 0);
	bytes_put_u64(&w, im->sums_digest);

	w = bytes_writer_init(header + FORMAT_TABLE_AT, FORMAT_DIGEST_AT - FORMAT_TABLE_AT);
	for (size_t i = 0; i < im->n_sections; i++)
		put_section(&w, &im->section[i]);
	put_section(&w, &im->sums);

	im->digest = tutela_checksum(header, FORMAT_DIGEST_AT);
	w = bytes_writer_init(header + FORMAT_DIGEST_AT, 8);
	bytes_put_u64(&w, im->digest);
}

/* Fields that say how the rest is to be read. */
static enum tutela_err decode_shape(struct bytes_reader *r, struct image *im)
{
	im->bits = bytes_u32(r);
	im->kind = (enum tutela_index_kind)bytes_u32(r);
	uint32_t tables = bytes_u32(r), key_bits = bytes_u32(r), permutation = bytes_u32(r);
	im->count = bytes_u64(r);
	bool flat = im->kind == TUTELA_INDEX_FLAT && (im->bits == 64 || im->bits == 256) && tables == 0 &&
		    key_bits == 0 && permutation == FORMAT_PLAIN;
	bool full = im->kind == TUTELA_INDEX_TABLES && im->bits == 256 && tables == FORMAT_TABLES &&
		    key_bits == FORMAT_KEY_BITS && permutation == FORMAT_DIAGONAL;

	return (flat || full) && im->count <= FORMAT_COUNT_MAX ? TUTELA_OK : TUTELA_E_CORRUPT;
}

/* The sections, each inside the image; which they are is looked at later. */
static enum tutela_err decode_sections(struct bytes_reader *r, uint32_t n, struct image *im)
{
	bool sums = false;

	if (n > FORMAT_SECTIONS_MAX)
		return TUTELA_E_CORRUPT;
	for (uint32_t i = 0; i < n; i++) {
		struct image_section s = {.type = (enum format_section)bytes_u32(r), .table = bytes_u32(r)};

		s.offset = bytes_u64(r);
		s.len = bytes_u64(r);
		if (bytes_u64(r) != 0 || s.offset % FORMAT_ALIGN || s.offset < FORMAT_HEADER_LEN ||
		    s.offset > im->len || s.len > im->len || image_padded(s.len) > im->len - s.offset)
			return TUTELA_E_CORRUPT;
		if (s.type == FORMAT_CHECKSUMS) {
			if (sums)
				return TUTELA_E_CORRUPT;
			sums = true;
			im->sums = s;
			continue;
		}
		s.first_sum = im->n_sums;
		im->n_sums += image_blocks(s.len);
		im->section[im->n_sections++] = s;
	}
	return sums && im->sums.len == im->n_sums * 8 ? TUTELA_OK : TUTELA_E_CORRUPT;
}

/* The one section of that type and table, `len` bytes long; NULL when there is none, or two, or of another length. */
static const void *find(const struct image *im, enum format_section type, uint32_t table, uint64_t len)
{
	const struct image_section *found = NULL;

	for (size_t i = 0; i < im->n_sections; i++) {
		const struct image_section *s = &im->section[i];

		if (s->type != type || s->table != table)
			continue;
		if (found || s->len != len)
			return NULL;
		found = s;
	}
	return found ? im->base + found->offset : NULL;
}

static enum tutela_err find_all(struct image *im)
{
	im->codes = find(im, FORMAT_CODES, 0, im->count * (im->bits / 8));
	im->values = find(im, FORMAT_VALUES, 0, im->count * 4);
	bool ok = im->codes && im->values;

	for (uint32_t t = 0; im->kind == TUTELA_INDEX_TABLES && t < FORMAT_TABLES; t++) {
		struct image_table *table = &im->table[t];

		table->offset = find(im, FORMAT_OFFSETS, t, (FORMAT_BUCKETS + 1) * 4);
		table->sketch = find(im, FORMAT_SKETCHES, t, im->count * 2);
		table->id = find(im, FORMAT_IDS, t, im->count * 4);
		ok = ok && table->offset && table->sketch && table->id;
	}
	return ok ? TUTELA_OK : TUTELA_E_CORRUPT;
}

/* Fields past the version, in a header whose checksum holds. */
static enum tutela_err decode_fields(struct bytes_reader *r, uint64_t len, struct image *im)
{
	enum tutela_err err = decode_shape(r, im);

	if (err)
		return err;
	im->len = bytes_u64(r);
	uint64_t block_len = bytes_u64(r);
	uint32_t n_sections = bytes_u32(r);
	uint32_t zero = bytes_u32(r);
	im->sums_digest = bytes_u64(r);
	if (im->len != len || block_len != FORMAT_BLOCK_LEN || zero != 0)
		return TUTELA_E_CORRUPT;

	*r = bytes_reader_init(im->base + FORMAT_TABLE_AT, FORMAT_DIGEST_AT - FORMAT_TABLE_AT);
	err = decode_sections(r, n_sections, im);
	return err ? err : find_all(im);
}

enum tutela_err tutela_image_decode(const uint8_t *base, uint64_t len, struct image *out)
{
	*out = (struct image){.base = base};
	if (len < 12 || memcmp(base, FORMAT_MAGIC, 8) != 0)
		return TUTELA_E_FORMAT;

	struct bytes_reader r = bytes_reader_init(base, len < FORMAT_HEADER_LEN ? len : FORMAT_HEADER_LEN);
	(void)bytes_take(&r, 8);
	if (bytes_u32(&r) != FORMAT_VERSION)
		return TUTELA_E_VERSION;
	if (len < FORMAT_HEADER_LEN)
		return TUTELA_E_CORRUPT;

	struct bytes_reader digest = bytes_reader_init(base + FORMAT_DIGEST_AT, 8);
	out->digest = bytes_u64(&digest);
	if (out->digest != tutela_checksum(base, FORMAT_DIGEST_AT))
		return TUTELA_E_CORRUPT;
	return decode_fields(&r, len, out);
}
