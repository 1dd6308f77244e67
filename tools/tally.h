/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts of a scan and its summary. files = match + no_match + undetermined +
 * excluded, always. A tally belongs to one thread at a time.
 */
#ifndef TUTELA_TOOLS_TALLY_H
#define TUTELA_TOOLS_TALLY_H

#include <jansson.h>

#include "pipeline.h"

#define TALLY_REASONS_MAX 32

/* What counts of one finding. */
struct tally_file {
	enum verdict verdict;
	enum perceptual perceptual;
	bool excluded, allowed, unreadable;
	uint64_t bytes, hits, silenced;
	uint64_t digest_ns, decode_ns, lookup_ns;
	char kind[24];
};

struct tally {
	uint64_t files, bytes, match, no_match, undetermined, excluded;
	uint64_t allowed,
		silenced; /* files among no_match that allow lists keep from being reported; such hits of all files */
	uint64_t hits, not_pictures, low_quality, errors;
	uint64_t skipped_special, skipped_links, skipped_mounts, skipped_filtered;
	struct {
		char kind[24];
		uint64_t n;
	} reasons[TALLY_REASONS_MAX];
	size_t n_reasons;
	json_t *lists;                            /* array of facts_list() */
	json_t *flood;                            /* array of flood_json(), or NULL */
	json_t *about;                            /* further members of the summary, or NULL */
	uint64_t digest_ns, decode_ns, lookup_ns; /* sums over all workers */
	double seconds;
	bool interrupted;
	bool failed; /* the scan could not go on to its end */
};

void tally_file(struct tally_file *out, const struct finding *f);
void tally_add(struct tally *t, const struct tally_file *f);
/* Takes the reference: an object with "list" and "version". */
void tally_list(struct tally *t, json_t *list);
/* Another member of the summary; takes the reference. */
void tally_about(struct tally *t, const char *key, json_t *value);
json_t *tally_json(const struct tally *t);
/* What --stats says: where the time of `jobs` workers went. */
json_t *tally_stats(const struct tally *t, unsigned jobs);
void tally_print(const struct tally *t);

/* The exit status: a match outranks trouble. */
int tally_status(const struct tally *t);
void tally_free(struct tally *t);

#endif
