/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CASE/UCO JSON-LD after the examples `file` and `analysis` of CASE 1.4: one
 * graph of the tool, the evidence, and for each file a File, an Analysis, and
 * one AnalyticResult for each hit, or one that says why it is undetermined.
 *
 * A distance is a similarity of pictures and no probability that the finding
 * is right, so there is no classificationConfidence: the statement gives
 * distance and threshold. "PDQ" is not among UCO's names of hashes.
 */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "output.h"
#include "printable.h"
#include "report/media_type.h"
#include "report/name_uuid.h"
#include "report/render.h"

struct graph {
	const struct report *report;
	FILE *out;
	bool begun;
	char *tool, *performer, *evidence, *scan; /* ids, or NULL */
};

/* "kb:WORD-UUID" of what the texts name; WORD is part of the name. */
static char *id_of(const char *word, const char *const *texts, size_t n)
{
	const char **all = memory_array(n + 1, sizeof(*all));
	char uuid[NAME_UUID_LEN];

	all[0] = word;
	memcpy(all + 1, texts, n * sizeof(*all));
	name_uuid(uuid, all, n + 1);
	free(all);
	return memory_format("kb:%s-%s", word, uuid);
}

static char *id_for(const char *word, const char *text)
{
	return id_of(word, &text, 1);
}

/* Takes the reference. */
static void put(struct graph *g, json_t *node)
{
	char *text = json_dumps(node, JSON_COMPACT);

	fprintf(g->out, "%s\n%s", g->begun ? "," : "", text);
	g->begun = true;
	free(text);
	json_decref(node);
}

static json_t *reference(const char *id)
{
	return json_pack("{s:s}", "@id", id);
}

static json_t *typed(const char *type, const char *value)
{
	return json_pack("{s:s, s:s}", "@type", type, "@value", value);
}

/* A node with its id, which is freed. */
static json_t *node(char *id, const char *type)
{
	json_t *o = json_pack("{s:s, s:s}", "@id", id, "@type", type);

	free(id);
	return o;
}

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static void add_hash(json_t *hashes, const char *file, const char *method, const char *hex)
{
	const char *const name[] = {file, method};
	json_t *o;

	if (!hex[0])
		return;
	o = node(id_of("hash", name, 2), "uco-types:Hash");
	/* What is in UCO's vocabulary is given as of it. */
	set(o, "uco-types:hashMethod",
	    strcmp(method, "PDQ") ? typed("uco-vocabulary:HashNameVocab", method) : json_string(method));
	set(o, "uco-types:hashValue", typed("xsd:hexBinary", hex));
	json_array_append_new(hashes, o);
}

static json_t *content_facet(const struct file_record *f, const char *file)
{
	json_t *facet = node(id_for("content-facet", file), "uco-observable:ContentDataFacet"), *hashes = json_array();
	const char *type = media_type(f->format);

	if (type)
		set(facet, "uco-observable:mimeType", json_string(type));
	add_hash(hashes, file, "MD5", f->md5);
	add_hash(hashes, file, "SHA1", f->sha1);
	add_hash(hashes, file, "SHA256", f->sha256);
	add_hash(hashes, file, "PDQ", f->pdq);
	if (json_array_size(hashes))
		set(facet, "uco-observable:hash", hashes);
	else
		json_decref(hashes);
	return facet;
}

static void put_file(struct graph *g, const struct file_record *f, const char *file)
{
	const char *slash = strrchr(f->path, '/');
	json_t *o = node(memory_text(file), "uco-observable:File");
	json_t *facet = node(id_for("file-facet", file), "uco-observable:FileFacet");

	set(facet, "uco-observable:fileName", json_string(slash ? slash + 1 : f->path));
	set(facet, "uco-observable:filePath", json_string(f->path));
	set(facet, "uco-observable:sizeInBytes", json_integer((json_int_t)f->size));
	set(o, "uco-core:hasFacet", json_pack("[o, o]", facet, content_facet(f, file)));
	if (f->path_bytes[0])
		set(o, "uco-core:description", json_sprintf("the bytes of the path in hex: %s", f->path_bytes));
	put(g, o);
	if (!g->evidence)
		return;
	o = node(id_for("relationship", file), "uco-observable:ObservableRelationship");
	set(o, "uco-core:source", reference(file));
	set(o, "uco-core:target", reference(g->evidence));
	set(o, "uco-core:kindOfRelationship", json_string("Contained_Within"));
	set(o, "uco-core:isDirectional", json_true());
	put(g, o);
}

static json_t *result_node(const char *id, const char *analysis, json_t *statement)
{
	json_t *o = node(memory_text(id), "uco-analysis:AnalyticResult");

	set(o, "uco-analysis:originatingAnalysis", reference(analysis));
	set(o, "uco-core:statement", statement);
	return o;
}

