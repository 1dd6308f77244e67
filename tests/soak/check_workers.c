/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_workers FOLDER FAKE_WORKER [JOBS]: a crew of threads that shares a pool
 * of decoder processes, for the thread sanitizer to watch: workers that answer,
 * that die, that retire, that answer twice. The processes are stand-ins
 * (tests/unit/helpers): the real ones lock themselves down harder than the
 * sanitizer can live with, and what they do is not done in threads.
 *
 * FOLDER must not exist. Exit status: 0 as it should be, 1 not, 2 it could not be tried.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tutela/decode.h>

#include "crew.h"
#include "helpers/fake_worker.h"

#define THREADS 4
#define WORKERS 3
#define RECYCLE 5
#define JOBS    200

struct round {
	struct tutela_decoder *pool;
	int fd;
	enum tutela_decode_class expected;
	bool or_crashed;    /* also right: when a worker's end is seen is a matter of time */
	size_t done, wrong; /* under the crew's lock, by its promise */
	atomic_bool over;
};

static void *work(void *ctx, void *job)
{
	struct round *r = ctx;
	struct tutela_decoded *out = malloc(sizeof(*out));
	enum tutela_err err;

	free(job);
	if (!out)
		exit(2);
	err = tutela_decoder_hash_fd(r->pool, r->fd, out);
	if (err)
		fprintf(stderr, "check-workers: %s\n", tutela_strerror(err));
	if (err || (out->class_ != r->expected && !(r->or_crashed && out->class_ == TUTELA_DECODE_CRASHED)))
		out->size = UINT64_MAX;
	return out;
}

static bool done(void *ctx, void *result)
{
	struct round *r = ctx;

	r->done++;
	r->wrong += ((struct tutela_decoded *)result)->size == UINT64_MAX;
	free(result);
	return true;
}

static void drop(void *ctx, void *job)
{
	(void)ctx;
	free(job);
}

/* Looks at the pool's figures meanwhile, as a progress line does. */
static void *watch(void *arg)
{
	struct round *r = arg;
	struct tutela_decoder_stats stats;

	while (!atomic_load(&r->over)) {
		tutela_decoder_stats(r->pool, &stats);
		usleep(1000);
	}
	return NULL;
}

static size_t run(struct round *r, bool ordered, size_t jobs)
{
	const struct crew_opts opts = {
		.threads = THREADS, .queue = 8, .ordered = ordered, .work = work, .done = done, .drop = drop, .ctx = r};
	struct crew *crew = crew_new(&opts);
	pthread_t watcher;

	atomic_store(&r->over, false);
	r->done = r->wrong = 0;
	if (!crew || pthread_create(&watcher, NULL, watch, r))
		exit(2);
	for (size_t i = 0; i < jobs; i++)
		(void)crew_push(crew, malloc(1));
	crew_finish(crew, false);
	atomic_store(&r->over, true);
	pthread_join(watcher, NULL);
	return r->wrong + (r->done != jobs);
}

static void make_programs(const char *folder, const char *worker)
{
	static const char *const names[] = {"tutela-decoder", "tutela-decoder-vips"};
	char path[4096];

	if (mkdir(folder, 0700))
		exit(2);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		if (symlink(worker, path))
			exit(2);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		enum fake_way way;
		enum tutela_decode_class class_;
		size_t share; /* of the jobs: a death costs time */
	} ways[] = {
		{FAKE_HONEST, TUTELA_DECODE_NOT_PICTURE, 1},
		{FAKE_DIE_IDLE, TUTELA_DECODE_NOT_PICTURE, 4},
		{FAKE_ABORT, TUTELA_DECODE_CRASHED, 4},
		{FAKE_TWICE, TUTELA_DECODE_NOT_PICTURE, 4},
	};
	size_t jobs = argc > 3 ? (size_t)atoi(argv[3]) : JOBS, bad = 0, n = 0;
	struct round r = {.fd = memfd_create("file", MFD_CLOEXEC)};

	if (argc < 3 || r.fd < 0 || write(r.fd, "no picture", 10) != 10) {
		fprintf(stderr, "usage: check_workers FOLDER FAKE_WORKER [JOBS]\n");
		return 2;
	}
	make_programs(argv[1], argv[2]);
	for (size_t i = 0; i < 2 * sizeof(ways) / sizeof(ways[0]); i++) {
		struct tutela_decoder_opts opts = {.size = sizeof(opts),
						   .program_dir = argv[1],
						   .workers = WORKERS,
						   .wants = TUTELA_WANT_PDQ,
						   .recycle = RECYCLE,
						   .max_memory = ((uint64_t)1 << 30) / 100 * 100 + ways[i / 2].way};

		r.expected = ways[i / 2].class_;
		r.or_crashed = ways[i / 2].way == FAKE_DIE_IDLE || ways[i / 2].way == FAKE_TWICE;
		if (tutela_decoder_open(&opts, &r.pool))
			return 2;
		bad += run(&r, i % 2, jobs / ways[i / 2].share);
		n += jobs / ways[i / 2].share;
		tutela_decoder_close(r.pool);
	}
	printf("check-workers: %zu files by a crew of %d and %d processes, %zu not as they should be\n", n, THREADS,
	       WORKERS, bad);
	return bad ? 1 : 0;
}
