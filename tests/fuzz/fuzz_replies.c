/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <tutela/feed_page.h>

#include "base/utf8.h"
#include "fuzz.h"

static bool on_row(void *ctx, const struct tutela_ncmec_row *row)
{
	char body[TUTELA_NCMEC_VOTE_MAX];
	size_t *left = ctx, n = tutela_ncmec_vote(row->guid, body);

	require(tutela_utf8_valid(row->name, strlen(row->name)) && tutela_utf8_valid(row->type, strlen(row->type)));
	require(n == strlen(body));
	return (*left)-- > 1;
}

/* The first byte chooses the reply, and the row that is enough. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	enum tutela_err err;
	size_t left;

	if (size < 1)
		return 0;
	left = 1 + data[0] / 4;
	err = tutela_ncmec_read((enum tutela_ncmec_reply)(data[0] % 3), data + 1, size - 1, on_row, &left, &why);
	require(why && (err != TUTELA_E_FORMAT) == !*why);
	return 0;
}
