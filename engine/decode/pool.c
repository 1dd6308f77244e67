/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Worker slots and who has them. A slot belongs to one caller at a time, so
 * that all talk with a worker is single-threaded; the mutex guards only the
 * stack of free slots and the counters.
 *
 * Signals: SIGPIPE cannot rise (MSG_NOSIGNAL). Children are waited for by
 * their process id only, and it makes no difference whether the host program
 * ignores SIGCHLD or reaps children itself: before a worker is killed, waitpid
 * has said that this id is still our child.
 */
#include <tutela/decode.h>

#include "base/mem.h"
#include "decode/input.h"
#include "decode/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS_MAX  1024
#define MEMORY_LEAST ((uint64_t)256 << 20) /* the vips worker's libraries map more than half of it */
#define HELLO_MS     120000                /* a cold start on a busy machine; nothing hostile has been read yet */
#define SPAWN_TRIES  8                     /* while processes or memory are short: 1.3 s in all */
#define SPARE_FILES  16                    /* a worker that did so many has a long job: the next one is made ready */
#define GRACE_MS     200                   /* for a worker that was told to end */
#define KILL_MS      2000                  /* for a killed one; longer only while a read hangs in the kernel */

struct worker {
	pid_t pid; /* 0: none */
	int sock;
	unsigned files;
};

struct slot {
	struct worker workers[WIRE_KINDS];
	struct worker leaving; /* told to end, to be waited for when the next one is */
	uint32_t number;       /* of the last request */
	struct slot *next_free;
};

struct tutela_decoder {
	struct tutela_decoder_opts opts; /* defaults filled in; program_dir is unused */
	char *programs[WIRE_KINDS];
	pid_t owner; /* the process that may use the pool */
	pthread_mutex_t lock;
	pthread_cond_t freed;
	struct slot *free;
	struct slot *slots;
	struct worker spares[WIRE_KINDS]; /* started ahead of need, not yet heard of */
	struct tutela_decoder_stats stats;
	struct wire_hello first; /* what the first worker said of its lock-down */
};

static const char *const program_names[WIRE_KINDS] = {
	[WIRE_CORE] = "tutela-decoder",
	[WIRE_VIPS] = "tutela-decoder-vips",
};

/* All that a worker sees. libvips would write and map executable code without the first. */
static const char *const environment[] = {
	"VIPS_NOVECTOR=1", "VIPS_WARNING=0", "VIPS_CONCURRENCY=1", "MALLOC_ARENA_MAX=1", "LC_ALL=C", NULL,
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void sleep_ms(long ms)
{
	const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

/* Wait for the child, at most `ms`. False while it is still there. *status is -1 when somebody else reaped it. */
static bool reap(pid_t pid, unsigned ms, int *status)
{
	uint64_t end = now_ms() + ms;

	*status = -1;
	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got == pid || (got < 0 && errno != EINTR))
			return true;
		if (got == 0 && now_ms() >= end)
			return false;
		if (got == 0)
			sleep_ms(1);
	}
}

/*
 * End the worker, after `ms` in which it may end by itself; one at work ends when its channel closes. Returns the
 * signal that ended it, or 0; our own does not count.
 */
static int discard(struct worker *w, unsigned ms)
{
	int status, signal = 0;

	if (!w->pid)
		return 0;
	close(w->sock);
	if (reap(w->pid, ms, &status)) {
		if (status != -1 && WIFSIGNALED(status))
			signal = WTERMSIG(status);
	} else {
		kill(w->pid, SIGKILL);
		/* Stuck in the kernel it stays a zombie until this process ends: better than waiting with it. */
		reap(w->pid, KILL_MS, &status);
	}
	*w = (struct worker){.sock = -1};
	return signal;
}

enum wait { WAIT_READY, WAIT_TIMEOUT, WAIT_FAILED };

static enum wait wait_readable(int sock, uint64_t deadline)
{
	for (;;) {
		struct pollfd p = {.fd = sock, .events = POLLIN};
		uint64_t now = now_ms(), left = deadline > now ? deadline - now : 0;
		int n = poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left);

