/* SPDX-License-Identifier: Apache-2.0 */
#include "store_data.h"

#include <tutela/bundle.h>

#include "trust/bundle_format.h"

#include <sys/file.h>

struct office { /* somebody who publishes */
	char path[64], folder[96];
	struct tutela_store *store;
	struct tutela_secret_key *key;
	struct tutela_public_key pub;
	struct tutela_publish_list last;
	char why[512];
};

static enum tutela_err root_of(struct office *o, struct tutela_secret_key *old)
{
	const struct tutela_secret_key *signers[] = {o->key, old};
	struct tutela_publish_root_opts opts = {.size = sizeof opts,
						.folder = o->folder,
						.n_root_keys = 1,
						.root_keys = &o->pub,
						.n_keys = 1,
						.keys = &o->pub,
						.n_signers = old ? 2 : 1,
						.signers = signers,
						.why = o->why,
						.why_len = sizeof o->why};
	uint64_t version;

	return tutela_publish_root(&opts, &version);
}

static void open_office(struct office *o)
{
	memset(o, 0, sizeof *o);
	o->store = store_make(o->path);
	snprintf(o->folder, sizeof o->folder, "%s.bundle", o->path);
	OK(tutela_secret_key_generate(&o->key));
	tutela_secret_key_public(o->key, &o->pub);
	OK(root_of(o, NULL));
}

static void close_office(struct office *o)
{
	tutela_secret_key_free(o->key);
	store_unmake(o->store, o->path);
	scratch_remove(o->folder);
}

static void keep(void *ctx, const struct tutela_publish_list *list)
{
	((struct office *)ctx)->last = *list;
}

static enum tutela_err try_publish(struct office *o, const char *list, uint64_t since, bool full, uint64_t *version)
{
	const struct tutela_secret_key *keys[] = {o->key};
	struct tutela_publish_opts opts = {.size = sizeof opts,
					   .folder = o->folder,
					   .n_lists = 1,
					   .lists = &list,
					   .n_keys = 1,
					   .keys = keys,
					   .expires = INT64_C(4000000000),
					   .n_since = since != 0,
					   .since = &since,
					   .full = full,
					   .result = keep,
					   .ctx = o,
					   .why = o->why,
					   .why_len = sizeof o->why};

	memset(&o->last, 0, sizeof o->last);
	return tutela_publish(o->store, &opts, version);
}

static uint64_t publish(struct office *o, const char *list)
{
	uint64_t version;
	enum tutela_err err = try_publish(o, list, 0, false, &version);

	cr_assert_eq(err, TUTELA_OK, "%s: %s", tutela_err_name(err), o->why);
	return version;
}

static bool has(const struct office *o, const char *name)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", o->folder, name);
	return !access(path, F_OK);
}

static struct tutela_hash pdq(uint64_t seed)
{
	return hash_of(TUTELA_ALG_PDQ, seed);
}

Test(publish, deltas_from_what_the_folder_has)
{
	struct office o;
	uint64_t version;

	open_office(&o);
	put_one(o.store, "a", record_of("1", pdq(1)));
	cr_assert_eq(publish(&o, "a"), 1);
	cr_assert(o.last.full_bytes && !o.last.delta_bytes && o.last.version == 1 && !o.last.from_version);
	put_one(o.store, "a", record_of("2", pdq(2)));
	put_one(o.store, "a", record_of("3", pdq(3)));
	set_status(o.store, "a", "1", TUTELA_WITHDRAWN);
	cr_assert_eq(publish(&o, "a"), 2);
	cr_assert(has(&o, "a.1-4.delta.zst") && o.last.from_version == 1 && o.last.version == 4);
	cr_assert(o.last.changed == 2 && o.last.withdrawn == 1 && o.last.active == 2);
	put_one(o.store, "a", record_of("4", pdq(4)));
	OK(try_publish(&o, "a", 1, false, &version));
	cr_assert(has(&o, "a.4-5.delta.zst") && has(&o, "a.1-5.delta.zst"));
	/* Not a version that was ever published. */
	FAILS(try_publish(&o, "a", 2, false, &version), TUTELA_E_REFUSED);
	cr_assert_not_null(strstr(o.why, "version 2 of list 'a'"), "%s", o.why);
	close_office(&o);
}

