/* SPDX-License-Identifier: Apache-2.0 */
/* The set: what format "vics" writes. One medium a line, so that people can look at it and compare. */
#include <string.h>

#include "exchange/vics_fields.h"
#include "exchange/vics_write.h"

enum tutela_err tutela_vics_set_begin(struct tutela_writer *w)
{
	tutela_writer_string(w, "{\"@odata.context\":\"http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/"
				"Default/$metadata#Media\",\"value\":[");
	return TUTELA_OK;
}

/* The hash that the reader would make the id of. */
static const struct tutela_hash *first(const struct tutela_hash *sorted, size_t n)
{
	static const enum tutela_algorithm before[] = {TUTELA_ALG_MD5, TUTELA_ALG_SHA1, TUTELA_ALG_PHOTODNA};

	for (size_t k = 0; k < sizeof(before) / sizeof(*before); k++)
		for (size_t i = 0; i < n; i++)
			if (sorted[i].algorithm == before[k])
				return &sorted[i];
	return sorted;
}

/* The MediaID that an entry id ends with, when the reader would make the same id of it. */
static bool media_id(const struct tutela_record *rec, const struct tutela_hash *sorted, int64_t *out)
{
	const char *s = rec->id.s;
	size_t slash = rec->id.len;
	char made[VICS_ID_MAX];

	while (slash && s[slash - 1] != '/')
		slash--;
	return slash && rec->n_fingerprints && tutela_vics_number(s + slash, rec->id.len - slash, out) &&
	       tutela_vics_id(first(sorted, rec->n_fingerprints), *out, made) == rec->id.len &&
	       memcmp(made, s, rec->id.len) == 0;
}

enum tutela_err tutela_vics_set_put(struct tutela_writer *w, const struct tutela_record *rec)
{
	struct tutela_hash sorted[TUTELA_FINGERPRINTS_MAX];
	struct vics_written m = {
		.time = rec->source_time,
		.n_fingerprints = rec->n_fingerprints,
		.fingerprints = sorted,
		.n_labels = rec->n_labels,
		.labels = rec->labels,
	};
	struct vics_gen g;

	/* VICS has no status: whoever reads it would take all that it holds as valid. */
	if (rec->status != TUTELA_ACTIVE)
		return TUTELA_OK;
	if (!tutela_vics_generator(w, &g))
		return TUTELA_E_NOMEM;
	if (rec->n_fingerprints)
		memcpy(sorted, rec->fingerprints, rec->n_fingerprints * sizeof(*sorted));
	tutela_vics_sort(sorted, rec->n_fingerprints);
	if (!media_id(rec, sorted, &m.media_id)) {
		m.media_id = VICS_MEDIA_ID_BASE + (int64_t)w->written;
		m.own_id = rec->id;
	}
	tutela_writer_string(w, w->written++ ? ",\n" : "\n");
	(void)yajl_gen_map_open(g.y);
	tutela_vics_medium_fields(&g, &m);
	(void)yajl_gen_map_close(g.y);
	yajl_gen_free(g.y);
	return w->err;
}

enum tutela_err tutela_vics_set_end(struct tutela_writer *w)
{
	tutela_writer_string(w, "\n]}\n");
	return w->err;
}
