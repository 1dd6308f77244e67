/* SPDX-License-Identifier: Apache-2.0 */
/* Entries that were absent from the list that replaced theirs: said in their reason, so that it is kept with them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/update.h"

static const char words[] = "absent from the list that replaced it, version ";
#define WORDS_LEN (sizeof words - 1)

size_t tutela_absent_reason(uint64_t version, char *buf)
{
	return (size_t)snprintf(buf, ABSENT_REASON_MAX, "%s%" PRIu64, words, version);
}

bool tutela_record_vanished(const struct tutela_record *rec, uint64_t *version)
{
	enum tutela_status status = rec->local ? rec->issued : rec->status;
	struct tutela_text reason = rec->local ? rec->issued_reason : rec->reason;
	uint64_t v = 0;

	if (version)
		*version = 0;
	if (status != TUTELA_WITHDRAWN || reason.len <= WORDS_LEN || memcmp(reason.s, words, WORDS_LEN))
		return false;
	for (size_t i = WORDS_LEN; i < reason.len; i++) {
		unsigned digit = (unsigned char)reason.s[i] - (unsigned)'0';

		if (digit > 9 || __builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)digit, &v))
			return false;
	}
	if (version)
		*version = v;
	return true;
}
