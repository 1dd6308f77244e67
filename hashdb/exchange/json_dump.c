/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/json_dump.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct text {
	char *bytes;
	size_t len, room; /* a zero fits behind len */
	bool failed;      /* for good: what comes later would stand behind a gap */
};

static int add(const char *bytes, size_t len, void *ctx)
{
	struct text *t = ctx;

	if (!t->failed && t->room - t->len <= len) {
		size_t room = 2 * t->room + len + 256;
		char *bigger = tutela_mem_resize(t->bytes, room, 1);

		t->failed = !bigger;
		t->bytes = bigger ? bigger : t->bytes;
		t->room = bigger ? room : t->room;
	}
	if (t->failed)
		return -1;
	memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
	return 0;
}

char *tutela_json_dump(const json_t *value, size_t flags, size_t *len)
{
	struct text t = {.bytes = NULL};

	if (len)
		*len = 0;
	if (json_dump_callback(value, add, &t, flags) || t.failed || !t.bytes) {
		free(t.bytes);
		return NULL;
	}
	t.bytes[t.len] = '\0';
	if (len)
		*len = t.len;
	return t.bytes;
}
