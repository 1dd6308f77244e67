/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are no pictures, or of formats that are only recognised. */
#include "hostile.h"

#include <string.h>

void bombs_other(void)
{
	static const struct {
		const char *bytes;
		size_t len, zeros;
		const char *name;
	} rows[] = {
		{"", 0, 0, "empty"},
		{"", 0, 0, "empty.jpg"},
		{"\0", 1, 0, "one"},
		{"\377\330\377", 3, 0, "three.jpg"},
		{"\211PNG\r\n\032\n", 8, 0, "eight.png"},
		{"GIF89a", 6, 0, "six.gif"},
		{"RIFF\377\377\377\377WEBP", 12, 0, "twelve.webp"},
		{"II*\0\377\377\377\377", 8, 0, "eight.tiff"},
		{"II+\0\10\0\0\0\377\377\377\377\377\377\377\177", 16, 0, "sixteen.tiff"},
		{"BM", 2, 0, "two.bmp"},
		{"\0\0\0\0ftypavif", 12, 20, "zero-box.avif"},
		{"\377\377\377\377ftypheic", 12, 20, "large-box.heic"},
		{"\0\0\0\014JXL \r\n\207\n", 12, 0, "twelve.jxl"},
		{"\0\0\0\014jP  \r\n\207\n", 12, 0, "twelve.jp2"},
		{"\377\117\377\121", 4, 100, "four.j2k"},
		{"PK\003\004", 4, 1000, "archive.zip"},
		{"\0\0\001\0\377\377\020\020\0\0\001\0\040\0", 14, 2000, "icon.ico"},
		{"8BPS\0\001\0\0\0\0\0\0\0\003\0\377\0\0", 18, 1000, "a.psd"},
		{"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>", 80, 0, "a.svg"},
		{"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><svg>&b;</svg>", 68, 0, "b.svg"},
		{"%PDF-1.4\n%%EOF\n", 15, 0, "a.pdf"},
		{"\177ELF", 4, 5000000, "zeros.jpg"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct file f = {0};

		put(&f, rows[i].bytes, rows[i].len);
		put_zeros(&f, rows[i].zeros);
		emit(&f, rows[i].name);
		file_free(&f);
	}
}
