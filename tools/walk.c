/* SPDX-License-Identifier: Apache-2.0 */
#include "walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

/* Folders that stay open at once on the way down; those above are opened again on the way back. */
#define OPEN_MAX 48
/* Names held in memory at once, in bytes, over all levels; a level may always hold PIECE_MIN names. */
#define NAMES_MAX ((size_t)48 << 20)
#define PIECE_MIN 1024
/* Folders entered through links that are remembered, so that each is entered once. */
#define LINKED_MAX ((size_t)1 << 20)

struct walk_folder {
	int fd;
	atomic_uint holders;
};

struct identity {
	dev_t dev;
	ino_t ino;
};

struct name {
	ino_t inode;
	unsigned char type; /* DT_ */
	char *text;
};

/* A folder on the way from the root to where the walk is. */
struct level {
	struct walk_folder *folder; /* NULL while closed */
	struct identity id;
	DIR *stream;        /* NULL once the last name was read */
	struct name *names; /* the piece being worked on */
	size_t n_names, next, names_len;
	size_t path_len;   /* of the walk's path up to and with this folder */
	char *name;        /* in the folder above; the root's path */
	bool through_link; /* its ".." is another folder than the one above */
};

struct walker {
	const struct walk_opts *opts;
	struct level *levels;
	size_t n_levels, max_levels, n_open;
	size_t names_len; /* bytes held over all levels */
	char *path;
	size_t path_len, path_max;
	dev_t device;
	struct identity *linked;
	size_t n_linked;
	int lost; /* errno: the top level's folder cannot be reached any more */
};

void walk_folder_hold(struct walk_folder *f)
{
	if (f)
		atomic_fetch_add(&f->holders, 1);
}

void walk_folder_drop(struct walk_folder *f)
{
	if (f && atomic_fetch_sub(&f->holders, 1) == 1) {
		close(f->fd);
		free(f);
	}
}

static struct walk_folder *folder_new(int fd)
{
	struct walk_folder *f = memory_array(1, sizeof(*f));

	f->fd = fd;
	atomic_init(&f->holders, 1);
	return f;
}

static int open_noatime(int fd, const char *name, int flags)
{
	int got = openat(fd, name, flags | O_NOATIME);

	/* Only the owner of a file may ask for it. */
	if (got < 0 && errno == EPERM)
		got = openat(fd, name, flags);
	return got;
}

/*
 * The folder that `path` lies in, for paths too long for one system call:
 * *base is what is left of it. -1 with errno; AT_FDCWD for ordinary paths.
 */
static int open_parent(const char *path, const char **base)
{
	int at = AT_FDCWD;
	char piece[PATH_MAX];

	*base = path;
	while (strlen(*base) >= PATH_MAX) {
		const char *cut = *base + PATH_MAX - 1;
		int next;

		while (cut > *base && *cut != '/')
			cut--;
		if (cut == *base) {
			errno = ENAMETOOLONG;
			next = -1;
		} else {
			memcpy(piece, *base, (size_t)(cut - *base));
			piece[cut - *base] = '\0';
			next = openat(at, piece, O_PATH | O_DIRECTORY | O_CLOEXEC);
		}
		if (at != AT_FDCWD)
			close(at);
		if (next < 0)
			return -1;
		at = next;
		*base = cut + strspn(cut, "/");
	}
	/* Behind the last slash; an empty path is none. */
	if (!**base && *path)
		*base = ".";
	return at;
}

int walk_open(struct walk_folder *folder, const char *name, bool follow, struct stat *st)
{
	int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
	int at = folder ? folder->fd : AT_FDCWD, fd = -1, saved;
	const char *base = name;

	if (!folder)
		at = open_parent(name, &base);
	if (!folder && at == -1)
		return -1;
	/* Looked at first: opening a device can do things. What is opened is looked at again. */
	if (fstatat(at, base, st, follow ? 0 : AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISREG(st->st_mode))
			fd = open_noatime(at, base, flags);
		else
			errno = S_ISDIR(st->st_mode) ? EISDIR : S_ISLNK(st->st_mode) ? ELOOP : ENODEV;
	}
	if (fd >= 0 && (fstat(fd, st) || !S_ISREG(st->st_mode))) {
		close(fd);
		fd = -1;
		errno = ENODEV;
	}
	saved = errno;
	if (!folder && at != AT_FDCWD)
		close(at);
	errno = saved;
	return fd;
}

