/* SPDX-License-Identifier: Apache-2.0 */
/* Words for the enums of record.h, store.h and source.h. */
#include <tutela/source.h>

#include <string.h>

static const char *const kinds[] = {"known", "exclude", "allow"};
static const char *const actions[] = {"report", "block", "review", "ignore"};
static const char *const statuses[] = {"active", "disputed", "withdrawn"};

static const char *const source_types[] = {"bundle", "ncmec", "stopncii", "threatexchange", "tat"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool parse(const char *const *names, size_t n, const char *name, unsigned *out)
{
	*out = 0;
	for (size_t i = 0; name && i < n; i++) {
		if (!strcmp(names[i], name)) {
			*out = (unsigned)i;
			return true;
		}
	}
	return false;
}

const char *tutela_list_kind_name(enum tutela_list_kind k)
{
	return (unsigned)k < COUNT(kinds) ? kinds[k] : NULL;
}

const char *tutela_action_name(enum tutela_action a)
{
	return (unsigned)a < COUNT(actions) ? actions[a] : NULL;
}

const char *tutela_status_name(enum tutela_status s)
{
	return (unsigned)s < COUNT(statuses) ? statuses[s] : "unknown";
}

bool tutela_list_kind_parse(const char *name, enum tutela_list_kind *out)
{
	unsigned i;
	bool found = parse(kinds, COUNT(kinds), name, &i);

	*out = i;
	return found;
}

bool tutela_action_parse(const char *name, enum tutela_action *out)
{
	unsigned i;
	bool found = parse(actions, COUNT(actions), name, &i);

	*out = i;
	return found;
}

const char *tutela_source_type_name(enum tutela_source_type t)
{
	return (unsigned)t < COUNT(source_types) ? source_types[t] : NULL;
}

bool tutela_source_type_parse(const char *name, enum tutela_source_type *out)
{
	unsigned i;
	bool found = parse(source_types, COUNT(source_types), name, &i);

	*out = i;
	return found;
}

void tutela_policy_default(struct tutela_policy *out)
{
	*out = (struct tutela_policy){
		.kind = TUTELA_LIST_KNOWN,
		.action = TUTELA_REPORT,
		.pdq_threshold = tutela_algorithm_get(TUTELA_ALG_PDQ)->default_threshold,
		.phash_threshold = tutela_algorithm_get(TUTELA_ALG_PHASH)->default_threshold,
		.dhash_threshold = tutela_algorithm_get(TUTELA_ALG_DHASH)->default_threshold,
		.min_quality = 50,
	};
}

void tutela_policy_default_for(enum tutela_list_kind kind, struct tutela_policy *out)
{
	tutela_policy_default(out);
	out->kind = kind;
	if (kind == TUTELA_LIST_ALLOW)
		out->pdq_threshold = out->phash_threshold = out->dhash_threshold = 0;
}
