/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUTELA_TESTS_FAKE_WORKER_H
#define TUTELA_TESTS_FAKE_WORKER_H

/* Added to a multiple of 100 bytes, this is the limit on memory that chooses. */
enum fake_way {
	FAKE_HONEST, /* "not a picture", always */
	FAKE_HELLO_VERSION,
	FAKE_HELLO_KIND,
	FAKE_HELLO_NONE,
	FAKE_HELLO_SHORT,
	FAKE_HANG,
	FAKE_CLOSE_AND_HANG,
	FAKE_EXIT,
	FAKE_ABORT,
	FAKE_CPU_LIMIT,
	FAKE_NUMBER,
	FAKE_OTHER_KIND,
	FAKE_HALF,
	FAKE_LONG,
	FAKE_EMPTY,
	FAKE_VERSION,
	FAKE_GARBAGE,
	FAKE_TWICE,
	FAKE_DIE_IDLE,
	FAKE_WAYS
};

#endif
