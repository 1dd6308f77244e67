/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A preloaded library that makes calls of a process fail. It is told by the
 * environment, and then counts from main() on:
 *
 *   TUTELA_FAULT_KIND    a name below
 *   TUTELA_FAULT_AT      the call of that kind that fails: 1 the first
 *   TUTELA_FAULT_LASTING 1: every later one fails, too
 *   TUTELA_FAULT_ROOT    calls on files below this folder count, no others
 *   TUTELA_FAULT_REPORT  this file is made when a call was made to fail
 *
 * or by a program that looks up fault_arm in itself.
 */
#ifndef TESTS_CRASH_FAULT_H
#define TESTS_CRASH_FAULT_H

enum fault_kind {
	FAULT_NONE,
	FAULT_WRITE,  /* write, pwrite and their kin: EIO, nothing written */
	FAULT_SHORT,  /* the same: half of it is written, no error */
	FAULT_FULL,   /* half of it is written, and then the disk is full: what makes a file longer is ENOSPC */
	FAULT_SYNC,   /* fsync, fdatasync, msync: EIO */
	FAULT_MAP,    /* mmap, mremap: ENOMEM */
	FAULT_OPEN,   /* open and its kin: EMFILE */
	FAULT_NAME,   /* rename, unlink, mkdir, ftruncate: EIO */
	FAULT_MEMORY, /* malloc, calloc, realloc and their kin: NULL */
	FAULT_KINDS
};

#define FAULT_NAMES                                                                                                    \
	{                                                                                                              \
		"none", "write", "short", "full", "sync", "map", "open", "name", "memory"                              \
	}

/* Count anew from here on; FAULT_NONE: let everything be. `root` may be NULL: all files. */
typedef void fault_arm_fn(enum fault_kind kind, long at, int lasting, const char *root);
/* Was a call made to fail since? */
typedef int fault_hit_fn(void);
/* Blocks of memory that were taken and not given back, in the whole process. */
typedef long fault_live_fn(void);

#endif
