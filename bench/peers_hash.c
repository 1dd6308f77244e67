/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does hashing files compare with programs of Debian that do a comparable
 * job? None does the same one: each line says what its program does. Part
 * "process": a process for one file, from its start to its end. Part "file":
 * what one more file takes in the same process, that is a process of 1 + `more` files less
 * that of one, divided by `more`. One thread each, as far as they let themselves
 * be told; they take turns, in rounds; files in the page cache, each
 * a copy of its own. cpu_us: median processor time of the process and its children.
 *
 * ImageHash is not in Debian 12: what its phash() does is done here with
 * Pillow and numpy; bits_from_ours says in how many of 64
 * bits its answer for the file differs from our pHash.
 */
#include "made_picture.h"

#define ROUNDS 5
#define SEED   1
#define FILES  41 /* 1 + the largest `more` */

static const char usage[] = "peers_hash [FILE]... (a JPEG and a PNG of 2 megapixels, made by formula)";

static const char imagehash_phash[] =
	"import sys\n"
	"import numpy as np\n"
	"from PIL import Image\n"
	"k = np.arange(32)\n"
	"dct = np.cos(np.pi * k[:, None] * (2 * k[None, :] + 1) / 64)\n"
	"for name in sys.argv[1:]:\n"
	"    gray = Image.open(name).convert('L').resize((32, 32), Image.Resampling.LANCZOS)\n"
	"    low = (dct @ np.asarray(gray, dtype=float) @ dct.T)[:8, :8]\n"
	"    sys.stderr.write(np.packbits(low > np.median(low)).tobytes().hex() + '\\n')\n";

#define WORDS 10

static const struct peer {
	const char *name, *does;
	const char *argv[WORDS]; /* before the files */
	size_t more;
	bool phash; /* writes its answers to standard error */
} peers[] = {
	{.name = "tutela hash",
	 .does = "MD5, SHA-1, SHA-256, PDQ in both dialects and 8 symmetries, pHash and dHash, in a decoder process",
	 .argv = {BENCH_BIN_DIR "/tutela", "-q", "hash", "--jobs", "1"},
	 .more = 40},
	{.name = "Pillow and numpy",
	 .does = "pHash alone, by the steps of ImageHash's phash()",
	 .argv = {"/usr/bin/python3", "-c", imagehash_phash},
	 .more = 40,
	 .phash = true},
	{.name = "vipsthumbnail",
	 .does = "decodes and shrinks to 64x64, JPEG while it decodes; no hash",
	 .argv = {"/usr/bin/vipsthumbnail", "--size", "64x64!", "--output", "%s.ppm"},
	 .more = 40},
	{.name = "ImageMagick mogrify",
	 .does = "decodes and shrinks to 64x64 gray; no hash",
	 .argv = {"/usr/bin/mogrify", "-resize", "64x64!", "-colorspace", "Gray", "-format", "pgm"},
	 .more = 20},
	{.name = "ImageMagick identify",
	 .does = "its perceptual hash, moments of each channel, among all statistics of -verbose; another hash than "
		 "ours",
	 .argv = {"/usr/bin/identify", "-moments", "-verbose"},
	 .more = 4},
};
#define PEERS (sizeof peers / sizeof peers[0])

struct result {
	struct bench_times process, file, process_cpu, file_cpu;
	char said[2 * TUTELA_HASH64_LEN + 1];
};

static void run_peer(const struct peer *peer, char files[FILES][4300], size_t n, struct process *p)
{
	const char *argv[WORDS + FILES + 1] = {NULL};
	size_t words = 0;

	for (; words < WORDS && peer->argv[words]; words++)
		argv[words] = peer->argv[words];
	for (size_t i = 0; i < n; i++)
		argv[words++] = files[i];
	process_run(argv, 0, p);
}

