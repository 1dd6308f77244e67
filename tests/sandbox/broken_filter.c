/* SPDX-License-Identifier: Apache-2.0 */
/* Linked with --wrap=tutela_filter_load: a kernel that takes no filter. */
#include "decode/worker/syscall_filter.h"

bool __wrap_tutela_filter_load(bool threads);

bool __wrap_tutela_filter_load(bool threads)
{
	(void)threads;
	return false;
}
