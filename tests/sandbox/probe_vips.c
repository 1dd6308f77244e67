/* SPDX-License-Identifier: Apache-2.0 */
#include "probe.h"

static const struct codec table[] = {{TUTELA_FORMAT_JXL, tutela_probe}};

const struct codecs tutela_codecs = {
	.kind = WIRE_VIPS, .program = "tutela-decoder-vips", .threads = true, .n = 1, .table = table};
