/* SPDX-License-Identifier: Apache-2.0 */
#include "journaling.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "audit_tell.h"
#include "interrupt.h"
#include "memory.h"
#include "message.h"
#include "printable.h"
#include "stats.h"

#define BATCH_BYTES ((size_t)1 << 20)  /* written when there are as many */
#define KEEP_BYTES  ((size_t)64 << 20) /* that may wait for another writer */
#define FLUSH_TRIES 5

bool journaling_begin(struct journaling *j)
{
	enum tutela_err error;

	/* 53 bits: exact in every program that reads JSON. */
	if (getrandom(&j->scan, sizeof(j->scan), 0) != (ssize_t)sizeof(j->scan))
		j->scan = (uint64_t)time(NULL);
	j->scan = (j->scan >> 11) | 1;
	if (!j->files)
		return true;
	if (!j->store) {
		message_error(NULL, "the store cannot be written to, so no journal can be kept");
		return false;
	}
	error = tutela_journal_batch_new(&j->batch);
	if (error)
		message_error(NULL, "%s", tutela_strerror(error));
	pthread_mutex_init(&j->lock, NULL);
	return !error;
}

static const char *why(const struct journaling *j, enum tutela_err error)
{
	return *tutela_store_errmsg(j->store) ? tutela_store_errmsg(j->store) : tutela_strerror(error);
}

/* What waits, and what comes after it, is lost. */
static void give_up(struct journaling *j, enum tutela_err error)
{
	j->failed = true;
	j->lost += j->waiting;
	j->waiting = 0;
	message_error(NULL, "the journal cannot be written: %s", why(j, error));
}

/* Tries so often; another writer is no failure. Called with the lock held, as the next. */
static enum tutela_err write_batch(struct journaling *j, int tries)
{
	enum tutela_err error = TUTELA_E_BUSY;

	for (int i = 0; i < tries && error == TUTELA_E_BUSY; i++) {
		if (i)
			audit_tell_pause();
		error = tutela_journal_batch_write(j->batch, j->store);
	}
	j->written = stats_now();
	if (!error)
		j->waiting = 0;
	else if (error != TUTELA_E_BUSY)
		give_up(j, error);
	return error;
}

/* Until the other writer is done, or somebody has asked to stop. */
static void write_waiting(struct journaling *j)
{
	enum tutela_err error = write_batch(j, AUDIT_TELL_TRIES);

	if (error == TUTELA_E_BUSY && !interrupt_asked())
		message_note("waiting to write the journal: %s", why(j, error));
	while (error == TUTELA_E_BUSY && !interrupt_asked()) {
		audit_tell_pause();
		error = write_batch(j, 1);
	}
	if (error == TUTELA_E_BUSY)
		give_up(j, error);
}

static void write_when_due(struct journaling *j)
{
	size_t bytes = tutela_journal_batch_bytes(j->batch);

	if (bytes >= KEEP_BYTES)
		write_waiting(j);
	else if (bytes >= BATCH_BYTES && stats_now() - j->written >= 1000000000u)
		(void)write_batch(j, 1);
}

/* Adds the hits, and keeps it. */
static void keep(struct journaling *j, const char *path, struct tutela_journal_file *file, const struct finding *f)
{
	struct tutela_journal_hit *hits = memory_array(f->hits.n + 1, sizeof(*hits));

	for (size_t i = 0; i < f->hits.n; i++) {
		const struct tutela_hit *h = &f->hits.items[i];

		hits[i] = (struct tutela_journal_hit){.source = {h->source, strlen(h->source)},
						      .list = {h->list, strlen(h->list)},
						      .entry = h->entry,
						      .category = tutela_category_of(h->labels, h->n_labels),
						      .list_version = h->list_version,
						      .kind = h->kind,
						      .algorithm = h->algorithm,
						      .distance = h->distance,
						      .threshold = h->threshold};
	}
	file->scan = j->scan;
	file->time = time(NULL);
	file->verdict = f->verdict;
	file->hits = hits;
	file->n_hits = f->hits.n;
	pthread_mutex_lock(&j->lock);
	if (j->failed) {
		j->lost++;
	} else if (tutela_journal_batch_add(j->batch, file)) {
		j->failed = true;
		j->lost++;
		message_error(path, "cannot be kept in the journal");
	} else {
		j->waiting++;
		write_when_due(j);
	}
	pthread_mutex_unlock(&j->lock);
	free(hits);
}

