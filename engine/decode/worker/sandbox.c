/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/sandbox.h"

#include "decode/wire.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SHADOW_MEMORY 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SHADOW_MEMORY 1
#endif

/* The four below, the socket, one file under work, and some for a library that opens and closes. */
#define DESCRIPTORS_MAX 16

static bool limit(__rlimit_resource_t what, rlim_t value)
{
	const struct rlimit to = {.rlim_cur = value, .rlim_max = value};

	return setrlimit(what, &to) == 0;
}

static bool limits(uint64_t memory, bool threads)
{
#ifndef SHADOW_MEMORY /* sanitizers reserve terabytes */
	if (!limit(RLIMIT_AS, (rlim_t)memory))
		return false;
#endif
	(void)memory;
#ifndef TUTELA_COVERAGE /* the counters are written to files at exit */
	if (!limit(RLIMIT_FSIZE, 0))
		return false;
#endif
	if (!threads && !limit(RLIMIT_NPROC, 0))
		return false;
	return limit(RLIMIT_CORE, 0) && limit(RLIMIT_NOFILE, DESCRIPTORS_MAX);
}

bool tutela_sandbox_enter(uint64_t memory, bool threads)
{
	if (close_range(WIRE_FD + 1, ~0U, 0))
		return false;
	/* Nothing under scan may be kept from being unmounted. */
	if (chdir("/"))
		return false;
	/* RLIMIT_CORE does not bind a core pattern that is a pipe; this does. */
	if (prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L))
		return false;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L))
		return false;
	/* No PR_SET_PDEATHSIG: it fires when the thread ends that called the pool, not the process. */
	return limits(memory, threads);
}

bool tutela_sandbox_budget(uint64_t ms)
{
	struct timespec used;
	struct rlimit to;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) || getrlimit(RLIMIT_CPU, &to))
		return false;
	to.rlim_cur = (rlim_t)used.tv_sec + ms / 1000 + 2;
	if (to.rlim_cur > to.rlim_max)
		to.rlim_cur = to.rlim_max;
	return setrlimit(RLIMIT_CPU, &to) == 0;
}
