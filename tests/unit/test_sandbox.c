/* SPDX-License-Identifier: Apache-2.0 */
/* Workers in their box: with the escape probe in a codec's place (tests/sandbox/probe.h), and as they are. */
#include <tutela/decode.h>

#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct tutela_decoder *open_in(const char *dir, unsigned wants, unsigned wall_ms)
{
	struct tutela_decoder_opts o = {.size = sizeof(o), .program_dir = dir, .wants = wants, .wall_ms = wall_ms};
	struct tutela_decoder *pool = NULL;

	cr_assert_eq(tutela_decoder_open(&o, &pool), TUTELA_OK, "%s", dir);
	return pool;
}

static struct tutela_decoded order(struct tutela_decoder *pool, const char *text)
{
	struct tutela_decoded d;

	cr_assert_eq(tutela_decoder_hash_bytes(pool, text, strlen(text), &d), TUTELA_OK);
	return d;
}

Test(sandbox, a_box_that_cannot_be_closed_is_an_error, .timeout = 60)
{
	static const char *const dirs[] = {TEST_BOXES "/broken-filter", TEST_BOXES "/broken-landlock"};
	struct tutela_decoder_opts o = {.size = sizeof(o)};
	struct tutela_decoder *pool = (void *)&o;

	for (int i = 0; i < 2; i++) {
		o.program_dir = dirs[i];
		cr_expect_eq(tutela_decoder_open(&o, &pool), TUTELA_E_WORKER, "%s", dirs[i]);
		cr_expect_null(pool);
	}
}

Test(sandbox, defences_are_what_the_kernel_has)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
	struct tutela_decoder *pool = open_in(TEST_BIN_DIR, 0, 0);
	struct tutela_defences d;

	tutela_decoder_defences(pool, &d);
	if (!d.weakened)
		cr_expect_eq(d.landlock, abi < 0 ? 0 : abi);
	cr_expect(!d.own_user || d.no_network);
	tutela_decoder_close(pool);
	pool = open_in(TEST_BOXES "/landlock-two", 0, 0);
	tutela_decoder_defences(pool, &d);
	cr_expect_leq(d.landlock, 2);
	tutela_decoder_close(pool);
	tutela_decoder_defences(NULL, &d);
	cr_expect_eq(d.landlock, 0);
}

/* SHA-256 of "\xff\xd8\xff\xe0:abort 0", by sha256sum */
static const uint8_t abort_sha256[32] = {
	0xbc, 0x9c, 0x18, 0xb0, 0xed, 0x6a, 0x5d, 0xec, 0x25, 0x1e, 0x4b, 0xfb, 0xae, 0xb1, 0xee, 0x0b,
	0x12, 0xeb, 0xd0, 0xcd, 0x88, 0xb5, 0x57, 0x3a, 0x30, 0x99, 0x07, 0x42, 0xfc, 0x96, 0x5c, 0xf3,
};

Test(sandbox, a_file_that_crashes_is_known_by_its_digests, .timeout = 60)
{
	static const struct {
		unsigned wants, have;
	} cases[] = {
		{TUTELA_WANT_ALL, TUTELA_WANT_DIGESTS},
		{TUTELA_WANT_MD5 | TUTELA_WANT_PDQ, TUTELA_WANT_MD5 | TUTELA_WANT_SHA256},
		{TUTELA_WANT_PDQ, TUTELA_WANT_SHA256},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tutela_decoder *pool = open_in(TEST_BOXES "/box", cases[i].wants, 0);
		struct tutela_decoded d = order(pool, "\xff\xd8\xff\xe0:abort 0");
		struct tutela_decoder_stats s;

		cr_expect_eq(d.class_, TUTELA_DECODE_CRASHED);
		cr_expect_eq(d.signal, SIGABRT);
		cr_expect_eq(d.have, cases[i].have, "%x", d.have);
		cr_expect_eq(d.format, TUTELA_FORMAT_JPEG);
		cr_expect_eq(d.size, 12);
		cr_expect_arr_eq(d.sha256, abort_sha256, 32);
		tutela_decoder_stats(pool, &s);
		cr_expect(s.files == 1 && s.crashed == 1 && s.timed_out == 0 && s.spawned == 2);
		tutela_decoder_close(pool);
	}
}

Test(sandbox, a_file_that_takes_too_long_is_known_by_its_digests, .timeout = 60)
{
	struct tutela_decoder *pool = open_in(TEST_BOXES "/box", 0, 500);
	struct tutela_decoded d = order(pool, "\xff\x0a:spin 0");
	struct tutela_decoder_stats s;

	cr_expect_eq(d.class_, TUTELA_DECODE_TIMED_OUT);
	cr_expect_eq(d.have, TUTELA_WANT_DIGESTS);
	cr_expect_eq(d.format, TUTELA_FORMAT_JXL);
	tutela_decoder_stats(pool, &s);
	cr_expect(s.crashed == 0 && s.timed_out == 1);
	tutela_decoder_close(pool);
}

