/* SPDX-License-Identifier: Apache-2.0 */
/* cursor_feed.c and page_batch.c upon a store, with answers from a table in the place of HTTP. */
#include "store_data.h"

#include <tutela/source.h>

#include "sync/cursor_feed.h"

#define DAY   INT64_C(86400)
#define MD5_1 "00112233445566778899aabbccddeeff"
#define MD5_2 "ffeeddccbbaa99887766554433221100"

#define MANY 24

static const char *answers[MANY];
static char asked[MANY][256];
static void (*while_asked)(void);
static size_t n_asked;
static long refusal; /* status of an answer that is NULL */
static enum cursor_resume resume;
static bool dry_run;
static const char *format = "threatexchange";
static struct sync_outcome said;
static char reason[512];

enum tutela_err http_ask(struct http *h, const struct http_request *request, struct http_answer *answer)
{
	(void)h;
	cr_assert_lt(n_asked, MANY);
	if (while_asked)
		while_asked();
	snprintf(asked[n_asked], sizeof asked[0], "%s", request->url);
	if (!answers[n_asked]) {
		*answer = (struct http_answer){.status = refusal};
		n_asked++;
		return refusal == 400 ? TUTELA_E_REFUSED : TUTELA_E_SYS;
	}
	*answer = (struct http_answer){.status = 200, .body = strdup(answers[n_asked])};
	answer->len = strlen(answer->body);
	n_asked++;
	return TUTELA_OK;
}

void http_answer_free(struct http_answer *answer)
{
	free(answer->body);
	*answer = (struct http_answer){0};
}

const char *http_errmsg(const struct http *h)
{
	(void)h;
	return "";
}

void sync_report(struct sync_job *job, const struct sync_outcome *outcome)
{
	(void)job;
	said = *outcome;
	snprintf(reason, sizeof reason, "%s", outcome->reason ? outcome->reason : "");
}

enum tutela_err sync_report_error(struct sync_job *job, const char *list, enum tutela_err err)
{
	(void)job;
	(void)list;
	return err;
}

bool sync_stop(const struct sync_job *job)
{
	(void)job;
	return false;
}

const char *sync_list_name(const struct tutela_source *source)
{
	return source->name;
}

enum tutela_err sync_list_mine(struct sync_job *job, struct tutela_snapshot *snap, const char *list, uint64_t *version)
{
	(void)job;
	(void)snap;
	(void)list;
	*version = 0;
	return TUTELA_OK;
}

static char *first(void *ctx, const char *checkpoint)
{
	char *url = NULL;

	(void)ctx;
	cr_assert_gt(asprintf(&url, "first %s", checkpoint), 0);
	return url;
}

static char *follow(void *ctx, const char *checkpoint, const char *next)
{
	(void)ctx;
	(void)checkpoint;
	return strcmp(next, "astray") ? strdup(next) : NULL;
}

struct world {
	char path[64], staging[80];
	struct tutela_store *store;
	struct tutela_source source;
};

static struct world *world_make(void)
{
	struct world *w = calloc(1, sizeof *w);

	w->store = store_make(w->path);
	snprintf(w->staging, sizeof w->staging, "%s/staged", w->path);
	cr_assert_eq(mkdir(w->staging, 0700), 0);
	strcpy(w->source.name, "te");
	strcpy(w->source.url, "https://example.org/te");
	w->source.type = TUTELA_SOURCE_THREATEXCHANGE;
	OK(tutela_source_put(w->store, &w->source, false, "source-add"));
	return w;
}

static void world_free(struct world *w)
{
	store_unmake(w->store, w->path);
	free(w);
}

static enum tutela_err sync_at(struct world *w, int64_t now)
{
	static struct progress progress;
	struct cursor_feed feed = {.format = format,
				   .provenance = "test",
				   .resume = resume,
				   .idle_most = 85 * DAY,
				   .unkept = "paging",
				   .first = first,
				   .follow = follow};
	struct sync_job job = {.store = w->store,
			       .source = &w->source,
			       .now = now,
			       .staging = w->staging,
			       .dry_run = dry_run,
			       .progress = &progress};

