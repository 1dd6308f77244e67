/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_check.h"

static const struct tutela_reader_opts plain = {0};

#define hashkeeper(in, out) expect("hashkeeper", &plain, in, out)
#define HEADER                                                                                                         \
	"\"file_id\",\"hashset_id\",\"file_name\",\"directory\",\"hash\",\"file_size\",\"date_modified\","             \
	"\"time_modified\",\"time_zone\",\"comments\",\"date_accessed\",\"time_accessed\"\n"

Test(exch_hashkeeper, a_table)
{
	hashkeeper(HEADER "1,7,\"a, \"\"b\"\".jpg\",\"C:\\x\",\"" MD5_A "\",10,,,\"CET\",,,\n"
			  "2,7,\"c.jpg\",\"C:\\x\",\"00112233445566778899AABBCCDDEEFF\",10,,,,,,\n",
		   "record 2 id=[] md5=" MD5_A REST "record 3 id=[] md5=" MD5_A REST FINE);
}

Test(exch_hashkeeper, bad_rows_cost_themselves)
{
	hashkeeper(HEADER "1,7,\"a\",\"x\",\"12\",10,,,,,,\n1,7,\"a\",\"x\",\"" MD5_B "\",10,,,,,,\n",
		   "problem 2 @153 the value has not the length of its algorithm\nrecord 3 id=[] md5=" MD5_B REST FINE);
	hashkeeper(HEADER "1,7,\"a\",\"x\",,10,,,,,,\n", "problem 2 @153 the entry has no fingerprint\n" FINE);
}

Test(exch_hashkeeper, what_is_no_such_table)
{
	hashkeeper("a,b\n1,2\n", "result TUTELA_E_FORMAT [the header has no column \"hash\"]\n");
	hashkeeper("", "result TUTELA_E_FORMAT [the input is empty: it has not even a header]\n");
}

Test(exch_hashkeeper, has_no_columns_to_choose)
{
	static const struct tutela_reader_opts mapped = {.columns = "md5=#1"};

	expect("hashkeeper", &mapped, HEADER, "result TUTELA_E_ARG [this format has no columns]\n");
}
