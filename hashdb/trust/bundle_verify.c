/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trust/bundle_fetch.h"

void tutela_bundle_signature_name(const char *stem, const struct tutela_public_key *key, char *out)
{
	char id[TUTELA_KEY_ID_TEXT + 1];

	tutela_public_key_id(key, id);
	(void)snprintf(out, BUNDLE_STEM_MAX, "%.*s.%s.minisig", BUNDLE_NAME_MAX, stem, id);
}

void tutela_bundle_index_stem(const uint8_t *sha256, char *out)
{
	char hex[2 * 8 + 1];

	tutela_bundle_hex(sha256, 8, hex);
	(void)snprintf(out, BUNDLE_STEM_MAX, BUNDLE_INDEX_NAME ".%s", hex);
}

/* TUTELA_E_NOTFOUND: this key has not signed it. TUTELA_E_REFUSED: it has signed other bytes. */
static enum tutela_err one_key(struct bundle_fetch *f, const char *stem, const char *bytes, size_t len,
			       const struct tutela_public_key *key)
{
	struct tutela_signature signature;
	char name[BUNDLE_STEM_MAX], *text;
	enum tutela_err err;
	size_t text_len;

	tutela_bundle_signature_name(stem, key, name);
	err = tutela_bundle_get_text(f, name, TUTELA_SIGNATURE_MAX, &text, &text_len);
	if (err)
		return err;
	err = tutela_signature_parse(text, text_len, &signature);
	free(text);
	if (err)
		return TUTELA_E_REFUSED;
	return tutela_signature_verify(&signature, key, bytes, len);
}

enum tutela_err tutela_bundle_verify(struct bundle_fetch *f, const char *stem, const char *name, const char *bytes,
				     size_t len, const struct bundle_role *role)
{
	char id[TUTELA_KEY_ID_TEXT + 1], bad[TUTELA_KEY_ID_TEXT + 1] = "";
	uint32_t good = 0;

	for (size_t i = 0; i < role->n && good < role->threshold; i++) {
		enum tutela_err err = one_key(f, stem, bytes, len, &role->keys[i]);

		if (err == TUTELA_E_REFUSED)
			tutela_public_key_id(&role->keys[i], bad);
		else if (err && err != TUTELA_E_NOTFOUND)
			return err;
		good += !err;
	}
	if (good >= role->threshold) {
		*f->why = '\0';
		return TUTELA_OK;
	}
	tutela_public_key_id(&role->keys[0], id);
	if (*bad)
		return tutela_bundle_fail(f->why, TUTELA_E_REFUSED,
					  "the signature of key %s does not fit '%s': other bytes were signed", bad,
					  name);
	if (!good)
		return tutela_bundle_fail(f->why, TUTELA_E_REFUSED,
					  "'%s' is not signed by a key that is trusted here (%s%s)", name, id,
					  role->n > 1 ? " or another" : "");
	return tutela_bundle_fail(f->why, TUTELA_E_REFUSED,
				  "'%s' is signed by %u of the keys that are trusted here, and needs %u", name, good,
				  role->threshold);
}
