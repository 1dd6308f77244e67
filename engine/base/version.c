/* SPDX-License-Identifier: Apache-2.0 */
#include <tutela/version.h>

const char *tutela_version(void)
{
	return TUTELA_VERSION;
}
