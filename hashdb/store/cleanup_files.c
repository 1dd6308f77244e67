/* SPDX-License-Identifier: Apache-2.0 */
/* Index files that a crash or a merge left behind. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/cleanup.h"

static bool is_named(const struct segment_row *rows, size_t n, const char *name)
{
	char own[SEGMENT_NAME_MAX];

	for (size_t i = 0; i < n; i++) {
		tutela_schema_segment_name(&rows[i], own);
		if (!strcmp(own, name))
			return true;
	}
	return false;
}

enum tutela_err tutela_cleanup_files(struct tutela_store *s, struct txn *txn)
{
	struct segment_row *rows;
	enum tutela_err err;
	struct dirent *d;
	DIR *stream;
	size_t n;
	int copy;

	err = tutela_rows_segments(s, txn, NULL, &rows, &n);
	if (err)
		return err;
	copy = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stream = copy < 0 ? NULL : fdopendir(copy);
	if (!stream) {
		err = tutela_store_fail_sys(s, "reading the folder");
		if (copy >= 0)
			(void)close(copy);
		free(rows);
		return err;
	}
	while ((d = readdir(stream))) {
		uint64_t number;

		if (tutela_schema_segment_parse(d->d_name, &number) && !is_named(rows, n, d->d_name))
			(void)unlinkat(s->dir, d->d_name, 0);
	}
	(void)closedir(stream);
	free(rows);
	return TUTELA_OK;
}
