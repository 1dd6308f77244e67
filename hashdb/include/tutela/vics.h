/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VICS 2.0 case: what was found, as JSON that forensic programs and national
 * databases read. Sets of hashes are the exchange format "vics" (exchange.h);
 * this is the other shape: one case, its media, and the files of each.
 *
 * Order: new, then for each medium tutela_vics_media and one tutela_vics_file
 * for each file that has its content, then finish, then free. Media come in
 * ascending order of their MD5, each MD5 once: so the writer keeps nothing, and
 * the same hits give the same bytes. The caller sorts.
 *
 * Every text is UTF-8; a byte that is not comes out as '?'. Text of length 0
 * and time 0 are left out of the output. Nothing is read: not the clock, not
 * the locale, not the environment.
 *
 * Thread safety: one handle, one thread; distinct handles are independent.
 */
#ifndef TUTELA_VICS_H
#define TUTELA_VICS_H

#include <tutela/exchange.h>

struct tutela_vics_case {
	size_t size;
	const char *region; /* names the data model's dialect: "US", "UK"; letters and digits; NULL: "Default" */
	struct tutela_text case_id; /* a GUID; required */
	struct tutela_text case_number;
	struct tutela_text contact_name, contact_title, contact_organization, contact_phone, contact_email;
	struct tutela_text application_name, application_version;
};

/* One content. Its MediaID is its place in the case, from 0. */
struct tutela_vics_media {
	size_t size;
	size_t n_fingerprints;                  /* an MD5 among them: VICS requires it, and the first is the medium's */
	const struct tutela_hash *fingerprints; /* of the file itself; what VICS has no field for goes to
						   AlternativeHashes with the algorithm's name */
	/*
	 * As in a record: "category" a whole number, "series", "tags", "comments", "victim_identified" and the others
	 * of tutela-formats(5) become fields; any other goes to MediaMetadata as "tutela.label.NAME".
	 */
	size_t n_labels;
	const struct tutela_label *labels;
	int64_t media_size; /* bytes; -1: unknown */
	struct tutela_text mime_type;
	struct tutela_text precategorization_source; /* the list that says the category: sets IsPrecategorized too */
	struct tutela_text relative_path; /* of one file with this content, backslashes between its folders: by it other
					     programs look for the file, and some leave out media without */
};

/* One place where the content of the medium was found. */
struct tutela_vics_file {
	size_t size;
	struct tutela_text name, path;      /* both required; the path holds the name too */
	int64_t created, written, accessed; /* seconds since 1970 UTC; 0 unknown */
	bool deleted, unallocated;
	struct tutela_text source_id;         /* of the evidence: "EX-1" */
	struct tutela_text physical_location; /* where on the evidence, when there is no file */
};

struct tutela_vics_writer;

/*
 * TUTELA_E_ARG (no case id, a region that is not letters and digits, no write
 * function), TUTELA_E_NOMEM. `opts` is copied; the texts are needed during the call only.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_vics_new(const struct tutela_vics_case *c,
							  const struct tutela_writer_opts *opts,
							  struct tutela_vics_writer **out);
/*
 * TUTELA_E_ARG: no MD5, or not above the medium's before; nothing was written,
 * and the case may go on. Otherwise what `write` returned, and then it may not.
 */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_vics_media(struct tutela_vics_writer *w,
							    const struct tutela_vics_media *m);
/* A file of the medium before. TUTELA_E_ARG: there is none, or the file has no name or no path; as above. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_vics_file(struct tutela_vics_writer *w,
							   const struct tutela_vics_file *f);
/* Ends the case and flushes. Must be called before free for the output to be complete. */
TUTELA_API TUTELA_CHECKED enum tutela_err tutela_vics_finish(struct tutela_vics_writer *w);
TUTELA_API void tutela_vics_free(struct tutela_vics_writer *w);

#endif