	n_asked = 0;
	return cursor_run(&job, &feed);
}

#define ITEM(id, md5, time)                                                                                            \
	"{\"id\":\"" id "\",\"indicator\":\"" md5 "\",\"type\":\"HASH_MD5\",\"last_updated\":" time                    \
	",\"descriptors\":{\"data\":[{\"status\":\"MALICIOUS\"}]}}"
#define PAGE(items) "{\"data\":[" items "]}"

static void begin(struct world *w)
{
	answers[0] = "{\"data\":[" ITEM("1", MD5_1, "100") "],\"paging\":{\"next\":\"second\"}}";
	answers[1] = PAGE(ITEM("2", MD5_2, "110"));
	OK(sync_at(w, 1000 * DAY));
	cr_assert_str_eq(asked[0], "first ");
	cr_assert_str_eq(asked[1], "second");
	cr_assert_eq(said.added, 2);
}

Test(cursor_feed, goes_on_from_the_checkpoint)
{
	struct world *w = world_make();

	begin(w);
	answers[0] = PAGE("");
	OK(sync_at(w, 1085 * DAY));
	cr_assert_str_eq(asked[0], "first 110");
	OK(sync_at(w, 1086 * DAY));
	cr_assert_str_eq(asked[0], "first 110");
	cr_assert_eq(list_of(w->store, "te").active, 2);
	world_free(w);
}

/* Tombstones live 90 days at the server: what was deleted longer ago is known only by its absence. */
Test(cursor_feed, is_fetched_anew_after_a_long_time)
{
	struct world *w = world_make();

	begin(w);
	answers[0] = PAGE(ITEM("2", MD5_2, "110"));
	OK(sync_at(w, 1086 * DAY));
	cr_assert_str_eq(asked[0], "first ");
	cr_assert_eq(said.withdrawn, 1);
	cr_assert_eq(list_of(w->store, "te").active, 1);
	world_free(w);
}

Test(cursor_feed, a_server_that_lost_its_list_does_not_empty_ours)
{
	struct world *w = world_make();

	begin(w);
	answers[0] = PAGE("");
	FAILS(sync_at(w, 1086 * DAY), TUTELA_E_FORMAT);
	cr_assert_str_eq(reason, "all was to be fetched anew, and nothing came");
	cr_assert_eq(said.status, SYNC_REFUSED);
	cr_assert_eq(list_of(w->store, "te").active, 2);
	world_free(w);
}

/* After a failure it is where it was. */
Test(cursor_feed, the_checkpoint_moves_at_the_end_only)
{
	struct world *w = world_make();

	begin(w);
	answers[0] = "{\"data\":[" ITEM("3", MD5_1, "200") "],\"paging\":{\"next\":\"astray\"}}";
	FAILS(sync_at(w, 1001 * DAY), TUTELA_E_FORMAT);
	answers[0] = "{\"data\":[" ITEM("3", MD5_1, "200") "],\"paging\":{\"next\":\"first 110\"}}";
	FAILS(sync_at(w, 1001 * DAY), TUTELA_E_FORMAT);
	cr_assert_str_eq(reason, "the pages do not end");
	answers[0] = PAGE(ITEM("3", MD5_1, "200"));
	OK(sync_at(w, 1001 * DAY));
	cr_assert_str_eq(asked[0], "first 110");
	OK(sync_at(w, 1001 * DAY));
	cr_assert_str_eq(asked[0], "first 200");
	world_free(w);
}

#define SECOND "{\"data\":[" ITEM("3", MD5_1, "300") "],\"paging\":{\"next\":\"third\"}}"

/* A fetch of 110 to 400, whose third page does not come. */
static void break_off(struct world *w, long status)
{
	begin(w);
	answers[0] = "{\"data\":[" ITEM("3", MD5_1, "200") "],\"paging\":{\"next\":\"second\"}}";
	answers[1] = SECOND;
	answers[2] = NULL;
	refusal = status;
	cr_assert(sync_at(w, 1001 * DAY));
	cr_assert_str_eq(asked[0], "first 110");
	cr_assert_eq(list_of(w->store, "te").active, resume == CURSOR_ANEW ? 2 : 3, "what came is kept");
}

