/* SPDX-License-Identifier: Apache-2.0 */
#include "index_data.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

static struct tutela_index_build_opts options(enum tutela_index_kind kind)
{
	return (struct tutela_index_build_opts){
		.size = sizeof(struct tutela_index_build_opts), .bits = 256, .kind = kind};
}

Test(build, threads_do_not_change_the_image)
{
	struct data d = make_data(1, CLUSTERS, 70000, 256);
	struct tutela_index_info first = {0}, info;

	for (unsigned threads = 0; threads < 20; threads += threads < 3 ? 1 : 8) {
		struct tutela_index_build_opts o = options(TUTELA_INDEX_TABLES);
		int fd = scratch_file();

		o.threads = threads;
		cr_assert_eq(tutela_index_build_file(d.codes, d.values, d.n, &o, fd, &info), TUTELA_OK);
		cr_assert_eq(info.count, d.n);
		cr_assert_eq(info.kind, TUTELA_INDEX_TABLES);
		cr_assert_eq((off_t)info.bytes, lseek(fd, 0, SEEK_END));
		if (threads == 0)
			first = info;
		cr_assert_eq(info.digest, first.digest);
		close(fd);
	}
	free_data(&d);
}

Test(build, the_digest_names_the_content)
{
	struct data d = make_data(1, UNIFORM, 1000, 256);
	struct tutela_index_info a, b;
	struct tutela_index *ix = build(&d, TUTELA_INDEX_FLAT);

	tutela_index_info(ix, &a);
	tutela_index_close(ix);
	for (int i = 0; i < 2; i++) {
		if (i)
			d.values[500]++;
		else
			flip(d.codes, 8000);
		ix = build(&d, TUTELA_INDEX_FLAT);
		tutela_index_info(ix, &b);
		tutela_index_close(ix);
		cr_assert_neq(a.digest, b.digest);
		a = b;
	}
	free_data(&d);
}

/* Codes at an odd address, as a caller's buffer may have them. */
Test(build, takes_codes_at_any_address)
{
	struct data d = make_data(1, UNIFORM, 20000, 256);
	uint8_t *odd = malloc(d.n * 32 + 3);
	struct tutela_index_build_opts o = options(TUTELA_INDEX_TABLES);
	struct tutela_index_info a, b;
	struct tutela_index *ix = build(&d, TUTELA_INDEX_TABLES);

	tutela_index_info(ix, &a);
	tutela_index_close(ix);
	memcpy(odd + 3, d.codes, d.n * 32);
	cr_assert_eq(tutela_index_build(odd + 3, d.values, d.n, &o, &ix), TUTELA_OK);
	tutela_index_info(ix, &b);
	cr_assert_eq(a.digest, b.digest);
	tutela_index_close(ix);
	free(odd);
	free_data(&d);
}

/* ------------------------------------------------------------------ what can go wrong */

Test(build, a_full_device_is_disk_full)
{
	struct data d = make_data(1, UNIFORM, 1000, 256);

	for (int kind = TUTELA_INDEX_FLAT; kind <= TUTELA_INDEX_TABLES; kind++) {
		struct tutela_index_build_opts o = options((enum tutela_index_kind)kind);
		struct tutela_index_info info;
		int fd = open("/dev/full", O_WRONLY);

		cr_assert_geq(fd, 0);
		cr_assert_eq(tutela_index_build_file(d.codes, d.values, d.n, &o, fd, &info), TUTELA_E_DISKFULL);
		cr_assert_eq(info.bytes, 0);
		close(fd);
	}
	free_data(&d);
}

