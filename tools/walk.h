/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking folder trees, for evidence: every name with any bytes, trees of any
 * depth (folders are opened relative to each other, so no path is too long),
 * folders of any size (names are read in bounded pieces), loops ended.
 *
 * Thread safety: a walk belongs to one thread; folders may be used and given
 * back by any.
 */
#ifndef TUTELA_TOOLS_WALK_H
#define TUTELA_TOOLS_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

enum walk_kind {
	WALK_FILE,     /* a regular file, to be opened with walk_open */
	WALK_SPECIAL,  /* FIFO, device, socket */
	WALK_LINK,     /* a symbolic link that is not followed, or leads nowhere or back */
	WALK_MOUNT,    /* a folder of another file system, not entered */
	WALK_FILTERED, /* left out by --include or --exclude */
	WALK_FAILED,   /* could not be looked at: see error; folder says of what kind */
};

/* An open folder that files are opened relative to; counted references. */
struct walk_folder;
void walk_folder_hold(struct walk_folder *f); /* NULL is fine for both */
void walk_folder_drop(struct walk_folder *f);

struct walk_item {
	enum walk_kind kind;
	struct walk_folder *folder; /* NULL: the name is a path from the working directory */
	const char *name;           /* in that folder */
	const char *path;           /* for people and reports: as the caller named the root, and what follows */
	mode_t mode;                /* type bits; 0 unknown */
	bool named;                 /* this is the path that walk() was given */
	bool is_folder;             /* with WALK_FAILED: a folder that could not be read, whole or in part */
	int error;                  /* with WALK_FAILED: errno */
};

struct walk_opts {
	bool follow; /* symbolic links that are found; the path given to walk() is always followed */
	bool cross;  /* enter other file systems */
	bool sorted; /* names of a folder in order of their bytes, else in order of inode numbers */
	const char *const *includes, *const *excludes; /* globs; a pattern with a slash is held against the path */
	size_t n_includes, n_excludes;
	/* Called for every file and everything passed over. Strings are valid during the call. False stops the walk. */
	bool (*visit)(void *ctx, const struct walk_item *item);
	void *ctx;
};

/* Walks the file or folder `path`. False when a visit stopped it. */
bool walk(const struct walk_opts *opts, const char *path);

/*
 * Opens a file for reading: without following links that are found, without
 * waiting for FIFOs, without touching its access time where that is permitted.
 * Returns a descriptor of a regular file and *st, or -1 with errno
 * (EISDIR a folder; ENODEV a FIFO, a device or a socket).
 */
int walk_open(struct walk_folder *folder, const char *name, bool follow, struct stat *st);

#endif
