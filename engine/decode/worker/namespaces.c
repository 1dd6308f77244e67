/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/namespaces.h"

#include "decode/wire.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OTHERS (CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS)

bool tutela_namespaces_alone(void)
{
	struct stat st;

	/* For a single thread these three do nothing; with others beside it they are refused. */
	if (unshare(CLONE_THREAD | CLONE_SIGHAND | CLONE_VM) == 0)
		return true;
	if (errno == EINVAL)
		return false;
	/* A container's policy forbids the call: a folder for each thread, and two links of the folder's own. */
	return stat("/proc/self/task", &st) == 0 && st.st_nlink == 3;
}

/*
 * The root becomes an empty folder that nothing can be put into, and the old
 * one goes. /dev only serves as a place to mount on; it is there, because
 * descriptors 0 to 2 come from it.
 */
static bool empty_root(void)
{
#ifdef TUTELA_COVERAGE /* the counters are written to files at exit */
	return false;
#endif
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("none", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY, "size=4k,mode=111") == 0 &&
	       chdir("/dev") == 0 && syscall(SYS_pivot_root, ".", ".") == 0 && umount2(".", MNT_DETACH) == 0 &&
	       chdir("/") == 0;
}

unsigned tutela_namespaces_enter(void)
{
	unsigned got = 0;

	/* With a user of its own even root becomes nobody; root alone may have the others without it. */
	if (unshare(CLONE_NEWUSER | OTHERS) == 0)
		got = WIRE_USER_NS | WIRE_NETWORK_NS;
	else if (unshare(OTHERS) == 0)
		got = WIRE_NETWORK_NS;
	if (got && empty_root())
		got |= WIRE_MOUNT_NS;
	return got;
}
