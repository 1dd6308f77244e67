/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the journal, without their seal. What is taken must be within its limits, and written again the same bytes.
 */
#include "fuzz.h"
#include "store/journal_row.h"

static void check_text(const struct tutela_text *t, const uint8_t *row, size_t size)
{
	const uint8_t *s = (const uint8_t *)t->s;

	require(!t->len || (s >= row && s + t->len <= row + size));
}

static void check_hit(const struct tutela_journal_hit *h, const uint8_t *row, size_t size)
{
	check_text(&h->source, row, size);
	check_text(&h->list, row, size);
	check_text(&h->entry, row, size);
	check_text(&h->category, row, size);
	require(h->list.len <= TUTELA_LIST_NAME_MAX && h->source.len <= TUTELA_LIST_NAME_MAX);
	require(h->entry.len <= TUTELA_ENTRY_ID_MAX && h->category.len <= TUTELA_JOURNAL_CATEGORY_MAX);
	require(tutela_algorithm_get(h->algorithm) && (unsigned)h->kind <= TUTELA_LIST_ALLOW);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal_row *u = calloc(1, sizeof *u);
	uint8_t *exact = exact_copy(data, size), *again;
	struct bytes_writer w;

	require(u);
	if (!tutela_journal_row_get(exact, size, u)) {
		const struct tutela_journal_file *f = &u->file;

		require(f->n_hashes <= TUTELA_JOURNAL_HASHES_MAX && f->verdict <= 255);
		require(f->quality >= -1 && f->quality <= 100);
		check_text(&f->name, exact, size);
		require(f->name.len <= TUTELA_JOURNAL_NAME_MAX);
		for (size_t i = 0; i < f->n_hits; i++)
			check_hit(&f->hits[i], exact, size);
		again = malloc(tutela_journal_row_room(f));
		require(again);
		w = bytes_writer_init(again, tutela_journal_row_room(f));
		require(!tutela_journal_row_put(f, &w));
		require((size_t)(w.at - again) == size && !memcmp(again, exact, size));
		free(again);
	}
	free(u->hits);
	free(u);
	free(exact);
	return 0;
}
