/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SOAK_REMOVE_FOLDER_H
#define TESTS_SOAK_REMOVE_FOLDER_H

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

/* A folder of files. What is not there, or not to be removed, is let be. */
static inline void remove_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *d;

	while (dir && (d = readdir(dir)))
		(void)unlinkat(dirfd(dir), d->d_name, 0);
	if (dir)
		closedir(dir);
	(void)rmdir(folder);
}

#endif
