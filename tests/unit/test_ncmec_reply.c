/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <tutela/feed_page.h>

#define NS " xmlns=\"https://hashsharing.ncmec.org/hashsharing/v2\""

struct rows {
	size_t n, stop_at;
	struct tutela_ncmec_row at[8];
};

static bool on_row(void *ctx, const struct tutela_ncmec_row *row)
{
	struct rows *r = ctx;

	cr_assert_lt(r->n, 8);
	r->at[r->n++] = *row;
	return r->n != r->stop_at;
}

static enum tutela_err read_text(enum tutela_ncmec_reply what, const char *text, struct rows *rows, const char **why)
{
	return tutela_ncmec_read(what, text, strlen(text), on_row, rows, why);
}

Test(ncmec_reply, status)
{
	struct rows *r = calloc(1, sizeof *r);
	const char *why;

	cr_assert_eq(read_text(TUTELA_NCMEC_STATUS,
			       "<status" NS "><ipAddress>192.0.2.1</ipAddress><username>demo</username>"
			       "<member id=\"7\">Demo Org</member></status>",
			       r, &why),
		     TUTELA_OK);
	cr_assert_eq(r->n, 1);
	cr_assert_eq(r->at[0].member, 7);
	cr_assert_str_eq(r->at[0].name, "demo");
	free(r);
}

/* Reference client, defect 3: it looked for a child named like the root element, and so failed. */
Test(ncmec_reply, reasons)
{
	struct rows *r = calloc(1, sizeof *r);
	const char *why;

	cr_assert_eq(read_text(TUTELA_NCMEC_REASONS,
			       "<availableFeedbackReasons" NS "><reason guid=\"g1\" name=\"One\" type=\"Sha1\"/>"
			       "<reason guid=\"g2\" name=\"Two &amp; more\" type=\"Sha1\"/></availableFeedbackReasons>",
			       r, &why),
		     TUTELA_OK);
	cr_assert_eq(r->n, 2);
	cr_assert_str_eq(r->at[0].guid, "g1");
	cr_assert_str_eq(r->at[1].name, "Two & more");
	cr_assert_str_eq(r->at[1].type, "Sha1");
	r->n = 0;
	r->stop_at = 1;
	cr_assert_eq(
		read_text(TUTELA_NCMEC_REASONS,
			  "<availableFeedbackReasons><reason guid='a'/><reason guid='b'/></availableFeedbackReasons>",
			  r, &why),
		TUTELA_OK);
	cr_assert_eq(r->n, 1);
	free(r);
}

Test(ncmec_reply, members)
{
	struct rows *r = calloc(1, sizeof *r);
	const char *why;

	cr_assert_eq(read_text(TUTELA_NCMEC_MEMBERS,
			       "<members" NS "><member id=\"1\">A</member><member id=\"2\">B</member></members>", r,
			       &why),
		     TUTELA_OK);
	cr_assert_eq(r->n, 2);
	cr_assert_eq(r->at[1].member, 2);
	cr_assert_str_eq(r->at[1].name, "B");
	free(r);
}

Test(ncmec_reply, what_is_none_is_refused)
{
	struct rows *r = calloc(1, sizeof *r);
	char *big = calloc(1, (1 << 20) + 2);
	const char *why;

	cr_assert_eq(read_text(TUTELA_NCMEC_STATUS, "<members/>", r, &why), TUTELA_E_FORMAT);
	cr_assert_str_eq(why, "it is another document than was asked for");
	cr_assert_eq(read_text(TUTELA_NCMEC_MEMBERS, "<members><member id='x'/></members>", r, &why), TUTELA_E_FORMAT);
	cr_assert_str_eq(why, "a member's id is not a number");
	cr_assert_eq(read_text(TUTELA_NCMEC_MEMBERS, "<!DOCTYPE a []><members/>", r, &why), TUTELA_E_FORMAT);
	cr_assert_eq(read_text(TUTELA_NCMEC_MEMBERS, "<members>", r, &why), TUTELA_E_FORMAT);
	cr_assert_eq(read_text(TUTELA_NCMEC_MEMBERS, "", r, &why), TUTELA_E_FORMAT);
	memset(big, 'x', (1 << 20) + 1);
	cr_assert_eq(read_text(TUTELA_NCMEC_MEMBERS, big, r, &why), TUTELA_E_TOOBIG);
	memcpy(big, "<members><member id='1'>", 24);
	big[5000] = '\0';
	cr_assert_eq(read_text(TUTELA_NCMEC_MEMBERS, big, r, &why), TUTELA_E_FORMAT);
	cr_assert_str_eq(why, "a text of it is too long");
	cr_assert_eq(r->n, 0);
	free(big);
	free(r);
}

Test(ncmec_reply, votes)
{
	char buf[TUTELA_NCMEC_VOTE_MAX];

	cr_assert_eq(tutela_ncmec_vote(NULL, buf), strlen(buf));
	cr_assert(strstr(buf, "<feedbackSubmission" NS "><affirmative/></feedbackSubmission>"));
	cr_assert_gt(tutela_ncmec_vote("01234567-abcd-0123-4567-0123456789AB", buf), 0);
	cr_assert(strstr(
		buf, "<negative><reasonIds><guid>01234567-abcd-0123-4567-0123456789AB</guid></reasonIds></negative>"));
	cr_assert_eq(tutela_ncmec_vote("01234567-abcd-0123-4567-0123456789A<", buf), 0);
	cr_assert_eq(tutela_ncmec_vote("", buf), 0);
	cr_assert_str_eq(buf, "");
}
