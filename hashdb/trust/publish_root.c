/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new root. The order is what keeps readers content at every moment: first
 * the signatures of the new keys beside the old ones, then those of the root,
 * then the root itself.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "trust/publish.h"

#define YEAR ((int64_t)365 * 86400)

struct signers {
	size_t n;
	const struct tutela_secret_key *keys[2 * BUNDLE_KEYS_MAX];
};

static bool in_role(const struct bundle_role *role, const struct tutela_public_key *key)
{
	for (size_t i = 0; i < role->n; i++)
		if (!memcmp(&role->keys[i], key, sizeof *key))
			return true;
	return false;
}

/* Those of the signers that are in either role; how many are in each. */
static void choose(const struct tutela_publish_root_opts *opts, const struct bundle_role *a,
		   const struct bundle_role *b, struct signers *out, uint32_t *in_a, uint32_t *in_b)
{
	struct bundle_role seen = {0};

	memset(out, 0, sizeof *out);
	*in_a = *in_b = 0;
	for (size_t i = 0; i < opts->n_signers && seen.n < BUNDLE_KEYS_MAX; i++) {
		struct tutela_public_key pub;
		bool is_a, is_b;

		tutela_secret_key_public(opts->signers[i], &pub);
		is_a = in_role(a, &pub);
		is_b = in_role(b, &pub);
		if ((!is_a && !is_b) || in_role(&seen, &pub))
			continue;
		seen.keys[seen.n++] = pub;
		out->keys[out->n++] = opts->signers[i];
		*in_a += is_a;
		*in_b += is_b;
	}
}

static enum tutela_err fill_role(struct publish_folder *f, const struct tutela_public_key *keys, size_t n,
				 uint32_t threshold, const char *what, struct bundle_role *out)
{
	out->threshold = threshold ? threshold : 1;
	for (size_t i = 0; i < n && n <= BUNDLE_KEYS_MAX; i++) {
		for (size_t j = 0; j < out->n; j++)
			if (!memcmp(out->keys[j].key, keys[i].key, sizeof keys[i].key) ||
			    !memcmp(out->keys[j].id, keys[i].id, sizeof keys[i].id))
				return tutela_bundle_fail(f->why, TUTELA_E_ARG, "a %s is given twice", what);
		out->keys[out->n++] = keys[i];
	}
	if (!out->n || out->threshold > out->n)
		return tutela_bundle_fail(f->why, TUTELA_E_ARG,
					  "%u of %zu %ss must sign: that cannot be (at most %d keys)", out->threshold,
					  n, what, BUNDLE_KEYS_MAX);
	return TUTELA_OK;
}

static enum tutela_err too_few(struct publish_folder *f, const char *what, uint32_t have, uint32_t need)
{
	return tutela_bundle_fail(f->why, TUTELA_E_REFUSED, "%s needs %u signatures, and %u keys are there for it",
				  what, need, have);
}

/* One manifest, or the index, as it is, for the new keys too. */
static enum tutela_err sign_again(struct publish_folder *f, const char *stem, const char *name, size_t most,
				  const struct signers *signers)
{
	enum tutela_err err;
	char *bytes;
	size_t len;

	err = tutela_bundle_get_text(&f->fetch, name, most, &bytes, &len);
	if (!err)
		err = tutela_publish_sign(f, stem, name, bytes, len, name, signers->n, signers->keys);
	free(bytes);
	return err;
}

static enum tutela_err sign_lists(struct publish_folder *f, const struct tutela_publish_root_opts *opts,
				  const struct bundle_role *lists)
{
	struct bundle_manifest *m = tutela_mem_array(1, sizeof *m);
	enum tutela_err err = m ? TUTELA_OK : TUTELA_E_NOMEM;
	char stem[BUNDLE_STEM_MAX];
	struct signers signers;
	uint32_t have, same;

	choose(opts, lists, lists, &signers, &have, &same);
	if (!err && have < lists->threshold)
		err = too_few(f, "what is published already", have, lists->threshold);
	for (size_t i = 0; i < f->index.n && !err; i++) {
		const char *name = f->index.rows[i].manifest;

		/* Only what the old keys vouch for. */
		err = tutela_publish_manifest(f, &f->index.rows[i], m);
		if (!err)
			err = sign_again(f, name, name, BUNDLE_MANIFEST_MAX, &signers);
	}
	tutela_bundle_index_stem(f->index_sha256, stem);
	if (!err)
		err = sign_again(f, stem, BUNDLE_INDEX_NAME, BUNDLE_INDEX_MAX, &signers);
	free(m);
	return err;
}

static enum tutela_err write_root(struct publish_folder *f, const struct tutela_publish_root_opts *opts,
				  const struct bundle_root *root)
{
	const struct bundle_role *before = f->root_version ? &f->root.root : &root->root;
	struct signers signers;
	uint32_t old, new;
	enum tutela_err err;
	char name[40], *text;
	size_t len;

	choose(opts, before, &root->root, &signers, &old, &new);
	(void)sprintf(name, "root.%" PRIu64 ".json", root->version);
	if (old < before->threshold)
		return too_few(f, "a new root, by the root keys before it,", old, before->threshold);
	if (new < root->root.threshold)
		return too_few(f, "a new root, by its own root keys,", new, root->root.threshold);
	err = tutela_bundle_root_text(root, &text, &len);
	if (!err)
		err = tutela_publish_sign(f, name, name, text, len, name, signers.n, signers.keys);
	if (!err)
		err = tutela_publish_settle(f);
	if (!err)
		err = tutela_publish_write(f, name, text, len);
	free(text);
	return err ? err : tutela_publish_settle(f);
}

static enum tutela_err make_root(struct publish_folder *f, const struct tutela_publish_root_opts *opts,
				 uint64_t *version)
{
	int64_t now = opts->now ? opts->now : (int64_t)time(NULL);
	struct bundle_root *root = tutela_mem_array(1, sizeof *root);
	enum tutela_err err = root ? tutela_publish_load(f) : TUTELA_E_NOMEM;

	if (!err)
		err = fill_role(f, opts->root_keys, opts->n_root_keys, opts->root_threshold, "root key", &root->root);
	if (!err)
		err = fill_role(f, opts->keys, opts->n_keys, opts->threshold, "signing key", &root->lists);
	if (!err) {
		root->version = f->root_version + 1;
		root->issued = now;
		root->expires = opts->expires ? opts->expires : now + YEAR;
		if (root->expires <= now)
			err = tutela_bundle_fail(f->why, TUTELA_E_ARG, "the root would be expired at once");
	}
	if (!err && f->has_index)
		err = sign_lists(f, opts, &root->lists);
	if (!err)
		err = write_root(f, opts, root);
	if (!err)
		*version = root->version;
	free(root);
	return err;
}

enum tutela_err tutela_publish_root(const struct tutela_publish_root_opts *opts, uint64_t *version)
{
	struct publish_folder *f;
	enum tutela_err err;

	*version = 0;
	if (!opts || opts->size != sizeof *opts || !opts->folder)
		return TUTELA_E_ARG;
	f = tutela_mem_array(1, sizeof *f);
	if (!f)
		return TUTELA_E_NOMEM;
	err = tutela_publish_open(f, opts->folder);
	if (!err)
		err = make_root(f, opts, version);
	if (opts->why && opts->why_len)
		(void)snprintf(opts->why, opts->why_len, "%s", !err ? "" : *f->why ? f->why : tutela_strerror(err));
	tutela_publish_close(f);
	free(f);
	return err;
}
