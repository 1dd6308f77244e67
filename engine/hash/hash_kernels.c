/* SPDX-License-Identifier: Apache-2.0 */
#include "hash/hash_kernels.h"

const struct hash_kernels *tutela_hash_kernels(enum tutela_isa isa)
{
	if (isa == TUTELA_ISA_AUTO)
		isa = tutela_cpu_best();
	if (!tutela_cpu_has(isa))
		return NULL;
	return &tutela_hash_scalar;
}