void journaling_add(struct journaling *j, const char *path, const struct finding *f)
{
	struct tutela_query_hash hashes[PIPELINE_HASHES_MAX];
	struct tutela_journal_file file = {.quality = -1, .size = f->size, .hashes = hashes};

	if (!j->batch)
		return;
	file.n_hashes = pipeline_hashes(j->pipeline, &f->decoded, hashes);
	if (f->decoded.have & TUTELA_WANT_PDQ)
		file.quality = f->decoded.hashes.pdq.quality;
	if (!j->digests)
		file.name = (struct tutela_text){path, strlen(path)};
	keep(j, path, &file, f);
}

void journaling_add_query(struct journaling *j, const struct tutela_query *query, const struct finding *f)
{
	struct tutela_journal_file file = {.quality = query->quality, .hashes = query->hashes, .n_hashes = query->n};

	if (j->batch)
		keep(j, NULL, &file, f);
}

void journaling_flush(struct journaling *j)
{
	if (!j->batch)
		return;
	pthread_mutex_lock(&j->lock);
	if (!j->failed)
		(void)write_batch(j, FLUSH_TRIES);
	pthread_mutex_unlock(&j->lock);
}

void journaling_end(struct journaling *j)
{
	char n[32];

	if (!j->batch)
		return;
	/* What waited before something else failed is sound. */
	if (!j->lost || j->waiting)
		write_waiting(j);
	if (j->lost)
		message_error(NULL, "files that are missing from the journal: %s", printable_count(j->lost, n));
	tutela_journal_batch_free(j->batch);
	j->batch = NULL;
	pthread_mutex_destroy(&j->lock);
}

/* ---------------------------------------------------------------- the audit log */

static void warn(struct journaling *j, const char *what, enum tutela_err error)
{
	if (j->untold)
		return;
	j->untold = true;
	if (error == TUTELA_E_READONLY)
		message_warning(NULL, "the store can only be read, so its audit log does not tell %s this %s", what,
				j->activity);
	else
		message_warning(NULL, "the audit log does not tell %s this %s: %s", what, j->activity,
				tutela_strerror(error));
}

static enum tutela_err tell(const struct journaling *j, const char *what, json_t *detail, int tries)
{
	char *action = memory_format("%s-%s", j->activity, what);
	enum tutela_err error = audit_tell(j->store, action, detail, tries);

	free(action);
	return error;
}

static void tell_start(struct journaling *j, int tries)
{
	enum tutela_err error;

	if (!j->start)
		return;
	j->tried = time(NULL);
	error = tell(j, "start", json_incref(j->start), tries);
	if (error == TUTELA_E_BUSY && tries == 1)
		return;
	if (error)
		warn(j, "of", error);
	json_decref(j->start);
	j->start = NULL;
}

void journaling_started(struct journaling *j, const char *activity, json_t *detail)
{
	j->activity = activity;
	json_object_set_new(detail, "scan", json_integer((json_int_t)j->scan));
	if (j->off)
		json_decref(detail);
	else
		j->start = detail;
	tell_start(j, 1);
}

void journaling_retry(struct journaling *j)
{
	if (j->start && time(NULL) != j->tried)
		tell_start(j, 1);
}

void journaling_ended(struct journaling *j, json_t *detail)
{
	enum tutela_err error = TUTELA_OK;

	if (!j->ended && !j->off)
		tell_start(j, AUDIT_TELL_TRIES);
	json_object_set_new(detail, "scan", json_integer((json_int_t)j->scan));
	/* An end without a start would puzzle who reads the log. */
	if (j->ended || j->off || j->untold)
		json_decref(detail);
	else
		error = tell(j, "end", detail, AUDIT_TELL_TRIES);
	if (error)
		warn(j, "of the end of", error);
	j->ended = true;
}

bool journaling_told(const struct journaling *j)
{
	return j->ended && !j->off && !j->untold;
}
