/* SPDX-License-Identifier: Apache-2.0 */
#include "audit_points.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"
#include "message.h"
#include "output.h"
#include "passphrase.h"
#include "printable.h"
#include "whole_bytes.h"

static bool failed(const char *path)
{
	char text[64];

	message_error(path, "%s", printable_errno(errno, text));
	return false;
}

/* A whole small file; false after saying why not. */
static bool read_small(const char *path, char *buf, size_t room, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = 0;

	*len = 0;
	if (fd < 0)
		return failed(path);
	while (*len < room && (n = read(fd, buf + *len, room - *len)) > 0)
		*len += (size_t)n;
	if (n < 0) {
		failed(path);
	} else if (*len == room) {
		message_error(path, "too long for such a file");
		n = -1;
	}
	close(fd);
	return n >= 0;
}

static bool read_keys(const struct audit_words *w, struct tutela_public_key *keys)
{
	for (size_t i = 0; i < w->keys.n; i++) {
		const char *path = w->keys.items[i].value;
		enum tutela_err error = tutela_public_key_read(path, &keys[i]);

		if (error == TUTELA_E_SYS)
			return failed(path);
		if (error) {
			message_error(path, "not the file of a public key");
			return false;
		}
	}
	return true;
}

static bool signed_by_one(const struct audit_words *w, const struct tutela_public_key *keys, const char *path,
			  const char *text, size_t len)
{
	char *name = memory_format("%s.minisig", path), sig[TUTELA_SIGNATURE_MAX];
	struct tutela_signature signature;
	enum tutela_err error = TUTELA_E_NOTFOUND;
	size_t sig_len;
	bool ok = read_small(name, sig, sizeof(sig), &sig_len);

	if (ok && tutela_signature_parse(sig, sig_len, &signature)) {
		message_error(name, "not a signature");
		ok = false;
	}
	for (size_t i = 0; ok && i < w->keys.n && error == TUTELA_E_NOTFOUND; i++)
		error = tutela_signature_verify(&signature, &keys[i], text, len);
	if (ok && error)
		message_error(path, error == TUTELA_E_NOTFOUND ? "it is signed by another key"
							       : "its signature does not hold");
	free(name);
	return ok && !error;
}

static bool read_point(const struct audit_words *w, const struct tutela_public_key *keys, const char *path,
		       struct tutela_audit_checkpoint *out)
{
	char text[TUTELA_CHECKPOINT_TEXT_MAX];
	size_t len;

	if (!read_small(path, text, sizeof(text), &len) || !signed_by_one(w, keys, path, text, len))
		return false;
	if (tutela_audit_checkpoint_parse(text, len, out)) {
		message_error(path, "not a checkpoint of an audit log");
		return false;
	}
	return true;
}

bool audit_points_read(const struct audit_words *w, struct audit_points *out)
{
	struct tutela_public_key *keys = memory_array(w->keys.n + 1, sizeof(*keys));
	bool ok = read_keys(w, keys);

	out->items = memory_array(w->checkpoints.n + 1, sizeof(*out->items));
	for (size_t i = 0; ok && i < w->checkpoints.n; i++) {
		ok = read_point(w, keys, w->checkpoints.items[i].value, &out->items[i]);
		out->n += ok;
	}
	free(keys);
	return ok;
}

/* ---------------------------------------------------------------- making one */

/* A new file with these bytes, on disk. */
static bool write_new(const char *path, const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	bool ok;

	if (fd < 0)
		return failed(path);
	ok = whole_bytes_write(fd, bytes, len) && fsync(fd) == 0;
	if (!ok)
		failed(path);
	close(fd);
	if (!ok)
		unlink(path);
	return ok;
}

static bool write_both(const struct audit_words *w, const char *text, size_t len, const char *signature)
{
	char *name = memory_format("%s.minisig", w->out);
	bool ok = write_new(w->out, text, len);

	if (ok && !write_new(name, signature, strlen(signature))) {
		unlink(w->out);
		ok = false;
	}
	free(name);
	return ok;
}

static enum tutela_err head_of(struct tutela_store *store, struct tutela_audit_checkpoint *point)
{
	struct tutela_audit_verdict verdict = {0};
	struct tutela_snapshot *snapshot;
	enum tutela_err error = tutela_snapshot_open(store, &snapshot);

	if (error)
		return error;
	error = tutela_snapshot_audit_head(snapshot, point);
	/* What does not hold must not be vouched for. */
	if (!error)
		error = tutela_audit_verify(snapshot, NULL, 0, &verdict);
	/* Gaps are told by the records that own up to them, which it covers. */
	if (error == TUTELA_E_CORRUPT && !verdict.bad && verdict.n_gaps)
		error = TUTELA_OK;
	if (error && verdict.bad)
		message_error(NULL, "record %llu of the audit log does not hold: %s", (unsigned long long)verdict.bad,
			      verdict.reason);
	tutela_snapshot_close(snapshot);
	return error;
}

static enum tutela_err note(struct tutela_store *store, const struct tutela_audit_checkpoint *point, const char *key)
{
	char *head = printable_hex(point->head, sizeof(point->head)), *text;
	json_t *o = json_pack("{s:I, s:s, s:s}", "number", (json_int_t)point->number, "head", head, "key", key);
	enum tutela_err error;

	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	error = tutela_audit_note(store, "checkpoint", text);
	free(text);
	free(head);
	return error;
}

static int make(const struct audit_words *w, struct tutela_store *store, const struct tutela_secret_key *key)
{
	char text[TUTELA_CHECKPOINT_TEXT_MAX], signature[TUTELA_SIGNATURE_MAX], id[TUTELA_KEY_ID_TEXT + 1], *comment;
	struct tutela_audit_checkpoint point;
	struct tutela_public_key public;
	enum tutela_err error = head_of(store, &point);
	size_t len;

	if (error)
		return cli_store_error(store, w->cli->store, error);
	len = tutela_audit_checkpoint_format(&point, text);
	tutela_secret_key_public(key, &public);
	tutela_public_key_id(&public, id);
	comment = memory_format("audit checkpoint of store %s, record %llu", point.store,
				(unsigned long long)point.number);
	error = len ? tutela_sign(key, text, len, comment, signature) : TUTELA_E_ARG;
	free(comment);
	if (error)
		return cli_store_error(NULL, w->out, error);
	if (!write_both(w, text, len, signature))
		return STATUS_TROUBLE;
	error = note(store, &point, id);
	if (error)
		return cli_store_error(store, w->cli->store, error);
	if (w->cli->json)
		output_json(json_pack("{s:s, s:s, s:I, s:s}", "type", "audit-checkpoint", "store", point.store,
				      "number", (json_int_t)point.number, "key", id));
	else if (!w->cli->quiet)
		output_print("checkpoint of record %llu, signed by key %s\n", (unsigned long long)point.number, id);
	return STATUS_OK;
}

int audit_checkpoint(const struct audit_words *w)
{
	struct tutela_secret_key *key;
	struct tutela_store *store;
	int status = STATUS_TROUBLE;

	if (w->keys.n != 1)
		return cli_usage(w->cli, NULL, "name one secret key: --key FILE");
	if (!w->out)
		return cli_usage(w->cli, NULL, "name the file to write: --out FILE");
	key = passphrase_key(w->keys.items[0].value, w->passphrase);
	if (!key)
		return STATUS_TROUBLE;
	store = cli_open_store(w->cli, true);
	if (store)
		status = make(w, store, key);
	tutela_store_close(store);
	tutela_secret_key_free(key);
	return status;
}
