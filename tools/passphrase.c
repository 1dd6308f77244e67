/* SPDX-License-Identifier: Apache-2.0 */
#include "passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "interrupt.h"
#include "memory.h"
#include "message.h"
#include "printable.h"

/* One line without its end; false when there is none, it is too long, or holds NUL. */
static bool read_line(int fd, char *out)
{
	size_t n = 0;
	char c = 0;
	ssize_t got;

	while ((got = interrupt_read(fd, &c, 1)) == 1 && c != '\n' && n < TUTELA_PASSPHRASE_MAX && c)
		out[n++] = c;
	out[n] = '\0';
	if (n && out[n - 1] == '\r')
		out[n - 1] = '\0';
	return (got == 1 && c == '\n') || (got == 0 && n);
}

static bool from_file(const struct passphrase *p, char *out)
{
	int fd = open(p->file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char text[64];
	struct stat st;
	bool ok = false;

	if (fd < 0 || fstat(fd, &st))
		message_error(p->file, "%s", printable_errno(errno, text));
	else if (S_ISREG(st.st_mode) && (st.st_mode & 077 || (st.st_uid != geteuid() && st.st_uid != 0)))
		message_error(p->file, "others can read this passphrase: its mode must be 0600 and its owner you");
	else if (!(ok = read_line(fd, out)))
		message_error(p->file, "no passphrase: one line of at most %d bytes", TUTELA_PASSPHRASE_MAX);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Echo comes back also when the wait is interrupted: interrupt_read returns then. */
static bool ask(int tty, const char *question, const char *subject, char *out)
{
	struct termios before, silent;
	char *name = printable_quoted(subject), *text = memory_format("%s %s: ", question, name);
	bool ok = false;

	if (tcgetattr(tty, &before) == 0) {
		silent = before;
		silent.c_lflag &= (tcflag_t) ~(ECHO | ECHOE | ECHOK | ECHONL);
		if (write(tty, text, strlen(text)) >= 0 && tcsetattr(tty, TCSAFLUSH, &silent) == 0) {
			ok = read_line(tty, out) || (out[0] == '\0' && !interrupt_asked());
			(void)tcsetattr(tty, TCSAFLUSH, &before);
			ok &= write(tty, "\n", 1) == 1;
		}
	}
	free(name);
	free(text);
	return ok;
}

static bool from_terminal(const struct passphrase *p, char *out)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	char *again;
	bool ok;

	if (tty < 0) {
		message_error(p->subject, "a passphrase is needed, and there is no terminal to ask: "
					  "give it with --passphrase-file");
		return false;
	}
	ok = ask(tty, "passphrase of", p->subject, out);
	if (ok && p->twice) {
		again = memory_array(TUTELA_PASSPHRASE_MAX + 1, 1);
		ok = ask(tty, "again, of", p->subject, again);
		if (ok && strcmp(out, again)) {
			message_error(p->subject, "the two passphrases differ");
			ok = false;
		}
		explicit_bzero(again, TUTELA_PASSPHRASE_MAX + 1);
		free(again);
	}
	if (ok && p->twice && !*out) {
		message_error(p->subject, "the passphrase is empty; --no-passphrase makes a key without one");
		ok = false;
	}
	close(tty);
	return ok;
}

bool passphrase_ask(void *ctx, char *out)
{
	const struct passphrase *p = ctx;

	out[0] = '\0';
	return p->file ? from_file(p, out) : from_terminal(p, out);
}

struct tutela_secret_key *passphrase_key(const char *path, const char *passphrase_file)
{
	struct passphrase p = {.file = passphrase_file, .subject = path};
	struct tutela_secret_key *key = NULL;
	enum tutela_err error;
	char text[64];

	errno = 0;
	error = tutela_secret_key_read(path, passphrase_ask, &p, &key);
	if (error == TUTELA_E_SYS)
		message_error(path, "%s", printable_errno(errno, text));
	else if (error == TUTELA_E_FORMAT)
		message_error(path, "this is not the file of a secret key");
	else if (error == TUTELA_E_REFUSED)
		message_error(path, "the passphrase does not fit, or the key is damaged");
	else if (error == TUTELA_E_EXPOSED)
		message_error(path, "others can read this secret key: its mode must be 0600 and its owner you");
	else if (error == TUTELA_E_INTERRUPTED)
		message_error(path, "no passphrase, no key");
	else if (error)
		message_error(path, "%s", tutela_strerror(error));
	return key;
}