Test(cursor_feed, goes_on_behind_what_came_in_order)
{
	struct world *w = world_make();

	resume = CURSOR_ORDERED;
	break_off(w, 503);
	answers[0] = PAGE(ITEM("4", MD5_2, "400"));
	OK(sync_at(w, 1001 * DAY + 60));
	cr_assert_str_eq(asked[0], "first 300");
	OK(sync_at(w, 1001 * DAY + 120));
	cr_assert_str_eq(asked[0], "first 400");
	cr_assert_eq(list_of(w->store, "te").active, 4);
	world_free(w);
}

Test(cursor_feed, an_order_that_is_none_moves_no_checkpoint)
{
	struct world *w = world_make();

	resume = CURSOR_ORDERED;
	begin(w);
	answers[0] = "{\"data\":[" ITEM("3", MD5_1, "500") "],\"paging\":{\"next\":\"second\"}}";
	answers[1] = SECOND;
	answers[2] = NULL;
	refusal = 503;
	FAILS(sync_at(w, 1001 * DAY), TUTELA_E_SYS);
	answers[0] = PAGE("");
	OK(sync_at(w, 1001 * DAY));
	cr_assert_str_eq(asked[0], "first 110");
	world_free(w);
}

/* What changed before the rest was asked for may be missing in it: the next fetch begins where this one did. */
Test(cursor_feed, goes_on_with_next)
{
	struct world *w = world_make();

	resume = CURSOR_NEXT;
	break_off(w, 503);
	answers[0] = PAGE(ITEM("4", MD5_2, "400"));
	OK(sync_at(w, 1001 * DAY + CURSOR_NEXT_LIFE));
	cr_assert_str_eq(asked[0], "third");
	cr_assert_eq(list_of(w->store, "te").active, 4);
	answers[0] = PAGE(ITEM("4", MD5_2, "400"));
	OK(sync_at(w, 1002 * DAY));
	cr_assert_str_eq(asked[0], "first 200");
	OK(sync_at(w, 1002 * DAY));
	cr_assert_str_eq(asked[0], "first 400");
	world_free(w);
}

Test(cursor_feed, next_is_dropped_when_it_is_old_or_refused)
{
	struct world *w = world_make();

	resume = CURSOR_NEXT;
	break_off(w, 503);
	answers[0] = NULL;
	answers[1] = "{\"data\":[" ITEM("3", MD5_1, "200") "],\"paging\":{\"next\":\"second\"}}";
	answers[2] = SECOND;
	answers[3] = PAGE(ITEM("4", MD5_2, "400"));
	refusal = 400;
	OK(sync_at(w, 1001 * DAY + 60));
	cr_assert_str_eq(asked[0], "third");
	cr_assert_str_eq(asked[1], "first 110");
	answers[0] = PAGE("");
	OK(sync_at(w, 1002 * DAY));
	cr_assert_str_eq(asked[0], "first 400", "a fetch in one piece");
	world_free(w);

	w = world_make();
	break_off(w, 503);
	answers[0] = PAGE("");
	OK(sync_at(w, 1001 * DAY + CURSOR_NEXT_LIFE + 1));
	cr_assert_str_eq(asked[0], "first 110");
	world_free(w);

	w = world_make();
	break_off(w, 503);
	answers[0] = NULL;
	refusal = 401;
	FAILS(sync_at(w, 1001 * DAY), TUTELA_E_SYS);
	cr_assert_str_eq(reason, "the server does not accept the credentials");
	cr_assert_eq(n_asked, 1);
	world_free(w);
}

