/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drive [-j JOBS] [-t SECONDS] [-m MEGABYTES] TUTELA STORE FOLDER: scans FOLDER with `tutela scan --json --all`,
 * handing it as many paths at a time as there are jobs, and holds it to what is promised of hostile files:
 *
 *   the program lives to its end, with exit status 0, 1 or 2;
 *   every file has one line, with one result class, and no decoder dies of one;
 *   none takes more than SECONDS on the wall;
 *   program and decoders together never hold more than MEGABYTES (sum of resident sizes, seen every few milliseconds).
 *
 * Prints counts by class and the slowest files. Exit status 0 when all of it holds.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX    64
#define CLASSES_MAX 32
#define SLOWEST     8
#define PATIENCE_S  120 /* for one file: the run is given up */

struct entry {
	char *path;
	double from, seconds;
	unsigned lines;
};

struct drive {
	unsigned jobs;
	double most_seconds;
	uint64_t most_kib;
	struct entry *files;
	size_t n, fed, done;
	struct {
		char name[32];
		size_t n;
	} classes[CLASSES_MAX];
	size_t n_classes;
	pid_t pid;
	int to, from; /* paths to the program, lines from it */
	uint64_t peak_kib;
	unsigned long long summary_files;
	bool summary, wrong, crashed;
	atomic_bool over;
};

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "drive: %s: %s\n", what, why);
	exit(2);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- memory ---- */

static uint64_t resident_kib(pid_t pid)
{
	char path[64], line[256];
	unsigned long long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmRSS: %llu kB", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

/* Of the program and the children of all its threads. */
static uint64_t family_kib(pid_t pid)
{
	char path[300];
	uint64_t sum = resident_kib(pid);
	struct dirent *d;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	while (tasks && (d = readdir(tasks))) {
		int child;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/children", (int)pid, d->d_name);
		f = d->d_name[0] == '.' ? NULL : fopen(path, "r");
		while (f && fscanf(f, "%d", &child) == 1)
			sum += resident_kib((pid_t)child);
		if (f)
			fclose(f);
	}
	if (tasks)
		closedir(tasks);
	return sum;
}

static void *watch(void *arg)
{
	struct drive *d = arg;

	while (!atomic_load(&d->over)) {
		uint64_t kib = family_kib(d->pid);

		d->peak_kib = kib > d->peak_kib ? kib : d->peak_kib;
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	}
	return NULL;
}

/* ---- files ---- */

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static void list_files(struct drive *d, const char *folder)
{
	size_t room = 0;
	struct dirent *e;
	DIR *dir = opendir(folder);

	if (!dir)
		die(folder, strerror(errno));
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		if (d->n == room) {
			room = 2 * room + 64;
			d->files = reallocarray(d->files, room, sizeof(*d->files));
		}
		if (!d->files)
			die("memory", strerror(errno));
		d->files[d->n] = (struct entry){.seconds = -1};
		if (asprintf(&d->files[d->n++].path, "%s/%s", folder, e->d_name) < 0)
			die("memory", strerror(errno));
	}
	closedir(dir);
	qsort(d->files, d->n, sizeof(*d->files), by_path);
}

static void count_class(struct drive *d, const char *name)
{
	size_t i = 0;

	while (i < d->n_classes && strcmp(d->classes[i].name, name) != 0)
		i++;
	if (i == CLASSES_MAX)
		die("classes", "too many");
	if (i == d->n_classes)
		snprintf(d->classes[d->n_classes++].name, sizeof(d->classes[0].name), "%s", name);
	d->classes[i].n++;
}

/* "ok", or the class that the reason begins with. */
static void take_file(struct drive *d, const json_t *object)
{
	const char *path = json_string_value(json_object_get(object, "path"));
	const char *verdict = json_string_value(json_object_get(object, "verdict"));
	const char *reason = json_string_value(json_object_get(object, "reason"));
	const char *perceptual = json_string_value(json_object_get(object, "perceptual"));
	struct entry key = {.path = (char *)(uintptr_t)(path ? path : "")}, *e;
	char class_[32];

	e = bsearch(&key, d->files, d->n, sizeof(*d->files), by_path);
	if (!e || !verdict || e->lines++) {
		fprintf(stderr, "drive: a line that belongs to no file, or a second one: %s\n", path ? path : "(none)");
		d->wrong = true;
		return;
	}
	e->seconds = now() - e->from;
	if (reason)
		snprintf(class_, sizeof(class_), "%.*s", (int)(strcspn(reason, ":") % sizeof(class_)), reason);
	else
		snprintf(class_, sizeof(class_), "%s",
			 perceptual && !strcmp(perceptual, "not-a-picture") ? perceptual : "ok");
	count_class(d, class_);
	if (strcmp(class_, "crashed") == 0) {
		printf("crashed: %s\n", path);
		d->crashed = true;
	}
	d->done++;
}

static void take_line(struct drive *d, const char *line, size_t len)
{
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const char *type = json_string_value(json_object_get(object, "type"));

	if (type && strcmp(type, "file") == 0) {
		take_file(d, object);
	} else if (type && strcmp(type, "summary") == 0 && !d->summary) {
		d->summary = true;
		d->summary_files = (unsigned long long)json_integer_value(json_object_get(object, "files"));
	} else {
		fprintf(stderr, "drive: no line of a scan: %.*s\n", (int)(len < 300 ? len : 300), line);
		d->wrong = true;
	}
	json_decref(object);
}

