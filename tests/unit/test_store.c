/* SPDX-License-Identifier: Apache-2.0 */
#include "store_data.h"

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>

static void write_file(const char *folder, const char *name, const char *content)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	cr_assert_not_null(f);
	cr_assert_eq(fchmod(fileno(f), 0600), 0);
	fputs(content, f);
	fclose(f);
}

static enum tutela_err try_open(const char *path, bool write, char *why, size_t room)
{
	struct tutela_store_opts opts = {.size = sizeof opts, .write = write};
	struct tutela_store *s;
	enum tutela_err err = tutela_store_open(path, &opts, &s, why, room);

	cr_assert(!err == !!s);
	tutela_store_close(s);
	return err;
}

Test(store, is_made_closed_and_opened)
{
	struct tutela_store_info info;
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	snap = snapshot_of(s);
	OK(tutela_snapshot_info(snap, &info));
	cr_assert_eq(info.schema, 2);
	cr_assert_eq(strlen(info.uuid), 36);
	cr_assert_eq(info.update + info.lists + info.entries + info.segments, 0);
	cr_assert_gt(info.data_bytes, 0);
	cr_assert(!info.unfinished);
	tutela_snapshot_close(snap);
	cr_assert_str_eq(tutela_store_errmsg(s), "");
	store_unmake(s, path);
}

Test(store, folder_and_files_are_private)
{
	static const char *const files[] = {"TUTELA", "data.mdb", "lock.mdb", "writer.lock"};
	char path[64], inner[128];
	struct stat st;

	umask(0);
	scratch_make(path);
	snprintf(inner, sizeof inner, "%s/new", path);
	OK(tutela_store_create(inner));
	cr_assert(!stat(inner, &st) && (st.st_mode & 0777) == 0700);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char file[256];

		snprintf(file, sizeof file, "%s/%s", inner, files[i]);
		cr_assert(!stat(file, &st) && (st.st_mode & 0777) == 0600, "%s", files[i]);
	}
	scratch_remove(path);
}

Test(store, create_refuses_what_is_there)
{
	char path[64], inner[128];

	scratch_make(path);
	write_file(path, "letter.txt", "dear");
	FAILS(tutela_store_create(path), TUTELA_E_NOTSTORE);
	snprintf(inner, sizeof inner, "%s/letter.txt", path);
	FAILS(tutela_store_create(inner), TUTELA_E_NOTSTORE);
	snprintf(inner, sizeof inner, "%s/letter.txt/x", path);
	FAILS(tutela_store_create(inner), TUTELA_E_NOTSTORE);
	snprintf(inner, sizeof inner, "%s/none/x", path);
	FAILS(tutela_store_create(inner), TUTELA_E_SYS);
	cr_assert_eq(errno, ENOENT);
	snprintf(inner, sizeof inner, "%s/a", path);
	OK(tutela_store_create(inner));
	FAILS(tutela_store_create(inner), TUTELA_E_EXISTS);
	FAILS(tutela_store_create(""), TUTELA_E_ARG);
	FAILS(tutela_store_create(NULL), TUTELA_E_ARG);
	scratch_remove(path);
}

Test(store, create_spares_a_foreign_database)
{
	char path[64], file[128];
	struct stat st;

	scratch_make(path);
	write_file(path, "data.mdb", "somebody's");
	FAILS(tutela_store_create(path), TUTELA_E_NOTSTORE);
	snprintf(file, sizeof file, "%s/data.mdb", path);
	cr_assert(!stat(file, &st) && st.st_size == 10);
	scratch_remove(path);
}

Test(store, create_goes_on_after_an_interrupted_one)
{
	char path[64];

	scratch_make(path);
	write_file(path, "TUTELA.new", "tut");
	write_file(path, "data.mdb", "half a page");
	write_file(path, "lock.mdb", "");
	FAILS(try_open(path, true, NULL, 0), TUTELA_E_NOTSTORE);
	OK(tutela_store_create(path));
	OK(try_open(path, true, NULL, 0));
	scratch_remove(path);
}