Test(publish, again_changes_nothing)
{
	struct office o;
	uint64_t version;

	open_office(&o);
	put_one(o.store, "a", record_of("1", pdq(1)));
	cr_assert_eq(publish(&o, "a"), 1);
	cr_assert_eq(publish(&o, "a"), 1);
	cr_assert(!o.last.full_bytes && !o.last.delta_bytes);
	/* But what is asked for is made. */
	put_one(o.store, "a", record_of("2", pdq(2)));
	cr_assert_eq(publish(&o, "a"), 2);
	OK(try_publish(&o, "a", 0, true, &version));
	cr_assert(version == 3 && has(&o, "a.2.full.zst") && has(&o, "a.2.3.json"));
	cr_assert_eq(publish(&o, "a"), 3);
	close_office(&o);
}

/* A kill left data files, and a manifest that no index names. */
Test(publish, completes_what_was_begun)
{
	struct office o;
	char index[256], kept[256];

	open_office(&o);
	put_one(o.store, "a", record_of("1", pdq(1)));
	publish(&o, "a");
	snprintf(index, sizeof index, "%s/lists.json", o.folder);
	snprintf(kept, sizeof kept, "%s.kept", o.folder);
	cr_assert(!link(index, kept));
	put_one(o.store, "a", record_of("2", pdq(2)));
	publish(&o, "a");
	cr_assert(!rename(kept, index));
	cr_assert_eq(publish(&o, "a"), 2);
	cr_assert(o.last.from_version == 1 && o.last.version == 2);
	close_office(&o);
}

static void read_file(const struct office *o, const char *name, char **bytes, size_t *len)
{
	char path[256];
	struct stat st;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", o->folder, name);
	f = fopen(path, "r");
	cr_assert(f && !fstat(fileno(f), &st));
	*len = (size_t)st.st_size;
	*bytes = malloc(*len + 1);
	cr_assert_eq(fread(*bytes, 1, *len, f), *len);
	fclose(f);
}

static void write_file(const struct office *o, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", o->folder, name);
	f = fopen(path, "w");
	cr_assert(f && fputs(text, f) >= 0 && !fclose(f));
}

static void keeps(const struct office *o, const char *name, const char *text)
{
	char *bytes;
	size_t len;

	read_file(o, name, &bytes, &len);
	cr_assert(len == strlen(text) && !memcmp(bytes, text, len), "%s was written over", name);
	free(bytes);
}

/* Somebody may have fetched it: what a kill left keeps its name, and what is another file gets another one. */
Test(publish, a_name_is_never_used_for_two_contents)
{
	static const char *const left[] = {"a.1.full.zst", "a.1.json", "a.1.1.json", "a.1-2.delta.zst"};
	struct office o;
	char signature[128], id[TUTELA_KEY_ID_TEXT + 1], *full[2];
	size_t len[2];

	open_office(&o);
	tutela_public_key_id(&o.pub, id);
	snprintf(signature, sizeof signature, "a.1.2.json.%s.minisig", id);
	for (size_t i = 0; i < 4; i++)
		write_file(&o, left[i], "left by a kill");
	write_file(&o, signature, "left by a kill");
	put_one(o.store, "a", record_of("1", pdq(1)));
	cr_assert_eq(publish(&o, "a"), 1);
	cr_assert_str_eq(o.last.manifest, "a.1.3.json");
	cr_assert(has(&o, "a.1.1.full.zst"));
	put_one(o.store, "a", record_of("2", pdq(2)));
	cr_assert_eq(publish(&o, "a"), 2);
	cr_assert(has(&o, "a.1-2.1.delta.zst"));
	for (size_t i = 0; i < 4; i++)
		keeps(&o, left[i], "left by a kill");
	keeps(&o, signature, "left by a kill");
	/* The same bytes are the same file. */
	read_file(&o, "a.1.1.full.zst", &full[0], &len[0]);
	scratch_remove(o.folder);
	OK(root_of(&o, NULL));
	put_one(o.store, "b", record_of("1", pdq(1)));
	publish(&o, "b");
	read_file(&o, "b.1.full.zst", &full[1], &len[1]);
	cr_assert(len[0] == len[1] && !memcmp(full[0], full[1], len[0]));
	free(full[0]);
	free(full[1]);
	write_file(&o, "lists.json", "");
	cr_assert(!remove(strcat(strcpy(signature, o.folder), "/lists.json")));
	publish(&o, "b");
	cr_assert_str_eq(o.last.manifest, "b.1.json");
	cr_assert_not(has(&o, "b.1.1.full.zst"));
	close_office(&o);
}

