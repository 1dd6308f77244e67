/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/credentials.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "printable.h"

struct credentials {
	char text[CREDENTIALS_MAX + 1]; /* line ends are NULs; a further NUL ends it */
	size_t len;
	char pair[CREDENTIALS_MAX + 1]; /* the first line, its colon a NUL */
	bool is_pair;
};

static struct credentials *from_text(struct credentials *c)
{
	char *colon;

	strcpy(c->pair, c->text);
	c->pair[strcspn(c->pair, "\r\n")] = '\0';
	colon = strchr(c->pair, ':');
	c->is_pair = colon && colon > c->pair;
	if (c->is_pair)
		*colon = '\0';
	for (size_t i = 0; i < c->len; i++)
		if (c->text[i] == '\r' || c->text[i] == '\n')
			c->text[i] = '\0';
	return c;
}

/* Why a file with this state is not taken; NULL: it is. */
static const char *judge(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "a credentials file must be a regular file";
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return "a credentials file must be yours or root's";
	if (st->st_mode & 0077)
		return "others may read this credentials file: set its mode to 0600";
	if (st->st_size > CREDENTIALS_MAX)
		return "too long for a credentials file";
	return NULL;
}

static bool read_all(int fd, struct credentials *c)
{
	ssize_t n = 1;

	while (n > 0 && c->len < CREDENTIALS_MAX) {
		n = read(fd, c->text + c->len, CREDENTIALS_MAX - c->len);
		c->len += n > 0 ? (size_t)n : 0;
	}
	return n >= 0;
}

struct credentials *credentials_read(const char *path, char *why, size_t why_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct credentials *c = NULL;
	const char *wrong = NULL;
	struct stat st;
	char text[64];

	*why = '\0';
	if (fd < 0 || fstat(fd, &st))
		wrong = printable_errno(errno, text);
	else
		wrong = judge(&st);
	if (!wrong) {
		c = memory_array(1, sizeof(*c));
		if (!read_all(fd, c))
			wrong = printable_errno(errno, text);
		else if (memchr(c->text, '\0', c->len))
			wrong = "a credentials file holds text";
	}
	if (fd >= 0)
		close(fd);
	if (!wrong)
		return from_text(c);
	(void)snprintf(why, why_len, "%s", wrong);
	credentials_free(c);
	return NULL;
}

struct credentials *credentials_environment(const char *source)
{
	char *name = memory_format("TUTELA_CREDENTIALS_%s", source);
	struct credentials *c = NULL;
	const char *value;

	for (char *p = name; *p; p++)
		*p = isalnum((unsigned char)*p) ? (char)toupper((unsigned char)*p) : '_';
	value = getenv(name);
	if (value && *value && strlen(value) <= CREDENTIALS_MAX) {
		c = memory_array(1, sizeof(*c));
		c->len = strlen(value);
		memcpy(c->text, value, c->len);
		from_text(c);
	}
	free(name);
	return c;
}

bool credentials_pair(const struct credentials *c, const char **user, const char **password)
{
	*user = *password = NULL;
	if (!c->is_pair)
		return false;
	*user = c->pair;
	*password = c->pair + strlen(c->pair) + 1;
	return true;
}

const char *credentials_value(const struct credentials *c, const char *name)
{
	size_t n = strlen(name);

	for (size_t at = 0; at < c->len; at += strlen(c->text + at) + 1)
		if (strncasecmp(c->text + at, name, n) == 0 && c->text[at + n] == '=')
			return c->text + at + n + 1;
	return NULL;
}

void credentials_free(struct credentials *c)
{
	if (c)
		explicit_bzero(c, sizeof(*c));
	free(c);
}
