/* SPDX-License-Identifier: Apache-2.0 */
#include "store_data.h"

#include "store/journal_row.h"

/* What a row says, where the tests differ. */
struct made {
	uint8_t layout, quality, n_hashes, algorithm, variant, kind;
	uint16_t name, source, list, entry, category;
};

static const struct made sound = {1, 255, 1, TUTELA_ALG_MD5, 0, 0, 4096, 255, 64, 319, 255};

static void put_xs(struct bytes_writer *w, uint16_t len)
{
	static uint8_t xs[65535];

	memset(xs, 'x', sizeof xs);
	bytes_put_u16(w, len);
	bytes_put(w, xs, len);
}

static enum tutela_err take(const struct made *m, size_t less)
{
	static uint8_t row[1 << 20];
	struct bytes_writer w = bytes_writer_init(row, sizeof row);
	struct journal_row *u = calloc(1, sizeof *u);
	enum tutela_err err;

	cr_assert_not_null(u);
	bytes_put_u8(&w, m->layout);
	bytes_put_u64(&w, 1);
	bytes_put_u64(&w, 2);
	bytes_put_u8(&w, 3);
	bytes_put_u8(&w, m->quality);
	bytes_put_u64(&w, 4);
	put_xs(&w, m->name);
	bytes_put_u8(&w, m->n_hashes);
	for (unsigned i = 0; i < m->n_hashes; i++) {
		bytes_put_u8(&w, m->algorithm);
		bytes_put_u8(&w, m->variant);
		for (unsigned k = 0; k < 16; k++)
			bytes_put_u8(&w, (uint8_t)k);
	}
	bytes_put_u16(&w, 1);
	put_xs(&w, m->source);
	put_xs(&w, m->list);
	put_xs(&w, m->entry);
	put_xs(&w, m->category);
	bytes_put_u64(&w, 7);
	bytes_put_u8(&w, m->kind);
	bytes_put_u8(&w, TUTELA_ALG_MD5);
	bytes_put_u16(&w, 0);
	bytes_put_u16(&w, 0);
	cr_assert_not(w.failed);
	err = tutela_journal_row_get(row, (size_t)(w.at - row) - less, u);
	free(u->hits);
	free(u);
	return err;
}

Test(journal_row, only_what_can_be_written_is_read)
{
	struct made m = sound;

	m.source = m.list = TUTELA_LIST_NAME_MAX;
	OK(take(&m, 0));
	for (size_t less = 1; less < 100; less++)
		FAILS(take(&m, less), TUTELA_E_CORRUPT);
#define REFUSED(field, value)                                                                                          \
	do {                                                                                                           \
		struct made other = m;                                                                                 \
		other.field = (value);                                                                                 \
		FAILS(take(&other, 0), TUTELA_E_CORRUPT);                                                              \
	} while (0)
	REFUSED(layout, 2);
	REFUSED(quality, 101);
	REFUSED(n_hashes, TUTELA_JOURNAL_HASHES_MAX + 1);
	REFUSED(algorithm, 63);
	REFUSED(variant, 0x30);
	REFUSED(variant, 0x0f);
	REFUSED(kind, 9);
	REFUSED(name, TUTELA_JOURNAL_NAME_MAX + 1);
	REFUSED(source, TUTELA_LIST_NAME_MAX + 1);
	REFUSED(list, TUTELA_LIST_NAME_MAX + 1);
	REFUSED(entry, TUTELA_ENTRY_ID_MAX + 1);
	REFUSED(category, TUTELA_JOURNAL_CATEGORY_MAX + 1);
}