Test(sandbox, a_forbidden_call_is_a_crash_by_sigsys, .timeout = 60)
{
	struct tutela_decoder *pool = open_in(TEST_BOXES "/box", 0, 0);

	cr_expect_eq(order(pool, "\xff\xd8\xff\xe0:socket 0").signal, SIGSYS);
	cr_expect_eq(order(pool, "\xff\x0a:execve 0").signal, SIGSYS);
	cr_expect_eq(order(pool, "text").class_, TUTELA_DECODE_NOT_PICTURE, "the next worker is a good one");
	tutela_decoder_close(pool);
}

/* ---- input ---- */

Test(sandbox, bytes_give_what_their_file_gives)
{
	struct tutela_decoder *pool = open_in(TEST_BIN_DIR, 0, 0);
	char *text = strdup("not a picture");
	int fd = memfd_create("same", MFD_CLOEXEC); /* open for writing: the worker gets another descriptor */
	struct tutela_decoded a, b;

	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	cr_assert_eq(tutela_decoder_hash_fd(pool, fd, &a), TUTELA_OK);
	cr_assert_eq(tutela_decoder_hash_bytes(pool, text, strlen(text), &b), TUTELA_OK);
	free(text);
	cr_expect_eq(a.class_, TUTELA_DECODE_NOT_PICTURE);
	cr_expect_eq(b.class_, TUTELA_DECODE_NOT_PICTURE);
	cr_expect_arr_eq(a.sha256, b.sha256, 32);
	cr_expect_eq(a.size, b.size);
	cr_expect_eq(tutela_decoder_hash_bytes(pool, NULL, 0, &a), TUTELA_OK);
	cr_expect_eq(a.class_, TUTELA_DECODE_EMPTY);
	cr_expect_eq(tutela_decoder_hash_bytes(pool, NULL, 1, &a), TUTELA_E_ARG);
	cr_expect_eq(tutela_decoder_hash_bytes(NULL, "x", 1, &a), TUTELA_E_ARG);
	cr_expect_eq(tutela_decoder_hash_bytes(pool, "x", 1, NULL), TUTELA_E_ARG);
	close(fd);
	tutela_decoder_close(pool);
}

/* ---- the death of the host ---- */

static void sleep_ms(long ms)
{
	const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

/* State and parent of a process; false when there is none. */
static bool look_at(const char *pid, char *state, int *parent)
{
	char path[300], line[512], *after = NULL;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	f = fopen(path, "r");
	if (f && fgets(line, sizeof(line), f))
		after = strrchr(line, ')');
	if (f)
		fclose(f);
	return after && sscanf(after, ") %c %d", state, parent) == 2;
}

/* Name of the only child of a process, for look_at; "" when it has none. */
static const char *child_of(pid_t pid, char *name, size_t len)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;

	*name = 0;
	while (proc && (e = readdir(proc))) {
		char state;
		int parent;

		if (atoi(e->d_name) > 0 && look_at(e->d_name, &state, &parent) && parent == pid)
			snprintf(name, len, "%.20s", e->d_name);
	}
	closedir(proc);
	return name;
}

/* Reads for a long time: zeros that occupy no memory. */
static void host(void)
{
	struct tutela_decoder *pool = open_in(TEST_BIN_DIR, 0, 0);
	int fd = memfd_create("long", MFD_CLOEXEC);
	struct tutela_decoded d;

	if (ftruncate(fd, (off_t)64 << 30) == 0 && tutela_decoder_hash_fd(pool, fd, &d))
		_exit(1);
	_exit(0);
}

Test(sandbox, a_worker_at_work_dies_with_its_host, .timeout = 60)
{
	pid_t pid = fork();
	char worker[32], state = 0;
	int parent, i;

	if (pid == 0)
		host();
	cr_assert_gt(pid, 0);
	for (i = 0; i < 100 && !child_of(pid, worker, sizeof(worker))[0]; i++)
		sleep_ms(50);
	cr_assert(worker[0], "a worker was started");
	sleep_ms(700); /* it has locked itself down and is reading */
	cr_assert(look_at(worker, &state, &parent) && parent == pid);
	cr_assert_eq(kill(pid, SIGKILL), 0);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	for (i = 0; i < 100 && look_at(worker, &state, &parent) && state != 'Z'; i++)
		sleep_ms(50);
	cr_expect_lt(i, 100, "it is still there after 5 s, in state %c", state);
}
