/* SPDX-License-Identifier: Apache-2.0 */
#include <tutela/cpu.h>

#include <string.h>

static const char *const names[] = {
	[TUTELA_ISA_AUTO] = "auto",     [TUTELA_ISA_SCALAR] = "scalar", [TUTELA_ISA_AVX2] = "avx2",
	[TUTELA_ISA_AVX512] = "avx512", [TUTELA_ISA_NEON] = "neon",
};
#define NAMES (sizeof names / sizeof names[0])

#if defined(__x86_64__)

/* The builtin reads XCR0 as well: a bit is set only when the operating system saves the registers. */
static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi") &&
	       __builtin_cpu_supports("bmi2");
}

static bool has_avx512(void)
{
	return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
	       __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512bitalg");
}

bool tutela_cpu_has(enum tutela_isa isa)
{
	switch (isa) {
	case TUTELA_ISA_AUTO:
	case TUTELA_ISA_SCALAR:
		return true;
	case TUTELA_ISA_AVX2:
		return has_avx2();
	case TUTELA_ISA_AVX512:
		return has_avx512();
	default:
		return false;
	}
}

#else

bool tutela_cpu_has(enum tutela_isa isa)
{
#if defined(__aarch64__)
	if (isa == TUTELA_ISA_NEON)
		return true;
#endif
	return isa == TUTELA_ISA_AUTO || isa == TUTELA_ISA_SCALAR;
}

#endif

enum tutela_isa tutela_cpu_best(void)
{
	static const enum tutela_isa order[] = {TUTELA_ISA_AVX512, TUTELA_ISA_AVX2, TUTELA_ISA_NEON};

	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		if (tutela_cpu_has(order[i]))
			return order[i];
	return TUTELA_ISA_SCALAR;
}

const char *tutela_isa_name(enum tutela_isa isa)
{
	return (size_t)isa < NAMES ? names[isa] : "unknown";
}

bool tutela_isa_parse(const char *name, enum tutela_isa *out)
{
	*out = TUTELA_ISA_AUTO;
	for (size_t i = 0; i < NAMES; i++) {
		if (strcmp(name, names[i]) == 0) {
			*out = (enum tutela_isa)i;
			return true;
		}
	}
	return false;
}
