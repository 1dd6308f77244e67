/* SPDX-License-Identifier: Apache-2.0 */
/* The pool while the system is short of processes: posix_spawn as this program sees it. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <errno.h>
#include <spawn.h>

#include <tutela/decode.h>

static int failures, reason, calls;

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *files, const posix_spawnattr_t *attr,
		char *const argv[], char *const envp[])
{
	union {
		void *symbol;
		int (*call)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
			    char *const[], char *const[]);
	} real = {.symbol = dlsym(RTLD_NEXT, "posix_spawn")};

	calls++;
	if (failures-- > 0)
		return reason;
	return real.call(pid, path, files, attr, argv, envp);
}

static enum tutela_err open_after(int n, int why)
{
	struct tutela_decoder_opts o = {.size = sizeof(o), .program_dir = TEST_BIN_DIR};
	struct tutela_decoder *pool;
	enum tutela_err err;

	failures = n;
	reason = why;
	calls = 0;
	err = tutela_decoder_open(&o, &pool);
	tutela_decoder_close(pool);
	failures = 0;
	return err;
}

Test(pool_spawn, a_shortage_passes)
{
	cr_expect_eq(open_after(3, EAGAIN), TUTELA_OK);
	cr_expect_eq(open_after(1, ENOMEM), TUTELA_OK);
	cr_expect_eq(calls, 2);
}

Test(pool_spawn, patience_has_an_end)
{
	cr_expect_eq(open_after(1000, EAGAIN), TUTELA_E_WORKER);
	cr_expect_eq(errno, EAGAIN);
	cr_expect_leq(calls, 10);
	cr_expect_eq(open_after(1, EACCES), TUTELA_E_WORKER, "nothing that would pass");
	cr_expect_eq(calls, 1);
}
