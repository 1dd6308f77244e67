/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/bundle_plan.h"

#include <string.h>

#define NO_WAY UINT64_MAX
#define START  BUNDLE_FILES_MAX

struct ways {
	uint64_t cost[BUNDLE_FILES_MAX]; /* of the best way that ends with this file */
	size_t before[BUNDLE_FILES_MAX];
};

/* Versions only go up along a way, so after as many rounds as there are files nothing gets better. */
static bool improve(const struct bundle_manifest *m, uint64_t held, struct ways *w)
{
	bool better = false;

	for (size_t i = 0; i < m->n_files; i++) {
		const struct bundle_file *f = &m->files[i];
		uint64_t cost = NO_WAY;
		size_t before = START;

		if (!f->base || (held && f->base == held))
			cost = f->length;
		for (size_t j = 0; f->base && j < m->n_files; j++)
			if (m->files[j].version == f->base && w->cost[j] != NO_WAY && w->cost[j] + f->length < cost) {
				cost = w->cost[j] + f->length;
				before = j;
			}
		if (cost < w->cost[i]) {
			w->cost[i] = cost;
			w->before[i] = before;
			better = true;
		}
	}
	return better;
}

void tutela_bundle_plan(const struct bundle_manifest *m, uint64_t held, struct bundle_plan *out)
{
	size_t last = START, n = 0;
	struct ways w;

	memset(out, 0, sizeof *out);
	for (size_t i = 0; i < BUNDLE_FILES_MAX; i++)
		w.cost[i] = NO_WAY;
	for (size_t round = 0; round < m->n_files && improve(m, held, &w); round++)
		;
	for (size_t i = 0; i < m->n_files; i++)
		if (m->files[i].version == m->version && w.cost[i] != NO_WAY &&
		    (last == START || w.cost[i] < w.cost[last]))
			last = i;
	for (size_t i = last; i != START; i = w.before[i])
		n++;
	out->n = n;
	for (size_t i = last; i != START; i = w.before[i]) {
		out->files[--n] = &m->files[i];
		out->length += m->files[i].length;
	}
}
