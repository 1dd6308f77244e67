/* SPDX-License-Identifier: Apache-2.0 */
#include "store/page_format.h"

#include <string.h>

#include "base/bytes.h"

#if __SIZEOF_POINTER__ != 8 || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "LMDB's files have another layout on this machine"
#endif

#define MAGIC       0xbeefc0deu
#define VERSION     1u
#define KEY_MAX     511
#define RECORD_LEN  48
#define FIRST_PAGE  2 /* behind the meta pages */
#define META_FLAGS  8 /* of the tree of free pages, in a meta page: keys are integers */
#define ROW_HEAD    8
#define SUB_FLAGS   0x62u /* leaf, values of one width, within a row */
#define SUB_IGNORED 0x10u /* left over from when it was written */

enum { FLAG_BRANCH = 1, FLAG_LEAF = 2, FLAG_OVERFLOW = 4, FLAG_META = 8, FLAG_VALUES = 0x20 };
enum { ROW_LONG = 1, ROW_TREE = 2, ROW_DUPS = 4 };

static uint64_t number_at(const uint8_t *p, unsigned width)
{
	struct bytes_reader r = bytes_reader_init(p, width);

	return bytes_get(&r, width);
}

static bool page_exists(uint64_t number, uint64_t last)
{
	return number >= FIRST_PAGE && number <= last;
}

/* ------------------------------------------------------------------ records */

static unsigned tree_flags(enum tree_kind kind)
{
	static const unsigned flags[] = {[TREE_FREE] = META_FLAGS, [TREE_DUPS] = 0x14, [TREE_VALUES] = 0x10};

	return kind == TREE_MAIN || kind == TREE_ROWS ? 0 : flags[kind];
}

const char *tutela_page_tree(const uint8_t *record, size_t len, enum tree_kind kind, uint64_t last,
			     struct page_tree *out)
{
	struct bytes_reader r = bytes_reader_init(record, len);
	uint32_t width = bytes_u32(&r);
	unsigned flags = bytes_u16(&r);

	*out = (struct page_tree){.kind = kind, .depth = bytes_u16(&r)};
	out->branches = bytes_u64(&r);
	out->leaves = bytes_u64(&r);
	out->overflows = bytes_u64(&r);
	out->entries = bytes_u64(&r);
	out->root = bytes_u64(&r);
	if (!bytes_done(&r) || flags != tree_flags(kind) || (kind == TREE_VALUES && width != PAGE_VALUE_LEN))
		return "the record of a database is none";
	if (out->depth > PAGE_DEPTH_MAX || !out->depth != (out->root == PAGE_NONE) ||
	    (out->depth && !page_exists(out->root, last)))
		return "the record of a database leads nowhere";
	return NULL;
}

static bool is_page_size(uint32_t size)
{
	return size >= 512 && size <= PAGE_SIZE_MAX && !(size & (size - 1));
}

static const char *read_meta(const uint8_t *bytes, unsigned slot, struct page_meta *out, const uint8_t *trees[2])
{
	struct bytes_reader r = bytes_reader_init(bytes, PAGE_META_LEN);

	memset(out, 0, sizeof *out);
	if (bytes_u64(&r) != slot)
		return "its number is another page's";
	(void)bytes_u16(&r);
	if (bytes_u16(&r) != FLAG_META)
		return "it is no meta page";
	(void)bytes_u32(&r);
	if (bytes_u32(&r) != MAGIC || bytes_u32(&r) != VERSION || bytes_u64(&r))
		return "it is no meta page of this version of LMDB";
	(void)bytes_u64(&r); /* the map's size: ours is given */
	trees[0] = bytes_take(&r, RECORD_LEN);
	trees[1] = bytes_take(&r, RECORD_LEN);
	out->last = bytes_u64(&r);
	out->txn = bytes_u64(&r);
	out->page_size = (uint32_t)number_at(trees[0], 4);
	if (!is_page_size(out->page_size) || !out->last || out->last > (UINT64_C(1) << 47) / out->page_size)
		return "its sizes are out of range";
	return NULL;
}

const char *tutela_page_meta_head(const uint8_t *bytes, unsigned slot, struct page_meta *out)
{
	const uint8_t *trees[2];

	return read_meta(bytes, slot, out, trees);
}

const char *tutela_page_meta(const uint8_t *bytes, unsigned slot, struct page_meta *out)
{
	const uint8_t *trees[2];
	const char *why = read_meta(bytes, slot, out, trees);

	if (!why)
		why = tutela_page_tree(trees[0], RECORD_LEN, TREE_FREE, out->last, &out->free);
	return why ? why : tutela_page_tree(trees[1], RECORD_LEN, TREE_MAIN, out->last, &out->main);
}

