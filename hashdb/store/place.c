/* SPDX-License-Identifier: Apache-2.0 */
#include "store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Numbers of linux/magic.h and of the file systems' own sources: not all are in every version of the header. */
static const struct {
	unsigned long type;
	const char *name;
} networks[] = {
	{0x6969, "NFS"},
	{0xff534d42, "SMB"},
	{0xfe534d42, "SMB"},
	{0x517b, "SMB"},
	{0x01021997, "9P"},
	{0x00c36400, "Ceph"},
	{0x0bd00bd0, "Lustre"},
	{0x47504653, "GPFS"},
	{0x5346414f, "AFS"},
	{0x6b414653, "AFS"},
	{0x73757245, "Coda"},
	{0x564c, "NCP"},
	{0x19830326, "BeeGFS"},
	{0xa501fcf5, "VxFS"},
	{0x20030528, "PVFS2"},
	{0xaad7aaea, "PanFS"},
	{0x01161970, "GFS2"},
	{0x7461636f, "OCFS2"},
	{0x013111a8, "IBRIX"},
	{0x786f4256, "a shared folder of VirtualBox"},
	{0xbacbacbc, "a shared folder of VMware"},
	{0x65735546, "FUSE"},
};

const char *tutela_place_network_name(unsigned long type)
{
	for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
		if (networks[i].type == type)
			return networks[i].name;
	return NULL;
}

enum place_fault tutela_place_judge(uid_t owner, mode_t mode, uid_t user)
{
	if (owner != user && owner != 0)
		return PLACE_OWNER;
	return mode & 077 ? PLACE_MODE : PLACE_GOOD;
}

enum tutela_err tutela_place_network(struct tutela_store *s, bool allow)
{
	const char *name;
	struct statfs fs;

	if (allow)
		return TUTELA_OK;
	if (fstatfs(s->dir, &fs))
		return tutela_store_fail_sys(s, "looking at the file system");
	/* The field is signed, and so are the large numbers on some machines. */
	name = tutela_place_network_name((unsigned long)fs.f_type & 0xffffffff);
	if (!name)
		return TUTELA_OK;
	return tutela_store_fail(s, TUTELA_E_NETWORK,
				 "'%s' is on a network file system (%s), where a store is not safe; "
				 "see --allow-network-fs",
				 s->path, name);
}

enum tutela_err tutela_place_owner(struct tutela_store *s)
{
	struct stat st;

	if (fstat(s->dir, &st))
		return tutela_store_fail_sys(s, "looking at the folder");
	return tutela_place_judge(st.st_uid, 0, geteuid()) == PLACE_OWNER ? TUTELA_E_EXPOSED : TUTELA_OK;
}

/* `name` "": the folder. A file that is not there is another check's to miss. */
static enum tutela_err check_one(struct tutela_store *s, const char *name)
{
	struct stat st;
	enum place_fault fault;

	if (fstatat(s->dir, name, &st, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return errno == ENOENT ? TUTELA_OK : tutela_store_fail_sys(s, "looking at the store's files");
	fault = tutela_place_judge(st.st_uid, st.st_mode, geteuid());
	if (fault == PLACE_OWNER)
		return tutela_store_fail(s, TUTELA_E_EXPOSED,
					 "'%s%s%s' belongs to user %lu, who could change it; use it as that user, or "
					 "give it to this one: chown -R %lu '%s'",
					 s->path, *name ? "/" : "", name, (unsigned long)st.st_uid,
					 (unsigned long)geteuid(), s->path);
	if (fault == PLACE_MODE)
		return tutela_store_fail(s, TUTELA_E_EXPOSED,
					 "'%s%s%s' is open to other users; close it: chmod -R go-rwx '%s'", s->path,
					 *name ? "/" : "", name, s->path);
	return TUTELA_OK;
}

enum tutela_err tutela_place_private(struct tutela_store *s)
{
	static const char *const names[] = {"", DATA_FILE, "lock.mdb", LOCK_FILE, IDENTITY_FILE};
	enum tutela_err err = TUTELA_OK;
	struct statvfs fs;

	/* Nobody can change rights there, nor anything else: they are the mount's. */
	if (!fstatvfs(s->dir, &fs) && (fs.f_flag & ST_RDONLY))
		return TUTELA_OK;
	for (size_t i = 0; i < sizeof names / sizeof *names && !err; i++)
		err = check_one(s, names[i]);
	return err;
}