static bool any_glob(const char *const *globs, size_t n, const char *name, const char *path)
{
	for (size_t i = 0; i < n; i++) {
		if (fnmatch(globs[i], strchr(globs[i], '/') ? path : name, 0) == 0)
			return true;
	}
	return false;
}

static bool wanted(const struct walk_opts *o, const char *name, const char *path, bool folder)
{
	if (any_glob(o->excludes, o->n_excludes, name, path))
		return false;
	return folder || !o->n_includes || any_glob(o->includes, o->n_includes, name, path);
}

/* Sets the path to its first `keep` bytes, a slash where one is needed, and `name`. */
static void set_path(struct walker *w, size_t keep, const char *name)
{
	size_t len = strlen(name), need = keep + len + 2;

	if (need > w->path_max) {
		w->path_max = need * 2;
		w->path = memory_resize(w->path, w->path_max, 1);
	}
	w->path_len = keep;
	if (keep && w->path[keep - 1] != '/')
		w->path[w->path_len++] = '/';
	memcpy(w->path + w->path_len, name, len + 1);
	w->path_len += len;
}

static bool visit(struct walker *w, struct walk_item *item)
{
	item->path = w->path;
	return w->opts->visit(w->opts->ctx, item);
}

static bool fail(struct walker *w, struct walk_folder *folder, const char *name, bool is_folder, bool named, int error)
{
	struct walk_item item = {.kind = WALK_FAILED,
				 .folder = folder,
				 .name = name,
				 .is_folder = is_folder,
				 .named = named,
				 .error = error};

	return visit(w, &item);
}

static struct level *top(struct walker *w)
{
	return &w->levels[w->n_levels - 1];
}

static void free_names(struct walker *w, struct level *l)
{
	for (size_t i = 0; i < l->n_names; i++)
		free(l->names[i].text);
	free(l->names);
	w->names_len -= l->names_len;
	l->names = NULL;
	l->n_names = l->next = l->names_len = 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static int by_inode(const void *a, const void *b)
{
	ino_t x = ((const struct name *)a)->inode, y = ((const struct name *)b)->inode;

	return x < y ? -1 : x > y ? 1 : by_text(a, b);
}

/*
 * The next piece of the top level's names: all of them, unless the folder is
 * larger than what may be held. Returns errno when the folder could not be read to its end.
 */
static int read_piece(struct walker *w, struct level *l)
{
	size_t max = 0;
	int error = 0;

	free_names(w, l);
	while (l->stream && (l->n_names < PIECE_MIN || w->names_len < NAMES_MAX)) {
		struct dirent *e;

		errno = 0;
		e = readdir(l->stream);
		if (!e) {
			error = errno;
			closedir(l->stream);
			l->stream = NULL;
			break;
		}
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (l->n_names == max) {
			max = max ? max * 2 : 64;
			l->names = memory_resize(l->names, max, sizeof(*l->names));
		}
		l->names[l->n_names++] =
			(struct name){.inode = e->d_ino, .type = e->d_type, .text = memory_text(e->d_name)};
		l->names_len += strlen(e->d_name) + sizeof(struct name) + 24;
		w->names_len += strlen(e->d_name) + sizeof(struct name) + 24;
	}
	if (l->n_names)
		qsort(l->names, l->n_names, sizeof(*l->names), w->opts->sorted ? by_text : by_inode);
	return error;
}

static void close_folder(struct walker *w, struct level *l)
{
	if (l->folder)
		w->n_open--;
	walk_folder_drop(l->folder);
	l->folder = NULL;
}

/* Closes the highest folder that is read to its end when many are open. */
static void spare_descriptors(struct walker *w)
{
	for (size_t i = 0; w->n_open > OPEN_MAX && i + 1 < w->n_levels; i++) {
		if (!w->levels[i].stream)
			close_folder(w, &w->levels[i]);
	}
}

static bool same(struct identity a, const struct stat *st)
{
	return a.dev == st->st_dev && a.ino == st->st_ino;
}

/* Opens a folder that must be the one known as `id`. -1 when it is not there any more. */
static int open_known(int at, const char *name, struct identity id, bool follow)
{
	int fd = open_noatime(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW));
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) || !same(id, &st))) {
		close(fd);
		errno = ENOENT;
		return -1;
	}
	return fd;
}

