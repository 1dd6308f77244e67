/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUTELA_VERSION_H
#define TUTELA_VERSION_H

#include <tutela/api.h>

#define TUTELA_VERSION_MAJOR 0
#define TUTELA_VERSION_MINOR 1
#define TUTELA_VERSION_PATCH 0
#define TUTELA_VERSION       "0.1.0"

/* Version of the library that is linked, "0.1.0"; may differ from TUTELA_VERSION of the headers. Static. */
TUTELA_API const char *tutela_version(void);

#endif
