/* SPDX-License-Identifier: Apache-2.0 */
#include "match/kernels.h"

const struct kernels *tutela_kernels_get(enum tutela_isa isa)
{
	if (!tutela_cpu_has(isa))
		return NULL;
	if (isa == TUTELA_ISA_AUTO)
		isa = tutela_cpu_best();
	switch (isa) {
#ifdef __x86_64__
	case TUTELA_ISA_AVX512:
		return &tutela_kernels_avx512;
	case TUTELA_ISA_AVX2:
		return &tutela_kernels_avx2;
#endif
#ifdef __AARCH64EL__
	case TUTELA_ISA_NEON:
		return &tutela_kernels_neon;
#endif
	default:
		return &tutela_kernels_scalar;
	}
}
