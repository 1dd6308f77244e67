/* SPDX-License-Identifier: Apache-2.0 */
/* Lists past their date: they still match, and whoever asks is told. */
#ifndef TUTELA_TOOLS_EXPIRY_H
#define TUTELA_TOOLS_EXPIRY_H

#include <stdbool.h>

#include <tutela/store.h>

bool expiry_past(const struct tutela_list *list);

/* YYYY-MM-DD (the end of that day), YYYY-MM-DDThh:mm:ssZ, or never: 0. False when it is none of them. */
bool expiry_parse(const char *text, int64_t *out);

/* A warning for each such list of the snapshot. */
enum tutela_err expiry_warn(struct tutela_snapshot *snapshot);

#endif
