/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From hashes to hits. First what the indexes and digests give (numbers that
 * may be dead, of lists that may not ask for them), then, nearest first, each
 * candidate's own record, which decides: nothing becomes a hit that its record
 * does not confirm, and a record that contradicts the index is damage.
 */
#include "store/lookup.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIMIT_DEFAULT   10000
#define CANDIDATES_MANY 262144 /* from here on they are thinned out after each search */

uint32_t tutela_lookup_threshold(const struct tutela_policy *p, enum tutela_algorithm algorithm)
{
	switch (algorithm) {
	case TUTELA_ALG_PDQ:
		return p->pdq_threshold;
	case TUTELA_ALG_PHASH:
		return p->phash_threshold;
	case TUTELA_ALG_DHASH:
		return p->dhash_threshold;
	default:
		return 0;
	}
}

enum tutela_err tutela_lookup_failed(struct tutela_store *s, const struct segment_row *row, enum tutela_err err)
{
	char name[SEGMENT_NAME_MAX];

	if (err != TUTELA_E_CORRUPT)
		return err;
	tutela_schema_segment_name(row, name);
	return tutela_store_fail(s, err, "the index file '%s' of '%s' is damaged", name, s->path);
}

enum tutela_err tutela_lookup_search(struct tutela_store *s, const struct view *v, enum tutela_algorithm algorithm,
				     const uint8_t *code, unsigned radius, struct tutela_matches *out)
{
	struct tutela_search_opts opts = {.size = sizeof opts, .radius = radius};
	enum tutela_err err = TUTELA_OK;
	size_t searched = 0;

	out->n = 0;
	out->limited = false;
	for (size_t i = 0; i < v->n_segments && !err; i++) {
		if (v->segments[i]->row.algorithm != algorithm)
			continue;
		opts.append = searched > 0;
		err = tutela_index_search(v->segments[i]->index, code, &opts, out);
		err = tutela_lookup_failed(s, &v->segments[i]->row, err);
		searched++;
	}
	if (searched > 1 && !err)
		tutela_matches_sort(out);
	return err;
}

/* ------------------------------------------------------------------ candidates */

static bool perceptual(const struct tutela_hash *h)
{
	return tutela_algorithm_get(h->algorithm)->perceptual;
}

static enum tutela_err check_query(const struct tutela_query *q)
{
	if (q->n && !q->hashes)
		return TUTELA_E_ARG;
	for (size_t i = 0; i < q->n; i++) {
		const struct tutela_algorithm_info *info = tutela_algorithm_get(q->hashes[i].hash.algorithm);

		if (!info || q->hashes[i].hash.len * 8u != info->bits)
			return TUTELA_E_ARG;
	}
	return TUTELA_OK;
}

static bool quality_counts(const struct lookup *l, const struct tutela_policy *p)
{
	return l->query->quality < 0 || (uint32_t)l->query->quality >= p->min_quality;
}

/* Does this list answer to a perceptual hash of this picture at all? */
static bool asks(const struct list_row *row, unsigned algorithm)
{
	const struct tutela_policy *p = &row->list.policy;

	return p->kind != TUTELA_LIST_EXCLUDE && p->action != TUTELA_IGNORE && row->active[algorithm];
}

/* A list's share in what is to be asked of algorithm a. */
static void plan_list(struct lookup *l, const struct list_row *row, unsigned a)
{
	uint32_t radius;

	if (!asks(row, a))
		return;
	if (!quality_counts(l, &row->list.policy)) {
		/* Nothing stays open because something was not allowed. */
		l->hits->low_quality |= row->list.policy.kind == TUTELA_LIST_KNOWN;
		return;
	}
	radius = tutela_lookup_threshold(&row->list.policy, a);
	l->asked[a] = true;
	l->radius[a] = radius > l->radius[a] ? radius : l->radius[a];
}

static void plan(struct lookup *l)
{
	bool planned[ALGORITHMS] = {false};

	for (size_t i = 0; i < l->query->n; i++) {
		unsigned a = l->query->hashes[i].hash.algorithm;

		if (!perceptual(&l->query->hashes[i].hash)) {
			l->exact = true;
			continue;
		}
		for (size_t k = 0; k < l->snap->view->n_lists && !planned[a]; k++)
			plan_list(l, &l->snap->view->lists[k], a);
		planned[a] = true;
	}
}

