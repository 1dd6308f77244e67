/* SPDX-License-Identifier: Apache-2.0 */
#include "hash/hash_kernels.h"

const struct hash_kernels *tutela_hash_kernels(enum tutela_isa isa)
{
	if (isa == TUTELA_ISA_AUTO)
		isa = tutela_cpu_best();
	if (!tutela_cpu_has(isa))
		return NULL;
#if defined(__x86_64__)
	if (isa == TUTELA_ISA_AVX2 || isa == TUTELA_ISA_AVX512)
		return &tutela_hash_avx2;
#endif
#ifdef __AARCH64EL__
	if (isa == TUTELA_ISA_NEON)
		return &tutela_hash_neon;
#endif
	return &tutela_hash_scalar;
}
