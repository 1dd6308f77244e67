/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include <tutela/error.h>

Test(error, every_error_has_its_own_sentence)
{
	const char *sentences[64];
	size_t n = 0;

	for (int e = 0; e > -64; e--) {
		if (strcmp(tutela_err_name((enum tutela_err)e), "TUTELA_E_UNKNOWN") == 0)
			continue;
		sentences[n] = tutela_strerror((enum tutela_err)e);
		for (size_t i = 0; i < n; i++)
			cr_assert_str_neq(sentences[i], sentences[n]);
		n++;
	}
	cr_assert_eq(n, 20);
}

Test(error, numbers_outside_the_table_are_answered)
{
	cr_assert_str_eq(tutela_strerror((enum tutela_err) - 9999), "unknown error");
	cr_assert_str_eq(tutela_err_name((enum tutela_err)1), "TUTELA_E_UNKNOWN");
}
