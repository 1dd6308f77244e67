/* SPDX-License-Identifier: Apache-2.0 */
#include "probe.h"

static const struct codec table[] = {{TUTELA_FORMAT_JPEG, tutela_probe}};

const struct codecs tutela_codecs = {.kind = WIRE_CORE, .program = "tutela-decoder", .n = 1, .table = table};
