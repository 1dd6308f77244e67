/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check-sandbox FOLDER [--quiet]: what code that took over a decoder can do.
 * Each row is one attempt in a fresh worker, in the place of a codec: see
 * probe.h. FOLDER holds the probes, one subfolder for each kind of box.
 *
 * Exit status 0: everything was stopped, the files under work are unchanged,
 * and without the box the same attempts get through, so that the probe is
 * known to try. 1: some row says otherwise. 2: the test could not be made.
 */
#include "probe.h"

#include <tutela/decode.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum number { NONE, HOST_PID, REQUEST };
enum want { STOPPED, KILLED_IN_TIME, LIE, ACCEPTED };

struct row {
	const char *order, *text;
	enum number number;
	enum want want;
	bool control; /* gets through without a box, on every system and for every user */
	int alone;    /* stopped without the filter, by limits (1) or by Landlock from this version on (others); 0: not
			 asked */
};

static const struct row rows[] = {
	{"open", "open /etc/passwd", NONE, STOPPED, true, 2},
	{"openat", "openat /etc/passwd", NONE, STOPPED, true, 2},
	{"create", "make a file", HOST_PID, STOPPED, true, 2},
	{"proc", "open /proc/self/mem", NONE, STOPPED, false, 2},
	{"stat", "stat /etc/passwd", NONE, STOPPED, true, 0},
	{"unlink", "remove a file", HOST_PID, STOPPED, true, 0},
	{"mkdir", "make a folder", HOST_PID, STOPPED, true, 0},
	{"truncate", "truncate a file by its path", HOST_PID, STOPPED, true, 3},
	{"socket", "socket, IPv4", NONE, STOPPED, true, 0},
	{"unix-socket", "socket, UNIX", NONE, STOPPED, true, 0},
	{"connect", "connect to 127.0.0.1", NONE, STOPPED, true, 4},
	{"abstract", "connect to an abstract socket of the parent", HOST_PID, STOPPED, true, 6},
	{"send-descriptor", "send a descriptor to the parent", NONE, STOPPED, true, 0},
	{"execve", "execve /bin/true", NONE, STOPPED, true, 2},
	{"execveat", "execveat the file under work", NONE, STOPPED, false, 0},
	{"fork", "fork", NONE, STOPPED, true, 0},
	{"clone3", "clone3, new user namespace", NONE, STOPPED, false, 0},
	{"unshare", "unshare user and mounts", NONE, STOPPED, false, 0},
	{"setns", "setns", NONE, STOPPED, false, 0},
	{"mount", "mount", NONE, STOPPED, false, 2},
	{"chroot", "chroot", NONE, STOPPED, false, 1},
	{"setuid", "setuid root", NONE, STOPPED, false, 0},
	{"ptrace", "ptrace the parent", HOST_PID, STOPPED, false, 2},
	{"kill", "kill the parent", HOST_PID, STOPPED, true, 6},
	{"tgkill", "tgkill the parent", HOST_PID, STOPPED, true, 6},
	{"pidfd", "pidfd of the parent", HOST_PID, STOPPED, false, 0},
	{"read-host", "read the parent's memory", HOST_PID, STOPPED, false, 2},
	{"mmap-exec", "mmap PROT_EXEC", NONE, STOPPED, true, 0},
	{"mprotect-exec", "mprotect PROT_EXEC", NONE, STOPPED, true, 0},
	{"mmap-file", "mmap the file under work", NONE, STOPPED, true, 0},
	{"memory", "3 GB of memory", NONE, STOPPED, false, 1},
	{"ftruncate", "ftruncate the shared file", NONE, STOPPED, false, 1},
	{"write-file", "write to the shared file", NONE, STOPPED, false, 1},
	{"pwrite", "pwrite to the shared file", NONE, STOPPED, false, 1},
	{"fallocate", "fallocate the shared file", NONE, STOPPED, false, 1},
	{"seals", "change the shared file's seals", NONE, STOPPED, false, 1},
	{"gigabyte", "write 1 GB", NONE, STOPPED, false, 1},
	{"memfd", "memfd_create", NONE, STOPPED, true, 0},
	{"dup", "dup the channel", NONE, STOPPED, true, 0},
	{"ioctl", "ioctl", NONE, STOPPED, true, 0},
	{"rlimit", "raise a limit", NONE, STOPPED, false, 1},
	{"dumpable", "become dumpable", NONE, STOPPED, true, 0},
	{"catch", "ignore SIGIO", NONE, STOPPED, true, 0},
	{"seccomp", "seccomp", NONE, STOPPED, false, 0},
	{"bpf", "bpf", NONE, STOPPED, false, 0},
	{"io_uring", "io_uring_setup", NONE, STOPPED, false, 0},
	{"userfaultfd", "userfaultfd", NONE, STOPPED, false, 0},
	{"perf", "perf_event_open", NONE, STOPPED, false, 0},
	{"keyctl", "keyctl", NONE, STOPPED, false, 0},
	{"shmget", "System V shared memory", NONE, STOPPED, false, 0},
	{"old-abi", "a call by i386's numbers", NONE, STOPPED, false, 0},
	{"x32", "a call by x32's numbers", NONE, STOPPED, false, 0},
	{"spin", "run for ever", NONE, KILLED_IN_TIME, false, 0},
	{"sleep", "sleep for ever", NONE, KILLED_IN_TIME, false, 0},
	{"lie-honest", "an honest reply, to compare with", REQUEST, ACCEPTED, false, 0},
	{"lie-version", "reply: a newer version", REQUEST, LIE, false, 0},
	{"lie-old-version", "reply: an older version", REQUEST, LIE, false, 0},
	{"lie-half", "reply: half of it", REQUEST, LIE, false, 0},
	{"lie-longer", "reply: a byte more", REQUEST, LIE, false, 0},
	{"lie-nothing", "reply: nothing", REQUEST, LIE, false, 0},
	{"lie-magic", "reply: magic", REQUEST, LIE, false, 0},
	{"lie-answer", "reply: kind of answer", REQUEST, LIE, false, 0},
	{"lie-other-kind", "reply: 'not mine', with hashes", REQUEST, LIE, false, 0},
	{"lie-class", "reply: class out of range", REQUEST, LIE, false, 0},
	{"lie-class-crashed", "reply: class 'crashed'", REQUEST, LIE, false, 0},
	{"lie-class-timed-out", "reply: class 'timed-out'", REQUEST, LIE, false, 0},
	{"lie-class-no-picture", "reply: no picture, with hashes", REQUEST, LIE, false, 0},
	{"lie-class-empty", "reply: empty, with hashes", REQUEST, LIE, false, 0},
	{"lie-format", "reply: format out of range", REQUEST, LIE, false, 0},
	{"lie-format-none", "reply: hashes of no format", REQUEST, LIE, false, 0},
	{"lie-partial", "reply: flag out of range", REQUEST, LIE, false, 0},
	{"lie-partial-ok", "reply: partial, and all right", REQUEST, LIE, false, 0},
	{"lie-reserved", "reply: reserved bytes", REQUEST, LIE, false, 0},
	{"lie-number", "reply: to another request", REQUEST, LIE, false, 0},
	{"lie-have-unknown", "reply: hashes that do not exist", REQUEST, LIE, false, 0},
	{"lie-have-less", "reply: fewer hashes than asked", REQUEST, LIE, false, 0},
	{"lie-size", "reply: size", REQUEST, LIE, false, 0},
	{"lie-width", "reply: width", REQUEST, LIE, false, 0},
	{"lie-height", "reply: height", REQUEST, LIE, false, 0},
	{"lie-frames", "reply: frames", REQUEST, LIE, false, 0},
	{"lie-no-frames", "reply: no frames", REQUEST, LIE, false, 0},
	{"lie-errno", "reply: an errno, and all right", REQUEST, LIE, false, 0},
	{"lie-errno-range", "reply: errno out of range", REQUEST, LIE, false, 0},
	{"lie-digest-time", "reply: time of digests", REQUEST, LIE, false, 0},
	{"lie-decode-time", "reply: time of decoding", REQUEST, LIE, false, 0},
	{"lie-quality", "reply: quality", REQUEST, LIE, false, 0},
	{"lie-quality-full", "reply: quality of the other dialect", REQUEST, LIE, false, 0},
};

