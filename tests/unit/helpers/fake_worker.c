/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for both decoder programs and misbehaves. The way is chosen by
 * the last two digits of the limit on memory, the only thing a pool tells a
 * worker before the first file.
 */
#include "decode/wire.h"

#include "fake_worker.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void hang(void)
{
	for (;;)
		pause();
}

static void greet(enum wire_kind kind, int way)
{
	uint8_t hello[WIRE_HELLO_LEN];

	tutela_wire_put_hello(&(struct wire_hello){.kind = kind}, hello);
	if (way == FAKE_HELLO_VERSION)
		hello[4]++;
	if (way == FAKE_HELLO_KIND)
		hello[6] ^= 1;
	if (way == FAKE_HELLO_NONE)
		exit(1);
	send(WIRE_FD, hello, sizeof(hello) - (way == FAKE_HELLO_SHORT), MSG_NOSIGNAL);
}

/* The descriptor that comes with the request is dropped by recv. */
static struct wire_request next_request(void)
{
	uint8_t bytes[WIRE_REQUEST_LEN];
	struct wire_request rq;

	if (recv(WIRE_FD, bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		exit(0);
	if (tutela_wire_get_request(bytes, sizeof(bytes), &rq))
		exit(1);
	return rq;
}

static void die_by(int signal)
{
	const struct rlimit none = {0};

	setrlimit(RLIMIT_CORE, &none);
	raise(signal);
}

static void answer(const struct wire_request *rq, int way)
{
	struct wire_reply rp = {.number = rq->number, .decoded = {.class_ = TUTELA_DECODE_NOT_PICTURE, .size = 7}};
	uint8_t bytes[WIRE_REPLY_LEN + 1] = {0};
	size_t len = WIRE_REPLY_LEN;

	switch (way) {
	case FAKE_HANG:
		hang();
		break;
	case FAKE_CLOSE_AND_HANG:
		close(WIRE_FD);
		hang();
		break;
	case FAKE_EXIT:
		exit(0);
	case FAKE_ABORT:
		die_by(SIGABRT);
		break;
	case FAKE_CPU_LIMIT:
		die_by(SIGXCPU);
		break;
	case FAKE_NUMBER:
		rp.number++;
		break;
	case FAKE_OTHER_KIND:
		rp.answer = WIRE_OTHER_KIND;
		rp.decoded = (struct tutela_decoded){.format = TUTELA_FORMAT_WEBP};
		break;
	}
	tutela_wire_put_reply(&rp, bytes);
	if (way == FAKE_HALF)
		len /= 2;
	if (way == FAKE_LONG)
		len++;
	if (way == FAKE_EMPTY)
		len = 0;
	if (way == FAKE_VERSION)
		bytes[4]++;
	if (way == FAKE_GARBAGE)
		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)(i * 131 + 7);
	send(WIRE_FD, bytes, len, MSG_NOSIGNAL);
	if (way == FAKE_TWICE)
		send(WIRE_FD, bytes, len, MSG_NOSIGNAL);
	if (way == FAKE_DIE_IDLE)
		exit(0);
}

int main(int argc, char **argv)
{
	int way = argc == 2 ? atoi(argv[1] + strlen(argv[1]) - 2) : 0;

	greet(strstr(argv[0], "vips") ? WIRE_VIPS : WIRE_CORE, way);
	for (;;) {
		struct wire_request rq = next_request();

		answer(&rq, way);
	}
}
