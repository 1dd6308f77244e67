/* SPDX-License-Identifier: Apache-2.0 */
/* The public handle: an image, where its bytes are, and the kernels to search it with. */
#include <tutela/index.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/team.h"
#include "base/whole_io.h"
#include "match/build.h"
#include "match/permute.h"
#include "match/search.h"

/*
 * Up to this many codes AUTO builds FLAT. Measured at radius 31: tables are the
 * faster from 4,000 (AVX2) or 5,500 codes (AVX-512) on, by microseconds; they cost 4 MB, though.
 */
#define FLAT_MAX 8192

struct tutela_index {
	const struct kernels *k;
	uint8_t *bytes; /* of the image; written only while it is made */
	size_t len;
	bool resident;
	struct image im;
};

/*
 * The caller's options as this version of the struct: what the caller did not
 * know of is zero. False when it set something that this version does not know.
 */
static bool take_opts(void *to, size_t to_len, const void *from)
{
	const uint8_t *p = from;
	size_t size;

	if (!from)
		return false;
	memcpy(&size, from, sizeof(size));
	if (size < sizeof(size) || size > 4096)
		return false;
	for (size_t i = to_len; i < size; i++)
		if (p[i])
			return false;
	memset(to, 0, to_len);
	memcpy(to, from, size < to_len ? size : to_len);
	return true;
}

/* ------------------------------------------------------------------ build */

static enum tutela_err plan(const uint8_t *codes, const uint32_t *values, size_t n,
			    struct tutela_index_build_opts *opts, struct image *im)
{
	enum tutela_index_kind kind = opts->kind;

	if (n > FORMAT_COUNT_MAX)
		return TUTELA_E_TOOBIG;
	if ((n && (!codes || !values)) || (opts->bits != 64 && opts->bits != 256))
		return TUTELA_E_ARG;
	if (kind == TUTELA_INDEX_AUTO)
		kind = opts->bits == 64 || n <= FLAT_MAX ? TUTELA_INDEX_FLAT : TUTELA_INDEX_TABLES;
	if (kind != TUTELA_INDEX_FLAT && (kind != TUTELA_INDEX_TABLES || opts->bits != 256))
		return TUTELA_E_ARG;
	tutela_image_plan(opts->bits, kind, n, im);
	return im->len <= SIZE_MAX ? TUTELA_OK : TUTELA_E_TOOBIG;
}

static enum tutela_err build_memory(struct tutela_index *ix, const uint8_t *codes, const uint32_t *values,
				    const struct tutela_index_build_opts *opts)
{
	struct sink sink = {.fd = -1};

	ix->k = tutela_kernels_get(TUTELA_ISA_AUTO);
	ix->resident = true;
	ix->len = (size_t)ix->im.len;
	ix->bytes = sink.memory = tutela_mem_map(ix->len);
	if (!ix->bytes)
		return TUTELA_E_NOMEM;
	enum tutela_err err = tutela_build(&ix->im, codes, values, opts, &sink);
	return err ? err : tutela_image_decode(ix->bytes, ix->len, &ix->im);
}

enum tutela_err tutela_index_build(const uint8_t *codes, const uint32_t *values, size_t n,
				   const struct tutela_index_build_opts *opts, struct tutela_index **out)
{
	struct tutela_index_build_opts o;

	if (!out)
		return TUTELA_E_ARG;
	*out = NULL;
	if (!take_opts(&o, sizeof(o), opts))
		return TUTELA_E_ARG;
	struct tutela_index *ix = tutela_mem_array(1, sizeof(*ix));
	if (!ix)
		return TUTELA_E_NOMEM;
	enum tutela_err err = plan(codes, values, n, &o, &ix->im);
	if (!err)
		err = build_memory(ix, codes, values, &o);
	if (err) {
		tutela_index_close(ix);
		return err;
	}
	*out = ix;
	return TUTELA_OK;
}

static void image_info(const struct image *im, bool resident, struct tutela_index_info *out)
{
	*out = (struct tutela_index_info){.bits = im->bits,
					  .kind = im->kind,
					  .count = im->count,
					  .bytes = im->len,
					  .digest = im->digest,
					  .resident = resident};
}

enum tutela_err tutela_index_build_file(const uint8_t *codes, const uint32_t *values, size_t n,
					const struct tutela_index_build_opts *opts, int fd,
					struct tutela_index_info *info)
{
	struct tutela_index_build_opts o;
	struct image im;
	struct sink sink = {.fd = fd};

