/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/worker/landlock.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Debian 12's <linux/landlock.h> ends at the second version, so what is needed
 * stands here, as the kernel's documentation gives it.
 */
#define CREATE_RULESET_VERSION (1u << 0)

#define FS_FIRST     (((uint64_t)1 << 13) - 1) /* 1: execute, write, read, list, remove, make of every kind */
#define FS_REFER     ((uint64_t)1 << 13)       /* 2 */
#define FS_TRUNCATE  ((uint64_t)1 << 14)       /* 3 */
#define NET_TCP      ((uint64_t)3)             /* 4: bind, connect */
#define FS_IOCTL_DEV ((uint64_t)1 << 15)       /* 5 */
#define SCOPES       ((uint64_t)3)             /* 6: abstract UNIX sockets, signals */

struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net; /* from 4 on */
	uint64_t scoped;             /* from 6 on */
};

int tutela_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	if (abi < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM ? 0 : -1;
	return (int)abi;
}

static struct ruleset_attr rights_of(int abi)
{
	struct ruleset_attr a = {.handled_access_fs = FS_FIRST};

	if (abi >= 2)
		a.handled_access_fs |= FS_REFER;
	if (abi >= 3)
		a.handled_access_fs |= FS_TRUNCATE;
	if (abi >= 4)
		a.handled_access_net = NET_TCP;
	if (abi >= 5)
		a.handled_access_fs |= FS_IOCTL_DEV;
	if (abi >= 6)
		a.scoped = SCOPES;
	return a;
}

/* A field that a kernel does not know must not be there. */
static size_t size_for(int abi)
{
	if (abi >= 6)
		return sizeof(struct ruleset_attr);
	return abi >= 4 ? offsetof(struct ruleset_attr, scoped) : offsetof(struct ruleset_attr, handled_access_net);
}

bool tutela_landlock_deny_all(int abi)
{
	struct ruleset_attr attr = rights_of(abi);
	int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, size_for(abi), 0);
	bool ok;

	if (fd < 0)
		return false;
	ok = syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	close(fd);
	return ok;
}
