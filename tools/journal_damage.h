/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the journal that a command passes over because they cannot be read: counted, and named. */
#ifndef TUTELA_TOOLS_JOURNAL_DAMAGE_H
#define TUTELA_TOOLS_JOURNAL_DAMAGE_H

#include "cli.h"

/*
 * One more, of *n so far: a line {"type":"journal-damaged","number"} with
 * `json`, and a sentence for each of the first ten. How many there were in all
 * the store's own words say when the walk is over.
 */
void journal_damage_add(uint64_t *n, bool json, uint64_t number);

#endif
