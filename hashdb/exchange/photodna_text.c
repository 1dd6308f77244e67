/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/photodna_text.h"

#include <nettle/base64.h>

#define PHOTODNA_BYTES  ((size_t)144)
#define PHOTODNA_BASE64 ((size_t)192)

/* False when it is not base64 of exactly this many bytes. */
static bool decode(const char *s, size_t len, uint8_t *out)
{
	struct base64_decode_ctx ctx;
	size_t n = PHOTODNA_BYTES;

	if (len != PHOTODNA_BASE64)
		return false;
	base64_decode_init(&ctx);
	/* 192 characters never give more than 144 bytes. */
	return base64_decode_update(&ctx, &n, out, len, s) && base64_decode_final(&ctx) && n == PHOTODNA_BYTES;
}

void tutela_build_photodna(struct record_build *b, const char *s, size_t len)
{
	struct tutela_hash h = {.algorithm = TUTELA_ALG_PHOTODNA, .len = PHOTODNA_BYTES};
	char hex[TUTELA_HASH_TEXT_MAX];

	if (len == 2 * PHOTODNA_BYTES) {
		tutela_build_good_hash(b, TUTELA_ALG_PHOTODNA, s, len);
	} else if (decode(s, len, h.bytes)) {
		tutela_hash_format(&h, hex);
		tutela_build_good_hash(b, TUTELA_ALG_PHOTODNA, hex, 2 * PHOTODNA_BYTES);
	} else if (!b->refused) {
		b->refused = "a PhotoDNA value is neither base64 nor hexadecimal of 144 bytes";
	}
}