/* ------------------------------------------------------------------ rows */

static bool has_places(const struct page *p)
{
	return !(p->kind == TREE_VALUES && p->leaf);
}

unsigned tutela_page_rows(const struct page *p)
{
	unsigned lower = (unsigned)number_at(p->bytes + 12, 2), upper = (unsigned)number_at(p->bytes + 14, 2);

	if (lower < PAGE_HEAD || lower % 2 || upper < lower || upper > p->size)
		return 0;
	return (lower - PAGE_HEAD) / 2;
}

bool tutela_page_row(const struct page *p, unsigned i, struct page_row *out)
{
	struct bytes_reader r;
	uint64_t head;
	size_t at;

	*out = (struct page_row){.child = PAGE_NONE, .overflow = PAGE_NONE};
	if (!has_places(p)) {
		r = bytes_reader_init(p->bytes + PAGE_HEAD, p->size - PAGE_HEAD);
		(void)bytes_take(&r, (size_t)i * PAGE_VALUE_LEN);
		out->key_len = PAGE_VALUE_LEN;
		out->key = bytes_take(&r, PAGE_VALUE_LEN);
		return !r.failed;
	}
	at = number_at(p->bytes + PAGE_HEAD + 2 * (size_t)i, 2);
	if (at > p->size)
		return false;
	r = bytes_reader_init(p->bytes + at, p->size - at);
	head = bytes_get(&r, 6);
	out->key_len = bytes_u16(&r);
	out->key = bytes_take(&r, out->key_len);
	if (!p->leaf) {
		out->child = head;
		return !r.failed;
	}
	out->value_len = head & 0xffffffff;
	out->flags = (unsigned)(head >> 32);
	if (out->flags & ROW_LONG)
		out->overflow = bytes_u64(&r);
	else
		out->value = bytes_take(&r, out->value_len);
	return !r.failed;
}

bool tutela_page_row_has_tree(const struct page *p, const struct page_row *row)
{
	return p->kind == TREE_DUPS && p->leaf && row->flags & ROW_TREE;
}

static unsigned sub_rows(const uint8_t *sub)
{
	return ((unsigned)number_at(sub + 12, 2) - PAGE_HEAD) / 2;
}

unsigned tutela_page_row_values(const struct page *p, const struct page_row *row)
{
	return p->kind == TREE_DUPS && row->flags & ROW_DUPS ? sub_rows(row->value) : 1;
}

int tutela_page_compare(enum tree_kind kind, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	int order;

	if (kind == TREE_FREE) {
		uint64_t x = number_at(a, 8), y = number_at(b, 8);

		return (x > y) - (x < y);
	}
	order = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return order ? order : (a_len > b_len) - (a_len < b_len);
}

unsigned tutela_page_find(const struct page *p, const uint8_t *key, size_t len)
{
	/* Whatever the first key of a branch says, it stands for all that is less than the second. */
	unsigned low = p->leaf ? 0 : 1, high = p->n;

	while (low < high) {
		unsigned mid = low + (high - low) / 2;
		struct page_row row;
		int order;

		if (!tutela_page_row(p, mid, &row))
			return p->leaf ? p->n : 0;
		order = tutela_page_compare(p->kind, row.key, row.key_len, key, len);
		if (order < 0 || (!order && !p->leaf))
			low = mid + 1;
		else
			high = mid;
	}
	return p->leaf ? low : low - 1;
}

/* ------------------------------------------------------------------ checks */

/* Values of a key that are few enough to be within its row. */
static const char *check_sub(const uint8_t *sub, size_t len)
{
	unsigned lower, upper, n;

	if (len < PAGE_HEAD)
		return "values of a key are cut short";
	lower = (unsigned)number_at(sub + 12, 2);
	upper = (unsigned)number_at(sub + 14, 2);
	n = lower >= PAGE_HEAD ? (lower - PAGE_HEAD) / 2 : 0;
	if (number_at(sub + 8, 2) != PAGE_VALUE_LEN || (number_at(sub + 10, 2) & ~SUB_IGNORED) != SUB_FLAGS || !n ||
	    lower % 2 || upper < lower || upper > len || n > (len - PAGE_HEAD) / PAGE_VALUE_LEN)
		return "values of a key are out of bounds";
	for (unsigned i = 1; i < n; i++)
		if (memcmp(sub + PAGE_HEAD + (i - 1) * PAGE_VALUE_LEN, sub + PAGE_HEAD + i * PAGE_VALUE_LEN,
			   PAGE_VALUE_LEN) >= 0)
			return "values of a key are not in order";
	return NULL;
}

