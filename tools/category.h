/* SPDX-License-Identifier: Apache-2.0 */
/* What an entry is said to show, in its source's words. */
#ifndef TUTELA_TOOLS_CATEGORY_H
#define TUTELA_TOOLS_CATEGORY_H

#include <tutela/record.h>

/* The value of the label "category", else of "classification", else nothing. */
struct tutela_text category_of(const struct tutela_label *labels, size_t n);

#endif
