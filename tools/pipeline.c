/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crew.h"
#include "interrupt.h"
#include "locate.h"
#include "message.h"
#include "printable.h"
#include "stats.h"
#include "whole_bytes.h"

#define QUERY_MAX PIPELINE_HASHES_MAX

static const char *const variants_names[] = {"none", "standard", "thorough"};

const char *variants_name(enum variants v)
{
	return variants_names[v];
}

bool variants_from_name(const char *name, enum variants *out)
{
	for (size_t i = 0; i < sizeof(variants_names) / sizeof(variants_names[0]); i++) {
		if (strcmp(name, variants_names[i]) == 0) {
			*out = (enum variants)i;
			return true;
		}
	}
	return false;
}

const char *verdict_name(enum verdict v)
{
	static const char *const names[] = {"no-match", "match", "undetermined"};

	return names[v];
}

const char *perceptual_name(enum perceptual p)
{
	static const char *const names[] = {"no-match", "match", "low-quality", "not-a-picture", "undetermined"};

	return names[p];
}

static void set_reason(struct finding *f, const char *kind, const char *text)
{
	snprintf(f->kind, sizeof(f->kind), "%s", kind);
	snprintf(f->reason, sizeof(f->reason), "%s: %s", kind, text);
}

static void undetermined(struct finding *f, const char *kind, const char *text)
{
	f->verdict = VERDICT_UNDETERMINED;
	set_reason(f, kind, text);
}

void pipeline_unreadable(struct finding *f, int error, const char *kind)
{
	char text[64];

	f->decoded.class_ = TUTELA_DECODE_UNREADABLE;
	f->decoded.sys_errno = error;
	f->perceptual = PERCEPTUAL_UNDETERMINED;
	if (error == EISDIR)
		undetermined(f, "unreadable", "it is a folder");
	else if (error == ENODEV)
		undetermined(f, "unreadable", "it is no regular file");
	else if (error == EFBIG)
		undetermined(f, "too-large", tutela_decode_class_text(TUTELA_DECODE_TOO_LARGE));
	else
		undetermined(f, kind ? kind : "unreadable", printable_errno(error, text));
}

void finding_free(struct finding *f)
{
	free(f->flood);
	f->flood = NULL;
	tutela_hits_free(&f->hits);
}

struct builder {
	struct tutela_query_hash hashes[QUERY_MAX];
	size_t n;
};

static void ask(struct builder *b, enum tutela_algorithm algorithm, const uint8_t *bytes, const char *variant,
		const char *dialect)
{
	struct tutela_query_hash *q = &b->hashes[b->n++];
	const struct tutela_algorithm_info *a = tutela_algorithm_get(algorithm);

	*q = (struct tutela_query_hash){.variant = variant, .dialect = dialect};
	q->hash.algorithm = (uint16_t)algorithm;
	q->hash.len = (uint16_t)(a->bits / 8);
	memcpy(q->hash.bytes, bytes, q->hash.len);
}

static void ask_pdq(struct builder *b, const struct tutela_pdq *pdq, const char *dialect, bool dihedral)
{
	ask(b, TUTELA_ALG_PDQ, pdq->hash, tutela_dihedral_name(TUTELA_ORIGINAL), dialect);
	for (int d = 0; dihedral && d < TUTELA_DIHEDRALS; d++) {
		/* The dihedral entry blurs pictures of 64 x 64 too, so that its first hash may be another one. */
		if (d != TUTELA_ORIGINAL || memcmp(pdq->dihedral[d], pdq->hash, TUTELA_PDQ_LEN) != 0)
			ask(b, TUTELA_ALG_PDQ, pdq->dihedral[d], tutela_dihedral_name((enum tutela_dihedral)d),
			    dialect);
	}
}

/* Everything the file can be asked for with, in the order of preference among equals. */
static void build(const struct pipeline *p, const struct tutela_decoded *d, struct builder *b)
{
	bool dihedral = p->variants != VARIANTS_NONE;
	const char *original = tutela_dihedral_name(TUTELA_ORIGINAL);

	if (d->have & TUTELA_WANT_MD5)
		ask(b, TUTELA_ALG_MD5, d->md5, NULL, NULL);
	if (d->have & TUTELA_WANT_SHA1)
		ask(b, TUTELA_ALG_SHA1, d->sha1, NULL, NULL);
	if (d->have & TUTELA_WANT_SHA256)
		ask(b, TUTELA_ALG_SHA256, d->sha256, NULL, NULL);
	if (d->have & TUTELA_WANT_PDQ)
		ask_pdq(b, &d->hashes.pdq, "ref", dihedral);
	if (d->have & TUTELA_WANT_PDQ_FULL)
		ask_pdq(b, &d->hashes.pdq_full, "full", dihedral);
	if (d->have & TUTELA_WANT_PHASH)
		ask(b, TUTELA_ALG_PHASH, d->hashes.phash, original, NULL);
	if (d->have & TUTELA_WANT_DHASH)
		ask(b, TUTELA_ALG_DHASH, d->hashes.dhash, original, NULL);
}

