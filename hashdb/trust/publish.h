/* SPDX-License-Identifier: Apache-2.0 */
/* A folder that is being published to. */
#ifndef TUTELA_TRUST_PUBLISH_H
#define TUTELA_TRUST_PUBLISH_H

#include "store/snapshot.h"
#include "trust/bundle_fetch.h"

struct publish_folder {
	const char *path;
	int dir; /* locked; -1: not open */
	struct tutela_bundle_transport transport;
	struct bundle_fetch fetch; /* reads from the folder itself */
	uint64_t root_version;     /* 0: none */
	struct bundle_root root;   /* the newest */
	bool has_index;
	struct bundle_index index;
	uint8_t index_sha256[BUNDLE_SHA_LEN];
	char why[BUNDLE_WHY_MAX];
};

/* TUTELA_E_BUSY, TUTELA_E_SYS. Ended by close, also after a failure. */
enum tutela_err tutela_publish_open(struct publish_folder *f, const char *path);
void tutela_publish_close(struct publish_folder *f);

/* The newest root, vouched for by the one before it and by itself, and the index with its manifests under it. */
enum tutela_err tutela_publish_load(struct publish_folder *f);

/* A manifest that the index names, verified. */
enum tutela_err tutela_publish_manifest(struct publish_folder *f, const struct bundle_row *row,
					struct bundle_manifest *out);

/*
 * A new file to be renamed when it is whole: never one that is there already, which may be another name of a file
 * elsewhere, or a pipe. -1, with errno.
 */
int tutela_publish_temporary(struct publish_folder *f, const char *name);

/*
 * Is there something of that name, whatever it is? A kill leaves files that nothing names yet: somebody may have
 * fetched them, or be fetching them, all the same.
 */
bool tutela_publish_taken(const struct publish_folder *f, const char *name);

/* A file of the folder, on disk under its name or not there at all. */
enum tutela_err tutela_publish_write(struct publish_folder *f, const char *name, const void *bytes, size_t len);
/* Wait until the folder's names are on disk. */
enum tutela_err tutela_publish_settle(struct publish_folder *f);

/*
 * Sign bytes by each of the keys: files stem.KEYID.minisig, and plain.minisig
 * of the first key when `plain` is not NULL, for `minisign -V`.
 */
enum tutela_err tutela_publish_sign(struct publish_folder *f, const char *stem, const char *plain, const char *bytes,
				    size_t len, const char *comment, size_t n_keys,
				    const struct tutela_secret_key *const *keys);

/* A sentence for a system call's failure on a file of the folder. */
enum tutela_err tutela_publish_fail_sys(struct publish_folder *f, const char *what, const char *name);

/*
 * Write the data file that file->base and version name: all of the list, or
 * what changed from entry number `from` on; fills in the rest of *file, its
 * name among it. It is read back as a subscriber reads it; a full one must have
 * the digest. A file that has its name and other bytes stays: this one gets a
 * number into its name.
 */
struct publish_data {
	struct tutela_snapshot *snap;
	const char *list;
	uint32_t list_number, from;
	const uint8_t *digest;
	bool (*stop)(void *ctx); /* TUTELA_E_INTERRUPTED, when not NULL */
	void *ctx;
};
enum tutela_err tutela_publish_data(struct publish_folder *f, const struct publish_data *data,
				    struct bundle_file *file);

#endif
