/* SPDX-License-Identifier: Apache-2.0 */
#include "store/changes.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

uint32_t tutela_changes_end(const struct tutela_snapshot *snap)
{
	return snap->view->state.next_entry;
}

uint32_t tutela_changes_list(const struct tutela_snapshot *snap, const char *list)
{
	for (size_t i = 0; i < snap->view->n_lists; i++)
		if (!strcmp(snap->view->lists[i].list.name, list))
			return snap->view->lists[i].number;
	return 0;
}

enum tutela_err tutela_changes_since(struct tutela_snapshot *snap, uint32_t list, uint32_t from,
				     enum tutela_err (*fn)(void *ctx, const struct tutela_record *rec), void *ctx)
{
	struct tutela_record *rec = tutela_mem_array(1, sizeof *rec);
	uint32_t end = tutela_changes_end(snap);
	enum tutela_err err = rec ? TUTELA_OK : TUTELA_E_NOMEM;
	struct entry e;

	for (uint32_t number = from ? from : 1; number < end && !err; number++) {
		(void)pthread_mutex_lock(&snap->lock);
		err = tutela_entry_record(snap->store, snap->txn, number, &e, rec);
		(void)pthread_mutex_unlock(&snap->lock);
		/* Of a removed list. */
		if (err == TUTELA_E_NOTFOUND)
			err = TUTELA_OK;
		else if (!err && e.list == list && schema_visible(&e, snap->view->state.update))
			err = fn(ctx, rec);
	}
	free(rec);
	return err;
}
