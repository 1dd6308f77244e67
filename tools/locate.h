/* SPDX-License-Identifier: Apache-2.0 */
/* Where things are: the store, the decoder programs; and which instruction set to use. The environment is read here. */
#ifndef TUTELA_TOOLS_LOCATE_H
#define TUTELA_TOOLS_LOCATE_H

#include <tutela/cpu.h>

/*
 * `option`, else $TUTELA_STORE, else $XDG_DATA_HOME/tutela, else
 * ~/.local/share/tutela. Allocated. NULL, with a sentence said, when none of them is set.
 */
char *locate_store(const char *option);

/* Is one named, by `option` or $TUTELA_STORE, not only expected where stores are? */
bool locate_named(const char *option);

/* Folder of the decoder programs: beside this program, else ../libexec/tutela, else NULL: the compiled-in one. */
char *locate_decoder(void);

/*
 * The file of category names that is shipped under this name, of lower-case
 * letters: ../share/tutela/categories/NAME.conf from the program's folder.
 * Allocated; NULL when there is none.
 */
char *locate_categories(const char *name);

/* $TUTELA_ISA, for tests and measurements. false, with a sentence said, when this machine has no such level. */
bool locate_isa(enum tutela_isa *out);

#endif
