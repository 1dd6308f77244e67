/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server on this machine alone, for the tests of feeds. It prints its port,
 * and ends after --life seconds, or when its standard input ends.
 *
 * NCMEC Hash Sharing v2, as it was observed: pages of 1,000 in no order of
 * time; `from` exclusive, `to` inclusive; `next` as path and query of that
 * very query; tombstones that stay. The state changes while it is asked:
 * --changes in all, some with each request. With --history the entries' older
 * states are listed beside the newest one, in any order. Faults are drawn from
 * --seed: 429, 500, 503, answers that end early, broken XML, `next` refused.
 *
 * What it says of itself:
 *   GET /control/state     its entries, as lines of the format "records", and the tombstones as
 *                          "withdrawn <id> <time>"
 *   GET /control/settle    make the changes that are left
 *   GET /control/stats     what was asked, and what was asked wrongly
 *   GET /control/votes     the votes that came in
 *   GET /control/expire    every `next` that was given is refused from now on
 *   GET /control/faults/N  of 100 requests N meet a fault
 *   GET /control/stall/N   the next request is answered after N seconds
 *
 * `feed-server ask PORT PATH` prints what such a server answers.
 *
 * With --answers FOLDER it is no such server: the nth request gets the file
 * FOLDER/n, of the status in FOLDER/n.status or 200, and FOLDER/log tells what
 * was asked.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAGE      1000
#define MEMBERS   5
#define RANKS     UINT64_C(262144) /* all records that there may ever be, in an order of their own */
#define RANK_STEP UINT64_C(155321) /* odd: every rank comes once */
#define NS        "xmlns=\"https://hashsharing.ncmec.org/hashsharing/v2\""

struct record { /* one state of an entry */
	uint32_t entry, version;
	int64_t time;
	bool deleted, superseded;
};

static struct {
	uint64_t entries, changes, seed, life, huge, faults, each, stall;
	const char *authorization, *answers;
	bool history;
} opt = {.entries = 1000, .seed = 1, .life = 60, .each = 20};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct record *records;
static uint64_t n_records, changed, draws, epoch;
static uint32_t *by_rank;   /* number + 1 of the record with that rank */
static uint32_t *newest_of; /* record of each entry */
static struct {
	uint64_t pages, status_429, status_5xx, cut, broken, refused, stalled;
	uint64_t future, mixed, unauthorized, backward;
} stats;
static char votes[65536];

/* splitmix64: S. Vigna, public domain */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static uint64_t draw(void)
{
	return mix(opt.seed * 1000003 + draws++);
}

static _Noreturn void die(const char *why)
{
	fprintf(stderr, "feed-server: %s\n", why);
	exit(2);
}

/* ------------------------------------------------------------------ entries */

static uint64_t property(const struct record *r, uint64_t which)
{
	return mix(opt.seed + r->entry * 7919u + (uint64_t)r->version * 104729u + which * 1299709u);
}

static bool is_video(const struct record *r)
{
	return mix(r->entry + 17u) % 4 == 0;
}

static void add_record(uint32_t entry, uint32_t version, int64_t when, bool deleted)
{
	if (n_records == RANKS)
		die("too many records");
	records[n_records] = (struct record){entry, version, when, deleted, false};
	if (version)
		records[newest_of[entry]].superseded = true;
	newest_of[entry] = (uint32_t)n_records;
	by_rank[n_records * RANK_STEP % RANKS] = (uint32_t)n_records + 1;
	n_records++;
}

static void make_entries(void)
{
	int64_t now = time(NULL), huge = now - 1000000;

	for (uint32_t i = 0; i < opt.entries; i++) {
		bool crowd = i < opt.huge;

		add_record(i, 0, crowd ? huge : now - 100 - (int64_t)(mix(i + opt.seed) % 90000000), mix(i) % 50 == 0);
	}
}

static void change_some(uint64_t n)
{
	int64_t now = time(NULL);

	for (; n && changed < opt.changes; n--, changed++) {
		uint32_t entry = (uint32_t)(draw() % opt.entries);
		const struct record *r = &records[newest_of[entry]];

		/* One state a second of an entry: two would have no order that anybody could tell. */
		if (r->time >= now)
			continue;
		add_record(entry, r->version + 1, now, r->deleted ? draw() % 4 != 0 : draw() % 5 == 0);
	}
}

