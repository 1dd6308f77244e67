/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_check.h"

static const struct tutela_reader_opts plain = {0};

#define records(in, out) expect("records", &plain, in, out)

Test(exch_records, reads_every_field)
{
	records("active\tm/1\t1924949045\tmd5:" MD5_A " sha1:" SHA1_A "\t\tcategory=1\tk%3D=a=b%09\n"
		"# a remark\n\n"
		"withdrawn\t%25\t0\tpdq:" PDQ_A "\ta mistake\r\n"
		"withdrawn\tgone\t0\t\t",
		"record 1 id=[m/1] md5=" MD5_A " sha1=" SHA1_A
		" label=[category][1] label=[k=][a=b\t] status=active reason=[] time=1924949045\n"
		"record 4 id=[%] pdq=" PDQ_A " status=withdrawn reason=[a mistake] time=0\n"
		"record 5 id=[gone] status=withdrawn reason=[] time=0\n" FINE);
}

Test(exch_records, bad_lines_cost_themselves)
{
	records("active\t1\n", "problem 1 @0 fewer than five fields\n" FINE);
	records("active\t\t0\tmd5:" MD5_A "\t\n", "problem 1 @0 no entry id\n" FINE);
	records("active\t%2\t0\tmd5:" MD5_A "\t\n", "problem 1 @0 a '%' does not begin an escape\n" FINE);
	records("active\t%0a\t0\tmd5:" MD5_A "\t\n", "problem 1 @0 a '%' does not begin an escape\n" FINE);
	records("active\t1\t0\tmd5" MD5_A "\t\n", "problem 1 @0 a fingerprint is not written algorithm:hex\n" FINE);
	records("active\t1\t0\tmd5:" MD5_A " \t\n", "problem 1 @0 a space ends the fingerprints\n" FINE);
	records("active\t1\t0\tmd5:" MD5_A "\t\tlabel\n", "problem 1 @0 a label is not written key=value\n" FINE);
}

Test(exch_records, what_is_written_is_read_back)
{
	static const char in[] = "active\tm/1\t1924949045\tmd5:" MD5_A " sha1:" SHA1_A "\t\tcategory=1\tk%3D=a=b%09\n"
				 "disputed\t%25\t0\tpdq:" PDQ_A "\ta mistake\n";
	struct log out = {0}, read = {0};
	struct tutela_writer_opts opts = {.size = sizeof opts, .write = log_write, .ctx = &out};

	cr_assert_eq(tutela_writer_new("records", &opts, &read.copy), TUTELA_OK);
	log_read(&read, "records", &plain, in, sizeof in - 1, 0, 0);
	cr_assert_eq(tutela_writer_finish(read.copy), TUTELA_OK);
	tutela_writer_free(read.copy);
	cr_assert_str_eq(out.text, in);
	log_free(&out);
	log_free(&read);
}
