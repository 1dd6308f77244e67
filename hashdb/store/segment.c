/* SPDX-License-Identifier: Apache-2.0 */
/* Index files as readers see them: opened once for each store handle, shared by its snapshots. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/view.h"

static bool agrees(const struct segment_row *row, const struct tutela_index *index)
{
	const struct tutela_algorithm_info *alg = tutela_algorithm_get(row->algorithm);
	struct tutela_index_info info;

	tutela_index_info(index, &info);
	return info.bits == alg->bits && info.kind == row->kind && info.count == row->count &&
	       info.bytes == row->bytes && info.digest == row->digest;
}

enum tutela_err tutela_segment_open(struct tutela_store *s, const struct segment_row *row, bool resident,
				    struct tutela_index **out)
{
	struct tutela_index_open_opts opts = {.size = sizeof opts, .resident = resident, .isa = s->isa};
	char name[SEGMENT_NAME_MAX];
	enum tutela_err err;
	int fd;

	*out = NULL;
	tutela_schema_segment_name(row, name);
	fd = openat(s->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return tutela_store_fail(s, TUTELA_E_NOTFOUND, "the index file '%s' is missing", name);
	if (fd < 0)
		return tutela_store_fail(s, TUTELA_E_SYS, "the index file '%s' cannot be opened: %s", name,
					 strerror(errno));
	err = tutela_index_open(fd, &opts, out);
	(void)close(fd);
	if (err == TUTELA_E_FORMAT)
		err = TUTELA_E_CORRUPT;
	if (err)
		return tutela_store_fail(s, err, "the index file '%s' cannot be used: %s", name, tutela_strerror(err));
	if (agrees(row, *out))
		return TUTELA_OK;
	tutela_index_close(*out);
	*out = NULL;
	return tutela_store_fail(s, TUTELA_E_CORRUPT, "the index file '%s' is not the one that the store wrote", name);
}

/* The lock is held. */
static struct segment *find(struct tutela_store *s, const struct segment_row *row)
{
	struct segment *g = s->segments;

	while (g && (g->row.number != row->number || g->row.digest != row->digest))
		g = g->next;
	if (g)
		g->refs++;
	return g;
}

enum tutela_err tutela_segment_get(struct tutela_store *s, const struct segment_row *row, struct segment **out)
{
	struct segment *mine, *other;
	enum tutela_err err;

	(void)pthread_mutex_lock(&s->lock);
	*out = find(s, row);
	(void)pthread_mutex_unlock(&s->lock);
	if (*out)
		return TUTELA_OK;
	mine = tutela_mem_array(1, sizeof *mine);
	if (!mine)
		return TUTELA_E_NOMEM;
	/* Outside the lock: copying a large index into memory takes seconds, and readers never wait. */
	err = tutela_segment_open(s, row, s->resident, &mine->index);
	if (err) {
		free(mine);
		return err;
	}
	mine->row = *row;
	mine->refs = 1;
	(void)pthread_mutex_lock(&s->lock);
	other = find(s, row);
	if (!other) {
		mine->next = s->segments;
		s->segments = mine;
	}
	(void)pthread_mutex_unlock(&s->lock);
	if (other) {
		tutela_index_close(mine->index);
		free(mine);
	}
	*out = other ? other : mine;
	return TUTELA_OK;
}

void tutela_segment_release(struct tutela_store *s, struct segment *g)
{
	struct segment **at = &s->segments;

	(void)pthread_mutex_lock(&s->lock);
	if (--g->refs) {
		(void)pthread_mutex_unlock(&s->lock);
		return;
	}
	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	(void)pthread_mutex_unlock(&s->lock);
	tutela_index_close(g->index);
	free(g);
}
