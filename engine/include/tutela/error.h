/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can go wrong, as numbers.
 *
 * Every function of the library that can fail returns an `enum tutela_err`:
 * 0 is success, failures are negative, grouped by tens, pinned for ever and
 * never reused. An error is never "no match": a search that could not be made
 * returns an error, not an empty result.
 *
 * Thread safety: all functions here are pure.
 */
#ifndef TUTELA_ERROR_H
#define TUTELA_ERROR_H

#include <tutela/api.h>

enum tutela_err {
	TUTELA_OK = 0,

	/* the process and its system */
	TUTELA_E_NOMEM = -1,       /* an allocation failed */
	TUTELA_E_ARG = -2,         /* an argument breaks the function's contract */
	TUTELA_E_SYS = -3,         /* a system call failed; errno says how */
	TUTELA_E_INTERRUPTED = -4, /* a callback asked to stop */
	TUTELA_E_BUSY = -5,        /* another process holds the writer lock */
	TUTELA_E_DISKFULL = -6,    /* no space left on the device, or quota reached */
	TUTELA_E_READONLY = -7,    /* the file system or the handle is read-only */

	/* bytes from outside */
	TUTELA_E_FORMAT = -10,  /* bytes do not follow their grammar */
	TUTELA_E_TOOBIG = -11,  /* a length or count is over its documented maximum */
	TUTELA_E_VERSION = -12, /* a format or schema version this build does not know */
	TUTELA_E_REFUSED = -13, /* well-formed, but must not be stored (empty-file digest, featureless hash) */

	/* stores and indexes */
	TUTELA_E_NOTFOUND = -20, /* no such store, list or entry */
	TUTELA_E_EXISTS = -21,   /* it is there already */
	TUTELA_E_CORRUPT = -22,  /* a checksum or an invariant does not hold */
	TUTELA_E_NOTSTORE = -23, /* the path is there but is no Tutela store */
	TUTELA_E_FULL = -24,     /* a number space or the configured map is used up */
	TUTELA_E_NETWORK = -25,  /* the store is on a network file system */
	TUTELA_E_EXPOSED = -26,  /* the store belongs to, or is open to, another user */

	/* decoding */
	TUTELA_E_WORKER = -30, /* the decoder program could not be started */
};

/*
 * A sentence for people, lower case, without full stop: "no space left on the
 * device". Static storage, never NULL, also for numbers outside the enum.
 */
TUTELA_API const char *tutela_strerror(enum tutela_err err);

/* The enumerator's name, "TUTELA_E_DISKFULL"; static, never NULL. */
TUTELA_API const char *tutela_err_name(enum tutela_err err);

#endif
