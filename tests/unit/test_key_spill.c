/* SPDX-License-Identifier: Apache-2.0 */
#include "store_data.h"

#include <fcntl.h>
#include <unistd.h>

#include "store/key_spill.h"

/* A store that is no more than its folder. */
struct place {
	char path[64];
	struct tutela_store s;
};

static void make_place(struct place *p)
{
	memset(p, 0, sizeof *p);
	strcpy(p->path, "/tmp/tutela-test-XXXXXX");
	cr_assert(mkdtemp(p->path));
	p->s.path = p->path;
	p->s.dir = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert(p->s.dir >= 0);
	cr_assert_eq(pthread_mutex_init(&p->s.lock, NULL), 0);
}

static void remove_place(struct place *p)
{
	/* Nothing is left in it. */
	cr_assert_eq(rmdir(p->path), 0);
	close(p->s.dir);
	tutela_store_fail_free(&p->s);
	pthread_mutex_destroy(&p->s.lock);
}

/* Key number i: of 5 to 64 bytes, many with a common beginning. */
static size_t key_of(uint32_t i, uint8_t key[80])
{
	size_t len = 1 + mix(i) % 60;

	memset(key, (int)(mix(i) % 3), len);
	memcpy(key + len, &i, sizeof i);
	return len + sizeof i;
}

static void fill(struct key_run *run, uint32_t from, uint32_t n)
{
	uint8_t key[80];

	/* Each twice, as two entries with the same digest. */
	for (uint32_t i = 0; i < n; i++) {
		OK(tutela_key_run_add(run, key, key_of(from + i, key), from + i + 1000000));
		OK(tutela_key_run_add(run, key, key_of(from + i, key), from + i));
	}
}

struct seen {
	uint8_t key[80];
	size_t len, n, stop_at;
	uint32_t number;
	uint64_t sum;
};

static enum tutela_err see(void *ctx, const uint8_t *key, size_t len, uint32_t number)
{
	struct seen *seen = ctx;
	uint8_t want[80];
	int order = memcmp(seen->key, key, len < seen->len ? len : seen->len);

	if (seen->n)
		cr_assert(order < 0 || (!order && (seen->len < len || (seen->len == len && seen->number < number))),
			  "row %zu is not behind the one before", seen->n);
	cr_assert_eq(key_of(number % 1000000, want), len);
	cr_assert_arr_eq(want, key, len);
	memcpy(seen->key, key, len);
	seen->len = len;
	seen->number = number;
	seen->sum += mix(number);
	return ++seen->n == seen->stop_at ? TUTELA_E_INTERRUPTED : TUTELA_OK;
}

static uint64_t sum_of(uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += mix(i) + mix(i + 1000000);
	return sum;
}

/* `runs` put aside and `rest` keys in memory. */
static void merges(size_t runs, uint32_t each, uint32_t rest)
{
	struct key_spill spill = {.open = false};
	struct key_run run = {.n = 0};
	struct seen seen = {.n = 0};
	struct place p;
	uint32_t n = 0;

	make_place(&p);
	for (size_t i = 0; i < runs; i++, n += each) {
		fill(&run, n, each);
		OK(tutela_key_spill_run(&p.s, &spill, &run));
		cr_assert_eq(run.n, 0);
	}
	fill(&run, n, rest);
	n += rest;
	OK(tutela_key_spill_merge(&p.s, &spill, &run, see, &seen));
	cr_assert_eq(seen.n, 2 * n);
	cr_assert_eq(seen.sum, sum_of(n));
	cr_assert(!spill.open && !spill.n && !run.n);
	tutela_key_run_free(&run);
	remove_place(&p);
}

Test(key_spill, merges_what_was_put_aside_with_what_is_in_memory)
{
	merges(0, 0, 0);
	merges(0, 0, 100);
	merges(1, 1, 0);
	merges(1, 1, 1);
	merges(2, 5000, 0); /* several blocks each */
	merges(7, 3000, 2999);
	merges(SPILL_RUNS_MAX - 1, 20, 20);
}

