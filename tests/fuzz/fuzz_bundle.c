/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of bundles: what was parsed keeps its limits, and what is written of
 * it parses to the same. The first byte chooses: root, index, manifest, the two states.
 */
#include "fuzz.h"
#include "trust/bundle_plan.h"
#include "trust/bundle_state.h"

static char why[BUNDLE_WHY_MAX];

/* The states are read here without a store. */
enum tutela_err tutela_snapshot_feed(struct tutela_snapshot *snap, const char *source, const char *feed, void *buf,
				     size_t room, size_t *len)
{
	(void)snap;
	(void)source;
	(void)feed;
	(void)buf;
	(void)room;
	*len = 0;
	return TUTELA_E_NOTFOUND;
}

static void check_role(const struct bundle_role *role)
{
	require(role->n >= 1 && role->n <= BUNDLE_KEYS_MAX && role->threshold >= 1 && role->threshold <= role->n);
}

static void root(const char *text, size_t len)
{
	struct bundle_root a, b;
	size_t out_len;
	char *out;

	if (tutela_bundle_root_parse(text, len, "root", &a, why)) {
		require(*why);
		return;
	}
	check_role(&a.root);
	check_role(&a.lists);
	/* Keys may come in shorter texts than ours. */
	if (tutela_bundle_root_text(&a, &out, &out_len))
		return;
	require(!tutela_bundle_root_parse(out, out_len, "root", &b, why));
	require(!memcmp(&a, &b, sizeof a));
	free(out);
}

static void index_of(const char *text, size_t len)
{
	struct bundle_index a, b;
	size_t out_len;
	char *out;

	if (tutela_bundle_index_parse(text, len, "index", &a, why)) {
		require(*why && !a.rows && !a.n);
		return;
	}
	for (size_t i = 0; i < a.n; i++)
		require(tutela_bundle_name_plain(a.rows[i].manifest) && !strchr(a.rows[i].manifest, '/'));
	if (!tutela_bundle_index_text(&a, &out, &out_len)) {
		require(!tutela_bundle_index_parse(out, out_len, "index", &b, why));
		require(a.n == b.n && a.version == b.version && !memcmp(a.rows, b.rows, a.n * sizeof *a.rows));
		tutela_bundle_index_free(&b);
		free(out);
	}
	tutela_bundle_index_free(&a);
}

static void check_plan(const struct bundle_manifest *m, uint64_t held)
{
	struct bundle_plan plan;
	uint64_t at = held;

	tutela_bundle_plan(m, held, &plan);
	require(plan.n <= m->n_files);
	for (size_t i = 0; i < plan.n; i++) {
		require(i ? plan.files[i]->base == at : !plan.files[i]->base || plan.files[i]->base == held);
		require(plan.files[i]->version > plan.files[i]->base);
		at = plan.files[i]->version;
	}
	require(!plan.n || at == m->version);
}

static void manifest(const char *text, size_t len)
{
	static struct bundle_manifest a, b;
	size_t out_len;
	char *out;

	if (tutela_bundle_manifest_parse(text, len, "manifest", &a, why)) {
		require(*why);
		return;
	}
	require(a.n_files >= 1 && a.n_files <= BUNDLE_FILES_MAX);
	for (size_t i = 0; i < a.n_files; i++) {
		require(tutela_bundle_name_plain(a.files[i].name));
		require(a.files[i].base < a.files[i].version && a.files[i].version <= a.version);
	}
	check_plan(&a, 0);
	check_plan(&a, a.files[0].base);
	check_plan(&a, a.version);
	if (tutela_bundle_manifest_text(&a, &out, &out_len))
		return;
	require(!tutela_bundle_manifest_parse(out, out_len, "manifest", &b, why));
	/* "withdrawn" of a full file means nothing and is not written. */
	for (size_t i = 0; i < a.n_files; i++)
		if (!a.files[i].base)
			a.files[i].withdrawn = 0;
	if (a.store[0])
		require(!memcmp(&a, &b, sizeof a));
	free(out);
}

static void states(const char *text, size_t len, bool of_source)
{
	static struct bundle_source_state s, s2;
	static struct bundle_list_state l, l2;
	size_t out_len;
	char *out;

	if (of_source && !tutela_bundle_source_state_parse(text, len, &s)) {
		require(!tutela_bundle_source_state_text(&s, &out, &out_len));
		require(!tutela_bundle_source_state_parse(out, out_len, &s2) && !memcmp(&s, &s2, sizeof s));
		free(out);
	} else if (!of_source && !tutela_bundle_list_state_parse(text, len, &l)) {
		require(!tutela_bundle_list_state_text(&l, &out, &out_len));
		require(!tutela_bundle_list_state_parse(out, out_len, &l2) && !memcmp(&l, &l2, sizeof l));
		free(out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;
	const char *text;

	if (!size)
		return 0;
	copy = exact_copy(data + 1, size - 1);
	text = (const char *)copy;
	*why = '\0';
	switch (data[0] % 5) {
	case 0:
		root(text, size - 1);
		break;
	case 1:
		index_of(text, size - 1);
		break;
	case 2:
		manifest(text, size - 1);
		break;
	default:
		states(text, size - 1, data[0] % 5 == 3);
		break;
	}
	free(copy);
	return 0;
}
