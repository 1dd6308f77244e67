/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash files in decoder processes.
 *
 * Bytes of a picture are parsed in `tutela-decoder` and nowhere else: an
 * exec'd program that receives one open descriptor, hashes inside and answers
 * with one fixed-size struct. This process never holds pixels and parses
 * nothing of variable length from a worker that hostile bytes may have taken
 * over. A worker that dies, hangs or lies costs one file; it is replaced.
 * What a worker may do is bounded by the system, see SECURITY.md; one that
 * cannot lock itself down ends before it reads a byte.
 *
 * Two kinds of worker exist: `tutela-decoder` (JPEG, PNG, GIF, PNM, ICO) and
 * `tutela-decoder-vips` (WebP, TIFF, HEIC, AVIF, BMP, JPEG XL, JPEG 2000). The
 * first sniffs; a file of the second's formats is handed on.
 *
 * Thread safety: a pool may be used by any number of threads; each call takes
 * one worker and waits for a free one. Create a pool before forking is no
 * requirement; using one after fork() in the child is an error.
 */
#ifndef TUTELA_DECODE_H
#define TUTELA_DECODE_H

#include <tutela/hash.h>

/* What became of one file. Only OK and PARTIAL carry perceptual hashes. */
enum tutela_decode_class {
	TUTELA_DECODE_OK = 0,
	TUTELA_DECODE_NOT_PICTURE = 1, /* no picture format's signature; digests are valid */
	TUTELA_DECODE_EMPTY = 2,       /* zero bytes */
	TUTELA_DECODE_UNSUPPORTED = 3, /* a picture of a format or variant that is not decoded */
	TUTELA_DECODE_CORRUPT = 4,     /* damaged */
	TUTELA_DECODE_TRUNCATED = 5,   /* ends early */
	TUTELA_DECODE_TOO_LARGE = 6,   /* over the byte, pixel, frame, scan or memory limit */
	TUTELA_DECODE_TIMED_OUT = 7,
	TUTELA_DECODE_CRASHED = 8,    /* the worker died or broke the protocol: a finding, never "no match" */
	TUTELA_DECODE_UNREADABLE = 9, /* reading the descriptor failed, or it is no regular file */
};
#define TUTELA_DECODE_CLASSES 10

/* "ok", "not-a-picture", "empty", … "unreadable"; static, never NULL. */
TUTELA_API const char *tutela_decode_class_name(enum tutela_decode_class c);

/* A sentence for people: "the file ends before the picture does"; static, never NULL. */
TUTELA_API const char *tutela_decode_class_text(enum tutela_decode_class c);

enum tutela_format {
	TUTELA_FORMAT_NONE = 0,
	TUTELA_FORMAT_JPEG = 1,
	TUTELA_FORMAT_PNG = 2,
	TUTELA_FORMAT_WEBP = 3,
	TUTELA_FORMAT_GIF = 4,
	TUTELA_FORMAT_TIFF = 5,
	TUTELA_FORMAT_HEIC = 6,
	TUTELA_FORMAT_AVIF = 7,
	TUTELA_FORMAT_BMP = 8,
	TUTELA_FORMAT_JXL = 9,
	TUTELA_FORMAT_OTHER = 10, /* recognised as a picture, not decoded: PSD, SVG, camera raw, … */
	TUTELA_FORMAT_PNM = 11,   /* PBM, PGM, PPM, PAM */
	TUTELA_FORMAT_ICO = 12,   /* icons and cursors: the largest picture of the file */
	TUTELA_FORMAT_JP2 = 13,   /* JPEG 2000, in a JP2 file or bare */
};
#define TUTELA_FORMATS 14

/* "jpeg", "png", … ; "other"; "none" when no signature was found. Static, never NULL. */
TUTELA_API const char *tutela_format_name(enum tutela_format f);

struct tutela_decoded {
	enum tutela_decode_class class_;
	enum tutela_format format;
	/*
	 * Which TUTELA_WANT_* fields below are valid; with TIMED_OUT, CRASHED see hash_fd. A picture under 5 pixels
	 * a side has PDQ of zeros and quality 0, as the reference says; one whose other side is over 512, which the
	 * ref dialect enlarges, has no TUTELA_WANT_PDQ_FULL instead.
	 */
	unsigned have;
	bool partial;  /* class is TRUNCATED or CORRUPT, yet hashes of what could be decoded are there */
	uint64_t size; /* bytes read */
	uint32_t width, height;
	uint32_t frames; /* 1 for a still; the first one is hashed */
	int sys_errno;   /* with UNREADABLE: why */
	int signal;      /* with CRASHED: the worker's signal, or 0; SIGSYS: a system call that is not allowed */
	uint8_t md5[16], sha1[20], sha256[32];
	struct tutela_perceptual hashes;
	uint64_t digest_ns, decode_ns; /* time inside the worker: reading and digesting; decoding and hashing */
};

