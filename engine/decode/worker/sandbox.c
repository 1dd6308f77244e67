/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/sandbox.h"

#include "decode/wire.h"
#include "decode/worker/build_kind.h"
#include "decode/worker/landlock.h"
#include "decode/worker/namespaces.h"
#include "decode/worker/syscall_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The four below, the socket, one file under work, and some for a library that opens and closes. */
#define DESCRIPTORS_MAX 16

static bool limit(__rlimit_resource_t what, rlim_t value)
{
	const struct rlimit to = {.rlim_cur = value, .rlim_max = value};

	return setrlimit(what, &to) == 0;
}

static bool limits(uint64_t memory, bool threads)
{
#ifndef SHADOW_MEMORY
	if (!limit(RLIMIT_AS, (rlim_t)memory))
		return false;
#endif
	(void)memory;
#ifndef TUTELA_COVERAGE
	if (!limit(RLIMIT_FSIZE, 0))
		return false;
#endif
	if (!threads && !limit(RLIMIT_NPROC, 0))
		return false;
	return limit(RLIMIT_CORE, 0) && limit(RLIMIT_NOFILE, DESCRIPTORS_MAX);
}

static bool drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	return syscall(SYS_capset, &head, none) == 0;
}

static bool privileges(void)
{
	if (!drop_capabilities() || prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L))
		return false;
	/* RLIMIT_CORE does not bind a core pattern that is a pipe; this does. It must come after any change of rights.
	 */
	return prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) == 0;
}

/* A kernel without Landlock is reported; a Landlock that does not do what it says is the end. */
static bool landlock(struct sandbox *s)
{
	int abi = tutela_landlock_abi();

#ifdef TUTELA_COVERAGE
	return true;
#endif
	if (abi < 0 || (abi > 0 && !tutela_landlock_deny_all(abi)))
		return false;
	s->landlock = (unsigned)abi;
	return true;
}

static bool channel_ended(void)
{
	char byte;

	return recv(WIRE_FD, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/*
 * The signal comes for whatever happens to the channel, also late for the request itself, which a worker
 * may have before the host has left its sendmsg. So it is no more than a reason to look.
 */
static void on_channel(int sig)
{
	int e = errno;

	(void)sig;
	if (channel_ended())
		_exit(EXIT_FAILURE);
	errno = e;
}

/* SIGIO is for this process, and means: look. Said before Landlock, which would ask whether the host may send it. */
static bool listen_to_channel(void)
{
	const struct sigaction look = {.sa_handler = on_channel, .sa_flags = SA_RESTART};

	return sigaction(SIGIO, &look, NULL) == 0 && fcntl(WIRE_FD, F_SETOWN, getpid()) == 0;
}

bool tutela_sandbox_enter(struct sandbox *s)
{
	s->defences = 0;
	s->landlock = 0;
#ifdef WEAKENED
	s->defences |= WIRE_WEAKENED;
#endif
	if (close_range(WIRE_FD + 1, ~0U, 0) || !tutela_namespaces_alone())
		return false;
	/* Nothing under scan may be kept from being unmounted. */
	if (chdir("/"))
		return false;
	if (!listen_to_channel())
		return false;
	s->defences |= tutela_namespaces_enter();
	return privileges() && limits(s->memory, s->threads) && landlock(s) && tutela_filter_load(s->threads);
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

/*
 * Not PR_SET_PDEATHSIG: that fires when the thread ends that happened to start
 * the worker, and a pool is used from threads that come and go. The channel
 * closes when the process does, and only then.
 */
bool tutela_sandbox_watch(bool on)
{
	if (fcntl(WIRE_FD, F_SETFL, on ? O_ASYNC : 0))
		return false;
	/* It may have closed just before. */
	return !on || !channel_ended();
}

const char *tutela_sandbox_weakness(void)
{
#if defined(TUTELA_COVERAGE)
	return " (weakened for tests: it may write files)";
#elif defined(SHADOW_MEMORY)
	return " (weakened for tests: no limit on address space, some system calls more)";
#else
	return "";
#endif
}
