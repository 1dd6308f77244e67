/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishing: data files, then manifests, then the index's signatures, each on
 * disk before the next; last the index itself. Names are never used for two
 * contents, but the index's, and the plain signatures for `minisign -V`.
 */
#include "trust/publish_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "store/list_sum.h"

#define DAY ((int64_t)86400)

enum tutela_err tutela_publish_fail_store(struct publishing *p, enum tutela_err err)
{
	const char *text = tutela_store_errmsg(p->store);

	if (err && !*p->folder.why)
		(void)tutela_bundle_fail(p->folder.why, err, "%s", *text ? text : tutela_strerror(err));
	return err;
}

static enum tutela_err check_keys(struct publishing *p)
{
	const struct bundle_role *role = &p->folder.root.lists;
	char id[TUTELA_KEY_ID_TEXT + 1];
	uint32_t have = 0;

	if (!p->folder.root_version)
		return PUBLISH_REFUSE(p, "'%s' has no root yet", p->folder.path);
	for (size_t i = 0; i < p->opts->n_keys; i++) {
		struct tutela_public_key pub;
		size_t j = 0;

		tutela_secret_key_public(p->opts->keys[i], &pub);
		while (j < role->n && memcmp(&role->keys[j], &pub, sizeof pub))
			j++;
		tutela_public_key_id(&pub, id);
		if (j == role->n)
			return PUBLISH_REFUSE(p, "key %s is not a signing key of root %" PRIu64, id,
					      p->folder.root_version);
		have++;
	}
	if (have < role->threshold)
		return PUBLISH_REFUSE(p, "root %" PRIu64 " asks for %u signing keys, and %u are given",
				      p->folder.root_version, role->threshold, have);
	if (p->folder.root.expires < p->now)
		return PUBLISH_REFUSE(p, "root %" PRIu64 " is expired: make a new one first", p->folder.root_version);
	return TUTELA_OK;
}

static int by_list(const void *a, const void *b)
{
	return strcmp(((const struct bundle_row *)a)->list, ((const struct bundle_row *)b)->list);
}

static enum tutela_err publish_lists(struct publishing *p)
{
	const struct tutela_publish_opts *opts = p->opts;
	enum tutela_err err = TUTELA_OK;
	struct bundle_index *next = &p->next;

	for (size_t i = 0; i < p->folder.index.n; i++)
		next->rows[next->n++] = p->folder.index.rows[i];
	for (size_t i = 0; i < opts->n_lists && !err; i++) {
		struct bundle_row *row = NULL;

		for (size_t j = 0; j < next->n && !row; j++)
			if (!strcmp(next->rows[j].list, opts->lists[i]))
				row = &next->rows[j];
		if (!row && next->n == BUNDLE_LISTS_MAX)
			err = PUBLISH_REFUSE(p, "a bundle has at most %d lists", BUNDLE_LISTS_MAX);
		if (err)
			break;
		err = tutela_publish_one(p, opts->lists[i], &p->results[i], row ? row : &next->rows[next->n]);
		next->n += !row && !err;
	}
	if (!err)
		qsort(next->rows, next->n, sizeof *next->rows, by_list);
	return err;
}

static enum tutela_err write_index(struct publishing *p)
{
	struct publish_folder *f = &p->folder;
	char stem[BUNDLE_STEM_MAX], comment[64], name[BUNDLE_STEM_MAX], *text, *signature = NULL;
	uint8_t sha[BUNDLE_SHA_LEN];
	enum tutela_err err;
	size_t len, sig_len;

	err = tutela_bundle_index_text(&p->next, &text, &len);
	if (err)
		return err;
	tutela_bundle_sha256(text, len, sha);
	tutela_bundle_index_stem(sha, stem);
	(void)snprintf(comment, sizeof comment, "index version %" PRIu64, p->next.version);
	err = tutela_publish_sign(f, stem, NULL, text, len, comment, p->opts->n_keys, p->opts->keys);
	if (!err)
		err = tutela_bundle_verify(&f->fetch, stem, BUNDLE_INDEX_NAME, text, len, &f->root.lists);
	/* All that it names is on disk before it is. */
	if (!err)
		err = tutela_publish_settle(f);
	if (!err)
		err = tutela_publish_write(f, BUNDLE_INDEX_NAME, text, len);
	if (!err)
		err = tutela_publish_settle(f);
	if (!err) {
		struct tutela_public_key pub;

		tutela_secret_key_public(p->opts->keys[0], &pub);
		tutela_bundle_signature_name(stem, &pub, name);
		err = tutela_bundle_get_text(&f->fetch, name, TUTELA_SIGNATURE_MAX, &signature, &sig_len);
	}
	if (!err)
		err = tutela_publish_write(f, BUNDLE_INDEX_NAME ".minisig", signature, sig_len);
	free(signature);
	free(text);
	return err;
}

/* All of them, before anything is written for the first. */
static enum tutela_err check_lists(struct publishing *p)
{
	enum tutela_err err = tutela_publish_fail_store(p, tutela_snapshot_open(p->store, &p->snap));
	struct tutela_list list;

