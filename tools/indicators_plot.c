/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The script names no file and no category: gnuplot reads it from memory and
 * writes to the file that was opened for it, so nothing of a store's words is
 * ever taken for a command. Names of lists are letters, digits, '.', '_', '-'.
 */
#include "indicators.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"
#include "message.h"
#include "printable.h"
#include "whole_bytes.h"

#define BARS_MAX 36 /* lists, months */

extern char **environ;

struct bars {
	size_t n, left_out;
	struct bar {
		char name[TUTELA_LIST_NAME_MAX + 1];
		uint64_t n[COUNT_KINDS];
	} items[BARS_MAX];
};

/* Rows of one value are added up: those of a kind follow each other only within a list. */
static void add(struct bars *b, const char *name, const uint64_t *n)
{
	size_t i = 0;

	while (i < b->n && strcmp(b->items[i].name, name) != 0)
		i++;
	if (i == BARS_MAX) {
		b->left_out++;
		return;
	}
	if (i == b->n) {
		snprintf(b->items[i].name, sizeof(b->items[i].name), "%s", name);
		b->n++;
	}
	for (size_t k = 0; k < COUNT_KINDS; k++)
		b->items[i].n[k] += n[k];
}

static bool is_of(const struct count_row *row, const char *what, const char *by)
{
	return indicators_is(row, WORD_WHAT, what) && indicators_is(row, WORD_BY, by);
}

