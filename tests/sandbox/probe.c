/* SPDX-License-Identifier: Apache-2.0 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <unistd.h>

#define GIB     ((size_t)1 << 30)
#define FILE_FD (WIRE_FD + 1) /* where the file under work lies: the lowest one that is free */
#define HOST    ((pid_t)number)

/* Raw calls: a wrapper of glibc may make another one of them. */
#define CALL(...) through(syscall(__VA_ARGS__))

/*
 * 0 when the call reached what it asks for, else the errno of a refusal. An
 * error of another kind, such as a name that does not exist, is no refusal.
 */
static int through(long rc)
{
	if (rc >= 0)
		return 0;
	return errno == EPERM || errno == EACCES || errno == ENOSYS ? errno : 0;
}

#define ATTEMPT(name) static int name(long number)

ATTEMPT(try_openat)
{
	(void)number;
	return CALL(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
}
#ifdef SYS_open
ATTEMPT(try_open)
{
	(void)number;
	return CALL(SYS_open, "/etc/passwd", O_RDONLY);
}
#else
#define try_open try_openat
#endif
/* In a folder that the host has made for this. Static storage: one attempt a process. */
static const char *inside(long number, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "/tmp/tutela-probe-%ld/%s", number, name);
	return path;
}
ATTEMPT(try_create)
{
	return CALL(SYS_openat, AT_FDCWD, inside(number, "new"), O_CREAT | O_WRONLY, 0600);
}
ATTEMPT(try_unlink)
{
	return CALL(SYS_unlinkat, AT_FDCWD, inside(number, "gone"), 0);
}
ATTEMPT(try_mkdir)
{
	return CALL(SYS_mkdirat, AT_FDCWD, inside(number, "folder"), 0700);
}
ATTEMPT(try_truncate)
{
	return CALL(SYS_truncate, inside(number, "file"), 0L);
}
ATTEMPT(try_proc)
{
	(void)number;
	return CALL(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR);
}
static int stat_path(void)
{
	char room[256];

	return CALL(SYS_newfstatat, AT_FDCWD, "/etc/passwd", room, 0);
}
ATTEMPT(try_stat)
{
	(void)number;
	return stat_path();
}

ATTEMPT(try_socket)
{
	(void)number;
	return CALL(SYS_socket, AF_INET, SOCK_STREAM, 0);
}
ATTEMPT(try_unix_socket)
{
	(void)number;
	return CALL(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
}

ATTEMPT(try_connect)
{
	const struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);

	(void)number;
	return CALL(SYS_connect, fd < 0 ? WIRE_FD : fd, &to, sizeof(to));
}

/* The host listens on this name. */
ATTEMPT(try_abstract)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = (int)syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);

	snprintf(to.sun_path + 1, sizeof(to.sun_path) - 1, "tutela-probe-%ld", number);
	return CALL(SYS_connect, fd < 0 ? WIRE_FD : fd, &to, sizeof(to));
}

ATTEMPT(try_send_descriptor)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr msg = {.msg_control = &control, .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	const int fd = FILE_FD;

	(void)number;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return CALL(SYS_sendmsg, WIRE_FD, &msg, MSG_NOSIGNAL);
}

ATTEMPT(try_execve)
{
	char name[] = "true";
	char *argv[] = {name, NULL}, *none[] = {NULL};

	(void)number;
	return CALL(SYS_execve, "/bin/true", argv, none);
}

ATTEMPT(try_execveat)
{
	char *none[] = {NULL};

	(void)number;
	return CALL(SYS_execveat, FILE_FD, "", none, none, AT_EMPTY_PATH);
}

/* fork() as the kernel sees it. */
ATTEMPT(try_fork)
{
	long rc = syscall(SYS_clone, SIGCHLD, 0L, 0L, 0L, 0L);

	(void)number;
	if (rc == 0)
		_exit(0);
	return errno == EAGAIN && rc < 0 ? EAGAIN : through(rc);
}

ATTEMPT(try_clone3)
{
	struct {
		uint64_t flags, more[10];
	} args = {CLONE_NEWUSER, {0}};
	long rc = syscall(SYS_clone3, &args, sizeof(args));

	(void)number;
	if (rc == 0)
		_exit(0);
	return through(rc);
}