enum tutela_err tutela_lookup_begin(struct lookup *l)
{
	if (l->query->n > UINT32_MAX || check_query(l->query))
		return TUTELA_E_ARG;
	if (!l->limit)
		l->limit = LIMIT_DEFAULT;
	plan(l);
	return TUTELA_OK;
}

static int by_entry(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	if (x->algorithm != y->algorithm)
		return x->algorithm < y->algorithm ? -1 : 1;
	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	return (x->query > y->query) - (x->query < y->query);
}

static int by_distance(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->perceptual != y->perceptual)
		return x->perceptual < y->perceptual ? -1 : 1;
	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	return by_entry(a, b);
}

/* One for each (entry, algorithm): the nearest, the first of equals. */
static void thin_out(struct hits_work *m)
{
	size_t n = 0;

	if (!m->n_candidates)
		return;
	qsort(m->candidates, m->n_candidates, sizeof *m->candidates, by_entry);
	for (size_t i = 0; i < m->n_candidates; i++) {
		const struct candidate *c = &m->candidates[i];

		if (!n || m->candidates[n - 1].number != c->number || m->candidates[n - 1].algorithm != c->algorithm)
			m->candidates[n++] = *c;
	}
	m->n_candidates = n;
}

enum tutela_err tutela_lookup_take(struct lookup *l, uint32_t query, const struct tutela_matches *matches)
{
	unsigned algorithm = l->query->hashes[query].hash.algorithm;
	enum tutela_err err = TUTELA_OK;

	for (size_t i = 0; i < matches->n && !err; i++)
		err = tutela_hits_candidate(l->work, (struct candidate){.number = matches->items[i].value,
									.distance = matches->items[i].distance,
									.query = query,
									.algorithm = (uint16_t)algorithm,
									.perceptual = 1});
	if (!err && l->work->n_candidates > CANDIDATES_MANY)
		thin_out(l->work);
	return err;
}

enum tutela_err tutela_lookup_near(struct lookup *l)
{
	enum tutela_err err = TUTELA_OK;

	for (uint32_t i = 0; i < l->query->n && !err; i++) {
		const struct tutela_hash *h = &l->query->hashes[i].hash;

		if (!perceptual(h) || !l->asked[h->algorithm])
			continue;
		err = tutela_lookup_search(l->snap->store, l->snap->view, h->algorithm, h->bytes,
					   l->radius[h->algorithm], &l->work->matches);
		if (!err)
			err = tutela_lookup_take(l, i, &l->work->matches);
	}
	return err;
}

/* The snapshot's lock is held. */
static enum tutela_err find_exact(struct lookup *l, struct cursor *cursor, uint32_t query)
{
	const struct tutela_hash *h = &l->query->hashes[query].hash;
	uint8_t key[DIGEST_KEY_MAX];
	MDB_val k = {tutela_schema_digest_key(h, key), key}, v;
	enum tutela_err err = tutela_cursor_get(cursor, &k, &v, MDB_SET_KEY);

	while (!err) {
		if (v.mv_size != 4)
			return tutela_store_fail(l->snap->store, TUTELA_E_CORRUPT, "the digests of '%s' are damaged",
						 l->snap->store->path);
		err = tutela_hits_candidate(l->work, (struct candidate){.number = tutela_schema_get_key32(v.mv_data),
									.query = query,
									.algorithm = h->algorithm});
		if (!err)
			err = tutela_cursor_get(cursor, &k, &v, MDB_NEXT_DUP);
	}
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

enum tutela_err tutela_lookup_exact(struct lookup *l)
{
	struct cursor cursor;
	enum tutela_err err;

