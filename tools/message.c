/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "printable.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool live; /* there is a live line on the terminal */
static bool quiet;

void message_quiet(bool q)
{
	quiet = q;
}

static void erase(void)
{
	if (live)
		fputs("\r\033[K", stderr);
	live = false;
}

void message_hold(void)
{
	pthread_mutex_lock(&lock);
	erase();
}

void message_release(void)
{
	pthread_mutex_unlock(&lock);
}

void message_live(const char *line)
{
	pthread_mutex_lock(&lock);
	erase();
	if (line) {
		fputs(line, stderr);
		live = true;
	}
	fflush(stderr);
	pthread_mutex_unlock(&lock);
}

static void say(const char *prefix, const char *subject, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

static void say(const char *prefix, const char *subject, const char *format, va_list args)
{
	char *raw = NULL, *text, *name = subject ? printable_quoted(subject) : NULL;

	if (vasprintf(&raw, format, args) < 0)
		raw = NULL;
	text = printable_sentence(raw ? raw : format);
	message_hold();
	/* One call, so that lines of several processes on one terminal stay whole. */
	fprintf(stderr, "%s%s%s%s\n", prefix, name ? name : "", name ? ": " : "", text);
	message_release();
	free(name);
	free(text);
	free(raw);
}

void message_error(const char *subject, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("tutela: ", subject, format, args);
	va_end(args);
}

void message_warning(const char *subject, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("tutela: warning: ", subject, format, args);
	va_end(args);
}

void message_note(const char *format, ...)
{
	va_list args;

	if (quiet)
		return;
	va_start(args, format);
	say("", NULL, format, args);
	va_end(args);
}
