/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/publish_list.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/changes.h"
#include "trust/bundle_plan.h"
#include "trust/bundle_state.h"

#define MANIFESTS_MOST 10000 /* that kills left, of one list and version */

#define FILES_KEPT 40 /* of a manifest: more deltas than that, and a full file is due */

struct one_list {
	struct publishing *p;
	const char *name;
	struct tutela_list list;
	uint32_t number;                 /* in the store */
	const struct bundle_row *before; /* NULL: not in the folder yet */
	struct bundle_manifest old, m;
	struct tutela_publish_list *result;
};

static const struct bundle_row *find_row(const struct bundle_index *index, const char *list)
{
	for (size_t i = 0; i < index->n; i++)
		if (!strcmp(index->rows[i].list, list))
			return &index->rows[i];
	return NULL;
}

/* ------------------------------------------------------------------ what is to be said */

/* Where it came from, when it is not this store's own. */
static enum tutela_err fill_origins(struct one_list *one)
{
	struct bundle_manifest *m = &one->m;
	struct bundle_list_state st;
	enum tutela_err err;

	err = tutela_bundle_list_state(one->p->snap, one->list.source, one->name, &st);
	if (err || !st.version)
		return err;
	strcpy(m->origins[0].source, one->list.source);
	strcpy(m->origins[0].list, one->name);
	m->origins[0].version = st.version;
	m->origins[0].issued = st.issued;
	m->n_origins = 1;
	for (size_t i = 0; i < st.n_origins && m->n_origins < BUNDLE_ORIGINS_MAX; i++)
		m->origins[m->n_origins++] = st.origins[i];
	return TUTELA_OK;
}

enum tutela_err tutela_publish_fit(struct publishing *p, const char *name, struct tutela_list *list)
{
	enum tutela_err err = tutela_snapshot_list(p->snap, name, list);

	if (err)
		return tutela_publish_fail_store(p, err);
	if (!list->version)
		return PUBLISH_REFUSE(p, "the list '%s' is empty and was never anything else", name);
	if (!strcmp(name, BUNDLE_FEED))
		return PUBLISH_REFUSE(p, "a list called '%s' cannot be published: the word is taken", name);
	if (list->policy.kind == TUTELA_LIST_ALLOW)
		return PUBLISH_REFUSE(
			p, "the list '%s' allows, which is for each operator to decide: it cannot be published", name);
	return TUTELA_OK;
}

static enum tutela_err fill_manifest(struct one_list *one)
{
	struct publishing *p = one->p;
	struct bundle_manifest *m = &one->m;
	enum tutela_err err = tutela_publish_fit(p, one->name, &one->list);

	if (err)
		return err;
	one->number = tutela_changes_list(p->snap, one->name);
	strcpy(m->list, one->name);
	m->version = one->list.version;
	/* When this version came to be: whoever publishes it again says the same. */
	m->issued = one->list.updated;
	m->expires = p->expires;
	m->kind = one->list.policy.kind;
	m->active = one->list.active;
	m->disputed = one->list.disputed;
	memcpy(m->fingerprints, one->list.fingerprints, sizeof m->fingerprints);
	memcpy(m->store, p->info.uuid, sizeof m->store);
	m->list_number = one->number;
	err = tutela_snapshot_digest(p->snap, one->name, TUTELA_DIGEST_EFFECTIVE, m->digest);
	if (!err)
		err = fill_origins(one);
	return tutela_publish_fail_store(p, err);
}

/* What the folder has must be of the past of what this store has. */
static enum tutela_err check_before(struct one_list *one)
{
	struct publishing *p = one->p;
	enum tutela_err err;

	one->before = find_row(&p->folder.index, one->name);
	if (!one->before)
		return TUTELA_OK;
	err = tutela_publish_manifest(&p->folder, one->before, &one->old);
	if (err)
		return err;
	one->result->from_version = one->old.version;
	if (one->old.version > one->m.version)
		return PUBLISH_REFUSE(
			p, "'%s' has version %" PRIu64 " of list '%s' already, and this store version %" PRIu64,
			p->folder.path, one->old.version, one->name, one->m.version);
	if (one->old.version == one->m.version && memcmp(one->old.digest, one->m.digest, sizeof one->m.digest))
		return PUBLISH_REFUSE(p, "'%s' has another list as version %" PRIu64 " of '%s'", p->folder.path,
				      one->m.version, one->name);
	return TUTELA_OK;
}

static bool same_list(const struct one_list *one)
{
	return one->before && !strcmp(one->old.store, one->m.store) && one->old.list_number == one->m.list_number;
}

/* The first entry number after a version of the same list; 0: not known. */
static uint32_t mark_of(const struct one_list *one, uint64_t version)
{
	for (size_t i = 0; same_list(one) && i < one->old.n_marks; i++)
		if (one->old.marks[i].version == version)
			return one->old.marks[i].next_entry;
	return 0;
}

