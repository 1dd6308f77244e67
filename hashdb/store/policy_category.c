/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <tutela/store.h>

struct tutela_text tutela_category_of(const struct tutela_label *labels, size_t n)
{
	static const char *const keys[] = {"category", "classification"};

	for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
		for (size_t i = 0; i < n; i++)
			if (labels[i].key.len == strlen(keys[k]) &&
			    !memcmp(labels[i].key.s, keys[k], labels[i].key.len))
				return labels[i].value;
	return (struct tutela_text){0};
}

bool tutela_policy_takes(const struct tutela_policy *p, struct tutela_text category)
{
	static const struct tutela_text none = {"none", 4};

	if (!category.len)
		category = none;
	for (const char *at = p->categories; *at;) {
		size_t len = strcspn(at, ",");

		if (len == category.len && !memcmp(at, category.s, len))
			return true;
		at += len + (at[len] == ',');
	}
	return !p->categories[0];
}
