/* SPDX-License-Identifier: Apache-2.0 */
/* Export and contract annotations shared by all public headers. */
#ifndef TUTELA_API_H
#define TUTELA_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define TUTELA_API     __attribute__((visibility("default")))
#define TUTELA_CHECKED __attribute__((warn_unused_result))
#else
#define TUTELA_API
#define TUTELA_CHECKED
#endif

#endif