Test(key_spill, takes_no_more_runs_than_it_can_merge)
{
	struct key_spill spill = {.open = false};
	struct key_run run = {.n = 0};
	struct place p;

	make_place(&p);
	for (size_t i = 0; i < SPILL_RUNS_MAX; i++) {
		fill(&run, (uint32_t)i, 1);
		OK(tutela_key_spill_run(&p.s, &spill, &run));
	}
	fill(&run, SPILL_RUNS_MAX, 1);
	cr_assert_eq(tutela_key_spill_run(&p.s, &spill, &run), TUTELA_E_TOOBIG);
	tutela_key_spill_free(&spill);
	tutela_key_run_free(&run);
	remove_place(&p);
}

Test(key_spill, ends_with_the_error_of_who_takes_the_keys)
{
	struct key_spill spill = {.open = false};
	struct key_run run = {.n = 0};
	struct place p;

	make_place(&p);
	for (size_t stop = 1; stop < 400; stop += 133) {
		struct seen seen = {.stop_at = stop};

		fill(&run, 0, 100);
		OK(tutela_key_spill_run(&p.s, &spill, &run));
		fill(&run, 100, 100);
		cr_assert_eq(tutela_key_spill_merge(&p.s, &spill, &run, see, &seen), TUTELA_E_INTERRUPTED);
		cr_assert_eq(seen.n, stop);
		cr_assert(!spill.open && !spill.n && !run.n);
	}
	tutela_key_run_free(&run);
	remove_place(&p);
}

/* A bit of each 37th byte is turned. */
Test(key_spill, tells_when_the_file_is_damaged_or_cut_off)
{
	struct key_run run = {.n = 0};
	struct place p;
	uint64_t len = 1;

	make_place(&p);
	for (uint64_t at = 0; at < len; at += 37) {
		struct key_spill spill = {.open = false};
		struct seen seen = {.n = 0};
		uint8_t byte;

		fill(&run, 0, 40);
		OK(tutela_key_spill_run(&p.s, &spill, &run));
		len = spill.used;
		cr_assert_eq(pread(spill.fd, &byte, 1, (off_t)at), 1);
		byte ^= 1;
		cr_assert_eq(pwrite(spill.fd, &byte, 1, (off_t)at), 1);
		cr_assert_eq(tutela_key_spill_merge(&p.s, &spill, &run, see, &seen), TUTELA_E_CORRUPT, "byte %d",
			     (int)at);

		fill(&run, 0, 40);
		OK(tutela_key_spill_run(&p.s, &spill, &run));
		cr_assert_eq(ftruncate(spill.fd, (off_t)at), 0);
		/* The merge puts the run in memory behind: what was cut off reads as zeros. */
		fill(&run, 40, 1);
		cr_assert_eq(tutela_key_spill_merge(&p.s, &spill, &run, see, &seen), TUTELA_E_CORRUPT);
	}
	tutela_key_run_free(&run);
	remove_place(&p);
}

Test(key_spill, takes_the_file_that_a_writer_left_who_died)
{
	struct key_spill spill = {.open = false};
	struct key_run run = {.n = 0};
	struct seen seen = {.n = 0};
	struct place p;
	int fd;

	make_place(&p);
	fd = openat(p.s.dir, "sorting.tmp", O_WRONLY | O_CREAT, 0600);
	cr_assert_eq(write(fd, "left", 4), 4);
	close(fd);
	fill(&run, 0, 10);
	OK(tutela_key_spill_run(&p.s, &spill, &run));
	OK(tutela_key_spill_merge(&p.s, &spill, &run, see, &seen));
	cr_assert_eq(seen.n, 20);
	tutela_key_run_free(&run);
	remove_place(&p);
}

Test(key_spill, a_link_in_its_place_is_not_followed)
{
	struct key_spill spill = {.open = false};
	struct key_run run = {.n = 0};
	struct place p;

	make_place(&p);
	cr_assert_eq(symlinkat("/dev/null", p.s.dir, "sorting.tmp"), 0);
	fill(&run, 0, 10);
	cr_assert_eq(tutela_key_spill_run(&p.s, &spill, &run), TUTELA_E_SYS);
	cr_assert_eq(unlinkat(p.s.dir, "sorting.tmp", 0), 0);
	tutela_key_spill_free(&spill);
	tutela_key_run_free(&run);
	remove_place(&p);
}
