/* SPDX-License-Identifier: Apache-2.0 */
#include "index_data.h"

#include "match/permute.h"

static struct code256 one_bit(unsigned row, unsigned k)
{
	struct code256 c = {{0}};

	c.w[row / 4] = UINT64_C(1) << (16 * (row % 4) + k);
	return c;
}

Test(permute, every_bit_goes_where_the_format_says)
{
	for (unsigned row = 0; row < 16; row++) {
		for (unsigned k = 0; k < 16; k++) {
			struct code256 from = one_bit(row, k), to = permute_forward(from);
			struct code256 want = one_bit((row + 5 * k) % 16, k), back = permute_backward(to);

			cr_assert_arr_eq(to.w, want.w, sizeof(to.w), "bit %u of row %u", k, row);
			cr_assert_arr_eq(back.w, from.w, sizeof(to.w), "bit %u of row %u", k, row);
		}
	}
}

Test(permute, a_row_alone_is_the_row_of_the_whole)
{
	uint64_t seed = 1;

	for (unsigned i = 0; i < 100; i++) {
		uint8_t bytes[32];

		random_bytes(&seed, bytes, sizeof(bytes));
		struct code256 c = code256_load(bytes), p = permute_forward(c);
		for (unsigned r = 0; r < 16; r++) {
			struct code256 mask = permute_mask(r);

			cr_assert_eq(permute_row(&c, &mask), code256_row(&p, r));
		}
	}
}
