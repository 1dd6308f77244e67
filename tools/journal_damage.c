/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_damage.h"

#include "message.h"
#include "output.h"

#define NAMED 10

void journal_damage_add(uint64_t *n, bool json, uint64_t number)
{
	if (json)
		output_json(
			json_pack("{s:s, s:I}", "type", "journal-damaged", "number", (json_int_t)(number & INT64_MAX)));
	if ((*n)++ < NAMED)
		message_error(NULL, "record %llu of the journal is damaged, and passed over",
			      (unsigned long long)number);
}
