/* SPDX-License-Identifier: Apache-2.0 */
#include <tutela/error.h>

static const struct {
	enum tutela_err err;
	const char *name;
	const char *sentence;
} table[] = {
#define ROW(e, sentence)                                                                                               \
	{                                                                                                              \
		e, #e, sentence                                                                                        \
	}
	ROW(TUTELA_OK, "success"),
	ROW(TUTELA_E_NOMEM, "out of memory"),
	ROW(TUTELA_E_ARG, "invalid argument"),
	ROW(TUTELA_E_SYS, "a system call failed"),
	ROW(TUTELA_E_INTERRUPTED, "interrupted"),
	ROW(TUTELA_E_BUSY, "the store is being written by another process"),
	ROW(TUTELA_E_DISKFULL, "no space left on the device (disk full)"),
	ROW(TUTELA_E_READONLY, "the file system or the handle is read-only"),
	ROW(TUTELA_E_FORMAT, "the input does not follow its format"),
	ROW(TUTELA_E_TOOBIG, "over the largest size allowed"),
	ROW(TUTELA_E_VERSION, "made by a newer version, which this one does not know"),
	ROW(TUTELA_E_REFUSED, "a value that must not be stored"),
	ROW(TUTELA_E_NOTFOUND, "not found"),
	ROW(TUTELA_E_EXISTS, "exists already"),
	ROW(TUTELA_E_CORRUPT, "damaged data"),
	ROW(TUTELA_E_NOTSTORE, "not a Tutela store"),
	ROW(TUTELA_E_FULL, "a number space or the map is used up"),
	ROW(TUTELA_E_NETWORK, "on a network file system"),
	ROW(TUTELA_E_EXPOSED, "not its user's alone"),
	ROW(TUTELA_E_WORKER, "the decoder program could not be started"),
#undef ROW
};
#define ROWS (sizeof table / sizeof table[0])

const char *tutela_strerror(enum tutela_err err)
{
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].err == err)
			return table[i].sentence;
	return "unknown error";
}

const char *tutela_err_name(enum tutela_err err)
{
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].err == err)
			return table[i].name;
	return "TUTELA_E_UNKNOWN";
}