static const char *folder;
static bool quiet;
static unsigned n_rows, n_bad;

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "check-sandbox: '%s': %s\n", what, strerror(errno));
	exit(2);
}

static struct tutela_decoder *open_pool(const char *box, unsigned wall_ms)
{
	struct tutela_decoder_opts o = {.size = sizeof(o), .wall_ms = wall_ms};
	struct tutela_decoder *pool;
	char dir[4096];
	enum tutela_err err;

	snprintf(dir, sizeof(dir), "%s/%s", folder, box);
	o.program_dir = dir;
	err = tutela_decoder_open(&o, &pool);
	if (err) {
		fprintf(stderr, "check-sandbox: '%s': %s\n", dir, tutela_strerror(err));
		exit(2);
	}
	return pool;
}

/* The order as a file that both kinds of worker take for theirs, open for writing here. */
static int order_file(const struct row *r, enum wire_kind kind)
{
	long number = r->number == HOST_PID ? getpid() : kind == WIRE_CORE ? 1 : 2;
	int fd = memfd_create("order", MFD_CLOEXEC);

	must(fd >= 0 && dprintf(fd, "%s:%s %ld", kind == WIRE_CORE ? "\xff\xd8\xff\xe0" : "\xff\x0a", r->order,
				number) > 0,
	     "memfd");
	return fd;
}

