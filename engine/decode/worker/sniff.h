/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which picture format do a file's first bytes claim? Looks at nothing else:
 * names lie.
 */
#ifndef TUTELA_DECODE_WORKER_SNIFF_H
#define TUTELA_DECODE_WORKER_SNIFF_H

#include <tutela/decode.h>

/* As many first bytes as ever help; fewer are fine. */
#define SNIFF_LEN 1024

enum tutela_format tutela_sniff(const uint8_t *p, size_t len);

#endif
