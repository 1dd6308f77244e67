/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checksum of everything this project keeps on disk: XXH3, 64 bits, seed
 * 0. It finds damage, not forgery.
 * Source: https://github.com/Cyan4973/xxHash (specification doc/xxhash_spec.md)
 */
#ifndef TUTELA_BASE_CHECKSUM_H
#define TUTELA_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

uint64_t tutela_checksum(const void *p, size_t len);

#endif
