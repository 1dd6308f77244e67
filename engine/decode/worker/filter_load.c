/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/syscall_filter.h"

#include "filter_programs.h" /* made by the build, see syscall_filter.c */

#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

_Static_assert(COUNT(filter_without_threads) <= COUNT(filter_with_threads), "room for the longer list");

/* A filter that does not ask for the number is not the one that was described. */
static bool fill_in(struct sock_filter *filter, size_t n, unsigned pid)
{
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		if (filter[i].k != FILTER_OWN_PID)
			continue;
		filter[i].k = pid;
		found = true;
	}
	return found;
}

bool tutela_filter_load(bool threads)
{
	struct sock_filter own[COUNT(filter_with_threads)];
	struct sock_fprog program = {
		.len = threads ? COUNT(filter_with_threads) : COUNT(filter_without_threads),
		.filter = own,
	};

	memcpy(own, threads ? filter_with_threads : filter_without_threads, program.len * sizeof(own[0]));
	/* Anything but 0 is a failure, the number of a thread that cannot follow among them. */
	return fill_in(own, program.len, (unsigned)getpid()) &&
	       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}