/* Pieces prove nothing about what was deleted in between, however many there are. */
Test(cursor_feed, pieces_do_not_put_off_the_fetch_of_all)
{
	struct world *w = world_make();
	enum cursor_resume ways[] = {CURSOR_ORDERED, CURSOR_NEXT};

	for (size_t i = 0; i < 2; i++) {
		resume = ways[i];
		answers[0] = "{\"data\":[" ITEM("1", MD5_1, "100") "],\"paging\":{\"next\":\"second\"}}";
		answers[1] = NULL;
		refusal = 503;
		FAILS(sync_at(w, 900 * DAY), TUTELA_E_SYS);
		cr_assert_eq(list_of(w->store, "te").active, 1);
		answers[0] = PAGE(ITEM("2", MD5_2, "110"));
		OK(sync_at(w, 986 * DAY));
		cr_assert_str_eq(asked[0], "first ");
		cr_assert_eq(said.withdrawn, 1);
		world_free(w);
		w = world_make();
	}
	world_free(w);
}

/* ------------------------------------------------------------------ a fetch of all */

static struct world *the_world;
static unsigned writes;

/* Somebody else writes to the store. */
static void write_beside(void)
{
	struct tutela_store *other = store_open(the_world->path, true);
	struct tutela_update_opts opts = {.size = sizeof opts, .list = "beside", .create = true};
	struct tutela_update *u;

	OK(tutela_update_begin(other, &opts, &u));
	OK(tutela_update_commit(u, NULL));
	tutela_store_close(other);
	writes++;
}

/* `n` pages of one record each, of the ids 1 to n, at the times 101 to 100 + n. */
static void answer_pages(char pages[][512], unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		snprintf(pages[i], 512,
			 "{\"data\":[{\"id\":\"%u\",\"indicator\":\"%032x\",\"type\":\"HASH_MD5\",\"last_updated\":%u,"
			 "\"descriptors\":{\"data\":[{\"status\":\"MALICIOUS\"}]}}]%s%u%s}",
			 i + 1, i + 1000, i + 101, i + 1 < n ? ",\"paging\":{\"next\":\"hush" : ",\"x\":{\"y\":\"",
			 i + 2, "\"}");
		answers[i] = pages[i];
	}
}

/* A fetch of all `n` pages, of which the server gives the first `given`. */
static void end_early(struct world *w, char pages[][512], unsigned n, unsigned given)
{
	answer_pages(pages, n);
	answers[given] = NULL;
	refusal = 503;
	FAILS(sync_at(w, 1086 * DAY), TUTELA_E_SYS);
}

/* Twenty pages are more than a batch. */
Test(cursor_feed, nobody_waits_for_a_fetch_of_all)
{
	static char pages[20][512];
	struct world *w = the_world = world_make();

	resume = CURSOR_ORDERED;
	begin(w);
	answer_pages(pages, 20);
	while_asked = write_beside;
	OK(sync_at(w, 1086 * DAY));
	cr_assert_eq(n_asked, 20);
	cr_assert_eq(writes, 20);
	cr_assert_eq(list_of(w->store, "te").active, 20);
	cr_assert_eq(list_of(w->store, "te").version, 2, "one commit");
	world_free(w);
}

static bool holds(const char *folder, const char *name, const char *text)
{
	char path[128], *bytes = calloc(1, 1 << 20);
	bool found = false;
	int fd;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	fd = open(path, O_RDONLY);
	cr_assert_geq(fd, 0);
	found = memmem(bytes, (size_t)read(fd, bytes, 1 << 20), text, strlen(text)) != NULL;
	close(fd);
	free(bytes);
	return found;
}

