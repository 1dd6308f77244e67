/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One writer at a time, over all processes: an open-file-description lock on
 * the file `writer.lock`, which holds the writer's process number for people.
 * The kernel gives the lock back when the writer dies. LMDB has a writer lock
 * too, but only while a transaction is open; an update may take several.
 */
#ifndef TUTELA_STORE_WRITER_LOCK_H
#define TUTELA_STORE_WRITER_LOCK_H

#include "store/env.h"

/* *fd is -1 on failure. TUTELA_E_BUSY names the holder. */
enum tutela_err tutela_writer_lock(struct tutela_store *s, int *fd);
void tutela_writer_unlock(int *fd);

/* Does somebody hold it now? Disturbs nobody. False when that cannot be told. */
bool tutela_writer_locked(const struct tutela_store *s);

#endif
