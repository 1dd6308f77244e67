/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole codec of the worker, with the hashing behind it: the file names of
 * this program's copies (codec-webp, codec-bmp, …) say which. The libraries
 * underneath are the system's, so what is seen of them is their effect: memory
 * errors at the border, hangs, memory over the limit. What must hold is what
 * the worker's answer must satisfy.
 */
#include "decode/worker/codec.h"

#include "fuzz.h"

#define MAX_PIXELS ((uint64_t)1 << 20)

int LLVMFuzzerInitialize(int *argc, char ***argv);

static const struct codec *codec;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *dash = strrchr((*argv)[0], '-');

	(void)argc;
	for (size_t i = 0; dash && i < tutela_codecs.n; i++)
		if (strcmp(dash + 1, tutela_format_name(tutela_codecs.table[i].format)) == 0)
			codec = &tutela_codecs.table[i];
	require(codec != NULL && (!tutela_codecs.init || tutela_codecs.init()));
	return 0;
}

static void check_hashes(struct row_sink *s)
{
	struct tutela_perceptual h;

	tutela_sink_hashes(s, &h);
	require(h.pdq.quality >= 0 && h.pdq.quality <= 100 && h.pdq_full.quality >= 0 && h.pdq_full.quality <= 100);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct row_sink sink = {.max_pixels = MAX_PIXELS, .max_memory = (uint64_t)256 << 20};
	enum tutela_decode_class c;
	uint8_t *p;

	if (size < 1)
		return 0;
	sink.wants = size % 3 ? TUTELA_WANT_PERCEPTUAL : TUTELA_WANT_PDQ | TUTELA_WANT_PDQ_FULL;
	p = exact_copy(data, size);
	c = codec->decode(p, size, &sink);
	require(c == TUTELA_DECODE_OK || c == TUTELA_DECODE_CORRUPT || c == TUTELA_DECODE_TRUNCATED ||
		c == TUTELA_DECODE_UNSUPPORTED || c == TUTELA_DECODE_TOO_LARGE);
	if (c == TUTELA_DECODE_OK)
		require(tutela_sink_rows(&sink) == sink.height && sink.height && sink.frames);
	if (tutela_sink_rows(&sink))
		require((uint64_t)sink.width * sink.height <= MAX_PIXELS);
	if (tutela_sink_rows(&sink) &&
	    (c == TUTELA_DECODE_OK || c == TUTELA_DECODE_CORRUPT || c == TUTELA_DECODE_TRUNCATED))
		check_hashes(&sink);
	tutela_sink_discard(&sink);
	free(p);
	return 0;
}
