/* SPDX-License-Identifier: Apache-2.0 */
#include "store/entry_write.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Most entries fit on the stack. */
#define SMALL 2048

static enum tutela_err put_entry(struct tutela_store *s, struct txn *txn, uint32_t number, const struct entry *e,
				 unsigned flags)
{
	uint8_t small[SMALL], key[4], *large = NULL;
	size_t room = ENTRY_HEAD_LEN + e->body_len + SEAL_LEN, len;
	enum tutela_err err;

	if (room > sizeof small) {
		large = tutela_mem_array(room, 1);
		if (!large)
			return TUTELA_E_NOMEM;
	}
	len = tutela_schema_put_entry(number, e, large ? large : small, room);
	tutela_schema_key32(number, key);
	err = tutela_env_put(s, txn, DB_ENTRIES, key, sizeof key, large ? large : small, len, flags);
	free(large);
	return err;
}

enum tutela_err tutela_entry_append(struct tutela_store *s, struct txn *txn, uint32_t number, const struct entry *e)
{
	return put_entry(s, txn, number, e, MDB_APPEND);
}

enum tutela_err tutela_entry_set_gone(struct tutela_store *s, struct txn *txn, uint32_t number, uint64_t gone)
{
	enum tutela_err err;
	struct entry e;

	err = tutela_entry_get(s, txn, number, &e);
	if (err == TUTELA_E_NOTFOUND)
		return tutela_store_fail(s, TUTELA_E_CORRUPT, "entry %u of '%s' is missing", number, s->path);
	if (err || e.gone == gone)
		return err;
	e.gone = gone;
	return put_entry(s, txn, number, &e, 0);
}

enum tutela_err tutela_entry_del(struct tutela_store *s, struct txn *txn, uint32_t number)
{
	uint8_t key[4];

	tutela_schema_key32(number, key);
	return tutela_env_del(s, txn, DB_ENTRIES, key, sizeof key, NULL, 0);
}

enum tutela_err tutela_key_get(struct tutela_store *s, struct txn *txn, const uint8_t *key, size_t len,
			       uint32_t *number)
{
	struct bytes_reader r;
	enum tutela_err err;
	MDB_val v;

	*number = 0;
	err = tutela_env_get(s, txn, DB_KEYS, key, len, &v);
	if (err)
		return err;
	r = bytes_reader_init(v.mv_data, v.mv_size);
	*number = bytes_u32(&r);
	if (!bytes_done(&r) || !*number)
		return tutela_store_fail(s, TUTELA_E_CORRUPT, "a key of '%s' is damaged", s->path);
	return TUTELA_OK;
}

static enum tutela_err put_key(struct tutela_store *s, struct txn *txn, const uint8_t *key, size_t len, uint32_t number,
			       unsigned flags)
{
	uint8_t buf[4];
	struct bytes_writer w = bytes_writer_init(buf, sizeof buf);

	bytes_put_u32(&w, number);
	return tutela_env_put(s, txn, DB_KEYS, key, len, buf, sizeof buf, flags);
}

enum tutela_err tutela_key_put(struct tutela_store *s, struct txn *txn, const uint8_t *key, size_t len, uint32_t number)
{
	return put_key(s, txn, key, len, number, 0);
}

enum tutela_err tutela_key_append(struct tutela_store *s, struct txn *txn, const uint8_t *key, size_t len,
				  uint32_t number)
{
	return put_key(s, txn, key, len, number, MDB_APPEND);
}
