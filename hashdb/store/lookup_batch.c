/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many look-ups at once. The perceptual hashes of all queries are put into
 * groups of one algorithm and radius; each group is one batch search in each
 * index file; then every query takes what was found for its hashes and goes
 * on as it would alone.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/team.h"
#include "store/lookup.h"

#define PART_HASHES  65536
#define PART_MATCHES 64  /* a query with a hash that has more is asked alone: memory stays bounded */
#define GROUPS_MAX   128 /* more than there are pairs of a perceptual algorithm and a threshold */

struct group {
	enum tutela_algorithm algorithm;
	uint32_t radius;
	size_t n, at; /* its places begin at `at` */
};

/* A perceptual hash that is asked: its group, and its place among the codes and results. */
struct place {
	const struct tutela_hash *hash;
	uint32_t group, at;
};

/* As many queries as have PART_HASHES hashes. */
struct part {
	struct tutela_snapshot *snap;
	const struct tutela_query *queries;
	struct tutela_hits *out;
	size_t n, limit;
	size_t *first; /* of each query's places; n + 1 */
	struct place *places;
	size_t n_places, capacity; /* of places, codes and matches */
	struct group groups[GROUPS_MAX];
	size_t n_groups;
	uint8_t *codes; /* of one group */
	struct tutela_matches *matches;
};

static struct lookup lookup_of(const struct part *p, size_t i, struct hits_work *work)
{
	return (struct lookup){
		.snap = p->snap, .query = &p->queries[i], .hits = &p->out[i], .work = work, .limit = p->limit};
}

static bool is_asked(const struct lookup *l, const struct tutela_hash *h)
{
	return tutela_algorithm_get(h->algorithm)->perceptual && l->asked[h->algorithm];
}

static uint32_t group_of(struct part *p, enum tutela_algorithm algorithm, uint32_t radius)
{
	uint32_t g = 0;

	while (g < p->n_groups && (p->groups[g].algorithm != algorithm || p->groups[g].radius != radius))
		g++;
	if (g == p->n_groups)
		p->groups[p->n_groups++] = (struct group){.algorithm = algorithm, .radius = radius};
	return g;
}

/* Which hashes are asked, and in which group. */
static enum tutela_err sort_out(struct part *p)
{
	size_t at = 0;

	p->n_places = p->n_groups = 0;
	for (size_t i = 0; i < p->n; i++) {
		struct lookup l = lookup_of(p, i, NULL);
		enum tutela_err err = tutela_lookup_begin(&l);

		if (err)
			return err;
		p->first[i] = p->n_places;
		/* More hashes than fit: asked alone. */
		for (size_t k = 0; k < l.query->n && l.query->n <= PART_HASHES; k++) {
			const struct tutela_hash *h = &l.query->hashes[k].hash;

			if (!is_asked(&l, h))
				continue;
			p->places[p->n_places++] =
				(struct place){h, group_of(p, h->algorithm, l.radius[h->algorithm]), 0};
		}
	}
	p->first[p->n] = p->n_places;
	for (size_t i = 0; i < p->n_places; i++)
		p->groups[p->places[i].group].n++;
	for (size_t g = 0; g < p->n_groups; g++) {
		p->groups[g].at = at;
		at += p->groups[g].n;
		p->groups[g].n = 0;
	}
	for (size_t i = 0; i < p->n_places; i++) {
		struct group *g = &p->groups[p->places[i].group];

		p->places[i].at = (uint32_t)(g->at + g->n++);
	}
	return TUTELA_OK;
}

static enum tutela_err search_group(struct part *p, uint32_t group, unsigned threads)
{
	const struct group *g = &p->groups[group];
	const struct view *v = p->snap->view;
	struct tutela_search_opts opts = {.size = sizeof opts, .radius = g->radius, .limit = PART_MATCHES};
	size_t len = tutela_algorithm_get(g->algorithm)->bits / 8;
	enum tutela_err err = TUTELA_OK;

	for (size_t i = 0; i < p->n_places; i++)
		if (p->places[i].group == group)
			memcpy(p->codes + (p->places[i].at - g->at) * len, p->places[i].hash->bytes, len);
	for (size_t i = 0; i < v->n_segments && !err; i++) {
		if (v->segments[i]->row.algorithm != g->algorithm)
			continue;
		err = tutela_index_search_batch(v->segments[i]->index, p->codes, g->n, &opts, threads,
						p->matches + g->at);
		err = tutela_lookup_failed(p->snap->store, &v->segments[i]->row, err);
		opts.append = true;
	}
	return err;
}

