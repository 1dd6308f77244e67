/* SPDX-License-Identifier: Apache-2.0 */
#include "disk_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "story.h"

#define PAGE   4096
#define SECTOR 512
#define NEVER  UINT32_MAX
#define DEPTH  16 /* folders in folders */

/* ------------------------------------------------------------------ reading */

static uint8_t *read_file(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *p;
	size_t at = 0;
	ssize_t n = 1;

	if (fd < 0 || fstat(fd, &st))
		die("'%s': %s", path, strerror(errno));
	p = malloc((size_t)st.st_size + 1);
	while (p && n > 0 && at < (size_t)st.st_size) {
		n = read(fd, p + at, (size_t)st.st_size - at);
		at += n > 0 ? (size_t)n : 0;
	}
	(void)close(fd);
	if (!p || at != (size_t)st.st_size)
		die("'%s' cannot be read", path);
	*len = at;
	return p;
}

static void *grown(void *p, size_t n, size_t size)
{
	/* Doubles at powers of two. */
	if (n & (n - 1))
		return p;
	p = reallocarray(p, n ? 2 * n : 1, size);
	if (!p)
		die("out of memory");
	return p;
}

static unsigned add_node(struct history *h, uint64_t inode)
{
	h->inodes = grown(h->inodes, h->n_nodes, sizeof *h->inodes);
	h->inodes[h->n_nodes] = inode;
	return h->n_nodes++;
}

/* The node that has an inode now: the newest. */
static unsigned find_node(const struct history *h, uint64_t inode)
{
	for (unsigned i = h->n_nodes; i-- > 0;)
		if (h->inodes[i] == inode)
			return i;
	die("the trace speaks of a file that nobody made");
}

static void take_event(struct history *h, const struct trace_head *head, const uint8_t *p)
{
	struct event e = {.head = *head, .durable = NEVER};

	e.name = strndup((const char *)p, head->name_len);
	e.second = strndup((const char *)p + head->name_len, head->second_len);
	e.data = p + head->name_len + head->second_len;
	if (head->kind == TRACE_OTHER)
		die("the program made a call that this test does not understand: %s", e.name);
	if (head->folder)
		e.folder = find_node(h, head->folder);
	if (head->kind == TRACE_MAKE || head->kind == TRACE_FOLDER)
		e.node = add_node(h, head->file);
	else if (head->file)
		e.node = find_node(h, head->file);
	h->events = grown(h->events, h->n, sizeof *h->events);
	h->events[h->n++] = e;
}

static bool is_data(const struct event *e)
{
	return e->head.kind == TRACE_WRITE || e->head.kind == TRACE_LENGTH || e->head.kind == TRACE_ALLOCATE;
}

static bool is_name(const struct event *e)
{
	return e->head.kind == TRACE_MAKE || e->head.kind == TRACE_FOLDER || e->head.kind == TRACE_RENAME ||
	       e->head.kind == TRACE_UNLINK;
}

static void find_durable(struct history *h)
{
	for (unsigned i = 0; i < h->n; i++) {
		const struct event *sync = &h->events[i];

		if (sync->head.kind == TRACE_WRITE && sync->head.synced)
			h->events[i].durable = i;
		for (unsigned j = 0; sync->head.kind == TRACE_SYNC && j < i; j++) {
			struct event *e = &h->events[j];

			if (e->durable == NEVER &&
			    ((is_data(e) && e->node == sync->node) || (is_name(e) && e->folder == sync->node)))
				e->durable = i;
		}
	}
}

void history_read(const char *trace, const char *root, struct history *out)
{
	struct trace_head head;
	struct stat st;
	size_t len, at = 0;

	memset(out, 0, sizeof *out);
	if (stat(root, &st))
		die("'%s': %s", root, strerror(errno));
	(void)add_node(out, st.st_ino);
	out->bytes = read_file(trace, &len);
	while (at + sizeof head <= len) {
		memcpy(&head, out->bytes + at, sizeof head);
		at += sizeof head;
		take_event(out, &head, out->bytes + at);
		at += head.name_len + head.second_len + (head.kind == TRACE_WRITE ? head.len : 0);
	}
	if (at != len)
		die("'%s' ends in the middle of a record", trace);
	find_durable(out);
}

void history_free(struct history *h)
{
	for (unsigned i = 0; i < h->n; i++) {
		free(h->events[i].name);
		free(h->events[i].second);
	}
	free(h->events);
	free(h->inodes);
	free(h->bytes);
	memset(h, 0, sizeof *h);
}

/* ------------------------------------------------------------------ one image */

struct content {
	uint8_t *bytes;
	size_t len, room;
};

struct entry_name {
	unsigned folder, node;
	bool is_folder;
	const char *name;
};

struct build {
	const struct history *h;
	unsigned cut;
	enum survival survival;
	uint64_t random;
	struct entry_name *names;
	size_t n_names;
};

static bool coin(struct build *b, unsigned one_in)
{
	b->random = story_mix(b->random, 7);
	return b->random % one_in == 0;
}

/* Was it synced before the cut, or, if not, does it survive as a whole by the rules? `open` is for what may or may not.
 */
static bool settled(const struct build *b, unsigned i, bool *survives)
{
	*survives = b->h->events[i].durable < b->cut || b->survival == SURVIVE_ALL;
	return *survives || b->survival == SURVIVE_NOTHING;
}

