/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a scan rested on, for its summary: the lists as they were in the
 * snapshot, the machine, and the times. Everything a reader needs years later
 * to repeat it; nothing of it is asked of the store again.
 */
#ifndef TUTELA_TOOLS_SCAN_FACTS_H
#define TUTELA_TOOLS_SCAN_FACTS_H

#include <jansson.h>

#include <tutela/tutela.h>

/*
 * {"list","version","source","kind","action","thresholds":{…},"min_quality",
 *  "active","updated","expires","digest"}, and when the list has them "flood",
 * "flood_action" and "category_names": without times that depend on now,
 * so two scans against the same state say the same. digest: hex of
 * tutela_snapshot_digest, what is in force. NULL with *error.
 */
json_t *facts_list(struct tutela_snapshot *snap, const struct tutela_list *list, enum tutela_err *error);

/* How many files are a flood: a number, "off" or "default". */
json_t *facts_flood(const struct tutela_policy *policy);

/* Its categories' names, {"1":"…"}. */
json_t *facts_categories(const struct tutela_list *list);

/* {"host","system","cores","instruction_set"} */
json_t *facts_machine(void);

/* Seconds since 1970 as "2026-11-22T10:00:00Z"; never NULL. */
json_t *facts_now(void);

#endif