static bool limited(const struct part *p, size_t i)
{
	for (size_t k = p->first[i]; k < p->first[i + 1]; k++)
		if (p->matches[p->places[k].at].limited)
			return true;
	return p->queries[i].n > PART_HASHES;
}

/* The steps of a single look-up, with the search done beforehand. */
static enum tutela_err conclude(const struct part *p, size_t i, struct hits_work *work)
{
	struct lookup l = lookup_of(p, i, work);
	const struct place *place = &p->places[p->first[i]];
	enum tutela_err err;

	tutela_hits_reset(l.hits);
	work->n_candidates = 0;
	err = tutela_lookup_begin(&l);
	if (!err)
		err = tutela_lookup_exact(&l);
	if (!err && limited(p, i)) {
		err = tutela_lookup_near(&l);
	} else {
		for (uint32_t k = 0; k < l.query->n && !err; k++)
			if (is_asked(&l, &l.query->hashes[k].hash))
				err = tutela_lookup_take(&l, k, &p->matches[place++->at]);
	}
	return err ? err : tutela_lookup_end(&l);
}

static enum tutela_err conclude_all(const struct part *p, unsigned threads)
{
	struct hits_work work = {0};
	size_t failed = p->n;
	enum tutela_err err = TUTELA_OK;
	int team = team_size(threads);

	(void)team;
#pragma omp parallel num_threads(team) firstprivate(work) reduction(min : failed)
	{
#pragma omp for schedule(dynamic, 64)
		for (size_t i = 0; i < p->n; i++)
			if (conclude(p, i, &work) && i < failed)
				failed = i;
		tutela_hits_work_free(&work);
	}
	/* Once more on this thread: error texts belong to the thread that fails. */
	if (failed < p->n)
		err = conclude(p, failed, &work);
	tutela_hits_work_free(&work);
	return failed < p->n && !err ? TUTELA_E_NOMEM : err;
}

static enum tutela_err look_up(struct part *p, unsigned threads)
{
	enum tutela_err err = sort_out(p);

	for (uint32_t g = 0; g < p->n_groups && !err; g++)
		err = search_group(p, g, threads);
	if (!err)
		err = conclude_all(p, threads);
	/* The next part may have a group without an index file, which nothing else would empty. */
	for (size_t i = 0; i < p->n_places; i++) {
		p->matches[i].n = 0;
		p->matches[i].limited = false;
	}
	return err;
}

/* How many of n queries make up a part, at least one. */
static size_t part_of(const struct tutela_query *queries, size_t n)
{
	size_t hashes = queries[0].n, taken = 1;

	while (taken < n && queries[taken].n <= PART_HASHES && hashes + queries[taken].n <= PART_HASHES &&
	       taken < PART_HASHES)
		hashes += queries[taken++].n;
	return taken;
}

static enum tutela_err begin(struct part *p, size_t n)
{
	for (size_t i = 0; i < n && p->capacity < PART_HASHES; i++)
		p->capacity += p->queries[i].n < PART_HASHES ? p->queries[i].n : PART_HASHES;
	p->capacity = p->capacity < PART_HASHES ? p->capacity : PART_HASHES;
	p->first = tutela_mem_array((n < PART_HASHES ? n : PART_HASHES) + 1, sizeof *p->first);
	p->places = tutela_mem_array(p->capacity, sizeof *p->places);
	p->codes = tutela_mem_array(p->capacity, TUTELA_PDQ_LEN);
	p->matches = tutela_mem_array(p->capacity, sizeof *p->matches);
	return p->first && p->places && p->codes && p->matches ? TUTELA_OK : TUTELA_E_NOMEM;
}

static void end(struct part *p)
{
	for (size_t i = 0; p->matches && i < p->capacity; i++)
		tutela_matches_free(&p->matches[i]);
	free(p->first);
	free(p->places);
	free(p->codes);
	free(p->matches);
}

enum tutela_err tutela_snapshot_lookup_batch(struct tutela_snapshot *snap, const struct tutela_query *queries, size_t n,
					     size_t limit, unsigned threads, struct tutela_hits *out)
{
	struct part p = {.snap = snap, .queries = queries, .out = out, .limit = limit};
	enum tutela_err err;

	if (!out && n)
		return TUTELA_E_ARG;
	for (size_t i = 0; i < n; i++)
		tutela_hits_reset(&out[i]);
	if (!snap || (!queries && n))
		return TUTELA_E_ARG;
	err = begin(&p, n);
	for (size_t done = 0; done < n && !err; done += p.n) {
		p.queries = queries + done;
		p.out = out + done;
		p.n = part_of(p.queries, n - done);
		err = look_up(&p, threads);
	}
	end(&p);
	for (size_t i = 0; i < n && err; i++)
		out[i].n = 0;
	return err;
}
