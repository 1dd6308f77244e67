/* SPDX-License-Identifier: Apache-2.0 */
#include "match/sink.h"

#include <errno.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/whole_io.h"

static enum tutela_err write_error(int e)
{
	switch (e) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG: /* the limit on the size of files: a quota too */
		return TUTELA_E_DISKFULL;
	case EROFS:
		return TUTELA_E_READONLY;
	default:
		return TUTELA_E_SYS;
	}
}

static enum tutela_err put(const struct sink *sink, uint64_t at, const void *data, uint64_t len)
{
	if (!sink->memory)
		return tutela_write_at(sink->fd, data, len, at) ? TUTELA_OK : write_error(errno);
	if (data != sink->memory + at)
		memcpy(sink->memory + at, data, len);
	return TUTELA_OK;
}

enum tutela_err tutela_sink_put(const struct sink *sink, const struct image_section *s, uint64_t at, const void *data,
				uint64_t len)
{
	const uint8_t *p = data;
	uint64_t padded = image_padded(len);
	uint64_t *sum = &sink->sums[s->first_sum + at / FORMAT_BLOCK_LEN];

	for (uint64_t i = 0; i < padded; i += FORMAT_BLOCK_LEN)
		*sum++ = tutela_checksum(p + i, padded - i < FORMAT_BLOCK_LEN ? padded - i : FORMAT_BLOCK_LEN);
	return put(sink, s->offset + at, data, padded);
}

enum tutela_err tutela_sink_finish(const struct sink *sink, struct image *im)
{
	uint8_t header[FORMAT_HEADER_LEN];
	uint64_t len = image_padded(im->sums.len);
	enum tutela_err err = put(sink, im->sums.offset, sink->sums, len);

	if (err)
		return err;
	im->sums_digest = tutela_checksum(sink->sums, len);
	tutela_image_encode(im, header);
	return put(sink, 0, header, sizeof(header));
}
