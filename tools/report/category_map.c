/* SPDX-License-Identifier: Apache-2.0 */
#include "report/category_map.h"

#include <stdlib.h>
#include <string.h>

#include "locate.h"
#include "memory.h"
#include "message.h"
#include "name_stream.h"
#include "printable.h"

struct reading {
	struct category_map *map;
	const char *path;
	json_t *section;
	bool bad;
};

static json_t *section_of(json_t *lists, const char *name)
{
	json_t *section = json_object_get(lists, name);

	if (!section) {
		section = json_object();
		json_object_set_new(lists, name, section);
	}
	return section;
}

static void refuse(struct reading *r, unsigned long long number, const char *why)
{
	message_error(r->path, "line %llu: %s", number, why);
	r->bad = true;
}

static void take(struct reading *r, char *text, unsigned long long number)
{
	size_t key = strcspn(text, " \t"), gap = strspn(text + key, " \t");
	const char *name = text + key + gap;

	if (!key || !*name) {
		refuse(r, number, "neither [LIST] nor a category and its name");
		return;
	}
	text[key] = '\0';
	for (const char *c = name; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			refuse(r, number, "a name must not hold control characters");
			return;
		}
	}
	if (json_object_get(r->section, text))
		refuse(r, number, "this category has a name already");
	else
		json_object_set_new(r->section, text, json_string(name));
}

static bool on_line(void *ctx, char *text, size_t len, unsigned long long number)
{
	struct reading *r = ctx;

	while (len && (text[len - 1] == '\r' || text[len - 1] == ' ' || text[len - 1] == '\t'))
		text[--len] = '\0';
	if (number == 1 && len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	if (!len || text[0] == '#')
		return true;
	if (!printable_is_utf8(text, len)) {
		refuse(r, number, "not UTF-8");
	} else if (text[0] == '[') {
		if (len < 3 || text[len - 1] != ']') {
			refuse(r, number, "neither [LIST] nor a category and its name");
			return true;
		}
		text[len - 1] = '\0';
		r->section = section_of(r->map->lists, text + 1);
	} else {
		take(r, text, number);
	}
	return true;
}

bool category_map_read(struct category_map *m, const char *path)
{
	char *shipped = locate_categories(path);
	struct reading r = {.map = m, .path = path};
	struct names_opts opts = {.path = shipped ? shipped : path, .line = on_line, .ctx = &r};
	bool ok;

	m->lists = json_object();
	r.section = section_of(m->lists, "");
	ok = names_read(&opts) && !r.bad;
	free(shipped);
	return ok;
}

static char *add_line(char *text, const char *category, const char *name)
{
	char *out = memory_format("%s%s %s\n", text, category, name);

	free(text);
	return out;
}

char *category_map_lines(const struct category_map *m, const char *list)
{
	json_t *own = json_object_get(m->lists, list), *all = json_object_get(m->lists, ""), *name;
	char *out = memory_text("");
	const char *category;

	json_object_foreach(own, category, name) out = add_line(out, category, json_string_value(name));
	json_object_foreach(all, category, name)
	{
		if (!json_object_get(own, category))
			out = add_line(out, category, json_string_value(name));
	}
	return out;
}

void category_map_add(struct category_map *m, const char *list, const char *category, const char *name)
{
	json_t *section;

	if (!m->lists)
		m->lists = json_object();
	if (category_name(m, list, category))
		return;
	section = section_of(m->lists, list);
	json_object_set_new(section, category, json_string(name));
}

const char *category_name(const struct category_map *m, const char *list, const char *category)
{
	json_t *name = json_object_get(json_object_get(m->lists, list), category);

	if (!name)
		name = json_object_get(json_object_get(m->lists, ""), category);
	return json_string_value(name);
}

void category_map_free(struct category_map *m)
{
	json_decref(m->lists);
	m->lists = NULL;
}