static void fill_marks(struct one_list *one)
{
	struct bundle_manifest *m = &one->m;
	size_t skip = 0, n = same_list(one) ? one->old.n_marks : 0;

	if (n && one->old.marks[n - 1].version == m->version)
		n--;
	if (n == BUNDLE_MARKS_MAX)
		skip = 1;
	memcpy(m->marks, one->old.marks + skip, (n - skip) * sizeof *m->marks);
	m->n_marks = n - skip;
	m->marks[m->n_marks++] = (struct bundle_mark){m->version, tutela_changes_end(one->p->snap)};
}

/* ------------------------------------------------------------------ data files */

static bool has_file(const struct bundle_manifest *m, uint64_t base, uint64_t version)
{
	for (size_t i = 0; i < m->n_files; i++)
		if (m->files[i].base == base && m->files[i].version == version)
			return true;
	return false;
}

static enum tutela_err add_data(struct one_list *one, uint64_t base, uint32_t from)
{
	struct bundle_manifest *m = &one->m;
	struct publish_data data = {.snap = one->p->snap,
				    .list = one->name,
				    .list_number = one->number,
				    .from = from,
				    .digest = m->digest,
				    .stop = one->p->opts->stop,
				    .ctx = one->p->opts->ctx};
	struct bundle_file file = {.base = base, .version = m->version};
	enum tutela_err err;

	if (has_file(m, base, m->version))
		return TUTELA_OK;
	err = tutela_publish_data(&one->p->folder, &data, &file);
	if (err)
		return tutela_publish_fail_store(one->p, err);
	if (base) {
		one->result->delta_bytes += file.length;
		one->result->changed = file.records - file.withdrawn;
		one->result->withdrawn = file.withdrawn;
	} else {
		one->result->full_bytes += file.length;
	}
	m->files[m->n_files++] = file;
	return TUTELA_OK;
}

/* The newest files, with the newest full one among them, so many that there is room for more. */
static void keep_files(struct one_list *one)
{
	struct bundle_manifest *m = &one->m;
	const struct bundle_manifest *old = &one->old;
	size_t skip = old->n_files > FILES_KEPT - 8 ? old->n_files - (FILES_KEPT - 8) : 0, full = old->n_files;

	for (size_t i = 0; i < old->n_files; i++)
		if (!old->files[i].base)
			full = i;
	for (size_t i = 0; i < old->n_files; i++)
		if (i == full || (i >= skip && old->files[i].base))
			m->files[m->n_files++] = old->files[i];
}

/* Is it time for a full file: none is there, or the deltas since have grown past half of it? */
static bool full_is_due(const struct one_list *one)
{
	const struct bundle_manifest *m = &one->m;
	uint64_t full = 0, length = 0, deltas = 0;

	for (size_t i = 0; i < m->n_files; i++)
		if (!m->files[i].base && m->files[i].version >= full) {
			full = m->files[i].version;
			length = m->files[i].length;
		}
	for (size_t i = 0; i < m->n_files; i++)
		if (m->files[i].base >= full)
			deltas += m->files[i].length;
	return !full || deltas > length / 2 + 4096 || m->n_files >= FILES_KEPT;
}

/* Can somebody who has nothing get this version? */
static bool has_way(const struct bundle_manifest *m)
{
	struct bundle_plan plan;

	tutela_bundle_plan(m, 0, &plan);
	return plan.n > 0;
}

static enum tutela_err write_data(struct one_list *one)
{
	const struct tutela_publish_opts *opts = one->p->opts;
	struct bundle_manifest *m = &one->m;
	enum tutela_err err = TUTELA_OK;

	if (same_list(one)) {
		uint32_t mark = mark_of(one, one->old.version);

		keep_files(one);
		if (mark && one->old.version < m->version)
			err = add_data(one, one->old.version, mark);
	}
	for (size_t i = 0; i < opts->n_since && !err; i++) {
		uint32_t mark = mark_of(one, opts->since[i]);

		if (!mark || opts->since[i] >= m->version)
			return PUBLISH_REFUSE(one->p,
					      "version %" PRIu64 " of list '%s' is not one that '%s' had before",
					      opts->since[i], one->name, one->p->folder.path);
		err = m->n_files < BUNDLE_FILES_MAX - 1 ? add_data(one, opts->since[i], mark)
							: PUBLISH_REFUSE(one->p, "too many deltas are asked for");
	}
	if (!err && (opts->full || full_is_due(one) || !has_way(m)))
		err = add_data(one, 0, 0);
	return err;
}

/* ------------------------------------------------------------------ manifests */

