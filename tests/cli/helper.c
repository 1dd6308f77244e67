/* SPDX-License-Identifier: Apache-2.0 */
/*
 * helper: what the command-line tests need and a shell does not have.
 *
 *   helper json [-w PATH=VALUE]... [-r KEY,KEY...] [-g PATH]... [-c] <LINES
 *       Every line must be a JSON object with a "type" and no key twice, the
 *       input must end in a line feed. -w: only lines where PATH is VALUE;
 *       -r: those must have the keys; -g: print PATH of each, tab-separated,
 *       "-" where it is absent; -c: print how many. PATH: hits.0.entry
 *   helper deep DEPTH FILE    moves FILE to the end of a chain of folders in "."
 *   helper marked MARKER FILE  makes a PNG whose pixels are the marker, stored uncompressed
 *   helper sqlite FILE <SQL    runs the statements in a database
 *   helper memory COMMAND...  runs it; prints the most memory it held, in KiB, on descriptor 9
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX 16

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "helper: %s: %s\n", what, why);
	exit(2);
}

static const json_t *at(const json_t *value, const char *path)
{
	char copy[256], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *key = strtok_r(copy, ".", &save); key && value; key = strtok_r(NULL, ".", &save)) {
		if (json_is_array(value))
			value = json_array_get(value, (size_t)strtoul(key, NULL, 10));
		else
			value = json_object_get(value, key);
	}
	return value;
}

/* A value as text: strings bare, the rest as JSON. Allocated. */
static char *text_of(const json_t *value)
{
	if (!value)
		return strdup("-");
	if (json_is_string(value))
		return strdup(json_string_value(value));
	return json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
}

struct wish {
	char *where[MAX], *get[MAX], *require[MAX];
	int n_where, n_get, n_require;
	bool count;
};

static bool selected(const struct wish *w, const json_t *object)
{
	for (int i = 0; i < w->n_where; i++) {
		char path[256], *equals = strchr(w->where[i], '='), *text;
		bool same;

		snprintf(path, sizeof(path), "%.*s", (int)(equals - w->where[i]), w->where[i]);
		text = text_of(at(object, path));
		same = strcmp(text, equals + 1) == 0;
		free(text);
		if (!same)
			return false;
	}
	return true;
}

static void take_line(const struct wish *w, const char *line, size_t len, size_t number, size_t *count)
{
	json_error_t error;
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);

	if (!object) {
		fprintf(stderr, "helper: line %zu: %s\n%.*s\n", number, error.text, (int)len, line);
		exit(1);
	}
	if (!json_is_object(object) || !json_is_string(json_object_get(object, "type")))
		die(line, "no object with a type");
	if (selected(w, object)) {
		++*count;
		for (int i = 0; i < w->n_require; i++) {
			if (!at(object, w->require[i]))
				die(w->require[i], line);
		}
		for (int i = 0; i < w->n_get; i++) {
			char *text = text_of(at(object, w->get[i]));

			printf("%s%s", i ? "\t" : "", text);
			free(text);
		}
		if (w->n_get)
			putchar('\n');
	}
	json_decref(object);
}

static int json(int argc, char **argv)
{
	struct wish w = {.count = false};
	char *line = NULL, *save = NULL;
	size_t max = 0, number = 0, count = 0;
	ssize_t len;
	int option;

	while ((option = getopt(argc, argv, "w:g:r:c")) != -1) {
		if (option == 'w' && w.n_where < MAX && strchr(optarg, '='))
			w.where[w.n_where++] = optarg;
		else if (option == 'g' && w.n_get < MAX)
			w.get[w.n_get++] = optarg;
		else if (option == 'c')
			w.count = true;
		else if (option == 'r')
			for (char *key = strtok_r(optarg, ",", &save); key && w.n_require < MAX;
			     key = strtok_r(NULL, ",", &save))
				w.require[w.n_require++] = key;
		else
			die("json", "bad usage");
	}
	while ((len = getline(&line, &max, stdin)) > 0) {
		if (line[len - 1] != '\n')
			die("json", "the last line has no end");
		take_line(&w, line, (size_t)len, ++number, &count);
	}
	free(line);
	if (w.count)
		printf("%zu\n", count);
	return 0;
}