		if (n > 0)
			return WAIT_READY;
		if (n < 0 && errno != EINTR)
			return WAIT_FAILED;
		if (n == 0 && left <= INT_MAX)
			return WAIT_TIMEOUT;
	}
}

/*
 * One datagram of at most `len` bytes. recv, not recvmsg: descriptors that a
 * worker might send are dropped by the kernel.
 */
static ssize_t receive(int sock, uint8_t *to, size_t len)
{
	ssize_t n;

	do
		n = recv(sock, to, len, MSG_DONTWAIT | MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	return n;
}

static bool greeted(const struct worker *w, enum wire_kind kind, struct wire_hello *said)
{
	uint8_t hello[WIRE_HELLO_LEN];
	ssize_t n;

	if (wait_readable(w->sock, now_ms() + HELLO_MS) != WAIT_READY)
		return false;
	n = receive(w->sock, hello, sizeof(hello));
	return n == (ssize_t)sizeof(hello) && !tutela_wire_get_hello(hello, sizeof(hello), kind, said);
}

/* The worker's socket on WIRE_FD, /dev/null below, nothing above. */
static int describe_files(posix_spawn_file_actions_t *files, int sock)
{
	int rc = posix_spawn_file_actions_adddup2(files, sock, WIRE_FD);

	for (int fd = 0; !rc && fd < WIRE_FD; fd++)
		rc = posix_spawn_file_actions_addopen(files, fd, "/dev/null", O_RDWR, 0);
	return rc ? rc : posix_spawn_file_actions_addclosefrom_np(files, WIRE_FD + 1);
}

/* Signals as at login, a session of its own: an interrupt at the terminal is for the host program, not for a file. */
static int describe_process(posix_spawnattr_t *attr)
{
	sigset_t all, none;
	int rc;

	sigfillset(&all);
	sigemptyset(&none);
	rc = posix_spawnattr_setsigdefault(attr, &all);
	rc = rc ? rc : posix_spawnattr_setsigmask(attr, &none);
	return rc ? rc
		  : posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
}

static int exec_worker(const struct tutela_decoder *pool, enum wire_kind kind, int sock, pid_t *pid)
{
	char name[32], memory[24];
	char *argv[] = {name, memory, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int rc;

	snprintf(name, sizeof(name), "%s", program_names[kind]);
	snprintf(memory, sizeof(memory), "%llu", (unsigned long long)pool->opts.max_memory);
	rc = posix_spawn_file_actions_init(&files);
	if (rc)
		return rc;
	rc = posix_spawnattr_init(&attr);
	if (rc)
		goto out_files;
	rc = describe_files(&files, sock);
	rc = rc ? rc : describe_process(&attr);
	if (!rc) /* posix_spawn takes char *const[] and changes nothing */
		rc = posix_spawn(pid, pool->programs[kind], &files, &attr, argv, (char **)(uintptr_t)environment);
	posix_spawnattr_destroy(&attr);
out_files:
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

/* A shortage of processes or of memory passes; whatever else fails will fail again. */
static int exec_with_patience(const struct tutela_decoder *pool, enum wire_kind kind, int sock, pid_t *pid)
{
	for (int i = 0;; i++) {
		int rc = exec_worker(pool, kind, sock, pid);

		if ((rc != EAGAIN && rc != ENOMEM) || i + 1 == SPAWN_TRIES)
			return rc;
		sleep_ms(10L << i);
	}
}

/* Start a worker and do not wait for it. */
static enum tutela_err launch(const struct tutela_decoder *pool, enum wire_kind kind, struct worker *w)
{
	int pair[2], rc;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return TUTELA_E_WORKER;
	*w = (struct worker){.sock = pair[0]};
	rc = exec_with_patience(pool, kind, pair[1], &w->pid);
	close(pair[1]);
	if (rc) {
		close(pair[0]);
		*w = (struct worker){.sock = -1};
		errno = rc;
		return TUTELA_E_WORKER;
	}
	return TUTELA_OK;
}

static struct worker take_spare(struct tutela_decoder *pool, enum wire_kind kind)
{
	struct worker w;

	pthread_mutex_lock(&pool->lock);
	w = pool->spares[kind];
	pool->spares[kind] = (struct worker){.sock = -1};
	pthread_mutex_unlock(&pool->lock);
	return w;
}

/* The worker that will be needed next; when it cannot be had now, that is said when it is needed. */
static void make_spare(struct tutela_decoder *pool, enum wire_kind kind)
{
	struct worker w, none = {.sock = -1};
	bool missing;

	pthread_mutex_lock(&pool->lock);
	missing = !pool->spares[kind].pid;
	pthread_mutex_unlock(&pool->lock);
	if (!missing || launch(pool, kind, &w))
		return;
	pthread_mutex_lock(&pool->lock);
	if (!pool->spares[kind].pid) {
		pool->spares[kind] = w;
		w = none;
	}
	pthread_mutex_unlock(&pool->lock);
	discard(&w, 0);
}

/* A worker that has locked itself down: the spare one, or a new one when there is none that lives. */
static enum tutela_err start(struct tutela_decoder *pool, enum wire_kind kind, struct worker *w)
{
	struct wire_hello said;

	*w = take_spare(pool, kind);
	if (!w->pid || !greeted(w, kind, &said)) {
		enum tutela_err err;

		discard(w, 0);
		err = launch(pool, kind, w);
		if (err)
			return err;
		if (!greeted(w, kind, &said)) {
			discard(w, 0);
			return TUTELA_E_WORKER;
		}
	}
	pthread_mutex_lock(&pool->lock);
	if (!pool->stats.spawned++)
		pool->first = said;
	pthread_mutex_unlock(&pool->lock);
	return TUTELA_OK;
}

/*
 * Never blocks: an honest worker has read all earlier requests. 0 or an errno.
 */
static int send_request(int sock, const struct wire_request *rq, int fd)
{
	uint8_t bytes[WIRE_REQUEST_LEN];
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {.iov_base = bytes, .iov_len = sizeof(bytes)};
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	ssize_t n;

	tutela_wire_put_request(rq, bytes);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? errno : 0;
}

/* A worker that takes the request; one that died while it was idle is replaced, once, at no file's cost. */
static enum tutela_err deliver(struct tutela_decoder *pool, enum wire_kind kind, struct worker *w,
			       const struct wire_request *rq, int fd)
{
	for (int attempt = 0; attempt < 2; attempt++) {
		enum tutela_err err = w->pid ? TUTELA_OK : start(pool, kind, w);
		int rc;

		if (err)
			return err;
		rc = send_request(w->sock, rq, fd);
		if (!rc)
			return TUTELA_OK;
		if (rc == EBADF)
			return TUTELA_E_ARG;
		discard(w, 0);
	}
	return TUTELA_E_WORKER;
}

/* The answer of the worker or, when there is none, what became of it. */
static void await(enum wire_kind kind, struct worker *w, const struct wire_request *rq, struct wire_reply *rp)
{
	uint8_t bytes[WIRE_REPLY_LEN];
	enum wait waited = wait_readable(w->sock, now_ms() + rq->budget_ms);
	ssize_t n = -1;
	int signal;

	if (waited == WAIT_READY) {
		n = receive(w->sock, bytes, sizeof(bytes));
		if (n == (ssize_t)sizeof(bytes) && !tutela_wire_get_reply(bytes, sizeof(bytes), rq, kind, rp))
			return;
	}
	/* At the end of the conversation a dying worker is a moment away from having a status. */
	signal = discard(w, n == 0 ? GRACE_MS : 0);
	*rp = (struct wire_reply){0};
	/* SIGXCPU: the worker's own limit on processor time, which equals the budget. */
	if (waited == WAIT_TIMEOUT || signal == SIGXCPU) {
		rp->decoded.class_ = TUTELA_DECODE_TIMED_OUT;
	} else {
		rp->decoded.class_ = TUTELA_DECODE_CRASHED;
		rp->decoded.signal = signal;
	}
}

static void retire(struct tutela_decoder *pool, struct slot *slot, enum wire_kind kind)
{
	struct worker *w = &slot->workers[kind];

	if (!w->pid)
		return;
	if (++w->files == SPARE_FILES)
		make_spare(pool, kind);
	if (w->files < pool->opts.recycle)
		return;
	shutdown(w->sock, SHUT_RDWR);
	discard(&slot->leaving, GRACE_MS);
	slot->leaving = *w;
	*w = (struct worker){.sock = -1};
	pthread_mutex_lock(&pool->lock);
	pool->stats.recycled++;
	pthread_mutex_unlock(&pool->lock);
}

static bool lost(const struct tutela_decoded *d)
{
	return d->class_ == TUTELA_DECODE_TIMED_OUT || d->class_ == TUTELA_DECODE_CRASHED;
}

static void count_lost(struct tutela_decoder *pool, const struct tutela_decoded *d)
{
	pthread_mutex_lock(&pool->lock);
	if (d->class_ == TUTELA_DECODE_TIMED_OUT)
		pool->stats.timed_out++;
	else
		pool->stats.crashed++;
	pthread_mutex_unlock(&pool->lock);
}

/*
 * Digests of a file that cost its worker: a fresh one reads it again and
 * decodes nothing. When that fails as well the finding stands without them.
 */
static void identify(struct tutela_decoder *pool, struct slot *slot, int fd, struct wire_request *rq,
		     struct tutela_decoded *out)
{
	struct worker *w = &slot->workers[WIRE_CORE];
	const struct tutela_decoded *d;
	struct wire_reply rp = {0};

	rq->number = ++slot->number;
	rq->wants = (rq->wants & TUTELA_WANT_DIGESTS) | TUTELA_WANT_SHA256;
	if (deliver(pool, WIRE_CORE, w, rq, fd))
		return;
	await(WIRE_CORE, w, rq, &rp);
	retire(pool, slot, WIRE_CORE);
	d = &rp.decoded;
	if (rp.answer != WIRE_DONE || lost(d) || !d->have)
		return;
	out->have = d->have;
	out->format = d->format;
	out->size = d->size;
	out->digest_ns = d->digest_ns;
	memcpy(out->md5, d->md5, sizeof(out->md5));
	memcpy(out->sha1, d->sha1, sizeof(out->sha1));
	memcpy(out->sha256, d->sha256, sizeof(out->sha256));
}

/* Ask the first kind and, where it says so, the second. */
static enum tutela_err ask(struct tutela_decoder *pool, struct slot *slot, int fd, struct wire_request *rq,
			   struct tutela_decoded *out)
{
	struct wire_reply rp = {0};

	for (enum wire_kind kind = WIRE_CORE; kind < WIRE_KINDS; kind++) {
		struct worker *w = &slot->workers[kind];
		enum tutela_err err;

		rq->number = ++slot->number;
		err = deliver(pool, kind, w, rq, fd);
		if (err)
			return err;
		await(kind, w, rq, &rp);
		retire(pool, slot, kind);
		if (rp.answer == WIRE_DONE)
			break;
	}
	*out = rp.decoded;
	if (lost(out)) {
		count_lost(pool, out);
		identify(pool, slot, fd, rq, out);
	}
	return TUTELA_OK;
}

static struct slot *take_slot(struct tutela_decoder *pool)
{
	struct slot *slot;

	pthread_mutex_lock(&pool->lock);
	pool->stats.files++;
	while (!pool->free)
		pthread_cond_wait(&pool->freed, &pool->lock);
	slot = pool->free;
	pool->free = slot->next_free;
	pthread_mutex_unlock(&pool->lock);
	return slot;
}

static void give_slot(struct tutela_decoder *pool, struct slot *slot)
{
	pthread_mutex_lock(&pool->lock);
	slot->next_free = pool->free;
	pool->free = slot;
	pthread_cond_signal(&pool->freed);
	pthread_mutex_unlock(&pool->lock);
}

static uint64_t budget_ms(const struct tutela_decoder *pool, const struct stat *st)
{
	uint64_t size = st->st_size > 0 ? (uint64_t)st->st_size : 0;

	return pool->opts.wall_ms + size / (16 << 20) * 1000;
}

/* What no worker needs to see. */
static enum tutela_err unreadable(struct tutela_decoder *pool, int why, struct tutela_decoded *out)
{
	out->sys_errno = why;
	pthread_mutex_lock(&pool->lock);
	pool->stats.files++;
	pthread_mutex_unlock(&pool->lock);
	return TUTELA_OK;
}

enum tutela_err tutela_decoder_hash_fd(struct tutela_decoder *pool, int fd, struct tutela_decoded *out)
{
	struct wire_request rq;
	struct slot *slot;
	struct stat st;
	enum tutela_err err;
	int input;

	if (!out)
		return TUTELA_E_ARG;
	*out = (struct tutela_decoded){.class_ = TUTELA_DECODE_UNREADABLE};
	if (!pool || pool->owner != getpid() || fstat(fd, &st))
		return TUTELA_E_ARG;
	if (!S_ISREG(st.st_mode))
		return unreadable(pool, S_ISDIR(st.st_mode) ? EISDIR : EINVAL, out);
	input = tutela_input_read_only(fd);
	if (input < 0)
		return unreadable(pool, errno, out);
	rq = (struct wire_request){
		.wants = pool->opts.wants,
		.isa = pool->opts.isa,
		.budget_ms = budget_ms(pool, &st),
		.max_bytes = pool->opts.max_bytes,
		.max_pixels = pool->opts.max_pixels,
		.max_memory = pool->opts.max_memory,
	};
	slot = take_slot(pool);
	err = ask(pool, slot, input, &rq, out);
	give_slot(pool, slot);
	if (input != fd)
		close(input);
	return err;
}

enum tutela_err tutela_decoder_hash_bytes(struct tutela_decoder *pool, const void *bytes, size_t len,
					  struct tutela_decoded *out)
{
	enum tutela_err err;
	int fd;

	if (!out)
		return TUTELA_E_ARG;
	*out = (struct tutela_decoded){.class_ = TUTELA_DECODE_UNREADABLE};
	if (!pool || (!bytes && len))
		return TUTELA_E_ARG;
	fd = tutela_input_sealed(bytes, len);
	if (fd < 0)
		return errno == ENOMEM || errno == ENOSPC ? TUTELA_E_NOMEM : TUTELA_E_SYS;
	err = tutela_decoder_hash_fd(pool, fd, out);
	close(fd);
	return err;
}

static void fill_defaults(struct tutela_decoder_opts *o)
{
	o->workers = o->workers ? o->workers : 1;
	o->wants = o->wants ? o->wants : TUTELA_WANT_ALL;
	o->wall_ms = o->wall_ms ? o->wall_ms : 4000;
	o->max_bytes = o->max_bytes ? o->max_bytes : (uint64_t)512 << 20;
	o->max_pixels = o->max_pixels ? o->max_pixels : 300000000;
	o->max_memory = o->max_memory ? o->max_memory : (uint64_t)1 << 30;
	o->recycle = o->recycle ? o->recycle : 4096;
}

static bool opts_valid(const struct tutela_decoder_opts *o)
{
	return o->workers <= WORKERS_MAX && !(o->wants & ~(unsigned)TUTELA_WANT_ALL) && o->max_memory >= MEMORY_LEAST &&
	       o->isa <= TUTELA_ISA_NEON && tutela_cpu_has(o->isa);
}

static enum tutela_err locate_programs(struct tutela_decoder *pool, const char *dir)
{
	for (int k = 0; k < WIRE_KINDS; k++) {
		if (asprintf(&pool->programs[k], "%s/%s", dir, program_names[k]) < 0) {
			pool->programs[k] = NULL;
			return TUTELA_E_NOMEM;
		}
		if (access(pool->programs[k], X_OK))
			return TUTELA_E_WORKER;
	}
	return TUTELA_OK;
}

static enum tutela_err make_slots(struct tutela_decoder *pool)
{
	pool->slots = tutela_mem_array(pool->opts.workers, sizeof(*pool->slots));
	if (!pool->slots)
		return TUTELA_E_NOMEM;
	for (unsigned i = 0; i < pool->opts.workers; i++) {
		pool->slots[i].next_free = pool->free;
		pool->free = &pool->slots[i];
	}
	return TUTELA_OK;
}

enum tutela_err tutela_decoder_open(const struct tutela_decoder_opts *opts, struct tutela_decoder **out)
{
	struct tutela_decoder *pool;
	enum tutela_err err;

	if (!out)
		return TUTELA_E_ARG;
	*out = NULL;
	if (opts && (opts->size < sizeof(opts->size) || opts->size > sizeof(*opts)))
		return TUTELA_E_ARG;
	pool = tutela_mem_array(1, sizeof(*pool));
	if (!pool)
		return TUTELA_E_NOMEM;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->freed, NULL);
	pool->owner = getpid();
	if (opts)
		memcpy(&pool->opts, opts, opts->size);
	fill_defaults(&pool->opts);
	err = opts_valid(&pool->opts) ? make_slots(pool) : TUTELA_E_ARG;
	if (!err)
		err = locate_programs(pool, pool->opts.program_dir ? pool->opts.program_dir : TUTELA_LIBEXECDIR);
	pool->opts.program_dir = NULL;
	if (!err)
		err = start(pool, WIRE_CORE, &pool->free->workers[WIRE_CORE]);
	if (err) {
		tutela_decoder_close(pool);
		return err;
	}
	*out = pool;
	return TUTELA_OK;
}

void tutela_decoder_stats(struct tutela_decoder *pool, struct tutela_decoder_stats *out)
{
	*out = (struct tutela_decoder_stats){0};
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	*out = pool->stats;
	pthread_mutex_unlock(&pool->lock);
}

void tutela_decoder_defences(const struct tutela_decoder *pool, struct tutela_defences *out)
{
	*out = (struct tutela_defences){0};
	if (!pool)
		return;
	/* Set before the pool was given out, and never again. */
	out->landlock = pool->first.landlock;
	out->own_user = pool->first.defences & WIRE_USER_NS;
	out->no_network = pool->first.defences & WIRE_NETWORK_NS;
	out->no_files = pool->first.defences & WIRE_MOUNT_NS;
	out->weakened = pool->first.defences & WIRE_WEAKENED;
}

static void end_worker(struct worker *w, bool ours, bool last)
{
	if (!w->pid)
		return;
	if (!ours)
		close(w->sock), w->pid = 0;
	else if (!last)
		shutdown(w->sock, SHUT_RDWR);
	else
		discard(w, GRACE_MS);
}

/* All at once first, then one after another: they end side by side. In a fork's child they are not ours. */
static void end_workers(struct tutela_decoder *pool)
{
	bool ours = pool->owner == getpid();

	for (int last = 0; last < 2; last++) {
		for (unsigned i = 0; pool->slots && i < pool->opts.workers * WIRE_KINDS; i++)
			end_worker(&pool->slots[i / WIRE_KINDS].workers[i % WIRE_KINDS], ours, last);
		for (unsigned i = 0; pool->slots && i < pool->opts.workers; i++)
			end_worker(&pool->slots[i].leaving, ours, last);
		for (unsigned k = 0; k < WIRE_KINDS; k++)
			end_worker(&pool->spares[k], ours, last);
	}
}

void tutela_decoder_close(struct tutela_decoder *pool)
{
	if (!pool)
		return;
	end_workers(pool);
	for (int k = 0; k < WIRE_KINDS; k++)
		free(pool->programs[k]);
	pthread_cond_destroy(&pool->freed);
	pthread_mutex_destroy(&pool->lock);
	free(pool->slots);
	free(pool);
}
