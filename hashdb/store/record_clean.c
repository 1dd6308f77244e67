/* SPDX-License-Identifier: Apache-2.0 */
/* What may be stored of a record that was put. */
#include <stdio.h>
#include <string.h>

#include "store/update.h"
#include "base/utf8.h"

static enum tutela_err check_text(struct tutela_update *u, struct tutela_text t, size_t max, const char *what)
{
	if (t.len && !t.s)
		return TUTELA_E_ARG;
	if (t.len > max)
		return tutela_store_fail(u->w.store, TUTELA_E_TOOBIG, "%s is longer than %zu bytes", what, max);
	if (t.len && !tutela_utf8_valid(t.s, t.len))
		return tutela_store_fail(u->w.store, TUTELA_E_REFUSED, "%s is not UTF-8", what);
	return TUTELA_OK;
}

static enum tutela_err copy_labels(struct tutela_update *u, const struct tutela_record *rec)
{
	enum tutela_err err = TUTELA_OK;

	if (rec->n_labels > TUTELA_LABELS_MAX)
		return tutela_store_fail(u->w.store, TUTELA_E_TOOBIG, "an entry has more than %d labels",
					 TUTELA_LABELS_MAX);
	for (size_t i = 0; i < rec->n_labels && !err; i++) {
		err = check_text(u, rec->labels[i].key, TUTELA_LABEL_KEY_MAX, "the name of a label");
		if (!err)
			err = check_text(u, rec->labels[i].value, TUTELA_TEXT_MAX, "a label");
		u->clean.labels[i] = rec->labels[i];
	}
	u->clean.n_labels = rec->n_labels;
	return err;
}

/* The fingerprints that may be stored; *why says what was wrong with one that may not. */
static enum tutela_err copy_hashes(struct tutela_update *u, const struct tutela_record *rec, const char **why)
{
	*why = "it has no fingerprint";
	u->clean.n_fingerprints = 0;
	if (rec->n_fingerprints > TUTELA_FINGERPRINTS_MAX)
		return tutela_store_fail(u->w.store, TUTELA_E_TOOBIG, "an entry has more than %d fingerprints",
					 TUTELA_FINGERPRINTS_MAX);
	for (size_t i = 0; i < rec->n_fingerprints; i++) {
		const struct tutela_hash *h = &rec->fingerprints[i];
		const struct tutela_algorithm_info *info = tutela_algorithm_get(h->algorithm);
		struct tutela_hash *to = &u->clean.fingerprints[u->clean.n_fingerprints];
		const char *refusal;

		if (!info || h->len * 8u != info->bits)
			return tutela_store_fail(u->w.store, TUTELA_E_ARG,
						 "a fingerprint has an unknown algorithm or length");
		/* Bytes past the length would make equal hashes look different. */
		memset(to, 0, sizeof *to);
		to->algorithm = h->algorithm;
		to->len = h->len;
		memcpy(to->bytes, h->bytes, h->len);
		refusal = tutela_hash_refusal(to);
		if (refusal)
			*why = refusal;
		else
			u->clean.n_fingerprints++;
	}
	return TUTELA_OK;
}

/* "pdq:<hex>", of the first fingerprint that is stored. */
static void make_id(struct tutela_update *u, char *id_room)
{
	const struct tutela_hash *h = &u->clean.fingerprints[0];
	char hex[TUTELA_HASH_TEXT_MAX];
	int len;

	len = snprintf(id_room, ID_ROOM, "%s:%s", tutela_algorithm_get(h->algorithm)->name, tutela_hash_format(h, hex));
	u->clean.id = (struct tutela_text){id_room, (size_t)len};
}

enum tutela_err tutela_record_clean(struct tutela_update *u, const struct tutela_record *rec, char *id_room)
{
	enum tutela_err err;
	const char *why;

	if ((unsigned)rec->status > TUTELA_WITHDRAWN)
		return TUTELA_E_ARG;
	u->clean.id = rec->id;
	u->clean.reason = rec->reason;
	u->clean.status = rec->status;
	u->clean.source_time = rec->source_time;
	u->clean.local = false;
	err = check_text(u, rec->id, TUTELA_ENTRY_ID_MAX, "an entry id");
	if (!err)
		err = check_text(u, rec->reason, TUTELA_TEXT_MAX, "a reason");
	if (!err)
		err = copy_labels(u, rec);
	if (!err)
		err = copy_hashes(u, rec, &why);
	if (err)
		return err;
	if (!u->clean.id.len && u->clean.n_fingerprints)
		make_id(u, id_room);
	/* "Withdraw that one" needs no fingerprints. */
	if (u->clean.n_fingerprints || (rec->status != TUTELA_ACTIVE && u->clean.id.len && !rec->n_fingerprints))
		return TUTELA_OK;
	return tutela_store_fail(u->w.store, TUTELA_E_REFUSED, "entry '%.*s' holds nothing that may be stored: %s",
				 (int)rec->id.len, rec->id.len ? rec->id.s : "", why);
}
