/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "crew.h"
#include "interrupt.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "pipeline.h"
#include "printable.h"
#include "results.h"
#include "subject.h"

static const struct cli_page page = {
	.synopsis = "[OPTION]... FILE...",
	.about = "Prints the fingerprints of files, in the order of the command line. '-' is standard input.\n"
		 "Text: PDQ, quality, format, size in pixels, file. --json gives all of them.\n",
};

struct hash {
	const struct cli *cli;
	bool dihedral, recursive;
	struct cli_texts algorithms; /* none: all of them */
	uint64_t timeout;
	struct pipeline pipeline;
	struct crew *crew;
	bool undetermined;
	enum tutela_err fatal;
};

struct outcome {
	char *text;
	size_t len;
	bool undetermined;
	enum tutela_err fatal;
};

static void print_dihedral(FILE *out, const struct tutela_pdq *pdq, const char *dialect)
{
	for (int d = 0; d < TUTELA_DIHEDRALS; d++) {
		char *hex = printable_hex(pdq->dihedral[d], TUTELA_PDQ_LEN);

		fprintf(out, "    %s  %-4s  %s\n", hex, dialect, tutela_dihedral_name((enum tutela_dihedral)d));
		free(hex);
	}
}

static char *as_text(const struct hash *h, const char *path, const struct finding *f, size_t *len)
{
	const struct tutela_decoded *d = &f->decoded;
	char *text = NULL, *shown = printable_name(path, strlen(path)), *hex;
	FILE *out = memory_stream(&text, len);

	/* What could not be hashed is said on stderr, as sha256sum does. */
	if (f->verdict != VERDICT_UNDETERMINED) {
		hex = printable_hex(d->hashes.pdq.hash, TUTELA_PDQ_LEN);
		fprintf(out, "%s  %3d  %-4s  %ux%u  %s\n", hex, d->hashes.pdq.quality, tutela_format_name(d->format),
			d->width, d->height, shown);
		free(hex);
		if (h->dihedral) {
			print_dihedral(out, &d->hashes.pdq, "ref");
			print_dihedral(out, &d->hashes.pdq_full, "full");
		}
	}
	memory_stream_end(out, &text);
	free(shown);
	return text;
}

static char *as_json(const struct hash *h, const char *path, const struct finding *f, size_t *len)
{
	json_t *object = result_file(path, f, h->dihedral);

	if (f->verdict == VERDICT_UNDETERMINED) {
		json_object_set_new(object, "verdict", json_string(verdict_name(f->verdict)));
		json_object_set_new(object, "reason", json_string(f->reason));
	}
	return output_json_text(object, len);
}

static void look(const struct hash *h, const struct subject *j, struct finding *f)
{
	enum tutela_decode_class c;

	subject_look(j, &h->pipeline, false, f);
	/* Without perceptual hashes nothing was fingerprinted, whatever the name promised. */
	c = f->decoded.class_;
	if (f->verdict != VERDICT_UNDETERMINED && c != TUTELA_DECODE_OK) {
		f->verdict = VERDICT_UNDETERMINED;
		snprintf(f->reason, sizeof(f->reason), "%s: %s", tutela_decode_class_name(c),
			 tutela_decode_class_text(c));
	}
}

static void *work(void *ctx, void *job)
{
	const struct hash *h = ctx;
	struct outcome *o = memory_array(1, sizeof(*o));
	struct finding *f = memory_array(1, sizeof(*f));
	struct subject *j = job;

	look(h, j, f);
	o->undetermined = f->verdict == VERDICT_UNDETERMINED;
	o->fatal = f->fatal;
	if (h->cli->json)
		o->text = as_json(h, j->path, f, &o->len);
	else
		o->text = as_text(h, j->path, f, &o->len);
	if (o->undetermined)
		message_error(j->path, "%s", f->reason);
	finding_free(f);
	free(f);
	subject_free(j);
	return o;
}

static bool done(void *ctx, void *result)
{
	struct hash *h = ctx;
	struct outcome *o = result;
	bool go = output_write(o->text, o->len) && !o->fatal;

	h->undetermined |= o->undetermined;
	if (!h->fatal)
		h->fatal = o->fatal;
	free(o->text);
	free(o);
	return go;
}

static void drop(void *ctx, void *job)
{
	(void)ctx;
	subject_free(job);
}

static bool on_item(void *ctx, const struct walk_item *item)
{
	struct hash *h = ctx;

	if (item->kind == WALK_FILE || item->kind == WALK_FAILED || (item->kind == WALK_SPECIAL && item->named))
		return crew_push(h->crew, subject_from(item));
	return !interrupt_asked();
}

