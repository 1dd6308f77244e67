/* SPDX-License-Identifier: Apache-2.0 */
#include <tutela/vics.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "exchange/vics_write.h"

struct tutela_vics_writer {
	struct tutela_writer out;
	struct vics_gen g;
	int64_t media;          /* so far */
	bool files;             /* the last one's MediaFiles are open */
	struct tutela_hash md5; /* of the last one */
};

/* The caller's struct may be older and shorter than ours: what it lacks is zero. */
static bool take(void *to, const void *from, size_t room, size_t size)
{
	memset(to, 0, room);
	if (size < sizeof(size_t))
		return false;
	memcpy(to, from, size < room ? size : room);
	return true;
}

static bool region_valid(const char *s)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

	return *s && strspn(s, letters) == strlen(s);
}

static struct tutela_text words(const char *s)
{
	return (struct tutela_text){s, strlen(s)};
}

static void head(const struct vics_gen *g, const struct tutela_vics_case *c)
{
	struct tutela_writer *w = g->w;

	tutela_writer_string(w, "{\"@odata.context\":\"http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/");
	tutela_writer_string(w, c->region ? c->region : "Default");
	tutela_writer_string(w, "/$metadata#Cases\",\"value\":[\n");
	(void)yajl_gen_map_open(g->y);
	tutela_vics_member(g, "CaseID", c->case_id);
	tutela_vics_member(g, "CaseNumber", c->case_number);
	tutela_vics_member(g, "ContactName", c->contact_name);
	tutela_vics_member(g, "ContactTitle", c->contact_title);
	tutela_vics_member(g, "ContactOrganization", c->contact_organization);
	tutela_vics_member(g, "ContactPhone", c->contact_phone);
	tutela_vics_member(g, "ContactEmail", c->contact_email);
	tutela_vics_member(g, "SourceApplicationName", c->application_name);
	tutela_vics_member(g, "SourceApplicationVersion", c->application_version);
	tutela_vics_key(g, "Media");
	(void)yajl_gen_array_open(g->y);
}

enum tutela_err tutela_vics_new(const struct tutela_vics_case *c, const struct tutela_writer_opts *opts,
				struct tutela_vics_writer **out)
{
	struct tutela_vics_writer *v;
	struct tutela_writer_opts mine;
	struct tutela_vics_case about;

	if (!out)
		return TUTELA_E_ARG;
	*out = NULL;
	if (!c || !opts || !take(&about, c, sizeof(about), c->size) || !take(&mine, opts, sizeof(mine), opts->size) ||
	    !mine.write || !about.case_id.len || (about.region && !region_valid(about.region)))
		return TUTELA_E_ARG;
	v = tutela_mem_array(1, sizeof(*v));
	if (!v || !tutela_vics_generator(&v->out, &v->g)) {
		free(v);
		return TUTELA_E_NOMEM;
	}
	v->out.opts = mine;
	head(&v->g, &about);
	*out = v;
	return TUTELA_OK;
}

static void end_medium(struct tutela_vics_writer *v)
{
	if (!v->media)
		return;
	if (v->files)
		(void)yajl_gen_array_close(v->g.y);
	(void)yajl_gen_map_close(v->g.y);
	tutela_writer_string(&v->out, "\n");
	v->files = false;
}

static void number(const struct vics_gen *g, const char *key, int64_t n)
{
	tutela_vics_key(g, key);
	(void)yajl_gen_integer(g->y, n);
}

static bool has_key(const struct tutela_label *label, const char *key)
{
	return label->key.len == strlen(key) && memcmp(label->key.s, key, label->key.len) == 0;
}

/* What the medium's own fields say, labels need not. */
static size_t other_labels(const struct tutela_vics_media *m, struct tutela_label *out)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_labels; i++)
		if (!(m->media_size >= 0 && has_key(&m->labels[i], "media_size")) &&
		    !(m->mime_type.len && has_key(&m->labels[i], "mime_type")))
			out[n++] = m->labels[i];
	return n;
}

