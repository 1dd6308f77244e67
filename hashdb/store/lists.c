/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lists.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "store/audit_log.h"
#include "store/cleanup.h"
#include "store/segment_write.h"
#include "store/sources.h"

enum tutela_err tutela_list_get(struct tutela_store *s, struct txn *txn, const char *name, struct list_row *out)
{
	enum tutela_err err;
	MDB_val v;

	memset(out, 0, sizeof *out);
	err = tutela_env_get(s, txn, DB_LISTS, name, strlen(name), &v);
	if (err)
		return err;
	err = tutela_schema_get_list(name, strlen(name), v.mv_data, v.mv_size, out);
	return err ? tutela_store_fail(s, err, "the record of list '%s' is damaged", name) : TUTELA_OK;
}

enum tutela_err tutela_list_put(struct tutela_store *s, struct txn *txn, const struct list_row *row)
{
	uint8_t buf[LIST_ROW_MAX];
	size_t len = tutela_schema_put_list(row, buf, sizeof buf);

	return tutela_env_put(s, txn, DB_LISTS, row->list.name, strlen(row->list.name), buf, len, 0);
}

enum tutela_err tutela_list_new(struct session *w, const char *name, const char *source,
				const struct tutela_policy *policy, struct list_row *out)
{
	memset(out, 0, sizeof *out);
	if (w->state.n_lists >= LISTS_MAX || w->state.next_list == UINT32_MAX)
		return tutela_store_fail(w->store, TUTELA_E_FULL, "'%s' has no room for another list than its %u",
					 w->store->path, w->state.n_lists);
	out->number = w->state.next_list++;
	/* Nothing adds up to nothing. */
	out->summed = true;
	strncpy(out->list.name, name, TUTELA_LIST_NAME_MAX);
	strncpy(out->list.source, source ? source : "local", TUTELA_LIST_NAME_MAX);
	out->list.created = out->list.updated = time(NULL);
	if (policy)
		out->list.policy = *policy;
	else
		tutela_policy_default(&out->list.policy);
	return TUTELA_OK;
}

enum tutela_err tutela_lists_active(struct tutela_store *s, struct txn *txn, enum tutela_algorithm algorithm,
				    uint64_t *out)
{
	struct list_row *rows;
	enum tutela_err err;
	size_t n;

	*out = 0;
	err = tutela_rows_lists(s, txn, NULL, &rows, &n);
	for (size_t i = 0; i < n && !err; i++)
		*out += rows[i].active[algorithm];
	free(rows);
	return err;
}

static enum tutela_err set_row(struct session *w, const struct tutela_list *list, bool create)
{
	struct list_row row;
	enum tutela_err err = tutela_list_get(w->store, w->txn, list->name, &row);

	if (err == TUTELA_E_NOTFOUND && create)
		err = tutela_list_new(w, list->name, NULL, &list->policy, &row);
	else if (err == TUTELA_E_NOTFOUND)
		return tutela_store_fail(w->store, err, "there is no list '%s'", list->name);
	if (err)
		return err;
	row.list.policy = list->policy;
	row.list.expires = list->expires;
	memcpy(row.list.category_map, list->category_map, sizeof row.list.category_map);
	err = tutela_list_put(w->store, w->txn, &row);
	w->state.update++;
	if (err)
		return err;
	return tutela_audit_add(w->store, w->txn,
				&(struct audit_event){.action = "list-set", .update = w->state.update, .list = &row});
}

enum tutela_err tutela_list_set(struct tutela_store *s, const struct tutela_list *list, bool create)
{
	struct session w;
	enum tutela_err err;

	if (!s || !list)
		return TUTELA_E_ARG;
	if (!memchr(list->name, '\0', sizeof list->name) || !tutela_schema_name_valid(list->name))
		return tutela_store_fail(s, TUTELA_E_ARG, "'%.*s' cannot be the name of a list", TUTELA_LIST_NAME_MAX,
					 list->name);
	if (!tutela_schema_policy_valid(&list->policy))
		return tutela_store_fail(s, TUTELA_E_ARG, "the policy of list '%s' is out of range", list->name);
	if (!tutela_schema_map_valid(list->category_map))
		return tutela_store_fail(s, TUTELA_E_ARG,
					 "the names of the categories of list '%s' are not as they must be",
					 list->name);
	err = tutela_session_begin(s, false, &w);
	if (err)
		return err;
	err = set_row(&w, list, create);
	if (!err)
		err = tutela_session_commit(&w);
	tutela_session_end(&w);
	return err;
}

/* ------------------------------------------------------------------ removal */

/* A feed that has no more than this list must begin anew: its checkpoint is of a list that is not there. */
static enum tutela_err forget_feeds(struct session *w, const struct tutela_list *list)
{
	struct tutela_source *source = tutela_mem_array(1, sizeof *source);
	enum tutela_err err = source ? tutela_source_get(w->store, w->txn, list->source, source) : TUTELA_E_NOMEM;

	if (!err && source->type != TUTELA_SOURCE_BUNDLE)
		err = tutela_feeds_remove(w, list->source);
	else if (!err)
		err = tutela_feed_forget(w, list->source, list->name);
	free(source);
	return err == TUTELA_E_NOTFOUND ? TUTELA_OK : err;
}

/* From this commit on nobody sees the list; its entries are deleted afterwards, in parts. */
enum tutela_err tutela_list_drop(struct session *w, const char *name)
{
	struct list_row row;
	enum tutela_err err = tutela_list_get(w->store, w->txn, name, &row);

	if (err == TUTELA_E_NOTFOUND)
		return tutela_store_fail(w->store, err, "there is no list '%s'", name);
	if (!err)
		err = tutela_env_del(w->store, w->txn, DB_LISTS, name, strlen(name), NULL, 0);
	if (!err)
		err = tutela_cleanup_remove_later(w, row.number);
	if (!err)
		err = tutela_held_remove(w, row.number);
	if (!err)
		err = forget_feeds(w, &row.list);
	w->state.update++;
	if (err)
		return err;
	return tutela_audit_add(
		w->store, w->txn,
		&(struct audit_event){.action = "list-remove", .update = w->state.update, .list = &row});
}

/* Index files that are mostly dead now. What fails here is done by a later update. */
static void shrink_index(struct session *w)
{
	const struct tutela_algorithm_info *info;
	enum tutela_err err = tutela_session_again(w);

	for (size_t i = 0; !err && (info = tutela_algorithm_at(i)); i++) {
		struct pairs none = {0};
		uint64_t live;

		if (!info->perceptual)
			continue;
		err = tutela_lists_active(w->store, w->txn, info->id, &live);
		if (!err)
			err = tutela_segment_write(w, info->id, &none, live, false, 0);
	}
	if (!err && !tutela_session_commit(w))
		tutela_session_tidy(w);
}

void tutela_lists_dropped(struct session *w)
{
	tutela_session_tidy(w);
	shrink_index(w);
}

enum tutela_err tutela_list_remove(struct tutela_store *s, const char *name)
{
	struct session w;
	enum tutela_err err;

	if (!s || !name)
		return TUTELA_E_ARG;
	if (!tutela_schema_name_valid(name))
		return tutela_store_fail(s, TUTELA_E_NOTFOUND, "there is no list '%.*s'", TUTELA_LIST_NAME_MAX, name);
	err = tutela_session_begin(s, false, &w);
	if (err)
		return err;
	err = tutela_list_drop(&w, name);
	if (!err)
		err = tutela_session_commit(&w);
	if (!err)
		tutela_lists_dropped(&w);
	tutela_session_end(&w);
	return err;
}
