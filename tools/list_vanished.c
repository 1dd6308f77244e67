/* SPDX-License-Identifier: Apache-2.0 */
#include "list_vanished.h"

#include <stdlib.h>

#include "interrupt.h"
#include "message.h"
#include "output.h"
#include "printable.h"

struct vanished {
	const struct cli *cli;
	const char *list;
	uint64_t since, n;
};

static enum tutela_err on_entry(void *ctx, const struct tutela_record *rec)
{
	struct vanished *v = ctx;
	uint64_t version;

	if (tutela_record_vanished(rec, &version) && version > v->since) {
		v->n++;
		if (v->cli->json) {
			output_json(json_pack("{s:s, s:s, s:o, s:I}", "type", "vanished", "list", v->list, "entry",
					      output_tutela_text(rec->id), "version", (json_int_t)version));
		} else {
			char *id = printable_name(rec->id.s, rec->id.len);

			output_print("%s\n", id);
			free(id);
		}
	}
	return interrupt_asked() || output_failed() ? TUTELA_E_INTERRUPTED : TUTELA_OK;
}

int list_vanished(const struct cli *cli, const char *list, uint64_t since)
{
	struct vanished v = {cli, list, since, 0};
	struct tutela_snapshot *snapshot;
	struct tutela_store *store;
	enum tutela_err error;
	int status = STATUS_OK;
	char n[96];

	if (!cli_open_snapshot(cli, &store, &snapshot))
		return STATUS_TROUBLE;
	error = tutela_snapshot_entries(snapshot, list, on_entry, &v);
	tutela_snapshot_close(snapshot);
	if (error == TUTELA_E_NOTFOUND) {
		message_error(list, "no such list in this store");
		status = STATUS_TROUBLE;
	} else if (error == TUTELA_E_INTERRUPTED) {
		message_error(NULL, "interrupted");
		status = STATUS_TROUBLE;
	} else if (error) {
		status = cli_store_error(store, list, error);
	} else if (!cli->json) {
		message_note("%s vanished", printable_things(v.n, "entry", "entries", n));
	}
	tutela_store_close(store);
	return status;
}
