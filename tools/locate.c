/* SPDX-License-Identifier: Apache-2.0 */
#include "locate.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "message.h"

char *locate_store(const char *option)
{
	const char *env = getenv("TUTELA_STORE"), *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (option && option[0])
		return memory_text(option);
	if (env && env[0])
		return memory_text(env);
	if (xdg && xdg[0] == '/') /* a relative one is invalid (XDG Base Directory Specification) */
		return memory_format("%s/tutela", xdg);
	if (home && home[0] == '/')
		return memory_format("%s/.local/share/tutela", home);
	message_error(NULL, "no store is named: use -d DIR or set TUTELA_STORE");
	return NULL;
}

bool locate_named(const char *option)
{
	const char *env = getenv("TUTELA_STORE");

	return (option && option[0]) || (env && env[0]);
}

static char *if_there(char *folder)
{
	char *program = memory_format("%s/tutela-decoder", folder);
	bool there = access(program, X_OK) == 0;

	free(program);
	if (there)
		return folder;
	free(folder);
	return NULL;
}

/* The folder of this program; `out` holds PATH_MAX bytes. */
static bool own_folder(char *out)
{
	ssize_t len = readlink("/proc/self/exe", out, PATH_MAX - 1);
	char *slash;

	if (len <= 0)
		return false;
	out[len] = '\0';
	slash = strrchr(out, '/');
	if (slash)
		*slash = '\0';
	return slash != NULL;
}

char *locate_categories(const char *name)
{
	char self[PATH_MAX], *path;

	if (!name[0] || name[strspn(name, "abcdefghijklmnopqrstuvwxyz")] || !own_folder(self))
		return NULL;
	path = memory_format("%s/../share/tutela/categories/%s.conf", self, name);
	if (access(path, R_OK) == 0)
		return path;
	free(path);
	return NULL;
}

char *locate_decoder(void)
{
	char self[PATH_MAX], *folder;

	if (!own_folder(self))
		return NULL;
	folder = if_there(memory_text(self));
	return folder ? folder : if_there(memory_format("%s/../libexec/tutela", self));
}

bool locate_isa(enum tutela_isa *out)
{
	const char *env = getenv("TUTELA_ISA");

	*out = TUTELA_ISA_AUTO;
	if (!env || !env[0])
		return true;
	if (!tutela_isa_parse(env, out)) {
		message_error("TUTELA_ISA", "'%s' is not one of auto, scalar, avx2, avx512, neon", env);
		return false;
	}
	if (!tutela_cpu_has(*out)) {
		message_error("TUTELA_ISA", "this machine cannot run '%s'", env);
		*out = TUTELA_ISA_AUTO;
		return false;
	}
	return true;
}