Test(cursor_feed, a_fetch_of_all_goes_on_where_it_ended)
{
	static char pages[20][512];
	enum cursor_resume ways[] = {CURSOR_ORDERED, CURSOR_NEXT};

	for (size_t i = 0; i < 2; i++) {
		struct world *w = world_make();

		resume = ways[i];
		begin(w);
		end_early(w, pages, 20, 18);
		cr_assert_eq(list_of(w->store, "te").active, 2, "nothing of it is in yet");
		cr_assert(holds(w->staging, "pages", "000003e8"));
		cr_assert_not(holds(w->staging, "pages", "hush"), "a secret was written");
		answers[0] = pages[18];
		answers[1] = NULL;
		FAILS(sync_at(w, 1086 * DAY + 60), TUTELA_E_SYS);
		cr_assert_str_eq(asked[0], resume == CURSOR_NEXT ? "hush19" : "first 118");
		answers[0] = pages[19];
		OK(sync_at(w, 1086 * DAY + 120));
		cr_assert_str_eq(asked[0], resume == CURSOR_NEXT ? "hush20" : "first 119");
		cr_assert_eq(list_of(w->store, "te").active, 20);
		/* It counts as a whole one, from its beginning on. */
		answers[0] = PAGE("");
		OK(sync_at(w, (1086 + 85) * DAY));
		cr_assert_str_eq(asked[0], resume == CURSOR_NEXT ? "first 101" : "first 120");
		cr_assert_eq(list_of(w->store, "te").active, 20);
		world_free(w);
	}
}

/* Who vouched for them is not who is trusted now. */
Test(cursor_feed, pieces_that_came_under_another_certificate_are_dropped)
{
	static char pages[3][512];
	struct world *w = world_make();

	resume = CURSOR_ORDERED;
	begin(w);
	end_early(w, pages, 3, 2);
	strcpy(w->source.ca, "/other.pem");
	OK(tutela_source_put(w->store, &w->source, true, "source-change"));
	answers[0] = PAGE(ITEM("2", MD5_2, "110"));
	OK(sync_at(w, 1086 * DAY));
	cr_assert_str_eq(asked[0], "first ");
	cr_assert_eq(list_of(w->store, "te").active, 1);
	world_free(w);
}

Test(cursor_feed, pieces_that_are_too_old_are_dropped)
{
	static char pages[3][512];
	struct world *w = world_make();

	resume = CURSOR_ORDERED;
	begin(w);
	end_early(w, pages, 3, 2);
	answers[0] = PAGE(ITEM("2", MD5_2, "110"));
	OK(sync_at(w, (1086 + 86) * DAY));
	cr_assert_str_eq(asked[0], "first ");
	cr_assert_eq(list_of(w->store, "te").active, 1);
	world_free(w);
}

Test(cursor_feed, what_was_fetched_whole_is_not_fetched_again)
{
	static char pages[3][512];
	struct world *w = world_make();
	struct tutela_source changed = w->source;

	resume = CURSOR_NEXT;
	begin(w);
	answer_pages(pages, 3);
	/* The source is another one when the pages are to be put. */
	strcpy(changed.ca, "/other.pem");
	OK(tutela_source_put(w->store, &changed, true, "source-change"));
	cr_assert_neq(sync_at(w, 1086 * DAY), TUTELA_OK);
	cr_assert_eq(list_of(w->store, "te").active, 2);
	OK(tutela_source_put(w->store, &w->source, true, "source-change"));
	OK(sync_at(w, 1086 * DAY));
	cr_assert_eq(n_asked, 0);
	cr_assert_eq(list_of(w->store, "te").active, 3);
	answers[0] = PAGE("");
	OK(sync_at(w, 1086 * DAY + 60));
	cr_assert_str_eq(asked[0], "first 103");
	world_free(w);
}

Test(cursor_feed, pages_that_were_damaged_are_fetched_anew)
{
	static char pages[3][512];
	char path[128];
	struct world *w = world_make();
	int fd;

	resume = CURSOR_NEXT;
	begin(w);
	end_early(w, pages, 3, 2);
	snprintf(path, sizeof path, "%s/pages", w->staging);
	fd = open(path, O_WRONLY);
	cr_assert_eq(pwrite(fd, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, 0), 8);
	close(fd);
	answers[0] = pages[2];
	FAILS(sync_at(w, 1086 * DAY), TUTELA_E_CORRUPT);
	cr_assert_str_eq(reason, "what was fetched before is damaged: the next sync fetches it anew");
	cr_assert_eq(list_of(w->store, "te").active, 2);
	answer_pages(pages, 3);
	OK(sync_at(w, 1086 * DAY));
	cr_assert_str_eq(asked[0], "first ");
	cr_assert_eq(list_of(w->store, "te").active, 3);
	world_free(w);
}