/* Opens level n again from the root on, step by step. */
static int open_from_root(struct walker *w, size_t n)
{
	const char *base;
	int parent = open_parent(w->levels[0].name, &base), fd;

	if (parent == -1)
		return -1;
	fd = open_known(parent, base, w->levels[0].id, true);
	if (parent != AT_FDCWD)
		close(parent);
	for (size_t i = 1; i <= n && fd >= 0; i++) {
		int next = open_known(fd, w->levels[i].name, w->levels[i].id, w->levels[i].through_link);

		close(fd);
		fd = next;
	}
	return fd;
}

/* After leaving `child`: the top level's folder is open again, if it still can be found. */
static int reopen(struct walker *w, const struct walk_folder *child, bool through_link)
{
	struct level *l = top(w);
	int fd = -1;

	if (l->folder)
		return 0;
	if (child && !through_link)
		fd = open_known(child->fd, "..", l->id, false);
	if (fd < 0)
		fd = open_from_root(w, w->n_levels - 1);
	if (fd < 0)
		return errno ? errno : ENOENT;
	l->folder = folder_new(fd);
	w->n_open++;
	return 0;
}

/* Is the folder one that the walk is inside of, or was entered through a link before? */
static bool entered(struct walker *w, const struct stat *st, bool through_link)
{
	for (size_t i = 0; i < w->n_levels; i++) {
		if (same(w->levels[i].id, st))
			return true;
	}
	if (!through_link)
		return false;
	for (size_t i = 0; i < w->n_linked; i++) {
		if (same(w->linked[i], st))
			return true;
	}
	if (w->n_linked < LINKED_MAX) {
		if ((w->n_linked & (w->n_linked - 1)) == 0)
			w->linked = memory_resize(w->linked, w->n_linked ? w->n_linked * 2 : 1, sizeof(*w->linked));
		w->linked[w->n_linked++] = (struct identity){st->st_dev, st->st_ino};
	}
	return false;
}

static void push_level(struct walker *w, int fd, DIR *stream, const struct stat *st, const char *name, bool link)
{
	if (w->n_levels == w->max_levels) {
		w->max_levels = w->max_levels ? w->max_levels * 2 : 64;
		w->levels = memory_resize(w->levels, w->max_levels, sizeof(*w->levels));
	}
	w->levels[w->n_levels++] = (struct level){
		.folder = folder_new(fd),
		.id = {st->st_dev, st->st_ino},
		.stream = stream,
		.path_len = w->path_len,
		.name = memory_text(name),
		.through_link = link,
	};
	w->n_open++;
	spare_descriptors(w);
}

/* Enters the folder `name`; w->path is its path. False: a visit said stop. */
static bool enter(struct walker *w, int at, const char *name, bool link, bool named)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | (link || named ? 0 : O_NOFOLLOW);
	int fd = open_noatime(at, name, flags), own = -1, error;
	struct stat st;
	DIR *stream = NULL;

	if (fd < 0 || fstat(fd, &st))
		goto failed;
	if (named)
		w->device = st.st_dev;
	if (entered(w, &st, link) || (st.st_dev != w->device && !w->opts->cross)) {
		struct walk_item item = {.kind = link ? WALK_LINK : WALK_MOUNT, .name = name, .mode = S_IFDIR};

		close(fd);
		return visit(w, &item);
	}
	/* closedir() takes its descriptor along; files are opened relative to one that stays. */
	own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	stream = own >= 0 ? fdopendir(own) : NULL;
	if (!stream)
		goto failed;
	push_level(w, fd, stream, &st, named ? w->path : name, link);
	return true;