static void make_longer(struct content *c, size_t len)
{
	if (len > c->room) {
		size_t room = len + len / 2 + PAGE;

		c->bytes = realloc(c->bytes, room);
		if (!c->bytes)
			die("out of memory");
		memset(c->bytes + c->room, 0, room - c->room);
		c->room = room;
	}
	if (len > c->len)
		c->len = len;
}

static void put_bytes(struct content *c, const struct event *e, size_t from, size_t to)
{
	make_longer(c, to);
	memcpy(c->bytes + from, e->data + (from - e->head.offset), to - from);
}

/* A page's worth of a write that may be lost: whole, torn, or not at all. */
static void put_page(struct build *b, struct content *c, const struct event *e, size_t from, size_t to)
{
	bool torn;

	if (coin(b, 2))
		return;
	torn = coin(b, 4);
	while (from < to) {
		size_t end = (from / SECTOR + 1) * SECTOR < to ? (from / SECTOR + 1) * SECTOR : to;

		if (!torn || coin(b, 2))
			put_bytes(c, e, from, end);
		from = end;
	}
}

static void put_write(struct build *b, struct content *c, unsigned i)
{
	const struct event *e = &b->h->events[i];
	size_t at = e->head.offset, end = at + e->head.len;
	bool survives;

	if (settled(b, i, &survives)) {
		if (survives)
			put_bytes(c, e, at, end);
		return;
	}
	while (at < end) {
		size_t next = (at / PAGE + 1) * PAGE < end ? (at / PAGE + 1) * PAGE : end;

		put_page(b, c, e, at, next);
		at = next;
	}
}

static void put_length(struct build *b, struct content *c, unsigned i)
{
	const struct event *e = &b->h->events[i];
	bool survives;

	if (!settled(b, i, &survives))
		survives = coin(b, 2);
	if (!survives)
		return;
	if (e->head.kind == TRACE_LENGTH && e->head.len < c->len) {
		memset(c->bytes + e->head.len, 0, c->len - e->head.len);
		c->len = e->head.len;
	}
	make_longer(c, e->head.len);
}

static void write_file(struct build *b, unsigned node, const char *path)
{
	struct content c = {0};
	size_t done = 0;
	ssize_t n = 1;
	int fd;

	for (unsigned i = 0; i <= b->cut && i < b->h->n; i++) {
		const struct event *e = &b->h->events[i];

		if (e->node != node || !is_data(e))
			continue;
		if (e->head.kind == TRACE_WRITE)
			put_write(b, &c, i);
		else
			put_length(b, &c, i);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	while (fd >= 0 && done < c.len && n > 0) {
		n = write(fd, c.bytes + done, c.len - done);
		done += n > 0 ? (size_t)n : 0;
	}
	if (fd < 0 || done < c.len || close(fd))
		die("'%s': %s", path, strerror(errno));
	free(c.bytes);
}

/* ------------------------------------------------------------------ names */

static void drop_name(struct build *b, unsigned folder, const char *name)
{
	for (size_t i = 0; i < b->n_names; i++)
		if (b->names[i].folder == folder && !strcmp(b->names[i].name, name))
			b->names[i--] = b->names[--b->n_names];
}

static void set_name(struct build *b, const struct event *e, const char *name)
{
	bool is_folder = e->head.kind == TRACE_FOLDER;

	drop_name(b, e->folder, name);
	b->names[b->n_names++] =
		(struct entry_name){.folder = e->folder, .node = e->node, .is_folder = is_folder, .name = name};
}

static void apply_name(struct build *b, const struct event *e)
{
	switch (e->head.kind) {
	case TRACE_MAKE:
	case TRACE_FOLDER:
		set_name(b, e, e->name);
		break;
	case TRACE_RENAME:
		drop_name(b, e->folder, e->name);
		set_name(b, e, e->second);
		break;
	default:
		drop_name(b, e->folder, e->name);
	}
}

/* Which changes of names survive; a journal keeps those of one folder up to some point. */
static void apply_names(struct build *b)
{
	bool *ended = calloc(b->h->n_nodes, sizeof *ended);

	if (!ended)
		die("out of memory");
	for (unsigned i = 0; i <= b->cut && i < b->h->n; i++) {
		const struct event *e = &b->h->events[i];
		bool survives;

		if (!is_name(e))
			continue;
		if (!settled(b, i, &survives)) {
			survives = !coin(b, 3);
			if (b->survival == SURVIVE_JOURNAL) {
				ended[e->folder] |= !survives;
				survives = !ended[e->folder];
			}
		}
		if (survives)
			apply_name(b, e);
	}
	free(ended);
}

static void write_folder(struct build *b, unsigned node, const char *path, unsigned depth)
{
	char below[4096];

	if (mkdir(path, 0700) && errno != EEXIST)
		die("'%s': %s", path, strerror(errno));
	for (size_t i = 0; i < b->n_names && depth < DEPTH; i++) {
		if (b->names[i].folder != node)
			continue;
		(void)snprintf(below, sizeof below, "%s/%s", path, b->names[i].name);
		if (b->names[i].is_folder)
			write_folder(b, b->names[i].node, below, depth + 1);
		else
			write_file(b, b->names[i].node, below);
	}
}

void history_image(const struct history *h, unsigned cut, enum survival survival, uint64_t seed, const char *to)
{
	struct build b = {.h = h, .cut = cut, .survival = survival, .random = seed};

	b.names = calloc(h->n + 1, sizeof *b.names);
	if (!b.names)
		die("out of memory");
	apply_names(&b);
	write_folder(&b, 0, to, 0);
	free(b.names);
}
