/* SPDX-License-Identifier: Apache-2.0 */
#include "report/name_uuid.h"

#include <nettle/sha1.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const uint8_t name_space[16] = {0x6b, 0x1e, 0x7c, 0x0a, 0x52, 0xd4, 0x4f, 0x0e,
				       0x9a, 0x37, 0x0c, 0x8d, 0x5e, 0x2f, 0x41, 0xb6};

char *name_uuid(char *out, const char *const *texts, size_t n)
{
	struct sha1_ctx ctx;
	uint8_t u[16];

	sha1_init(&ctx);
	sha1_update(&ctx, sizeof(name_space), name_space);
	for (size_t i = 0; i < n; i++)
		sha1_update(&ctx, strlen(texts[i]) + (i + 1 < n), (const uint8_t *)texts[i]);
	sha1_digest(&ctx, sizeof(u), u);
	u[6] = (uint8_t)(0x50 | (u[6] & 0x0f));
	u[8] = (uint8_t)(0x80 | (u[8] & 0x3f));
	snprintf(out, NAME_UUID_LEN, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
		 u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
	return out;
}
