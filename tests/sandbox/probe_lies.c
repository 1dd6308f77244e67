/* SPDX-License-Identifier: Apache-2.0 */
#include "probe.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a decoder would say of a picture of 640 x 480 whose hashes and digests are wanted. */
static struct wire_reply honest(uint32_t number, enum tutela_format format)
{
	struct wire_reply rp = {.number = number};
	struct tutela_decoded *d = &rp.decoded;

	d->format = format;
	d->have = TUTELA_WANT_ALL;
	d->size = 100;
	d->width = 640;
	d->height = 480;
	d->frames = 1;
	memset(d->hashes.pdq.hash, 4, sizeof(d->hashes.pdq.hash));
	memset(d->hashes.pdq_full.hash, 6, sizeof(d->hashes.pdq_full.hash));
	d->hashes.pdq.quality = 100;
	d->hashes.pdq_full.quality = 99;
	return rp;
}

enum lie_kind { FIELD, BYTE, LENGTH };

/* A field by its value in the struct, or a byte by its place on the wire. */
static const struct {
	const char *name;
	enum lie_kind kind;
	size_t at;
	uint64_t value;
} lies[] = {
	{"honest", BYTE, 7, 0},
	{"magic", BYTE, 0, 0},
	{"version", BYTE, 4, WIRE_VERSION + 1},
	{"old-version", BYTE, 4, WIRE_VERSION - 1},
	{"answer", BYTE, 6, 2},
	{"other-kind", BYTE, 6, WIRE_OTHER_KIND},
	{"class", BYTE, 7, TUTELA_DECODE_CLASSES},
	{"class-crashed", BYTE, 7, TUTELA_DECODE_CRASHED},
	{"class-timed-out", BYTE, 7, TUTELA_DECODE_TIMED_OUT},
	{"class-no-picture", BYTE, 7, TUTELA_DECODE_NOT_PICTURE},
	{"class-empty", BYTE, 7, TUTELA_DECODE_EMPTY},
	{"format", BYTE, 8, TUTELA_FORMATS},
	{"format-none", BYTE, 8, TUTELA_FORMAT_NONE},
	{"partial", BYTE, 9, 2},
	{"partial-ok", BYTE, 9, 1},
	{"reserved", BYTE, 10, 1},
	{"number", BYTE, 12, 99},
	{"have-unknown", BYTE, 19, 0x80},
	{"have-less", BYTE, 16, 1},
	{"size", FIELD, offsetof(struct tutela_decoded, size), UINT64_MAX},
	{"width", FIELD, offsetof(struct tutela_decoded, width), UINT32_MAX},
	{"height", FIELD, offsetof(struct tutela_decoded, height), UINT32_MAX},
	{"frames", FIELD, offsetof(struct tutela_decoded, frames), UINT32_MAX},
	{"no-frames", FIELD, offsetof(struct tutela_decoded, frames), 0},
	{"errno", FIELD, offsetof(struct tutela_decoded, sys_errno), 5},
	{"errno-range", FIELD, offsetof(struct tutela_decoded, sys_errno), 0x80000000},
	{"digest-time", FIELD, offsetof(struct tutela_decoded, digest_ns), UINT64_MAX},
	{"decode-time", FIELD, offsetof(struct tutela_decoded, decode_ns), UINT64_MAX},
	{"quality", FIELD, offsetof(struct tutela_decoded, hashes.pdq.quality), 101},
	{"quality-full", FIELD, offsetof(struct tutela_decoded, hashes.pdq_full.quality), 0xffffffff},
	{"half", LENGTH, WIRE_REPLY_LEN / 2, 0},
	{"longer", LENGTH, WIRE_REPLY_LEN + 1, 0},
	{"nothing", LENGTH, 0, 0},
};

/* The width of a field follows from its value: nothing here needs a narrow one. */
static void set_field(struct tutela_decoded *d, size_t at, uint64_t value)
{
	uint32_t narrow = (uint32_t)value;

	if (value > UINT32_MAX)
		memcpy((char *)d + at, &value, sizeof(value));
	else
		memcpy((char *)d + at, &narrow, sizeof(narrow));
}

bool tutela_probe_lie(const char *lie, uint32_t number, enum tutela_format format)
{
	struct wire_reply rp = honest(number, format);
	uint8_t bytes[WIRE_REPLY_LEN + 1] = {0};
	size_t i = 0, len = WIRE_REPLY_LEN;

	while (i < sizeof(lies) / sizeof(lies[0]) && strcmp(lies[i].name, lie) != 0)
		i++;
	if (i == sizeof(lies) / sizeof(lies[0]))
		return false;
	if (lies[i].kind == FIELD)
		set_field(&rp.decoded, lies[i].at, lies[i].value);
	tutela_wire_put_reply(&rp, bytes);
	if (lies[i].kind == BYTE)
		bytes[lies[i].at] = (uint8_t)lies[i].value;
	if (lies[i].kind == LENGTH)
		len = lies[i].at;
	send(WIRE_FD, bytes, len, MSG_NOSIGNAL);
	_exit(0);
}
