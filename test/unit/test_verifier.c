/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier context, shared by threads: what it remembers never changes a verdict, and
 * its collateral may be replaced at any time.
 */
#include "maker.h"
#include "support.h"

#include <pthread.h>
#include <stdatomic.h>

/* Two platforms of two authorities, and quotes of them that are good or forged. */
enum { NUM_MAKERS = 2, NUM_QUOTES = 8, NUM_SETS = 5, NUM_WAYS = 4 };

static struct maker makers[NUM_MAKERS];
static struct cella_evidence *quotes[NUM_QUOTES];
static struct cella_collateral *sets[NUM_SETS]; /* the last one: NULL */
static struct out roots[NUM_MAKERS];

/* What each verification comes to, without any context. */
static char *expected[NUM_QUOTES][NUM_SETS][NUM_WAYS];

static struct cella_evidence *quote_with(struct maker *m, size_t at, uint8_t change)
{
	struct cella_evidence *evidence;

	m->quote.data[at] ^= change;
	evidence = maker_evidence(m);
	m->quote.data[at] ^= change;
	return evidence;
}

/* Ways to ask: now or after everything has expired, under the one root or the other. */
static void options_of(size_t way, struct cella_verify_options *options)
{
	*options = (struct cella_verify_options){
		.size = sizeof *options,
		.time_choice = CELLA_TIME_AT,
		.time = time_at(way % 2 == 0 ? MAKER_NOW : "2025-09-01T00:00:00Z"),
		.root_choice = CELLA_ROOT_GIVEN,
		.root = out_view(&roots[way / 2]),
		.report_data_expect = CELLA_EXPECT_ANY,
		.policy_expect = CELLA_EXPECT_ANY,
	};
}

static char *json_of(struct cella_verdict *verdict)
{
	struct cella_error err = { 0 };
	char *text = NULL;

	if (cella_verdict_json(verdict, &text, &err) != CELLA_OK)
		text = NULL;
	cella_verdict_free(verdict);
	return text;
}

static char *judge_alone(size_t quote, size_t set, size_t way)
{
	struct cella_verify_options options;
	struct cella_verdict *verdict = NULL;
	struct cella_error err = { 0 };

	options_of(way, &options);
	CHECK_OK(cella_verify(quotes[quote], sets[set], &options, &verdict, &err));
	return json_of(verdict);
}

static void make_quotes(void)
{
	struct maker *const m = &makers[0];

	quotes[0] = quote_with(m, 0, 0);
	quotes[1] = quote_with(m, 200, 1);           /* body */
	quotes[2] = quote_with(m, 636 + 9, 1);       /* signature */
	quotes[3] = quote_with(m, 700 + 9, 1);       /* attestation key */
	quotes[4] = quote_with(m, 770 + 70, 1);      /* QE report */
	quotes[5] = quote_with(m, 1154 + 9, 1);      /* its signature */
	quotes[6] = quote_with(m, 1154 + 64 + 5, 1); /* authentication data */
	quotes[7] = quote_with(&makers[1], 0, 0);    /* another platform and root */
}

static void make_sets(void)
{
	struct maker *const m = &makers[0];

	sets[0] = maker_collateral(m);
	/* The platform is revoked. */
	m->crls[MAKER_PCK_CRL].revoked[1] = m->certs[MAKER_PCK].serial;
	out_done(&m->crl_der[MAKER_PCK_CRL]);
	maker_crl(m, &m->crls[MAKER_PCK_CRL], &m->crl_der[MAKER_PCK_CRL]);
	sets[1] = maker_collateral(m);
	/* Newer documents, by which it is out of date. */
	m->tcb_info.from = m->identity.from = "2025-08-20T00:00:00Z";
	m->tcb_info.to = m->identity.to = "2025-09-20T00:00:00Z";
	m->levels[0].status = "OutOfDate";
	maker_documents(m);
	sets[2] = maker_collateral(m);
	sets[3] = maker_collateral(&makers[1]);
}

static int set_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM_MAKERS; i++) {
		maker_init(&makers[i], MAKER_TDX);
		maker_build(&makers[i]);
		roots[i] = makers[i].der[MAKER_ROOT];
	}
	make_quotes();
	make_sets();
	for (size_t q = 0; q < NUM_QUOTES; q++)
		for (size_t s = 0; s < NUM_SETS; s++)
			for (size_t w = 0; w < NUM_WAYS; w++)
				expected[q][s][w] = judge_alone(q, s, w);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (size_t q = 0; q < NUM_QUOTES; q++) {
		for (size_t s = 0; s < NUM_SETS; s++)
			for (size_t w = 0; w < NUM_WAYS; w++)
				free(expected[q][s][w]);
		cella_evidence_unref(quotes[q]);
	}
	for (size_t s = 0; s < NUM_SETS; s++)
		cella_collateral_unref(sets[s]);
	for (size_t i = 0; i < NUM_MAKERS; i++)
		maker_done(&makers[i]);
	return 0;
}

