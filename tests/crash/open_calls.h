/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All names under which a process opens files, for a preloaded library. Whoever includes this has defined EXPORT and
 * open_any(dir, path, flags, mode), which all of them end in.
 */
#ifndef TESTS_CRASH_OPEN_CALLS_H
#define TESTS_CRASH_OPEN_CALLS_H

#define MODE_OF(flags, mode)                                                                                           \
	do {                                                                                                           \
		va_list args;                                                                                          \
		va_start(args, flags);                                                                                 \
		(mode) = (flags) & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;                                   \
		va_end(args);                                                                                          \
	} while (0)

EXPORT int open(const char *path, int flags, ...)
{
	mode_t mode;

	MODE_OF(flags, mode);
	return open_any(AT_FDCWD, path, flags, mode);
}

EXPORT int open64(const char *path, int flags, ...)
{
	mode_t mode;

	MODE_OF(flags, mode);
	return open_any(AT_FDCWD, path, flags, mode);
}

EXPORT int openat(int dir, const char *path, int flags, ...)
{
	mode_t mode;

	MODE_OF(flags, mode);
	return open_any(dir, path, flags, mode);
}

EXPORT int openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode;

	MODE_OF(flags, mode);
	return open_any(dir, path, flags, mode);
}

/* What <fcntl.h> makes of a call without a mode. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);

EXPORT int __open_2(const char *path, int flags)
{
	return open_any(AT_FDCWD, path, flags, 0);
}

EXPORT int __open64_2(const char *path, int flags)
{
	return open_any(AT_FDCWD, path, flags, 0);
}

EXPORT int __openat_2(int dir, const char *path, int flags)
{
	return open_any(dir, path, flags, 0);
}

EXPORT int __openat64_2(int dir, const char *path, int flags)
{
	return open_any(dir, path, flags, 0);
}

#endif
