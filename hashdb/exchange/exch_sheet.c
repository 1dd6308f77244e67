/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format "sheet": the rows of "csv" for the eyes of people. An apostrophe
 * stands before what a spreadsheet may take for a formula, so that what a
 * source wrote is not run where it is looked at. That cannot be told from an
 * apostrophe of the source's, which is why nothing reads this format: lists
 * are exchanged as "csv", whose bytes are those of the list.
 */
#include "exchange/csv_write.h"

const struct exchange_format tutela_format_sheet = {
	.name = "sheet",
	.begin = tutela_csv_begin,
	.put = tutela_csv_put,
};