/* Is there a manifest of other bytes, or a signature of one that never came? */
static enum tutela_err is_taken(struct one_list *one, const struct bundle_row *row, bool *taken)
{
	struct publishing *p = one->p;
	char name[BUNDLE_STEM_MAX], *bytes;
	uint8_t sha[BUNDLE_SHA_LEN];
	enum tutela_err err;
	size_t len;

	*taken = tutela_publish_taken(&p->folder, row->manifest);
	if (*taken) {
		err = tutela_bundle_get_text(&p->folder.fetch, row->manifest, BUNDLE_MANIFEST_MAX, &bytes, &len);
		*p->folder.why = '\0';
		if (!err) {
			tutela_bundle_sha256(bytes, len, sha);
			*taken = memcmp(sha, row->sha256, sizeof sha) != 0;
			free(bytes);
		}
		return err == TUTELA_E_NOMEM ? err : TUTELA_OK;
	}
	for (size_t i = 0; i < p->opts->n_keys && !*taken; i++) {
		struct tutela_public_key pub;

		tutela_secret_key_public(p->opts->keys[i], &pub);
		tutela_bundle_signature_name(row->manifest, &pub, name);
		*taken = tutela_publish_taken(&p->folder, name);
	}
	return TUTELA_OK;
}

static enum tutela_err name_manifest(struct one_list *one, struct bundle_row *row)
{
	uint64_t first = one->p->next.version;
	enum tutela_err err;
	bool taken;

	(void)snprintf(row->manifest, sizeof row->manifest, "%s.%" PRIu64 ".json", one->name, one->m.version);
	err = is_taken(one, row, &taken);
	for (uint64_t n = first; !err && taken && n < first + MANIFESTS_MOST; n++) {
		(void)snprintf(row->manifest, sizeof row->manifest, "%s.%" PRIu64 ".%" PRIu64 ".json", one->name,
			       one->m.version, n);
		err = is_taken(one, row, &taken);
	}
	if (!err && taken)
		return PUBLISH_REFUSE(one->p, "no name is left for the manifest of '%s'", one->name);
	return err;
}

static enum tutela_err write_manifest(struct one_list *one, struct bundle_row *row)
{
	struct publishing *p = one->p;
	char comment[TUTELA_COMMENT_MAX], *text;
	enum tutela_err err;
	size_t len;

	err = tutela_bundle_manifest_text(&one->m, &text, &len);
	if (err)
		return err;
	strcpy(row->list, one->name);
	row->version = one->m.version;
	row->length = len;
	tutela_bundle_sha256(text, len, row->sha256);
	(void)snprintf(comment, sizeof comment, "list %s version %" PRIu64, one->name, one->m.version);
	err = name_manifest(one, row);
	if (!err)
		err = tutela_publish_sign(&p->folder, row->manifest, row->manifest, text, len, comment, p->opts->n_keys,
					  p->opts->keys);
	if (!err)
		err = tutela_publish_write(&p->folder, row->manifest, text, len);
	free(text);
	/* As a subscriber will see it. */
	return err ? err : tutela_publish_manifest(&p->folder, row, &one->old);
}

static bool nothing_new(const struct one_list *one)
{
	const struct tutela_publish_opts *opts = one->p->opts;

	if (!one->before || one->old.version != one->m.version || one->old.expires != one->m.expires)
		return false;
	for (size_t i = 0; i < opts->n_since; i++)
		if (!has_file(&one->old, opts->since[i], one->m.version))
			return false;
	return !opts->full || has_file(&one->old, 0, one->m.version);
}

static enum tutela_err publish(struct one_list *one, struct bundle_row *row)
{
	struct tutela_publish_list *r = one->result;
	enum tutela_err err = fill_manifest(one);

	strcpy(r->list, one->name);
	if (!err)
		err = check_before(one);
	if (err)
		return err;
	r->version = one->m.version;
	r->active = one->m.active;
	r->disputed = one->m.disputed;
	tutela_bundle_hex(one->m.digest, sizeof one->m.digest, r->digest);
	if (nothing_new(one)) {
		*row = *one->before;
	} else {
		fill_marks(one);
		err = write_data(one);
		if (!err)
			err = write_manifest(one, row);
		one->p->any = true;
	}
	(void)snprintf(r->manifest, sizeof r->manifest, "%s", row->manifest);
	return err;
}

enum tutela_err tutela_publish_one(struct publishing *p, const char *list, struct tutela_publish_list *result,
				   struct bundle_row *row)
{
	struct one_list *one = tutela_mem_array(1, sizeof *one);
	enum tutela_err err = TUTELA_E_NOMEM;

	if (one) {
		one->p = p;
		one->name = list;
		one->result = result;
		err = publish(one, row);
	}
	free(one);
	return err;
}
