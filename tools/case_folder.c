/* SPDX-License-Identifier: Apache-2.0 */
#include "case_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "memory.h"
#include "message.h"
#include "printable.h"

#define FORMAT         1
#define SUPERSEDED_MAX 10000

/* Whose digests case.json keeps, and what --restart moves: case.json first, so that what is left is no case. */
static const char *const parts[] = {"case.json", "results.jsonl", "files.jsonl"};

static bool fail(const struct case_folder *c, int error)
{
	char text[64];

	message_error(c->path, "%s", printable_errno(error, text));
	return false;
}

/* ---------------------------------------------------------------- the folder */

/* The folder's real path, whether it is there or not; NULL with errno. */
static char *real_path(const char *path)
{
	char *out = realpath(path, NULL), *copy, *slash, *parent;
	size_t len = strlen(path);

	if (out || errno != ENOENT)
		return out;
	copy = memory_text(path);
	while (len > 1 && copy[len - 1] == '/')
		copy[--len] = '\0';
	slash = strrchr(copy, '/');
	if (slash)
		*slash = '\0';
	parent = realpath(slash ? (slash == copy ? "/" : copy) : ".", NULL);
	if (parent)
		out = memory_format("%s/%s", parent[1] ? parent : "", slash ? slash + 1 : copy);
	free(parent);
	free(copy);
	return out;
}

bool case_stands_apart(const struct case_folder *c, char *const *paths, size_t n_paths)
{
	char *own = real_path(c->path);
	bool apart = own != NULL;

	if (!own)
		return fail(c, errno);
	for (size_t i = 0; apart && i < n_paths; i++) {
		char *evidence = realpath(paths[i], NULL);
		size_t len = evidence ? strlen(evidence) : 0;

		if (len == 1)
			len = 0;
		if (evidence && strncmp(own, evidence, len) == 0 && (own[len] == '/' || !own[len])) {
			message_error(c->path, "this folder lies in what is to be scanned");
			apart = false;
		}
		free(evidence);
	}
	free(own);
	return apart;
}

static bool is_empty(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool empty = dir != NULL;

	while (empty && (entry = readdir(dir)))
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	if (dir)
		closedir(dir);
	return empty;
}

static bool open_folder(struct case_folder *c)
{
	struct stat st;

	if (mkdir(c->path, 0700) && errno != EEXIST)
		return fail(c, errno);
	c->folder = open(c->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->folder < 0 || fstat(c->folder, &st))
		return fail(c, errno);
	if (st.st_uid != geteuid()) {
		message_error(c->path, "this folder is another user's");
		return false;
	}
	if (faccessat(c->folder, "lock", F_OK, AT_SYMLINK_NOFOLLOW)) {
		if (!is_empty(c->folder)) {
			message_error(c->path, "this folder holds other things than a case");
			return false;
		}
		if (fchmod(c->folder, 0700))
			return fail(c, errno);
	} else if (st.st_mode & 077) {
		message_error(c->path, "others have rights to this folder; results belong in a folder of mode 0700");
		return false;
	}
	return true;
}