	if (info)
		*info = (struct tutela_index_info){0};
	if (fd < 0 || !take_opts(&o, sizeof(o), opts))
		return TUTELA_E_ARG;
	enum tutela_err err = plan(codes, values, n, &o, &im);
	if (!err)
		err = tutela_build(&im, codes, values, &o, &sink);
	if (!err && info)
		image_info(&im, false, info);
	return err;
}

/* ------------------------------------------------------------------ open */

static enum tutela_err read_all(int fd, uint8_t *to, size_t len)
{
	ssize_t n = tutela_read_at(fd, to, len, 0);

	if (n < 0)
		return TUTELA_E_SYS;
	return (size_t)n == len ? TUTELA_OK : TUTELA_E_CORRUPT; /* it has shrunk */
}

static enum tutela_err load(struct tutela_index *ix, int fd)
{
	if (ix->resident) {
		ix->bytes = tutela_mem_map(ix->len);
		return ix->bytes ? read_all(fd, ix->bytes, ix->len) : TUTELA_E_NOMEM;
	}
	void *p = mmap(NULL, ix->len, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return errno == ENOMEM ? TUTELA_E_NOMEM : TUTELA_E_SYS;
	/* As for memory of our own: hashes must not end up in core dumps. */
	(void)madvise(p, ix->len, MADV_DONTDUMP);
	ix->bytes = p;
	return TUTELA_OK;
}

static enum tutela_err open_fd(struct tutela_index *ix, int fd)
{
	uint8_t header[FORMAT_HEADER_LEN];
	struct stat st;
	enum tutela_err err;

	if (fstat(fd, &st) != 0)
		return TUTELA_E_SYS;
	if (!S_ISREG(st.st_mode) || st.st_size < 12)
		return TUTELA_E_FORMAT;
	ix->len = (size_t)st.st_size;

	/* Whether it is an index at all is seen before gigabytes are read. */
	size_t n = ix->len < sizeof(header) ? ix->len : sizeof(header);
	err = read_all(fd, header, n);
	if (err)
		return err;
	err = tutela_image_decode(header, n, &ix->im);
	if (err == TUTELA_E_FORMAT || err == TUTELA_E_VERSION)
		return err;
	err = load(ix, fd);
	return err ? err : tutela_image_decode(ix->bytes, ix->len, &ix->im);
}

enum tutela_err tutela_index_open(int fd, const struct tutela_index_open_opts *opts, struct tutela_index **out)
{
	struct tutela_index_open_opts o = {.size = sizeof(o)};