/* ---- the program ---- */

/* Its output is a terminal without any processing, so that every line comes at once. */
static void start(struct drive *d, const char *tutela, const char *store)
{
	struct termios raw = {.c_cflag = CS8 | CREAD};
	char jobs[16];
	int names[2], slave;

	snprintf(jobs, sizeof(jobs), "%u", d->jobs);
	if (pipe(names) || openpty(&d->from, &slave, NULL, &raw, NULL))
		die("pipe", strerror(errno));
	d->pid = fork();
	if (d->pid == 0) {
		dup2(names[0], 0);
		dup2(slave, 1);
		closefrom(3);
		execl(tutela, tutela, "-d", store, "scan", "--json", "--all", "--no-progress", "--jobs", jobs,
		      "--files-from", "-", (char *)NULL);
		_exit(127);
	}
	if (d->pid < 0)
		die("fork", strerror(errno));
	close(names[0]);
	close(slave);
	d->to = names[1];
}

static void feed(struct drive *d)
{
	while (d->fed < d->n && d->fed - d->done < d->jobs) {
		struct entry *e = &d->files[d->fed++];

		e->from = now();
		if (dprintf(d->to, "%s\n", e->path) < 0)
			die("the program takes no more files", strerror(errno));
	}
	if (d->fed == d->n && d->to >= 0) {
		close(d->to);
		d->to = -1;
	}
}

/* False at the end of the output. */
static bool drain(struct drive *d)
{
	static char buf[1 << 20];
	static size_t len;
	struct pollfd p = {.fd = d->from, .events = POLLIN};
	ssize_t n;
	char *lf;

	if (poll(&p, 1, PATIENCE_S * 1000) == 0) {
		fprintf(stderr, "drive: no line for %d s; the program is ended\n", PATIENCE_S);
		kill(d->pid, SIGKILL);
		d->wrong = true;
		return false;
	}
	n = read(d->from, buf + len, sizeof(buf) - len);
	if (n <= 0) /* EIO: the other side is closed */
		return false;
	len += (size_t)n;
	while ((lf = memchr(buf, '\n', len))) {
		size_t line = (size_t)(lf - buf);

		take_line(d, buf, line);
		memmove(buf, lf + 1, len - line - 1);
		len -= line + 1;
	}
	return true;
}

/* ---- the verdict ---- */

static int by_time(const void *a, const void *b)
{
	double x = ((const struct entry *)a)->seconds, y = ((const struct entry *)b)->seconds;

	return (x < y) - (x > y);
}

static bool holds(bool good, const char *what)
{
	if (!good)
		printf("FAILED: %s\n", what);
	return good;
}

static bool judge(struct drive *d, int status)
{
	bool good = holds(!d->wrong, "every line is one of a scan, one a file");

	for (size_t i = 0; i < d->n_classes; i++)
		printf("  %-14s %zu\n", d->classes[i].name, d->classes[i].n);
	qsort(d->files, d->n, sizeof(*d->files), by_time);
	for (size_t i = 0; i < d->n && i < SLOWEST; i++)
		printf("  %.2f s  %s\n", d->files[i].seconds, strrchr(d->files[i].path, '/') + 1);
	printf("%zu files, slowest %.2f s, most memory %.0f MB\n", d->done, d->n ? d->files[0].seconds : 0,
	       (double)d->peak_kib * 1024 / 1e6);
	good &= holds(WIFEXITED(status) && WEXITSTATUS(status) <= 2, "the program ends by itself, with 0, 1 or 2");
	good &= holds(!d->crashed, "no decoder dies: limits come from headers");
	good &= holds(d->done == d->n && d->summary && d->summary_files == d->n, "every file has a result");
	good &= holds(!d->n || d->files[0].seconds <= d->most_seconds, "no file takes longer than it may");
	good &= holds(d->peak_kib > 0 && d->peak_kib <= d->most_kib, "memory stays under the limit");
	return good;
}

int main(int argc, char **argv)
{
	struct drive d = {.jobs = 2, .most_seconds = 5, .most_kib = UINT64_C(2500000000) / 1024};
	pthread_t watcher;
	int option, status = -1;

	while ((option = getopt(argc, argv, "j:t:m:")) != -1) {
		if (option == 'j')
			d.jobs = (unsigned)atoi(optarg);
		else if (option == 't')
			d.most_seconds = atof(optarg);
		else if (option == 'm')
			d.most_kib = strtoull(optarg, NULL, 10) * 1000000 / 1024;
		else
			return 64;
	}
	if (argc - optind != 3 || d.jobs < 1 || d.jobs > JOBS_MAX)
		die("usage", "drive [-j JOBS] [-t SECONDS] [-m MEGABYTES] TUTELA STORE FOLDER");
	signal(SIGPIPE, SIG_IGN);
	list_files(&d, argv[optind + 2]);
	start(&d, argv[optind], argv[optind + 1]);
	if (pthread_create(&watcher, NULL, watch, &d))
		die("thread", "none");
	do
		feed(&d);
	while (drain(&d));
	atomic_store(&d.over, true);
	pthread_join(watcher, NULL);
	waitpid(d.pid, &status, 0);
	status = judge(&d, status) ? 0 : 1;
	for (size_t i = 0; i < d.n; i++)
		free(d.files[i].path);
	free(d.files);
	return status;
}