static void medium(struct tutela_vics_writer *v, const struct tutela_vics_media *m, const struct tutela_hash *sorted)
{
	struct tutela_label labels[TUTELA_LABELS_MAX];
	struct vics_written fields = {
		.media_id = v->media++,
		.n_fingerprints = m->n_fingerprints,
		.fingerprints = sorted,
		.n_labels = other_labels(m, labels),
		.labels = labels,
	};

	(void)yajl_gen_map_open(v->g.y);
	tutela_vics_medium_fields(&v->g, &fields);
	if (m->media_size >= 0)
		number(&v->g, "MediaSize", m->media_size);
	tutela_vics_member(&v->g, "MimeType", m->mime_type);
	tutela_vics_member(&v->g, "RelativeFilePath", m->relative_path);
	if (m->precategorization_source.len) {
		tutela_vics_key(&v->g, "IsPrecategorized");
		(void)yajl_gen_bool(v->g.y, true);
		tutela_vics_member(&v->g, "PrecategorizationSource", m->precategorization_source);
	}
}

static bool known(const struct tutela_vics_media *m)
{
	for (size_t i = 0; i < m->n_fingerprints; i++) {
		const struct tutela_hash *h = &m->fingerprints[i];
		const struct tutela_algorithm_info *info = tutela_algorithm_get((enum tutela_algorithm)h->algorithm);

		if (!info || h->len != info->bits / 8)
			return false;
	}
	return true;
}

enum tutela_err tutela_vics_media(struct tutela_vics_writer *v, const struct tutela_vics_media *given)
{
	struct tutela_hash sorted[TUTELA_FINGERPRINTS_MAX];
	const struct tutela_hash *md5;
	struct tutela_vics_media m;

	if (!v || v->out.finished || !given || !take(&m, given, sizeof(m), given->size) ||
	    m.n_fingerprints > TUTELA_FINGERPRINTS_MAX || m.n_labels > TUTELA_LABELS_MAX || !known(&m))
		return TUTELA_E_ARG;
	if (m.n_fingerprints)
		memcpy(sorted, m.fingerprints, m.n_fingerprints * sizeof(*sorted));
	tutela_vics_sort(sorted, m.n_fingerprints);
	md5 = tutela_vics_md5(sorted, m.n_fingerprints);
	if (!md5 || (v->media && memcmp(md5->bytes, v->md5.bytes, md5->len) <= 0))
		return TUTELA_E_ARG;
	end_medium(v);
	v->md5 = *md5;
	medium(v, &m, sorted);
	return v->out.err;
}

static void flag(const struct vics_gen *g, const char *key, bool value)
{
	tutela_vics_key(g, key);
	(void)yajl_gen_bool(g->y, value);
}

enum tutela_err tutela_vics_file(struct tutela_vics_writer *v, const struct tutela_vics_file *given)
{
	char hex[TUTELA_HASH_TEXT_MAX];
	struct tutela_vics_file f;

	if (!v || v->out.finished || !v->media || !given || !take(&f, given, sizeof(f), given->size) || !f.name.len ||
	    !f.path.len)
		return TUTELA_E_ARG;
	if (!v->files) {
		tutela_vics_key(&v->g, "MediaFiles");
		(void)yajl_gen_array_open(v->g.y);
	}
	v->files = true;
	(void)yajl_gen_map_open(v->g.y);
	tutela_vics_upper_hex(&v->md5, hex);
	tutela_vics_member(&v->g, "MD5", words(hex));
	tutela_vics_member(&v->g, "FileName", f.name);
	tutela_vics_member(&v->g, "FilePath", f.path);
	tutela_vics_time(&v->g, "Created", f.created);
	tutela_vics_time(&v->g, "Written", f.written);
	tutela_vics_time(&v->g, "Accessed", f.accessed);
	flag(&v->g, "Deleted", f.deleted);
	flag(&v->g, "Unallocated", f.unallocated);
	tutela_vics_member(&v->g, "SourceID", f.source_id);
	tutela_vics_member(&v->g, "PhysicalLocation", f.physical_location);
	(void)yajl_gen_map_close(v->g.y);
	return v->out.err;
}

enum tutela_err tutela_vics_finish(struct tutela_vics_writer *v)
{
	if (!v || v->out.finished)
		return TUTELA_E_ARG;
	end_medium(v);
	(void)yajl_gen_array_close(v->g.y);
	(void)yajl_gen_map_close(v->g.y);
	tutela_writer_string(&v->out, "\n]}\n");
	tutela_writer_flush(&v->out);
	v->out.finished = true;
	return v->out.err;
}

void tutela_vics_free(struct tutela_vics_writer *v)
{
	if (v)
		yajl_gen_free(v->g.y);
	free(v);
}
