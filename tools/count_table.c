/* SPDX-License-Identifier: Apache-2.0 */
#include "count_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "memory.h"

static uint64_t mix(uint64_t h, const void *p, size_t len)
{
	const unsigned char *s = p;

	for (size_t i = 0; i < len; i++)
		h = (h ^ s[i]) * UINT64_C(0x100000001b3);
	return h ^ h >> 29;
}

static uint64_t hash_of(const struct count_table *t, const struct tutela_text *words)
{
	uint64_t h = t->seed;

	for (size_t i = 0; i < COUNT_WORDS; i++)
		h = mix(mix(h, words[i].s, words[i].len), &words[i].len, sizeof(words[i].len));
	return h;
}

static bool same(const struct count_row *row, const struct tutela_text *words)
{
	for (size_t i = 0; i < COUNT_WORDS; i++) {
		if (row->words[i].len != words[i].len ||
		    (words[i].len && memcmp(row->words[i].s, words[i].s, words[i].len) != 0))
			return false;
	}
	return true;
}

/* Where the row is, or would go. The table has a free slot. */
static size_t place_of(const struct count_table *t, uint64_t hash, const struct tutela_text *words)
{
	size_t i = (size_t)hash & (t->room - 1);

	while (t->slots[i] && (t->slots[i]->hash != hash || !same(t->slots[i], words)))
		i = (i + 1) & (t->room - 1);
	return i;
}

/* At most half full. */
static void rebuild(struct count_table *t, size_t room)
{
	struct count_row **old = t->slots;
	size_t n = t->room;

	t->slots = memory_array(room, sizeof(struct count_row *));
	t->room = room;
	for (size_t i = 0; i < n; i++) {
		if (old[i])
			t->slots[place_of(t, old[i]->hash, old[i]->words)] = old[i];
	}
	free(old);
}

static struct count_row *new_row(uint64_t hash, const struct tutela_text *words)
{
	struct count_row *row;
	size_t size = 0;
	char *text;

	for (size_t i = 0; i < COUNT_WORDS; i++)
		size += words[i].len + 1;
	row = memory_array(1, sizeof(*row) + size);
	text = (char *)(row + 1);
	row->hash = hash;
	for (size_t i = 0; i < COUNT_WORDS; i++) {
		if (words[i].len)
			memcpy(text, words[i].s, words[i].len);
		row->words[i] = (struct tutela_text){text, words[i].len};
		text += words[i].len + 1;
	}
	return row;
}

struct count_row *count_find(const struct count_table *t, const struct tutela_text *words)
{
	return t->room ? t->slots[place_of(t, hash_of(t, words), words)] : NULL;
}

struct count_row *count_row(struct count_table *t, const struct tutela_text *words)
{
	uint64_t hash;
	size_t i;

	if (!t->room && getrandom(&t->seed, sizeof(t->seed), 0) != (ssize_t)sizeof(t->seed))
		t->seed = UINT64_C(0xcbf29ce484222325);
	if (2 * (t->n + 1) > t->room)
		rebuild(t, t->room ? 2 * t->room : 256);
	hash = hash_of(t, words);
	i = place_of(t, hash, words);
	if (!t->slots[i]) {
		t->slots[i] = new_row(hash, words);
		t->n++;
	}
	return t->slots[i];
}

void count_drop(struct count_table *t, uint64_t most)
{
	for (size_t i = 0; i < t->room; i++) {
		if (t->slots[i] && t->slots[i]->n[0] <= most) {
			free(t->slots[i]);
			t->slots[i] = NULL;
			t->n--;
		}
	}
	if (t->room)
		rebuild(t, t->room);
}

static int compare_words(const struct tutela_text *a, const struct tutela_text *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int order = memcmp(a->s, b->s, len);

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int compare(const void *x, const void *y)
{
	const struct count_row *a = *(struct count_row *const *)x, *b = *(struct count_row *const *)y;
	int order = 0;

	for (size_t i = 0; i < COUNT_WORDS && !order; i++)
		order = compare_words(&a->words[i], &b->words[i]);
	return order;
}

struct count_row **count_sorted(const struct count_table *t)
{
	struct count_row **rows = memory_array(t->n + 1, sizeof(struct count_row *));
	size_t n = 0;

	for (size_t i = 0; i < t->room; i++) {
		if (t->slots[i])
			rows[n++] = t->slots[i];
	}
	qsort(rows, n, sizeof(struct count_row *), compare);
	return rows;
}

void count_free(struct count_table *t)
{
	for (size_t i = 0; i < t->room; i++)
		free(t->slots[i]);
	free(t->slots);
	*t = (struct count_table){.slots = NULL};
}
