/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of CSV as RFC 4180 has them, under a header that exch_csv.c reads back. Every label comes back as it was: what a
 * column cannot say goes to the shared column "labels". For the table row of the format.
 */
#ifndef TUTELA_CSV_WRITE_H
#define TUTELA_CSV_WRITE_H

#include "exchange/exchange_format.h"

enum tutela_err tutela_csv_begin(struct tutela_writer *w);
enum tutela_err tutela_csv_put(struct tutela_writer *w, const struct tutela_record *rec);

#endif
