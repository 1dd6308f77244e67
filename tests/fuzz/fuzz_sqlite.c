/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Databases of the formats "kdb" and "rds": whatever the file, reading ends,
 * gives no more rows than it has room for, and nothing that a list must not
 * hold. The first byte chooses the format; the rest is the file.
 */
#include <fcntl.h>
#include <unistd.h>

#include "fuzz_exchange.h"

struct sink {
	struct tutela_writer *writer;
	size_t rows, most;
};

static enum tutela_err on_record(void *ctx, const struct tutela_record *rec, uint64_t line)
{
	struct sink *s = ctx;

	require(++s->rows <= s->most);
	return within_limits(s->writer, rec, line);
}

static enum tutela_err on_problem(void *ctx, const struct tutela_exchange_problem *p)
{
	struct sink *s = ctx;

	require(++s->rows <= s->most && p->reason[0]);
	return TUTELA_OK;
}

static char path[64];

static void forget(void)
{
	(void)unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct log out = {0};
	struct tutela_writer_opts wo = {.size = sizeof(wo), .write = log_write, .ctx = &out};
	struct sink s = {.most = 2 * size};
	struct tutela_reader_opts ro = {.size = sizeof(ro), .record = on_record, .problem = on_problem, .ctx = &s};
	struct tutela_reader *r;
	enum tutela_err err;

	if (!size)
		return 0;
	if (fd < 0) {
		(void)snprintf(path, sizeof(path), "/dev/shm/tutela-fuzz-%d.db", (int)getpid());
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		require(!atexit(forget));
	}
	require(fd >= 0 && !ftruncate(fd, 0) && pwrite(fd, data + 1, size - 1, 0) == (ssize_t)size - 1);
	require(!tutela_writer_new("csv", &wo, &s.writer));
	require(!tutela_reader_new(data[0] & 1 ? "rds" : "kdb", &ro, &r, NULL));
	err = tutela_reader_file(r, path);
	require(err == TUTELA_OK || err == TUTELA_E_FORMAT || err == TUTELA_E_SYS || err == TUTELA_E_NOMEM);
	require((err != TUTELA_OK) == (tutela_reader_errmsg(r)[0] != '\0'));
	tutela_reader_free(r);
	require(!tutela_writer_finish(s.writer));
	tutela_writer_free(s.writer);
	log_free(&out);
	return 0;
}