static int deep(int depth, const char *file)
{
	char path[4096];

	if (!realpath(file, path))
		die(file, strerror(errno));
	for (int i = 0; i < depth; i++) {
		if (mkdir("a-folder-deep-down", 0755) || chdir("a-folder-deep-down"))
			die("deep", strerror(errno));
	}
	if (rename(path, "file.jpg"))
		die(file, strerror(errno));
	return 0;
}

static int memory(char **argv)
{
	struct rusage usage;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	/* The processes that it waited for are in its children's account, which RUSAGE_CHILDREN takes the maximum of.
	 */
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		die("memory", strerror(errno));
	dprintf(9, "%ld\n", usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void put_be(FILE *f, uint32_t v)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		fputc((int)(v >> shift & 0xff), f);
}

static uint32_t crc(const uint8_t *p, size_t len)
{
	uint32_t c = ~0u;

	for (size_t i = 0; i < len * 8; i++) {
		c ^= i % 8 ? 0 : p[i / 8];
		c = c >> 1 ^ (c & 1 ? 0xedb88320 : 0);
	}
	return ~c;
}

/* `chunk` begins with its type. */
static void put_chunk(FILE *f, const uint8_t *chunk, size_t len)
{
	put_be(f, (uint32_t)len - 4);
	fwrite(chunk, 1, len, f);
	put_be(f, crc(chunk, len));
}

#define SIDE 64

/* A gray PNG, stored uncompressed, whose rows are nothing but the marker. */
static int marked(const char *marker, const char *file)
{
	static const uint8_t head[] = {'I', 'H', 'D', 'R', 0, 0, 0, SIDE, 0, 0, 0, SIDE, 8, 0, 0, 0, 0};
	const size_t raw_len = SIDE * (SIDE + 1), len = strlen(marker);
	uint8_t data[4 + 7 + SIDE * (SIDE + 1) + 4] = {'I', 'D', 'A', 'T', 0x78, 1, 1}, *raw = data + 11;
	uint32_t a = 1, b = 0;
	FILE *f = fopen(file, "wb");

	if (!f)
		die(file, strerror(errno));
	data[7] = raw_len & 0xff;
	data[8] = raw_len >> 8;
	data[9] = (uint8_t)~data[7];
	data[10] = (uint8_t)~data[8];
	for (size_t i = 0; i < raw_len; i++) {
		raw[i] = i % (SIDE + 1) ? (uint8_t)marker[(i % (SIDE + 1) - 1) % len] : 0;
		a = (a + raw[i]) % 65521;
		b = (b + a) % 65521;
	}
	for (int i = 0; i < 4; i++)
		raw[raw_len + (size_t)i] = (uint8_t)((b << 16 | a) >> (24 - 8 * i));
	fwrite("\x89PNG\r\n\x1a\n", 1, 8, f);
	put_chunk(f, head, sizeof(head));
	put_chunk(f, data, sizeof(data));
	put_chunk(f, (const uint8_t *)"IEND", 4);
	return fclose(f) ? 1 : 0;
}

static int sqlite(const char *path)
{
	char *sql = NULL, *why = NULL;
	size_t max = 0;
	sqlite3 *db;

	if (getdelim(&sql, &max, '\0', stdin) < 0)
		die("sqlite", "no statements");
	if (sqlite3_open(path, &db) || sqlite3_exec(db, sql, NULL, NULL, &why))
		die("sqlite", why ? why : sqlite3_errmsg(db));
	if (sqlite3_close(db))
		die("sqlite", "not closed");
	free(sql);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "marked") == 0)
		return marked(argv[2], argv[3]);
	if (argc >= 2 && strcmp(argv[1], "json") == 0)
		return json(argc - 1, argv + 1);
	if (argc == 4 && strcmp(argv[1], "deep") == 0)
		return deep(atoi(argv[2]), argv[3]);
	if (argc >= 3 && strcmp(argv[1], "memory") == 0)
		return memory(argv + 2);
	if (argc == 3 && strcmp(argv[1], "sqlite") == 0)
		return sqlite(argv[2]);
	die("usage", "json, deep, memory, marked, sqlite");
}
