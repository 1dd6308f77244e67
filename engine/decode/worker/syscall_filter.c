/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules, and a program of the build that has libseccomp turn them into the kernel's filters and prints these as
 * C (filter_programs.h). In each worker's start that work would take longer than the namespaces do.
 */
#include "decode/wire.h"
#include "decode/worker/build_kind.h"
#include "decode/worker/syscall_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Any arguments. None of these reaches beyond the process and the descriptors that it was given. */
static const int allowed[] = {
	SCMP_SYS(pread64),       SCMP_SYS(close),      SCMP_SYS(fstat),        SCMP_SYS(brk),
	SCMP_SYS(munmap),        SCMP_SYS(mremap),     SCMP_SYS(madvise),      SCMP_SYS(futex),
	SCMP_SYS(clock_gettime), SCMP_SYS(getrandom),  SCMP_SYS(getpid),       SCMP_SYS(gettid),
	SCMP_SYS(exit),          SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
};

/* What libvips, GLib and codecs with threads need besides. */
static const int allowed_with_threads[] = {
	SCMP_SYS(set_robust_list),   SCMP_SYS(rseq),          SCMP_SYS(rt_sigprocmask),  SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_getattr), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
	SCMP_SYS(membarrier),        SCMP_SYS(sysinfo),       SCMP_SYS(getcpu),
};

struct answer {
	int call, error;
};

/* Made by libraries in passing, among them abort() and malloc's last words: refused, not deadly. */
static const struct answer answered[] = {
	{SCMP_SYS(write), EBADF},
	{SCMP_SYS(writev), EBADF},
	{SCMP_SYS(rt_sigaction), EPERM},
	{SCMP_SYS(newfstatat), EACCES},
};

static const struct answer answered_with_threads[] = {
	{SCMP_SYS(clone3), ENOSYS}, /* its flags are out of a filter's sight; glibc falls back to clone */
	{SCMP_SYS(openat), EACCES},   {SCMP_SYS(open), EACCES},         {SCMP_SYS(access), EACCES},
	{SCMP_SYS(readlink), EACCES}, {SCMP_SYS(readlinkat), EACCES},   {SCMP_SYS(statx), EACCES},
	{SCMP_SYS(stat), EACCES},     {SCMP_SYS(ioctl), ENOTTY},        {SCMP_SYS(getpeername), ENOTSOCK},
	{SCMP_SYS(lseek), ESPIPE},    {SCMP_SYS(sched_setattr), EPERM},
};

#ifdef WEAKENED
static const int allowed_weakened[] = {
	SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigprocmask), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(prlimit64),
#ifdef TUTELA_COVERAGE
	SCMP_SYS(openat),      SCMP_SYS(open),           SCMP_SYS(read),        SCMP_SYS(write),
	SCMP_SYS(lseek),       SCMP_SYS(fcntl),          SCMP_SYS(mkdir),       SCMP_SYS(newfstatat),
#endif
};
#endif

#define FLAGS(arg, mask, value) SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, (mask), (value))
#define IS(arg, value)          SCMP_CMP(arg, SCMP_CMP_EQ, (value), 0)

/* In a build for tests its own rules come first, and those that they make needless are passed over. */
static int settle(int rc)
{
#ifdef WEAKENED
	return rc == -EEXIST ? 0 : rc;
#else
	return rc;
#endif
}

static int allow_all(scmp_filter_ctx f, const int *calls, size_t n)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < n; i++)
		rc = settle(seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0));
	return rc;
}

static int answer_all(scmp_filter_ctx f, const struct answer *a, size_t n)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < n; i++)
		rc = settle(seccomp_rule_add(f, SCMP_ACT_ERRNO((uint32_t)a[i].error), a[i].call, 0));
	return rc;
}

/* One channel, and nothing but plain bytes into it: no descriptor, no address. */
static int allow_talk(scmp_filter_ctx f)
{
	int rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(recvmsg), 1, IS(0, WIRE_FD));

	rc = rc ? rc : seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(recvfrom), 1, IS(0, WIRE_FD));
	rc = rc ? rc : seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 2, IS(0, WIRE_FD), IS(4, 0));
	rc = rc ? rc : seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, IS(1, F_GETFL));
	return rc ? rc : seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 2, IS(0, WIRE_FD), IS(1, F_SETFL));
}

/* Memory of no file, never executable. */
static int allow_memory(scmp_filter_ctx f)
{
	int rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, FLAGS(2, PROT_EXEC, 0),
				  FLAGS(3, MAP_ANONYMOUS, MAP_ANONYMOUS));

	return rc ? rc : seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, FLAGS(2, PROT_EXEC, 0));
}

/* Its own processor time, its own signals: abort() should be seen as such. */
static int allow_self(scmp_filter_ctx f)
{
	int rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, IS(0, 0), IS(1, RLIMIT_CPU));

	return rc ? rc : seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, IS(0, FILTER_OWN_PID));
}

static int allow_threads(scmp_filter_ctx f)
{
	const scmp_datum_t thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD,
			   other = CLONE_PTRACE | CLONE_VFORK | CLONE_PARENT | CLONE_NEWNS | CLONE_NEWCGROUP |
				   CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_IO;
	int rc = allow_all(f, allowed_with_threads, COUNT(allowed_with_threads));

	rc = rc ? rc : answer_all(f, answered_with_threads, COUNT(answered_with_threads));
	rc = rc ? rc : seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, FLAGS(0, thread | other, thread));
	return rc ? rc : seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, IS(0, PR_SET_NAME));
}

static int describe(scmp_filter_ctx f, bool threads)
{
	/* Another architecture's way into the kernel is no way; a tree, not a chain, of tests. */
	int rc = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	rc = rc ? rc : seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	rc = rc ? rc : allow_all(f, allowed, COUNT(allowed));
#ifdef WEAKENED
	rc = rc ? rc : allow_all(f, allowed_weakened, COUNT(allowed_weakened));
#endif
	rc = rc ? rc : answer_all(f, answered, COUNT(answered));
	rc = rc ? rc : allow_talk(f);
	rc = rc ? rc : allow_memory(f);
	rc = rc ? rc : allow_self(f);
	if (threads)
		rc = rc ? rc : allow_threads(f);
	else
		rc = rc ? rc : seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(rt_sigprocmask), 0);
	return rc;
}

static bool print_program(FILE *from, const char *name)
{
	struct sock_filter f;

	printf("static const struct sock_filter %s[] = {\n", name);
	while (fread(&f, sizeof(f), 1, from) == 1)
		printf("\t{0x%02x, %u, %u, 0x%08xu},\n", f.code, f.jt, f.jf, f.k);
	printf("};\n");
	return !ferror(from);
}

static bool compile(bool threads, const char *name)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	FILE *made = tmpfile();
	bool ok = f && made && !describe(f, threads) && !seccomp_export_bpf(f, fileno(made));

	if (ok) {
		rewind(made);
		ok = print_program(made, name);
	}
	if (made)
		fclose(made);
	seccomp_release(f);
	return ok;
}

int main(void)
{
	printf("#include <linux/filter.h>\n");
	if (!compile(false, "filter_without_threads") || !compile(true, "filter_with_threads") || fflush(stdout)) {
		fprintf(stderr, "filter-compiler: libseccomp gives no filter\n");
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
