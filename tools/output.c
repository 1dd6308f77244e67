/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "memory.h"
#include "message.h"
#include "printable.h"
#include "whole_bytes.h"

static atomic_int failure; /* errno of the first write that failed */
static bool terminal;

static void note_failure(void)
{
	int expected = 0;

	atomic_compare_exchange_strong(&failure, &expected, errno ? errno : EIO);
}

/* A signal while the pipe is full costs no byte: what was begun is written to its end. 0: failed, with errno. */
static ssize_t put(void *cookie, const char *bytes, size_t len)
{
	(void)cookie;
	if (whole_bytes_write(STDOUT_FILENO, bytes, len))
		return (ssize_t)len;
	/* Here, where errno is the reason: not every caller of stdio looks. */
	note_failure();
	return 0;
}

void output_setup(void)
{
	/* Opened the wrong way round, so that using them fails as it would on a closed descriptor. */
	static const int wrong[] = {O_WRONLY, O_RDONLY, O_WRONLY};

	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", wrong[fd]) != fd)
			_exit(STATUS_TROUBLE);
	}
	terminal = isatty(STDOUT_FILENO);
	stdout = memory_must(fopencookie(NULL, "w", (cookie_io_functions_t){.write = put}));
	setvbuf(stdout, NULL, terminal ? _IOLBF : _IOFBF, 1 << 16);
}

bool output_write(const char *text, size_t len)
{
	message_hold();
	errno = 0;
	if (fwrite(text, 1, len, stdout) != len || (terminal && fflush(stdout)))
		note_failure();
	message_release();
	return !output_failed();
}

bool output_print(const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int len;
	bool ok;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		note_failure();
	ok = len >= 0 && output_write(text, (size_t)len);
	free(len >= 0 ? text : NULL);
	return ok;
}

char *output_json_text(json_t *object, size_t *len)
{
	char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(6));

	if (!text)
		text = memory_text("{}");
	json_decref(object);
	*len = strlen(text);
	text = memory_resize(text, *len + 2, 1);
	text[(*len)++] = '\n';
	text[*len] = '\0';
	return text;
}

bool output_json(json_t *object)
{
	size_t len;
	char *text = output_json_text(object, &len);
	bool ok = output_write(text, len);

	free(text);
	return ok;
}

void output_flush(void)
{
	message_hold();
	errno = 0;
	if (fflush(stdout))
		note_failure();
	message_release();
}

bool output_failed(void)
{
	return atomic_load(&failure) != 0;
}

int output_finish(int status)
{
	char text[64];

	errno = 0;
	if (fflush(stdout) || ferror(stdout))
		note_failure();
	/* Network file systems report a full disk only now. */
	if (close(STDOUT_FILENO) && !output_failed() && errno != EBADF)
		note_failure();
	if (!output_failed())
		return status;
	if (atomic_load(&failure) != EPIPE)
		message_error("standard output", "%s", printable_errno(atomic_load(&failure), text));
	return STATUS_TROUBLE;
}

json_t *output_string(const char *s, size_t len)
{
	size_t clean_len;
	char *clean;
	json_t *out;

	if (printable_is_utf8(s, len))
		return json_stringn(len ? s : "", len);
	clean = printable_utf8(s, len, &clean_len);
	out = json_stringn(clean, clean_len);
	free(clean);
	return out;
}

json_t *output_tutela_text(struct tutela_text text)
{
	return output_string(text.len ? text.s : "", text.len);
}

void output_set_bytes(json_t *object, const char *key, const char *s, size_t len)
{
	json_object_set_new(object, key, output_string(s, len));
	if (!printable_is_utf8(s, len)) {
		char *name = memory_format("%s_bytes", key), *hex = printable_hex(s, len);

		json_object_set_new(object, name, json_string(hex));
		free(name);
		free(hex);
	}
}

char *output_time_text(int64_t seconds, char *buf)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (seconds == 0 || !gmtime_r(&t, &tm) || !strftime(buf, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		memcpy(buf, "-", 2);
	return buf;
}

json_t *output_time(int64_t seconds)
{
	char buf[32];

	return seconds ? json_string(output_time_text(seconds, buf)) : NULL;
}

json_t *output_fingerprints(const uint64_t *by_algorithm)
{
	json_t *out = json_object();
	const struct tutela_algorithm_info *a;

	for (size_t i = 0; (a = tutela_algorithm_at(i)); i++) {
		if (by_algorithm[a->id])
			json_object_set_new(out, a->name, json_integer((json_int_t)by_algorithm[a->id]));
	}
	return out;
}
