/* SPDX-License-Identifier: Apache-2.0 */
/* Passphrases of secret keys: from the terminal without echo, or from a file. Never an argument. */
#ifndef TUTELA_TOOLS_PASSPHRASE_H
#define TUTELA_TOOLS_PASSPHRASE_H

#include <stdbool.h>

#include <tutela/tutela.h>

struct passphrase {
	const char *file;    /* its first line is the passphrase; NULL: the terminal is asked */
	const char *subject; /* the key's file, for the question and for what goes wrong */
	bool twice;          /* ask again, and compare */
};

/*
 * Fits tutela_secret_key_read: ctx is a struct passphrase, `out` holds
 * TUTELA_PASSPHRASE_MAX + 1 bytes, which the caller wipes. False after saying why.
 */
bool passphrase_ask(void *ctx, char *out);

/* A secret key from its file; says what is wrong and returns NULL. */
struct tutela_secret_key *passphrase_key(const char *path, const char *passphrase_file);

#endif
