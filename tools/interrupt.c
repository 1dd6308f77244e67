/* SPDX-License-Identifier: Apache-2.0 */
#include "interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
#define N_SIGNALS (sizeof(signals) / sizeof(signals[0]))

static atomic_bool asked;
static int wake[2] = {-1, -1}; /* a byte in it makes every interrupt_read return */

static void handle(int number)
{
	int saved = errno;

	if (atomic_exchange(&asked, true)) {
		signal(number, SIG_DFL);
		raise(number);
	}
	(void)!write(wake[1], "", 1);
	errno = saved;
}

void interrupt_setup(void)
{
	struct sigaction action = {.sa_handler = handle}, old;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK))
		return; /* then the signals keep their default: an end at once */
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < N_SIGNALS; i++) {
		/* nohup ignores SIGHUP for us; shells ignore SIGINT for background jobs, which still can be asked to
		 * stop */
		if (signals[i] == SIGHUP && sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		sigaction(signals[i], &action, NULL);
	}
}

bool interrupt_asked(void)
{
	return atomic_load(&asked);
}

static void mask(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaddset(&set, signals[i]);
	pthread_sigmask(how, &set, NULL);
}

void interrupt_block(void)
{
	mask(SIG_BLOCK);
}

void interrupt_unblock(void)
{
	mask(SIG_UNBLOCK);
}

ssize_t interrupt_read(int fd, void *buf, size_t len)
{
	struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = wake[0], .events = POLLIN}};
	ssize_t n;

	for (;;) {
		if (interrupt_asked()) {
			errno = EINTR;
			return -1;
		}
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -1;
		if (!fds[0].revents || interrupt_asked())
			continue;
		n = read(fd, buf, len);
		if (n >= 0 || (errno != EINTR && errno != EAGAIN))
			return n;
	}
}