static json_t *hit_statement(const struct report *r, const struct hit_record *h)
{
	const char *flood = report_flood(r, h);
	char *entry = printable_name(h->entry, strlen(h->entry));
	json_t *s = json_sprintf("source=%s list=%s version=%llu entry=%s algorithm=%s distance=%llu threshold=%llu "
				 "variant=%s%s%s%s%s%s%s",
				 h->source, h->list, (unsigned long long)h->list_version, entry, h->algorithm,
				 (unsigned long long)h->distance, (unsigned long long)h->threshold,
				 h->variant[0] ? h->variant : "original", h->dialect[0] ? " dialect=" : "", h->dialect,
				 h->partial ? " picture=partial" : "", report_expired(r, h) ? " list=expired" : "",
				 flood[0] ? " flood=" : "", flood);

	free(entry);
	return s;
}

static json_t *classification(const struct report *r, const struct hit_record *h, const char *result)
{
	const char *name = category_name(&r->categories, h->list, h->category);
	json_t *facet = node(id_for("classification-facet", result), "uco-analysis:ArtifactClassificationResultFacet");
	json_t *class = node(id_for("classification", result), "uco-analysis:ArtifactClassification");

	set(class, "uco-analysis:class",
	    json_sprintf("%s/category %s%s%s", h->list, h->category[0] ? h->category : "not given", name ? ": " : "",
			 name ? name : ""));
	set(facet, "uco-analysis:classification", json_pack("[o]", class));
	return facet;
}

/* The result of one hit; its id goes into `results`. */
static void put_hit(struct graph *g, const struct hit_record *h, const char *analysis, json_t *results)
{
	char *version = memory_format("%llu", (unsigned long long)h->list_version);
	const char *const name[] = {analysis, h->list, version, h->entry, h->algorithm, h->variant};
	char *id = id_of("result", name, 6);
	json_t *o = result_node(id, analysis, hit_statement(g->report, h));

	set(o, "uco-core:hasFacet", json_pack("[o]", classification(g->report, h, id)));
	json_array_append_new(results, reference(id));
	put(g, o);
	free(version);
	free(id);
}

/* With what, by whom and when. */
static void put_circumstances(struct graph *g, json_t *o)
{
	const char *started = report_text(g->report, "started"), *ended = report_text(g->report, "ended");

	set(o, "uco-action:instrument", reference(g->tool));
	if (g->performer)
		set(o, "uco-action:performer", reference(g->performer));
	if (started[0])
		set(o, "uco-action:startTime", typed("xsd:dateTime", started));
	if (ended[0])
		set(o, "uco-action:endTime", typed("xsd:dateTime", ended));
}

static void put_analysis(struct graph *g, const char *analysis, const char *file, json_t *results)
{
	json_t *o = node(memory_text(analysis), "uco-analysis:Analysis");

	set(o, "uco-core:name", json_string("hash list match"));
	put_circumstances(g, o);
	set(o, "uco-action:object", json_pack("[o]", reference(file)));
	set(o, "uco-action:result", results);
	put(g, o);
}

static bool on_file(void *ctx, const struct file_record *f)
{
	struct graph *g = ctx;
	const char *const name[] = {report_evidence(g->report, f), f->path, f->path_bytes, f->sha256};
	json_t *results = json_array();
	char *file, *analysis;

	if (f->verdict == RECORD_NO_MATCH) {
		json_decref(results);
		return true;
	}
	file = id_of("file", name, 4);
	analysis = id_for("analysis", file);
	put_file(g, f, file);
	for (size_t i = 0; i < f->n_hits; i++)
		put_hit(g, &f->hits[i], analysis, results);
	if (!f->n_hits) {
		char *id = id_for("result", analysis);

		json_array_append_new(results, reference(id));
		put(g, result_node(id, analysis, json_sprintf("undetermined: %s", f->reason)));
		free(id);
	}
	put_analysis(g, analysis, file, results);
	free(analysis);
	free(file);
	return !ferror(g->out);
}

static void put_named(struct graph *g, const char *id, const char *type, const char *name)
{
	json_t *o = node(memory_text(id), type);

	set(o, "uco-core:name", json_string(name));
	put(g, o);
}

/* What has a number or an exhibit number: CASE wants at least one object of both. */
static void put_compilation(struct graph *g, char *id, const char *type, const char *key, const char *value,
			    const char *object)
{
	json_t *o = node(id, type);

	set(o, key, json_string(value));
	set(o, "uco-core:object", json_pack("[o]", reference(object)));
	put(g, o);
}

