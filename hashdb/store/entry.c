/* SPDX-License-Identifier: Apache-2.0 */
#include "store/snapshot.h"

#include <string.h>

static enum tutela_err damaged(struct tutela_store *s, uint32_t number)
{
	return tutela_store_fail(s, TUTELA_E_CORRUPT, "entry %u of '%s' is damaged", number, s->path);
}

enum tutela_err tutela_entry_get(struct tutela_store *s, struct txn *txn, uint32_t number, struct entry *out)
{
	enum tutela_err err;
	uint8_t key[4];
	MDB_val v;

	memset(out, 0, sizeof *out);
	tutela_schema_key32(number, key);
	err = tutela_env_get(s, txn, DB_ENTRIES, key, sizeof key, &v);
	if (err)
		return err;
	return tutela_schema_get_entry(number, v.mv_data, v.mv_size, out) ? damaged(s, number) : TUTELA_OK;
}

enum tutela_err tutela_entry_record(struct tutela_store *s, struct txn *txn, uint32_t number, struct entry *out,
				    struct tutela_record *rec)
{
	enum tutela_err err = tutela_entry_get(s, txn, number, out);

	if (err)
		return err;
	return tutela_schema_get_body(out->body, out->body_len, rec) ? damaged(s, number) : TUTELA_OK;
}

enum tutela_err tutela_entry_visible(struct tutela_store *s, struct txn *txn, uint32_t number, uint64_t update,
				     uint32_t *out)
{
	struct entry e;

	*out = 0;
	while (number) {
		enum tutela_err err = tutela_entry_get(s, txn, number, &e);

		if (err == TUTELA_E_NOTFOUND)
			return damaged(s, number);
		if (err)
			return err;
		if (schema_visible(&e, update)) {
			*out = number;
			return TUTELA_OK;
		}
		/* An older one cannot be visible when this one was and ended. */
		number = e.added > update ? e.prev : 0;
	}
	return TUTELA_OK;
}
