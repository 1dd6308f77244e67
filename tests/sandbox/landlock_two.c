/* SPDX-License-Identifier: Apache-2.0 */
/* Linked with --wrap=tutela_landlock_abi: the interface of Debian 12's kernel on any newer one. */
#include "decode/worker/landlock.h"

int __real_tutela_landlock_abi(void);
int __wrap_tutela_landlock_abi(void);

int __wrap_tutela_landlock_abi(void)
{
	int abi = __real_tutela_landlock_abi();

	return abi < 2 ? abi : 2;
}
