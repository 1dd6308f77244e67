/* SPDX-License-Identifier: Apache-2.0 */
#include "defences.h"

#include <stdlib.h>
#include <string.h>

#include "locate.h"
#include "memory.h"

enum tutela_err defences_find(struct tutela_defences *out)
{
	char *folder = locate_decoder();
	struct tutela_decoder_opts opts = {.size = sizeof(opts), .program_dir = folder};
	struct tutela_decoder *decoder;
	enum tutela_err err = tutela_decoder_open(&opts, &decoder);

	tutela_decoder_defences(decoder, out);
	tutela_decoder_close(decoder);
	free(folder);
	return err;
}

struct words {
	bool here;
	const char *text;
};

/* Those that are here, or those that are not, with commas between. Allocated. */
static char *list(const struct words *w, size_t n, bool here)
{
	char *all = memory_text("");

	for (size_t i = 0; i < n; i++) {
		char *longer;

		if (w[i].here != here)
			continue;
		longer = memory_format("%s%s%s", all, all[0] ? ", " : "", w[i].text);
		free(all);
		all = longer;
	}
	return all;
}

char *defences_text(const struct tutela_defences *d, enum tutela_err err)
{
	char landlock[32], *here, *lacking, *text;
	const struct words words[] = {
		{true, "system-call filter, limits"}, {d->landlock > 0, landlock},
		{d->own_user, "user of its own"},     {d->no_network, "empty network"},
		{d->no_files, "empty file tree"},
	};
	const size_t n = sizeof(words) / sizeof(words[0]);

	if (err)
		return memory_format("unknown: %s", tutela_strerror(err));
	if (d->landlock)
		snprintf(landlock, sizeof(landlock), "Landlock %u", d->landlock);
	else
		snprintf(landlock, sizeof(landlock), "Landlock");
	here = list(words, n, true);
	lacking = list(words, n, false);
	text = memory_format("%s%s%s%s", here, lacking[0] ? "; not on this machine: " : "", lacking,
			     d->weakened ? "; weakened: a build for tests" : "");
	free(here);
	free(lacking);
	return text;
}

json_t *defences_json(const struct tutela_defences *d, enum tutela_err err)
{
	if (err)
		return json_null();
	return json_pack("{s:b, s:i, s:b, s:b, s:b, s:b}", "system_call_filter", 1, "landlock", (int)d->landlock,
			 "own_user", d->own_user, "empty_network", d->no_network, "empty_file_tree", d->no_files,
			 "weakened", d->weakened);
}
