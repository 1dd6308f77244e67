/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the recorder writes down, one record after the other: a head, a name,
 * a second name, data. Files and folders go by their inode; the same one may
 * come again when its file is gone, and then a record of its making lies
 * between. Order is that of the calls' return.
 */
#ifndef TESTS_CRASH_TRACE_H
#define TESTS_CRASH_TRACE_H

#include <stdint.h>

enum trace_kind {
	TRACE_MAKE = 1, /* a file in a folder */
	TRACE_FOLDER,   /* a folder in a folder */
	TRACE_WRITE,    /* data at an offset */
	TRACE_LENGTH,   /* ftruncate, or O_TRUNC: the file is `len` long */
	TRACE_ALLOCATE, /* the file is at least `len` long */
	TRACE_SYNC,     /* of a file or a folder */
	TRACE_RENAME,   /* name to second name, in one folder */
	TRACE_UNLINK,
	TRACE_MAPPED, /* shared and writable: what is written through it is not seen here */
	TRACE_OTHER,  /* a call that the recorder does not understand; the name says which */
	TRACE_BEGIN,  /* by the test: a command begins; `len` is its step */
	TRACE_END,    /* and has said that it is done */
};

struct trace_head {
	uint32_t kind;
	uint32_t synced; /* WRITE: through a descriptor with O_DSYNC */
	uint64_t file, folder;
	uint64_t offset, len;
	uint32_t name_len, second_len;
};

/* Environment: the file to append to, and the folder below which calls are recorded. */
#define TRACE_FILE "TUTELA_TRACE_FILE"
#define TRACE_ROOT "TUTELA_TRACE_ROOT"

#endif