struct tutela_decoder_opts {
	size_t size;             /* sizeof(struct tutela_decoder_opts) */
	const char *program_dir; /* folder of the decoder programs; NULL: the one this build installs to */
	unsigned workers;        /* at most this many files at once; 0: one */
	unsigned wants;          /* TUTELA_WANT_*; 0: all */
	unsigned wall_ms;        /* limit for one picture; 0: 4,000. Reading a large file adds 1 s per 16 MiB */
	uint64_t max_bytes;      /* largest picture file to decode; 0: 512 MiB (any file is digested) */
	uint64_t max_pixels;     /* largest width * height; 0: 300 million */
	uint64_t max_memory;     /* address space of one worker; 0: 1 GiB */
	unsigned recycle;        /* a worker retires after this many files; 0: 4,096 */
	enum tutela_isa isa;     /* for the hash stage; AUTO: best */
};

struct tutela_decoder;

struct tutela_decoder_stats {
	uint64_t files, spawned, crashed, timed_out, recycled;
};

/*
 * Make a pool. Starts one worker, so that a missing program is an error now
 * and not a thousand undetermined files later; others start when needed.
 * TUTELA_E_ARG, TUTELA_E_NOMEM, TUTELA_E_WORKER (program missing, not
 * executable, of another version, or it could not lock itself down).
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_decoder_open(const struct tutela_decoder_opts *opts,
							      struct tutela_decoder **out);

/*
 * Hash the file open at `fd` from its first byte. `fd` is only read; its
 * offset stays; it stays the caller's. A worker is handed a descriptor that is
 * good for reading only: where `fd` is open for writing too, the file is
 * opened once more (/proc/self/fd; what fails then is UNREADABLE). A file that
 * shrinks or fails while it is read is an answer (TRUNCATED, UNREADABLE), not
 * an error.
 *
 * A file that cost its worker (CRASHED, TIMED_OUT) is read once more by a
 * fresh one, which decodes nothing: `have` then holds the digests that were
 * wanted, and SHA-256 in any case, so that the file can be found again and a
 * known one is still known. 0 when that failed too. It may take as long again.
 *
 * Everything that the bytes can cause is in out->class_; the return value is
 * about this process only: TUTELA_E_WORKER when no worker can be started any
 * more, TUTELA_E_ARG. *out is cleared on entry and on an error stays so:
 * UNREADABLE, never "OK", and nothing is there.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_decoder_hash_fd(struct tutela_decoder *pool, int fd,
								 struct tutela_decoded *out);

/*
 * The same for bytes in memory, such as the body of a request. They are copied
 * into a file in memory that is sealed before a worker sees it; the caller may
 * free them afterwards. `bytes` may be NULL when `len` is 0. Also
 * TUTELA_E_NOMEM, and TUTELA_E_SYS when the system gives no such file.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_decoder_hash_bytes(struct tutela_decoder *pool, const void *bytes,
								    size_t len, struct tutela_decoded *out);

/*
 * What this machine gives beyond what a worker always has (a list of system
 * calls, limits, no privileges, no core dump). Filled in by the first worker
 * when it had locked itself down; all zero for NULL.
 */
struct tutela_defences {
	unsigned landlock; /* version of the kernel's interface in use; 0: it has none, or a container forbids it */
	bool own_user;     /* a user namespace: outside it the worker is nobody */
	bool no_network;   /* a network namespace without an interface that is up */
	bool no_files;     /* a mount namespace with one empty folder in it */
	bool weakened;     /* a build for tests (sanitizer, coverage): some of what is always there is not */
};
TUTELA_API void tutela_decoder_defences(const struct tutela_decoder *pool, struct tutela_defences *out);

/* `crashed` and `timed_out` count files, not workers. */
TUTELA_API void tutela_decoder_stats(struct tutela_decoder *pool, struct tutela_decoder_stats *out);

/* Ends the workers. No call may be running. NULL is fine. */
TUTELA_API void tutela_decoder_close(struct tutela_decoder *pool);

#endif