/* One that cannot be published keeps the others, and the folder, from being touched. */
Test(publish, lists_are_looked_at_before_anything_is_written)
{
	struct office o;
	const char *lists[] = {"a", "none"};
	const struct tutela_secret_key *keys[1];
	struct tutela_publish_opts opts = {
		.size = sizeof opts, .n_lists = 2, .lists = lists, .n_keys = 1, .keys = keys};
	uint64_t version;

	open_office(&o);
	keys[0] = o.key;
	opts.folder = o.folder;
	opts.why = o.why;
	opts.why_len = sizeof o.why;
	put_one(o.store, "a", record_of("1", pdq(1)));
	FAILS(tutela_publish(o.store, &opts, &version), TUTELA_E_NOTFOUND);
	cr_assert_not(has(&o, "a.1.full.zst"));
	FAILS(tutela_publish_check(o.store, &opts), TUTELA_E_NOTFOUND);
	cr_assert_str_eq(o.why, "there is no list 'none'");
	opts.n_lists = 1;
	OK(tutela_publish_check(o.store, &opts));
	cr_assert_not(has(&o, "a.1.full.zst"));
	close_office(&o);
}

static bool now(void *ctx)
{
	(void)ctx;
	return true;
}

Test(publish, stops_when_it_is_asked_to)
{
	struct office o;
	const char *list = "a";
	const struct tutela_secret_key *keys[1];
	struct tutela_publish_opts opts = {
		.size = sizeof opts, .n_lists = 1, .lists = &list, .n_keys = 1, .keys = keys, .stop = now};
	uint64_t version;

	open_office(&o);
	keys[0] = o.key;
	opts.folder = o.folder;
	put_one(o.store, "a", record_of("1", pdq(1)));
	FAILS(tutela_publish(o.store, &opts, &version), TUTELA_E_INTERRUPTED);
	cr_assert_not(has(&o, "lists.json") || has(&o, "a.1.full.zst") || has(&o, ".publish.zst.tmp"));
	cr_assert_eq(publish(&o, "a"), 1);
	close_office(&o);
}

Test(publish, local_decisions_are_in_what_is_published)
{
	uint8_t digest[32];
	struct tutela_snapshot *snap;
	struct tutela_update *u;
	char hex[65];
	struct office o;

	open_office(&o);
	put_one(o.store, "a", record_of("1", pdq(1)));
	put_one(o.store, "a", record_of("2", pdq(2)));
	u = update_on(o.store, "a", TUTELA_MERGE);
	OK(tutela_update_decide(u, text("2"), TUTELA_WITHDRAWN, text("here")));
	commit(o.store, u);
	publish(&o, "a");
	cr_assert_eq(o.last.active, 1);
	snap = snapshot_of(o.store);
	OK(tutela_snapshot_digest(snap, "a", TUTELA_DIGEST_EFFECTIVE, digest));
	tutela_snapshot_close(snap);
	tutela_bundle_hex(digest, sizeof digest, hex);
	cr_assert_str_eq(o.last.digest, hex);
	close_office(&o);
}

Test(publish, refuses_what_is_not_its_own)
{
	struct office o, other;
	uint64_t version;

	open_office(&o);
	open_office(&other);
	put_one(o.store, "a", record_of("1", pdq(1)));
	put_one(o.store, "a", record_of("2", pdq(2)));
	put_one(other.store, "a", record_of("1", pdq(3)));
	publish(&o, "a");
	FAILS(try_publish(&o, "none", 0, false, &version), TUTELA_E_NOTFOUND);
	/* A key that the root does not know. */
	scratch_remove(other.folder);
	strcpy(other.folder, o.folder);
	FAILS(try_publish(&other, "a", 0, false, &version), TUTELA_E_REFUSED);
	cr_assert_not_null(strstr(other.why, "is not a signing key of root 1"), "%s", other.why);
	/* A store that is behind what the folder has. */
	tutela_secret_key_free(other.key);
	other.key = o.key;
	FAILS(try_publish(&other, "a", 0, false, &version), TUTELA_E_REFUSED);
	cr_assert_not_null(strstr(other.why, "has version 2 of list 'a' already"), "%s", other.why);
	/* And one that says something else at the same version. */
	put_one(other.store, "a", record_of("2", pdq(4)));
	FAILS(try_publish(&other, "a", 0, false, &version), TUTELA_E_REFUSED);
	cr_assert_not_null(strstr(other.why, "has another list as version 2"), "%s", other.why);
	other.key = NULL;
	close_office(&other);
	store_unmake(o.store, o.path);
	tutela_secret_key_free(o.key);
}