static struct cella_verifier *verifier_new(size_t max_platforms)
{
	struct cella_verifier *verifier = NULL;
	struct cella_error err = { 0 };

	CHECK_OK(cella_verifier_new(max_platforms, &verifier, &err));
	return verifier;
}

static char *judge(struct cella_verifier *verifier, size_t quote, size_t way)
{
	struct cella_verify_options options;
	struct cella_verdict *verdict = NULL;
	struct cella_error err = { 0 };

	options_of(way, &options);
	if (cella_verifier_verify(verifier, quotes[quote], &options, &verdict, &err) !=
	    CELLA_OK)
		return NULL;
	return json_of(verdict);
}

/* What is tested below is worth something only if the cases differ. */
static void cases_differ(void **state)
{
	(void)state;
	CHECK_TEXT_HAS(expected[0][0][0], "\"verdict\": \"accepted\"");
	CHECK_TEXT_HAS(expected[7][3][2], "\"verdict\": \"accepted\"");
	CHECK_TEXT_HAS(expected[0][4][0], "\"verdict\": \"unknown\"");
	for (size_t q = 1; q < NUM_QUOTES; q++)
		CHECK_TEXT_HAS(expected[q][0][0], "\"verdict\": \"rejected\"");
	for (size_t s = 1; s < NUM_SETS; s++)
		CHECK_TRUE(strcmp(expected[0][0][0], expected[0][s][0]) != 0);
	for (size_t w = 1; w < NUM_WAYS; w++)
		CHECK_TRUE(strcmp(expected[0][0][0], expected[0][0][w]) != 0);
}

/* Cold and warm, the good quote before its forgeries and after them, across everything. */
static void memory_changes_no_verdict(void **state)
{
	static const size_t capacities[] = { 1, 1000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(capacities); i++) {
		struct cella_verifier *const verifier = verifier_new(capacities[i]);

		for (size_t n = 0; n < 3 * NUM_QUOTES * NUM_SETS * NUM_WAYS; n++) {
			/* Steps that visit all cases, each next to others each time. */
			const size_t step = n * 37 % (NUM_QUOTES * NUM_SETS * NUM_WAYS);
			const size_t q = step % NUM_QUOTES;
			const size_t s = step / NUM_QUOTES % NUM_SETS;
			const size_t w = step / NUM_QUOTES / NUM_SETS;
			char *json;

			cella_verifier_set_collateral(verifier, sets[s]);
			for (int again = 0; again < 2; again++) {
				json = judge(verifier, q, w);
				CHECK_TEXT(expected[q][s][w], json);
				free(json);
			}
		}
		cella_verifier_free(verifier);
	}
}

static void context_without_collateral(void **state)
{
	struct cella_verifier *const verifier = verifier_new(1);
	char *json = judge(verifier, 0, 0);

	(void)state;
	CHECK_TEXT(expected[0][4][0], json);
	free(json);
	cella_verifier_set_collateral(verifier, sets[0]);
	cella_verifier_set_collateral(verifier, NULL);
	json = judge(verifier, 0, 0);
	CHECK_TEXT(expected[0][4][0], json);
	free(json);
	cella_verifier_free(verifier);
}

static void sizes_of_contexts(void **state)
{
	static const size_t bad[] = { 0, ((size_t)1 << 20) + 1, SIZE_MAX };
	struct cella_verifier *verifier = NULL;
	struct cella_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK_STATUS(CELLA_USAGE, cella_verifier_new(bad[i], &verifier, &err));
	assert_null(verifier);
}

/* --- threads ------------------------------------------------------------------------- */

enum { NUM_THREADS = 4, NUM_ROUNDS = 150 };

struct shared {
	struct cella_verifier *verifier;
	atomic_bool is_over;
	atomic_uint num_wrong;
	atomic_uint num_good;
};

struct worker {
	pthread_t thread;
	struct shared *shared;
	size_t number;
};