enum outcome { DONE, REFUSED, THROUGH, DIED, LATE, OTHER };

static enum outcome outcome_of(const struct tutela_decoded *d)
{
	switch (d->class_) {
	case TUTELA_DECODE_CRASHED:
		return DIED;
	case TUTELA_DECODE_TIMED_OUT:
		return LATE;
	case TUTELA_DECODE_OK:
		return DONE;
	case TUTELA_DECODE_CORRUPT:
		return d->width == PROBE_REFUSED ? REFUSED : d->width == PROBE_THROUGH ? THROUGH : OTHER;
	default:
		return OTHER;
	}
}

static const char *words(const struct tutela_decoded *d, char *to, size_t len)
{
	switch (outcome_of(d)) {
	case DIED:
		if (d->signal)
			snprintf(to, len, "killed, SIG%s", sigabbrev_np(d->signal));
		else
			snprintf(to, len, "worker ended");
		break;
	case LATE:
		snprintf(to, len, "killed, out of time");
		break;
	case REFUSED:
		snprintf(to, len, "refused, %s", strerrorname_np((int)d->height));
		break;
	case DONE:
		snprintf(to, len, "accepted");
		break;
	case THROUGH:
		snprintf(to, len, "GOT THROUGH");
		break;
	case OTHER:
		snprintf(to, len, "%s?", tutela_decode_class_name(d->class_));
		break;
	}
	return to;
}

static bool as_wanted(const struct row *r, const struct tutela_decoded *d)
{
	enum outcome o = outcome_of(d);

	switch (r->want) {
	case STOPPED: /* an end without a signal is what another program in its place would make */
		return o == REFUSED || (o == DIED && d->signal);
	case KILLED_IN_TIME:
		return o == LATE;
	case LIE:
		return o == DIED && !d->signal;
	case ACCEPTED:
		return o == DONE;
	}
	return false;
}

/* One attempt in a fresh worker. Whatever became of it, the file must be the same and the pool go on. */
static struct tutela_decoded attempt(const char *box, enum wire_kind kind, const struct row *r, bool *sound)
{
	struct tutela_decoder *pool = open_pool(box, r->want == KILLED_IN_TIME ? 300 : 20000);
	int fd = order_file(r, kind);
	struct tutela_decoded d, next;
	struct stat before, after;
	char a[128] = "", b[128] = "";

	must(fstat(fd, &before) == 0 && pread(fd, a, sizeof(a) - 1, 0) > 0, "order");
	must(!tutela_decoder_hash_fd(pool, fd, &d), box);
	must(fstat(fd, &after) == 0 && pread(fd, b, sizeof(b) - 1, 0) >= 0, "order");
	*sound = before.st_size == after.st_size && strcmp(a, b) == 0;
	if (r->want != ACCEPTED) /* there the worker is about to end, which the pool cannot know */
		*sound &=
			!tutela_decoder_hash_bytes(pool, "text", 4, &next) && next.class_ == TUTELA_DECODE_NOT_PICTURE;
	/* What was lost is known by its digest all the same. */
	if (d.class_ == TUTELA_DECODE_CRASHED || d.class_ == TUTELA_DECODE_TIMED_OUT)
		*sound &= d.have == TUTELA_WANT_DIGESTS && d.size == (uint64_t)before.st_size;
	close(fd);
	tutela_decoder_close(pool);
	return d;
}

static void print_box(const char *box, const char *title)
{
	struct tutela_decoder *pool = open_pool(box, 0);
	struct tutela_defences d;

	tutela_decoder_defences(pool, &d);
	tutela_decoder_close(pool);
	if (d.landlock)
		printf("\n%s: Landlock %u", title, d.landlock);
	else
		printf("\n%s: no Landlock", title);
	printf("%s%s%s%s\n", d.own_user ? ", own user" : "", d.no_network ? ", empty network" : "",
	       d.no_files ? ", empty file tree" : "", d.weakened ? ", weakened for tests" : "");
}