	if (!l->exact)
		return TUTELA_OK;
	(void)pthread_mutex_lock(&l->snap->lock);
	err = tutela_cursor_open(l->snap->store, l->snap->txn, DB_DIGESTS, &cursor);
	for (uint32_t i = 0; i < l->query->n && !err; i++)
		if (!perceptual(&l->query->hashes[i].hash))
			err = find_exact(l, &cursor, i);
	tutela_cursor_close(&cursor);
	(void)pthread_mutex_unlock(&l->snap->lock);
	return err;
}

/* ------------------------------------------------------------------ hits */

/* Longer values share their key in "digests" with others of the same 64 bytes. */
static bool key_is_whole(const struct candidate *c)
{
	return tutela_algorithm_get(c->algorithm)->bits <= 8 * (DIGEST_KEY_MAX - 1);
}

/* The record's fingerprint at that distance of the query's hash number `query`, or NULL. */
static const struct tutela_hash *fingerprint(const struct lookup *l, const struct candidate *c, uint32_t query)
{
	const struct tutela_record *rec = &l->work->record;

	for (size_t i = 0; i < rec->n_fingerprints; i++)
		if (tutela_hash_distance(&l->query->hashes[query].hash, &rec->fingerprints[i]) == (int)c->distance)
			return &rec->fingerprints[i];
	return NULL;
}

/*
 * The fingerprint of the record that c rests on. NULL when there is none;
 * then *contradiction says whether that is damage.
 */
static const struct tutela_hash *confirm(const struct lookup *l, struct candidate *c, bool *contradiction)
{
	const struct tutela_hash *found = fingerprint(l, c, c->query);

	*contradiction = !found && (c->perceptual || key_is_whole(c));
	for (uint32_t i = c->query + 1; i < l->query->n && !found && !*contradiction; i++) {
		found = fingerprint(l, c, i);
		c->query = found ? i : c->query;
	}
	return found;
}

static enum tutela_err copy_labels(struct lookup *l, struct tutela_hit *hit)
{
	const struct tutela_record *rec = &l->work->record;
	struct tutela_label *labels;

	if (!rec->n_labels)
		return TUTELA_OK;
	labels = tutela_hits_alloc(l->hits, rec->n_labels * sizeof *labels);
	if (!labels)
		return TUTELA_E_NOMEM;
	for (size_t i = 0; i < rec->n_labels; i++) {
		labels[i] = rec->labels[i];
		labels[i].key.s = tutela_hits_copy(l->hits, rec->labels[i].key.s, rec->labels[i].key.len);
		labels[i].value.s = tutela_hits_copy(l->hits, rec->labels[i].value.s, rec->labels[i].value.len);
		if (!labels[i].key.s || !labels[i].value.s)
			return TUTELA_E_NOMEM;
	}
	hit->n_labels = rec->n_labels;
	hit->labels = labels;
	return TUTELA_OK;
}

static enum tutela_err add_hit(struct lookup *l, const struct candidate *c, const struct tutela_list *list,
			       const struct tutela_hash *matched)
{
	const struct tutela_query_hash *asked = &l->query->hashes[c->query];
	const struct tutela_record *rec = &l->work->record;
	struct tutela_hit *hit = tutela_hits_add(l->hits);

	if (!hit)
		return TUTELA_E_NOMEM;
	*hit = (struct tutela_hit){
		.source = tutela_hits_copy(l->hits, list->source, strlen(list->source)),
		.list = tutela_hits_copy(l->hits, list->name, strlen(list->name)),
		.list_version = list->version,
		.list_expired = list->expires && list->expires <= l->now,
		.kind = list->policy.kind,
		.action = list->policy.action,
		.entry = {tutela_hits_copy(l->hits, rec->id.s, rec->id.len), rec->id.len},
		.algorithm = c->algorithm,
		.distance = c->distance,
		.threshold = tutela_lookup_threshold(&list->policy, c->algorithm),
		.variant = asked->variant,
		.dialect = asked->dialect,
		.matched = *matched,
	};
	if (!hit->source || !hit->list || !hit->entry.s)
		return TUTELA_E_NOMEM;
	return copy_labels(l, hit);
}

/* The list that makes a hit of c, or NULL. */
static const struct tutela_list *list_for(const struct lookup *l, const struct candidate *c, uint32_t number)
{
	const struct list_row *row = tutela_view_list(l->snap->view, number);
	const struct tutela_policy *p = row ? &row->list.policy : NULL;

	if (!p || p->action == TUTELA_IGNORE)
		return NULL;
	if (c->perceptual && (p->kind == TUTELA_LIST_EXCLUDE || !quality_counts(l, p) ||
			      c->distance > tutela_lookup_threshold(p, c->algorithm)))
		return NULL;
	return &row->list;
}

/* Imports leave out what a local list is not to have; of a source's, which is whole, hits are left out. */
static bool wanted(const struct tutela_list *list, const struct tutela_record *rec)
{
	return !list->policy.categories[0] || !strcmp(list->source, "local") ||
	       tutela_policy_takes(&list->policy, tutela_category_of(rec->labels, rec->n_labels));
}

static enum tutela_err consider(struct lookup *l, struct candidate *c)
{
	struct tutela_store *s = l->snap->store;
	const struct tutela_hash *matched;
	const struct tutela_list *list;
	enum tutela_err err;
	struct entry e;
	bool contradiction;

