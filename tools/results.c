/* SPDX-License-Identifier: Apache-2.0 */
#include "results.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "output.h"
#include "printable.h"

static void set_hex(json_t *object, const char *key, const void *bytes, size_t len)
{
	char *hex = printable_hex(bytes, len);

	json_object_set_new(object, key, json_string(hex));
	free(hex);
}

static void set_int(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void set_dihedral(json_t *object, const char *key, const struct tutela_pdq *pdq)
{
	json_t *all = json_object();

	for (int d = 0; d < TUTELA_DIHEDRALS; d++)
		set_hex(all, tutela_dihedral_name((enum tutela_dihedral)d), pdq->dihedral[d], TUTELA_PDQ_LEN);
	json_object_set_new(object, key, all);
}

static void set_perceptual(json_t *object, const struct tutela_decoded *d, bool dihedral)
{
	if (d->have & TUTELA_WANT_PDQ) {
		set_hex(object, "pdq", d->hashes.pdq.hash, TUTELA_PDQ_LEN);
		json_object_set_new(object, "pdq_quality", json_integer(d->hashes.pdq.quality));
	}
	if (d->have & TUTELA_WANT_PDQ_FULL)
		set_hex(object, "pdq_full", d->hashes.pdq_full.hash, TUTELA_PDQ_LEN);
	if (d->have & TUTELA_WANT_PHASH)
		set_hex(object, "phash", d->hashes.phash, TUTELA_HASH64_LEN);
	if (d->have & TUTELA_WANT_DHASH)
		set_hex(object, "dhash", d->hashes.dhash, TUTELA_HASH64_LEN);
	if (dihedral && d->have & TUTELA_WANT_PDQ)
		set_dihedral(object, "pdq_dihedral", &d->hashes.pdq);
	if (dihedral && d->have & TUTELA_WANT_PDQ_FULL)
		set_dihedral(object, "pdq_full_dihedral", &d->hashes.pdq_full);
}

static void set_picture(json_t *object, const struct tutela_decoded *d)
{
	if (d->format != TUTELA_FORMAT_NONE)
		json_object_set_new(object, "format", json_string(tutela_format_name(d->format)));
	if (d->width && d->height) {
		set_int(object, "width", d->width);
		set_int(object, "height", d->height);
	}
	if (d->frames > 1)
		set_int(object, "frames", d->frames);
	if (d->have & TUTELA_WANT_MD5)
		set_hex(object, "md5", d->md5, sizeof(d->md5));
	if (d->have & TUTELA_WANT_SHA1)
		set_hex(object, "sha1", d->sha1, sizeof(d->sha1));
	if (d->have & TUTELA_WANT_SHA256)
		set_hex(object, "sha256", d->sha256, sizeof(d->sha256));
}

json_t *result_file(const char *path, const struct finding *f, bool dihedral)
{
	json_t *object = json_object();

	json_object_set_new(object, "type", json_string("file"));
	output_set_bytes(object, "path", path, strlen(path));
	set_int(object, "size", f->size);
	set_picture(object, &f->decoded);
	if (f->decoded.class_ == TUTELA_DECODE_OK) {
		set_perceptual(object, &f->decoded, dihedral);
	} else if (f->decoded.have & TUTELA_WANT_PERCEPTUAL) {
		/* Hashes of half a picture must not be taken for the picture's. */
		json_t *partial = json_object();

		set_perceptual(partial, &f->decoded, dihedral);
		json_object_set_new(object, "partial", partial);
	}
	return object;
}

static json_t *hit_object(const struct tutela_hit *h, bool partial, bool flood)
{
	const struct tutela_algorithm_info *a = tutela_algorithm_get(h->algorithm);
	json_t *o = json_object(), *labels = json_object();

	for (size_t i = 0; i < h->n_labels; i++) {
		char *key = memory_copy(h->labels[i].key.s, h->labels[i].key.len);

		json_object_set_new(labels, key, output_tutela_text(h->labels[i].value));
		free(key);
	}
	json_object_set_new(o, "source", output_string(h->source, strlen(h->source)));
	json_object_set_new(o, "list", output_string(h->list, strlen(h->list)));
	set_int(o, "list_version", h->list_version);
	json_object_set_new(o, "entry", output_tutela_text(h->entry));
	json_object_set_new(o, "algorithm", json_string(a ? a->name : "unknown"));
	set_int(o, "distance", h->distance);
	set_int(o, "threshold", h->threshold);
	json_object_set_new(o, "variant", json_string(h->variant ? h->variant : "original"));
	json_object_set_new(o, "labels", labels);
	json_object_set_new(o, "action", json_string(tutela_action_name(h->action)));
	if (h->dialect)
		json_object_set_new(o, "dialect", json_string(h->dialect));
	if (partial && a && a->perceptual)
		json_object_set_new(o, "partial", json_true());
	if (flood)
		json_object_set_new(o, "flood", json_true());
	if (h->list_expired)
		json_object_set_new(o, "expired", json_true());
	return o;
}

static void set_unless_empty(json_t *object, const char *key, json_t *array)
{
	if (json_array_size(array))
		json_object_set(object, key, array);
	json_decref(array);
}

static void set_hits(json_t *object, const struct finding *f)
{
	json_t *hits = json_array(), *passed = json_array(), *allows = json_array(), *silenced = json_array();

	for (size_t i = 0; i < f->hits.n; i++) {
		const struct tutela_hit *h = &f->hits.items[i];

		json_t *to = h->kind == TUTELA_LIST_EXCLUDE ? passed : h->kind == TUTELA_LIST_ALLOW ? allows : hits;

		json_array_append_new(finding_silences(f, h) ? silenced : to,
				      hit_object(h, f->decoded.partial, f->flood && f->flood[i]));
	}
	json_object_set_new(object, "hits", hits);
	if (f->hits.limited)
		json_object_set_new(object, "hits_limited", json_true());
	if (f->excluded)
		json_object_set_new(object, "excluded", json_true());
	if (f->allowed)
		json_object_set_new(object, "allowed", json_true());
	set_unless_empty(object, "excluded_by", passed);
	set_unless_empty(object, "allowed_by", allows);
	set_unless_empty(object, "allowed_hits", silenced);
}

void result_set_verdict(json_t *object, const struct finding *f, bool perceptual)
{
	json_object_set_new(object, "verdict", json_string(verdict_name(f->verdict)));
	if (f->reason[0])
		json_object_set_new(object, "reason", json_string(f->reason));
	if (perceptual)
		json_object_set_new(object, "perceptual", json_string(perceptual_name(f->perceptual)));
	set_hits(object, f);
}

#define COLUMNS "%-12s  %-12s  %-14s  %-24s  %-10s  %s\n"

void result_print_heads(FILE *out, const char *subject)
{
	fprintf(out, COLUMNS, "VERDICT", "DISTANCE", "LIST", "ENTRY", "VARIANT", subject);
}

static void print_hit(FILE *out, const char *shown, const struct tutela_hit *h, bool silenced, bool flood)
{
	const struct tutela_algorithm_info *a = tutela_algorithm_get(h->algorithm);
	char *entry = printable_name(h->entry.len ? h->entry.s : "", h->entry.len), distance[48];
	/* Ids made from a fingerprint are as long as that; their beginning tells them apart here, --json has all of it.
	 */
	size_t len = strlen(entry);

	if (len > 24)
		memcpy(entry + 21, "...", 4);
	if (a->perceptual)
		snprintf(distance, sizeof(distance), "%s %u/%u", a->name, h->distance, h->threshold);
	else
		snprintf(distance, sizeof(distance), "%s exact", a->name);
	fprintf(out, COLUMNS,
		h->kind == TUTELA_LIST_EXCLUDE ? "excluded"
		: silenced                     ? "allowed"
		: flood                        ? "review"
					       : "match",
		distance, h->list, entry, h->variant ? h->variant : "-", shown);
	free(entry);
}

void result_print(FILE *out, const char *subject, const struct finding *f)
{
	char *shown = printable_name(subject, strlen(subject));

	if (f->verdict == VERDICT_UNDETERMINED) {
		char *both = memory_format("%s: %s", shown, f->reason);

		fprintf(out, COLUMNS, "undetermined", "-", "-", "-", "-", both);
		free(both);
	} else if (f->verdict == VERDICT_NO_MATCH && !f->excluded && !f->allowed) {
		fprintf(out, COLUMNS, "no-match", "-", "-", "-", "-", shown);
	}
	for (size_t i = 0; i < f->hits.n; i++) {
		const struct tutela_hit *h = &f->hits.items[i];

		/* Next to an alarm, what passes the file over has no say. */
		if (h->kind == TUTELA_LIST_KNOWN || f->excluded)
			print_hit(out, shown, h, finding_silences(f, h), f->flood && f->flood[i]);
	}
	free(shown);
}