failed:
	error = errno;
	if (own >= 0)
		close(own);
	if (fd >= 0)
		close(fd);
	return fail(w, NULL, name, true, named, error);
}

static void leave(struct walker *w)
{
	struct level *l = top(w);
	struct walk_folder *child = l->folder;
	bool link = l->through_link;

	if (l->stream)
		closedir(l->stream);
	free_names(w, l);
	free(l->name);
	w->n_open -= child != NULL;
	w->n_levels--;
	if (w->n_levels && top(w)->next < top(w)->n_names)
		w->lost = reopen(w, child, link);
	walk_folder_drop(child);
}

/* What is left of the top level could not be read: say so. False: a visit said stop. */
static bool fail_level(struct walker *w, int error)
{
	w->path_len = top(w)->path_len;
	w->path[w->path_len] = '\0';
	return fail(w, NULL, top(w)->name, true, w->n_levels == 1, error);
}

static mode_t mode_of(unsigned char type)
{
	return type == DT_UNKNOWN ? 0 : DTTOIF(type);
}

/* One name of the top level. False: a visit said stop. */
static bool step(struct walker *w, struct name *n)
{
	struct level *l = top(w);
	struct walk_item item = {.folder = l->folder, .name = n->text, .mode = mode_of(n->type)};
	bool link = false;
	struct stat st;

	set_path(w, l->path_len, n->text);
	if (!item.mode) {
		if (fstatat(l->folder->fd, n->text, &st, AT_SYMLINK_NOFOLLOW))
			return fail(w, l->folder, n->text, false, false, errno);
		item.mode = st.st_mode & S_IFMT;
	}
	if (S_ISLNK(item.mode)) {
		item.kind = WALK_LINK;
		if (!w->opts->follow || fstatat(l->folder->fd, n->text, &st, 0))
			return visit(w, &item);
		item.mode = st.st_mode & S_IFMT;
		link = true;
	}
	if (!wanted(w->opts, n->text, w->path, S_ISDIR(item.mode)))
		item.kind = WALK_FILTERED;
	else if (S_ISDIR(item.mode))
		return enter(w, l->folder->fd, n->text, link, false);
	else
		item.kind = S_ISREG(item.mode) ? WALK_FILE : WALK_SPECIAL;
	return visit(w, &item);
}

static bool walk_levels(struct walker *w)
{
	bool go = true;

	while (w->n_levels && go) {
		struct level *l = top(w);

		if (w->lost) {
			go = fail_level(w, w->lost);
			w->lost = 0;
			leave(w);
		} else if (l->next < l->n_names) {
			go = step(w, &l->names[l->next++]);
		} else if (l->stream) {
			int error = read_piece(w, l);

			if (error)
				go = fail_level(w, error);
		} else {
			leave(w);
		}
	}
	while (w->n_levels) {
		if (w->n_levels > 1)
			w->levels[w->n_levels - 2].next = w->levels[w->n_levels - 2].n_names;
		leave(w);
	}
	return go;
}

bool walk(const struct walk_opts *opts, const char *path)
{
	struct walker w = {.opts = opts};
	struct walk_item item = {.name = path, .named = true};
	const char *base = path;
	struct stat st;
	int at = open_parent(path, &base);
	bool go;

	set_path(&w, 0, path);
	if (at == -1 || fstatat(at, base, &st, 0)) {
		go = fail(&w, NULL, path, false, true, errno);
	} else if (S_ISDIR(st.st_mode)) {
		go = enter(&w, at, base, false, true);
		if (go && w.n_levels)
			go = walk_levels(&w);
	} else {
		const char *slash = strrchr(path, '/');

		item.mode = st.st_mode & S_IFMT;
		item.kind = S_ISREG(st.st_mode) ? WALK_FILE : WALK_SPECIAL;
		if (!wanted(opts, slash ? slash + 1 : path, path, false))
			item.kind = WALK_FILTERED;
		go = visit(&w, &item);
	}
	if (at >= 0)
		close(at);
	free(w.levels);
	free(w.path);
	free(w.linked);
	return go;
}