/* At any length of what fits: an error, and what is left behind is no index. */
Test(build, a_limit_on_file_size_is_disk_full)
{
	struct data d = make_data(1, UNIFORM, 20000, 256);
	struct tutela_index_build_opts o = options(TUTELA_INDEX_TABLES);

	struct tutela_index_info info;
	int whole = scratch_file();

	signal(SIGXFSZ, SIG_IGN);
	/* An OpenMP runtime may want a file of its own when it starts. */
	cr_assert_eq(tutela_index_build_file(d.codes, d.values, d.n, &o, whole, &info), TUTELA_OK);
	close(whole);
	/* From all but the last byte down; below zero is above all. */
	for (rlim_t limit = info.bytes - 1; limit < info.bytes; limit -= 700001) {
		struct rlimit small = {.rlim_cur = limit, .rlim_max = RLIM_INFINITY}, old;
		struct tutela_index *ix;
		int fd = scratch_file();

		cr_assert_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
		small.rlim_max = old.rlim_max;
		cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
		enum tutela_err err = tutela_index_build_file(d.codes, d.values, d.n, &o, fd, NULL);
		cr_assert_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
		cr_assert_eq(err, TUTELA_E_DISKFULL);
		cr_assert_eq(tutela_index_open(fd, NULL, &ix), TUTELA_E_FORMAT);
		close(fd);
	}
	free_data(&d);
}

Test(build, other_write_errors_keep_errno)
{
	struct data d = make_data(1, UNIFORM, 20000, 256);
	struct tutela_index_build_opts o = options(TUTELA_INDEX_TABLES);
	int fd = open("/dev/null", O_RDONLY), ends[2];

	errno = 0;
	cr_assert_eq(tutela_index_build_file(d.codes, d.values, d.n, &o, fd, NULL), TUTELA_E_SYS);
	cr_assert_eq(errno, EBADF);
	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(tutela_index_build_file(d.codes, d.values, d.n, &o, ends[1], NULL), TUTELA_E_SYS);
	cr_assert_eq(errno, ESPIPE);
	close(ends[0]);
	close(ends[1]);
	close(fd);
	free_data(&d);
}

struct watch {
	uint64_t last, stop_at, total;
	unsigned calls;
};

static bool watch(void *ctx, uint64_t done, uint64_t total)
{
	struct watch *w = ctx;

	w->calls++;
	cr_assert_geq(done, w->last, "progress goes back");
	cr_assert_leq(done, total);
	w->last = done;
	w->total = total;
	return w->calls != w->stop_at;
}

Test(build, reports_progress_and_stops)
{
	struct data d = make_data(1, UNIFORM, 100000, 256);
	struct tutela_index_build_opts o = options(TUTELA_INDEX_TABLES);
	struct watch w = {0};
	struct tutela_index *ix;

	o.progress = watch;
	o.ctx = &w;
	cr_assert_eq(tutela_index_build(d.codes, d.values, d.n, &o, &ix), TUTELA_OK);
	cr_assert_eq(w.last, w.total);
	cr_assert_geq(w.calls, 16);
	tutela_index_close(ix);
	for (unsigned stop = 1; stop < 20; stop += 6) {
		w = (struct watch){.stop_at = stop};
		cr_assert_eq(tutela_index_build(d.codes, d.values, d.n, &o, &ix), TUTELA_E_INTERRUPTED);
		cr_assert_null(ix);
		cr_assert_eq(w.calls, stop, "called again after it said stop");
	}
	free_data(&d);
}

/* Address space for the input, not for the index. */
Test(build, too_little_memory_is_an_error)
{
	struct data d = make_data(1, UNIFORM, 400000, 256);
	struct tutela_index_build_opts o = options(TUTELA_INDEX_TABLES);
	struct rlimit old, small;
	struct tutela_index *ix = NULL;
	char *line = NULL;
	size_t room = 0;
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	cr_assert_not_null(f);
	cr_assert_gt(getline(&line, &room, f), 0);
	fclose(f);
	pages = strtoul(line, NULL, 10);
	free(line);
	if (pages > (1UL << 30))
		cr_skip_test("skipped: a sanitizer holds the address space");
	cr_assert_eq(getrlimit(RLIMIT_AS, &old), 0);
	small = old;
	small.rlim_cur = pages * 4096 + (8 << 20);
	o.threads = 1;
	cr_assert_eq(setrlimit(RLIMIT_AS, &small), 0);
	enum tutela_err err = tutela_index_build(d.codes, d.values, d.n, &o, &ix);
	cr_assert_eq(setrlimit(RLIMIT_AS, &old), 0);
	cr_assert_eq(err, TUTELA_E_NOMEM);
	cr_assert_null(ix);
	free_data(&d);
}
