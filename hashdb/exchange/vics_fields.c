/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/vics_fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "exchange/record_build.h"

const struct vics_name tutela_vics_names[VICS_NAMES] = {
	[VICS_OTHER] = {"", sizeof("") - 1, NULL, VICS_TEXT},
	[VICS_MEDIA_ID] = {"MediaID", sizeof("MediaID") - 1, NULL, VICS_NUMBER},
	[VICS_MD5] = {"MD5", sizeof("MD5") - 1, NULL, VICS_TEXT},
	[VICS_SHA1] = {"SHA1", sizeof("SHA1") - 1, NULL, VICS_TEXT},
	[VICS_PHOTODNA] = {"PhotoDNA", sizeof("PhotoDNA") - 1, NULL, VICS_TEXT},
	[VICS_DATE_UPDATED] = {"DateUpdated", sizeof("DateUpdated") - 1, NULL, VICS_TEXT},
	[VICS_CATEGORY] = {"Category", sizeof("Category") - 1, "category", VICS_NUMBER},
	[VICS_SERIES] = {"Series", sizeof("Series") - 1, "series", VICS_TEXT},
	[VICS_TAGS] = {"Tags", sizeof("Tags") - 1, "tags", VICS_TEXT},
	[VICS_COMMENTS] = {"Comments", sizeof("Comments") - 1, "comments", VICS_TEXT},
	[VICS_VICTIM_IDENTIFIED] = {"VictimIdentified", sizeof("VictimIdentified") - 1, "victim_identified",
				    VICS_BOOLEAN},
	[VICS_OFFENDER_IDENTIFIED] = {"OffenderIdentified", sizeof("OffenderIdentified") - 1, "offender_identified",
				      VICS_BOOLEAN},
	[VICS_IS_DISTRIBUTED] = {"IsDistributed", sizeof("IsDistributed") - 1, "is_distributed", VICS_BOOLEAN},
	[VICS_IS_SUSPECTED] = {"IsSuspected", sizeof("IsSuspected") - 1, "is_suspected", VICS_BOOLEAN},
	[VICS_SELF_GENERATED] = {"SelfGenerated", sizeof("SelfGenerated") - 1, "self_generated", VICS_BOOLEAN},
	[VICS_MEDIA_SIZE] = {"MediaSize", sizeof("MediaSize") - 1, "media_size", VICS_SIZE},
	[VICS_MIME_TYPE] = {"MimeType", sizeof("MimeType") - 1, "mime_type", VICS_TEXT},
	[VICS_ALTERNATIVE_HASHES] = {"AlternativeHashes", sizeof("AlternativeHashes") - 1, NULL, VICS_TEXT},
	[VICS_MEDIA_METADATA] = {"MediaMetadata", sizeof("MediaMetadata") - 1, NULL, VICS_TEXT},
	[VICS_MEDIA] = {"Media", sizeof("Media") - 1, NULL, VICS_TEXT},
	[VICS_CASE_ID] = {"CaseID", sizeof("CaseID") - 1, NULL, VICS_TEXT},
};

enum vics_field tutela_vics_field(const char *s, size_t len)
{
	for (int i = VICS_OTHER + 1; len && i < VICS_NAMES; i++) {
		const struct vics_name *n = &tutela_vics_names[i];

		/* Length and first letter tell most of them apart. */
		if (len == n->len && (s[0] | 0x20) == (n->name[0] | 0x20) &&
		    tutela_same_text((struct tutela_text){s, len}, (struct tutela_text){n->name, n->len}))
			return (enum vics_field)i;
	}
	return VICS_OTHER;
}

bool tutela_vics_number(const char *s, size_t len, int64_t *out)
{
	bool minus = len && *s == '-';
	uint64_t v = 0, most = (uint64_t)INT64_MAX + minus;

	*out = 0;
	if (len == (size_t)minus)
		return false;
	for (size_t i = minus; i < len; i++) {
		unsigned digit = (unsigned)(unsigned char)s[i] - '0';

		if (digit > 9 || v > (most - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*out = minus ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

size_t tutela_vics_id(const struct tutela_hash *hash, int64_t media_id, char buf[VICS_ID_MAX])
{
	char hex[TUTELA_HASH_TEXT_MAX];
	int n = snprintf(buf, VICS_ID_MAX, "%s:%s/%" PRId64,
			 tutela_algorithm_get((enum tutela_algorithm)hash->algorithm)->name,
			 tutela_hash_format(hash, hex), media_id);

	return n > 0 && n < VICS_ID_MAX ? (size_t)n : 0;
}
