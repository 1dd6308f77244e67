/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file `TUTELA` tells a store from any other folder: one line, "tutela
 * store 1", with the schema number. It is the last thing that create makes.
 */
#ifndef TUTELA_STORE_IDENTITY_H
#define TUTELA_STORE_IDENTITY_H

#include "store/env.h"

/* TUTELA_E_NOTSTORE, TUTELA_E_VERSION. */
enum tutela_err tutela_identity_check(struct tutela_store *s);

#endif
