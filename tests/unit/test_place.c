/* SPDX-License-Identifier: Apache-2.0 */
#include "store_data.h"

#include <lmdb.h>
#include <signal.h>
#include <sys/wait.h>

#include "store/place.h"

Test(place, network_file_systems_are_known_by_their_numbers)
{
	/* NFS, SMB 1 and 2, 9P, Ceph, Lustre, GPFS, AFS twice, Coda, FUSE */
	static const unsigned long far[] = {0x6969,     0xff534d42, 0xfe534d42, 0x01021997, 0x00c36400, 0x0bd00bd0,
					    0x47504653, 0x5346414f, 0x6b414653, 0x73757245, 0x65735546};
	/* ext4, XFS, Btrfs, tmpfs, overlay, ZFS, F2FS, exFAT, ISO 9660, nothing */
	static const unsigned long near[] = {0xef53,     0x58465342, 0x9123683e, 0x01021994, 0x794c7630,
					     0x2fc12fc1, 0xf2f52010, 0x2011bab0, 0x9660,     0};

	for (size_t i = 0; i < sizeof far / sizeof *far; i++)
		cr_assert_not_null(tutela_place_network_name(far[i]), "%lx", far[i]);
	for (size_t i = 0; i < sizeof near / sizeof *near; i++)
		cr_assert_null(tutela_place_network_name(near[i]), "%lx", near[i]);
	cr_assert_str_eq(tutela_place_network_name(0x6969), "NFS");
}

Test(place, owner_and_rights_are_judged)
{
	cr_assert_eq(tutela_place_judge(1000, 040700, 1000), PLACE_GOOD);
	cr_assert_eq(tutela_place_judge(0, 0100600, 1000), PLACE_GOOD);
	cr_assert_eq(tutela_place_judge(0, 0100400, 0), PLACE_GOOD);
	cr_assert_eq(tutela_place_judge(1001, 040700, 1000), PLACE_OWNER);
	cr_assert_eq(tutela_place_judge(1000, 040700, 0), PLACE_OWNER);
	for (mode_t bit = 1; bit < 0100; bit <<= 1)
		cr_assert_eq(tutela_place_judge(1000, 040700 | bit, 1000), PLACE_MODE, "%o", bit);
}

static void refused(const char *path, const char *words)
{
	struct tutela_store *s;
	char why[512];

	FAILS(tutela_store_open(path, NULL, &s, why, sizeof why), TUTELA_E_EXPOSED);
	cr_assert_null(s);
	cr_assert(strstr(why, words) && strstr(why, path), "%s", why);
}

Test(place, a_store_that_is_open_to_others_is_refused)
{
	char path[64], file[128];

	tutela_store_close(store_make(path));
	cr_assert_eq(chmod(path, 0750), 0);
	refused(path, "chmod -R go-rwx");
	cr_assert_eq(chmod(path, 0700), 0);
	snprintf(file, sizeof file, "%s/data.mdb", path);
	cr_assert_eq(chmod(file, 0604), 0);
	refused(path, "data.mdb' is open to other users");
	cr_assert_eq(chmod(file, 0600), 0);
	store_unmake(store_open(path, true), path);
}

Test(place, a_store_of_another_user_is_refused)
{
	struct tutela_store *s;
	char path[64], file[128];

	if (geteuid()) {
		fprintf(stderr, "place: giving files away needs root\n");
		return;
	}
	tutela_store_close(store_make(path));
	snprintf(file, sizeof file, "%s/data.mdb", path);
	cr_assert_eq(chown(file, 12345, (gid_t)-1), 0);
	refused(path, "belongs to user 12345");
	cr_assert_eq(chown(file, 0, (gid_t)-1), 0);
	OK(tutela_store_open(path, NULL, &s, NULL, 0));
	store_unmake(s, path);
}

Test(place, create_closes_an_empty_folder)
{
	struct stat st;
	char path[64];

	scratch_make(path);
	cr_assert_eq(chmod(path, 0755), 0);
	OK(tutela_store_create(path));
	cr_assert(!stat(path, &st) && (st.st_mode & 0777) == 0700);
	store_unmake(store_open(path, false), path);
}

/* The letters "dd" of VmFlags, for each mapping whose file's name holds `name`; true when all of them have it. */
static bool hidden_from_dumps(const char *name, unsigned *found)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	bool mine = false, all = true;
	char line[1024];

	*found = 0;
	cr_assert_not_null(f);
	while (fgets(line, sizeof line, f)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
			mine = strstr(line, name) != NULL;
			*found += mine;
		} else if (mine && !strncmp(line, "VmFlags:", 8)) {
			all = all && strstr(line, " dd");
		}
	}
	fclose(f);
	return all;
}

Test(place, maps_stay_out_of_core_dumps)
{
	struct tutela_snapshot *snap;
	struct tutela_store *s;
	unsigned n;
	char path[64];

	s = store_make(path);
	put_one(s, "a", record_of("e", hash_of(TUTELA_ALG_PDQ, 1)));
	snap = snapshot_of(s);
	cr_assert(hidden_from_dumps("/data.mdb", &n) && n == 1, "%u", n);
	cr_assert(hidden_from_dumps("/seg-pdq-1.tix", &n) && n == 1, "%u", n);
	tutela_snapshot_close(snap);
	store_unmake(s, path);
}

Test(place, open_clears_readers_that_died)
{
	struct tutela_store *s;
	int status, dead = -1;
	char path[64];
	pid_t child;

	tutela_store_close(store_make(path));
	child = fork();
	if (!child) {
		s = store_open(path, false);
		(void)snapshot_of(s);
		(void)raise(SIGKILL);
		_exit(1);
	}
	cr_assert(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
	s = store_open(path, false);
	cr_assert_eq(mdb_reader_check(s->env, &dead), 0);
	cr_assert_eq(dead, 0);
	store_unmake(s, path);
}
