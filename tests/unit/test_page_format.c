/* SPDX-License-Identifier: Apache-2.0 */
#include "store_data.h"

#include "store/page_format.h"

#define SIZE 4096

static uint8_t *bytes; /* of a store's database */
static size_t pages;
static struct page_meta meta;

/* One with branches, leaves, values of every kind. */
static void load(void)
{
	struct tutela_store *s;
	struct tutela_update *u;
	char path[64], file[128], id[32], label[3000];
	struct page_meta other;
	struct stat st;
	int fd;

	s = store_make(path);
	u = update_on(s, "a", TUTELA_MERGE);
	memset(label, 'x', sizeof label);
	for (uint64_t i = 0; i < 4000; i++) {
		struct tutela_record rec;

		snprintf(id, sizeof id, "entry-%" PRIu64, i);
		rec = record_of(id, hash_of(TUTELA_ALG_MD5, i < 2000 ? i / 3 : 7777));
		rec.n_labels = i % 1000 == 0;
		rec.labels[0] = (struct tutela_label){text("series"), {label, sizeof label}};
		OK(tutela_update_put(u, &rec));
	}
	commit(s, u);
	put_one(s, "b", record_of("e", hash_of(TUTELA_ALG_PDQ, 1)));
	tutela_store_close(s);
	snprintf(file, sizeof file, "%s/data.mdb", path);
	fd = open(file, O_RDONLY);
	cr_assert(fd >= 0 && !fstat(fd, &st));
	pages = (size_t)st.st_size / SIZE;
	bytes = malloc(pages * SIZE);
	cr_assert_eq(read(fd, bytes, pages * SIZE), (ssize_t)(pages * SIZE));
	close(fd);
	scratch_remove(path);
	cr_assert_null(tutela_page_meta(bytes, 0, &meta));
	cr_assert_null(tutela_page_meta(bytes + SIZE, 1, &other));
	if (other.txn > meta.txn)
		meta = other;
	cr_assert_eq(meta.page_size, SIZE);
	cr_assert_lt(meta.last, pages);
}

static struct page view(const uint8_t *at, enum tree_kind kind, bool leaf)
{
	struct page p = {.bytes = at, .size = SIZE, .kind = kind, .leaf = leaf};

	p.n = tutela_page_rows(&p);
	return p;
}

/* As what kind of page the page passes first (all branches are alike); false: as none. */
static bool kind_of(size_t number, struct page *out)
{
	for (int kind = TREE_FREE; kind <= TREE_VALUES; kind++)
		for (int leaf = 0; leaf < 2; leaf++) {
			*out = view(bytes + number * SIZE, (enum tree_kind)kind, leaf);
			if (!tutela_page_check(out, number, meta.last))
				return true;
		}
	return false;
}

static void rows_are_within(const struct page *p)
{
	struct page_row row;

	for (unsigned i = 0; i < p->n; i++) {
		cr_assert(tutela_page_row(p, i, &row));
		cr_assert(row.key >= p->bytes && row.key + row.key_len <= p->bytes + p->size);
		cr_assert(!row.value || row.value + row.value_len <= p->bytes + p->size);
		cr_assert(p->leaf || (row.child >= 2 && row.child <= meta.last));
		cr_assert_leq(tutela_page_find(p, row.key, row.key_len), i);
		if (p->leaf && !tutela_page_row_has_tree(p, &row))
			cr_assert_geq(tutela_page_row_values(p, &row), 1);
	}
}

Test(page_format, whatever_passes_stays_within_its_bounds)
{
	uint64_t random = 1;
	size_t passed = 0, refused = 0, kinds[TREE_VALUES + 1][2] = {{0}};

	load();
	for (size_t number = 2; number <= meta.last; number++) {
		struct page p;

		if (!kind_of(number, &p))
			continue;
		kinds[p.kind][p.leaf]++;
		rows_are_within(&p);
		for (unsigned i = 0; i < 200; i++) {
			/* Of its own, so that a sanitizer sees what is read past it. */
			uint8_t *copy = malloc(SIZE);
			size_t at = mix(random++) % (i % 2 ? SIZE : 64);

			memcpy(copy, p.bytes, SIZE);
			copy[at] = (uint8_t)mix(random++);
			struct page damaged = view(copy, p.kind, p.leaf);
			if (tutela_page_check(&damaged, number, meta.last)) {
				refused++;
			} else {
				passed++;
				rows_are_within(&damaged);
			}
			free(copy);
		}
	}
	cr_assert_gt(refused, 1000);
	cr_assert_gt(passed, 1000);
	cr_assert(kinds[TREE_MAIN][0] && kinds[TREE_ROWS][1] && kinds[TREE_DUPS][1] && kinds[TREE_VALUES][1]);
	free(bytes);
}