ATTEMPT(try_unshare)
{
	(void)number;
	return CALL(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNS);
}
ATTEMPT(try_setns)
{
	(void)number;
	return CALL(SYS_setns, FILE_FD, 0);
}
ATTEMPT(try_mount)
{
	(void)number;
	return CALL(SYS_mount, "none", "/", "tmpfs", 0L, NULL);
}
ATTEMPT(try_chroot)
{
	(void)number;
	return CALL(SYS_chroot, "/");
}
ATTEMPT(try_setuid)
{
	(void)number;
	return CALL(SYS_setuid, 0);
}
ATTEMPT(try_ptrace)
{
	return CALL(SYS_ptrace, PTRACE_SEIZE, HOST, 0L, 0L);
}
ATTEMPT(try_kill)
{
	return CALL(SYS_kill, HOST, 0);
}
ATTEMPT(try_tgkill)
{
	return CALL(SYS_tgkill, HOST, HOST, 0);
}
ATTEMPT(try_pidfd)
{
	return CALL(SYS_pidfd_open, HOST, 0);
}

ATTEMPT(try_read_host)
{
	char byte;
	struct iovec to = {&byte, 1}, from = {&byte, 1};

	return CALL(SYS_process_vm_readv, HOST, &to, 1L, &from, 1L, 0L);
}

static int map(size_t len, int prot, int flags, int fd)
{
	return mmap(NULL, len, prot, flags, fd, 0) == MAP_FAILED ? errno : 0;
}
ATTEMPT(try_mmap_exec)
{
	(void)number;
	return map(4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}
ATTEMPT(try_mmap_file)
{
	(void)number;
	return map(4096, PROT_READ, MAP_PRIVATE, FILE_FD);
}
ATTEMPT(try_memory)
{
	(void)number;
	return map(3 * GIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
}

ATTEMPT(try_mprotect_exec)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)number;
	return CALL(SYS_mprotect, p, 4096L, PROT_READ | PROT_EXEC);
}

/* The file under work: what is refused here is refused by the descriptor, too. */
static int on_file(long rc)
{
	return rc < 0 ? errno : 0;
}
ATTEMPT(try_ftruncate)
{
	(void)number;
	return on_file(syscall(SYS_ftruncate, FILE_FD, 0L));
}
ATTEMPT(try_write_file)
{
	(void)number;
	return on_file(syscall(SYS_write, FILE_FD, "x", 1L));
}
ATTEMPT(try_pwrite)
{
	(void)number;
	return on_file(syscall(SYS_pwrite64, FILE_FD, "x", 1L, 0L));
}
ATTEMPT(try_fallocate)
{
	(void)number;
	return on_file(syscall(SYS_fallocate, FILE_FD, 0, 0L, 1L << 20));
}
ATTEMPT(try_seals)
{
	(void)number;
	return on_file(syscall(SYS_fcntl, FILE_FD, F_ADD_SEALS, 0));
}

/* One GB, wherever it would go. */
ATTEMPT(try_gigabyte)
{
	static const char block[1 << 20];
	int fd = (int)syscall(SYS_memfd_create, "probe", 0);

	(void)number;
	for (size_t done = 0; done < GIB; done += sizeof(block))
		if (syscall(SYS_write, fd, block, sizeof(block)) < 0)
			return errno;
	return 0;
}

ATTEMPT(try_memfd)
{
	(void)number;
	return CALL(SYS_memfd_create, "probe", 0);
}
ATTEMPT(try_dup)
{
	(void)number;
	return CALL(SYS_dup, WIRE_FD);
}
ATTEMPT(try_ioctl)
{
	int n;
	(void)number;
	return syscall(SYS_ioctl, WIRE_FD, 0x541bL, &n) < 0 ? errno : 0;
} /* FIONREAD */

ATTEMPT(try_rlimit)
{
	const struct rlimit to = {RLIM_INFINITY, RLIM_INFINITY};

	(void)number;
	return CALL(SYS_prlimit64, 0, RLIMIT_FSIZE, &to, NULL);
}

ATTEMPT(try_dumpable)
{
	(void)number;
	return CALL(SYS_prctl, PR_SET_DUMPABLE, 1L, 0L, 0L, 0L);
}

ATTEMPT(try_catch)
{
	struct sigaction a = {.sa_handler = SIG_IGN};

	(void)number;
	return through(sigaction(SIGIO, &a, NULL));
}

ATTEMPT(try_seccomp)
{
	(void)number;
	return CALL(SYS_seccomp, 0, 0, NULL);
}
ATTEMPT(try_bpf)
{
	(void)number;
	return CALL(SYS_bpf, 0, NULL, 0);
}
ATTEMPT(try_io_uring)
{
	(void)number;
	return CALL(SYS_io_uring_setup, 1, NULL);
}
ATTEMPT(try_userfaultfd)
{
	(void)number;
	return CALL(SYS_userfaultfd, 1);
}
ATTEMPT(try_perf)
{
	(void)number;
	return CALL(SYS_perf_event_open, NULL, 0, 0, 0, 0L);
}
ATTEMPT(try_keyctl)
{
	(void)number;
	return CALL(SYS_keyctl, 0, -3, 0, 0, 0);
}
ATTEMPT(try_shmget)
{
	(void)number;
	return CALL(SYS_shmget, 0, 4096L, 0600);
}

