/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

void *memory_must(void *p)
{
	static const char sentence[] = "tutela: out of memory\n";

	if (!p) {
		(void)!write(STDERR_FILENO, sentence, sizeof(sentence) - 1);
		_exit(STATUS_TROUBLE);
	}
	return p;
}

void *memory_array(size_t n, size_t size)
{
	return memory_must(calloc(n ? n : 1, size));
}

void *memory_resize(void *p, size_t n, size_t size)
{
	return memory_must(reallocarray(p, n ? n : 1, size));
}

void *memory_for_json(size_t n)
{
	return memory_must(malloc(n));
}

char *memory_text(const char *s)
{
	return memory_must(strdup(s));
}

char *memory_copy(const void *p, size_t len)
{
	char *out = memory_array(len + 1, 1);

	if (len)
		memcpy(out, p, len);
	return out;
}

char *memory_format(const char *format, ...)
{
	char *out = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&out, format, args) < 0)
		out = NULL;
	va_end(args);
	return memory_must(out);
}

FILE *memory_stream(char **text, size_t *len)
{
	*text = NULL;
	*len = 0;
	return memory_must(open_memstream(text, len));
}

void memory_stream_end(FILE *f, char **text)
{
	int failed = ferror(f);

	/* Where the last resize fails, fclose returns 0 all the same. */
	if (fclose(f) || failed || !*text)
		(void)memory_must(NULL);
}
