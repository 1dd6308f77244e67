/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signed texts of a bundle, as BUNDLE.md defines them: root, index,
 * manifest. Bytes to structs and back; no I/O, and no trust: whoever parses has
 * verified the bytes before.
 */
#ifndef TUTELA_TRUST_BUNDLE_FORMAT_H
#define TUTELA_TRUST_BUNDLE_FORMAT_H

#include <tutela/store.h>
#include <tutela/trust.h>

#define BUNDLE_FORMAT       1              /* "format" of every text */
#define BUNDLE_NAME_MAX     200            /* bytes of a file's name */
#define BUNDLE_ROOT_MAX     ((size_t)6144) /* bytes of a root: it is kept in a feed's state */
#define BUNDLE_INDEX_MAX    ((size_t)2 << 20)
#define BUNDLE_MANIFEST_MAX ((size_t)64 << 10)
#define BUNDLE_KEYS_MAX     16
#define BUNDLE_LISTS_MAX    4096
#define BUNDLE_FILES_MAX    64
#define BUNDLE_MARKS_MAX    64
#define BUNDLE_ORIGINS_MAX  8
#define BUNDLE_LENGTH_MAX   ((uint64_t)64 << 30) /* bytes of a data file, also when it is unpacked */
#define BUNDLE_WHY_MAX      512
#define BUNDLE_INDEX_NAME   "lists.json"
#define BUNDLE_SHA_LEN      32

struct bundle_role {
	size_t n;
	uint32_t threshold;
	struct tutela_public_key keys[BUNDLE_KEYS_MAX];
};

struct bundle_root {
	uint64_t version;
	int64_t issued, expires;
	struct bundle_role root;  /* who signs roots */
	struct bundle_role lists; /* who signs indexes and manifests */
};

struct bundle_row {
	char list[TUTELA_LIST_NAME_MAX + 1];
	uint64_t version, length;
	char manifest[BUNDLE_NAME_MAX + 1];
	uint8_t sha256[BUNDLE_SHA_LEN];
};

struct bundle_index {
	uint64_t version, root;
	int64_t issued, expires;
	size_t n;
	struct bundle_row *rows; /* of the index: tutela_bundle_index_free */
};

struct bundle_file {
	char name[BUNDLE_NAME_MAX + 1];
	uint64_t base, version; /* base 0: full */
	uint64_t length, plain, records, withdrawn;
	uint8_t sha256[BUNDLE_SHA_LEN];
};

struct bundle_origin {
	char source[TUTELA_LIST_NAME_MAX + 1], list[TUTELA_LIST_NAME_MAX + 1];
	uint64_t version;
	int64_t issued;
};

/* Of the publisher: where in its store a version ended. */
struct bundle_mark {
	uint64_t version;
	uint32_t next_entry;
};

struct bundle_manifest {
	char list[TUTELA_LIST_NAME_MAX + 1];
	uint64_t version;
	int64_t issued, expires;
	enum tutela_list_kind kind;
	uint8_t digest[32];
	uint64_t active, disputed;
	uint64_t fingerprints[64]; /* by enum tutela_algorithm */
	size_t n_files, n_origins, n_marks;
	struct bundle_file files[BUNDLE_FILES_MAX];
	struct bundle_origin origins[BUNDLE_ORIGINS_MAX]; /* the nearest first */
	char store[37];                                   /* that the marks are of; "" */
	uint32_t list_number;
	struct bundle_mark marks[BUNDLE_MARKS_MAX]; /* the oldest first */
};

/*
 * TUTELA_E_FORMAT, TUTELA_E_TOOBIG, TUTELA_E_VERSION, TUTELA_E_REFUSED (a name
 * with a path in it), TUTELA_E_NOMEM; `why` gets a sentence of up to
 * BUNDLE_WHY_MAX bytes. `name`: what to call the text in it.
 */
enum tutela_err tutela_bundle_root_parse(const char *text, size_t len, const char *name, struct bundle_root *out,
					 char *why);
enum tutela_err tutela_bundle_index_parse(const char *text, size_t len, const char *name, struct bundle_index *out,
					  char *why);
enum tutela_err tutela_bundle_manifest_parse(const char *text, size_t len, const char *name,
					     struct bundle_manifest *out, char *why);
void tutela_bundle_index_free(struct bundle_index *index);

/* malloc'd texts with their length; TUTELA_E_NOMEM, TUTELA_E_TOOBIG. */
enum tutela_err tutela_bundle_root_text(const struct bundle_root *root, char **out, size_t *len);
enum tutela_err tutela_bundle_index_text(const struct bundle_index *index, char **out, size_t *len);
enum tutela_err tutela_bundle_manifest_text(const struct bundle_manifest *m, char **out, size_t *len);

/* 1..BUNDLE_NAME_MAX of letters, digits, '.', '_', '-'; the first a letter or digit. */
bool tutela_bundle_name_plain(const char *name);

/* Keep a sentence and return err. */
enum tutela_err tutela_bundle_fail(char *why, enum tutela_err err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void tutela_bundle_hex(const uint8_t *bytes, size_t len, char *out);
void tutela_bundle_sha256(const void *bytes, size_t len, uint8_t *out);

#endif