static bool take_lock(struct case_folder *c)
{
	c->lock = openat(c->folder, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (c->lock < 0)
		return fail(c, errno);
	if (flock(c->lock, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (errno != EWOULDBLOCK)
		return fail(c, errno);
	message_error(c->path, "another scan is at work on this case");
	return false;
}

/* ---------------------------------------------------------------- case.json */

static bool write_record(struct case_folder *c)
{
	char *text = json_dumps(c->record, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	int fd = openat(c->folder, "case.json.new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	bool ok = out && fputs(text, out) >= 0 && putc('\n', out) != EOF && fflush(out) == 0 && fsync(fd) == 0;
	int error = errno;

	free(text);
	if (out && fclose(out) && ok) {
		ok = false;
		error = errno;
	}
	if (ok && renameat(c->folder, "case.json.new", c->folder, "case.json")) {
		ok = false;
		error = errno;
	}
	if (ok && fsync(c->folder) && errno != EINVAL) {
		ok = false;
		error = errno;
	}
	/* Half of it, on a full disk, is in nobody's way but takes room. */
	if (!ok)
		unlinkat(c->folder, "case.json.new", 0);
	return ok || fail(c, error);
}

/* True also when there is none: then record is NULL. */
static bool read_record(struct case_folder *c)
{
	int fd = openat(c->folder, "case.json", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	json_error_t error;
	FILE *in;

	if (fd < 0)
		return errno == ENOENT || fail(c, errno);
	in = fdopen(fd, "r");
	if (!in)
		return fail(c, errno);
	c->record = json_loadf(in, JSON_REJECT_DUPLICATES, &error);
	fclose(in);
	if (json_is_object(c->record) && json_integer_value(json_object_get(c->record, "format")) == FORMAT &&
	    json_is_object(json_object_get(c->record, "identity")) && json_is_array(json_object_get(c->record, "runs")))
		return true;
	message_error(c->path,
		      "its 'case.json' is damaged, or of another version of this program; --restart begins anew");
	return false;
}

/* ---------------------------------------------------------------- what the results rest on */

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static long long number_of(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

static json_t *list_named(const json_t *lists, const char *name)
{
	json_t *list;
	size_t i;

	json_array_foreach(lists, i, list)
	{
		if (strcmp(text_of(list, "list"), name) == 0)
			return list;
	}
	return NULL;
}

/* Says which list is not what it was. */
static void say_lists(const struct case_folder *c, const json_t *then, const json_t *now)
{
	json_t *list, *before;
	size_t i;

	json_array_foreach(now, i, list)
	{
		before = list_named(then, text_of(list, "list"));
		if (!before)
			message_error(c->path, "the list '%s' was not there when this case was begun",
				      text_of(list, "list"));
		else if (number_of(before, "version") != number_of(list, "version"))
			message_error(c->path, "the list '%s' has changed: version %lld then, version %lld now",
				      text_of(list, "list"), number_of(before, "version"), number_of(list, "version"));
		else if (!json_equal(before, list))
			message_error(c->path, "the policy of the list '%s', or a local decision about it, has changed",
				      text_of(list, "list"));
	}
	json_array_foreach(then, i, list)
	{
		if (!list_named(now, text_of(list, "list")))
			message_error(c->path, "the list '%s' is gone since this case was begun",
				      text_of(list, "list"));
	}
}

/* Names the members of `now` that differ. */
static void say_members(const struct case_folder *c, const json_t *then, json_t *now)
{
	const char *key;
	json_t *value;

	json_object_foreach(now, key, value)
	{
		json_t *before = json_object_get(then, key);

		if (json_equal(before, value))
			continue;
		if (strcmp(key, "lists") == 0)
			say_lists(c, before, value);
		else if (strcmp(key, "parameters") == 0)
			say_members(c, before, value); /* once: it holds no such member */
		else
			message_error(c->path, "this case was begun with another '%s'", key);
	}
}

/* Are these the results of the same question? Says what differs. */
static bool same_identity(const struct case_folder *c, json_t *now)
{
	json_t *then = json_object_get(c->record, "identity");

	if (json_equal(then, now))
		return true;
	say_members(c, then, now);
	message_error(c->path,
		      "results of the two are not mixed; the same as then goes on with it, --restart begins anew");
	return false;
}

/* ---------------------------------------------------------------- beginning anew */

/* A fresh folder in the case; -1, with a sentence said, when there is none to be had. */
static int superseded(const struct case_folder *c)
{
	char name[32];
	int into = -1, n = 0, error = EEXIST;

	while (error == EEXIST && n++ < SUPERSEDED_MAX) {
		snprintf(name, sizeof(name), "superseded-%d", n);
		error = mkdirat(c->folder, name, 0700) ? errno : 0;
	}
	if (!error) {
		into = openat(c->folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		error = into < 0 ? errno : 0;
	}
	if (error == EEXIST)
		message_error(c->path, "holds %d scans that were put aside; move some of them elsewhere",
			      SUPERSEDED_MAX);
	else if (error)
		fail(c, error);
	return into;
}

static bool put_aside(struct case_folder *c)
{
	int into = superseded(c), error = 0;

	if (into < 0)
		return false;
	for (size_t i = 0; !error && i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (renameat(c->folder, parts[i], into, parts[i]) && errno != ENOENT)
			error = errno;
	}
	/* Where they are now before where they are no more. */
	if (!error && fsync(into) && errno != EINVAL)
		error = errno;
	close(into);
	if (!error && fsync(c->folder) && errno != EINVAL)
		error = errno;
	return !error || fail(c, error);
}

static bool anything_there(const struct case_folder *c)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (faccessat(c->folder, parts[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	}
	return false;
}

/* ---------------------------------------------------------------- digests of a whole case */

/* SHA-256 of a file of the case in hex; allocated, NULL with errno. */
static char *digest_of(const struct case_folder *c, const char *name)
{
	int fd = openat(c->folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint8_t buf[16384], digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;
	ssize_t n = -1;
	int error;

	if (fd < 0)
		return NULL;
	sha256_init(&ctx);
	while ((n = read(fd, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR))
		sha256_update(&ctx, n > 0 ? (size_t)n : 0, buf);
	error = errno;
	close(fd);
	sha256_digest(&ctx, sizeof(digest), digest);
	errno = error;
	return n < 0 ? NULL : printable_hex(digest, sizeof(digest));
}

/* Both digests as an object, or NULL with a sentence said. */
static json_t *digests(const struct case_folder *c)
{
	json_t *out = json_object();

	for (size_t i = 1; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char *hex = digest_of(c, parts[i]);

		if (!hex) {
			char text[64];

			message_error(parts[i], "%s", printable_errno(errno, text));
			json_decref(out);
			return NULL;
		}
		json_object_set_new(out, parts[i], json_string(hex));
		free(hex);
	}
	return out;
}

/* A complete case is what it was when the scan ended, or it is refused. */
static enum case_state confirm(const struct case_folder *c)
{
	json_t *now = digests(c), *then = json_object_get(c->record, "digests"), *value;
	enum case_state state = now ? CASE_COMPLETE : CASE_REFUSED;
	const char *key;

	json_object_foreach(now, key, value)
	{
		if (!json_equal(value, json_object_get(then, key))) {
			message_error(c->path,
				      "'%s' is not what the scan wrote: its digest differs from that in 'case.json'",
				      key);
			state = CASE_REFUSED;
		}
	}
	if (!json_is_object(case_summary(c)))
		state = CASE_REFUSED;
	json_decref(now);
	return state;
}

/* ---------------------------------------------------------------- the whole */

static enum case_state begin(struct case_folder *c, json_t *identity)
{
	c->fresh = true;
	c->record = json_pack("{s:s, s:i, s:s, s:O, s:[]}", "type", "case", "format", FORMAT, "state", "running",
			      "identity", identity, "runs");
	return CASE_OPEN;
}

enum case_state case_open(struct case_folder *c, json_t *identity, bool restart, char *const *paths, size_t n_paths)
{
	c->folder = c->lock = -1;
	c->record = NULL;
	c->fresh = false;
	if (!case_stands_apart(c, paths, n_paths) || !open_folder(c) || !take_lock(c))
		return CASE_REFUSED;
	if (restart && anything_there(c) && !put_aside(c))
		return CASE_REFUSED;
	if (!read_record(c))
		return CASE_REFUSED;
	if (!c->record) {
		/* A restart that was cut short leaves files without their case.json. */
		if (anything_there(c) && !put_aside(c))
			return CASE_REFUSED;
		return begin(c, identity);
	}
	if (!same_identity(c, identity))
		return CASE_REFUSED;
	return strcmp(text_of(c->record, "state"), "complete") == 0 ? confirm(c) : CASE_OPEN;
}

bool case_run_begins(struct case_folder *c, json_t *run)
{
	json_array_append_new(json_object_get(c->record, "runs"), run);
	json_object_set_new(c->record, "state", json_string("running"));
	return write_record(c);
}

bool case_run_ends(struct case_folder *c, const char *state, json_t *summary, int status)
{
	json_t *runs = json_object_get(c->record, "runs"), *run = json_array_get(runs, json_array_size(runs) - 1);

	json_object_set(run, "ended", json_object_get(summary, "ended"));
	json_object_set_new(c->record, "state", json_string(state));
	if (strcmp(state, "complete") == 0) {
		json_t *both = digests(c);

		if (!both)
			return false;
		json_object_set_new(c->record, "status", json_integer(status));
		json_object_set(c->record, "summary", summary);
		json_object_set_new(c->record, "digests", both);
	}
	return write_record(c);
}

const char *case_started(const struct case_folder *c)
{
	return text_of(json_array_get(json_object_get(c->record, "runs"), 0), "started");
}

json_t *case_summary(const struct case_folder *c)
{
	return json_object_get(c->record, "summary");
}

int case_status(const struct case_folder *c)
{
	json_int_t status = json_integer_value(json_object_get(c->record, "status"));

	return status >= STATUS_OK && status <= STATUS_TROUBLE ? (int)status : STATUS_TROUBLE;
}

void case_close(struct case_folder *c)
{
	if (c->lock >= 0)
		close(c->lock);
	if (c->folder >= 0)
		close(c->folder);
	json_decref(c->record);
}
