/* SPDX-License-Identifier: Apache-2.0 */
/* Linked with --wrap=tutela_landlock_abi: a kernel that promises more than it does. */
#include "decode/worker/landlock.h"

int __wrap_tutela_landlock_abi(void);

int __wrap_tutela_landlock_abi(void)
{
	return -1;
}
