/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For benchmarks that use files and run programs: a folder that is removed at
 * the end, and what a program took: time, processor time and memory of it and
 * of the processes that it waited for.
 */
#ifndef TUTELA_BENCH_PROCESS_H
#define TUTELA_BENCH_PROCESS_H

#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

extern char **environ;

static char process_folder_path[4096];

static inline int process_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void process_remove(const char *path)
{
	nftw(path, process_remove_one, 32, FTW_DEPTH | FTW_PHYS);
}

static inline void process_folder_end(void)
{
	process_remove(process_folder_path);
}

/* A process that removes the folder when this one is killed: then the other end of the pipe closes. */
static inline void process_folder_guard(void)
{
	int ends[2];
	pid_t pid;
	char c;

	if (pipe2(ends, O_CLOEXEC) || (pid = fork()) < 0)
		bench_die(process_folder_path, strerror(errno));
	if (pid) {
		close(ends[0]);
		return;
	}
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	close(ends[1]);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	while (read(ends[0], &c, 1) < 0 && errno == EINTR)
		;
	process_remove(process_folder_path);
	_exit(0);
}

/* A new folder in $TMPDIR or /tmp, removed with all that is in it when this process ends. Once in a process. */
static inline const char *process_folder(void)
{
	const char *dir = getenv("TMPDIR");

	snprintf(process_folder_path, sizeof process_folder_path, "%s/tutela-bench-XXXXXX", dir && *dir ? dir : "/tmp");
	if (!mkdtemp(process_folder_path))
		bench_die(process_folder_path, strerror(errno));
	process_folder_guard();
	atexit(process_folder_end);
	return process_folder_path;
}

struct process {
	double us, cpu_us;
	long peak_kib;   /* most memory; see process_run */
	char said[4096]; /* beginning of what it wrote to standard error */
};

static inline double process_rusage_us(const struct rusage *r)
{
	return (double)(r->ru_utime.tv_sec + r->ru_stime.tv_sec) * 1e6 +
	       (double)(r->ru_utime.tv_usec + r->ru_stime.tv_usec);
}

/* Reads all, keeps what fits. */
static inline void process_read(int fd, char *buf, size_t size)
{
	char rest[4096];
	size_t len = 0;
	ssize_t n;

	while ((n = len < size - 1 ? read(fd, buf + len, size - 1 - len) : read(fd, rest, sizeof rest)) > 0)
		len += len < size - 1 ? (size_t)n : 0;
	buf[len] = '\0';
}

/*
 * Runs a program (found in $PATH when it has no slash) without standard input
 * and with its output thrown away, and waits for it; any exit status but 0 or
 * `also` ends this process. The kernel counts the memory of whoever starts a
 * program as the program's: peak_kib means something only when this process
 * was always smaller.
 */
static inline void process_run(const char *const argv[], int also, struct process *p)
{
	posix_spawn_file_actions_t files;
	struct rusage usage;
	int channel[2], status, err;
	double start;
	pid_t pid;

	if (pipe2(channel, O_CLOEXEC) || posix_spawn_file_actions_init(&files) ||
	    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0) ||
	    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0) ||
	    posix_spawn_file_actions_adddup2(&files, channel[1], 2))
		bench_die(argv[0], "no pipe");
	start = bench_now_us();
	err = posix_spawnp(&pid, argv[0], &files, NULL, (char *const *)(uintptr_t)argv, environ);
	close(channel[1]);
	if (err)
		bench_die(argv[0], strerror(err));
	process_read(channel[0], p->said, sizeof p->said);
	if (wait4(pid, &status, 0, &usage) != pid)
		bench_die(argv[0], strerror(errno));
	p->us = bench_now_us() - start;
	p->cpu_us = process_rusage_us(&usage);
	p->peak_kib = usage.ru_maxrss;
	close(channel[0]);
	posix_spawn_file_actions_destroy(&files);
	if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != also))
		bench_die(argv[0], p->said[0] ? p->said : "it failed");
}

#endif
