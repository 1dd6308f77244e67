/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaks in tests, in a build with the address sanitizer: each test's process
 * looks for them when it ends. The process that runs the tests does not
 * (leak_check_at_exit=0): the test library leaks a little of its own there.
 * The exit status of a test that has passed is not looked at, so the file
 * named by $TUTELA_LEAKS says that there was one; `make check-unit` reads it.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LEAKS 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define LEAKS 1
#endif

#ifdef LEAKS
#include <sanitizer/lsan_interface.h>
#include <stdio.h>
#include <stdlib.h>

static void look(void)
{
	const char *name = getenv("TUTELA_LEAKS");
	FILE *f;

	if (!__lsan_do_recoverable_leak_check() || !name)
		return;
	f = fopen(name, "a");
	if (!f)
		return;
	fputs("leak\n", f);
	fclose(f);
}

__attribute__((constructor)) static void look_at_exit(void)
{
	if (getenv("BXFI_MAP")) /* set by the test library for the processes of tests */
		atexit(look);
}
#endif