/* What is said of a page of the entries after one change. */
static const char *after(size_t at, uint8_t value)
{
	static uint8_t copy[SIZE];
	struct page p;

	for (size_t number = 2; number <= meta.last; number++) {
		if (!kind_of(number, &p) || p.kind != TREE_ROWS || !p.leaf || p.n < 3)
			continue;
		memcpy(copy, p.bytes, SIZE);
		copy[at] ^= value;
		p = view(copy, TREE_ROWS, true);
		return tutela_page_check(&p, number, meta.last);
	}
	cr_assert(false, "no such page");
	return NULL;
}

Test(page_format, says_what_is_wrong)
{
	load();
	cr_assert_null(after(9, 1)); /* unused */
	cr_assert(strstr(after(0, 1), "number"));
	cr_assert(strstr(after(10, 2), "kind"));
	cr_assert(strstr(after(12, 1), "bounds"));
	cr_assert(strstr(after(15, 0x80), "bounds"));
	cr_assert(strstr(after(17, 0x10), "out of bounds") || strstr(after(17, 0x10), "order"));
	free(bytes);
}

Test(page_format, meta_pages_are_judged)
{
	struct page_meta m;
	uint8_t copy[PAGE_META_LEN];
	/* number, flags, magic, version, page size, root of the databases, last page */
	static const size_t at[] = {0, 10, 16, 20, 41, 88 + 40 + 7, 136 + 7};

	load();
	for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
		memcpy(copy, bytes, sizeof copy);
		copy[at[i]] ^= 0x41;
		cr_assert_not_null(tutela_page_meta(copy, 0, &m), "%zu", at[i]);
	}
	cr_assert_not_null(tutela_page_meta(bytes, 1, &m));
	free(bytes);
}

/* What LMDB leaves of a commit whose last write failed: roots past the last page. The head is whole all the same. */
Test(page_format, a_meta_page_may_be_read_without_its_trees)
{
	struct page_meta m, whole;
	uint8_t copy[PAGE_META_LEN];

	load();
	cr_assert_null(tutela_page_meta(bytes, 0, &whole));
	memcpy(copy, bytes, sizeof copy);
	copy[88 + 40 + 2] ^= 0x41; /* root of the databases */
	cr_expect_not_null(tutela_page_meta(copy, 0, &m));
	cr_expect_null(tutela_page_meta_head(copy, 0, &m));
	cr_expect_eq(m.txn, whole.txn);
	cr_expect_eq(m.last, whole.last);
	cr_expect_not_null(tutela_page_meta_head(copy, 1, &m));
	free(bytes);
}

Test(page_format, lists_of_free_pages_are_judged)
{
	uint64_t list[] = {3, 9, 7, 2, 0, 0};

	cr_assert_null(tutela_page_check_free((uint8_t *)list, sizeof list, 9));
	cr_assert_not_null(tutela_page_check_free((uint8_t *)list, sizeof list, 8));
	cr_assert_not_null(tutela_page_check_free((uint8_t *)list, 24, 9));
	cr_assert_not_null(tutela_page_check_free((uint8_t *)list, 31, 9));
	list[2] = 9;
	cr_assert_not_null(tutela_page_check_free((uint8_t *)list, sizeof list, 9));
	list[2] = 7;
	list[3] = 1;
	cr_assert_not_null(tutela_page_check_free((uint8_t *)list, sizeof list, 9));
	list[0] = UINT64_MAX;
	cr_assert_not_null(tutela_page_check_free((uint8_t *)list, sizeof list, 9));
}