static void hex(FILE *f, const struct record *r, unsigned which, unsigned bytes, bool upper)
{
	for (unsigned i = 0; i < bytes; i++)
		fprintf(f, upper ? "%02X" : "%02x", (unsigned)(property(r, which + i / 8 * 100) >> 8 * (i % 8)) & 0xff);
}

static void base64(FILE *f, const struct record *r, unsigned which)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (unsigned i = 0; i < 144; i += 3) {
		unsigned v = 0;

		for (unsigned k = i; k < i + 3; k++)
			v = v << 8 | ((unsigned)(property(r, which + k / 8 * 100) >> 8 * (k % 8)) & 0xff);
		for (int k = 18; k >= 0; k -= 6)
			putc(digits[v >> k & 63], f);
	}
}

enum { SAYS_SHA1 = 1, SAYS_PDQ = 2, SAYS_PHOTODNA = 4, SAYS_CLASS = 8, SAYS_UP = 16, SAYS_DOWN = 32, SAYS_OTHER = 64 };

/* Every entry has an MD5, and what else these say. */
static unsigned says(const struct record *r)
{
	unsigned bits = (unsigned)property(r, 1) & 127;

	return is_video(r) ? bits & ~(unsigned)(SAYS_PDQ | SAYS_PHOTODNA) : bits;
}

static const char *classification(const struct record *r)
{
	static const char *const all[] = {"A1", "A2", "B1", "B2"};

	return all[property(r, 2) % 4];
}

static void utc(int64_t t, char *buf)
{
	time_t at = t;
	struct tm tm;

	strftime(buf, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));
}

static void put_xml(FILE *f, const struct record *r)
{
	const char *kind = is_video(r) ? "video" : "image";
	unsigned bits = says(r);
	char when[32];

	utc(r->time, when);
	if (r->deleted) {
		fprintf(f,
			"<deleted%c%s><member id=\"%u\">Org "
			"%u</member><id>e%06u</id><timestamp>%s</timestamp></deleted%c%s>\n",
			*kind - 32, kind + 1, 1 + r->entry % MEMBERS, 1 + r->entry % MEMBERS, r->entry / MEMBERS, when,
			*kind - 32, kind + 1);
		return;
	}
	fprintf(f, "<%s><member id=\"%u\">Org %u</member><timestamp>%s</timestamp><id>e%06u</id>", kind,
		1 + r->entry % MEMBERS, 1 + r->entry % MEMBERS, when, r->entry / MEMBERS);
	if (bits & SAYS_CLASS)
		fprintf(f, "<classification>%s</classification>", classification(r));
	fputs("<fingerprints><md5>", f);
	hex(f, r, 10, 16, property(r, 3) & 1);
	fputs("</md5>", f);
	if (bits & SAYS_SHA1) {
		fputs("<sha1>", f);
		hex(f, r, 11, 20, false);
		fputs("</sha1>", f);
	}
	if (bits & SAYS_PHOTODNA) {
		fputs("<pdna>", f);
		base64(f, r, 12);
		fputs("</pdna>", f);
	}
	if (bits & SAYS_PDQ) {
		fputs("<pdq>", f);
		hex(f, r, 13, 32, property(r, 3) & 2);
		fputs("</pdq>", f);
	}
	if (bits & SAYS_OTHER)
		fputs("<netclean>x</netclean><videntifier rel=\"self\" href=\"/v2/x\"/>", f);
	fputs("</fingerprints><feedback>", f);
	if (bits & SAYS_UP)
		fputs("<affirmativeFeedback type=\"Md5\"><members><member "
		      "id=\"8\">O</member></members></affirmativeFeedback>",
		      f);
	if (bits & SAYS_DOWN)
		fputs("<negativeFeedback type=\"Md5\"><reasons><reason guid=\"g\" name=\"Demo reason\" type=\"Md5\"/>"
		      "<members><member id=\"8\">O</member><member "
		      "id=\"9\">P</member></members></reasons></negativeFeedback>",
		      f);
	fprintf(f, "</feedback></%s>\n", kind);
}