Test(store, open_tells_what_is_wrong)
{
	char path[64], inner[128], why[256];
	struct tutela_store_opts wrong = {.size = 3};
	struct tutela_store *s;

	scratch_make(path);
	snprintf(inner, sizeof inner, "%s/none", path);
	FAILS(try_open(inner, false, why, sizeof why), TUTELA_E_NOTFOUND);
	cr_assert(strstr(why, "/none' does not exist"), "%s", why);
	FAILS(try_open(path, false, why, sizeof why), TUTELA_E_NOTSTORE);
	cr_assert(strstr(why, "is not a Tutela store"), "%s", why);
	write_file(path, "file", "x");
	snprintf(inner, sizeof inner, "%s/file", path);
	FAILS(try_open(inner, false, why, sizeof why), TUTELA_E_NOTSTORE);
	write_file(path, "TUTELA", "something else\n");
	FAILS(try_open(path, false, why, sizeof why), TUTELA_E_NOTSTORE);
	write_file(path, "TUTELA", "tutela store 3\n");
	FAILS(try_open(path, false, why, sizeof why), TUTELA_E_VERSION);
	cr_assert(strstr(why, "newer"), "%s", why);
	write_file(path, "TUTELA", "tutela store 1\n");
	FAILS(try_open(path, false, why, sizeof why), TUTELA_E_VERSION);
	cr_assert(strstr(why, "older"), "%s", why);
	write_file(path, "TUTELA", "tutela store one\n");
	FAILS(try_open(path, false, why, sizeof why), TUTELA_E_CORRUPT);
	write_file(path, "TUTELA", "tutela store 2\n");
	FAILS(try_open(path, true, why, sizeof why), TUTELA_E_CORRUPT);
	cr_assert(strstr(why, "data.mdb"), "%s", why);
	write_file(path, "data.mdb", "");
	FAILS(try_open(path, true, why, sizeof why), TUTELA_E_CORRUPT);
	FAILS(try_open("", false, why, sizeof why), TUTELA_E_ARG);
	FAILS(tutela_store_open(path, &wrong, &s, NULL, 0), TUTELA_E_ARG);
	FAILS(try_open(inner, false, why, 5), TUTELA_E_NOTSTORE);
	cr_assert_eq(strlen(why), 4);
	tutela_store_close(NULL);
	scratch_remove(path);
}

Test(store, open_refuses_a_database_of_garbage)
{
	char path[64], file[128], why[256];
	FILE *f;

	scratch_make(path);
	OK(tutela_store_create(path));
	snprintf(file, sizeof file, "%s/data.mdb", path);
	f = fopen(file, "w");
	for (int i = 0; i < 4096; i++)
		fputs("no pages", f);
	fclose(f);
	FAILS(try_open(path, true, why, sizeof why), TUTELA_E_CORRUPT);
	cr_assert(strstr(why, path), "%s", why);
	scratch_remove(path);
}

Test(store, reader_does_not_write)
{
	struct tutela_update_opts opts = {.size = sizeof opts, .list = "a", .create = true};
	struct tutela_list list = {.name = "a"};
	struct tutela_update *u;
	struct tutela_store *s;
	char path[64];

	tutela_store_close(store_make(path));
	s = store_open(path, false);
	FAILS(tutela_update_begin(s, &opts, &u), TUTELA_E_READONLY);
	cr_assert_null(u);
	cr_assert(strstr(tutela_store_errmsg(s), "reading only"));
	tutela_policy_default(&list.policy);
	FAILS(tutela_list_set(s, &list, true), TUTELA_E_READONLY);
	FAILS(tutela_list_remove(s, "a"), TUTELA_E_READONLY);
	store_unmake(s, path);
}

static void *other_thread(void *arg)
{
	struct tutela_store *s = arg;
	struct tutela_update *u;
	struct tutela_update_opts opts = {.size = sizeof opts, .list = "../x"};

	cr_assert_str_eq(tutela_store_errmsg(s), "");
	FAILS(tutela_update_begin(s, &opts, &u), TUTELA_E_ARG);
	cr_assert(strstr(tutela_store_errmsg(s), "'../x'"));
	return NULL;
}

Test(store, each_thread_has_its_own_error_text)
{
	struct tutela_store *s;
	pthread_t thread;
	char path[64];

	s = store_make(path);
	FAILS(tutela_list_remove(s, "mine"), TUTELA_E_NOTFOUND);
	cr_assert_eq(pthread_create(&thread, NULL, other_thread, s), 0);
	pthread_join(thread, NULL);
	cr_assert(strstr(tutela_store_errmsg(s), "'mine'"), "%s", tutela_store_errmsg(s));
	store_unmake(s, path);
}