/* Other numberings of the same calls: getpid by i386 and by x32. */
ATTEMPT(try_old_abi)
{
	(void)number;
#ifdef __x86_64__
	long rc;

	__asm__ volatile("int $0x80" : "=a"(rc) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
	return rc > 0 ? 0 : ENOSYS;
#else
	return ENOSYS;
#endif
}

ATTEMPT(try_x32)
{
	(void)number;
#ifdef __x86_64__
	return CALL(0x40000000L + SYS_getpid);
#else
	return ENOSYS;
#endif
}

ATTEMPT(try_spin)
{
	(void)number;
	for (;;)
		__asm__ volatile("");
	return 0;
}

/* Waits for what nobody will do, by a call that is allowed. */
ATTEMPT(try_sleep)
{
	uint32_t word = 0;

	(void)number;
	for (;;)
		syscall(SYS_futex, &word, 0, 0, NULL, NULL, 0);
	return 0;
}

/* Ways to die of itself, for what is reported of such files. */
ATTEMPT(try_abort)
{
	(void)number;
	abort();
}
ATTEMPT(try_segv)
{
	(void)number;
	raise(SIGSEGV);
	return 0;
}

static const struct {
	const char *name;
	int (*attempt)(long number);
} attempts[] = {
	{"open", try_open},
	{"openat", try_openat},
	{"create", try_create},
	{"proc", try_proc},
	{"stat", try_stat},
	{"unlink", try_unlink},
	{"mkdir", try_mkdir},
	{"truncate", try_truncate},
	{"socket", try_socket},
	{"unix-socket", try_unix_socket},
	{"connect", try_connect},
	{"abstract", try_abstract},
	{"send-descriptor", try_send_descriptor},
	{"execve", try_execve},
	{"execveat", try_execveat},
	{"fork", try_fork},
	{"clone3", try_clone3},
	{"unshare", try_unshare},
	{"setns", try_setns},
	{"mount", try_mount},
	{"chroot", try_chroot},
	{"setuid", try_setuid},
	{"ptrace", try_ptrace},
	{"kill", try_kill},
	{"tgkill", try_tgkill},
	{"pidfd", try_pidfd},
	{"read-host", try_read_host},
	{"mmap-exec", try_mmap_exec},
	{"mprotect-exec", try_mprotect_exec},
	{"mmap-file", try_mmap_file},
	{"memory", try_memory},
	{"ftruncate", try_ftruncate},
	{"write-file", try_write_file},
	{"pwrite", try_pwrite},
	{"fallocate", try_fallocate},
	{"seals", try_seals},
	{"gigabyte", try_gigabyte},
	{"memfd", try_memfd},
	{"dup", try_dup},
	{"ioctl", try_ioctl},
	{"rlimit", try_rlimit},
	{"dumpable", try_dumpable},
	{"catch", try_catch},
	{"seccomp", try_seccomp},
	{"bpf", try_bpf},
	{"io_uring", try_io_uring},
	{"userfaultfd", try_userfaultfd},
	{"perf", try_perf},
	{"keyctl", try_keyctl},
	{"shmget", try_shmget},
	{"old-abi", try_old_abi},
	{"x32", try_x32},
	{"spin", try_spin},
	{"sleep", try_sleep},
	{"abort", try_abort},
	{"segv", try_segv},
};

static void report(struct row_sink *sink, uint32_t what, int error)
{
	sink->width = what;
	sink->height = (uint32_t)error;
}

enum tutela_decode_class tutela_probe(const uint8_t *bytes, size_t len, struct row_sink *sink)
{
	const char *colon = memchr(bytes, ':', len);
	char order[64] = "", name[48] = "";
	long number = 0;

	if (colon)
		snprintf(order, sizeof(order), "%.*s", (int)(len - (size_t)(colon + 1 - (const char *)bytes)),
			 colon + 1);
	sscanf(order, "%47s %ld", name, &number);
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		int error;

		if (strcmp(attempts[i].name, name) != 0)
			continue;
		error = attempts[i].attempt(number);
		report(sink, error ? PROBE_REFUSED : PROBE_THROUGH, error);
		return TUTELA_DECODE_CORRUPT;
	}
	if (strncmp(name, "lie-", 4) == 0)
		tutela_probe_lie(name + 4, (uint32_t)number,
				 tutela_codecs.kind == WIRE_CORE ? TUTELA_FORMAT_JPEG : TUTELA_FORMAT_JXL);
	report(sink, PROBE_UNKNOWN, 0);
	return TUTELA_DECODE_CORRUPT;
}
