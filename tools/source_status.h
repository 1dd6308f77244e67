/* SPDX-License-Identifier: Apache-2.0 */
/* How fresh the sources are, for `status`. */
#ifndef TUTELA_TOOLS_SOURCE_STATUS_H
#define TUTELA_TOOLS_SOURCE_STATUS_H

#include <jansson.h>

#include <tutela/source.h>

/* One object for each source into the array. */
enum tutela_err source_status_json(struct tutela_snapshot *snapshot, json_t *array);

/* One line for each source, and one for each of its lists that has expired. */
enum tutela_err source_status_print(struct tutela_snapshot *snapshot);

#endif