Test(store, lists_are_made_set_and_removed)
{
	struct tutela_list list = {.name = "zeta", .expires = 7}, got;
	struct tutela_snapshot *old;
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	tutela_policy_default(&list.policy);
	cr_assert_eq(list.policy.pdq_threshold, 31);
	cr_assert_eq(list.policy.min_quality, 50);
	FAILS(tutela_list_set(s, &list, false), TUTELA_E_NOTFOUND);
	OK(tutela_list_set(s, &list, true));
	list.policy.pdq_threshold = 65;
	FAILS(tutela_list_set(s, &list, false), TUTELA_E_ARG);
	list.policy.pdq_threshold = 12;
	list.policy.min_quality = 101;
	FAILS(tutela_list_set(s, &list, false), TUTELA_E_ARG);
	list.policy.min_quality = 100;
	list.policy.action = TUTELA_BLOCK;
	OK(tutela_list_set(s, &list, false));
	got = list_of(s, "zeta");
	cr_assert_eq(got.policy.pdq_threshold, 12);
	cr_assert_eq(got.policy.min_quality, 100);
	cr_assert_eq(got.policy.action, TUTELA_BLOCK);
	cr_assert_eq(got.expires, 7);
	cr_assert_eq(got.version, 0);
	cr_assert_str_eq(got.source, "local");
	put_one(s, "zeta", record_of("e", hash_of(TUTELA_ALG_PDQ, 1)));
	put_one(s, "alpha", record_of("e", hash_of(TUTELA_ALG_PDQ, 1)));
	cr_assert_eq(ask_store(s, hash_of(TUTELA_ALG_PDQ, 1)), 2);
	old = snapshot_of(s);
	OK(tutela_list_remove(s, "zeta"));
	FAILS(tutela_list_remove(s, "zeta"), TUTELA_E_NOTFOUND);
	FAILS(tutela_list_remove(s, "/"), TUTELA_E_NOTFOUND);
	cr_assert_eq(ask_store(s, hash_of(TUTELA_ALG_PDQ, 1)), 1);
	OK(tutela_snapshot_list(old, "zeta", &got));
	cr_assert_eq(got.active, 1);
	tutela_snapshot_close(old);
	/* A list of the same name is another list. */
	put_one(s, "zeta", record_of("f", hash_of(TUTELA_ALG_MD5, 5)));
	cr_assert_eq(list_of(s, "zeta").version, 1);
	cr_assert_eq(list_of(s, "zeta").active, 1);
	store_unmake(s, path);
}

static bool count_two(void *ctx, const struct tutela_list *list)
{
	char *names = ctx;

	strcat(names, list->name);
	return strlen(names) < 2;
}

Test(store, lists_come_in_order_and_stop)
{
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	char path[64], names[16] = "";

	s = store_make(path);
	put_one(s, "c", record_of("e", hash_of(TUTELA_ALG_MD5, 1)));
	put_one(s, "a", record_of("e", hash_of(TUTELA_ALG_MD5, 1)));
	put_one(s, "b", record_of("e", hash_of(TUTELA_ALG_MD5, 1)));
	snap = snapshot_of(s);
	OK(tutela_snapshot_lists(snap, count_two, names));
	cr_assert_str_eq(names, "ab");
	tutela_snapshot_close(snap);
	store_unmake(s, path);
}

Test(store, list_names_are_checked)
{
	static const char *const bad[] = {"", ".a", "-a", "_a", "a/b", "a b", "\xc3\xa4", NULL};
	struct tutela_update_opts opts = {.size = sizeof opts, .create = true};
	char path[64], longest[129];
	struct tutela_update *u;
	struct tutela_store *s;

	s = store_make(path);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		opts.list = bad[i];
		FAILS(tutela_update_begin(s, &opts, &u), TUTELA_E_ARG);
	}
	memset(longest, 'x', 128);
	longest[128] = '\0';
	opts.list = longest;
	FAILS(tutela_update_begin(s, &opts, &u), TUTELA_E_ARG);
	longest[127] = '\0';
	put_one(s, longest, record_of("e", hash_of(TUTELA_ALG_MD5, 1)));
	cr_assert_eq(list_of(s, longest).active, 1);
	opts.list = "unknown";
	opts.create = false;
	FAILS(tutela_update_begin(s, &opts, &u), TUTELA_E_NOTFOUND);
	store_unmake(s, path);
}

