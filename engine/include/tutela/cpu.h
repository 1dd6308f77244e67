/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instruction sets, as levels. A level is a set of extensions that are only
 * ever used together; code is compiled for a level, never for a loose bit.
 * The library picks the best level at run time and never changes its mind.
 *
 * Thread safety: all functions here are pure.
 */
#ifndef TUTELA_CPU_H
#define TUTELA_CPU_H

#include <tutela/api.h>

enum tutela_isa {
	TUTELA_ISA_AUTO = 0,   /* best level the machine has */
	TUTELA_ISA_SCALAR = 1, /* portable C: the specification */
	TUTELA_ISA_AVX2 = 2,   /* AVX2 + POPCNT + BMI1/2, operating-system support checked */
	TUTELA_ISA_AVX512 = 3, /* AVX-512 F BW DQ VL VPOPCNTDQ BITALG, on top of AVX2 */
	TUTELA_ISA_NEON = 4,   /* AArch64 Advanced SIMD */
};

/* Best level of this machine. */
TUTELA_API enum tutela_isa tutela_cpu_best(void);

/* Can this machine (and this build) run code of that level? AUTO and SCALAR: always. */
TUTELA_API bool tutela_cpu_has(enum tutela_isa isa);

/* "scalar", "avx2", "avx512", "neon", "auto"; static, never NULL. */
TUTELA_API const char *tutela_isa_name(enum tutela_isa isa);

/* Level by name; false (and *out = AUTO) when there is no such name. */
TUTELA_API bool tutela_isa_parse(const char *name, enum tutela_isa *out);

#endif
