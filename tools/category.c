/* SPDX-License-Identifier: Apache-2.0 */
#include "category.h"

#include <string.h>

#include <tutela/store.h>

#include "printable.h"

struct tutela_text category_of(const struct tutela_label *labels, size_t n)
{
	static const char *const keys[] = {"category", "classification"};

	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
		for (size_t i = 0; i < n; i++) {
			if (labels[i].key.len == strlen(keys[k]) &&
			    memcmp(labels[i].key.s, keys[k], labels[i].key.len) == 0)
				return labels[i].value;
		}
	}
	return (struct tutela_text){0};
}

bool category_chosen(const char *categories, struct tutela_text category)
{
	static const struct tutela_text none = {"none", 4};

	if (!category.len)
		category = none;
	for (const char *at = categories; *at;) {
		size_t len = strcspn(at, ",");

		if (len == category.len && memcmp(at, category.s, len) == 0)
			return true;
		at += len + (at[len] == ',');
	}
	return !categories[0];
}

const char *category_choice_wrong(const char *categories)
{
	size_t len = strlen(categories);

	if (len > TUTELA_CATEGORIES_MAX)
		return "too long";
	if (!len || categories[0] == ',' || categories[len - 1] == ',' || strstr(categories, ",,"))
		return "categories with a comma between them, such as 1,2; 'none' is for entries without";
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)categories[i] < 0x20 || categories[i] == 0x7f)
			return "must not hold control characters";
	return printable_is_utf8(categories, len) ? NULL : "must be UTF-8";
}

struct tutela_text category_named(const char *map, struct tutela_text category)
{
	for (const char *at = map; *at; at += strcspn(at, "\n") + 1) {
		size_t key = strcspn(at, " \n"), len = strcspn(at, "\n");

		if (key < len && key == category.len && memcmp(at, category.s, key) == 0)
			return (struct tutela_text){at + key + 1, len - key - 1};
	}
	return (struct tutela_text){0};
}
