/* SPDX-License-Identifier: Apache-2.0 */
#include "stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "locate.h"
#include "message.h"
#include "output.h"

/* Times below SPREAD_STEPS have a place of their own; above, the leading bits say which. */
static size_t place_of(uint64_t ns)
{
	unsigned shift = 0;

	while (ns >> shift >= 2 * SPREAD_STEPS)
		shift++;
	return (size_t)shift * SPREAD_STEPS + (size_t)(ns >> shift);
}

/* The middle of a place. */
static uint64_t time_of(size_t place)
{
	size_t shift = place < 2 * SPREAD_STEPS ? 0 : place / SPREAD_STEPS - 1;

	return ((uint64_t)(place - shift * SPREAD_STEPS) << shift) + ((uint64_t)1 << shift) / 2;
}

void spread_add(struct spread *s, uint64_t ns, uint64_t times)
{
	s->counts[place_of(ns)] += times;
	s->n += times;
}

uint64_t spread_quantile(const struct spread *s, double q)
{
	uint64_t wanted = (uint64_t)(q * (double)s->n), seen = 0;

	if (wanted < s->n)
		wanted++;
	for (size_t i = 0; s->n; i++) {
		seen += s->counts[i];
		if (seen >= wanted)
			return time_of(i);
	}
	return 0;
}

uint64_t stats_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

const char *stats_isa(void)
{
	enum tutela_isa isa;

	if (!locate_isa(&isa) || isa == TUTELA_ISA_AUTO)
		isa = tutela_cpu_best();
	return tutela_isa_name(isa);
}

void stats_print(json_t *object)
{
	size_t len;
	char *text = output_json_text(object, &len);

	message_hold();
	fwrite(text, 1, len, stderr);
	message_release();
	free(text);
}
