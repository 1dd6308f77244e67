/* SPDX-License-Identifier: Apache-2.0 */
/* A folder that files are taken from: a USB stick, a mounted share. Nothing of it is trusted. */
#ifndef TUTELA_TOOLS_FOLDER_H
#define TUTELA_TOOLS_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tutela/error.h>

struct folder;

/* NULL, with a sentence in `why`, when it is no folder that can be opened. */
struct folder *folder_open(const char *path, char *why, size_t why_len);
void folder_close(struct folder *f); /* NULL is fine */

/*
 * Letters, digits, '.', '_' and '-', at most 200, the first no '.': what stays
 * in its folder, and in its URL, whatever it says.
 */
bool folder_name_plain(const char *name);

/*
 * The file's bytes from `offset` on, in order; an offset at or past its end is
 * TUTELA_OK without a byte. Links are not followed; devices, pipes and sockets
 * are not opened. TUTELA_E_ARG (the name is not plain), TUTELA_E_NOTFOUND,
 * TUTELA_E_REFUSED (no regular file), TUTELA_E_TOOBIG (the file has more than `most` bytes),
 * TUTELA_E_SYS, TUTELA_E_INTERRUPTED, and what `write` returned.
 */
enum tutela_err folder_fetch(struct folder *f, const char *name, uint64_t offset, uint64_t most,
			     enum tutela_err (*write)(void *to, const void *bytes, size_t len), void *to);

/* What went wrong last: a sentence without its full stop; "". */
const char *folder_errmsg(const struct folder *f);

#endif
