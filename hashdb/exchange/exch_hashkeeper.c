/* SPDX-License-Identifier: Apache-2.0 */
/* Format "hashkeeper": the .hsh table of HashKeeper, a CSV whose column "hash" holds MD5. */
#include "exchange/exchange_format.h"

const struct exchange_format tutela_format_hashkeeper = {
	.name = "hashkeeper",
	.as = &tutela_format_csv,
	.columns = "md5=hash",
};
