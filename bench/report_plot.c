/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERIES_MAX 32
#define POINTS_MAX 64

/* One line of a diagram: the same kind of search among different numbers of codes. */
struct series {
	char name[160];
	struct point {
		double codes, p50, p99;
	} points[POINTS_MAX];
	size_t n;
};

struct diagram {
	struct series series[SERIES_MAX];
	size_t n;
};

static const char *text_of(const json_t *line, const char *key)
{
	const char *s = json_string_value(json_object_get(line, key));

	return s ? s : "";
}

/* Quotes and control characters would end a gnuplot string. */
static void clean(char *s)
{
	for (; *s; s++)
		if (*s == '\'' || (unsigned char)*s < ' ')
			*s = ' ';
}

/* What does not fit is left out and said. */
static void add(struct diagram *d, const char *name, const json_t *line)
{
	struct series *s = d->series;

	while (s < d->series + d->n && strcmp(s->name, name) != 0)
		s++;
	if (s == d->series + SERIES_MAX || s->n == POINTS_MAX) {
		fprintf(stderr, "report: '%s': too many to draw; left out\n", name);
		return;
	}
	if (s == d->series + d->n) {
		snprintf(s->name, sizeof s->name, "%s", name);
		d->n++;
	}
	s->points[s->n++] = (struct point){json_number_value(json_object_get(line, "codes")),
					   json_number_value(json_object_get(line, "p50_us")),
					   json_number_value(json_object_get(line, "p99_us"))};
}

static int compare(const void *a, const void *b)
{
	const struct point *x = a, *y = b;

	return (x->codes > y->codes) - (x->codes < y->codes);
}

static void collect(const json_t *lines, struct diagram *ours, struct diagram *peers)
{
	const json_t *line;
	char name[160];
	size_t i;

	json_array_foreach(lines, i, line)
	{
		const char *bench = text_of(line, "bench");
		bool alone = strcmp(bench, "search") == 0 && strcmp(text_of(line, "what"), "single") == 0;

		if (!alone && (strcmp(bench, "peers_search") != 0 || strcmp(text_of(line, "part"), "steady") != 0))
			continue;
		snprintf(name, sizeof name, "%s, %s", alone ? text_of(line, "mode") : text_of(line, "what"),
			 text_of(line, "data"));
		clean(name);
		add(alone ? ours : peers, name, line);
	}
}

static void put_data(struct diagram *d, char letter)
{
	for (size_t i = 0; i < d->n; i++) {
		struct series *s = &d->series[i];

		qsort(s->points, s->n, sizeof s->points[0], compare);
		printf("$%c%zu << END\n", letter, i);
		for (size_t j = 0; j < s->n; j++)
			printf("%.0f %.3f %.3f\n", s->points[j].codes, s->points[j].p50, s->points[j].p99);
		puts("END");
	}
}

/* The median drawn through, the 99th percentile dotted, in one colour. The points are sorted. */
static void put_plot(const struct diagram *d, char letter, const char *title)
{
	double least = d->series[0].points[0].codes, most = least;

	for (size_t i = 0; i < d->n; i++) {
		const struct series *s = &d->series[i];

		least = s->points[0].codes < least ? s->points[0].codes : least;
		most = s->points[s->n - 1].codes > most ? s->points[s->n - 1].codes : most;
	}
	printf("set title '%s'\nset xrange [%.0f:%.0f]\nplot ", title, least / 1.5, most * 1.5);
	for (size_t i = 0; i < d->n; i++)
		printf("%s$%c%zu using 1:2 with linespoints lc %zu pt 7 ps 0.6 title '%s', "
		       "$%c%zu using 1:3 with linespoints lc %zu dt 3 pt 6 ps 0.6 notitle",
		       i ? ", \\\n     " : "", letter, i, i + 1, d->series[i].name, letter, i, i + 1);
	putchar('\n');
}

bool report_plot(const json_t *lines, const char *svg)
{
	struct diagram *d = calloc(2, sizeof *d);
	int panels;

	if (!d)
		return false;
	collect(lines, &d[0], &d[1]);
	panels = (d[0].n > 0) + (d[1].n > 0);
	if (panels) {
		put_data(&d[0], 'a');
		put_data(&d[1], 'b');
		printf("set terminal svg noenhanced size %d,480 font 'sans-serif,11' background 'white'\n"
		       "set output '%s'\n"
		       "set multiplot layout 1,%d\n"
		       "set logscale xy\n"
		       "set format x '%%.0s%%c'\n"
		       "set xlabel 'codes'\n"
		       "set ylabel 'us a query: median; dotted: 99th percentile'\n"
		       "set grid\n"
		       "set linetype 5 lc rgb 'gray40'\n"
		       "set key below vertical maxcols 1\n",
		       560 * panels, svg, panels);
		if (d[0].n)
			put_plot(&d[0], 'a', "one look-up, radius 31, all matches, one core");
		if (d[1].n)
			put_plot(&d[1], 'b', "beside faiss, in one run");
		puts("unset multiplot\nset output");
	}
	free(d);
	return panels > 0;
}
