/* SPDX-License-Identifier: Apache-2.0 */
/* Findings as JSON objects of the contract, and as lines for people. */
#ifndef TUTELA_TOOLS_RESULTS_H
#define TUTELA_TOOLS_RESULTS_H

#include <jansson.h>
#include <stdio.h>

#include "pipeline.h"

/* {"type":"file","path":…,"size":…, and what is known of the file}: digests, hashes, verdict and reason. */
json_t *result_file(const char *path, const struct finding *f, bool dihedral);

/* Adds "verdict", "reason", "perceptual", "excluded", "hits" to a file or lookup object. */
void result_set_verdict(json_t *object, const struct finding *f, bool perceptual);

/* The column heads, one line for each hit or the reason, as text for people. */
void result_print_heads(FILE *f, const char *subject);
void result_print(FILE *f, const char *subject, const struct finding *finding);

#endif