static int largest_first(const void *x, const void *y)
{
	const struct tutela_list *a = *(const struct tutela_list *const *)x, *b = *(const struct tutela_list *const *)y;

	if (a->active != b->active)
		return a->active > b->active ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void lists_of(const struct indicators *in, struct bars *out)
{
	const struct tutela_list **lists = memory_array(in->n_lists + 1, sizeof(struct tutela_list *));

	for (size_t i = 0; i < in->n_lists; i++)
		lists[i] = &in->lists[i];
	qsort(lists, in->n_lists, sizeof(struct tutela_list *), largest_first);
	for (size_t i = 0; i < in->n_lists; i++) {
		const uint64_t n[COUNT_KINDS] = {lists[i]->active, lists[i]->disputed, lists[i]->withdrawn};

		add(out, lists[i]->name, n);
	}
	free(lists);
}

static void ages_of(const struct indicators *in, struct bars *out)
{
	static const uint64_t nothing[COUNT_KINDS];
	bool any = false;

	for (size_t i = 0; in->ordered[i] && !any; i++)
		any = is_of(in->ordered[i], "entries", "age");
	for (char value[2] = "0"; any && value[0] < '0' + INDICATORS_AGES; value[0]++)
		add(out, indicators_age(value), nothing);
	for (size_t i = 0; in->ordered[i]; i++) {
		if (is_of(in->ordered[i], "entries", "age"))
			add(out, indicators_age(in->ordered[i]->words[WORD_VALUE].s), in->ordered[i]->n);
	}
}

/* The last months that files were scanned in, with their hits of known lists: a month without is one, too. */
static void months_of(const struct indicators *in, struct bars *out)
{
	static const uint64_t nothing[COUNT_KINDS];
	size_t months = 0;

	for (size_t i = 0; in->ordered[i]; i++)
		months += is_of(in->ordered[i], "files", "month");
	for (size_t i = 0; in->ordered[i]; i++) {
		if (!is_of(in->ordered[i], "files", "month"))
			continue;
		if (months <= BARS_MAX)
			add(out, in->ordered[i]->words[WORD_VALUE].s, nothing);
		else
			out->left_out++;
		months -= months > BARS_MAX;
	}
	for (size_t i = 0; in->ordered[i]; i++) {
		const struct count_row *row = in->ordered[i];

		if (!is_of(row, "hits", "month") || !indicators_is(row, WORD_KIND, "known"))
			continue;
		for (size_t k = 0; k < out->n; k++) {
			if (strcmp(out->items[k].name, row->words[WORD_VALUE].s) == 0)
				out->items[k].n[0] += row->n[0];
		}
	}
}

static void put_data(FILE *out, const struct bars *b, const char *name)
{
	fprintf(out, "$%s << END\n", name);
	for (size_t i = 0; i < b->n; i++)
		fprintf(out, "\"%s\" %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", b->items[i].name, b->items[i].n[0],
			b->items[i].n[1], b->items[i].n[2]);
	fputs("END\n", out);
}

static void put_states(FILE *out, const char *data, const char *title)
{
	fprintf(out,
		"set title '%s'\nplot $%s using 2:xtic(1) lc rgb '#2f6db3' title 'active', "
		"'' using 3 lc rgb '#e0a030' title 'disputed', '' using 4 lc rgb '#a0a0a0' title 'withdrawn'\n",
		title, data);
}

/* False when there is nothing to draw. */
static bool put_script(FILE *out, const struct indicators *in)
{
	struct bars *b = memory_array(3, sizeof(*b));
	unsigned panels;
	char n[96];

	lists_of(in, &b[0]);
	ages_of(in, &b[1]);
	months_of(in, &b[2]);
	panels = (b[0].n > 0) + (b[1].n > 0) + (b[2].n > 0);
	for (size_t i = 0; i < 3; i++) {
		if (b[i].left_out)
			message_note("plot: %s left out",
				     printable_things(b[i].left_out, i ? "more month was" : "more list was",
						      i ? "more months were" : "more lists were", n));
	}
	put_data(out, &b[0], "lists");
	put_data(out, &b[1], "ages");
	put_data(out, &b[2], "months");
	fprintf(out,
		"set terminal svg noenhanced size %u,480 font 'sans-serif,11' background 'white'\n"
		"set multiplot layout 1,%u\nset style data histograms\nset style histogram rowstacked\n"
		"set style fill solid 0.9 noborder\nset boxwidth 0.8\nset yrange [0:5<*]\nset format y '%%.0s%%c'\n"
		"set grid ytics\nset xtics rotate by -45 noenhanced\nset key below\n",
		420 * panels, panels);
	if (b[0].n)
		put_states(out, "lists", "entries by list");
	if (b[1].n)
		put_states(out, "ages", "entries by age at the source");
	if (b[2].n)
		fputs("set title 'hits of known lists by month'\n"
		      "plot $months using 2:xtic(1) lc rgb '#b03a2e' title 'hits'\n",
		      out);
	fputs("unset multiplot\n", out);
	free(b);
	return panels > 0;
}

/* The script in a file without a name, at its beginning; -1 after saying why. */
static int script_file(const struct indicators *in)
{
	int fd = memfd_create("plot", MFD_CLOEXEC), copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	FILE *out = copy < 0 ? NULL : fdopen(copy, "w");
	bool some;
	char why[64];

	if (!out) {
		message_error("--plot", "%s", printable_errno(errno, why));
		if (copy >= 0)
			close(copy);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	some = put_script(out, in);
	if (fclose(out) || lseek(fd, 0, SEEK_SET) < 0) {
		message_error("--plot", "%s", printable_errno(errno, why));
	} else if (!some) {
		message_error("--plot", "the store has no list and no journal: there is nothing to draw");
	} else {
		return fd;
	}
	close(fd);
	return -1;
}

/* False with errno, or 0 when it said itself what was wrong. */
static bool draw(int script, int out)
{
	char program[] = "gnuplot", plain[] = "-d", input[] = "-";
	char *const words[] = {program, plain, input, NULL};
	posix_spawn_file_actions_t actions;
	int error, state = 0;
	pid_t child, ended;

	if ((error = posix_spawn_file_actions_init(&actions))) {
		errno = error;
		return false;
	}
	error = posix_spawn_file_actions_adddup2(&actions, script, STDIN_FILENO);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (!error)
		error = posix_spawnp(&child, program, &actions, NULL, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	errno = error;
	if (error)
		return false;
	do
		ended = waitpid(child, &state, 0);
	while (ended < 0 && errno == EINTR);
	errno = 0;
	return ended == child && WIFEXITED(state) && WEXITSTATUS(state) == 0;
}

/* The end of what gnuplot wrote: it does not tell of a failed write by its exit status. */
static bool is_whole(int fd)
{
	static const char end[] = "</svg>";
	char tail[64] = "";
	off_t size = lseek(fd, 0, SEEK_END);
	off_t from = size > (off_t)sizeof(tail) - 1 ? size - (off_t)sizeof(tail) + 1 : 0;

	return size > 0 && pread(fd, tail, sizeof(tail) - 1, from) > 0 && strstr(tail, end);
}

/* False with errno. */
static bool copy(int from, int to)
{
	char buf[16384];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(from, buf, sizeof(buf), at)) > 0) {
		if (!whole_bytes_write(to, buf, (size_t)n))
			return false;
		at += n;
	}
	return n == 0 && fsync(to) == 0;
}

/* Drawn into memory first: what a full disk takes is then seen by this process. */
static bool plot(int script, int fd, const char *path)
{
	int picture = memfd_create("picture", MFD_CLOEXEC);
	char why[64];
	bool ok;

	if (picture < 0) {
		message_error("--plot", "%s", printable_errno(errno, why));
		return false;
	}
	ok = draw(script, picture);
	if (!ok && errno == ENOENT)
		message_error("gnuplot", "this program is not installed, and --plot needs it");
	else if (!ok && errno)
		message_error("gnuplot", "cannot be started: %s", printable_errno(errno, why));
	else if (!ok || !(ok = is_whole(picture)))
		message_error("gnuplot", "failed; there is no plot");
	else if (!(ok = copy(picture, fd)))
		message_error(path, "cannot be written: %s", printable_errno(errno, why));
	close(picture);
	return ok;
}

bool indicators_plot(const struct indicators *in, const char *path)
{
	int script = script_file(in), out;
	char why[64];
	bool ok;

	if (script < 0)
		return false;
	out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0) {
		message_error(path, "cannot be made: %s", printable_errno(errno, why));
		close(script);
		return false;
	}
	ok = plot(script, out, path);
	if (close(out) && ok) {
		message_error(path, "cannot be written: %s", printable_errno(errno, why));
		ok = false;
	}
	close(script);
	if (!ok)
		unlink(path);
	return ok;
}
