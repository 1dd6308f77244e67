/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints as text: tutela/audit.h says how. */
#include <tutela/audit.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "exchange/utc_time.h"
#include "trust/hex_text.h"

#define KIND "tutela-audit-checkpoint "

static bool uuid_valid(const char *s)
{
	for (unsigned i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s[i] != '-' : !s[i] || !strchr("0123456789abcdef", s[i]))
			return false;
	}
	return !s[36];
}

size_t tutela_audit_checkpoint_format(const struct tutela_audit_checkpoint *cp, char *buf)
{
	char when[UTC_TIME_TEXT], head[2 * TUTELA_AUDIT_HEAD_LEN + 1];
	int len;

	*buf = '\0';
	if (!cp->number || !uuid_valid(cp->store) || !tutela_utc_format(cp->time, when))
		return 0;
	for (size_t i = 0; i < TUTELA_AUDIT_HEAD_LEN; i++)
		(void)snprintf(head + 2 * i, 3, "%02x", cp->head[i]);
	len = snprintf(buf, TUTELA_CHECKPOINT_TEXT_MAX,
		       TUTELA_CHECKPOINT_FIRST_LINE "\nstore %s\nnumber %" PRIu64 "\nhead %s\ntime %s\n", cp->store,
		       cp->number, head, when);
	return (size_t)len;
}

/* The value of the next line, which must begin with `word`. NULL when it does not. */
static const char *take(const char **at, const char *end, const char *word, size_t *len)
{
	const char *line = *at, *lf = memchr(line, '\n', (size_t)(end - line));
	size_t n = strlen(word);

	if (!lf || (size_t)(lf - line) < n || memcmp(line, word, n) != 0)
		return NULL;
	*at = lf + 1;
	*len = (size_t)(lf - line) - n;
	return line + n;
}

static bool parse_number(const char *s, size_t len, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < len; i++)
		if (s[i] < '0' || s[i] > '9' || __builtin_mul_overflow(*out, (uint64_t)10, out) ||
		    __builtin_add_overflow(*out, (uint64_t)(s[i] - '0'), out))
			return false;
	return len > 0;
}

static bool parse_lines(const char *at, const char *end, struct tutela_audit_checkpoint *out)
{
	const char *s;
	size_t len;

	s = take(&at, end, "store ", &len);
	if (!s || len != 36)
		return false;
	memcpy(out->store, s, 36);
	s = take(&at, end, "number ", &len);
	if (!s || !parse_number(s, len, &out->number))
		return false;
	s = take(&at, end, "head ", &len);
	if (!s || !hex_text_read(s, len, out->head, sizeof out->head))
		return false;
	s = take(&at, end, "time ", &len);
	return s && tutela_utc_parse(s, len, &out->time) && at == end;
}

enum tutela_err tutela_audit_checkpoint_parse(const char *text, size_t len, struct tutela_audit_checkpoint *out)
{
	char again[TUTELA_CHECKPOINT_TEXT_MAX];
	const char *at = text, *s;
	size_t n;

	memset(out, 0, sizeof *out);
	if (!text || len >= TUTELA_CHECKPOINT_TEXT_MAX)
		return TUTELA_E_FORMAT;
	s = take(&at, text + len, KIND, &n);
	if (!s)
		return TUTELA_E_FORMAT;
	if (n != 1 || *s != '1')
		return TUTELA_E_VERSION;
	/* One checkpoint, one text: what would be written otherwise is none. */
	if (parse_lines(at, text + len, out) && tutela_audit_checkpoint_format(out, again) == len &&
	    !memcmp(again, text, len))
		return TUTELA_OK;
	memset(out, 0, sizeof *out);
	return TUTELA_E_FORMAT;
}
