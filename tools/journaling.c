/* SPDX-License-Identifier: Apache-2.0 */
#include "journaling.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "category.h"
#include "memory.h"
#include "message.h"

#define BATCH_BYTES ((size_t)1 << 20)
#define TRIES       100 /* another writer may hold the store for a while */
#define PAUSE_NS    50000000L

static void pause_a_moment(void)
{
	const struct timespec moment = {.tv_nsec = PAUSE_NS};

	nanosleep(&moment, NULL);
}

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

/* Called with the lock held. */
static void write_batch(struct journaling *j)
{
	enum tutela_err error = TUTELA_E_BUSY;

	for (int i = 0; i < TRIES && error == TUTELA_E_BUSY; i++) {
		if (i)
			pause_a_moment();
		error = tutela_journal_batch_write(j->batch, j->store);
	}
	if (!error)
		return;
	j->failed = true;
	message_error(NULL, "the journal cannot be written: %s",
		      *tutela_store_errmsg(j->store) ? tutela_store_errmsg(j->store) : tutela_strerror(error));
}

void journaling_add(struct journaling *j, const char *path, const struct finding *f)
{
	struct tutela_query_hash hashes[PIPELINE_HASHES_MAX];
	struct tutela_journal_hit *hits;
	struct tutela_journal_file file = {.scan = j->scan,
					   .time = time(NULL),
					   .verdict = f->verdict,
					   .quality = -1,
					   .size = f->size,
					   .hashes = hashes,
					   .n_hits = f->hits.n};

	if (!j->batch)
		return;
	hits = memory_array(f->hits.n + 1, sizeof(*hits));
	for (size_t i = 0; i < f->hits.n; i++) {
		const struct tutela_hit *h = &f->hits.items[i];

		hits[i] = (struct tutela_journal_hit){.source = {h->source, strlen(h->source)},
						      .list = {h->list, strlen(h->list)},
						      .entry = h->entry,
						      .category = category_of(h->labels, h->n_labels),
						      .list_version = h->list_version,
						      .kind = h->kind,
						      .algorithm = h->algorithm,
						      .distance = h->distance,
						      .threshold = h->threshold};
	}
	file.hits = hits;
	file.n_hashes = pipeline_hashes(j->pipeline, &f->decoded, hashes);
	if (f->decoded.have & TUTELA_WANT_PDQ)
		file.quality = f->decoded.hashes.pdq.quality;
	if (!j->digests)
		file.name = (struct tutela_text){path, strlen(path)};
	pthread_mutex_lock(&j->lock);
	if (!j->failed && tutela_journal_batch_add(j->batch, &file)) {
		j->failed = true;
		message_error(path, "cannot be kept in the journal");
	}
	if (!j->failed && tutela_journal_batch_bytes(j->batch) >= BATCH_BYTES)
		write_batch(j);
	pthread_mutex_unlock(&j->lock);
	free(hits);
}

void journaling_end(struct journaling *j)
{
	if (!j->batch)
		return;
	if (!j->failed)
		write_batch(j);
	tutela_journal_batch_free(j->batch);
	j->batch = NULL;
	pthread_mutex_destroy(&j->lock);
}

/* ---------------------------------------------------------------- the audit log */

static char *record_text(const struct journaling *j, json_t *detail)
{
	char *text;

	json_object_set_new(detail, "scan", json_integer((json_int_t)j->scan));
	text = json_dumps(detail, JSON_COMPACT | JSON_REAL_PRECISION(6));
	json_decref(detail);
	return text;
}

static enum tutela_err note(const struct journaling *j, const char *action, const char *text, int tries)
{
	enum tutela_err error = j->store ? TUTELA_E_BUSY : TUTELA_E_READONLY;

	for (int i = 0; i < tries && error == TUTELA_E_BUSY; i++) {
		if (i)
			pause_a_moment();
		error = tutela_audit_note(j->store, action, text);
	}
	return error;
}

static void warn(struct journaling *j, const char *what, enum tutela_err error)
{
	if (j->untold)
		return;
	j->untold = true;
	if (error == TUTELA_E_READONLY)
		message_warning(NULL, "the store can only be read, so its audit log does not tell %s", what);
	else
		message_warning(NULL, "the audit log does not tell %s: %s", what, tutela_strerror(error));
}

static void note_start(struct journaling *j, int tries)
{
	enum tutela_err error;

	if (!j->start)
		return;
	j->tried = time(NULL);
	error = note(j, "scan-start", j->start, tries);
	if (error == TUTELA_E_BUSY && tries == 1)
		return;
	if (error)
		warn(j, "of this scan", error);
	free(j->start);
	j->start = NULL;
}

void journaling_started(struct journaling *j, json_t *detail)
{
	j->start = record_text(j, detail);
	if (j->off) {
		free(j->start);
		j->start = NULL;
	}
	note_start(j, 1);
}

void journaling_retry(struct journaling *j)
{
	if (j->start && time(NULL) != j->tried)
		note_start(j, 1);
}

void journaling_ended(struct journaling *j, json_t *detail)
{
	char *text = record_text(j, detail);
	enum tutela_err error;

	if (!j->ended && !j->off) {
		note_start(j, TRIES);
		/* An end without a start would puzzle who reads the log. */
		error = j->untold ? TUTELA_OK : note(j, "scan-end", text, TRIES);
		if (error)
			warn(j, "how this scan ended", error);
	}
	j->ended = true;
	free(text);
}

bool journaling_told(const struct journaling *j)
{
	return j->ended && !j->off && !j->untold;
}
