/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image of an index, byte for byte: what a file holds, and what memory
 * holds. Searched in place, so a file is mapped and used as it is.
 *
 * All integers are little-endian. All offsets count from the image's first
 * byte. "Row c" of a 256-bit code is the 16-bit integer of its bytes 2c and
 * 2c + 1, c = 0 .. 15.
 *
 * Header, 4,096 bytes:
 *
 *	   0  8  magic, "TUTELAIX"
 *	   8  4  version of the format, 1; the fields up to here never move
 *	  12  4  bits of a code: 64 or 256
 *	  16  4  kind: 1 FLAT, 2 TABLES (enum tutela_index_kind)
 *	  20  4  number of tables: 0 (FLAT) or 16 (TABLES)
 *	  24  4  bits of a table's key: 0 (FLAT) or 16 (TABLES)
 *	  28  4  permutation of the codes' bits: 0 none (FLAT), 1 diagonal (TABLES)
 *	  32  8  count: number of (code, value) pairs, at most 2^32 - 2
 *	  40  8  length of the image
 *	  48  8  length of a block of the checksums: 1,048,576
 *	  56  4  number of sections, at most 123
 *	  60  4  zero
 *	  64  8  checksum of the CHECKSUMS section, padding included
 *	  72 56  zero
 *	 128     the sections, 32 bytes each:
 *		   0  4  type
 *		   4  4  number of the table it belongs to, else 0
 *		   8  8  offset, a multiple of 64
 *		  16  8  length, without the padding
 *		  24  8  zero
 *		 zero to
 *	4088  8  checksum of bytes 0 .. 4087; as a number it names the image
 *
 * Sections follow in any order, none overlapping, each padded with zero bytes
 * to a multiple of 64; padding belongs to the section. A section of an unknown
 * type is passed over (its checksums count all the same).
 *
 *	1 CODES     count * bits / 8 bytes: the codes in the order of building, bits
 *		    permuted. A code's place here is its id.
 *	2 VALUES    count * 4 bytes: the values by id
 *	3 OFFSETS   TABLES, one a table: 65,537 numbers of 4 bytes. Bucket b of the
 *		    table is entries offset[b] .. offset[b + 1] - 1. Ascending;
 *		    the first is 0, the last is count.
 *	4 SKETCHES  TABLES, one a table: 2 bytes an entry
 *	5 IDS       TABLES, one a table: 4 bytes an entry
 *	6 CHECKSUMS 8 bytes for each block of each other section, sections in order
 *		    of the header. A section's blocks start at its offset; the
 *		    last is cut at the end of the padding. An empty section has none.
 *
 * Checksums are XXH3, 64 bits, seed 0.
 *
 * Table t holds each id once, in bucket row t of its (permuted) code; ids
 * ascend within a bucket. An entry's sketch is the next row, (t + 1) mod 16.
 *
 * The diagonal permutation takes bit k of row c to bit k of row (c + 5k) mod
 * 16. Neighbouring coefficients of a picture hang together; spread over all
 * rows they leave the buckets about as even as those of random codes. Being a
 * permutation it leaves distances as they are.
 */
#ifndef TUTELA_MATCH_FORMAT_H
#define TUTELA_MATCH_FORMAT_H

#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "an index is searched in place, and its sections are little-endian"
#endif

#define FORMAT_MAGIC   "TUTELAIX"
#define FORMAT_VERSION 1

#define FORMAT_HEADER_LEN   4096
#define FORMAT_TABLE_AT     128
#define FORMAT_SECTION_LEN  32
#define FORMAT_SECTIONS_MAX 123
#define FORMAT_DIGEST_AT    (FORMAT_HEADER_LEN - 8)

#define FORMAT_ALIGN     64
#define FORMAT_BLOCK_LEN (UINT64_C(1) << 20)
#define FORMAT_COUNT_MAX (UINT64_C(0xffffffff) - 1)

#define FORMAT_TABLES   16
#define FORMAT_KEY_BITS 16
#define FORMAT_BUCKETS  65536

enum format_permutation { FORMAT_PLAIN = 0, FORMAT_DIAGONAL = 1 };

enum format_section {
	FORMAT_CODES = 1,
	FORMAT_VALUES = 2,
	FORMAT_OFFSETS = 3,
	FORMAT_SKETCHES = 4,
	FORMAT_IDS = 5,
	FORMAT_CHECKSUMS = 6,
};

#endif
