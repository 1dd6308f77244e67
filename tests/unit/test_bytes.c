/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/mem.h"

Test(bytes, integers_are_little_endian)
{
	uint8_t buf[15];
	struct bytes_writer w = bytes_writer_init(buf, sizeof buf);
	struct bytes_reader r = bytes_reader_init(buf, sizeof buf);

	bytes_put_u8(&w, 1);
	bytes_put_u16(&w, 0x0203);
	bytes_put_u32(&w, 0x04050607);
	bytes_put_u64(&w, 0x08090a0b0c0d0e0f);
	cr_assert_not(w.failed);
	cr_assert_eq(buf[1], 3);
	cr_assert_eq(bytes_u8(&r), 1);
	cr_assert_eq(bytes_u16(&r), 0x0203);
	cr_assert_eq(bytes_u32(&r), 0x04050607);
	cr_assert_eq(bytes_u64(&r), 0x08090a0b0c0d0e0f);
	cr_assert(bytes_done(&r));
}

Test(bytes, a_writer_past_its_end_stays_failed)
{
	uint8_t buf[4] = {9, 9, 9, 9};
	struct bytes_writer w = bytes_writer_init(buf, 3);

	bytes_put_u32(&w, 1);
	cr_assert(w.failed);
	bytes_put_u8(&w, 1);
	cr_assert_eq(buf[0], 9, "nothing is written after a failure");
	cr_assert_eq(w.at, buf);
}

Test(bytes, a_reader_past_its_end_gives_zero_and_stays_failed)
{
	uint8_t buf[3] = {1, 2, 3};
	struct bytes_reader r = bytes_reader_init(buf, sizeof buf);

	cr_assert_eq(bytes_u32(&r), 0);
	cr_assert(r.failed);
	cr_assert_eq(bytes_u8(&r), 0);
	cr_assert_not(bytes_done(&r));
}

Test(checksum, is_xxh3)
{
	/* XXH3_64bits of no input, from the specification. */
	cr_assert_eq(tutela_checksum("", 0), 0x2d06800538d394c2);
	cr_assert_neq(tutela_checksum("a", 1), tutela_checksum("b", 1));
}

Test(mem, overflow_is_refused)
{
	cr_assert_null(tutela_mem_array((size_t)-1, 2));
	cr_assert_null(tutela_mem_resize(NULL, (size_t)-1, 2));
	cr_assert_null(tutela_mem_aligned((size_t)-1, 2));
	cr_assert_null(tutela_mem_aligned((size_t)-1, 1));
}

Test(mem, aligned_and_mapped)
{
	void *p = tutela_mem_aligned(1, 1);
	unsigned char *m = tutela_mem_map(5000);

	cr_assert_not_null(p);
	cr_assert_eq((uintptr_t)p % 64, 0);
	cr_assert_not_null(m);
	cr_assert_eq(m[4999], 0);
	tutela_mem_unmap(m, 5000);
	free(p);
}

Test(mem, large_mappings_lie_on_huge_pages)
{
	static const size_t lens[] = {2u << 20, (2u << 20) + 1, 5000000, 64u << 20};

	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		unsigned char *m = tutela_mem_map(lens[i]);

		cr_assert_not_null(m);
		cr_assert_eq((uintptr_t)m % (2u << 20), 0);
		m[0] = m[lens[i] - 1] = 1;
		tutela_mem_unmap(m, lens[i]);
	}
	cr_assert_null(tutela_mem_map((size_t)-1));
	cr_assert_null(tutela_mem_map((size_t)-4096));
}