static void put_line(FILE *f, const struct record *r)
{
	unsigned bits = says(r);

	if (r->deleted) {
		fprintf(f, "withdrawn\t%u/e%06u\t%" PRId64 "\n", 1 + r->entry % MEMBERS, r->entry / MEMBERS, r->time);
		return;
	}
	fprintf(f, "active\t%u/e%06u\t%" PRId64 "\tmd5:", 1 + r->entry % MEMBERS, r->entry / MEMBERS, r->time);
	hex(f, r, 10, 16, false);
	if (bits & SAYS_SHA1) {
		fputs(" sha1:", f);
		hex(f, r, 11, 20, false);
	}
	if (bits & SAYS_PDQ) {
		fputs(" pdq:", f);
		hex(f, r, 13, 32, false);
	}
	if (bits & SAYS_PHOTODNA) {
		fputs(" photodna:", f);
		hex(f, r, 12, 144, false);
	}
	fprintf(f, "\t\tkind=%s\tmember=Org %u", is_video(r) ? "video" : "image", 1 + r->entry % MEMBERS);
	if (bits & SAYS_CLASS)
		fprintf(f, "\tclassification=%s", classification(r));
	if (bits & SAYS_UP)
		fputs("\tfeedback.md5.up=1", f);
	if (bits & SAYS_DOWN)
		fputs("\tfeedback.md5.down=2\tfeedback.md5.reason=Demo reason (2)", f);
	putc('\n', f);
}

/* ------------------------------------------------------------------ pages */

static bool in_window(const struct record *r, int64_t from, int64_t to)
{
	return (opt.history || !r->superseded) && r->time > from && r->time <= to;
}

static uint64_t seal(int64_t from, int64_t to, uint64_t start)
{
	return mix((uint64_t)from * 31 + (uint64_t)to * 17 + start + opt.seed) >> 20;
}

/* The page that begins with rank `start`, images and videos apart. */
static void put_page(FILE *f, int64_t from, int64_t to, uint64_t start)
{
	const struct record *page[PAGE];
	uint64_t n = 0, max = 0, next = 0;
	char a[32], b[32];

	for (uint64_t rank = start; rank < RANKS; rank++) {
		const struct record *r = by_rank[rank] ? &records[by_rank[rank] - 1] : NULL;

		if (!r || !in_window(r, from, to))
			continue;
		max = rank;
		if (n < PAGE)
			page[n++] = r;
		else if (!next)
			next = rank;
	}
	fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<queryResult " NS ">\n");
	for (int videos = 0; videos < 2; videos++) {
		fprintf(f, "<%s>\n", videos ? "videos" : "images");
		for (uint64_t i = 0; i < n; i++)
			if (is_video(page[i]) == videos)
				put_xml(f, page[i]);
		fprintf(f, "</%s>\n", videos ? "videos" : "images");
	}
	utc(from, a);
	utc(to, b);
	if (next)
		fprintf(f,
			"<paging><next>/v2/entries?from=%s&amp;to=%s&amp;start=%" PRIu64
			"&amp;size=1000&amp;max=%" PRIu64 "&amp;seal=%" PRIu64 "&amp;epoch=%" PRIu64
			"</next></paging>\n",
			a, b, next, max, seal(from, to, next), epoch);
	fputs("</queryResult>\n", f);
}

static bool parse_time(const char *s, int64_t *out)
{
	struct tm tm = {0};
	const char *end = s ? strptime(s, "%Y-%m-%dT%H:%M:%SZ", &tm) : NULL;

	*out = end && !*end ? timegm(&tm) : 0;
	return end && !*end;
}

/* ------------------------------------------------------------------ answers */

struct text {
	char *s;
	size_t len;
	FILE *f;
};

static void text_begin(struct text *t)
{
	t->f = open_memstream(&t->s, &t->len);
	if (!t->f)
		die("no memory");
}

static enum MHD_Result reply(struct MHD_Connection *c, unsigned status, char *body, size_t len, const char *type)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result result;

	MHD_add_response_header(r, "Content-Type", type);
	if (status == 429)
		MHD_add_response_header(r, "Retry-After", "0");
	result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result say(struct MHD_Connection *c, unsigned status, const char *body)
{
	char *copy = strdup(body);

	return reply(c, status, copy, strlen(copy), "application/xml");
}

