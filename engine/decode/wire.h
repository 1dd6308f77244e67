/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pool and its workers say to each other: three datagrams of fixed
 * length on a SOCK_SEQPACKET socket pair, little-endian, version in each.
 *
 *   hello    worker -> pool, once, after the lock-down: what it consists of
 *   request  pool -> worker, with one descriptor (SCM_RIGHTS)
 *   reply    worker -> pool, one for each request, with the request's number
 *
 * The functions are pure. Decoding a reply assumes a hostile sender: every
 * field is held against its range and against what was asked.
 */
#ifndef TUTELA_DECODE_WIRE_H
#define TUTELA_DECODE_WIRE_H

#include <tutela/decode.h>

#define WIRE_VERSION     4
#define WIRE_HELLO_LEN   12
#define WIRE_REQUEST_LEN 48
#define WIRE_REPLY_LEN   728

/* The descriptor on which a worker finds its socket. */
#define WIRE_FD 3

enum wire_kind {
	WIRE_CORE = 0, /* tutela-decoder */
	WIRE_VIPS = 1, /* tutela-decoder-vips */
};
#define WIRE_KINDS 2

/* What a lock-down has beyond what every lock-down has. */
#define WIRE_USER_NS    (1u << 0)
#define WIRE_NETWORK_NS (1u << 1)
#define WIRE_MOUNT_NS   (1u << 2)
#define WIRE_WEAKENED   (1u << 3) /* a build for tests, see worker/build_kind.h */
#define WIRE_DEFENCES   (WIRE_USER_NS | WIRE_NETWORK_NS | WIRE_MOUNT_NS | WIRE_WEAKENED)

struct wire_hello {
	enum wire_kind kind;
	uint8_t landlock;  /* version of the interface in use; 0: none */
	unsigned defences; /* WIRE_DEFENCES bits */
};

enum wire_answer {
	WIRE_DONE = 0,
	WIRE_OTHER_KIND = 1, /* a format of tutela-decoder-vips: only `format` counts, the rest is dropped */
};

struct wire_request {
	uint32_t number; /* echoed in the reply */
	unsigned wants;  /* TUTELA_WANT_* */
	enum tutela_isa isa;
	uint64_t budget_ms; /* wall clock, as the pool will enforce it */
	uint64_t max_bytes, max_pixels, max_memory;
};

struct wire_reply {
	uint32_t number;
	enum wire_answer answer;
	struct tutela_decoded decoded; /* `signal` does not travel */
};

/* Does that kind of worker decode that format? */
bool tutela_wire_decodes(enum wire_kind kind, enum tutela_format format);

/*
 * Which TUTELA_WANT_PERCEPTUAL bits are given for a picture of that size: all,
 * but for one under 5 pixels a side not PDQ's full dialect, which has nothing to
 * say of it, when the ref dialect resamples it because its other side is over
 * 512. None for a side of 0.
 */
unsigned tutela_wire_hashes(uint32_t width, uint32_t height);

void tutela_wire_put_hello(const struct wire_hello *hello, uint8_t out[static WIRE_HELLO_LEN]);
/* From a worker of `kind`. TUTELA_E_FORMAT, TUTELA_E_VERSION; *out is zeroed first. */
TUTELA_CHECKED enum tutela_err tutela_wire_get_hello(const uint8_t *p, size_t len, enum wire_kind kind,
						     struct wire_hello *out);

void tutela_wire_put_request(const struct wire_request *rq, uint8_t out[static WIRE_REQUEST_LEN]);
/* TUTELA_E_FORMAT, TUTELA_E_VERSION; *out is zeroed first. */
TUTELA_CHECKED enum tutela_err tutela_wire_get_request(const uint8_t *p, size_t len, struct wire_request *out);

void tutela_wire_put_reply(const struct wire_reply *rp, uint8_t out[static WIRE_REPLY_LEN]);
/*
 * Take a reply apart that a worker of `kind` gave to `asked`. TUTELA_E_VERSION,
 * or TUTELA_E_FORMAT when a field is out of its range, contradicts another, or
 * answers something that was not asked. *out is zero after a failure.
 */
TUTELA_CHECKED enum tutela_err tutela_wire_get_reply(const uint8_t *p, size_t len, const struct wire_request *asked,
						     enum wire_kind kind, struct wire_reply *out);

#endif
