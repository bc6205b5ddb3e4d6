/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One verifier, used by many threads while its collateral is replaced: verdicts stay what
 * they are for one thread. Under ThreadSanitizer, a race fails the test as well.
 */
#include "support.h"

#include "maker.h"

#include <pthread.h>

enum { THREADS = 4, ROUNDS = 40, SWAPS = 60 };

struct shared {
	struct cella_verifier *verifier;
	struct cella_evidence *good;
	struct cella_evidence *forged;
	struct cella_verify_options options;
};

/* What one thread saw. */
struct worker {
	pthread_t thread;
	struct shared *shared;
	unsigned seen[CELLA_UNDECIDED + 1]; /* verdicts on the good quote */
	unsigned forgeries_not_rejected;
	unsigned errors;
};

static enum cella_result judge(struct worker *w, struct cella_evidence *evidence)
{
	struct cella_verdict *verdict = NULL;
	struct cella_error err = { 0 };
	enum cella_result result = CELLA_REJECTED;

	if (cella_verifier_verify(w->shared->verifier, evidence, &w->shared->options,
				  &verdict, &err) == CELLA_OK)
		result = cella_verdict_result(verdict);
	else
		w->errors++;
	cella_verdict_free(verdict);
	return result;
}

static void *work(void *arg)
{
	struct worker *const w = arg;

	for (int i = 0; i < ROUNDS; i++) {
		w->seen[judge(w, w->shared->good)]++;
		if (judge(w, w->shared->forged) != CELLA_REJECTED)
			w->forgeries_not_rejected++;
	}
	return NULL;
}

static struct cella_evidence *evidence_of(const struct out *bytes)
{
	struct cella_evidence *evidence = NULL;
	struct cella_error err = { 0 };

	CHECK_OK(cella_evidence_parse(bytes->data, bytes->len, &evidence, &err));
	return evidence;
}

static struct cella_collateral *collateral_of(const struct out *bytes)
{
	struct cella_collateral *collateral = NULL;
	struct cella_error err = { 0 };

	CHECK_OK(cella_collateral_parse(bytes->data, bytes->len, &collateral, &err));
	return collateral;
}

/* New collateral, the same again, and none at all. */
static void swap_collateral(struct shared *shared, const struct out *bundle)
{
	for (int i = 0; i < SWAPS; i++) {
		struct cella_collateral *const next = i % 3 == 2 ? NULL
								 : collateral_of(bundle);

		cella_verifier_set_collateral(shared->verifier, next);
		cella_collateral_unref(next);
	}
}

static void run_threads(struct shared *shared, const struct out *bundle, bool swap,
			struct worker workers[THREADS])
{
	for (size_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .shared = shared };
		CHECK_INT(0, pthread_create(&workers[i].thread, NULL, work, &workers[i]));
	}
	if (swap)
		swap_collateral(shared, bundle);
	for (size_t i = 0; i < THREADS; i++)
		CHECK_INT(0, pthread_join(workers[i].thread, NULL));
}

static void check_workers(const struct worker workers[THREADS], bool swapped)
{
	for (size_t i = 0; i < THREADS; i++) {
		CHECK_INT(0, workers[i].errors);
		CHECK_INT(0, workers[i].forgeries_not_rejected);
		CHECK_INT(0, workers[i].seen[CELLA_REJECTED]);
		CHECK_INT(ROUNDS, workers[i].seen[CELLA_ACCEPTED] +
					  workers[i].seen[CELLA_UNDECIDED]);
		if (!swapped)
			CHECK_INT(ROUNDS, workers[i].seen[CELLA_ACCEPTED]);
	}
}

static void shared_verifier_gives_each_thread_its_verdict(void **state)
{
	struct worker workers[THREADS];
	struct cella_error err = { 0 };
	struct cella_collateral *collateral;
	struct shared shared = { 0 };
	struct out bundle = { 0 };
	struct maker m;

	(void)state;
	maker_init(&m, MAKER_TDX);
	maker_build(&m);
	maker_bundle(&m, &bundle);
	maker_options(&m, &shared.options);
	shared.good = evidence_of(&m.quote);
	m.quote.data[100] ^= 1;
	shared.forged = evidence_of(&m.quote);
	CHECK_OK(cella_verifier_new(8, &shared.verifier, &err));
	collateral = collateral_of(&bundle);
	cella_verifier_set_collateral(shared.verifier, collateral);
	cella_collateral_unref(collateral);

	run_threads(&shared, &bundle, false, workers);
	check_workers(workers, false);
	run_threads(&shared, &bundle, true, workers);
	check_workers(workers, true);

	cella_verifier_free(shared.verifier);
	cella_evidence_unref(shared.good);
	cella_evidence_unref(shared.forged);
	out_done(&bundle);
	maker_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shared_verifier_gives_each_thread_its_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
