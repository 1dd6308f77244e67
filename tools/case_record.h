/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two files that a case scan appends to, in the order of the walk, and how
 * it is gone on with after a kill or a power cut.
 *
 * For each file first its result, if it has one, then its line in files.jsonl:
 *   {"path":…,"path_bytes":…,"size":…,"md5":…,"sha1":…,"sha256":…,"verdict":…,"perceptual":…,"kind":…,"bytes":…,
 *    "hits":…,"excluded":true,"unreadable":true,"result":"<SHA-256 of its line in results.jsonl, with the line feed>"}
 * A file is done when that line is whole and its result is what the line says.
 * Going on reads both files from their beginning beside the walk: each line
 * must name the file that the walk comes to, else the evidence is not what it
 * was. Where the lines end, or stop being whole, both files are cut and the
 * scan begins. So no file is looked at twice once it was done, and none is left out.
 *
 * Lines leave the process at once and go to the disk every few seconds and at the end.
 */
#ifndef TUTELA_TOOLS_CASE_RECORD_H
#define TUTELA_TOOLS_CASE_RECORD_H

#include "case_folder.h"
#include "json_lines.h"
#include "tally.h"

struct case_record {
	const struct case_folder *folder;
	int results, files; /* descriptors, or -1 */
	bool going_on;      /* lines of an earlier run may still come */
	struct json_lines old_results, old_files;
	uint64_t results_end, files_end; /* up to where both are known to be whole */
	uint64_t done;                   /* files that earlier runs had done */
	const char *result; /* of the file that the last step found done: its line, or NULL; until the next step */
	size_t result_len;
	uint64_t synced; /* when, in stats_now() */
};

enum case_step {
	CASE_STEP_SCAN,    /* look at this file */
	CASE_STEP_DONE,    /* an earlier run has: *tally is what it found */
	CASE_STEP_CHANGED, /* the evidence or the record is not what it was; a sentence was said */
};

bool case_record_open(struct case_record *r, const struct case_folder *folder);

/* The walk has come to `path`. On the main thread, before jobs are pushed. */
enum case_step case_record_step(struct case_record *r, const char *path, struct tally_file *tally);

/* The walk is at its end: nothing may be left of what earlier runs had done. False, with a sentence said. */
bool case_record_walked(struct case_record *r);

/* The line of files.jsonl for one finding, allocated. `result`: its line in results.jsonl, or NULL. */
char *case_record_line(const char *path, const struct finding *f, const char *result, size_t result_len, size_t *len);

/* One file is done, in the order of the walk. False, with a sentence said, when it cannot be written. */
bool case_record_add(struct case_record *r, const char *result, size_t result_len, const char *line, size_t len);

/* All of it is on the disk. False, with a sentence said. */
bool case_record_sync(struct case_record *r);
void case_record_close(struct case_record *r);

#endif
