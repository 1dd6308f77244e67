/* SPDX-License-Identifier: Apache-2.0 */
/* Signed bundles, from a folder or a web server: what they hold is judged by the library. */
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "memory.h"
#include "sync/feed.h"

/* A transport on its way through the library, which names files and takes their bytes. */
struct bundle_job {
	struct sync_job *job;
	char *base; /* the URL, without a slash at its end */
	/* What the transport said when it last failed. */
	enum tutela_err failed;
	char why[512];
};

/* Hands on no more than was asked for. */
struct cut {
	uint64_t left;
	bool full;
	enum tutela_err (*write)(void *to, const void *bytes, size_t len);
	void *to;
};

static enum tutela_err write_cut(void *to, const void *bytes, size_t len)
{
	struct cut *cut = to;
	size_t n = len < cut->left ? len : (size_t)cut->left;
	enum tutela_err err = n ? cut->write(cut->to, bytes, n) : TUTELA_OK;

	cut->left -= n;
	cut->full = !err && !cut->left;
	/* Enough: the rest need not come. */
	return cut->full ? TUTELA_E_TOOBIG : err;
}

static enum tutela_err fetch(struct bundle_job *b, const char *name, uint64_t offset, struct cut *cut)
{
	struct sync_job *job = b->job;
	struct http_request request = {.most = UINT64_MAX};
	enum tutela_err err;
	char *url;

	if (job->folder)
		return folder_fetch(job->folder, name, offset, UINT64_MAX, write_cut, cut);
	url = memory_format("%s/%s", b->base, name);
	request.url = url;
	err = http_fetch(job->http, &request, offset, write_cut, cut);
	free(url);
	return err;
}

static enum tutela_err get(void *ctx, const char *name, uint64_t offset, uint64_t most,
			   enum tutela_err (*write)(void *to, const void *bytes, size_t len), void *to)
{
	struct cut cut = {.left = most, .write = write, .to = to};
	struct bundle_job *b = ctx;
	enum tutela_err err;
	const char *said;

	b->failed = TUTELA_OK;
	b->why[0] = '\0';
	if (!folder_name_plain(name))
		return TUTELA_E_ARG;
	if (!most)
		return TUTELA_OK;
	err = fetch(b, name, offset, &cut);
	if (cut.full)
		return TUTELA_OK;
	said = b->job->folder ? folder_errmsg(b->job->folder) : http_errmsg(b->job->http);
	if (err && *said) {
		b->failed = err;
		strncpy(b->why, said, sizeof(b->why) - 1);
		b->why[sizeof(b->why) - 1] = '\0';
	}
	return err;
}

static bool on_progress(void *ctx, const char *list, uint64_t done, uint64_t total)
{
	struct bundle_job *b = ctx;

	(void)list;
	/* What is here is unpacked next, which takes longer. */
	atomic_store(&b->job->progress->stage, done < total ? "fetching" : "reading");
	atomic_store(&b->job->progress->done, done);
	atomic_store(&b->job->progress->total, total);
	return !sync_stop(b->job);
}

static void on_result(void *ctx, const struct tutela_bundle_list *list)
{
	struct bundle_job *b = ctx;
	struct sync_outcome o = {.list = list->list,
				 .from_version = list->from_version,
				 .to_version = list->to_version,
				 .added = list->added,
				 .changed = list->changed,
				 .withdrawn = list->withdrawn,
				 .quarantined = list->quarantined,
				 .expired = list->expired};
	bool transport;

	/* The transport knows better why a file did not come. */
	transport = list->err && b->failed == list->err && b->why[0];
	if (list->err) {
		o.status = list->err == TUTELA_E_REFUSED && !(transport && b->job->http) ? SYNC_REFUSED : SYNC_FAILED;
		o.reason = transport ? b->why : list->reason[0] ? list->reason : tutela_strerror(list->err);
	}
	sync_report(b->job, &o);
}

static enum tutela_err run(struct sync_job *job)
{
	struct bundle_job b = {.job = job, .base = memory_text(job->source->url)};
	struct tutela_bundle_sync_opts opts = {
		.size = sizeof(opts),
		.source = job->source,
		.transport = {.get = get, .ctx = &b},
		.staging = job->staging,
		.dry_run = job->dry_run,
		.now = job->now,
		.progress = on_progress,
		.result = on_result,
		.ctx = &b,
	};
	size_t len = strlen(b.base);
	enum tutela_err err;

	while (len && b.base[len - 1] == '/')
		b.base[--len] = '\0';
	err = tutela_bundle_sync(job->store, &opts);
	free(b.base);
	return err;
}

const struct feed feed_bundle = {
	.type = TUTELA_SOURCE_BUNDLE,
	.traits = FEED_FOLDER | FEED_HTTP | FEED_BASIC_AUTH,
	.run = run,
};
