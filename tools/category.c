/* SPDX-License-Identifier: Apache-2.0 */
#include "category.h"

#include <string.h>

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
