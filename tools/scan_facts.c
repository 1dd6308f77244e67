/* SPDX-License-Identifier: Apache-2.0 */
#include "scan_facts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"
#include "output.h"
#include "printable.h"
#include "stats.h"

static void set_time(json_t *o, const char *key, int64_t seconds)
{
	json_t *text = output_time(seconds);

	if (text)
		json_object_set_new(o, key, text);
}

json_t *facts_flood(const struct tutela_policy *p)
{
	if (p->flood_files == TUTELA_FLOOD_OFF)
		return json_string("off");
	return p->flood_files == TUTELA_FLOOD_DEFAULT ? json_string("default") : json_integer(p->flood_files);
}

json_t *facts_categories(const struct tutela_list *list)
{
	json_t *o = json_object();

	for (const char *at = list->category_map; *at; at += strcspn(at, "\n") + 1) {
		size_t key = strcspn(at, " \n"), len = strcspn(at, "\n");

		if (key < len)
			json_object_setn_new(o, at, key, json_stringn(at + key + 1, len - key - 1));
	}
	return o;
}

json_t *facts_list(struct tutela_snapshot *snap, const struct tutela_list *list, enum tutela_err *error)
{
	const struct tutela_policy *p = &list->policy;
	uint8_t digest[32];
	char *hex;
	json_t *o;

	*error = tutela_snapshot_digest(snap, list->name, TUTELA_DIGEST_EFFECTIVE, digest);
	if (*error)
		return NULL;
	hex = printable_hex(digest, sizeof(digest));
	o = json_pack("{s:s, s:I, s:s, s:s, s:s, s:{s:i, s:i, s:i}, s:i, s:I, s:s}", "list", list->name, "version",
		      (json_int_t)list->version, "source", list->source, "kind", tutela_list_kind_name(p->kind),
		      "action", tutela_action_name(p->action), "thresholds", "pdq", (int)p->pdq_threshold, "phash",
		      (int)p->phash_threshold, "dhash", (int)p->dhash_threshold, "min_quality", (int)p->min_quality,
		      "active", (json_int_t)list->active, "digest", hex);
	set_time(o, "updated", list->updated);
	set_time(o, "expires", list->expires);
	if (p->flood_files != TUTELA_FLOOD_DEFAULT)
		json_object_set_new(o, "flood", facts_flood(p));
	if (p->flood_review)
		json_object_set_new(o, "flood_action", json_string("review"));
	if (list->category_map[0])
		json_object_set_new(o, "category_names", facts_categories(list));
	free(hex);
	return o;
}

json_t *facts_machine(void)
{
	struct utsname u = {0};
	char *system;
	json_t *o = json_object();

	uname(&u);
	system = memory_format("%s %s %s", u.sysname, u.release, u.machine);
	json_object_set_new(o, "host", output_string(u.nodename, strnlen(u.nodename, sizeof(u.nodename))));
	json_object_set_new(o, "system", output_string(system, strlen(system)));
	json_object_set_new(o, "cores", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	json_object_set_new(o, "instruction_set", json_string(stats_isa()));
	free(system);
	return o;
}

json_t *facts_now(void)
{
	char text[32];

	return json_string(output_time_text((int64_t)time(NULL), text));
}