	for (size_t i = 0; i < p->opts->n_lists && !err; i++)
		err = tutela_publish_fit(p, p->opts->lists[i], &list);
	tutela_snapshot_close(p->snap);
	p->snap = NULL;
	return err;
}

static enum tutela_err publish_all(struct publishing *p, uint64_t *version)
{
	enum tutela_err err = tutela_publish_load(&p->folder);

	if (!err)
		err = check_keys(p);
	if (err)
		return err;
	p->next = (struct bundle_index){.version = p->folder.index.version + 1,
					.root = p->folder.root_version,
					.issued = p->now,
					.expires = p->expires};
	p->next.rows = tutela_mem_array(BUNDLE_LISTS_MAX, sizeof *p->next.rows);
	if (!p->next.rows)
		return TUTELA_E_NOMEM;
	err = tutela_publish_fail_store(p, tutela_snapshot_open(p->store, &p->snap));
	if (!err)
		err = tutela_snapshot_info(p->snap, &p->info);
	if (!err)
		err = publish_lists(p);
	*version = p->folder.index.version;
	if (err || (!p->any && p->folder.has_index && p->folder.index.expires == p->expires &&
		    p->folder.index.root == p->folder.root_version))
		return err;
	err = write_index(p);
	if (!err)
		*version = p->next.version;
	return err;
}

/* A list from before there were digests gets its own first: a snapshot could only walk it each time. */
static enum tutela_err keep_sums(struct publishing *p)
{
	struct tutela_snapshot *snap = NULL;
	enum tutela_err err = tutela_snapshot_open(p->store, &snap);

	for (size_t i = 0; i < p->opts->n_lists && !err; i++)
		for (size_t j = 0; j < snap->view->n_lists && !err; j++)
			if (!snap->view->lists[j].summed && !strcmp(snap->view->lists[j].list.name, p->opts->lists[i]))
				err = tutela_sum_keep(p->store, p->opts->lists[i]);
	tutela_snapshot_close(snap);
	return tutela_publish_fail_store(p, err);
}

static enum tutela_err check_opts(const struct tutela_publish_opts *opts)
{
	if (!opts || opts->size != sizeof *opts || !opts->folder || !opts->n_keys || opts->n_keys > BUNDLE_KEYS_MAX ||
	    opts->n_lists > BUNDLE_LISTS_MAX)
		return TUTELA_E_ARG;
	for (size_t i = 0; i < opts->n_lists; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(opts->lists[i], opts->lists[j]))
				return TUTELA_E_ARG;
	return TUTELA_OK;
}

static void say(const struct publishing *p, enum tutela_err err)
{
	const char *why = *p->folder.why ? p->folder.why : tutela_strerror(err);

	if (p->opts->why && p->opts->why_len)
		(void)snprintf(p->opts->why, p->opts->why_len, "%s", err ? why : "");
}

static struct publishing *begin(struct tutela_store *s, const struct tutela_publish_opts *opts)
{
	struct publishing *p = tutela_mem_array(1, sizeof *p);

	if (p)
		*p = (struct publishing){.store = s, .opts = opts, .folder = {.dir = -1}};
	return p;
}

enum tutela_err tutela_publish_check(struct tutela_store *s, const struct tutela_publish_opts *opts)
{
	struct publishing *p;
	enum tutela_err err;

	if (!s || !opts || opts->size != sizeof *opts)
		return TUTELA_E_ARG;
	p = begin(s, opts);
	if (!p)
		return TUTELA_E_NOMEM;
	err = check_lists(p);
	say(p, err);
	free(p);
	return err;
}

enum tutela_err tutela_publish(struct tutela_store *s, const struct tutela_publish_opts *opts, uint64_t *version)
{
	enum tutela_err err = check_opts(opts);
	struct publishing *p;

	*version = 0;
	if (err || !s)
		return TUTELA_E_ARG;
	p = begin(s, opts);
	if (!p)
		return TUTELA_E_NOMEM;
	p->now = opts->now ? opts->now : (int64_t)time(NULL);
	p->expires = opts->expires ? opts->expires : p->now + 30 * DAY;
	p->results = tutela_mem_array(opts->n_lists, sizeof *p->results);
	err = p->results ? check_lists(p) : TUTELA_E_NOMEM;
	if (!err)
		err = tutela_publish_open(&p->folder, opts->folder);
	if (!err && p->expires <= p->now)
		err = tutela_bundle_fail(p->folder.why, TUTELA_E_ARG, "the lists would be expired at once");
	if (!err)
		err = keep_sums(p);
	if (!err)
		err = publish_all(p, version);
	for (size_t i = 0; i < opts->n_lists && !err && opts->result; i++)
		opts->result(opts->ctx, &p->results[i]);
	say(p, err);
	tutela_snapshot_close(p->snap);
	tutela_publish_close(&p->folder);
	tutela_bundle_index_free(&p->next);
	free(p->results);
	free(p);
	return err;
}