static void feed(struct hash *h)
{
	const struct walk_opts walk_opts = {.sorted = true, .visit = on_item, .ctx = h};
	bool go = true;

	for (size_t i = 0; go && i < h->cli->n_args; i++) {
		const char *path = h->cli->args[i];

		if (h->recursive && strcmp(path, "-") != 0)
			go = walk(&walk_opts, path);
		else
			go = crew_push(h->crew, subject_named(path));
	}
}

/* What --algorithm NAME asks for; 0: it is computed of no file. */
static unsigned want_of(const char *name)
{
	const struct tutela_algorithm_info *a = tutela_algorithm_find(name);

	switch (a ? a->id : TUTELA_ALG_NONE) {
	case TUTELA_ALG_MD5:
		return TUTELA_WANT_MD5;
	case TUTELA_ALG_SHA1:
		return TUTELA_WANT_SHA1;
	case TUTELA_ALG_SHA256:
		return TUTELA_WANT_SHA256;
	case TUTELA_ALG_PDQ:
		return TUTELA_WANT_PDQ | TUTELA_WANT_PDQ_FULL;
	case TUTELA_ALG_PHASH:
		return TUTELA_WANT_PHASH;
	case TUTELA_ALG_DHASH:
		return TUTELA_WANT_DHASH;
	default:
		return 0;
	}
}

/* Text shows PDQ and nothing else. */
static unsigned wanted(const struct hash *h)
{
	unsigned wants = h->cli->json ? 0 : TUTELA_WANT_PDQ;

	for (size_t i = 0; i < h->algorithms.n; i++)
		wants |= want_of(h->algorithms.items[i].value);
	if (h->dihedral)
		wants |= TUTELA_WANT_PDQ | TUTELA_WANT_PDQ_FULL;
	return h->algorithms.n || !h->cli->json ? wants : TUTELA_WANT_ALL;
}

static int run(struct hash *h, unsigned jobs)
{
	const struct crew_opts opts = {.threads = jobs,
				       .queue = 2 * (size_t)jobs,
				       .ordered = true,
				       .work = work,
				       .done = done,
				       .drop = drop,
				       .ctx = h};

	/* Before any thread: the pool starts processes. */
	h->pipeline.decoder = pipeline_decoder(jobs, wanted(h), h->timeout);
	if (!h->pipeline.decoder)
		return STATUS_TROUBLE;
	h->crew = crew_new(&opts);
	if (h->crew) {
		feed(h);
		crew_finish(h->crew, interrupt_asked());
	} else {
		message_error(NULL, "cannot start a thread");
	}
	tutela_decoder_close(h->pipeline.decoder);
	if (h->fatal)
		message_error("tutela-decoder", "%s", tutela_strerror(h->fatal));
	if (interrupt_asked())
		message_error(NULL, "interrupted");
	return h->crew && !h->undetermined && !interrupt_asked() ? STATUS_OK : STATUS_TROUBLE;
}

int cmd_hash(struct cli *cli)
{
	struct hash h = {.cli = cli};
	uint64_t jobs = 0;
	const struct cli_option options[] = {
		{.name = "dihedral", .flag = &h.dihedral, .help = "the hashes of the 8 rotations and reflections too"},
		{.name = "algorithm",
		 .letter = 'a',
		 .argument = "NAME",
		 .texts = &h.algorithms,
		 .help = "in JSON this one only: pdq, phash, dhash, md5, sha1, sha256; may be repeated"},
		{.name = "recursive",
		 .letter = 'r',
		 .flag = &h.recursive,
		 .help = "the files in folders, in order of names"},
		{.name = "jobs",
		 .letter = 'j',
		 .argument = "N",
		 .number = &jobs,
		 .least = 1,
		 .most = CREW_THREADS_MAX,
		 .help = "files at a time; default: one a core"},
		{.name = "timeout",
		 .argument = "SECONDS",
		 .number = &h.timeout,
		 .least = 1,
		 .most = 3600,
		 .help = "for one picture; default: 4, and more for files over 16 MiB"},
		{.name = NULL},
	};
	int status = cli_parse(cli, &page, options);

	if (status == CLI_GO && !cli->n_args)
		status = cli_usage(cli, NULL, "name a file");
	for (size_t i = 0; status == CLI_GO && i < h.algorithms.n; i++)
		if (!want_of(h.algorithms.items[i].value))
			status = cli_usage(cli, "--algorithm", "'%s' is not computed of files",
					   h.algorithms.items[i].value);
	jobs = pipeline_jobs(jobs);
	if (status == CLI_GO)
		status = run(&h, (unsigned)(jobs > cli->n_args && !h.recursive ? cli->n_args : jobs));
	free(h.algorithms.items);
	return status;
}