static ssize_t half(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct text *t = cls;
	size_t left = t->len / 2 > pos ? (size_t)(t->len / 2 - pos) : 0;

	if (!left)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	max = max < left ? max : left;
	memcpy(buf, t->s + pos, max);
	return (ssize_t)max;
}

static void free_text(void *cls)
{
	struct text *t = cls;

	free(t->s);
	free(t);
}

static enum MHD_Result reply_half(struct MHD_Connection *c, const struct text *body)
{
	struct text *t = malloc(sizeof *t);
	struct MHD_Response *r;
	enum MHD_Result result;

	if (!t)
		die("no memory");
	*t = *body;
	r = MHD_create_response_from_callback(t->len, 4096, half, t, free_text);
	result = MHD_queue_response(c, 200, r);
	MHD_destroy_response(r);
	return result;
}

static const char *argument(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, name);
}

static enum MHD_Result entries(struct MHD_Connection *c)
{
	const char *start = argument(c, "start"), *sealed = argument(c, "seal"), *given = argument(c, "epoch");
	uint64_t from_rank = start ? strtoull(start, NULL, 10) : 0;
	unsigned fault = opt.faults && draw() % 100 < opt.faults ? (unsigned)(draw() % 6) : 99;
	int64_t from, to, now = time(NULL);
	struct text t;

	if (!parse_time(argument(c, "from"), &from) || !parse_time(argument(c, "to"), &to))
		return say(c, 400, "<error/>");
	stats.future += to > now;
	stats.backward += from >= to;
	change_some(opt.each);
	if (opt.stall) {
		unsigned s = (unsigned)opt.stall;

		opt.stall = 0;
		stats.stalled++;
		pthread_mutex_unlock(&lock);
		sleep(s);
		pthread_mutex_lock(&lock);
	}
	if (fault == 0) {
		stats.status_429++;
		return say(c, 429, "slow down");
	}
	if (fault <= 2) {
		stats.status_5xx++;
		return say(c, fault == 1 ? 500 : 503, "<html>");
	}
	/* An offset into one query must come with that very query. */
	if (start && (!sealed || strtoull(sealed, NULL, 10) != seal(from, to, from_rank)))
		stats.mixed++;
	if (start && (fault == 5 || !given || strtoull(given, NULL, 10) != epoch)) {
		stats.refused++;
		return say(c, 404, "<error/>");
	}
	text_begin(&t);
	put_page(t.f, from, to, from_rank);
	fclose(t.f);
	stats.pages++;
	if (fault == 3) {
		stats.cut++;
		return reply_half(c, &t);
	}
	if (fault == 4) {
		stats.broken++;
		t.s[t.len * 2 / 3] = '<';
		t.len -= draw() % 2 ? t.len / 4 : 0;
	}
	return reply(c, 200, t.s, t.len, "application/xml");
}

static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum MHD_Result state(struct MHD_Connection *c)
{
	char **lines = calloc(opt.entries, sizeof *lines);
	struct text t;

	for (uint64_t i = 0; i < opt.entries; i++) {
		text_begin(&t);
		put_line(t.f, &records[newest_of[i]]);
		fclose(t.f);
		lines[i] = t.s;
	}
	qsort(lines, opt.entries, sizeof *lines, by_line);
	text_begin(&t);
	for (uint64_t i = 0; i < opt.entries; i++) {
		fputs(lines[i], t.f);
		free(lines[i]);
	}
	free(lines);
	fclose(t.f);
	return reply(c, 200, t.s, t.len, "text/plain");
}

static enum MHD_Result control(struct MHD_Connection *c, const char *what)
{
	char text[1024];

