/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log: what was done to a store, when and by which user, as one JSON
 * object a record, in the same commit as the deed.
 *
 * Records are numbered from 1 without a gap. Each carries as "prev" the SHA-256
 * (FIPS 180-4, lower-case hex) of the exact bytes of the record before it; the
 * first carries 64 zeros. So the digest of the newest record stands for all of
 * them: a checkpoint is this digest, signed and kept elsewhere.
 *
 * What is promised: a record that was edited, removed, moved or cut off is
 * found, when it is covered by a checkpoint. What is not: without one, whoever
 * can write to the store's folder can write another log, whole in itself; and
 * records after the newest checkpoint can be cut off unseen.
 *
 * What finds which, when somebody writes to the log behind the store's back:
 *
 *   any byte of a record, a key, two values exchanged                   the log alone, by its seals and numbers
 *   a record that was edited, removed, moved or added, seals and all,   the log alone, by the digest in the next one
 *   when it is not the newest
 *   the newest record edited; the tail cut off; all that follows made   a checkpoint of that record or a later one
 *   again to agree; an older copy of the store put back
 *   the same, after the newest checkpoint                               nothing
 *
 * Damage. Numbers at which nothing stands that holds are a gap. While the
 * newest record is damaged nothing can be added, since nothing would be chained
 * to it, and so the store takes no change. tutela_audit_repair adds a record
 * "audit-repair" that owns up to every gap: its numbers, the SHA-256 of the
 * bytes that stand there (of the record's text when its seal holds, else of the
 * whole value), the last record before it with its digest, why. What stands
 * there stays, byte for byte, and from that record on the log is chained again.
 * Nothing but the very bytes that were lost makes a gap disappear: every
 * verification names it, and a checkpoint made between gap and repair no longer speaks for the records before the gap,
 * because the chain from them to it is lost; one made after the repair does.
 *
 * Thread safety: as the store's handles; a check belongs to one thread.
 */
#ifndef TUTELA_AUDIT_H
#define TUTELA_AUDIT_H

#include <tutela/store.h>

#define TUTELA_AUDIT_HEAD_LEN        32
#define TUTELA_AUDIT_RECORD_MAX      32760 /* bytes */
#define TUTELA_AUDIT_ACTION_MAX      63    /* bytes: lower-case letters and '-' */
#define TUTELA_CHECKPOINT_TEXT_MAX   512
#define TUTELA_CHECKPOINT_FIRST_LINE "tutela-audit-checkpoint 1"

/*
 * Add a record in a commit of its own: `action` says what was done ("scan-start");
 * `detail`, a JSON object as text or NULL, is kept under "detail". Takes the
 * writer lock. TUTELA_E_ARG (no such object or action), TUTELA_E_TOOBIG,
 * TUTELA_E_BUSY, TUTELA_E_READONLY, and the store's.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_audit_note(struct tutela_store *s, const char *action,
							    const char *detail);

/* ------------------------------------------------------------------ checkpoints */

struct tutela_audit_checkpoint {
	char store[37]; /* its uuid, lower case */
	uint64_t number;
	uint8_t head[TUTELA_AUDIT_HEAD_LEN]; /* of the record of that number */
	int64_t time;                        /* when the checkpoint was made, seconds since 1970 UTC */
};

/* The log as the snapshot sees it. TUTELA_E_CORRUPT. `time` is the clock's. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_snapshot_audit_head(struct tutela_snapshot *snap,
								     struct tutela_audit_checkpoint *out);

/*
 * Its text, which is what gets signed: five lines, each ended by a line feed:
 *
 *   tutela-audit-checkpoint 1
 *   store <uuid>
 *   number <decimal>
 *   head <64 hex digits>
 *   time <YYYY-MM-DDThh:mm:ssZ>
 *
 * `buf` holds TUTELA_CHECKPOINT_TEXT_MAX bytes; returns the length, 0 when cp
 * is out of range.
 */
TUTELA_API size_t tutela_audit_checkpoint_format(const struct tutela_audit_checkpoint *cp, char *buf);
/* Exactly such a text and nothing else: TUTELA_E_FORMAT; TUTELA_E_VERSION: a number other than 1 in the first line. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_audit_checkpoint_parse(const char *text, size_t len,
									struct tutela_audit_checkpoint *out);

/* ------------------------------------------------------------------ verification */

#define TUTELA_AUDIT_GAPS_MAX 16

/* Damage that a later record owns up to. */
struct tutela_audit_gap {
	uint64_t first, last;
	uint64_t repaired; /* number of the record that says so */
	uint64_t cut;      /* checkpoints that no longer speak for the records before it */
	char reason[256];
};

struct tutela_audit_verdict {
	uint64_t records; /* looked at, before the first that does not hold */
	uint64_t bad;     /* number of the first that does not, and that nobody owns up to; 0: none */
	uint8_t head[TUTELA_AUDIT_HEAD_LEN]; /* of the last of `records` */
	char reason[256];                    /* why it does not, a sentence */
	size_t n_gaps;                       /* in order of number */
	struct tutela_audit_gap gaps[TUTELA_AUDIT_GAPS_MAX];
};

/*
 * Look at records as they come, from the first one on: from a store, from an
 * export. `points` (n of them, in any order, copied) are what the log is held
 * to: checkpoints whose signature the caller has verified. TUTELA_E_NOMEM.
 */
struct tutela_audit_check;
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_audit_check_new(const struct tutela_audit_checkpoint *points, size_t n,
								 struct tutela_audit_check **out);
/*
 * A line of tutela_snapshot_audit. That it does not hold is told at the end,
 * since a later record may own up to it. TUTELA_E_CORRUPT: nothing that follows
 * can help, or there are more than TUTELA_AUDIT_GAPS_MAX gaps. TUTELA_E_NOMEM.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_audit_check_record(struct tutela_audit_check *c, const void *json,
								    size_t len);
/* Nothing more comes. Frees c, which may be NULL. TUTELA_E_CORRUPT when verdict->bad or verdict->n_gaps. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_audit_check_end(struct tutela_audit_check *c,
								 struct tutela_audit_verdict *verdict);

/* The whole log of a store. TUTELA_E_CORRUPT when verdict->bad or verdict->n_gaps; TUTELA_E_NOMEM, TUTELA_E_SYS. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_audit_verify(struct tutela_snapshot *snap,
							      const struct tutela_audit_checkpoint *points, size_t n,
							      struct tutela_audit_verdict *verdict);

/*
 * Own up to the damage: see above. `reason`: the operator's words, valid UTF-8
 * or repaired, cut at 4,096 bytes; may be NULL. *number is the new record's,
 * and *verdict what a verification found before it. TUTELA_E_NOTFOUND: there is
 * no damage that is not owned up to; TUTELA_E_CORRUPT: the log is past repair
 * (more gaps than can be told, a key that is none, pages of the database that
 * cannot be read); TUTELA_E_BUSY, TUTELA_E_READONLY, and the store's.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_audit_repair(struct tutela_store *s, const char *reason,
							      uint64_t *number, struct tutela_audit_verdict *verdict);

#endif
