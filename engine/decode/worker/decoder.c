/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder programs: lock down, then take one descriptor after another,
 * hash inside, answer with one datagram of fixed length. Started by
 * engine/decode/pool.c with the socket on descriptor 3 and the limit on
 * address space as the only argument; never by hand.
 *
 * One thread, no state from one file to the next but buffers and tables.
 * Everything that goes wrong outside the file under work ends the process:
 * the pool starts another.
 */
#include "decode/worker/codec.h"
#include "decode/worker/digest.h"
#include "decode/worker/picture_room.h"
#include "decode/worker/sandbox.h"
#include "decode/worker/sniff.h"

#include <tutela/version.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BLOCK ((size_t)256 << 10) /* stays in the second-level cache for three digests */
#define FIRST (2 * BLOCK)         /* of the buffer: a file of one block finds room for its end, too */

_Static_assert(BLOCK >= SNIFF_LEN, "the first block is sniffed");

struct worker {
	struct digest digest;
	uint8_t *buf;
	size_t cap;
};

/* One file under work. */
struct job {
	const struct wire_request *rq;
	struct tutela_decoded *out;
	int fd;
	uint64_t expected;         /* the file's size when it was opened here */
	size_t kept;               /* bytes of the picture in the worker's buffer */
	const struct codec *codec; /* NULL: digests only */
	bool too_large;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool resize(struct worker *w, size_t cap)
{
	uint8_t *buf = realloc(w->buf, cap);

	if (!buf)
		return false;
	w->buf = buf;
	w->cap = cap;
	return true;
}

/* `kept` bytes stay. The rest is given up first: realloc would copy it, and so touch pages that hold nothing. */
static bool reserve(struct worker *w, size_t cap, size_t kept)
{
	if (cap <= w->cap)
		return true;
	return resize(w, kept > BLOCK ? kept : BLOCK) && resize(w, cap);
}

static void release(struct worker *w)
{
	if (w->cap > PICTURE_ROOM_KEPT)
		(void)resize(w, FIRST);
}

static const struct codec *find_codec(enum tutela_format format)
{
	for (size_t i = 0; i < tutela_codecs.n; i++)
		if (tutela_codecs.table[i].format == format)
			return &tutela_codecs.table[i];
	return NULL;
}

/* Never mmap: the file may shrink. pread: the caller's offset stays where it is. */
static ssize_t read_block(const struct job *j, uint8_t *to)
{
	ssize_t n;

	do
		n = pread(j->fd, to, BLOCK, (off_t)j->out->size);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Room for the next block behind what is kept; a picture over its limits goes on as digests only. */
static void make_room(struct worker *w, struct job *j)
{
	uint64_t want = j->kept + BLOCK;

	if (!j->codec)
		return;
	if (j->expected > want && j->expected <= j->rq->max_bytes)
		want = j->expected + BLOCK;
	else if (want > w->cap)
		want += want / 2;
	if (j->kept <= j->rq->max_bytes && j->expected <= j->rq->max_bytes && reserve(w, want, j->kept))
		return;
	j->codec = NULL;
	j->kept = 0;
	j->too_large = true;
}

/* After the first block: is it a picture, and whose? False when another kind of worker should have it. */
static bool look(struct job *j, const uint8_t *first, size_t len)
{
	enum tutela_format format = tutela_sniff(first, len);

	j->out->format = format;
	if (!(j->rq->wants & TUTELA_WANT_PERCEPTUAL))
		return true;
	j->codec = find_codec(format);
	return j->codec || tutela_codecs.kind != WIRE_CORE || !tutela_wire_decodes(WIRE_VIPS, format);
}

enum reading { READ_ALL, READ_OTHER_KIND, READ_FAILED };

/* Read and digest to the end; keep the bytes of a picture. */
static enum reading read_file(struct worker *w, struct job *j)
{
	for (;;) {
		uint8_t *to;
		ssize_t n;

		make_room(w, j);
		to = w->buf + j->kept;
		n = read_block(j, to);
		if (n < 0)
			return READ_FAILED;
		if (n == 0)
			return READ_ALL;
		if (j->out->size == 0 && !look(j, to, (size_t)n))
			return READ_OTHER_KIND;
		tutela_digest_add(&w->digest, to, (size_t)n);
		j->out->size += (uint64_t)n;
		if (j->codec)
			j->kept += (size_t)n;
	}
}

static void unreadable(struct tutela_decoded *out, int why)
{
	*out = (struct tutela_decoded){.class_ = TUTELA_DECODE_UNREADABLE, .sys_errno = why, .size = out->size};
}

static void take_hashes(struct job *j, struct row_sink *sink, enum tutela_decode_class c)
{
	struct tutela_decoded *out = j->out;
	uint32_t got = tutela_sink_rows(sink);
	unsigned hashes = j->rq->wants & tutela_wire_hashes(sink->width, sink->height);

	/* A codec that loses rows without a word. */
	if (c == TUTELA_DECODE_OK && got < sink->height)
		c = TUTELA_DECODE_CORRUPT;
	if (out->size < j->expected && (c == TUTELA_DECODE_OK || c == TUTELA_DECODE_CORRUPT))
		c = TUTELA_DECODE_TRUNCATED;
	out->class_ = c;
	out->partial = got > 0 && hashes && (c == TUTELA_DECODE_CORRUPT || c == TUTELA_DECODE_TRUNCATED);
	if (c != TUTELA_DECODE_OK && !out->partial)
		return;
	tutela_sink_hashes(sink, &out->hashes);
	out->have |= hashes;
}

static void decode(const struct worker *w, struct job *j)
{
	struct row_sink sink = {
		.max_pixels = j->rq->max_pixels,
		.max_memory = j->rq->max_memory,
		.wants = j->rq->wants,
		.isa = j->rq->isa,
	};
	enum tutela_decode_class c = j->codec->decode(w->buf, j->kept, &sink);

	j->out->width = sink.width;
	j->out->height = sink.height;
	j->out->frames = sink.frames;
	take_hashes(j, &sink, c);
	tutela_sink_discard(&sink);
}

/* What to say of a file that was read but has no codec here. */
static enum tutela_decode_class without_codec(const struct job *j)
{
	if (j->out->size < j->expected)
		return TUTELA_DECODE_TRUNCATED;
	if (j->out->size == 0)
		return TUTELA_DECODE_EMPTY;
	if (j->too_large)
		return TUTELA_DECODE_TOO_LARGE;
	if (j->out->format == TUTELA_FORMAT_NONE)
		return TUTELA_DECODE_NOT_PICTURE;
	if (j->out->format == TUTELA_FORMAT_OTHER || (j->rq->wants & TUTELA_WANT_PERCEPTUAL))
		return TUTELA_DECODE_UNSUPPORTED;
	return TUTELA_DECODE_OK;
}

/*
 * Not fstat(): glibc's makes it of a call that also takes paths, which the
 * filter does not let through. The struct is the kernel's own on 64-bit systems.
 */
static bool is_file(int fd, struct stat *st)
{
	_Static_assert(sizeof(void *) == 8, "struct stat is the kernel's");
	return syscall(SYS_fstat, fd, st) == 0 && S_ISREG(st->st_mode);
}

static void work(struct worker *w, int fd, const struct wire_request *rq, struct wire_reply *rp)
{
	struct job j = {.rq = rq, .out = &rp->decoded, .fd = fd};
	uint64_t start = now_ns();
	struct stat st = {0};

	rp->number = rq->number;
	if (!is_file(fd, &st)) {
		unreadable(j.out, S_ISDIR(st.st_mode) ? EISDIR : EINVAL);
		return;
	}
	j.expected = (uint64_t)st.st_size;
	tutela_digest_start(&w->digest, rq->wants);
	switch (read_file(w, &j)) {
	case READ_FAILED:
		unreadable(j.out, errno);
		return;
	case READ_OTHER_KIND:
		rp->answer = WIRE_OTHER_KIND;
		return;
	case READ_ALL:
		break;
	}
	tutela_digest_finish(&w->digest, j.out);
	j.out->digest_ns = now_ns() - start;
	if (!j.codec) {
		j.out->class_ = without_codec(&j);
		return;
	}
	decode(w, &j);
	j.out->decode_ns = now_ns() - start - j.out->digest_ns;
}

/* The next request and its descriptor; false at the end of the conversation or when it makes no sense. */
static bool receive(struct wire_request *rq, int *fd)
{
	uint8_t bytes[WIRE_REQUEST_LEN + 1];
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = bytes, .iov_len = sizeof(bytes)};
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	struct cmsghdr *c;
	ssize_t n;

	do
		n = recvmsg(WIRE_FD, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0 || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return false;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(int)))
		return false;
	memcpy(fd, CMSG_DATA(c), sizeof(int));
	/* A file that could be written to is not what the pool sends. */
	if ((fcntl(*fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
		return false;
	return tutela_wire_get_request(bytes, (size_t)n, rq) == TUTELA_OK;
}

static bool say(const uint8_t *p, size_t len)
{
	ssize_t n;

	do
		n = send(WIRE_FD, p, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

static int converse(struct worker *w)
{
	struct wire_request rq;
	uint8_t bytes[WIRE_REPLY_LEN];
	int fd;

	/* After the hello: a host that has made this worker ahead of need does not wait for it. */
	tutela_room_warm(w->buf, BLOCK);
	while (receive(&rq, &fd)) {
		struct wire_reply rp = {0};

		if (!tutela_sandbox_budget(rq.budget_ms) || !tutela_sandbox_watch(true))
			return EXIT_FAILURE;
		work(w, fd, &rq, &rp);
		close(fd);
		release(w);
		tutela_wire_put_reply(&rp, bytes);
		if (!tutela_sandbox_watch(false) || !say(bytes, sizeof(bytes)))
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

static bool set_up(struct worker *w, uint64_t memory)
{
	struct sandbox s = {.memory = memory, .threads = tutela_codecs.threads};
	struct wire_hello said = {.kind = tutela_codecs.kind};
	uint8_t hello[WIRE_HELLO_LEN];

	tutela_room_setup();
	if (!resize(w, FIRST) || (tutela_codecs.init && !tutela_codecs.init()))
		return false;
	if (!tutela_sandbox_enter(&s))
		return false;
	said.landlock = (uint8_t)s.landlock;
	said.defences = s.defences;
	tutela_wire_put_hello(&said, hello);
	return say(hello, sizeof(hello));
}

static int usage(void)
{
	fprintf(stderr, "%s: a part of Tutela that its library starts; it does nothing by hand\n",
		tutela_codecs.program);
	return 64;
}

int main(int argc, char **argv)
{
	struct worker w = {0};
	unsigned long long memory;
	struct stat st = {0};
	char *end;
	int status;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("%s %s%s\n", tutela_codecs.program, TUTELA_VERSION, tutela_sandbox_weakness());
		return EXIT_SUCCESS;
	}
	if (argc != 2)
		return usage();
	errno = 0;
	memory = strtoull(argv[1], &end, 10);
	if (errno || end == argv[1] || *end || fstat(WIRE_FD, &st) || !S_ISSOCK(st.st_mode))
		return usage();
	status = set_up(&w, memory) ? converse(&w) : EXIT_FAILURE;
	free(w.buf);
	return status;
}