	if (!strcmp(what, "state"))
		return state(c);
	if (!strcmp(what, "votes"))
		return say(c, 200, votes);
	if (!strcmp(what, "settle"))
		change_some(UINT64_MAX);
	else if (!strcmp(what, "expire"))
		epoch++;
	else if (!strncmp(what, "stall/", 6))
		opt.stall = strtoull(what + 6, NULL, 10);
	else if (!strncmp(what, "faults/", 7))
		opt.faults = strtoull(what + 7, NULL, 10);
	snprintf(text, sizeof text,
		 "pages %" PRIu64 " changed %" PRIu64 " status_429 %" PRIu64 " status_5xx %" PRIu64 " cut %" PRIu64
		 " broken %" PRIu64 " refused %" PRIu64 " stalled %" PRIu64 " future %" PRIu64 " mixed %" PRIu64
		 " unauthorized %" PRIu64 " backward %" PRIu64 "\n",
		 stats.pages, changed, stats.status_429, stats.status_5xx, stats.cut, stats.broken, stats.refused,
		 stats.stalled, stats.future, stats.mixed, stats.unauthorized, stats.backward);
	return say(c, 200, text);
}

static enum MHD_Result reasons(struct MHD_Connection *c, const char *type)
{
	char text[1024];

	snprintf(text, sizeof text,
		 "<availableFeedbackReasons " NS ">"
		 "<reason guid=\"01234567-abcd-0123-4567-0123456789ab\" name=\"Demo reason\" type=\"%.*s\"/>"
		 "<reason guid=\"01234567-abcd-0123-4567-0123456789ac\" name=\"Other reason\" type=\"%.*s\"/>"
		 "</availableFeedbackReasons>",
		 (int)strcspn(type, "/"), type, (int)strcspn(type, "/"), type);
	return say(c, 200, text);
}

static enum MHD_Result vote(struct MHD_Connection *c, const char *path, const char *body)
{
	size_t len = strlen(votes);
	const char *type = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Type");

	snprintf(votes + len, sizeof votes - len, "%s [%s] %s\n", path, type ? type : "", body);
	return say(c, 200, "");
}

static bool authorized(struct MHD_Connection *c)
{
	const char *given = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");

	return !opt.authorization || (given && !strcmp(given, opt.authorization));
}

static enum MHD_Result ncmec(struct MHD_Connection *c, const char *method, const char *path, const char *body)
{
	if (!strncmp(path, "/control/", 9))
		return control(c, path + 9);
	if (!authorized(c)) {
		stats.unauthorized++;
		return say(c, 401, "");
	}
	if (!strcmp(method, "PUT") && strstr(path, "/feedback"))
		return vote(c, path, body);
	if (!strcmp(path, "/v2/entries"))
		return entries(c);
	if (!strncmp(path, "/v2/feedback/", 13))
		return reasons(c, path + 13);
	if (!strcmp(path, "/v2/members"))
		return say(c, 200,
			   "<members " NS "><member id=\"1\">Org 1</member><member id=\"2\">Org 2</member></members>");
	if (!strcmp(path, "/v2/status"))
		return say(c, 200, "<status " NS "><username>demo</username><member id=\"7\">Demo</member></status>");
	return say(c, 404, "");
}

/* ------------------------------------------------------------------ given answers */

static enum MHD_Result log_header(void *f, enum MHD_ValueKind kind, const char *key, const char *value)
{
	(void)kind;
	fprintf(f, " [%s: %s]", key, value ? value : "");
	return MHD_YES;
}

static enum MHD_Result log_argument(void *f, enum MHD_ValueKind kind, const char *key, const char *value)
{
	(void)kind;
	fprintf(f, " %s=%s", key, value ? value : "");
	return MHD_YES;
}

static enum MHD_Result given(struct MHD_Connection *c, const char *method, const char *path, const char *body)
{
	static unsigned n;
	char name[1024], buf[65536];
	unsigned status = 200;
	struct text t;
	size_t got;
	FILE *f;

	snprintf(name, sizeof name, "%s/log", opt.answers);
	f = fopen(name, "a");
	if (!f)
		die("the log cannot be written");
	fprintf(f, "%s %s", method, path);
	MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, log_argument, f);
	MHD_get_connection_values(c, MHD_HEADER_KIND, log_header, f);
	fprintf(f, " {%s}\n", body);
	fclose(f);
	snprintf(name, sizeof name, "%s/%u.status", opt.answers, ++n);
	f = fopen(name, "r");
	if (f) {
		if (fscanf(f, "%u", &status) != 1)
			die("a status cannot be read");
		fclose(f);
	}
	snprintf(name, sizeof name, "%s/%u", opt.answers, n);
	f = fopen(name, "r");
	if (!f)
		return say(c, 404, "");
	text_begin(&t);
	while ((got = fread(buf, 1, sizeof buf, f)) > 0)
		fwrite(buf, 1, got, t.f);
	fclose(f);
	fclose(t.f);
	return reply(c, status, t.s, t.len, "application/json");
}