	(void)pthread_mutex_lock(&l->snap->lock);
	err = tutela_entry_get(s, l->snap->txn, c->number, &e);
	(void)pthread_mutex_unlock(&l->snap->lock);
	if (err == TUTELA_E_NOTFOUND)
		return TUTELA_OK; /* its list was removed, or the update that wrote it is not visible */
	if (err)
		return err;
	list = schema_visible(&e, l->snap->view->state.update) ? list_for(l, c, e.list) : NULL;
	if (!list)
		return TUTELA_OK;
	if (tutela_schema_get_body(e.body, e.body_len, &l->work->record))
		return tutela_store_fail(s, TUTELA_E_CORRUPT, "entry %u of '%s' is damaged", c->number, s->path);
	matched = confirm(l, c, &contradiction);
	if (contradiction || (matched && l->work->record.status != TUTELA_ACTIVE))
		return tutela_store_fail(s, TUTELA_E_CORRUPT, "the index of '%s' does not agree with entry %u", s->path,
					 c->number);
	return matched && wanted(list, &l->work->record) ? add_hit(l, c, list, matched) : TUTELA_OK;
}

static int by_promise(const void *a, const void *b)
{
	const struct tutela_hit *x = a, *y = b;
	bool x_near = tutela_algorithm_get(x->algorithm)->perceptual;
	bool y_near = tutela_algorithm_get(y->algorithm)->perceptual;
	size_t len = x->entry.len < y->entry.len ? x->entry.len : y->entry.len;
	int order;

	if (x_near != y_near)
		return x_near - y_near;
	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	order = strcmp(x->list, y->list);
	if (!order)
		order = memcmp(x->entry.s, y->entry.s, len);
	if (!order)
		order = (x->entry.len > y->entry.len) - (x->entry.len < y->entry.len);
	return order ? order : (int)x->algorithm - (int)y->algorithm;
}

/* Nearest first; a distance that was begun is finished, so that the limit cuts by the promised order. */
enum tutela_err tutela_lookup_end(struct lookup *l)
{
	struct hits_work *w = l->work;
	enum tutela_err err = TUTELA_OK;

	if (!w->n_candidates)
		return TUTELA_OK;
	l->now = time(NULL);
	thin_out(w);
	qsort(w->candidates, w->n_candidates, sizeof *w->candidates, by_distance);
	for (size_t i = 0; i < w->n_candidates && !err; i++) {
		struct candidate *c = &w->candidates[i];

		if (l->hits->n > l->limit && (c[-1].distance != c->distance || c[-1].perceptual != c->perceptual))
			break;
		err = consider(l, c);
	}
	w->n_candidates = 0;
	if (err)
		return err;
	if (l->hits->n)
		qsort(l->hits->items, l->hits->n, sizeof *l->hits->items, by_promise);
	if (l->hits->n > l->limit) {
		l->hits->n = l->limit;
		l->hits->limited = true;
	}
	return TUTELA_OK;
}

enum tutela_err tutela_snapshot_lookup(struct tutela_snapshot *snap, const struct tutela_query *query, size_t limit,
				       struct tutela_hits *out)
{
	struct lookup l = {.snap = snap, .query = query, .hits = out, .limit = limit};
	enum tutela_err err;

	if (!out)
		return TUTELA_E_ARG;
	tutela_hits_reset(out);
	if (!snap || !query)
		return TUTELA_E_ARG;
	l.work = tutela_hits_work(out);
	if (!l.work)
		return TUTELA_E_NOMEM;
	l.work->n_candidates = 0;
	err = tutela_lookup_begin(&l);
	if (!err)
		err = tutela_lookup_exact(&l);
	if (!err)
		err = tutela_lookup_near(&l);
	if (!err)
		err = tutela_lookup_end(&l);
	if (err)
		out->n = 0;
	return err;
}
