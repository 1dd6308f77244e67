/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "interrupt.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "printable.h"
#include "sync/feed.h"
#include "sync/http_address.h"
#include "sync/staging.h"
#include "sync/sync_tally.h"

static const struct cli_page page = {
	.synopsis = "[OPTION]... [SOURCE]...",
	.about = "Fetches what the sources have issued and puts it into the store, each list by one commit: all "
		 "sources\n"
		 "that are not suspended, or those that are named. What does not hold is refused, and its list stays "
		 "as\n"
		 "it is. Exit status 0: every list is as its source says; 2: not.\n",
};

struct sync {
	const struct cli *cli;
	struct tutela_store *store;
	bool dry_run;
	uint64_t time_limit;           /* seconds a source, over the network */
	struct tutela_source *sources; /* to be synced */
	size_t n;
	uint64_t skipped;
};

/* ------------------------------------------------------------------ which */

static void add(struct sync *y, const struct tutela_source *source)
{
	y->sources = memory_resize(y->sources, y->n + 1, sizeof(*y->sources));
	y->sources[y->n++] = *source;
}

static bool add_any(void *ctx, const struct tutela_source *source)
{
	add(ctx, source);
	return true;
}

static enum tutela_err add_named(struct sync *y, struct tutela_snapshot *snapshot, const char *name)
{
	struct tutela_source source;
	enum tutela_err error;

	for (size_t i = 0; i < y->n; i++)
		if (strcmp(y->sources[i].name, name) == 0)
			return TUTELA_OK;
	error = tutela_snapshot_source(snapshot, name, &source);
	if (!error)
		add(y, &source);
	else if (error == TUTELA_E_NOTFOUND)
		message_error(name, "no such source in this store");
	else
		cli_store_error(y->store, name, error);
	return error;
}

/* All, or those of the command line. False, with a sentence said. */
static bool choose(struct sync *y)
{
	const struct cli *cli = y->cli;
	struct tutela_snapshot *snapshot;
	enum tutela_err error = tutela_snapshot_open(y->store, &snapshot);

	if (error) {
		cli_store_error(y->store, cli->store, error);
		return false;
	}
	if (!cli->n_args) {
		error = tutela_snapshot_sources(snapshot, add_any, y);
		if (error)
			cli_store_error(y->store, cli->store, error);
	}
	for (size_t i = 0; i < cli->n_args && !error; i++)
		error = add_named(y, snapshot, cli->args[i]);
	tutela_snapshot_close(snapshot);
	return !error;
}

/* ------------------------------------------------------------------ one source */

static void failed(struct sync_job *job, const char *reason)
{
	sync_report(job, &(struct sync_outcome){.list = "", .status = SYNC_FAILED, .reason = reason});
}

/* NULL with *ok: there are none, and none are needed. */
static struct credentials *load_credentials(struct sync_job *job, bool *ok)
{
	const struct tutela_source *s = job->source;
	struct credentials *c;
	char why[256], *reason;

	*ok = true;
	if (!s->credentials[0]) {
		c = credentials_environment(s->name);
		if (!c && s->type == TUTELA_SOURCE_NCMEC)
			c = credentials_variable("TUTELA_NCMEC_CREDENTIALS");
		if (c || !(job->feed->traits & FEED_CREDENTIALS))
			return c;
		failed(job, "there are no credentials: add the source with --credentials FILE, or set the environment");
		*ok = false;
		return NULL;
	}
	c = credentials_read(s->credentials, why, sizeof(why));
	if (c)
		return c;
	reason = memory_format("'%s': %s", s->credentials, why);
	failed(job, reason);
	free(reason);
	*ok = false;
	return NULL;
}

static bool open_http(const struct sync *y, struct sync_job *job)
{
	const struct tutela_source *s = job->source;
	struct http_opts opts = {.ca = s->ca,
				 .client_cert = s->client_cert,
				 .client_key = s->client_key,
				 .most_s = (unsigned)y->time_limit};

	if (job->feed->traits & FEED_BASIC_AUTH && job->credentials &&
	    !credentials_pair(job->credentials, &opts.user, &opts.password)) {
		failed(job, "the credentials are not user:password on their first line");
		return false;
	}
	job->http = http_open(&opts);
	if (!job->http)
		failed(job, "the connection cannot be prepared: a file of the source cannot be read");
	return job->http != NULL;
}

static bool open_transport(const struct sync *y, struct sync_job *job)
{
	char why[512];
	const char *wrong;

	switch (http_address(job->source->url, &wrong)) {
	case ADDRESS_FOLDER:
		job->folder = folder_open(job->source->url, why, sizeof(why));
		if (!job->folder)
			failed(job, why);
		return job->folder != NULL;
	case ADDRESS_HTTPS:
	case ADDRESS_LOOPBACK:
		return open_http(y, job);
	default:
		failed(job, wrong);
		return false;
	}
}

static void run_feed(struct sync_job *job)
{
	enum tutela_err error = job->feed->run(job);

	/* Whatever a feed forgets to say is not all well. */
	if (error && !job->tally->failed && !job->tally->refused)
		sync_report_error(job, "", error);
}