size_t pipeline_hashes(const struct pipeline *p, const struct tutela_decoded *d, struct tutela_query_hash *out)
{
	struct builder b = {.n = 0};

	build(p, d, &b);
	memcpy(out, b.hashes, b.n * sizeof(*out));
	return b.n;
}

/* Does the name promise a picture? Then one without a picture's signature is suspicious, not uninteresting. */
static bool named_as_picture(const char *path)
{
	static const char *const endings[] = {"jpg",  "jpeg", "jpe", "png", "gif", "webp", "tif", "tiff", "heic",
					      "heif", "avif", "bmp", "jxl", "pnm", "pbm",  "pgm", "ppm",  "pam",
					      "ico",  "cur",  "jp2", "j2k", "j2c", "jpc",  "jpf", "jpx"};
	const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');

	for (size_t i = 0; dot && i < sizeof(endings) / sizeof(endings[0]); i++) {
		if (strcasecmp(dot + 1, endings[i]) == 0)
			return true;
	}
	return false;
}

/* What ended the decoder, in the words of signal(7). */
static void describe_signal(int signal, char *to, size_t len)
{
	const char *name = sigabbrev_np(signal);

	if (signal == SIGSYS)
		snprintf(to, len, " (SIGSYS: a system call that decoders may not make)");
	else if (name)
		snprintf(to, len, " (SIG%s)", name);
	else if (signal)
		snprintf(to, len, " (signal %d)", signal);
}

/* A file that cost its decoder is a finding: it must be possible to find it again. */
static void describe_lost(const struct tutela_decoded *d, char *to, size_t len)
{
	char how[64] = "", *hex = printable_hex(d->sha256, sizeof(d->sha256));

	describe_signal(d->signal, how, sizeof(how));
	if (d->have & TUTELA_WANT_SHA256)
		snprintf(to, len, "%s%s; SHA-256 %s", tutela_decode_class_text(d->class_), how, hex);
	else
		snprintf(to, len, "%s%s", tutela_decode_class_text(d->class_), how);
	free(hex);
}

static void judge_class(struct finding *f, const char *path)
{
	enum tutela_decode_class c = f->decoded.class_;
	char text[REASON_MAX - 24], words[64];

	if (c == TUTELA_DECODE_OK)
		return;
	f->perceptual = c == TUTELA_DECODE_NOT_PICTURE ? PERCEPTUAL_NONE : PERCEPTUAL_UNDETERMINED;
	snprintf(text, sizeof(text), "%s", tutela_decode_class_text(c));
	if (c == TUTELA_DECODE_CRASHED || c == TUTELA_DECODE_TIMED_OUT)
		describe_lost(&f->decoded, text, sizeof(text));
	if (c == TUTELA_DECODE_UNREADABLE && f->decoded.sys_errno)
		snprintf(text, sizeof(text), "%s", printable_errno(f->decoded.sys_errno, words));
	if (c != TUTELA_DECODE_NOT_PICTURE || named_as_picture(path))
		undetermined(f, tutela_decode_class_name(c), text);
}

bool finding_silences(const struct finding *f, const struct tutela_hit *hit)
{
	return hit->kind == TUTELA_LIST_KNOWN && f->silenced >> hit->algorithm & 1;
}

/* What allow lists silence. */
static void judge_allowed(struct finding *f)
{
	f->silenced = 0;
	for (size_t i = 0; i < f->hits.n; i++) {
		const struct tutela_hit *h = &f->hits.items[i];

		if (h->kind != TUTELA_LIST_ALLOW)
			continue;
		if (h->algorithm == TUTELA_ALG_SHA256)
			f->silenced = UINT64_MAX;
		else if (!tutela_algorithm_get(h->algorithm)->perceptual || !f->decoded.partial)
			f->silenced |= UINT64_C(1) << h->algorithm;
	}
}