Test(cursor_feed, a_page_that_cannot_wait_is_said)
{
	struct world *w = world_make();

	resume = CURSOR_ORDERED;
	begin(w);
	format = "ncmec"; /* XML: nothing can be taken out of it */
	answers[0] = "<queryResult xmlns=\"https://hashsharing.ncmec.org/hashsharing/v2\"><images><image>"
		     "<member id=\"7\">O</member><id>a</id><fingerprints><md5>" MD5_1 "</md5></fingerprints>"
		     "</image></images></queryResult>";
	FAILS(sync_at(w, 1086 * DAY), TUTELA_E_FORMAT);
	format = "threatexchange";
	cr_assert_str_eq(reason, "a page cannot be kept until all are there: it is no JSON object");
	cr_assert_eq(list_of(w->store, "te").active, 2);
	world_free(w);
}

Test(cursor_feed, a_dry_run_of_all_writes_nothing)
{
	static char pages[20][512];
	struct world *w = world_make();

	resume = CURSOR_ORDERED;
	begin(w);
	answer_pages(pages, 20);
	dry_run = true;
	OK(sync_at(w, 1086 * DAY));
	dry_run = false;
	cr_assert_eq(said.changed, 20);
	cr_assert_eq(list_of(w->store, "te").active, 2);
	cr_assert_eq(rmdir(w->staging), 0, "nothing was staged");
	world_free(w);
}

/* ------------------------------------------------------------------ times to come */

Test(cursor_feed, a_checkpoint_is_not_later_than_now)
{
	struct world *w = world_make();

	resume = CURSOR_NEXT;
	answers[0] = PAGE(ITEM("1", MD5_1, "99999999999"));
	OK(sync_at(w, 1000 * DAY));
	answers[0] = PAGE("");
	OK(sync_at(w, 1001 * DAY));
	cr_assert_str_eq(asked[0], "first 86400000");
	world_free(w);
}

/* Of a program that believed the server. */
Test(cursor_feed, a_state_that_lies_ahead_is_fetched_anew)
{
	struct world *w = world_make();
	struct tutela_update_opts opts = {.size = sizeof opts, .list = "te", .source = "te", .create = true};
	const char *state = "{\"url\":\"https://example.org/te\",\"checkpoint\":\"99999999999\",\"at\":86400000}";
	struct tutela_update *u;

	OK(tutela_update_begin(w->store, &opts, &u));
	OK(tutela_update_feed(u, "te", "updates", state, strlen(state)));
	OK(tutela_update_commit(u, NULL));
	answers[0] = PAGE(ITEM("1", MD5_1, "100"));
	OK(sync_at(w, 1001 * DAY));
	cr_assert_str_eq(asked[0], "first ");
	OK(sync_at(w, 1001 * DAY));
	cr_assert_str_eq(asked[0], "first 100");
	world_free(w);
}

Test(cursor_feed, a_state_belongs_to_its_address)
{
	struct world *w = world_make();

	begin(w);
	strcpy(w->source.url, "https://example.org/other");
	FAILS(sync_at(w, 1001 * DAY), TUTELA_E_REFUSED);
	world_free(w);
}

Test(cursor_feed, addresses)
{
	char *s = cursor_escape("a/b=?&\xc3\xa9~");

	cr_assert_str_eq(s, "a%2Fb%3D%3F%26%C3%A9~");
	free(s);
	cr_assert(cursor_same_origin("https://h.example/v1", "https://h.example/x?y"));
	cr_assert_not(cursor_same_origin("https://h.example/v1", "https://h.example.evil/x"));
	cr_assert_not(cursor_same_origin("https://h.example/v1", "http://h.example/x"));
	cr_assert_not(cursor_same_origin("https://h.example/v1", "https://h.example:99/x"));
	cr_assert_not(cursor_same_origin("https://h.example/v1", "https://h.example@evil/x"));
	cr_assert_not(cursor_same_origin("https://h.example/v1", "https://h.example/x y"));
	cr_assert_not(cursor_same_origin("https://h.example/v1", "//h.example/x"));
}
