/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The refusal table: check-trust BASE [--quiet]. Every way to give a store
 * something else than what was issued, one a row: what was done, what the store
 * says, and that it stayed as it was. Status 1 when a row is not refused, says
 * the wrong thing, or changes a list; BASE is an empty folder for its stores.
 */
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include <tutela/tutela.h>

/* Later than this machine's clock, which dates the versions of lists. */
#define NOW  INT64_C(4000000000)
#define DAY  86400
#define KEYS 3
#define ROOM 65536

static char base[512];
static struct tutela_secret_key *keys[KEYS + 1]; /* three of the source, and a stranger's */
static struct tutela_public_key publics[KEYS + 1];

#define STRANGER KEYS

static void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
static void die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fprintf(stderr, "check-trust: ");
	vfprintf(stderr, format, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	exit(2);
}

#define MUST(call)                                                                                                     \
	do {                                                                                                           \
		enum tutela_err must_ = (call);                                                                        \
		if (must_)                                                                                             \
			die("line %d: %s: %s", __LINE__, #call, tutela_err_name(must_));                               \
	} while (0)

/* ------------------------------------------------------------------ files */

static char *path_of(const char *folder, const char *name)
{
	static char paths[8][1024];
	static unsigned turn;
	char *out = paths[turn++ % 8];

	snprintf(out, sizeof paths[0], "%s/%s%s%s", base, folder, name ? "/" : "", name ? name : "");
	return out;
}

static char *read_file(const char *folder, const char *name, size_t *len)
{
	FILE *f = fopen(path_of(folder, name), "rb");
	char *bytes = calloc(1, ROOM * 16);

	if (!f || !bytes)
		die("'%s/%s' cannot be read", folder, name);
	*len = fread(bytes, 1, ROOM * 16 - 1, f);
	fclose(f);
	return bytes;
}

static void write_file(const char *folder, const char *name, const void *bytes, size_t len)
{
	FILE *f;

	(void)unlink(path_of(folder, name));
	f = fopen(path_of(folder, name), "wb");
	if (!f || fwrite(bytes, 1, len, f) != len || fclose(f))
		die("'%s/%s' cannot be written", folder, name);
}

static bool has(const char *folder, const char *name)
{
	return !access(path_of(folder, name), F_OK);
}

static void drop(const char *folder, const char *name)
{
	if (unlink(path_of(folder, name)))
		die("'%s/%s' cannot be removed", folder, name);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static void empty(const char *folder)
{
	(void)nftw(path_of(folder, NULL), remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *copy_from, *copy_to;

static int copy_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	const char *name = path + where->base;
	size_t len;
	char *bytes;

	(void)st;
	if (kind != FTW_F)
		return 0;
	bytes = read_file(copy_from, name, &len);
	write_file(copy_to, name, bytes, len);
	free(bytes);
	return 0;
}

static void copy(const char *from, const char *to)
{
	empty(to);
	if (mkdir(path_of(to, NULL), 0755))
		die("'%s' cannot be made", to);
	copy_from = from;
	copy_to = to;
	if (nftw(path_of(from, NULL), copy_one, 8, FTW_PHYS))
		die("'%s' cannot be copied", from);
}

static void flip(const char *folder, const char *name)
{
	size_t len;
	char *bytes = read_file(folder, name, &len);

	bytes[len / 2] ^= 1;
	write_file(folder, name, bytes, len);
	free(bytes);
}

static void find_manifest(const char *folder, char *out)
{
	size_t len;
	char *bytes = read_file(folder, "lists.json", &len), *at = strstr(bytes, "\"manifest\": \"");

	if (!at || sscanf(at + 13, "%127[^\"]", out) != 1)
		die("no manifest in '%s'", folder);
	free(bytes);
}

/* ------------------------------------------------------------------ signing by hand */

static void sign_as(const char *folder, const char *stem, const char *bytes, size_t len, unsigned as_key, unsigned by)
{
	char text[TUTELA_SIGNATURE_MAX], id[TUTELA_KEY_ID_TEXT + 1], name[512];

	MUST(tutela_sign(keys[by], bytes, len, "", text));
	tutela_public_key_id(&publics[as_key], id);
	snprintf(name, sizeof name, "%s.%s.minisig", stem, id);
	write_file(folder, name, text, strlen(text));
}

static void hex_of(const char *bytes, size_t len, char *out)
{
	uint8_t sha[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(sha, (const uint8_t *)bytes, len);
	sodium_bin2hex(out, 65, sha, sizeof sha);
}

/* bytes with the first `from` become `to`. */
static void replace(char *bytes, const char *from, const char *to)
{
	char *at = strstr(bytes, from), *rest;

	if (!at)
		die("'%s' is not in what was to be changed", from);
	rest = strdup(at + strlen(from));
	strcpy(at, to);
	strcat(at, rest);
	free(rest);
}

/* Change a signed text and sign it again, as its owner could. */
static void index_again(const char *folder, const char *from, const char *to, unsigned by)
{
	char hex[65], stem[64];
	size_t len;
	char *bytes = read_file(folder, "lists.json", &len);

	replace(bytes, from, to);
	len = strlen(bytes);
	hex_of(bytes, len, hex);
	snprintf(stem, sizeof stem, "lists.json.%.16s", hex);
	write_file(folder, "lists.json", bytes, len);
	sign_as(folder, stem, bytes, len, by == STRANGER ? 0 : by, by);
	free(bytes);
}

/* As index_again; the index is made to name what it became. */
static void manifest_again(const char *folder, const char *name, const char *from, const char *to)
{
	char old_hex[65], hex[65], old_length[64], length[64];
	size_t len;
	char *bytes = read_file(folder, name, &len);

	hex_of(bytes, len, old_hex);
	snprintf(old_length, sizeof old_length, "\"length\": %zu", len);
	replace(bytes, from, to);
	len = strlen(bytes);
	hex_of(bytes, len, hex);
	snprintf(length, sizeof length, "\"length\": %zu", len);
	write_file(folder, name, bytes, len);
	sign_as(folder, name, bytes, len, 0, 0);
	index_again(folder, old_hex, hex, 0);
	if (strcmp(old_length, length))
		index_again(folder, old_length, length, 0);
	free(bytes);
}

/* Other data under a name, and a manifest that says so. */
static void data_again(const char *folder, const char *manifest, const char *name, const void *bytes, size_t len,
		       uint64_t plain)
{
	char old_hex[65], hex[65], old_length[64], length[64], old_plain[64], new_plain[64], *at;
	size_t old_len, text_len;
	char *old = read_file(folder, name, &old_len), *text = read_file(folder, manifest, &text_len);
	uint64_t was;

	hex_of(old, old_len, old_hex);
	hex_of(bytes, len, hex);
	at = strstr(text, old_hex);
	at = at ? strstr(at, "\"plain_length\": ") : NULL;
	if (!at)
		die("'%s' does not name '%s'", manifest, name);
	was = strtoull(at + 16, NULL, 10);
	snprintf(old_length, sizeof old_length, "\"length\": %zu", old_len);
	snprintf(length, sizeof length, "\"length\": %zu", len);
	snprintf(old_plain, sizeof old_plain, "\"plain_length\": %" PRIu64, was);
	snprintf(new_plain, sizeof new_plain, "\"plain_length\": %" PRIu64, plain);
	write_file(folder, name, bytes, len);
	manifest_again(folder, manifest, old_hex, hex);
	manifest_again(folder, manifest, old_length, length);
	manifest_again(folder, manifest, old_plain, new_plain);
	free(old);
	free(text);
}

/* ------------------------------------------------------------------ publisher, subscriber */

static struct tutela_store *open_store(const char *name)
{
	struct tutela_store_opts opts = {.size = sizeof opts, .write = true};
	struct tutela_store *s;
	char why[512];

	if (!has(name, "TUTELA"))
		MUST(tutela_store_create(path_of(name, NULL)));
	if (tutela_store_open(path_of(name, NULL), &opts, &s, why, sizeof why))
		die("%s", why);
	return s;
}

static void put(struct tutela_store *s, const char *list, unsigned from, unsigned to, bool withdraw)
{
	struct tutela_update_opts opts = {.size = sizeof opts, .list = list, .create = true, .threads = 1};
	struct tutela_update *u;

	MUST(tutela_update_begin(s, &opts, &u));
	for (unsigned i = from; i < to; i++) {
		char id[16];
		struct tutela_record rec = {.id = {id, (size_t)sprintf(id, "e%u", i)}, .n_fingerprints = 1};
		uint8_t seed[32] = {0};

		memcpy(seed, &i, sizeof i);
		rec.fingerprints[0] = (struct tutela_hash){.algorithm = TUTELA_ALG_PDQ, .len = 32};
		crypto_hash_sha256(rec.fingerprints[0].bytes, seed, sizeof seed);
		if (withdraw)
			MUST(tutela_update_status(u, rec.id, TUTELA_WITHDRAWN, (struct tutela_text){0}));
		else
			MUST(tutela_update_put(u, &rec));
	}
	MUST(tutela_update_commit(u, NULL));
}

static void publish(struct tutela_store *s, const char *folder, int64_t now, bool full)
{
	const char *lists[] = {"l"};
	const struct tutela_secret_key *signers[] = {keys[0]};
	char why[512];
	struct tutela_publish_opts opts = {.size = sizeof opts,
					   .folder = path_of(folder, NULL),
					   .n_lists = 1,
					   .lists = lists,
					   .n_keys = 1,
					   .keys = signers,
					   .expires = now + 30 * DAY,
					   .now = now,
					   .full = full,
					   .why = why,
					   .why_len = sizeof why};
	uint64_t version;

	if (tutela_publish(s, &opts, &version))
		die("publishing: %s", why);
}

static void make_root(const char *folder, const struct tutela_public_key *root_keys, size_t n, uint32_t threshold,
		      unsigned first_signer, size_t n_signers, int64_t expires)
{
	const struct tutela_secret_key *signers[KEYS + 1];
	char why[512];
	struct tutela_publish_root_opts opts = {.size = sizeof opts,
						.folder = path_of(folder, NULL),
						.n_root_keys = n,
						.root_keys = root_keys,
						.root_threshold = threshold,
						.n_keys = 1,
						.keys = &publics[0],
						.n_signers = n_signers,
						.signers = signers,
						.expires = expires,
						.now = NOW,
						.why = why,
						.why_len = sizeof why};
	uint64_t version;

	for (size_t i = 0; i < n_signers; i++)
		signers[i] = keys[first_signer + i];
	if (tutela_publish_root(&opts, &version))
		die("making a root: %s", why);
}

/* How a row syncs, where it differs from the usual. */
struct how {
	int64_t now;         /* 0: NOW + a day */
	uint32_t threshold;  /* of pinned keys; 0: 2 of 3 */
	const char *endless; /* this file never ends */
	const char *from;    /* name of the source; NULL: "fp" */
	/* Called when this file is asked for, once: what somebody else does to the store at that moment. */
	const char *when;
	void (*meanwhile)(struct tutela_store *s);
};

static const struct how usual;

struct endless {
	const char *folder, *name;
};

static enum tutela_err endless_get(void *ctx, const char *name, uint64_t offset, uint64_t most,
				   enum tutela_err (*write)(void *to, const void *bytes, size_t len), void *to)
{
	const struct endless *e = ctx;
	static char zeros[4096];
	char folder[1024];

	snprintf(folder, sizeof folder, "%s", path_of(e->folder, NULL));
	if (strcmp(name, e->name))
		return tutela_bundle_folder_get(folder, name, offset, most, write, to);
	/* A server that does not care how much was asked for. */
	for (uint64_t n = 0; n < (uint64_t)1 << 40; n += sizeof zeros) {
		enum tutela_err err = write(to, zeros, sizeof zeros);

		if (err)
			return err;
	}
	die("the endless file was read to its end");
}

struct moment {
	struct tutela_store *store;
	const struct how *how;
	const char *folder;
	bool past;
};

static enum tutela_err moment_get(void *ctx, const char *name, uint64_t offset, uint64_t most,
				  enum tutela_err (*write)(void *to, const void *bytes, size_t len), void *to)
{
	struct moment *m = ctx;
	char folder[1024];

	if (!m->past && !strcmp(name, m->how->when)) {
		m->past = true;
		m->how->meanwhile(m->store);
	}
	snprintf(folder, sizeof folder, "%s", path_of(m->folder, NULL));
	return tutela_bundle_folder_get(folder, name, offset, most, write, to);
}

static char reason[512];
static bool expired;

static void on_result(void *ctx, const struct tutela_bundle_list *list)
{
	(void)ctx;
	expired |= list->expired;
	if (list->err && !*reason)
		snprintf(reason, sizeof reason, "%s", list->reason);
}

static enum tutela_err sync_from(struct tutela_store *s, const char *folder, const struct how *how)
{
	struct tutela_source *source = calloc(1, sizeof *source);
	struct endless endless = {folder, how->endless};
	struct moment moment = {.store = s, .how = how, .folder = folder};
	char path[1024];
	struct tutela_bundle_sync_opts opts = {.size = sizeof opts,
					       .source = source,
					       .transport = {tutela_bundle_folder_get, path},
					       .staging = path_of("staging", NULL),
					       .now = how->now ? how->now : NOW + DAY,
					       .threads = 1,
					       .result = on_result};
	enum tutela_err err;

	if (!source)
		die("no memory");
	snprintf(path, sizeof path, "%s", path_of(folder, NULL));
	if (how->endless)
		opts.transport = (struct tutela_bundle_transport){endless_get, &endless};
	if (how->meanwhile)
		opts.transport = (struct tutela_bundle_transport){moment_get, &moment};
	strcpy(source->name, how->from ? how->from : "fp");
	strcpy(source->url, "/nowhere");
	source->threshold = how->threshold ? how->threshold : 2;
	source->n_keys = KEYS;
	for (size_t i = 0; i < KEYS; i++)
		tutela_public_key_text(&publics[i], source->keys[i]);
	err = tutela_source_put(s, source, false, "source-add");
	if (err && err != TUTELA_E_EXISTS)
		die("the source: %s", tutela_store_errmsg(s));
	*reason = '\0';
	expired = false;
	err = tutela_bundle_sync(s, &opts);
	free(source);
	return err;
}

/* All that a look-up could depend on, in words. */
static void state_of(struct tutela_store *s, char out[512])
{
	struct tutela_snapshot *snap;
	struct tutela_list list;
	uint8_t digest[32];
	char hex[65] = "none";

	MUST(tutela_snapshot_open(s, &snap));
	memset(&list, 0, sizeof list);
	if (!tutela_snapshot_list(snap, "l", &list)) {
		MUST(tutela_snapshot_digest(snap, "l", TUTELA_DIGEST_ISSUED, digest));
		sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
	}
	snprintf(out, 512, "%s version %" PRIu64 " expires %" PRId64 " source %s", hex, list.version, list.expires,
		 list.source);
	tutela_snapshot_close(snap);
}

/* ------------------------------------------------------------------ the rows */

/* Folders: v1, v2, v3 are what was published one after the other; bad is changed by the row. */
struct row {
	const char *what;
	const char *store;  /* what the store has taken before: a folder, or NULL */
	const char *offers; /* the folder that "bad" is a copy of */
	void (*change)(void);
	const char *sentence; /* a part of it */
	struct how how;
};

static char m3[128], m2[128]; /* names of manifests */

#define FULL  "l.1.full.zst"
#define DELTA "l.2-3.delta.zst"

static void nothing(void) {}

static void root_of_stranger(void)
{
	empty("bad");
	make_root("bad", &publics[STRANGER], 1, 1, STRANGER, 1, NOW + 365 * DAY);
}

static void signature_name(const char *stem, unsigned key, char *out)
{
	char id[TUTELA_KEY_ID_TEXT + 1];

	tutela_public_key_id(&publics[key], id);
	sprintf(out, "%s.%s.minisig", stem, id);
}

static void drop_signature(const char *stem, unsigned key)
{
	char name[256];

	signature_name(stem, key, name);
	drop("bad", name);
}

static void index_stem(char *out)
{
	size_t len;
	char hex[65], *bytes = read_file("bad", "lists.json", &len);

	hex_of(bytes, len, hex);
	sprintf(out, "lists.json.%.16s", hex);
	free(bytes);
}

static void index_by_stranger(void)
{
	size_t len;
	char stem[64], *bytes = read_file("bad", "lists.json", &len);

	index_stem(stem);
	sign_as("bad", stem, bytes, len, 0, STRANGER);
	free(bytes);
}

static void index_unsigned(void)
{
	char stem[64];

	index_stem(stem);
	drop_signature(stem, 0);
}

static void manifest_by_stranger(void)
{
	size_t len;
	char *bytes = read_file("bad", m3, &len);

	sign_as("bad", m3, bytes, len, 0, STRANGER);
	free(bytes);
}

static void root_by_one(void)
{
	drop_signature("root.1.json", 0);
}

static void root_by_none_before(void)
{
	size_t len;
	char *bytes = read_file("bad", "root.1.json", &len);

	replace(bytes, "\"version\": 1", "\"version\": 2");
	for (unsigned i = 0; i < KEYS; i++) {
		char text[TUTELA_PUBLIC_KEY_TEXT + 1], other[TUTELA_PUBLIC_KEY_TEXT + 1];

		/* Only the stranger signs roots from now on. */
		tutela_public_key_text(&publics[i], text);
		tutela_public_key_text(&publics[STRANGER], other);
		if (i == 0)
			replace(bytes, text, other);
	}
	replace(bytes, "\"root_threshold\": 2", "\"root_threshold\": 1");
	write_file("bad", "root.2.json", bytes, strlen(bytes));
	sign_as("bad", "root.2.json", bytes, strlen(bytes), STRANGER, STRANGER);
	free(bytes);
}

/* A root of the bad folder, signed by the first `signers` keys; frees its text. */
static void put_root(const char *name, char *bytes, unsigned signers)
{
	write_file("bad", name, bytes, strlen(bytes));
	for (unsigned i = 0; i < signers; i++)
		sign_as("bad", name, bytes, strlen(bytes), i, i);
	free(bytes);
}

static void root_not_by_new(void)
{
	size_t len;
	char a[TUTELA_PUBLIC_KEY_TEXT + 1], other[TUTELA_PUBLIC_KEY_TEXT + 1];
	char *bytes = read_file("bad", "root.1.json", &len);

	tutela_public_key_text(&publics[2], a);
	tutela_public_key_text(&publics[STRANGER], other);
	replace(bytes, "\"version\": 1", "\"version\": 2");
	replace(bytes, a, other);
	replace(bytes, "\"root_threshold\": 2", "\"root_threshold\": 3");
	put_root("root.2.json", bytes, 2);
}

static void two_needed(void)
{
	size_t len;
	char *bytes = read_file("bad", "root.1.json", &len), a[TUTELA_PUBLIC_KEY_TEXT + 1], two[256], *at;
	char b[TUTELA_PUBLIC_KEY_TEXT + 1];

	tutela_public_key_text(&publics[0], a);
	tutela_public_key_text(&publics[1], b);
	replace(bytes, "\"version\": 1", "\"version\": 2");
	at = strstr(bytes, "\"keys\"");
	snprintf(two, sizeof two, "%s\", \"%s", a, b);
	replace(at, a, two);
	replace(at, "\"threshold\": 1", "\"threshold\": 2");
	put_root("root.2.json", bytes, 2);
}

/* A key that is there twice, under another number, is one key. */
static void key_twice(void)
{
	struct tutela_public_key twin = publics[0];
	char a[TUTELA_PUBLIC_KEY_TEXT + 1], b[TUTELA_PUBLIC_KEY_TEXT + 1], two[TUTELA_PUBLIC_KEY_TEXT + 1];
	size_t len;
	char *bytes = read_file("bad", "root.1.json", &len);

	twin.id[0] ^= 1;
	tutela_public_key_text(&publics[2], a);
	tutela_public_key_text(&publics[0], b);
	tutela_public_key_text(&twin, two);
	replace(bytes, a, two);
	put_root("root.1.json", bytes, KEYS);
}

static void flip_root(void)
{
	flip("bad", "root.1.json");
}
static void flip_index(void)
{
	flip("bad", "lists.json");
}
static void flip_manifest(void)
{
	flip("bad", m3);
}
static void flip_data(void)
{
	flip("bad", DELTA);
}

/* A changed index for which the signature of the right one is offered. */
static void index_other_signature(void)
{
	char stem[64], other[64], name[256];
	size_t len;
	char *signature;

	index_stem(stem);
	signature_name(stem, 0, name);
	signature = read_file("bad", name, &len);
	flip("bad", "lists.json");
	index_stem(other);
	signature_name(other, 0, name);
	write_file("bad", name, signature, len);
	free(signature);
}

static void cut_data(void)
{
	size_t len;
	char *bytes = read_file("bad", DELTA, &len);

	write_file("bad", DELTA, bytes, len - 1);
	free(bytes);
}

static void more(const char *name)
{
	size_t len;
	char *bytes = read_file("bad", name, &len);

	bytes[len] = '\n';
	write_file("bad", name, bytes, len + 1);
	free(bytes);
}

static void more_data(void)
{
	more(DELTA);
}
static void more_manifest(void)
{
	more(m3);
}
static void no_data(void)
{
	drop("bad", DELTA);
}

static void cut_manifest(void)
{
	size_t len;
	char *bytes = read_file("bad", m3, &len);

	write_file("bad", m3, bytes, len - 1);
	free(bytes);
}

/* The newest index, by its own version, names an older version of the list. */
static void older_manifest(void)
{
	index_again("bad", "\"version\": 2", "\"version\": 9", 0);
}

static void without_root_2(void)
{
	drop("bad", "root.2.json");
}

static void other_root_2(void)
{
	size_t len;
	char *bytes = read_file("bad", "root.2.json", &len);

	strcpy(bytes + len, "\n");
	write_file("bad", "root.2.json", bytes, len + 1);
	for (unsigned i = 0; i < KEYS; i++)
		sign_as("bad", "root.2.json", bytes, len + 1, i, i);
	free(bytes);
}

static void other_index(void)
{
	index_again("bad", "\"expires\"", "\"other\": 1, \"expires\"", 0);
}

static void other_manifest(void)
{
	size_t len;
	char *bytes = read_file("bad", m3, &len), from[128], to[128], *at = strstr(bytes, "\"digest\": \"");

	snprintf(from, sizeof from, "%.75s", at);
	snprintf(to, sizeof to, "%.75s", at);
	to[20] = to[20] == '0' ? '1' : '0';
	manifest_again("bad", m3, from, to);
	index_again("bad", "\"version\": 3", "\"version\": 9", 0);
	free(bytes);
}

static void mix(void)
{
	size_t len;
	char *bytes = read_file("v2", m2, &len), a[64], b[64], sized[96];

	/* As long as the other, so that its length does not give it away. */
	snprintf(a, sizeof a, "%zu", len);
	write_file("bad", m3, bytes, len);
	free(bytes);
	free(read_file("v3", m3, &len));
	snprintf(b, sizeof b, "\"length\": %zu", len);
	snprintf(sized, sizeof sized, "\"length\": %s", a);
	if (strcmp(b, sized))
		index_again("bad", b, sized, 0);
}

static void only_delta(void)
{
	/* A manifest of which only the way from version 2 is left. */
	size_t len;
	char *bytes = read_file("bad", m3, &len), *from = strstr(bytes, "\"files\": ["), *last = strstr(bytes, DELTA);
	char *before, *after = calloc(1, ROOM);

	while (*last != '{')
		last--;
	sprintf(after, "\"files\": [ %.*s", (int)(last - from), "");
	before = strndup(from, (size_t)(last - from));
	manifest_again("bad", m3, before, after);
	free(before);
	free(after);
	free(bytes);
}

static void as_data(const char *manifest, const char *text)
{
	char out[1024];
	size_t len = ZSTD_compress(out, sizeof out, text, strlen(text), 3);

	data_again("bad", manifest, DELTA, out, len, strlen(text));
}

/* Three entries are taken back, as in the right one; but others. */
static const char elsewhere[] = "withdrawn\te1\t0\t\t\nwithdrawn\te2\t0\t\t\nwithdrawn\te3\t0\t\t\n";

static void wrong_delta(void)
{
	only_delta();
	as_data(m3, elsewhere);
}

static void wrong_full(void)
{
	size_t len;
	char *bytes = read_file("bad", m3, &len), from[128], to[128], *at = strstr(bytes, "\"digest\": \"");

	snprintf(from, sizeof from, "%.75s", at);
	snprintf(to, sizeof to, "%.75s", at);
	to[20] = to[20] == '0' ? '1' : '0';
	manifest_again("bad", m3, from, to);
	free(bytes);
}

static void replayed_delta(void)
{
	size_t len;
	char *bytes = read_file("bad", "l.1-2.delta.zst", &len);

	write_file("bad", DELTA, bytes, len);
	free(bytes);
}

static void bomb(void)
{
	size_t plain = (size_t)64 << 20, room = ZSTD_compressBound(plain), len;
	char *zeros = calloc(1, plain), *out = malloc(room);

	if (!zeros || !out)
		die("no memory");
	len = ZSTD_compress(out, room, zeros, plain, 3);
	data_again("bad", m3, DELTA, out, len, 200);
	free(zeros);
	free(out);
}

static void wide_window(void)
{
	size_t plain = (size_t)20 << 20, room = ZSTD_compressBound(plain), len;
	char *zeros = calloc(1, plain), *out = malloc(room);
	ZSTD_CCtx *zstd = ZSTD_createCCtx();

	if (!zeros || !out || !zstd)
		die("no memory");
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, 27);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_enableLongDistanceMatching, 1);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_contentSizeFlag, 0);
	ZSTD_CCtx_setPledgedSrcSize(zstd, ZSTD_CONTENTSIZE_UNKNOWN);
	{
		ZSTD_inBuffer in = {zeros, plain, 0};
		ZSTD_outBuffer to = {out, room, 0};

		while (ZSTD_compressStream2(zstd, &to, &in, ZSTD_e_continue) && in.pos < in.size)
			;
		while (ZSTD_compressStream2(zstd, &to, &in, ZSTD_e_end))
			;
		len = to.pos;
	}
	data_again("bad", m3, DELTA, out, len, plain);
	ZSTD_freeCCtx(zstd);
	free(zeros);
	free(out);
}

static void half_frame(void)
{
	const char *text = "withdrawn\te1\t0\t\t\n";
	char out[1024];
	size_t len = ZSTD_compress(out, sizeof out, text, strlen(text), 3);

	data_again("bad", m3, DELTA, out, len - 2, strlen(text));
}

static void bad_record(void)
{
	as_data(m3, "active\te900\t0\tmd5:d41d8cd98f00b204e9800998ecf8427e\t\n");
}
static void no_record(void)
{
	as_data(m3, "this is not a record\n");
}

static void path_in_index(void)
{
	char from[256], to[256];

	snprintf(from, sizeof from, "\"manifest\": \"%s\"", m3);
	snprintf(to, sizeof to, "\"manifest\": \"../v3/%s\"", m3);
	index_again("bad", from, to, 0);
}

static void path_in_manifest(void)
{
	manifest_again("bad", m3, "\"" DELTA "\"", "\"/etc/passwd\"");
}

static void dot_in_manifest(void)
{
	manifest_again("bad", m3, "\"" DELTA "\"", "\".publish.tmp\"");
}

static void link_data(void)
{
	drop("bad", DELTA);
	if (symlink("../v3/" DELTA, path_of("bad", DELTA)))
		die("no link");
}

static void named_root(void)
{
	index_again("bad", "\"list\": \"l\"", "\"list\": \"root\"", 0);
}
static void key_twice_in_json(void)
{
	index_again("bad", "\"root\": ", "\"version\": 900, \"root\": ", 0);
}
static void next_format(void)
{
	index_again("bad", "\"format\": 1", "\"format\": 2", 0);
}
static void needs_root(void)
{
	index_again("bad", "\"root\": 1", "\"root\": 2", 0);
}

static void other_list(void)
{
	manifest_again("bad", m3, "\"list\": \"l\"", "\"list\": \"other\"");
}

static void short_root(void)
{
	empty("bad");
	make_root("bad", publics, KEYS, 2, 0, KEYS, NOW + 10);
}

static void change_source(struct tutela_store *s, bool suspend, unsigned key)
{
	struct tutela_source *source = calloc(1, sizeof *source);
	struct tutela_snapshot *snap;

	MUST(tutela_snapshot_open(s, &snap));
	MUST(tutela_snapshot_source(snap, "fp", source));
	tutela_snapshot_close(snap);
	source->suspended = suspend;
	if (!suspend)
		MUST(tutela_source_remove(s, "fp"));
	tutela_public_key_text(&publics[key], source->keys[0]);
	MUST(tutela_source_put(s, source, suspend, "source-change"));
	free(source);
}

static void suspend_it(struct tutela_store *s)
{
	change_source(s, true, 0);
}

static void pin_another(struct tutela_store *s)
{
	change_source(s, false, STRANGER);
}

static void remove_it(struct tutela_store *s)
{
	MUST(tutela_source_remove(s, "fp"));
}

/* Somebody else is quicker, and has a newer index. */
static void sync_newer(struct tutela_store *s)
{
	MUST(sync_from(s, "r2", &usual));
	*reason = '\0';
}

#define PAST_ROOT (NOW + 400 * DAY)

static const struct row rows[] = {
	{"wrong key: a stranger's bundle", NULL, "v1", root_of_stranger, "not signed by a key that is trusted", {0}},
	{"wrong key: the index signed by a stranger", "v2", "v3", index_by_stranger, "is not signed by a key", {0}},
	{"wrong key: the index without its signature", "v2", "v3", index_unsigned, "is not signed by a key", {0}},
	{"wrong key: the manifest signed by a stranger",
	 "v2",
	 "v3",
	 manifest_by_stranger,
	 "is not signed by a key",
	 {0}},
	{"wrong key: the next root by none of the last",
	 "v2",
	 "v3",
	 root_by_none_before,
	 "'root.2.json' is not signed by a key",
	 {0}},
	{"too few keys: the first root, pinned 3 of 3",
	 NULL,
	 "v3",
	 root_by_one,
	 "is signed by 2 of the keys that are trusted here, and needs 3",
	 {.threshold = 3}},
	{"too few keys: the next root, by its own",
	 "v2",
	 "v3",
	 root_not_by_new,
	 "is signed by 2 of the keys that are trusted here, and needs 3",
	 {0}},
	{"too few keys: the index, when two are needed",
	 "v2",
	 "v3",
	 two_needed,
	 "'lists.json' is signed by 1 of the keys",
	 {0}},
	{"too few keys: one key under two numbers", NULL, "v3", key_twice, "has the same key twice", {0}},
	{"changed byte: root", NULL, "v3", flip_root, "does not fit 'root.1.json'", {0}},
	{"changed byte: index", "v2", "v3", flip_index, "'lists.json' is not signed by a key", {0}},
	{"changed byte: index, the old signature for it",
	 "v2",
	 "v3",
	 index_other_signature,
	 "does not fit 'lists.json'",
	 {0}},
	{"changed byte: manifest", "v2", "v3", flip_manifest, "is not the manifest that the index names", {0}},
	{"changed byte: data", "v2", "v3", flip_data, "are not those that were signed", {0}},
	{"wrong length: data, one byte less", "v2", "v3", cut_data, "and was signed with", {0}},
	{"wrong length: data, one byte more", "v2", "v3", more_data, "is longer than the", {0}},
	{"wrong length: manifest, one byte less", "v2", "v3", cut_manifest, "and the index says", {0}},
	{"wrong length: manifest, one byte more", "v2", "v3", more_manifest, "is longer than the", {0}},
	{"wrong length: data that is not there", "v2", "v3", no_data, "'" DELTA "' is not there", {0}},
	{"older version: index", "v3", "v2", nothing, "older than version 3, which was taken", {0}},
	{"older version: list, in a newer index",
	 "v3",
	 "v2",
	 older_manifest,
	 "of list 'l' is older than version 3",
	 {0}},
	{"older version: root", "r2", "r2", without_root_2, "the root is older than it was", {0}},
	{"same version, other content: index",
	 "v3",
	 "v3",
	 other_index,
	 "'lists.json' says something else than was issued as version 3",
	 {0}},
	{"same version, other content: list",
	 "v3",
	 "v3",
	 other_manifest,
	 "says something else than was issued as version 3",
	 {0}},
	{"same version, other content: root",
	 "r2",
	 "r2",
	 other_root_2,
	 "is not the root of this version that was seen before",
	 {0}},
	{"mix of two versions: manifest 2, index 3", "v1", "v3", mix, "two versions are mixed", {0}},
	{"mix of two versions: the manifest of another list", "v2", "v3", other_list, "is of list 'other'", {0}},
	{"mix of two versions: index needs another root", "v2", "v3", needs_root, "needs root 2", {0}},
	{"delta on the wrong base: none from what is held",
	 "v1",
	 "v3",
	 only_delta,
	 "no delta that begins at version 1",
	 {0}},
	{"delta on the wrong base: nothing is held", NULL, "v3", only_delta, "no version of it is here", {0}},
	{"delta on the wrong base: signed, but leads elsewhere",
	 "v2",
	 "v3",
	 wrong_delta,
	 "does not lead from version 2",
	 {0}},
	{"full list that is not what was signed",
	 NULL,
	 "v3",
	 wrong_full,
	 "what came is not the list that was signed",
	 {0}},
	{"expired root: the first", NULL, "v3", short_root, "'root.1.json' expired at", {0}},
	{"expired root: that of a source that was taken",
	 "v3",
	 "v3",
	 nothing,
	 "'root.1.json' expired at",
	 {.now = PAST_ROOT}},
	{"replayed delta: that of version 2 as that of 3", "v2", "v3", replayed_delta, "'" DELTA "'", {0}},
	{"endless data: index", "v2", "v3", nothing, "'lists.json' is longer than", {.endless = "lists.json"}},
	{"endless data: root", NULL, "v3", nothing, "'root.1.json' is longer than", {.endless = "root.1.json"}},
	{"endless data: data file", "v2", "v3", nothing, "'" DELTA "' is longer than", {.endless = DELTA}},
	{"endless data: unpacks to 64 MiB", "v2", "v3", bomb, "unpacks to more bytes than were signed", {0}},
	{"endless data: wants a window of 128 MiB", "v2", "v3", wide_window, "wants too much memory", {0}},
	{"data that ends in the middle", "v2", "v3", half_frame, "'" DELTA "'", {0}},
	{"path tricks: the index names ../", "v2", "v3", path_in_index, "is not a plain file name", {0}},
	{"path tricks: the manifest names /etc/passwd", "v2", "v3", path_in_manifest, "is not a plain file name", {0}},
	{"path tricks: the manifest names a dot file", "v2", "v3", dot_in_manifest, "is not a plain file name", {0}},
	{"path tricks: a link in the folder", "v2", "v3", link_data, "'" DELTA "' is not a plain file", {0}},
	{"the clock went back behind what was taken", "v3", "v3", nothing, "the clock went back", {.now = NOW - DAY}},
	{"issued in the future, by this clock", NULL, "v3", nothing, "the clock went back", {.now = NOW - DAY}},
	{"a record that may not be stored", "v2", "v3", bad_record, "'" DELTA "', line 1:", {0}},
	{"a line that is no record", "v2", "v3", no_record, "'" DELTA "', line 1:", {0}},
	{"a key twice in the text",
	 "v2",
	 "v3",
	 key_twice_in_json,
	 "is no JSON object: it has a key twice, in line",
	 {0}},
	{"a format of the future", "v2", "v3", next_format, "'format' is one that this version does not know", {0}},
	{"a list with a reserved name", "v2", "v3", named_root, "cannot be the name of a list in a bundle", {0}},
	{"a source that was suspended meanwhile",
	 "v2",
	 "v3",
	 nothing,
	 "the source 'fp' was suspended meanwhile",
	 {.when = DELTA, .meanwhile = suspend_it}},
	{"a source that was removed meanwhile",
	 NULL,
	 "v3",
	 nothing,
	 "the source 'fp' was removed meanwhile",
	 {.when = DELTA, .meanwhile = remove_it}},
	{"a source that was removed, and is there again with another key",
	 NULL,
	 "v3",
	 nothing,
	 "the source 'fp' was changed meanwhile",
	 {.when = DELTA, .meanwhile = pin_another}},
	{"a list of another source", "v2", "v3", nothing, "is of the source 'fp', not of 'other'", {.from = "other"}},
};

#define ROWS (sizeof rows / sizeof rows[0])

/* ------------------------------------------------------------------ running them */

static bool quiet;
static unsigned wrong;

static void show(const char *verdict, const char *what, enum tutela_err err, const char *sentence)
{
	if (!quiet || strcmp(verdict, "refused"))
		printf("%-9s %-52s %s\n          %s\n", verdict, what, tutela_err_name(err), sentence);
	wrong += strcmp(verdict, "refused") != 0;
}

static void run_row(const struct row *row)
{
	char before[512], after[512];
	struct tutela_store *s;
	enum tutela_err err;

	empty("store");
	empty("staging");
	if (mkdir(path_of("staging", NULL), 0700))
		die("no staging folder");
	s = open_store("store");
	if (row->store && sync_from(s, row->store, &usual))
		die("%s: the beginning: %s", row->what, reason);
	copy(row->offers, "bad");
	row->change();
	state_of(s, before);
	err = sync_from(s, "bad", &row->how);
	state_of(s, after);
	if (!err)
		show("TAKEN", row->what, err, "nothing was refused");
	else if (err == TUTELA_E_NOMEM || err == TUTELA_E_ARG || err == TUTELA_E_CORRUPT)
		show("FAILED", row->what, err, reason);
	else if (!strstr(reason, row->sentence))
		show("SAYS", row->what, err, reason);
	else if (strcmp(before, after))
		show("CHANGED", row->what, err, after);
	else
		show("refused", row->what, err, reason);
	tutela_store_close(s);
}

static void expect(bool holds, const char *what)
{
	if (!quiet || !holds)
		printf("%-9s %s\n", holds ? "taken" : "WRONG", what);
	wrong += !holds;
}

/* What must be taken, so that the rows above do not refuse for nothing. */
static void good_rows(void)
{
	char from[512], at_once[512], name[128];
	struct tutela_store *s, *t;
	size_t len;
	char *bytes;

	empty("store");
	empty("store2");
	empty("staging");
	if (mkdir(path_of("staging", NULL), 0700))
		die("no staging folder");
	s = open_store("store");
	t = open_store("store2");
	expect(!sync_from(s, "v1", &usual) && !sync_from(s, "v2", &usual) && !sync_from(s, "v3", &usual),
	       "versions 1, 2 and 3, one after the other");
	expect(!sync_from(t, "v3", &usual), "version 3 at once");
	state_of(s, from);
	state_of(t, at_once);
	expect(!strcmp(from, at_once), "both ways lead to the same");
	expect(!sync_from(s, "v3", &usual), "version 3 again: nothing to do");
	expect(!sync_from(s, "r2", &usual), "a new root, signed by the old and the new");
	expect(!expired && !sync_from(s, "r2", &(struct how){.now = NOW + 60 * DAY}) && expired,
	       "an expired index: what is held goes on matching, and is said to be expired");
	tutela_store_close(s);
	tutela_store_close(t);
	empty("store2");
	t = open_store("store2");
	expect(!sync_from(t, "v2", &usual), "version 2, before a delta that leads elsewhere");
	copy("f3", "bad");
	find_manifest("bad", name);
	as_data(name, elsewhere);
	expect(!sync_from(t, "bad", &usual), "the full list beside that delta");
	state_of(t, at_once);
	/* It was issued later, and so expires later. */
	expect(!strncmp(from, at_once, 64), "and it leads to the same");
	tutela_store_close(t);
	/* What was staged by half is taken up, and what was staged wrongly is fetched anew. */
	empty("store2");
	t = open_store("store2");
	expect(!sync_from(t, "v2", &usual), "version 2, with half of a delta staged");
	{
		char hex[65];

		bytes = read_file("v3", DELTA, &len);
		hex_of(bytes, len, hex);
		snprintf(name, sizeof name, "%s.part", hex);
		write_file("staging", name, "garbage", 7);
		free(bytes);
	}
	expect(!sync_from(t, "v3", &usual), "version 3 over what was staged wrongly");
	state_of(t, at_once);
	expect(!strcmp(from, at_once), "and it leads to the same");
	tutela_store_close(t);
}

/* The index of the bad folder, as `version`, expires `days` after v3 was issued. */
static void index_until(unsigned *version, unsigned to, unsigned *days, unsigned until)
{
	char from[64], then[64];
	time_t t = (time_t)(NOW + 20 + (int64_t)*days * DAY);
	struct tm tm;

	strftime(from, sizeof from, "\"expires\": \"%Y-%m-%dT%H:%M:%SZ\"", gmtime_r(&t, &tm));
	t = (time_t)(NOW + 20 + (int64_t)until * DAY);
	strftime(then, sizeof then, "\"expires\": \"%Y-%m-%dT%H:%M:%SZ\"", gmtime_r(&t, &tm));
	index_again("bad", from, then, 0);
	snprintf(from, sizeof from, "\"version\": %u", *version);
	snprintf(then, sizeof then, "\"version\": %u", to);
	index_again("bad", from, then, 0);
	*version = to;
	*days = until;
}

static bool expires_after(struct tutela_store *s, unsigned days)
{
	char is[512], wanted[64];

	state_of(s, is);
	snprintf(wanted, sizeof wanted, " expires %" PRId64 " ", NOW + 20 + (int64_t)days * DAY);
	return strstr(is, wanted) != NULL;
}

/* An index that is held back must not look fresh for as long as a manifest in it does. */
static void expiry_rows(void)
{
	unsigned version = 3, days = 30;
	struct tutela_store *s;

	empty("store");
	s = open_store("store");
	copy("v3", "bad");
	index_until(&version, 4, &days, 10);
	expect(!sync_from(s, "bad", &usual) && expires_after(s, 10),
	       "an index that expires before a manifest: the list expires with it");
	index_until(&version, 5, &days, 20);
	expect(!sync_from(s, "bad", &usual) && expires_after(s, 20), "the next index puts that off");
	index_until(&version, 6, &days, 40);
	expect(!sync_from(s, "bad", &usual) && expires_after(s, 30), "no further than the manifest says");
	index_until(&version, 7, &days, 5);
	expect(!sync_from(s, "bad", &usual) && expires_after(s, 5), "and a shorter one brings it forward");
	tutela_store_close(s);
}

/* What was seen stays seen, whatever became of the lists. */
static void memory_rows(void)
{
	struct tutela_store *s;

	empty("store");
	s = open_store("store");
	expect(!sync_from(s, "v3", &usual), "version 3");
	copy("r4", "bad");
	flip("bad", "l.3-4.delta.zst");
	if (has("bad", "l.4.full.zst"))
		flip("bad", "l.4.full.zst");
	expect(sync_from(s, "bad", &usual) == TUTELA_E_REFUSED && strstr(reason, "are not those that were signed"),
	       "a new root and a new index, and damaged data: the list is refused");
	expect(sync_from(s, "v3", &usual) == TUTELA_E_REFUSED && strstr(reason, "the root is older than it was"),
	       "the root that was seen is not forgotten");
	expect(sync_from(s, "r3", &usual) == TUTELA_E_REFUSED && strstr(reason, "older than version 4"),
	       "nor is the index");
	expect(!sync_from(s, "r4", &usual), "what was damaged, whole");
	tutela_store_close(s);
	empty("store");
	s = open_store("store");
	expect(!sync_from(s, "v3", &usual), "version 3");
	copy("r2", "bad");
	flip("bad", "lists.json");
	expect(sync_from(s, "bad", &usual) == TUTELA_E_REFUSED, "a new root, and a damaged index");
	expect(sync_from(s, "v3", &usual) == TUTELA_E_REFUSED && strstr(reason, "the root is older than it was"),
	       "the root is not forgotten");
	tutela_store_close(s);
	empty("store");
	s = open_store("store");
	expect(!sync_from(s, "v2", &usual), "version 2");
	expect(sync_from(s, "v3", &(struct how){.when = DELTA, .meanwhile = sync_newer}) == TUTELA_E_BUSY &&
		       strstr(reason, "another sync of source 'fp'"),
	       "two syncs at once: who comes last must not put older roots back");
	expect(sync_from(s, "v3", &usual) == TUTELA_E_REFUSED && strstr(reason, "the root is older than it was"),
	       "the root that the other one saw is not forgotten");
	tutela_store_close(s);
}

static void prepare(void)
{
	struct tutela_store *s;

	for (unsigned i = 0; i <= KEYS; i++) {
		MUST(tutela_secret_key_generate(&keys[i]));
		tutela_secret_key_public(keys[i], &publics[i]);
	}
	s = open_store("publisher");
	make_root("out", publics, KEYS, 2, 0, KEYS, NOW + 365 * DAY);
	put(s, "l", 1, 400, false);
	publish(s, "out", NOW, false);
	copy("out", "v1");
	put(s, "l", 400, 410, false);
	publish(s, "out", NOW + 10, false);
	copy("out", "v2");
	put(s, "l", 5, 8, true);
	publish(s, "out", NOW + 20, false);
	copy("out", "v3");
	make_root("out", publics, KEYS, 2, 0, KEYS, NOW + 400 * DAY);
	copy("out", "r2");
	copy("out", "r3");
	copy("v3", "f3");
	publish(s, "f3", NOW + 30, true);
	put(s, "l", 410, 420, false);
	publish(s, "out", NOW + 40, false);
	copy("out", "r4");
	find_manifest("v2", m2);
	find_manifest("v3", m3);
	tutela_store_close(s);
	if (!has("v3", FULL) || !has("v3", DELTA))
		die("the bundle is not made as this program thinks");
}

int main(int argc, char **argv)
{
	if (argc < 2 || strlen(argv[1]) >= sizeof base || sodium_init() < 0) {
		fprintf(stderr, "usage: check-trust BASE [--quiet]\n");
		return 64;
	}
	strcpy(base, argv[1]);
	quiet = argc > 2 && !strcmp(argv[2], "--quiet");
	prepare();
	for (size_t i = 0; i < ROWS; i++)
		run_row(&rows[i]);
	good_rows();
	memory_rows();
	expiry_rows();
	for (unsigned i = 0; i <= KEYS; i++)
		tutela_secret_key_free(keys[i]);
	printf("check-trust: %zu ways to cheat, %u not refused as they must be\n", ROWS, wrong);
	return wrong ? 1 : 0;
}