Test(publish, a_root_needs_the_keys_before_it)
{
	struct tutela_secret_key *old;
	struct office o;

	open_office(&o);
	put_one(o.store, "a", record_of("1", pdq(1)));
	publish(&o, "a");
	old = o.key;
	OK(tutela_secret_key_generate(&o.key));
	tutela_secret_key_public(o.key, &o.pub);
	FAILS(root_of(&o, NULL), TUTELA_E_REFUSED);
	cr_assert_not_null(strstr(o.why, "by the root keys before it"), "%s", o.why);
	cr_assert(!has(&o, "root.2.json"));
	OK(root_of(&o, old));
	cr_assert(has(&o, "root.2.json"));
	/* What was there is vouched for by the new key now. */
	publish(&o, "a");
	put_one(o.store, "a", record_of("2", pdq(2)));
	publish(&o, "a");
	tutela_secret_key_free(old);
	close_office(&o);
}

Test(publish, one_at_a_time)
{
	struct office o;
	int fd;

	open_office(&o);
	fd = open(o.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert(fd >= 0);
	cr_assert_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
	FAILS(root_of(&o, NULL), TUTELA_E_BUSY);
	close(fd);
	OK(root_of(&o, NULL));
	close_office(&o);
}

static void copy_file(const struct office *from, const struct office *to, const char *name)
{
	char a[256], b[256], bytes[16384];
	FILE *in, *out;
	size_t n;

	snprintf(a, sizeof a, "%s/%s", from->folder, name);
	snprintf(b, sizeof b, "%s/%s", to->folder, name);
	in = fopen(a, "rb");
	out = fopen(b, "wb");
	cr_assert(in && out);
	n = fread(bytes, 1, sizeof bytes, in);
	cr_assert_eq(fwrite(bytes, 1, n, out), n);
	cr_assert(!fclose(in) && !fclose(out));
}

/* Who can write into the folder names a root of his own, which lets the publisher sign. */
Test(publish, a_root_that_the_one_before_does_not_vouch_for)
{
	struct office o, stranger;
	uint64_t version;
	char name[96], id[TUTELA_KEY_ID_TEXT + 1];

	open_office(&o);
	open_office(&stranger);
	put_one(o.store, "a", record_of("1", pdq(1)));
	cr_assert_eq(publish(&o, "a"), 1);
	{
		const struct tutela_secret_key *signers[] = {stranger.key};
		struct tutela_publish_root_opts opts = {.size = sizeof opts,
							.folder = stranger.folder,
							.n_root_keys = 1,
							.root_keys = &stranger.pub,
							.n_keys = 1,
							.keys = &o.pub,
							.n_signers = 1,
							.signers = signers};

		OK(tutela_publish_root(&opts, &version));
	}
	tutela_public_key_id(&stranger.pub, id);
	snprintf(name, sizeof name, "root.2.json.%s.minisig", id);
	copy_file(&stranger, &o, name);
	copy_file(&stranger, &o, "root.2.json");
	put_one(o.store, "a", record_of("2", pdq(2)));
	FAILS(try_publish(&o, "a", 0, false, &version), TUTELA_E_REFUSED);
	cr_assert_not_null(strstr(o.why, "'root.2.json' is not signed by a key that is trusted here"), "%s", o.why);
	close_office(&stranger);
	close_office(&o);
}

/* What stands under the name of a file on its way may be another name of one elsewhere: it is not written to. */
Test(publish, a_link_in_the_place_of_a_temporary_file)
{
	static const char *const names[] = {".publish.tmp", ".publish.zst.tmp"};
	struct office o;
	char path[256], other[96];
	struct stat st;
	FILE *f;

	open_office(&o);
	snprintf(other, sizeof other, "%s/other", o.path);
	f = fopen(other, "w");
	cr_assert(f && fputs("precious", f) >= 0 && !fclose(f));
	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", o.folder, names[i]);
		cr_assert(!link(other, path));
	}
	put_one(o.store, "a", record_of("1", pdq(1)));
	cr_assert_eq(publish(&o, "a"), 1);
	cr_assert(!stat(other, &st) && st.st_size == 8, "%lld bytes", (long long)st.st_size);
	close_office(&o);
}

/* What cannot be written is an error, and no index leads to a part. */
Test(publish, what_cannot_be_written_is_an_error)
{
	static const char *const names[] = {".publish.tmp", ".publish.zst.tmp"};
	struct office o;
	uint64_t version;
	char path[256];

	open_office(&o);
	put_one(o.store, "a", record_of("1", pdq(1)));
	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", o.folder, names[i]);
		cr_assert_eq(mkdir(path, 0700), 0);
		FAILS(try_publish(&o, "a", 0, false, &version), TUTELA_E_SYS);
		cr_assert(strstr(o.why, "writing '"), "%s", o.why);
		cr_assert_not(has(&o, "lists.json"));
		cr_assert_eq(rmdir(path), 0);
	}
	cr_assert_eq(publish(&o, "a"), 1);
	cr_assert(has(&o, "lists.json"));
	close_office(&o);
}