/* What the hits make of it; called after judge_class, because a match outranks everything. */
static void judge_hits(struct finding *f)
{
	size_t known = 0, exclude = 0, silenced = 0;
	bool perceptual = false;

	judge_allowed(f);
	for (size_t i = 0; i < f->hits.n; i++) {
		const struct tutela_hit *h = &f->hits.items[i];

		if (h->kind == TUTELA_LIST_EXCLUDE) {
			exclude++;
			continue;
		}
		silenced += finding_silences(f, h);
		if (h->kind == TUTELA_LIST_ALLOW || finding_silences(f, h))
			continue;
		known++;
		perceptual |= tutela_algorithm_get(h->algorithm)->perceptual;
	}
	if (perceptual)
		f->perceptual = PERCEPTUAL_MATCH;
	else if (f->hits.limited && f->perceptual != PERCEPTUAL_NONE)
		f->perceptual = PERCEPTUAL_UNDETERMINED;
	else if (f->hits.low_quality && f->verdict != VERDICT_UNDETERMINED)
		f->perceptual = PERCEPTUAL_LOW_QUALITY;
	if (known) {
		f->verdict = VERDICT_MATCH;
	} else if (f->silenced == UINT64_MAX) {
		f->allowed = silenced || f->verdict == VERDICT_UNDETERMINED;
		f->verdict = VERDICT_NO_MATCH;
		f->kind[0] = f->reason[0] = '\0';
	} else if (f->hits.limited) {
		/* What alarms may be among those left out. */
		undetermined(f, "too-many-hits", "so many entries match that not all were looked at");
	} else if (silenced && f->verdict == VERDICT_NO_MATCH && !f->hits.low_quality) {
		f->allowed = true;
	} else if (exclude) {
		f->verdict = VERDICT_NO_MATCH;
		f->excluded = true;
	} else if (f->hits.low_quality && f->verdict != VERDICT_UNDETERMINED) {
		undetermined(f, "low-quality", "too little detail for a perceptual comparison under the list's policy");
	}
}

void pipeline_judge(struct finding *f, enum tutela_err error)
{
	if (error) {
		tutela_hits_free(&f->hits);
		f->perceptual = PERCEPTUAL_UNDETERMINED;
		undetermined(f, "search-failed", tutela_strerror(error));
		return;
	}
	judge_hits(f);
}

void pipeline_run(const struct pipeline *p, int fd, const char *path, struct finding *f)
{
	struct builder b = {.n = 0};
	struct tutela_query query = {.hashes = b.hashes, .quality = -1};
	uint64_t stat_size = f->size, from;
	enum tutela_err error = tutela_decoder_hash_fd(p->decoder, fd, &f->decoded);

	if (error) {
		f->fatal = error;
		f->perceptual = PERCEPTUAL_UNDETERMINED;
		undetermined(f, "no-decoder", tutela_strerror(error));
		return;
	}
	f->size = f->decoded.have & TUTELA_WANT_DIGESTS ? f->decoded.size : stat_size;
	judge_class(f, path);
	if (!p->snapshot)
		return;
	build(p, &f->decoded, &b);
	query.n = b.n;
	if (f->decoded.have & TUTELA_WANT_PDQ)
		query.quality = f->decoded.hashes.pdq.quality;
	if (!b.n)
		return;
	from = stats_now();
	error = tutela_snapshot_lookup(p->snapshot, &query, 0, &f->hits);
	f->lookup_ns = stats_now() - from;
	pipeline_judge(f, error);
}

/* Moves all of standard input into `memory`; 0 or errno. The bytes pass this process's memory only if they must. */
static int copy_stdin(int memory, uint64_t max)
{
	char buf[16384];
	uint64_t total = 0;
	ssize_t n;
	int error = 0;

	while (!error && (n = interrupt_read(STDIN_FILENO, buf, sizeof(buf))) != 0) {
		if (n < 0)
			error = errno;
		else if ((total += (uint64_t)n) > max)
			error = EFBIG;
		else if (!whole_bytes_write(memory, buf, (size_t)n))
			error = errno;
	}
	explicit_bzero(buf, sizeof(buf));
	return error;
}

int pipeline_stdin(uint64_t max)
{
	struct stat st;
	int fd, error;

	if (fstat(STDIN_FILENO, &st) == 0) {
		if (S_ISREG(st.st_mode))
			return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
		if (S_ISDIR(st.st_mode)) {
			errno = EISDIR;
			return -1;
		}
	}
	fd = memfd_create("tutela-stdin", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -1;
	error = copy_stdin(fd, max);
	if (!error && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL))
		error = errno;
	if (error) {
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

struct tutela_decoder *pipeline_decoder(unsigned workers, unsigned wants, uint64_t seconds)
{
	struct tutela_decoder_opts opts = {
		.size = sizeof(opts), .workers = workers, .wants = wants, .wall_ms = (unsigned)seconds * 1000};
	char *folder = locate_decoder();
	struct tutela_decoder *decoder = NULL;
	enum tutela_err error;

	if (!locate_isa(&opts.isa)) {
		free(folder);
		return NULL;
	}
	opts.program_dir = folder;
	error = tutela_decoder_open(&opts, &decoder);
	if (error)
		message_error(folder ? folder : "tutela-decoder", "%s", tutela_strerror(error));
	free(folder);
	return decoder;
}

unsigned pipeline_jobs(uint64_t jobs)
{
	cpu_set_t set;

	if (jobs)
		return jobs > CREW_THREADS_MAX ? CREW_THREADS_MAX : (unsigned)jobs;
	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		return (unsigned)CPU_COUNT(&set);
	return 1;
}