static void one_round(char files[FILES][4300], struct result r[PEERS], bool count)
{
	for (size_t i = 0; i < PEERS; i++) {
		struct process one, many;

		run_peer(&peers[i], files, 1, &one);
		run_peer(&peers[i], files, 1 + peers[i].more, &many);
		if (!count)
			continue;
		snprintf(r[i].said, sizeof r[i].said, "%.16s", one.said);
		bench_times_add(&r[i].process, one.us);
		bench_times_add(&r[i].process_cpu, one.cpu_us);
		bench_times_add(&r[i].file, (many.us - one.us) / (double)peers[i].more);
		bench_times_add(&r[i].file_cpu, (many.cpu_us - one.cpu_us) / (double)peers[i].more);
	}
}

/* -1: it was no pHash. */
static int bits_from_ours(const char *path, const char *said)
{
	struct tutela_decoder_opts opts = {
		.size = sizeof opts, .program_dir = BENCH_BIN_DIR, .wants = TUTELA_WANT_PHASH};
	struct tutela_hash theirs, ours = {.algorithm = TUTELA_ALG_PHASH, .len = TUTELA_HASH64_LEN};
	struct tutela_decoder *pool;
	struct tutela_decoded out;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	bench_must(tutela_decoder_open(&opts, &pool), BENCH_BIN_DIR);
	bench_must(tutela_decoder_hash_fd(pool, fd, &out), path);
	tutela_decoder_close(pool);
	close(fd);
	memcpy(ours.bytes, out.hashes.phash, TUTELA_HASH64_LEN);
	return tutela_hash_parse(TUTELA_ALG_PHASH, said, strlen(said), &theirs) ? -1
										: tutela_hash_distance(&ours, &theirs);
}

static void line(const char *path, const struct peer *peer, const char *part, struct bench_times *t,
		 struct bench_times *ours, struct bench_times *cpu, const char *said, uint64_t seed)
{
	const char *slash = strrchr(path, '/');

	bench_begin("peers_hash", peer->name);
	printf(",\"part\":\"%s\",\"file\":", part);
	bench_string(slash ? slash + 1 : path);
	printf(",\"does\":");
	bench_string(peer->does);
	printf(",\"cpu_us\":%.3f,\"times_ours\":%.2f", bench_median(cpu), bench_median(t) / bench_median(ours));
	if (peer->phash)
		printf(",\"bits_from_ours\":%d", bits_from_ours(path, said));
	bench_end(t, peer == peers ? tutela_isa_name(tutela_cpu_best()) : "none", 1, seed);
}

static void measure(const char *path, uint64_t seed)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char files[FILES][4300];
	struct result r[PEERS] = {0};

	for (size_t i = 0; i < FILES; i++) {
		snprintf(files[i], sizeof files[i], "%s/%zu-%.99s", process_folder_path, i, name);
		process_run((const char *const[]){"cp", path, files[i], NULL}, 0, &(struct process){0});
	}
	for (size_t round = 0; round <= ROUNDS; round++)
		one_round(files, r, round > 0);
	for (size_t i = 0; i < PEERS; i++) {
		line(path, &peers[i], "process", &r[i].process, &r[0].process, &r[i].process_cpu, r[i].said, seed);
		line(path, &peers[i], "file", &r[i].file, &r[0].file, &r[i].file_cpu, r[i].said, seed);
	}
	for (size_t i = 0; i < PEERS; i++) {
		bench_times_free(&r[i].process);
		bench_times_free(&r[i].file);
		bench_times_free(&r[i].process_cpu);
		bench_times_free(&r[i].file_cpu);
	}
	for (size_t i = 0; i < FILES; i++)
		unlink(files[i]);
}

int main(int argc, char **argv)
{
	static const char *const one_thread[] = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VIPS_CONCURRENCY",
						 "MAGICK_THREAD_LIMIT"};
	static const char *const made[] = {"2mp.jpg", "2mp.png"};
	char path[4200];

	bench_help(argc, argv, usage);
	unsetenv("TUTELA_ISA");
	for (size_t i = 0; i < sizeof one_thread / sizeof one_thread[0]; i++)
		setenv(one_thread[i], "1", 1);
	process_folder();
	for (int i = 1; i < argc; i++)
		measure(argv[i], 0);
	for (size_t i = 0; argc == 1 && i < sizeof made / sizeof made[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", process_folder_path, made[i]);
		made_picture(path, SEED, "--quality 85 --size 1632x1224");
		measure(path, SEED);
	}
	return 0;
}