Test(store, names_of_enums)
{
	enum tutela_action action;
	enum tutela_list_kind kind;

	cr_assert_str_eq(tutela_list_kind_name(TUTELA_LIST_EXCLUDE), "exclude");
	cr_assert_null(tutela_list_kind_name((enum tutela_list_kind)3));
	cr_assert_str_eq(tutela_action_name(TUTELA_IGNORE), "ignore");
	cr_assert_null(tutela_action_name((enum tutela_action)4));
	cr_assert(tutela_action_parse("review", &action) && action == TUTELA_REVIEW);
	cr_assert(!tutela_action_parse("Review", &action) && !tutela_action_parse(NULL, &action));
	cr_assert(tutela_list_kind_parse("exclude", &kind) && kind == TUTELA_LIST_EXCLUDE);
	cr_assert(!tutela_list_kind_parse("", &kind));
	cr_assert_str_eq(tutela_status_name(TUTELA_DISPUTED), "disputed");
	cr_assert_not_null(tutela_status_name((enum tutela_status)9));
}

Test(store, a_map_that_is_full_is_an_error_and_no_more)
{
	struct tutela_store_opts opts = {.size = sizeof opts, .write = true, .max_map = 1 << 20};
	enum tutela_err err = TUTELA_OK;
	struct tutela_update *u;
	struct tutela_store *s;
	char path[64], id[32];

	tutela_store_close(store_make(path));
	OK(tutela_store_open(path, &opts, &s, NULL, 0));
	put_one(s, "a", record_of("kept", hash_of(TUTELA_ALG_MD5, 0)));
	u = update_on(s, "a", TUTELA_MERGE);
	for (uint64_t i = 1; i < 20000 && !err; i++) {
		struct tutela_record rec;

		snprintf(id, sizeof id, "%" PRIu64, i);
		rec = record_of(id, hash_of(TUTELA_ALG_SHA256, i));
		err = tutela_update_put(u, &rec);
	}
	if (err)
		tutela_update_abort(u);
	else
		err = tutela_update_commit(u, NULL);
	FAILS(err, TUTELA_E_FULL);
	cr_assert(strstr(tutela_store_errmsg(s), path), "%s", tutela_store_errmsg(s));
	cr_assert_eq(list_of(s, "a").active, 1);
	put_one(s, "a", record_of("more", hash_of(TUTELA_ALG_MD5, 1)));
	cr_assert_eq(list_of(s, "a").active, 2);
	store_unmake(s, path);
}

Test(store, grows_past_a_readers_map)
{
	struct tutela_store_opts small = {.size = sizeof small, .max_map = 1 << 20};
	struct tutela_snapshot *snap;
	struct tutela_store *s, *r;
	struct tutela_update *u;
	char path[64], id[32];
	int status;
	pid_t child;

	tutela_store_close(store_make(path));
	OK(tutela_store_open(path, &small, &r, NULL, 0));
	child = fork();
	if (!child) {
		/* r must not be touched here. */
		s = store_open(path, true);
		u = update_on(s, "a", TUTELA_MERGE);
		for (uint64_t i = 1; i < 20000; i++) {
			struct tutela_record rec;

			snprintf(id, sizeof id, "%" PRIu64, i);
			rec = record_of(id, hash_of(TUTELA_ALG_SHA256, i));
			OK(tutela_update_put(u, &rec));
		}
		commit(s, u);
		_exit(0);
	}
	cr_assert(waitpid(child, &status, 0) == child && WIFEXITED(status) && !WEXITSTATUS(status));
	OK(tutela_snapshot_open(r, &snap));
	tutela_snapshot_close(snap);
	cr_assert_eq(ask_store(r, hash_of(TUTELA_ALG_SHA256, 17)), 1);
	store_unmake(r, path);
}

Test(store, too_many_readers_are_told)
{
	static struct tutela_snapshot *snaps[600];
	enum tutela_err err = TUTELA_OK;
	struct tutela_store *s;
	char path[64];
	size_t n;

	s = store_make(path);
	for (n = 0; n < 600 && !err; n++)
		err = tutela_snapshot_open(s, &snaps[n]);
	cr_assert_eq(err, TUTELA_E_FULL);
	cr_assert_eq(n, 511);
	cr_assert_null(snaps[n - 1]);
	cr_assert(strstr(tutela_store_errmsg(s), path), "%s", tutela_store_errmsg(s));
	for (size_t i = 0; i < n; i++)
		tutela_snapshot_close(snaps[i]);
	tutela_snapshot_close(snapshot_of(s));
	store_unmake(s, path);
}