/* The tool, the operator, the evidence and its exhibit number, the investigation, which is about the scan. */
static void put_heads(struct graph *g)
{
	const char *evidence = report_text(g->report, "evidence"), *who = report_operator(g->report);
	const char *number = report_case_number(g->report), *version = report_text(g->report, "tool_version");
	const char *const scan[] = {g->report->sha256, evidence};
	json_t *o;

	g->scan = id_of("scan", scan, 2);

	g->tool = id_for("tool", version);
	o = node(memory_text(g->tool), "uco-tool:AnalyticTool");
	set(o, "uco-core:name", json_string("Tutela"));
	set(o, "uco-tool:version", json_string(version[0] ? version : "unknown"));
	put(g, o);
	if (who[0]) {
		g->performer = id_for("person", who);
		put_named(g, g->performer, "uco-identity:Person", who);
	}
	if (evidence[0]) {
		g->evidence = id_for("evidence", evidence);
		put_named(g, g->evidence, "uco-observable:ObservableObject", evidence);
		put_compilation(g, id_for("provenance", evidence), "case-investigation:ProvenanceRecord",
				"case-investigation:exhibitNumber", evidence, g->evidence);
	}
	if (number[0])
		put_compilation(g, id_for("investigation", number), "case-investigation:Investigation", "uco-core:name",
				number, g->scan);
}

/* Of the lists that were asked: name, version, and what must not be overlooked. */
static char *lists_asked(const struct report *r)
{
	const json_t *list;
	char *text;
	size_t i, len;
	FILE *out = memory_stream(&text, &len);

	json_array_foreach(json_object_get(r->summary, "lists"), i, list)
	{
		const char *name = json_string_value(json_object_get(list, "list"));
		const char *digest = json_string_value(json_object_get(list, "digest"));

		fprintf(out, "; list=%s version=%lld%s%s%s", name ? name : "",
			(long long)json_integer_value(json_object_get(list, "version")), digest ? " digest=" : "",
			digest ? digest : "", report_list_expired(r, list) ? " EXPIRED" : "");
	}
	memory_stream_end(out, &text);
	return text;
}

/* The scan as a whole: also when nothing matched it tells what was asked, and how many files could not be compared. */
static void put_scan(struct graph *g)
{
	const struct report *r = g->report;
	json_t *o = node(memory_text(g->scan), "uco-analysis:Analysis");
	char *lists = lists_asked(r);

	set(o, "uco-core:name", json_string("hash list scan"));
	set(o, "uco-core:description",
	    json_sprintf("%sfiles=%llu match=%llu undetermined=%llu no_match=%llu excluded=%llu%s; records SHA-256=%s",
			 r->unfinished                    ? "UNFINISHED: "
			 : r->altered                     ? "ALTERED: "
			 : r->contradicts || r->count.bad ? "INCOMPLETE: "
							  : "",
			 (unsigned long long)report_number(r, "files"), (unsigned long long)r->totals.match,
			 (unsigned long long)r->totals.undetermined, (unsigned long long)report_number(r, "no_match"),
			 (unsigned long long)report_number(r, "excluded"), lists, r->sha256));
	put_circumstances(g, o);
	if (g->evidence)
		set(o, "uco-action:object", json_pack("[o]", reference(g->evidence)));
	put(g, o);
	free(lists);
}

bool report_case(const struct report *r, FILE *out)
{
	struct graph g = {.report = r, .out = out};
	bool ok;

	fputs("{\"@context\":{\"kb\":\"http://example.org/kb/\","
	      "\"uco-core\":\"https://ontology.unifiedcyberontology.org/uco/core/\","
	      "\"uco-observable\":\"https://ontology.unifiedcyberontology.org/uco/observable/\","
	      "\"uco-types\":\"https://ontology.unifiedcyberontology.org/uco/types/\","
	      "\"uco-analysis\":\"https://ontology.unifiedcyberontology.org/uco/analysis/\","
	      "\"uco-action\":\"https://ontology.unifiedcyberontology.org/uco/action/\","
	      "\"uco-identity\":\"https://ontology.unifiedcyberontology.org/uco/identity/\","
	      "\"uco-vocabulary\":\"https://ontology.unifiedcyberontology.org/uco/vocabulary/\","
	      "\"uco-tool\":\"https://ontology.unifiedcyberontology.org/uco/tool/\","
	      "\"case-investigation\":\"https://ontology.caseontology.org/case/investigation/\","
	      "\"xsd\":\"http://www.w3.org/2001/XMLSchema#\"},\n\"@graph\":[",
	      out);
	put_heads(&g);
	put_scan(&g);
	ok = report_each(r, on_file, &g);
	fputs("\n]}\n", out);
	free(g.tool);
	free(g.performer);
	free(g.evidence);
	free(g.scan);
	return ok;
}
