/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/mem.h"
#include "trust/bundle_fetch.h"

struct unpack {
	const struct bundle_file *file;
	char *why;
	ZSTD_DCtx *zstd;
	uint8_t *in, *out;
	uint64_t plain;
	size_t state; /* zstd's last word: 0 at the end of a frame */
	enum tutela_err (*write)(void *ctx, const void *bytes, size_t len);
	void *ctx;
};

static enum tutela_err refuse(const struct unpack *u, const char *what)
{
	return tutela_bundle_fail(u->why, TUTELA_E_REFUSED, "'%s' %s", u->file->name, what);
}

static enum tutela_err unpack_block(struct unpack *u, size_t len)
{
	ZSTD_inBuffer in = {u->in, len, 0};
	bool more = false;

	/* Also when all of it is read, in a frame: something may be left inside. */
	while (in.pos < in.size || (more && u->state)) {
		ZSTD_outBuffer out = {u->out, ZSTD_DStreamOutSize(), 0};
		enum tutela_err err;

		u->state = ZSTD_decompressStream(u->zstd, &out, &in);
		if (ZSTD_isError(u->state))
			return refuse(u, "does not unpack, or wants too much memory for it");
		if (out.pos > u->file->plain - u->plain)
			return refuse(u, "unpacks to more bytes than were signed");
		u->plain += out.pos;
		more = out.pos == out.size;
		err = out.pos ? u->write(u->ctx, u->out, out.pos) : TUTELA_OK;
		if (err)
			return err;
	}
	return TUTELA_OK;
}

static enum tutela_err unpack_all(struct unpack *u, int fd)
{
	enum tutela_err err = TUTELA_OK;
	char text[128];
	ssize_t n;

	while (!err && ((n = read(fd, u->in, ZSTD_DStreamInSize())) > 0 || (n < 0 && errno == EINTR)))
		if (n > 0)
			err = unpack_block(u, (size_t)n);
	if (err)
		return err;
	if (n < 0)
		return tutela_bundle_fail(u->why, TUTELA_E_SYS, "reading the staged '%s': %s", u->file->name,
					  strerror_r(errno, text, sizeof text));
	if (u->state)
		return refuse(u, "ends in the middle of its compressed data");
	return u->plain == u->file->plain ? TUTELA_OK : refuse(u, "unpacks to fewer bytes than were signed");
}

enum tutela_err tutela_bundle_unpack(int fd, const struct bundle_file *file,
				     enum tutela_err (*write)(void *ctx, const void *bytes, size_t len), void *ctx,
				     char *why)
{
	struct unpack u = {.file = file, .why = why, .write = write, .ctx = ctx};
	enum tutela_err err = TUTELA_E_NOMEM;

	u.zstd = ZSTD_createDCtx();
	u.in = tutela_mem_array(ZSTD_DStreamInSize(), 1);
	u.out = tutela_mem_array(ZSTD_DStreamOutSize(), 1);
	if (u.zstd && u.in && u.out &&
	    !ZSTD_isError(ZSTD_DCtx_setParameter(u.zstd, ZSTD_d_windowLogMax, BUNDLE_WINDOW_LOG)))
		err = unpack_all(&u, fd);
	free(u.in);
	free(u.out);
	(void)ZSTD_freeDCtx(u.zstd);
	return err;
}
