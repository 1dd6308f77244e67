/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include <tutela/cpu.h>

Test(cpu, best_level_is_one_the_machine_has)
{
	cr_assert(tutela_cpu_has(tutela_cpu_best()));
	cr_assert(tutela_cpu_has(TUTELA_ISA_SCALAR));
	cr_assert(tutela_cpu_has(TUTELA_ISA_AUTO));
	cr_assert_not(tutela_cpu_has((enum tutela_isa)99));
}

Test(cpu, names_round_trip)
{
	enum tutela_isa isa;

	for (int i = TUTELA_ISA_AUTO; i <= TUTELA_ISA_NEON; i++) {
		cr_assert(tutela_isa_parse(tutela_isa_name((enum tutela_isa)i), &isa));
		cr_assert_eq((int)isa, i);
	}
	cr_assert_not(tutela_isa_parse("mmx", &isa));
	cr_assert_eq(isa, TUTELA_ISA_AUTO);
	cr_assert_str_eq(tutela_isa_name((enum tutela_isa)99), "unknown");
}
