/* SPDX-License-Identifier: Apache-2.0 */
#include "audit_tell.h"

#include <stdlib.h>
#include <time.h>

#define PAUSE_NS 50000000L

void audit_tell_pause(void)
{
	const struct timespec moment = {.tv_nsec = PAUSE_NS};

	nanosleep(&moment, NULL);
}

enum tutela_err audit_tell(struct tutela_store *store, const char *action, json_t *detail, int tries)
{
	enum tutela_err error = store ? TUTELA_E_BUSY : TUTELA_E_READONLY;
	char *text = json_dumps(detail, JSON_COMPACT | JSON_REAL_PRECISION(6));

	for (int i = 0; i < tries && error == TUTELA_E_BUSY; i++) {
		if (i)
			audit_tell_pause();
		error = tutela_audit_note(store, action, text);
	}
	free(text);
	json_decref(detail);
	return error;
}
