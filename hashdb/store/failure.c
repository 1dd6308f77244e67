/* SPDX-License-Identifier: Apache-2.0 */
/* The text of each thread's last error on a store. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/env.h"

#define FAILURES_MAX 1024 /* threads; the one that failed longest ago gives its place */

struct failure {
	struct failure *next;
	pthread_t thread;
	char text[ERROR_TEXT_MAX];
};

/* This thread's place, moved to the front; NULL when it has none. The lock is held. */
static struct failure *find(struct tutela_store *s, bool take_last)
{
	struct failure **at = &s->failures, *f;

	while (*at && !pthread_equal((*at)->thread, pthread_self()) && !(take_last && !(*at)->next))
		at = &(*at)->next;
	f = *at;
	if (f) {
		*at = f->next;
		f->next = s->failures;
		s->failures = f;
		f->thread = pthread_self();
	}
	return f;
}

static struct failure *place(struct tutela_store *s)
{
	struct failure *f = find(s, s->n_failures >= FAILURES_MAX);

	if (f)
		return f;
	f = tutela_mem_array(1, sizeof *f);
	if (f) {
		f->thread = pthread_self();
		f->next = s->failures;
		s->failures = f;
		s->n_failures++;
	}
	return f;
}

enum tutela_err tutela_store_fail(struct tutela_store *s, enum tutela_err err, const char *format, ...)
{
	int saved = errno;
	struct failure *f;
	va_list ap;

	if (!s)
		return err;
	(void)pthread_mutex_lock(&s->lock);
	f = place(s);
	if (f) {
		va_start(ap, format);
		(void)vsnprintf(f->text, sizeof f->text, format, ap);
		va_end(ap);
	}
	(void)pthread_mutex_unlock(&s->lock);
	errno = saved;
	return err;
}

const char *tutela_store_errmsg(const struct tutela_store *s)
{
	/* The handle is the caller's in name only: the list of texts is guarded by its own lock. */
	union {
		const struct tutela_store *in;
		struct tutela_store *out;
	} handle = {.in = s};
	struct failure *f;

	if (!s)
		return "";
	(void)pthread_mutex_lock(&handle.out->lock);
	f = find(handle.out, false);
	(void)pthread_mutex_unlock(&handle.out->lock);
	return f ? f->text : "";
}

void tutela_store_fail_free(struct tutela_store *s)
{
	while (s->failures) {
		struct failure *f = s->failures;

		s->failures = f->next;
		free(f);
	}
	s->n_failures = 0;
}

enum tutela_err tutela_store_fail_sys(struct tutela_store *s, const char *what)
{
	int e = errno;
	enum tutela_err err = e == ENOSPC || e == EDQUOT ? TUTELA_E_DISKFULL
			      : e == EROFS               ? TUTELA_E_READONLY
			      : e == ENOMEM              ? TUTELA_E_NOMEM
							 : TUTELA_E_SYS;
	char text[128];

	return tutela_store_fail(s, err, "%s: %s", what,
				 err == TUTELA_E_DISKFULL ? tutela_strerror(err) : strerror_r(e, text, sizeof text));
}
