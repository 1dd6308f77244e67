/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs and checkpoints as somebody else may have written them. The first byte
 * chooses: a checkpoint's text; an export, line by line; the rows of a store,
 * the second byte saying how they stand. What a verification says must agree
 * with itself, and a log that holds must hold again; a gap must be one that a
 * record names.
 */
#include "fuzz.h"
#include "store/audit_log.h"
#include "trust/audit_chain.h"

static void check_point(const uint8_t *data, size_t size)
{
	char text[TUTELA_CHECKPOINT_TEXT_MAX], *exact = (char *)exact_copy(data, size);
	struct tutela_audit_checkpoint p, again;
	enum tutela_err err = tutela_audit_checkpoint_parse(exact, size, &p);
	size_t len = tutela_audit_checkpoint_format(&p, text);

	require(err == TUTELA_OK || err == TUTELA_E_FORMAT || err == TUTELA_E_VERSION);
	require(err ? !len && !p.number : len == size && !memcmp(text, exact, len));
	if (!err)
		require(!tutela_audit_checkpoint_parse(text, len, &again) && !memcmp(&p, &again, sizeof p));
	free(exact);
}

static void check_verdict(const struct tutela_audit_verdict *v, enum tutela_err err)
{
	require(err == (v->bad || v->n_gaps ? TUTELA_E_CORRUPT : TUTELA_OK));
	require(!v->bad == !*v->reason && memchr(v->reason, '\0', sizeof v->reason));
	require(v->n_gaps <= TUTELA_AUDIT_GAPS_MAX);
	require(!v->bad || v->records < v->bad);
	for (size_t i = 0; i < v->n_gaps; i++) {
		const struct tutela_audit_gap *g = &v->gaps[i];

		require(g->first && g->first <= g->last && g->last < g->repaired && *g->reason);
		require(!i || v->gaps[i - 1].last < g->first);
	}
}

/* Lines, or rows: those that begin with '!' are damaged, with '~' missing. */
static void feed(struct tutela_audit_check *c, const char *at, const char *end, bool rows)
{
	c->placed = rows;
	while (at < end) {
		const char *lf = memchr(at, '\n', (size_t)(end - at)), *stop = lf ? lf : end;
		char *exact = (char *)exact_copy((const uint8_t *)at, (size_t)(stop - at));
		enum tutela_err err;

		if (rows && *at == '!')
			err = tutela_audit_check_damaged(c, exact, (size_t)(stop - at));
		else if (rows && *at == '~')
			err = tutela_audit_check_missing(c, c->number + 1,
							 c->number + 1 + (stop - at > 1 ? (uint8_t)at[1] : 0));
		else
			err = tutela_audit_check_record(c, exact, (size_t)(stop - at));
		free(exact);
		require(!err || err == TUTELA_E_CORRUPT || err == TUTELA_E_NOMEM);
		if (err)
			break;
		at = lf ? lf + 1 : end;
	}
}

static void check_log(const uint8_t *data, size_t size, bool rows, unsigned points)
{
	struct tutela_audit_checkpoint p[3] = {{.number = 1}, {.number = 4}, {.number = 2}};
	struct tutela_audit_verdict first, second;
	struct tutela_audit_check *c;
	enum tutela_err err;

	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 3; i++)
			memset(p[i].store, 0, sizeof p[i].store);
		require(!tutela_audit_check_new(p, points % 4, &c));
		feed(c, (const char *)data, (const char *)data + size, rows);
		err = tutela_audit_check_end(c, round ? &second : &first);
		check_verdict(round ? &second : &first, err);
	}
	require(!memcmp(&first, &second, sizeof first));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	if (data[0] % 4 == 0)
		check_point(data + 1, size - 1);
	else
		check_log(data + 2, size - 2, data[0] % 4 == 2, data[0] % 4 == 3 ? data[1] : 0);
	return 0;
}
