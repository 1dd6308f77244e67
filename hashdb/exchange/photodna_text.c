/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/photodna_text.h"

#include <nettle/base64.h>

bool tutela_photodna_parse(const char *s, size_t len, struct tutela_hash *out)
{
	struct base64_decode_ctx ctx;
	size_t n = PHOTODNA_BASE64 / 4 * 3;

	*out = (struct tutela_hash){.algorithm = TUTELA_ALG_PHOTODNA, .len = (uint16_t)n};
	if (len != PHOTODNA_BASE64)
		return false;
	base64_decode_init(&ctx);
	/* This many characters never give more than the bytes there are. */
	return base64_decode_update(&ctx, &n, out->bytes, len, s) && base64_decode_final(&ctx) && n == out->len;
}