static const char *check_value(const struct page *p, const struct page_row *row, uint64_t last)
{
	static const char strange[] = "a row is of a kind that is not used here";
	struct page_tree tree;

	switch (p->kind) {
	case TREE_MAIN:
		return row->flags == ROW_TREE && row->value_len == RECORD_LEN ? NULL : strange;
	case TREE_DUPS:
		if (row->flags == (ROW_DUPS | ROW_TREE))
			return tutela_page_tree(row->value, row->value_len, TREE_VALUES, last, &tree);
		if (row->flags == ROW_DUPS)
			return check_sub(row->value, row->value_len);
		return !row->flags && row->value_len == PAGE_VALUE_LEN ? NULL : strange;
	case TREE_FREE:
	case TREE_ROWS:
		if (row->flags & ~(unsigned)ROW_LONG)
			return strange;
		if (row->flags && !page_exists(row->overflow, last))
			return "a row names a page that does not exist";
		return p->kind == TREE_FREE && !row->flags ? tutela_page_check_free(row->value, row->value_len, last)
							   : NULL;
	default:
		return row->flags ? strange : NULL;
	}
}

static bool key_is_fine(const struct page *p, unsigned i, size_t len)
{
	if (!p->leaf && !i)
		return len <= KEY_MAX;
	if (p->kind == TREE_FREE)
		return len == 8;
	return p->kind == TREE_VALUES ? len == PAGE_VALUE_LEN : len > 0 && len <= KEY_MAX;
}

static size_t row_len(const struct page *p, const struct page_row *row)
{
	size_t len = ROW_HEAD + row->key_len;

	if (p->leaf)
		len += row->overflow == PAGE_NONE ? row->value_len : 8;
	return (len + 1) / 2 * 2;
}

static const char *check_rows(const struct page *p, uint64_t last)
{
	size_t upper = number_at(p->bytes + 14, 2), used = 0;
	struct page_row row, before = {0};
	const char *why;

	for (unsigned i = 0; i < p->n; i++, before = row) {
		if (!tutela_page_row(p, i, &row) || (has_places(p) && (size_t)(row.key - p->bytes) < upper + ROW_HEAD))
			return "a row is out of bounds";
		if (!key_is_fine(p, i, row.key_len))
			return "a key is too short or too long";
		if (i > (p->leaf ? 0 : 1) &&
		    tutela_page_compare(p->kind, before.key, before.key_len, row.key, row.key_len) >= 0)
			return "its keys are not in order";
		if (!p->leaf && !page_exists(row.child, last))
			return "a row names a page that does not exist";
		why = p->leaf ? check_value(p, &row, last) : NULL;
		if (why)
			return why;
		used += row_len(p, &row);
	}
	return has_places(p) && used != p->size - upper ? "its rows overlap, or leave gaps" : NULL;
}

const char *tutela_page_check(const struct page *p, uint64_t number, uint64_t last)
{
	unsigned flags = p->leaf ? FLAG_LEAF : FLAG_BRANCH;

	if (!has_places(p))
		flags |= FLAG_VALUES;
	if (number_at(p->bytes, 8) != number)
		return "its number is another page's";
	if (number_at(p->bytes + 10, 2) != flags)
		return "it is not of the kind that is expected in its place";
	if (!has_places(p) && number_at(p->bytes + 8, 2) != PAGE_VALUE_LEN)
		return "its values are of another length";
	if (p->n < (p->leaf ? 1u : 2u))
		return "its bounds make no sense";
	return check_rows(p, last);
}

const char *tutela_page_check_overflow(const uint8_t *bytes, uint32_t size, uint64_t number, uint64_t last, size_t len,
				       uint64_t *pages)
{
	uint64_t least = (PAGE_HEAD + (uint64_t)len + size - 1) / size;

	*pages = number_at(bytes + 12, 4);
	if (number_at(bytes, 8) != number)
		return "its number is another page's";
	if (number_at(bytes + 10, 2) != FLAG_OVERFLOW || *pages < least || *pages > last - number + 1) {
		*pages = 0;
		return "it is not the beginning of a long value";
	}
	return NULL;
}

const char *tutela_page_check_free(const uint8_t *value, size_t len, uint64_t last)
{
	struct bytes_reader r = bytes_reader_init(value, len);
	uint64_t n = bytes_u64(&r), before = last + 1;

	if (r.failed || len % 8 || n > len / 8 - 1)
		return "a list of free pages is cut short";
	for (uint64_t i = 0; i < n; i++) {
		uint64_t number = bytes_u64(&r);

		if (!page_exists(number, last) || number >= before)
			return "a list of free pages is not in order, or names what does not exist";
		before = number;
	}
	return NULL;
}