/* In both kinds of worker; the replies once, as the box has no part in checking them. */
static void whole_box(const char *box, const char *title, bool replies)
{
	if (!quiet) {
		print_box(box, title);
		printf("  %-44s  %-24s  %s\n", "attempt", "tutela-decoder", "tutela-decoder-vips");
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tutela_decoded d[WIRE_KINDS];
		char text[WIRE_KINDS][64];
		bool ok = true, sound;

		if (!replies && (rows[i].want == LIE || rows[i].want == ACCEPTED))
			continue;
		for (enum wire_kind k = WIRE_CORE; k < WIRE_KINDS; k++) {
			d[k] = attempt(box, k, &rows[i], &sound);
			words(&d[k], text[k], sizeof(text[k]));
			ok &= sound && as_wanted(&rows[i], &d[k]);
		}
		n_rows++;
		n_bad += !ok;
		if (!quiet || !ok)
			printf("  %-44s  %-24s  %-24s%s\n", rows[i].text, text[0], text[1], ok ? "" : "  FAILED");
	}
}

/* The layers below the filter, each by what it alone must stop. */
static void without_filter(const char *box, const char *title)
{
	struct tutela_decoder *pool = open_pool(box, 0);
	struct tutela_defences defences;

	tutela_decoder_defences(pool, &defences);
	tutela_decoder_close(pool);
	if (!quiet)
		print_box(box, title);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tutela_decoded d;
		char text[64];
		bool ok, sound;

		if (!rows[i].alone || (rows[i].alone > 1 && (unsigned)rows[i].alone > defences.landlock))
			continue;
		d = attempt(box, WIRE_CORE, &rows[i], &sound);
		ok = sound && as_wanted(&rows[i], &d);
		n_rows++;
		n_bad += !ok;
		words(&d, text, sizeof(text));
		if (!quiet || !ok)
			printf("  %-44s  %-24s%s\n", rows[i].text, text, ok ? "" : "  FAILED");
	}
}

/* The same attempts by the same code without a box: a probe that tries nothing would prove nothing. */
static void control(const char *box)
{
	if (!quiet)
		printf("\nno box, to compare with\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tutela_decoded d;
		char text[64];
		bool ok, sound;

		if (!rows[i].control)
			continue;
		d = attempt(box, WIRE_CORE, &rows[i], &sound);
		ok = outcome_of(&d) == THROUGH || (outcome_of(&d) == DIED && !d.signal);
		n_rows++;
		n_bad += !ok;
		words(&d, text, sizeof(text));
		if (!quiet || !ok)
			printf("  %-44s  %-24s%s\n", rows[i].text, text, ok ? "" : "  FAILED");
	}
}

/* A box that cannot be closed: the worker must end before it is given a file. */
static void broken(const char *box, const char *title)
{
	struct tutela_decoder_opts o = {.size = sizeof(o)};
	struct tutela_decoder *pool;
	char dir[4096];
	bool ok;

	snprintf(dir, sizeof(dir), "%s/%s", folder, box);
	o.program_dir = dir;
	ok = tutela_decoder_open(&o, &pool) == TUTELA_E_WORKER;
	tutela_decoder_close(pool);
	n_rows++;
	n_bad += !ok;
	if (!quiet || !ok)
		printf("  %-44s  %s\n", title, ok ? "worker ended, pool refused" : "FAILED: it went on");
}

static int listen_abstract(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "tutela-probe-%ld", (long)getpid());
	must(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 8) == 0, "socket");
	return fd;
}

static char *probe_path(const char *name, char *to, size_t len)
{
	snprintf(to, len, "/tmp/tutela-probe-%ld%s", (long)getpid(), name);
	return to;
}

static void make_folder(void)
{
	char path[128];
	int fd;

	must(mkdir(probe_path("", path, sizeof(path)), 0700) == 0, path);
	fd = open(probe_path("/file", path, sizeof(path)), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	must(fd >= 0, path);
	close(fd);
}

static void remove_folder(void)
{
	char path[128];

	unlink(probe_path("/file", path, sizeof(path)));
	unlink(probe_path("/new", path, sizeof(path)));
	rmdir(probe_path("/folder", path, sizeof(path)));
	must(rmdir(probe_path("", path, sizeof(path))) == 0, path);
}

int main(int argc, char **argv)
{
	int listener;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2) {
		fprintf(stderr, "usage: check-sandbox FOLDER [--quiet]\n");
		return 64;
	}
	folder = argv[1];
	quiet = argc > 2 && strcmp(argv[2], "--quiet") == 0;
	listener = listen_abstract();
	make_folder();
	whole_box("box", "the box on this kernel", true);
	whole_box("landlock-two", "the box with Landlock forced down to 2", false);
	without_filter("without-filter", "without system-call filter and namespaces");
	without_filter("without-filter-two", "the same with Landlock forced down to 2");
	control("without-box");
	if (!quiet)
		printf("\na box that cannot be closed\n");
	broken("broken-filter", "the kernel takes no filter");
	broken("broken-landlock", "Landlock fails");
	close(listener);
	remove_folder();
	printf("check-sandbox: %u rows, %u not as they must be\n", n_rows, n_bad);
	return n_bad ? 1 : 0;
}
