/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/late_curl.h"

#include <dlfcn.h>
#include <pthread.h>

#include "message.h"

#define LIBRARY "libcurl.so.4"

static struct late_curl functions;
static const char *missing = LIBRARY;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return;
#define LATE_CURL_LOAD(name)                                                                                           \
	*(void **)&functions.name##_ = dlsym(library, #name);                                                          \
	if (!functions.name##_) {                                                                                      \
		missing = #name;                                                                                       \
		return;                                                                                                \
	}
	LATE_CURL_FUNCTIONS(LATE_CURL_LOAD)
#undef LATE_CURL_LOAD
	missing = NULL;
}

const struct late_curl *late_curl(void)
{
	pthread_once(&once, load);
	if (missing)
		message_error(missing, "cannot be loaded: the package libcurl4 is needed to fetch anything");
	return missing ? NULL : &functions;
}
