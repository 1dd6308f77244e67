/* SPDX-License-Identifier: Apache-2.0 */
/* example STORE FILE [DECODER_FOLDER]: look a picture up. Exit status 0 no match, 1 match, 2 neither is known. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <tutela/tutela.h>

static void ask(struct tutela_query_hash *q, enum tutela_algorithm algorithm, const uint8_t *bytes, uint16_t len,
		const char *variant)
{
	*q = (struct tutela_query_hash){.hash = {.algorithm = (uint16_t)algorithm, .len = len}, .variant = variant};
	memcpy(q->hash.bytes, bytes, len);
}

static size_t questions(const struct tutela_decoded *file, struct tutela_query_hash *q)
{
	size_t n = 0;

	if (file->have & TUTELA_WANT_SHA256)
		ask(&q[n++], TUTELA_ALG_SHA256, file->sha256, sizeof file->sha256, NULL);
	for (unsigned d = 0; file->have & TUTELA_WANT_PDQ && d < TUTELA_DIHEDRALS; d++)
		ask(&q[n++], TUTELA_ALG_PDQ, file->hashes.pdq.dihedral[d], TUTELA_PDQ_LEN, tutela_dihedral_name(d));
	return n;
}

int main(int argc, char **argv)
{
	struct tutela_store *store = NULL;
	struct tutela_snapshot *now = NULL;
	struct tutela_decoder *decoder = NULL;
	struct tutela_decoded file;
	struct tutela_query_hash hashes[1 + TUTELA_DIHEDRALS];
	struct tutela_hits hits = {0};
	enum tutela_err err = TUTELA_E_ARG;
	int fd = argc < 3 ? -1 : open(argv[2], O_RDONLY | O_CLOEXEC), status = 2;

	if (fd < 0 || (err = tutela_store_open(argv[1], NULL, &store, NULL, 0)) ||
	    (err = tutela_snapshot_open(store, &now)) ||
	    (err = tutela_decoder_open(
		     &(struct tutela_decoder_opts){.size = sizeof(struct tutela_decoder_opts), .program_dir = argv[3]},
		     &decoder)) ||
	    (err = tutela_decoder_hash_fd(decoder, fd, &file))) {
		fprintf(stderr, "example: %s\n", tutela_strerror(err));
		goto out;
	}
	struct tutela_query query = {hashes, questions(&file, hashes),
				     file.have & TUTELA_WANT_PDQ ? file.hashes.pdq.quality : -1};
	if ((err = tutela_snapshot_lookup(now, &query, 0, &hits))) {
		fprintf(stderr, "example: %s\n", tutela_strerror(err));
		goto out;
	}
	for (size_t i = 0; i < hits.n; i++)
		printf("list %s, entry %.*s: %s, distance %u\n", hits.items[i].list, (int)hits.items[i].entry.len,
		       hits.items[i].entry.s, tutela_algorithm_get(hits.items[i].algorithm)->name,
		       hits.items[i].distance);
	if (!hits.n)
		printf("%s\n", file.class_ == TUTELA_DECODE_OK ? "no match" : tutela_decode_class_text(file.class_));
	status = hits.n ? 1 : file.class_ == TUTELA_DECODE_OK ? 0 : 2;
out:
	tutela_hits_free(&hits);
	tutela_decoder_close(decoder);
	tutela_snapshot_close(now);
	tutela_store_close(store);
	return status;
}
