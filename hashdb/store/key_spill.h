/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of an update beyond what memory is to hold: sorted runs, put aside in a
 * file without a name in the store's folder, and read back merged. So keys in
 * any number reach LMDB in one sorted pass, and each of its pages is written
 * once, not once for each run.
 */
#ifndef TUTELA_STORE_KEY_SPILL_H
#define TUTELA_STORE_KEY_SPILL_H

#include "store/env.h"
#include "store/key_run.h"

/* Merging takes a block of SPILL_BLOCK bytes for each run. */
#define SPILL_RUNS_MAX 256
#define SPILL_BLOCK    65536

struct spilled_run {
	uint64_t at, end; /* in the file */
};

/* All zero: nothing is put aside, and no file is open. */
struct key_spill {
	bool open;
	int fd;
	uint64_t used;
	size_t n;
	struct spilled_run runs[SPILL_RUNS_MAX];
};

/*
 * Put a run aside, sorted, and empty it. Keys have 1 to ENTRY_KEY_MAX bytes. At most SPILL_RUNS_MAX times between two
 * merges. TUTELA_E_NOMEM, TUTELA_E_SYS, with a sentence for `s`.
 */
enum tutela_err tutela_key_spill_run(struct tutela_store *s, struct key_spill *spill, struct key_run *run);

/* What a merge hands over; the key is good until it returns. Another value than TUTELA_OK ends the merge. */
typedef enum tutela_err key_fn(void *ctx, const uint8_t *key, size_t len, uint32_t number);

/*
 * Every key that was put aside or is in the run, by key, then number. Then, or
 * after an error, both are empty. What `each` returns, TUTELA_E_NOMEM, TUTELA_E_SYS, or TUTELA_E_CORRUPT when what is
 * read is not what was written.
 */
enum tutela_err tutela_key_spill_merge(struct tutela_store *s, struct key_spill *spill, struct key_run *run,
				       key_fn *each, void *ctx);

void tutela_key_spill_free(struct key_spill *spill);

#endif
