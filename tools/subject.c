/* SPDX-License-Identifier: Apache-2.0 */
#include "subject.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

#define STDIN_MAX ((uint64_t)512 << 20) /* the decoder's own limit for pictures */

struct subject *subject_from(const struct walk_item *item)
{
	struct subject *s = memory_array(1, sizeof(*s));

	walk_folder_hold(item->folder);
	s->folder = item->folder;
	s->name = item->folder ? memory_text(item->name) : NULL;
	s->path = memory_text(item->path);
	s->is_folder = item->is_folder;
	s->named = item->named;
	if (item->kind == WALK_FAILED)
		s->error = item->error ? item->error : EIO;
	else if (item->kind != WALK_FILE)
		s->error = ENODEV;
	return s;
}

struct subject *subject_named(const char *path)
{
	struct subject *s = memory_array(1, sizeof(*s));

	s->path = memory_text(path);
	s->named = true;
	s->standard = strcmp(path, "-") == 0;
	return s;
}

void subject_free(struct subject *s)
{
	walk_folder_drop(s->folder);
	free(s->name);
	free(s->path);
	free(s);
}

void subject_look(const struct subject *s, const struct pipeline *p, bool follow, struct finding *out)
{
	struct stat st = {0};
	int fd;

	if (s->error) {
		pipeline_unreadable(out, s->error, s->is_folder ? "unreadable-folder" : NULL);
		return;
	}
	if (s->standard)
		fd = pipeline_stdin(STDIN_MAX);
	else
		fd = walk_open(s->folder, s->folder ? s->name : s->path, s->named || follow, &st);
	if (S_ISREG(st.st_mode))
		out->size = (uint64_t)st.st_size;
	if (fd < 0) {
		pipeline_unreadable(out, errno, NULL);
		return;
	}
	pipeline_run(p, fd, s->path, out);
	close(fd);
}
