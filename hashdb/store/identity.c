/* SPDX-License-Identifier: Apache-2.0 */
#include "store/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "tutela store "

enum tutela_err tutela_identity_check(struct tutela_store *s)
{
	char text[64] = "";
	unsigned long schema;
	char *end;
	ssize_t n;
	int fd = openat(s->dir, IDENTITY_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0) {
		if (errno == ENOENT || errno == ELOOP)
			return tutela_store_fail(s, TUTELA_E_NOTSTORE, "'%s' is not a Tutela store", s->path);
		return tutela_store_fail_sys(s, "opening the file 'TUTELA'");
	}
	n = read(fd, text, sizeof text - 1);
	(void)close(fd);
	if (n <= 0 || strncmp(text, PREFIX, strlen(PREFIX)))
		return tutela_store_fail(s, TUTELA_E_NOTSTORE, "'%s' is not a Tutela store", s->path);
	schema = strtoul(text + strlen(PREFIX), &end, 10);
	if (*end != '\n' || !schema)
		return tutela_store_fail(s, TUTELA_E_CORRUPT, "the file 'TUTELA' in '%s' is damaged", s->path);
	if (schema != SCHEMA_VERSION)
		return tutela_store_fail(
			s, TUTELA_E_VERSION, "'%s' was made by %s version of Tutela (schema %lu; this one knows %u)",
			s->path, schema > SCHEMA_VERSION ? "a newer" : "an older", schema, SCHEMA_VERSION);
	return TUTELA_OK;
}