	if (!out)
		return TUTELA_E_ARG;
	*out = NULL;
	if (fd < 0 || (opts && !take_opts(&o, sizeof(o), opts)))
		return TUTELA_E_ARG;
	const struct kernels *k = tutela_kernels_get(o.isa);
	if (!k)
		return TUTELA_E_ARG;
	struct tutela_index *ix = tutela_mem_array(1, sizeof(*ix));
	if (!ix)
		return TUTELA_E_NOMEM;
	ix->k = k;
	ix->resident = o.resident;
	enum tutela_err err = open_fd(ix, fd);
	if (err) {
		int sys = errno;

		tutela_index_close(ix);
		errno = sys;
		return err;
	}
	*out = ix;
	return TUTELA_OK;
}

void tutela_index_close(struct tutela_index *ix)
{
	if (!ix)
		return;
	if (ix->resident)
		tutela_mem_unmap(ix->bytes, ix->len);
	else if (ix->bytes)
		(void)munmap(ix->bytes, ix->len);
	free(ix);
}

void tutela_index_info(const struct tutela_index *ix, struct tutela_index_info *out)
{
	image_info(&ix->im, ix->resident, out);
}

enum tutela_err tutela_index_verify(const struct tutela_index *ix,
				    bool (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx)
{
	return ix ? tutela_image_verify(&ix->im, progress, ctx) : TUTELA_E_ARG;
}

enum tutela_err tutela_index_get(const struct tutela_index *ix, uint64_t i, uint8_t *code, uint32_t *value)
{
	if (!ix || !code || !value || i >= ix->im.count)
		return TUTELA_E_ARG;

	const uint8_t *p = ix->im.codes + i * image_code_len(&ix->im);
	*value = ix->im.values[i];
	if (ix->im.kind == TUTELA_INDEX_TABLES) {
		struct code256 c = permute_backward(code256_load(p));

		memcpy(code, c.w, sizeof(c.w));
	} else {
		memcpy(code, p, image_code_len(&ix->im));
	}
	return TUTELA_OK;
}

/* ------------------------------------------------------------------ search */

typedef void search_fn(const struct image *im, const struct kernels *k, const uint8_t *query, struct collector *c);

static search_fn *search_of(const struct tutela_index *ix)
{
	return ix->im.kind == TUTELA_INDEX_TABLES ? tutela_tables_search : tutela_flat_search;
}

/* `opts` are checked. */
static enum tutela_err search_one(const struct tutela_index *ix, search_fn *fn, const uint8_t *query,
				  const struct tutela_search_opts *opts, struct tutela_matches *out)
{
	struct collector c;
	struct code256 q = {{0}};

	memcpy(q.w, query, image_code_len(&ix->im));
	if (ix->im.kind == TUTELA_INDEX_TABLES)
		q = permute_forward(q);
	tutela_collect_begin(&c, opts, opts->radius, out);
	if (!c.done)
		fn(&ix->im, ix->k, (const uint8_t *)q.w, &c);
	return tutela_collect_end(&c);
}

/* What all searches demand of their arguments. When something is wrong the `n` results are emptied. */
static bool arguments(const struct tutela_index *ix, const uint8_t *query, const struct tutela_search_opts *opts,
		      struct tutela_matches *out, size_t n, struct tutela_search_opts *o)
{
	if (ix && query && out && take_opts(o, sizeof(*o), opts) && o->radius <= ix->im.bits)
		return true;
	for (size_t i = 0; out && i < n; i++) {
		out[i].n = 0;
		out[i].limited = false;
	}
	return false;
}

enum tutela_err tutela_index_search(const struct tutela_index *ix, const uint8_t *query,
				    const struct tutela_search_opts *opts, struct tutela_matches *out)
{
	struct tutela_search_opts o;

	return arguments(ix, query, opts, out, 1, &o) ? search_one(ix, search_of(ix), query, &o, out) : TUTELA_E_ARG;
}

enum tutela_err tutela_index_scan(const struct tutela_index *ix, const uint8_t *query,
				  const struct tutela_search_opts *opts, struct tutela_matches *out)
{
	struct tutela_search_opts o;

	return arguments(ix, query, opts, out, 1, &o) ? search_one(ix, tutela_flat_search, query, &o, out)
						      : TUTELA_E_ARG;
}

static enum tutela_err search_each(const struct tutela_index *ix, const uint8_t *queries, size_t n,
				   const struct tutela_search_opts *opts, int team, struct tutela_matches *out)
{
	size_t code_len = image_code_len(&ix->im);
	search_fn *fn = search_of(ix);
	enum tutela_err err = TUTELA_OK;

	(void)team;
#pragma omp parallel for schedule(dynamic, 16) num_threads(team) reduction(min : err)
	for (size_t i = 0; i < n; i++) {
		enum tutela_err e = search_one(ix, fn, queries + i * code_len, opts, &out[i]);

		err = e < err ? e : err;
	}
	return err;
}

enum tutela_err tutela_index_search_batch(const struct tutela_index *ix, const uint8_t *queries, size_t nq,
					  const struct tutela_search_opts *opts, unsigned threads,
					  struct tutela_matches *out)
{
	struct tutela_search_opts o;
	enum tutela_err err = TUTELA_OK;
	int team = team_size(threads);

	if (nq == 0)
		return ix ? TUTELA_OK : TUTELA_E_ARG;
	if (!arguments(ix, queries, opts, out, nq, &o))
		return TUTELA_E_ARG;

	for (size_t i = 0, n; i < nq; i += n) {
		const uint8_t *q = queries + i * image_code_len(&ix->im);
		enum tutela_err e;

		n = nq - i < TUTELA_SLICE_MAX ? nq - i : TUTELA_SLICE_MAX;
		if (!tutela_slice_pays(&ix->im, n, o.radius) ||
		    !tutela_slice_search(&ix->im, ix->k, q, n, &o, team, &out[i], &e))
			e = search_each(ix, q, n, &o, team, &out[i]);
		err = e < err ? e : err;
	}
	return err;
}