/* The collateral changes meanwhile, so that the verdict is that of one of the sets. */
static bool is_one_of_the_expected(const char *json, size_t quote, size_t way)
{
	for (size_t s = 0; json != NULL && s < NUM_SETS; s++)
		if (strcmp(expected[quote][s][way], json) == 0)
			return true;
	return false;
}

static void *verify_again_and_again(void *argument)
{
	struct worker *const worker = argument;
	struct shared *const shared = worker->shared;

	for (size_t i = 0; i < NUM_ROUNDS; i++) {
		const size_t quote = (i * 5 + worker->number) % NUM_QUOTES;
		const size_t way = (i + worker->number) / 3 % NUM_WAYS;
		char *const json = judge(shared->verifier, quote, way);

		if (is_one_of_the_expected(json, quote, way))
			atomic_fetch_add(&shared->num_good, 1);
		else
			atomic_fetch_add(&shared->num_wrong, 1);
		free(json);
	}
	return NULL;
}

static void *replace_again_and_again(void *argument)
{
	struct shared *const shared = argument;

	for (size_t i = 0; !atomic_load(&shared->is_over); i++)
		cella_verifier_set_collateral(shared->verifier, sets[i % NUM_SETS]);
	return NULL;
}

/* One thread parses anew what others hold, as a service does when it fetches. */
static void *parse_again_and_again(void *argument)
{
	struct shared *const shared = argument;
	struct out bundle = { 0 };

	maker_bundle(&makers[1], &bundle);
	while (!atomic_load(&shared->is_over)) {
		struct cella_collateral *set = NULL;
		struct cella_error err = { 0 };

		if (cella_collateral_parse(bundle.data, bundle.len, &set, &err) !=
		    CELLA_OK)
			atomic_fetch_add(&shared->num_wrong, 1);
		cella_verifier_set_collateral(shared->verifier, set);
		cella_collateral_unref(set);
	}
	out_done(&bundle);
	return NULL;
}

static void collateral_replaced_while_others_verify(void **state)
{
	struct shared shared = { .verifier = verifier_new(2) };
	struct worker workers[NUM_THREADS];
	pthread_t replacer, parser;

	(void)state;
	assert_int_equal(
		0, pthread_create(&replacer, NULL, replace_again_and_again, &shared));
	assert_int_equal(0,
			 pthread_create(&parser, NULL, parse_again_and_again, &shared));
	for (size_t i = 0; i < NUM_THREADS; i++) {
		workers[i] = (struct worker){ .shared = &shared, .number = i };
		assert_int_equal(0, pthread_create(&workers[i].thread, NULL,
						   verify_again_and_again, &workers[i]));
	}
	for (size_t i = 0; i < NUM_THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	atomic_store(&shared.is_over, true);
	pthread_join(replacer, NULL);
	pthread_join(parser, NULL);
	CHECK_INT(0, shared.num_wrong);
	CHECK_INT(NUM_THREADS * NUM_ROUNDS, shared.num_good);
	cella_verifier_free(shared.verifier);
}

/* One verdict, read by many; and the same evidence judged by many without a context. */
static void *read_again_and_again(void *argument)
{
	struct shared *const shared = argument;

	for (size_t i = 0; i < NUM_ROUNDS / 10; i++) {
		struct cella_verify_options options;
		struct cella_verdict *verdict = NULL;
		struct cella_error err = { 0 };
		char *json;

		options_of(0, &options);
		if (cella_verify(quotes[0], sets[0], &options, &verdict, &err) !=
		    CELLA_OK) {
			atomic_fetch_add(&shared->num_wrong, 1);
			continue;
		}
		json = json_of(verdict);
		if (json == NULL || strcmp(expected[0][0][0], json) != 0)
			atomic_fetch_add(&shared->num_wrong, 1);
		free(json);
	}
	return NULL;
}

static void inputs_are_shared_without_a_context(void **state)
{
	struct shared shared = { 0 };
	pthread_t threads[NUM_THREADS];

	(void)state;
	for (size_t i = 0; i < NUM_THREADS; i++)
		assert_int_equal(0, pthread_create(&threads[i], NULL,
						   read_again_and_again, &shared));
	for (size_t i = 0; i < NUM_THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK_INT(0, shared.num_wrong);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases_differ),
		cmocka_unit_test(memory_changes_no_verdict),
		cmocka_unit_test(context_without_collateral),
		cmocka_unit_test(sizes_of_contexts),
		cmocka_unit_test(collateral_replaced_while_others_verify),
		cmocka_unit_test(inputs_are_shared_without_a_context),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
