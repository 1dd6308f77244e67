/* SPDX-License-Identifier: Apache-2.0 */
/* Index files are derived: here they are made again from the entries alone. */
#include <stdlib.h>

#include "base/mem.h"
#include "store/audit_log.h"
#include "store/check.h"

#define STEP 4096

static enum tutela_err collect(struct check *c, struct session *w, struct pairs *pairs)
{
	struct tutela_record *rec = tutela_mem_array(1, sizeof *rec);
	enum tutela_err err = rec ? TUTELA_OK : TUTELA_E_NOMEM;
	struct entry e;

	/* By number rather than by cursor: nothing that is damaged may end the walk early. */
	for (uint32_t number = 1; number < w->state.next_entry && !err; number++) {
		err = tutela_entry_record(w->store, w->txn, number, &e, rec);
		if (err == TUTELA_E_NOTFOUND || (!err && (e.gone || rec->status != TUTELA_ACTIVE))) {
			err = TUTELA_OK;
			continue;
		}
		for (size_t i = 0; !err && i < rec->n_fingerprints; i++)
			if (tutela_algorithm_get(rec->fingerprints[i].algorithm)->perceptual)
				err = tutela_pairs_add(&pairs[rec->fingerprints[i].algorithm], &rec->fingerprints[i],
						       number);
		if (!err && number % STEP == 0)
			err = tutela_check_step(c, "rebuild", number, w->state.next_entry - 1);
	}
	free(rec);
	return err;
}

static enum tutela_err write_all(struct check *c, struct session *w, struct pairs *pairs)
{
	const struct tutela_algorithm_info *info;
	enum tutela_err err;

	err = tutela_env_empty(w->store, w->txn, DB_SEGMENTS);
	for (size_t i = 0; !err && (info = tutela_algorithm_at(i)); i++)
		if (info->perceptual)
			err = tutela_segment_write(w, info->id, &pairs[info->id], pairs[info->id].n, true,
						   c->opts->threads);
	if (!err)
		err = tutela_audit_add(w->store, w->txn, &(struct audit_event){.action = "rebuild"});
	if (!err)
		err = tutela_session_commit(w);
	return err;
}

enum tutela_err tutela_check_rebuild(struct check *c)
{
	struct pairs pairs[ALGORITHMS] = {0};
	struct session w;
	enum tutela_err err;

	err = tutela_session_begin(c->store, true, &w);
	if (err)
		return err;
	err = collect(c, &w, pairs);
	if (!err)
		err = write_all(c, &w, pairs);
	if (!err)
		tutela_session_tidy(&w);
	for (unsigned a = 0; a < ALGORITHMS; a++)
		tutela_pairs_free(&pairs[a]);
	tutela_session_end(&w);
	return err ? err : tutela_check_step(c, "rebuild", 1, 1);
}
