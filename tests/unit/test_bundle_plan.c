/* SPDX-License-Identifier: Apache-2.0 */
#include "store_data.h"

#include "trust/bundle_plan.h"

/* Files as "base-version:length", base 0 full; the manifest is of the version. */
static struct bundle_manifest *manifest_of(uint64_t version, const char *files)
{
	struct bundle_manifest *m = calloc(1, sizeof *m);
	char *copy = strdup(files), *save = NULL;

	cr_assert(m && copy);
	m->version = version;
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		struct bundle_file *f = &m->files[m->n_files++];

		cr_assert_eq(sscanf(word, "%" SCNu64 "-%" SCNu64 ":%" SCNu64, &f->base, &f->version, &f->length), 3);
	}
	free(copy);
	return m;
}

static void leads(uint64_t version, const char *files, uint64_t held, const char *wanted)
{
	struct bundle_manifest *m = manifest_of(version, files);
	struct bundle_plan plan;
	char got[512] = "";

	tutela_bundle_plan(m, held, &plan);
	for (size_t i = 0; i < plan.n; i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s%" PRIu64 "-%" PRIu64, i ? " " : "",
			 plan.files[i]->base, plan.files[i]->version);
	cr_assert_str_eq(got, wanted, "from %" PRIu64 " with %s: '%s', not '%s'", held, files, got, wanted);
	free(m);
}

Test(bundle_plan, takes_the_way_with_the_fewest_bytes)
{
	leads(7, "0-7:100", 0, "0-7");
	leads(7, "0-7:100", 5, "0-7");
	leads(7, "0-7:100 5-7:10", 5, "5-7");
	leads(7, "0-7:100 5-7:101", 5, "0-7");
	leads(7, "0-5:100 5-6:10 6-7:10", 0, "0-5 5-6 6-7");
	leads(7, "0-5:100 5-6:10 6-7:10 5-7:15", 0, "0-5 5-7");
	leads(7, "6-7:10 5-6:10 0-5:100 0-7:119", 0, "0-7");
	leads(7, "6-7:10 5-6:10 0-5:100 0-7:121", 5, "5-6 6-7");
}

Test(bundle_plan, there_may_be_no_way)
{
	leads(7, "5-7:10", 0, "");
	leads(7, "5-7:10", 4, "");
	leads(7, "0-5:10", 5, "");
	leads(7, "0-5:10 6-7:10", 0, "");
	leads(7, "5-6:1", 5, "");
}

Test(bundle_plan, as_long_a_chain_as_there_can_be)
{
	struct bundle_manifest *m = calloc(1, sizeof *m);
	struct bundle_plan plan;

	cr_assert_not_null(m);
	m->version = m->n_files = BUNDLE_FILES_MAX;
	/* In the worst order: the last step first. */
	for (size_t i = 0; i < BUNDLE_FILES_MAX; i++)
		m->files[i] = (struct bundle_file){
			.base = BUNDLE_FILES_MAX - 1 - i, .version = BUNDLE_FILES_MAX - i, .length = 1};
	tutela_bundle_plan(m, 0, &plan);
	cr_assert(plan.n == BUNDLE_FILES_MAX && plan.length == BUNDLE_FILES_MAX);
	cr_assert(plan.files[0] == &m->files[BUNDLE_FILES_MAX - 1]);
	free(m);
}
