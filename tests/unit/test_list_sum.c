/* SPDX-License-Identifier: Apache-2.0 */
#include "store_data.h"

#include "store/list_sum.h"
#include "store/lists.h"

static struct tutela_hash pdq(uint64_t seed)
{
	return hash_of(TUTELA_ALG_PDQ, seed);
}

/* Both sums of a list, made by a walk; and those that the store keeps are the same. */
static void sums(struct tutela_store *s, const char *list, uint8_t *issued, uint8_t *effective)
{
	struct tutela_snapshot *snap = snapshot_of(s);
	uint8_t kept[LIST_SUM_LEN];
	struct list_row made = {0};

	/* Known from the first entry on. */
	cr_assert(snap->view->n_lists == 1 && snap->view->lists[0].summed);
	OK(tutela_sum_list(snap, list, &made));
	tutela_sum_bytes(&made.issued, issued);
	tutela_sum_bytes(&made.effective, effective);
	OK(tutela_snapshot_digest(snap, list, TUTELA_DIGEST_ISSUED, kept));
	cr_assert_eq(memcmp(kept, issued, sizeof kept), 0);
	OK(tutela_snapshot_digest(snap, list, TUTELA_DIGEST_EFFECTIVE, kept));
	cr_assert_eq(memcmp(kept, effective, sizeof kept), 0);
	tutela_snapshot_close(snap);
}

static void decide(struct tutela_store *s, const char *id, enum tutela_status status)
{
	struct tutela_update *u = update_on(s, "a", TUTELA_MERGE);

	OK(tutela_update_decide(u, text(id), status, text("here")));
	commit(s, u);
}

static void undecide(struct tutela_store *s, const char *id)
{
	struct tutela_update *u = update_on(s, "a", TUTELA_MERGE);

	OK(tutela_update_undecide(u, text(id)));
	commit(s, u);
}

Test(list_sum, does_not_depend_on_the_way)
{
	uint8_t first[LIST_SUM_LEN], again[LIST_SUM_LEN], zero[LIST_SUM_LEN] = {0}, effective[LIST_SUM_LEN];
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	put_one(s, "a", record_of("1", pdq(1)));
	put_one(s, "a", record_of("2", pdq(2)));
	sums(s, "a", first, effective);
	cr_assert(memcmp(first, zero, sizeof zero));
	cr_assert_eq(memcmp(first, effective, sizeof first), 0);
	put_one(s, "a", record_of("1", pdq(3)));
	sums(s, "a", again, effective);
	cr_assert(memcmp(first, again, sizeof first));
	put_one(s, "a", record_of("1", pdq(1)));
	put_one(s, "a", record_of("3", pdq(4)));
	set_status(s, "a", "3", TUTELA_WITHDRAWN);
	sums(s, "a", again, effective);
	cr_assert_eq(memcmp(first, again, sizeof first), 0);
	set_status(s, "a", "1", TUTELA_WITHDRAWN);
	set_status(s, "a", "2", TUTELA_WITHDRAWN);
	sums(s, "a", again, effective);
	cr_assert_eq(memcmp(again, zero, sizeof zero), 0);
	store_unmake(s, path);
}

Test(list_sum, local_decisions_change_what_is_in_force_alone)
{
	uint8_t first[LIST_SUM_LEN], issued[LIST_SUM_LEN], effective[LIST_SUM_LEN], withdrawn[LIST_SUM_LEN];
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	put_one(s, "a", record_of("1", pdq(1)));
	sums(s, "a", withdrawn, effective);
	put_one(s, "a", record_of("2", pdq(2)));
	sums(s, "a", first, effective);
	decide(s, "2", TUTELA_WITHDRAWN);
	sums(s, "a", issued, effective);
	cr_assert_eq(memcmp(first, issued, sizeof first), 0);
	cr_assert_eq(memcmp(withdrawn, effective, sizeof first), 0);
	undecide(s, "2");
	sums(s, "a", issued, effective);
	cr_assert_eq(memcmp(first, effective, sizeof first), 0);
	store_unmake(s, path);
}

/* As a list from before there were digests is. */
static void forget_sums(struct tutela_store *s)
{
	struct session w;
	struct list_row row;

	OK(tutela_session_begin(s, false, &w));
	OK(tutela_list_get(s, w.txn, "a", &row));
	row.summed = false;
	OK(tutela_list_put(s, w.txn, &row));
	OK(tutela_session_commit(&w));
	tutela_session_end(&w);
}

Test(list_sum, a_list_without_sums_gets_them)
{
	uint8_t issued[LIST_SUM_LEN], effective[LIST_SUM_LEN];
	struct tutela_store *s;
	char path[64];

	s = store_make(path);
	put_one(s, "a", record_of("1", pdq(1)));
	forget_sums(s);
	OK(tutela_sum_keep(s, "a"));
	sums(s, "a", issued, effective);
	FAILS(tutela_sum_keep(s, "none"), TUTELA_E_NOTFOUND);
	store_unmake(s, path);
}