/* ------------------------------------------------------------------ server */

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *path, const char *method,
				  const char *version, const char *upload, size_t *upload_len, void **context)
{
	struct text *body = *context;
	enum MHD_Result result;

	(void)cls;
	(void)version;
	if (!body) {
		body = calloc(1, sizeof *body);
		if (!body)
			die("no memory");
		text_begin(body);
		*context = body;
		return MHD_YES;
	}
	if (*upload_len) {
		fwrite(upload, 1, *upload_len, body->f);
		*upload_len = 0;
		return MHD_YES;
	}
	fflush(body->f);
	pthread_mutex_lock(&lock);
	result = opt.answers ? given(c, method, path, body->s) : ncmec(c, method, path, body->s);
	pthread_mutex_unlock(&lock);
	return result;
}

static void on_end(void *cls, struct MHD_Connection *c, void **context, enum MHD_RequestTerminationCode why)
{
	struct text *body = *context;

	(void)cls;
	(void)c;
	(void)why;
	if (!body)
		return;
	fclose(body->f);
	free_text(body);
}

static void take_options(int argc, char **argv)
{
	static const struct {
		const char *name;
		uint64_t *number;
	} numbers[] = {{"--entries", &opt.entries}, {"--changes", &opt.changes}, {"--seed", &opt.seed},
		       {"--life", &opt.life},       {"--huge", &opt.huge},       {"--faults", &opt.faults},
		       {"--each", &opt.each},       {"--stall", &opt.stall}};

	for (int i = 1; i < argc; i++) {
		bool known = false;

		if (!strcmp(argv[i], "--history")) {
			opt.history = true;
			continue;
		}
		if (i + 1 == argc)
			die("an option without its value");
		for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++) {
			if (!strcmp(argv[i], numbers[k].name)) {
				*numbers[k].number = strtoull(argv[i + 1], NULL, 10);
				known = true;
			}
		}
		if (!strcmp(argv[i], "--authorization"))
			opt.authorization = argv[i + 1];
		else if (!strcmp(argv[i], "--answers"))
			opt.answers = argv[i + 1];
		else if (!known)
			die("an unknown option");
		i++;
	}
}

/* Prints the body of what the server on this port answers. */
static int ask(const char *port, const char *path)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons((uint16_t)atoi(port))};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	FILE *f = fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) ? NULL : fdopen(fd, "r+");
	char buf[65536];
	size_t n;

	if (!f)
		die("no connection");
	fprintf(f, "GET %s HTTP/1.0\r\n\r\n", path);
	fflush(f);
	while (fgets(buf, sizeof buf, f) && strcmp(buf, "\r\n"))
		;
	while ((n = fread(buf, 1, sizeof buf, f)) > 0)
		fwrite(buf, 1, n, stdout);
	return fclose(f) || fflush(stdout) ? 2 : 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const union MHD_DaemonInfo *info;
	struct MHD_Daemon *daemon;
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	time_t end;

	if (argc == 4 && !strcmp(argv[1], "ask"))
		return ask(argv[2], argv[3]);
	take_options(argc, argv);
	records = calloc(RANKS, sizeof *records);
	by_rank = calloc(RANKS, sizeof *by_rank);
	newest_of = calloc(opt.entries + 1, sizeof *newest_of);
	if (!records || !by_rank || !newest_of)
		die("no memory");
	make_entries();
	daemon = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL,
				  on_request, NULL, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_COMPLETED, on_end,
				  NULL, MHD_OPTION_END);
	info = daemon ? MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
	if (!info)
		die("the server does not start");
	printf("%u\n", info->port);
	fflush(stdout);
	for (end = time(NULL) + (time_t)opt.life; time(NULL) < end;) {
		char byte;

		if (poll(&in, 1, 1000) > 0 && read(STDIN_FILENO, &byte, 1) <= 0)
			break;
	}
	/* Connections may hang in a stall: they go with the process. */
	_exit(0);
}
