/* SPDX-License-Identifier: Apache-2.0 */
/* Which data files lead from what a store holds to what is issued. */
#ifndef TUTELA_TRUST_BUNDLE_PLAN_H
#define TUTELA_TRUST_BUNDLE_PLAN_H

#include "trust/bundle_format.h"

struct bundle_plan {
	size_t n;                                          /* 0: nothing leads there */
	const struct bundle_file *files[BUNDLE_FILES_MAX]; /* in the order in which they apply; of the manifest */
	uint64_t length;                                   /* bytes of all */
};

/*
 * From nothing, or from version `held` when it is not 0: the way with the
 * fewest bytes. The first file's base says which: 0 replaces the list.
 */
void tutela_bundle_plan(const struct bundle_manifest *m, uint64_t held, struct bundle_plan *out);

#endif
