/* SPDX-License-Identifier: Apache-2.0 */
#include "store/list_sum.h"

#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "exchange/record_line.h"
#include "store/lists.h"

static void digest_line(const char *line, size_t len, uint8_t *out)
{
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, len, (const uint8_t *)line);
	sha256_digest(&sha, SHA256_DIGEST_SIZE, out);
}

static void add(struct list_sum *sum, const uint8_t *digest, bool minus)
{
	struct bytes_reader r = bytes_reader_init(digest, SHA256_DIGEST_SIZE);
	unsigned carry = minus;

	/* a - b is a + ~b + 1 */
	for (unsigned i = 0; i < 4; i++) {
		uint64_t word = minus ? ~bytes_u64(&r) : bytes_u64(&r), total;
		bool over = __builtin_add_overflow(sum->word[i], word, &total);

		carry = __builtin_add_overflow(total, (uint64_t)carry, &sum->word[i]) | over;
	}
}

void tutela_sum_entry(struct list_row *row, const struct tutela_record *rec, bool leaves, char *line)
{
	uint8_t digest[SHA256_DIGEST_SIZE];

	enum tutela_status issued = rec->local ? rec->issued : rec->status;

	if (issued != TUTELA_WITHDRAWN) {
		digest_line(line, tutela_record_line(rec, RECORD_ISSUED, line), digest);
		add(&row->issued, digest, leaves);
	}
	if (rec->status == TUTELA_WITHDRAWN)
		return;
	if (rec->local)
		digest_line(line, tutela_record_line(rec, RECORD_EFFECTIVE, line), digest);
	add(&row->effective, digest, leaves);
}

void tutela_sum_bytes(const struct list_sum *sum, uint8_t *out)
{
	struct bytes_writer w = bytes_writer_init(out, LIST_SUM_LEN);

	for (unsigned i = 0; i < 4; i++)
		bytes_put_u64(&w, sum->word[i]);
}

struct adding {
	struct list_row *row;
	char *line;
};

static enum tutela_err add_entry(void *ctx, const struct tutela_record *rec)
{
	struct adding *a = ctx;

	tutela_sum_entry(a->row, rec, false, a->line);
	return TUTELA_OK;
}

enum tutela_err tutela_sum_list(struct tutela_snapshot *snap, const char *list, struct list_row *row)
{
	struct adding a = {row, tutela_mem_array(RECORD_LINE_MAX, 1)};
	enum tutela_err err = TUTELA_E_NOMEM;

	memset(&row->issued, 0, sizeof row->issued);
	memset(&row->effective, 0, sizeof row->effective);
	if (a.line)
		err = tutela_snapshot_entries(snap, list, add_entry, &a);
	free(a.line);
	return err;
}

/* Under the writer's lock, so that the snapshot is what the session will change. */
static enum tutela_err keep(struct session *w, const char *list)
{
	struct tutela_snapshot *snap = NULL;
	struct list_row row;
	enum tutela_err err = tutela_list_get(w->store, w->txn, list, &row);

	if (err == TUTELA_E_NOTFOUND)
		return tutela_store_fail(w->store, err, "there is no list '%s'", list);
	if (err || row.summed)
		return err;
	err = tutela_snapshot_open(w->store, &snap);
	if (!err)
		err = tutela_sum_list(snap, list, &row);
	tutela_snapshot_close(snap);
	row.summed = true;
	if (!err)
		err = tutela_list_put(w->store, w->txn, &row);
	return err ? err : tutela_session_commit(w);
}

enum tutela_err tutela_sum_keep(struct tutela_store *s, const char *list)
{
	struct session w;
	enum tutela_err err = tutela_session_begin(s, false, &w);

	if (err)
		return err;
	err = keep(&w, list);
	tutela_session_end(&w);
	return err;
}
