/* SPDX-License-Identifier: Apache-2.0 */
/* Picture files by formula, from a seed: the pictures of the command-line tests. */
#ifndef TUTELA_BENCH_MADE_PICTURE_H
#define TUTELA_BENCH_MADE_PICTURE_H

#include "process.h"

/* `options`: as `mkpicture --help` has them, with single blanks between. */
static inline void made_picture(const char *path, uint64_t seed, const char *options)
{
	char number[24], copy[256], *save = NULL;
	const char *argv[32] = {BENCH_MKPICTURE, "--seed", number};
	struct process p;
	size_t n = 3;

	snprintf(number, sizeof number, "%llu", (unsigned long long)seed);
	snprintf(copy, sizeof copy, "%s", options);
	for (char *word = strtok_r(copy, " ", &save); word && n < 30; word = strtok_r(NULL, " ", &save))
		argv[n++] = word;
	argv[n] = path;
	process_run(argv, 0, &p);
}

#endif
