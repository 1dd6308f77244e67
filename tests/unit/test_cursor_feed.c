/* SPDX-License-Identifier: Apache-2.0 */
/* cursor_feed.c and page_batch.c upon a store, with answers from a table in the place of HTTP. */
#include "store_data.h"

#include <tutela/source.h>

#include "sync/cursor_feed.h"

#define DAY   INT64_C(86400)
#define MD5_1 "00112233445566778899aabbccddeeff"
#define MD5_2 "ffeeddccbbaa99887766554433221100"

static const char *answers[8];
static char asked[8][256];
static size_t n_asked;
static long refusal; /* status of an answer that is NULL */
static enum cursor_resume resume;
static struct sync_outcome said;
static char reason[512];

enum tutela_err http_ask(struct http *h, const struct http_request *request, struct http_answer *answer)
{
	(void)h;
	cr_assert_lt(n_asked, 8);
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
	char path[64];
	struct tutela_store *store;
	struct tutela_source source;
};

static struct world *world_make(void)
{
	struct world *w = calloc(1, sizeof *w);

	w->store = store_make(w->path);
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
	struct cursor_feed feed = {.format = "threatexchange",
				   .provenance = "test",
				   .resume = resume,
				   .idle_most = 85 * DAY,
				   .first = first,
				   .follow = follow};
	struct sync_job job = {.store = w->store, .source = &w->source, .now = now, .progress = &progress};

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
