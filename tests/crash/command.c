/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT 300.0 /* seconds for one process, on a machine that does other things, too */

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)fflush(stdout);
	(void)fputs("FAIL: ", stderr);
	(void)vfprintf(stderr, format, args);
	(void)fputc('\n', stderr);
	va_end(args);
	exit(1);
}

double seconds_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void command_setup(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		die("sigprocmask: %s", strerror(errno));
	(void)setlinebuf(stdout);
}

void command_add(struct command *c, const char *format, ...)
{
	va_list args;

	if (c->n == COMMAND_WORDS - 1)
		die("a command has too many words");
	va_start(args, format);
	(void)vsnprintf(c->words[c->n++], COMMAND_WORD, format, args);
	va_end(args);
}

bool command_exited(const struct outcome *o, int status)
{
	return WIFEXITED(o->status) && WEXITSTATUS(o->status) == status;
}

const char *command_text(const struct command *c, const struct outcome *o)
{
	static char text[8192];
	size_t at = 0;

	for (unsigned i = 1; i < c->n; i++)
		at += (size_t)snprintf(text + at, COMMAND_WORD, "%s ", c->words[i]);
	if (WIFSIGNALED(o->status))
		at += (size_t)snprintf(text + at, 64, "ended by signal %d", WTERMSIG(o->status));
	else
		at += (size_t)snprintf(text + at, 64, "exit status %d", WEXITSTATUS(o->status));
	if (o->err[0])
		(void)snprintf(text + at, sizeof text - at, ", stderr: %.1000s", o->err);
	return text;
}

static int output_file(void)
{
	int fd = memfd_create("output", MFD_CLOEXEC);

	if (fd < 0)
		die("memfd_create: %s", strerror(errno));
	return fd;
}

static void read_back(int fd, char *text, size_t room)
{
	ssize_t n = pread(fd, text, room - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	(void)close(fd);
}

static void child(const struct command *c, const struct command_opts *opts, int out, int err)
{
	char *argv[COMMAND_WORDS];
	sigset_t none;

	for (unsigned i = 0; i < c->n; i++)
		argv[i] = strdup(c->words[i]);
	argv[c->n] = NULL;
	for (const char *const *e = opts->env; e && *e; e++)
		(void)putenv(strdup(*e));
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
		_exit(126);
	(void)execv(argv[0], argv);
	_exit(127);
}

/* Wait until the process has ended or the time is over; true when it has ended. */
static bool wait_end(pid_t pid, double until, int *status)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	for (;;) {
		double left = until - seconds_now();
		struct timespec t = {.tv_sec = (time_t)left, .tv_nsec = (long)((left - (double)(time_t)left) * 1e9)};

		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		if (left <= 0)
			return false;
		(void)sigtimedwait(&set, NULL, &t);
	}
}

/* Stop it, have it looked at, kill it. False when it had ended before. */
static bool strike(pid_t pid, const struct command_opts *opts, int *status)
{
	(void)kill(pid, SIGSTOP);
	if (waitpid(pid, status, WUNTRACED) != pid)
		die("waitpid: %s", strerror(errno));
	if (!WIFSTOPPED(*status))
		return false;
	if (opts->stopped)
		opts->stopped(opts->ctx);
	(void)kill(pid, SIGKILL);
	if (waitpid(pid, status, 0) != pid)
		die("waitpid: %s", strerror(errno));
	return true;
}

void command_run(const struct command *c, const struct command_opts *opts, struct outcome *out)
{
	static const struct command_opts plain = {0};
	int o = output_file(), e = output_file();
	double start = seconds_now();
	pid_t pid;

	memset(out, 0, sizeof *out);
	opts = opts ? opts : &plain;
	(void)fflush(NULL);
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid)
		child(c, opts, o, e);
	if (!wait_end(pid, start + (opts->kill_after > 0 ? opts->kill_after : LIMIT), &out->status)) {
		out->killed = strike(pid, opts, &out->status);
		if (out->killed && opts->kill_after <= 0)
			die("%s: it took longer than %.0f s", command_text(c, out), LIMIT);
	}
	out->seconds = seconds_now() - start;
	read_back(o, out->out, sizeof out->out);
	read_back(e, out->err, sizeof out->err);
}

/* ------------------------------------------------------------------ files */

void scratch_make(char path[64])
{
	struct statvfs fs;
	bool room = !statvfs("/dev/shm", &fs) && (uint64_t)fs.f_bavail * fs.f_frsize > (uint64_t)512 << 20 &&
		    !access("/dev/shm", W_OK);

	/* In memory where there is room: the stores are synced by the thousand. */
	(void)strcpy(path, room ? "/dev/shm/tutela-crash-XXXXXX" : "/tmp/tutela-crash-XXXXXX");
	if (!mkdtemp(path))
		die("mkdtemp '%s': %s", path, strerror(errno));
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

void scratch_remove(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *copy_to;
static size_t copy_skip;

static void copy_file(const char *from, const char *to, off_t len)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n = 1;

	while (in >= 0 && fd >= 0 && len > 0 && n > 0) {
		n = copy_file_range(in, NULL, fd, NULL, (size_t)len, 0);
		len -= n > 0 ? n : 0;
	}
	if (in < 0 || fd < 0 || len || close(in) || close(fd))
		die("copying '%s' to '%s': %s", from, to, strerror(errno));
}

static int copy_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	char to[4096];

	(void)where;
	(void)snprintf(to, sizeof to, "%s%s", copy_to, path + copy_skip);
	if (kind == FTW_D && mkdir(to, 0700) && errno != EEXIST)
		die("mkdir '%s': %s", to, strerror(errno));
	if (kind == FTW_F)
		copy_file(path, to, st->st_size);
	return 0;
}

void folder_copy(const char *from, const char *to)
{
	copy_to = to;
	copy_skip = strlen(from);
	if (nftw(from, copy_one, 16, FTW_PHYS))
		die("copying '%s': %s", from, strerror(errno));
}
