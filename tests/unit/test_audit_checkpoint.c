/* SPDX-License-Identifier: Apache-2.0 */
#include "store_data.h"

#include <tutela/audit.h>

static const char good[] = "tutela-audit-checkpoint 1\n"
			   "store 01234567-89ab-4cde-8f01-23456789abcd\n"
			   "number 42\n"
			   "head 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
			   "time 2026-11-24T09:00:00Z\n";

Test(audit_checkpoint, text_and_back)
{
	struct tutela_audit_checkpoint cp;
	char text[TUTELA_CHECKPOINT_TEXT_MAX];

	OK(tutela_audit_checkpoint_parse(good, sizeof good - 1, &cp));
	cr_assert_str_eq(cp.store, "01234567-89ab-4cde-8f01-23456789abcd");
	cr_assert_eq(cp.number, 42);
	cr_assert_eq(cp.head[31], 31);
	cr_assert_eq(cp.time, 1795510800);
	cr_assert_eq(tutela_audit_checkpoint_format(&cp, text), sizeof good - 1);
	cr_assert_str_eq(text, good);
	cp.number = 0;
	cr_assert_eq(tutela_audit_checkpoint_format(&cp, text), 0);
	cp.number = 1;
	cp.time = -1;
	cr_assert_eq(tutela_audit_checkpoint_format(&cp, text), 0);
	cp.time = 0;
	cp.store[3] = 'G';
	cr_assert_eq(tutela_audit_checkpoint_format(&cp, text), 0);
}

/* Every prefix, every byte changed, every line away: never the same checkpoint, mostly none. */
Test(audit_checkpoint, nothing_else_is_one)
{
	struct tutela_audit_checkpoint cp, first;
	char text[sizeof good + 8];

	OK(tutela_audit_checkpoint_parse(good, sizeof good - 1, &first));
	for (size_t len = 0; len < sizeof good - 1; len++)
		cr_assert_neq(tutela_audit_checkpoint_parse(good, len, &cp), TUTELA_OK);
	for (size_t i = 0; i < sizeof good - 1; i++) {
		memcpy(text, good, sizeof good);
		text[i] ^= 0x20;
		cr_assert_neq(tutela_audit_checkpoint_parse(text, sizeof good - 1, &cp), TUTELA_OK, "byte %zu", i);
		memcpy(text, good, sizeof good);
		text[i] ^= 1;
		if (!tutela_audit_checkpoint_parse(text, sizeof good - 1, &cp))
			cr_assert_neq(memcmp(&cp, &first, sizeof cp), 0, "byte %zu", i);
	}
	memcpy(text, good, sizeof good);
	text[24] = '2';
	FAILS(tutela_audit_checkpoint_parse(text, sizeof good - 1, &cp), TUTELA_E_VERSION);
	snprintf(text, sizeof text, "%s\n", good);
	FAILS(tutela_audit_checkpoint_parse(text, sizeof good, &cp), TUTELA_E_FORMAT);
	FAILS(tutela_audit_checkpoint_parse(NULL, 0, &cp), TUTELA_E_FORMAT);
}
