/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An update on its way. Records are collected in a batch, sorted by id,
 * compared with what the store holds, and written in sorted order. Exact
 * fingerprints and the keys of new entries are collected further and written
 * in long sorted runs, because keys may be random, and every page that one
 * touches is written anew.
 */
#ifndef TUTELA_STORE_UPDATE_H
#define TUTELA_STORE_UPDATE_H

#include "store/key_spill.h"
#include "store/segment_write.h"

#define BATCH_RECORDS   65536
#define FEEDS_OF_UPDATE 8
#define BATCH_BYTES     ((size_t)32 << 20)

/* A record that was put: what became of it and where its body is in the batch. */
struct op {
	uint64_t prefix; /* of its id, for sorting */
	uint32_t offset, body_len;
	uint32_t order;  /* of arrival */
	uint32_t prev;   /* the entry it replaces, 0 none */
	uint32_t number; /* the entry it became, 0 none */
	bool writes;
};

struct batch {
	struct op *ops;
	uint8_t *bytes;
	size_t n, used, capacity;
	bool by_time; /* of the ops of an id, the one with the latest source time counts, not the one that came last */
};

struct feed_write;
struct held_ring;

struct tutela_update {
	struct session w;
	struct list_row row; /* as it was at begin */
	bool new_list;
	enum tutela_update_mode mode;
	bool newest;
	char *provenance;
	uint64_t version; /* as in the options, and below */
	int64_t expires;
	unsigned threads;
	uint64_t most_absent; /* REPLACE: entries */
	uint32_t first_entry; /* of this update */
	uint8_t *kept;        /* REPLACE: a bit for each entry number below first_entry that was put */
	struct batch batch;
	struct key_run digests;
	struct key_spill spilled; /* digests, too */
	struct key_set keys;      /* of new entries that "keys" does not hold yet */
	struct pairs pairs[ALGORITHMS];
	int64_t active[ALGORITHMS], disputed[ALGORITHMS]; /* changes of the list's counters */
	int64_t entries[TUTELA_WITHDRAWN + 1];
	struct tutela_update_result result;
	enum tutela_err failed;             /* only abort is allowed */
	struct tutela_record clean, record; /* what is put, what is decoded */
	uint8_t *body;                      /* ENTRY_BODY_MAX */
	char *line;                         /* RECORD_LINE_MAX, when the list is summed */
	int64_t now;
	struct json_t *decisions; /* see decisions.h */
	size_t decision_bytes;
	/* Called last before the commit, in its transaction: rows that are to become visible with it. */
	enum tutela_err (*also)(void *ctx, struct session *w, const struct list_row *row);
	void *also_ctx;
	struct feed_write *feeds; /* states of feeds, written with the commit: up to FEEDS_OF_UPDATE */
	size_t n_feeds;
	struct held_ring *held; /* bad records likewise */
};

/* Write what the batch, the set and the run hold. */
enum tutela_err tutela_update_flush(struct tutela_update *u);
enum tutela_err tutela_update_flush_keys(struct tutela_update *u);
enum tutela_err tutela_update_flush_digests(struct tutela_update *u);

/* Who says that an entry is to have another status. */
enum restate { RESTATE_ISSUED, RESTATE_DECIDED, RESTATE_UNDECIDED };

struct restatement {
	enum restate who;
	enum tutela_status status; /* not with UNDECIDED, nor the next */
	struct tutela_text reason;
	int64_t time; /* when the source said so, for updates that go by time; else 0: that stays as it is */
};

/* Another status for the entry of a key. TUTELA_E_NOTFOUND. The batch and the set must be empty. */
enum tutela_err tutela_update_restate(struct tutela_update *u, const uint8_t *key, size_t key_len,
				      const struct restatement *to);

/* REPLACE: withdraw what was not put. TUTELA_E_REFUSED: more than most_absent entries. */
enum tutela_err tutela_update_withdraw_rest(struct tutela_update *u);

/* Why they are: into `buf`, and its length. */
size_t tutela_absent_reason(uint64_t version, char *buf);
#define ABSENT_REASON_MAX 80

/* Add clean to the batch. */
enum tutela_err tutela_batch_add(struct tutela_update *u);
/* Put `len` bytes in place of the last `cut` bytes of an op's body. */
enum tutela_err tutela_batch_replace_end(struct batch *b, struct op *op, size_t cut, const uint8_t *end, size_t len);
void tutela_batch_free(struct batch *b);
/* Where the body of an op begins, and its id. */
const uint8_t *tutela_batch_body(const struct batch *b, const struct op *op);
struct tutela_text tutela_batch_id(const struct batch *b, const struct op *op);
/* When the source changed what a body says; unknown is after all others. */
uint64_t tutela_batch_time(const uint8_t *body);
/* By id, then by time if that counts, then arrival; and by arrival alone. */
void tutela_batch_sort(struct batch *b, bool by_id);

/* Make u->clean from rec, or say why not: TUTELA_E_REFUSED, TUTELA_E_TOOBIG, TUTELA_E_ARG. */
enum tutela_err tutela_record_clean(struct tutela_update *u, const struct tutela_record *rec, char *id_room);
#define ID_ROOM (TUTELA_ENTRY_ID_MAX + 1)

#endif