/* What there is of the source after this try, in its row. */
static void note(struct sync *y, const struct tutela_source *source, const struct sync_tally *tally)
{
	struct tutela_source row = *source;
	enum tutela_err error;

	row.last_try = (int64_t)time(NULL);
	row.last_error[0] = '\0';
	if (!tally->failed && !tally->refused)
		row.last_success = row.last_try;
	else
		(void)snprintf(row.last_error, sizeof(row.last_error), "%s", tally->reason);
	errno = 0;
	error = tutela_source_put(y->store, &row, true, NULL);
	/* Somebody may have removed it, or be writing: the lists are as they are all the same. */
	if (error && error != TUTELA_E_NOTFOUND)
		message_warning(source->name, "how the sync went could not be noted: %s",
				tutela_store_errmsg(y->store));
}

/* What failed is taken up again from what is there; what was refused must not be, but for pages that were read. */
static bool keeps_staged(const struct sync_job *job)
{
	const struct sync_tally *tally = job->tally;

	if (job->feed->traits & FEED_PAGES)
		return job->dry_run || tally->failed || tally->refused;
	return tally->failed && !tally->refused && !job->dry_run;
}

static void sync_one(struct sync *y, struct sync_job *job)
{
	struct credentials *credentials;
	char *staging;
	bool ok;

	credentials = load_credentials(job, &ok);
	staging = ok ? staging_make(y->cli->store, job->source->name) : NULL;
	if (ok && !staging)
		failed(job, "there is no folder for files on their way");
	job->credentials = credentials;
	job->staging = staging;
	if (staging && open_transport(y, job))
		run_feed(job);
	if (!keeps_staged(job))
		staging_remove(y->cli->store, job->source->name);
	http_close(job->http);
	folder_close(job->folder);
	credentials_free(credentials);
	free(staging);
}

/* True: all is as the source says. */
static bool sync_source(struct sync *y, const struct tutela_source *source)
{
	/* How many records a bundle holds is known when it has been read. */
	struct progress progress = {.unit = source->type == TUTELA_SOURCE_BUNDLE ? "bytes" : "records"};
	struct sync_tally tally = {.json = y->cli->json, .quiet = y->cli->quiet};
	struct sync_job job = {.store = y->store,
			       .source = source,
			       .feed = feed_of(source->type),
			       .dry_run = y->dry_run,
			       .now = (int64_t)time(NULL),
			       .progress = &progress,
			       .tally = &tally};

	progress_start(&progress, cli_wants_progress(y->cli));
	if (job.feed)
		sync_one(y, &job);
	else
		failed(&job, "this program cannot fetch sources of that type");
	progress_stop(&progress);
	if (!y->dry_run)
		note(y, source, &tally);
	return !tally.failed && !tally.refused;
}

static void skip(struct sync *y, const struct tutela_source *source)
{
	y->skipped++;
	if (y->cli->json)
		output_json(json_pack("{s:s, s:s, s:s}", "type", "sync-skipped", "source", source->name, "reason",
				      "suspended"));
	else if (!y->cli->quiet)
		output_print("source '%s' is suspended: skipped\n", source->name);
}

static int run(struct sync *y)
{
	bool ok = true;

	if (!choose(y))
		return STATUS_TROUBLE;
	if (!y->n)
		message_note("there is no source in this store; 'tutela source add' adds one");
	for (size_t i = 0; i < y->n && !interrupt_asked() && !output_failed(); i++) {
		if (y->sources[i].suspended)
			skip(y, &y->sources[i]);
		else
			ok &= sync_source(y, &y->sources[i]);
	}
	if (interrupt_asked())
		message_error(NULL,
			      "interrupted; what was committed stays, the rest is taken up again by the next sync");
	/* Whoever names a source wants it synced. */
	return ok && !interrupt_asked() && !(y->cli->n_args && y->skipped) ? STATUS_OK : STATUS_TROUBLE;
}

int cmd_sync(struct cli *cli)
{
	struct sync y = {.cli = cli, .time_limit = 6 * 3600};
	const struct cli_option options[] = {
		{.name = "dry-run", .flag = &y.dry_run, .help = "fetch, verify and count; change nothing"},
		{.name = "time-limit",
		 .argument = "SECONDS",
		 .number = &y.time_limit,
		 .least = 1,
		 .most = 604800,
		 .help = "most time for one source over the network, so that the others have their turn; default: "
			 "21600"},
		{.name = NULL},
	};
	int status = cli_parse(cli, &page, options), lock;

	if (status != CLI_GO)
		return status;
	y.store = cli_open_store(cli, true);
	if (!y.store)
		return STATUS_TROUBLE;
	lock = staging_lock(cli->store);
	status = lock >= 0 ? run(&y) : STATUS_TROUBLE;
	if (lock >= 0)
		close(lock);
	tutela_store_close(y.store);
	free(y.sources);
	return status;
}
