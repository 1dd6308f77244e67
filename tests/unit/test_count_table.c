/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "count_table.h"

static struct tutela_text text(const char *s)
{
	return (struct tutela_text){s, strlen(s)};
}

static struct count_row *numbered(struct count_table *t, unsigned n)
{
	char name[16];

	snprintf(name, sizeof(name), "%u", n);
	return count_row(t, (struct tutela_text[COUNT_WORDS]){text("a"), text(name)});
}

Test(count_table, words_are_apart)
{
	struct count_table t = {.slots = NULL};
	const struct tutela_text one[COUNT_WORDS] = {text("ab"), text("c")}, two[COUNT_WORDS] = {text("a"), text("bc")},
				 gap[COUNT_WORDS] = {text("ab"), {NULL, 0}, text("c")};

	cr_assert_null(count_find(&t, one));
	count_row(&t, one)->n[0] = 1;
	cr_assert_null(count_find(&t, two));
	count_row(&t, two)->n[0] = 2;
	count_row(&t, gap)->n[0] = 3;
	cr_assert_eq(t.n, 3u);
	cr_assert_eq(count_find(&t, one)->n[0], 1u);
	cr_assert_eq(count_row(&t, two)->n[0], 2u);
	cr_assert_eq(count_find(&t, gap)->n[0], 3u);
	cr_assert_str_eq(count_find(&t, two)->words[1].s, "bc");
	count_free(&t);
}

Test(count_table, many_rows_and_a_drop)
{
	struct count_table t = {.slots = NULL};
	const unsigned n = 20000;

	for (unsigned i = 0; i < n; i++)
		numbered(&t, i)->n[0] = i;
	cr_assert_eq(t.n, n);
	count_drop(&t, n / 2);
	cr_assert_eq(t.n, n - n / 2 - 1);
	for (unsigned i = 0; i < n; i++) {
		struct count_row *row = numbered(&t, i);

		cr_assert_eq(row->n[0], i > n / 2 ? i : 0u, "row %u", i);
	}
	cr_assert_eq(t.n, n);
	count_free(&t);
}

Test(count_table, sorted_by_words)
{
	static const char *const names[] = {"b", "", "ab", "a", "\xff", "a!"}, *const order[] = {"",   "a", "a!",
												 "ab", "b", "\xff"};
	struct count_table t = {.slots = NULL};
	struct count_row **rows;

	for (size_t i = 0; i < 6; i++)
		count_row(&t, (struct tutela_text[COUNT_WORDS]){text("x"), text(names[i])});
	rows = count_sorted(&t);
	for (size_t i = 0; i < 6; i++)
		cr_assert_str_eq(rows[i]->words[1].s, order[i]);
	cr_assert_null(rows[6]);
	free(rows);
	count_free(&t);
	rows = count_sorted(&t);
	cr_assert_null(rows[0]);
	free(rows);
}
