/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a verification costs, as ratios to OpenSSL's P-256 verification measured in the
 * same run: `bench [--json] [--quick]`. The evidence comes from simulated platforms that
 * share their authorities.
 */
#include "base/civil.h"
#include "base/json.h"
#include "crypto/private_key.h"
#include "sim/collateral.h"
#include "sim/quote.h"

#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <openssl/evp.h>

enum {
	MAX_PLATFORMS = 1000,
	NUM_SESSIONS = 256, /* quotes of one platform by different attestation keys */
	ROUNDS = 15,
	STACK_LEN = 1 << 20,
	STACK_PAINT = 0xa5,
	CACHE_PLATFORMS = 64, /* fewer than are cycled through: nothing is remembered */
};

static const int64_t moment = 1750809600; /* 2025-06-25T00:00:00Z */

/* A program's failure is a bug of the benchmark: say it and stop. */
#define MUST(expression) must(expression, &failure, #expression)

static struct cella_error failure;

static void must(enum cella_status status, const struct cella_error *err, const char *what)
{
	if (status == CELLA_OK)
		return;
	fprintf(stderr, "bench: %s: %s\n", what, err->text);
	exit(3);
}

/* Everything that is measured with. */
struct world {
	struct sim_platform *platforms[MAX_PLATFORMS];
	size_t num_platforms;
	struct out quotes[MAX_PLATFORMS];   /* one of each platform */
	struct out sessions[NUM_SESSIONS];  /* of the first platform, other keys */
	struct out requests[NUM_SESSIONS];  /* of the first platform, other report data */
	struct out parts[6];                /* of the collateral, as a service gives them */
	struct cella_collateral *collateral;
	struct out root;
	struct cella_verify_options options;
	struct cella_verifier *forgetful; /* remembers fewer platforms than there are */
	struct cella_verifier *mindful;
};

/* --- making the world ---------------------------------------------------------------- */

static void make_quote(const struct sim_platform *platform, uint8_t report_data,
		       const struct private_key *session, struct out *out)
{
	struct sim_quote quote = { 0 };
	size_t len = 0;

	MUST(sim_quote_init(platform, 4, QUOTE_BODY_TD_10, &quote, &failure));
	memset(sim_quote_body_field(&quote, "report_data", &len), report_data, 64);
	if (session != NULL)
		quote.attestation_key = session;
	MUST(sim_quote_finish(&quote, out, &failure));
	sim_quote_done(&quote);
}

static void make_platforms(struct world *w, size_t num)
{
	struct sim_config config;

	sim_config_init(&config, moment);
	for (size_t i = 0; i < num; i++) {
		MUST(sim_platform_new(&config, i > 0 ? w->platforms[0] : NULL,
				      &w->platforms[i], &failure));
		make_quote(w->platforms[i], 1, NULL, &w->quotes[i]);
	}
	w->num_platforms = num;
}

static void make_sessions(struct world *w)
{
	for (size_t i = 0; i < NUM_SESSIONS; i++) {
		struct private_key *key = NULL;

		MUST(private_key_generate(CRYPTO_P256, &key, &failure));
		make_quote(w->platforms[0], 1, key, &w->sessions[i]);
		make_quote(w->platforms[0], (uint8_t)i, NULL, &w->requests[i]);
		private_key_free(key);
	}
}

static void make_collateral(struct world *w)
{
	struct sim_collateral_spec spec;
	struct sim_collateral made = { 0 };
	struct out bundle = { 0 };

	sim_collateral_spec_init(&spec, SIM_TDX, moment);
	MUST(sim_collateral_make(w->platforms[0], &spec, &made, &failure));
	MUST(sim_collateral_write(&made, &bundle, &failure));
	MUST(cella_collateral_parse(bundle.data, bundle.len, &w->collateral, &failure));
	for (size_t i = 0; i < SIM_NUM_DOCUMENTS; i++) {
		static const char *const members[] = { "tcbInfo", "enclaveIdentity" };
		const struct sim_document *const d = &made.documents[i];
		struct out *const part = &w->parts[2 + i];

		out_format(part, "{\"%s\":%.*s,\"signature\":\"", members[i],
			   (int)d->text.len, (const char *)d->text.data);
		for (size_t k = 0; k < sizeof d->signature; k++)
			out_format(part, "%02x", d->signature[k]);
		out_text(part, "\"}");
		out_bytes(&w->parts[4 + i], made.crls[i].der.data, made.crls[i].der.len);
	}
	out_bytes(&w->parts[0], made.pck_crl_chain.data, made.pck_crl_chain.len);
	out_bytes(&w->parts[1], made.documents[0].chain.data, made.documents[0].chain.len);
	sim_collateral_done(&made);
	out_done(&bundle);
}

static void make_world(struct world *w, size_t num_platforms)
{
	static const enum sim_cert_id root[] = { SIM_ROOT };

	make_platforms(w, num_platforms);
	make_sessions(w);
	make_collateral(w);
	sim_chain_write(w->platforms[0], root, 1, &w->root);
	w->options = (struct cella_verify_options){
		.size = sizeof w->options,
		.time_choice = CELLA_TIME_AT,
		.time = moment,
		.root_choice = CELLA_ROOT_GIVEN,
		.root = out_view(&w->root),
		.report_data_expect = CELLA_EXPECT_ANY,
		.policy_expect = CELLA_EXPECT_ANY,
	};
	MUST(cella_verifier_new(CACHE_PLATFORMS, &w->forgetful, &failure));
	MUST(cella_verifier_new(4 * MAX_PLATFORMS, &w->mindful, &failure));
	cella_verifier_set_collateral(w->forgetful, w->collateral);
	cella_verifier_set_collateral(w->mindful, w->collateral);
}

static void free_world(struct world *w)
{
	for (size_t i = 0; i < w->num_platforms; i++) {
		out_done(&w->quotes[i]);
		/* The first one's authorities are shared: it goes last. */
		sim_platform_free(w->platforms[w->num_platforms - 1 - i]);
	}
	for (size_t i = 0; i < NUM_SESSIONS; i++) {
		out_done(&w->sessions[i]);
		out_done(&w->requests[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(w->parts); i++)
		out_done(&w->parts[i]);
	out_done(&w->root);
	cella_verifier_free(w->forgetful);
	cella_verifier_free(w->mindful);
	cella_collateral_unref(w->collateral);
}

/* --- measuring ----------------------------------------------------------------------- */

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare_doubles(const void *left, const void *right)
{
	const double a = *(const double *)left;
	const double b = *(const double *)right;

	return (a > b) - (a < b);
}

/* The median, over rounds, of the mean time of a call. */
static double measure(struct world *w, void (*run)(struct world *, size_t), size_t calls)
{
	double rounds[ROUNDS];
	size_t n = 0;

	for (size_t r = 0; r < ROUNDS; r++) {
		const double start = now_us();

		for (size_t i = 0; i < calls; i++)
			run(w, n++);
		rounds[r] = (now_us() - start) / (double)calls;
	}
	qsort(rounds, ROUNDS, sizeof rounds[0], compare_doubles);
	return rounds[ROUNDS / 2];
}

/* OpenSSL's own P-256 verification, as `openssl speed` makes it: a digest, a key in hand. */
struct baseline {
	EVP_PKEY *key;
	EVP_PKEY_CTX *ctx;
	unsigned char digest[32];
	unsigned char signature[80];
	size_t signature_len;
};

static struct baseline baseline;

static void baseline_init(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	EVP_PKEY_CTX *sign;

	if (EVP_PKEY_keygen_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, NID_X9_62_prime256v1) != 1 ||
	    EVP_PKEY_keygen(ctx, &baseline.key) != 1)
		exit(3);
	EVP_PKEY_CTX_free(ctx);
	sign = EVP_PKEY_CTX_new(baseline.key, NULL);
	baseline.signature_len = sizeof baseline.signature;
	if (EVP_PKEY_sign_init(sign) != 1 ||
	    EVP_PKEY_sign(sign, baseline.signature, &baseline.signature_len, baseline.digest,
			  sizeof baseline.digest) != 1)
		exit(3);
	EVP_PKEY_CTX_free(sign);
	baseline.ctx = EVP_PKEY_CTX_new(baseline.key, NULL);
	if (EVP_PKEY_verify_init(baseline.ctx) != 1)
		exit(3);
}

static void run_baseline(struct world *w, size_t n)
{
	(void)w;
	(void)n;
	if (EVP_PKEY_verify(baseline.ctx, baseline.signature, baseline.signature_len,
			    baseline.digest, sizeof baseline.digest) != 1)
		exit(3);
}

/* --- what is measured ---------------------------------------------------------------- */

static struct cella_evidence *parse_quote(const struct out *quote)
{
	struct cella_evidence *evidence = NULL;

	MUST(cella_evidence_parse(quote->data, quote->len, &evidence, &failure));
	return evidence;
}

static struct cella_collateral *parse_parts(const struct world *w)
{
	struct cella_collateral_builder *builder = NULL;
	struct cella_collateral *collateral = NULL;

	MUST(cella_collateral_builder_new(&builder, &failure));
	for (size_t i = 0; i < ARRAY_LEN(w->parts); i++)
		MUST(cella_collateral_builder_add(builder, "part", w->parts[i].data,
						  w->parts[i].len, &failure));
	MUST(cella_collateral_builder_finish(builder, &collateral, &failure));
	cella_collateral_builder_free(builder);
	return collateral;
}

static void expect_accepted(struct cella_verdict *verdict)
{
	if (cella_verdict_result(verdict) != CELLA_ACCEPTED) {
		fprintf(stderr, "bench: a good quote was refused\n");
		exit(3);
	}
	cella_verdict_free(verdict);
}

static void verify_by(struct world *w, struct cella_verifier *verifier,
		      const struct out *quote)
{
	struct cella_evidence *const evidence = parse_quote(quote);
	struct cella_verdict *verdict = NULL;

	MUST(cella_verifier_verify(verifier, evidence, &w->options, &verdict, &failure));
	expect_accepted(verdict);
	cella_evidence_unref(evidence);
}

static void run_cold(struct world *w, size_t n)
{
	struct cella_evidence *const evidence = parse_quote(&w->quotes[n % w->num_platforms]);
	struct cella_collateral *const collateral = parse_parts(w);
	struct cella_verdict *verdict = NULL;

	MUST(cella_verify(evidence, collateral, &w->options, &verdict, &failure));
	expect_accepted(verdict);
	cella_collateral_unref(collateral);
	cella_evidence_unref(evidence);
}

static void run_new_platform(struct world *w, size_t n)
{
	verify_by(w, w->forgetful, &w->quotes[n % w->num_platforms]);
}

static void run_known_chain(struct world *w, size_t n)
{
	verify_by(w, w->forgetful, &w->sessions[n % NUM_SESSIONS]);
}

static void run_known_key(struct world *w, size_t n)
{
	verify_by(w, w->mindful, &w->requests[n % NUM_SESSIONS]);
}

static void run_parse_quote(struct world *w, size_t n)
{
	cella_evidence_unref(parse_quote(&w->quotes[n % w->num_platforms]));
}

static void run_parse_collateral(struct world *w, size_t n)
{
	(void)n;
	cella_collateral_unref(parse_parts(w));
}

static const struct row {
	const char *id;
	const char *title;
	void (*run)(struct world *, size_t);
	size_t calls;
	double verifications; /* P-256 verifications that it cannot do without; 0: none */
	double target;        /* at most so many times those; 0: no target */
} rows[] = {
	{ "cold", "everything cold in memory", run_cold, 40, 10, 2.0 },
	{ "new_platform", "a new platform, collateral known", run_new_platform, 200, 4, 2.0 },
	{ "known_chain", "PCK chain known too", run_known_chain, 400, 2, 1.3 },
	{ "known_key", "same attestation key and QE report again", run_known_key, 800, 1,
	  1.5 },
	{ "parse_quote", "parsing a quote alone", run_parse_quote, 20000, 0, 0 },
	{ "parse_collateral", "collateral alone: parsing and 7 signatures",
	  run_parse_collateral, 40, 7, 0 },
};

/* --- memory -------------------------------------------------------------------------- */

static void *run_on_painted_stack(void *world)
{
	struct world *const w = world;

	run_new_platform(w, 1);
	run_known_key(w, 1);
	return NULL;
}

/* The bytes of stack that verifications touch. */
static size_t stack_use(struct world *w)
{
	uint8_t *const stack = aligned_alloc(4096, STACK_LEN);
	pthread_attr_t attributes;
	pthread_t thread;
	size_t untouched = 0;

	if (stack == NULL)
		exit(3);
	memset(stack, STACK_PAINT, STACK_LEN);
	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, stack, STACK_LEN);
	if (pthread_create(&thread, &attributes, run_on_painted_stack, w) != 0)
		exit(3);
	pthread_join(thread, NULL);
	while (untouched < STACK_LEN && stack[untouched] == STACK_PAINT)
		untouched++;
	free(stack);
	return STACK_LEN - untouched;
}

/* The bytes by which the heap grows over many warm verifications. */
static size_t heap_growth(struct world *w, size_t calls)
{
	size_t before;
	size_t after;

	for (size_t i = 0; i < NUM_SESSIONS; i++)
		run_known_key(w, i);
	before = mallinfo2().uordblks;
	for (size_t i = 0; i < calls; i++)
		run_known_key(w, i);
	after = mallinfo2().uordblks;
	return after > before ? after - before : 0;
}

/* --- telling ------------------------------------------------------------------------- */

struct teller {
	json_t *json; /* NULL: a table */
	double p256_us;
};

static void tell(const struct teller *t, const struct row *row, double us)
{
	const double ratio = us / t->p256_us;
	const double per_limit = row->verifications > 0 ? ratio / row->verifications : 0;

	if (t->json != NULL) {
		json_array_append_new(
			t->json,
			json_pack("{s:s, s:f, s:f, s:f, s:f, s:f}", "id", row->id, "us", us,
				  "p256_verifications", ratio, "limit", row->verifications,
				  "times_limit", per_limit, "target", row->target));
		return;
	}
	printf("  %-44s %9.1f us %8.2f x", row->title, us, ratio);
	if (row->verifications > 0)
		printf("   %5.2f x of %2.0f", per_limit, row->verifications);
	if (row->target > 0)
		printf("   target %.1f: %s", row->target,
		       per_limit <= row->target ? "met" : "MISSED");
	printf("\n");
}

static void tell_scaling(struct world *w, const struct teller *t)
{
	static const size_t sizes[] = { 1, 10, 100, 1000 };
	const size_t all = w->num_platforms;

	for (size_t i = 0; i < ARRAY_LEN(sizes) && sizes[i] <= all; i++) {
		char id[32];
		char title[64];
		struct row row = { .id = id, .title = title, .verifications = 1 };

		snprintf(id, sizeof id, "platforms_%zu", sizes[i]);
		snprintf(title, sizeof title, "seen before, among %zu platforms", sizes[i]);
		w->num_platforms = sizes[i];
		for (size_t k = 0; k < sizes[i]; k++)
			verify_by(w, w->mindful, &w->quotes[k]);
		{
			double rounds[ROUNDS];

			for (size_t r = 0; r < ROUNDS; r++) {
				const double start = now_us();

				for (size_t k = 0; k < 1000; k++)
					verify_by(w, w->mindful, &w->quotes[k % sizes[i]]);
				rounds[r] = (now_us() - start) / 1000;
			}
			qsort(rounds, ROUNDS, sizeof rounds[0], compare_doubles);
			tell(t, &row, rounds[ROUNDS / 2]);
		}
	}
	w->num_platforms = all;
}

int main(int argc, char **argv)
{
	struct world *const w = calloc(1, sizeof *w);
	struct teller teller = { 0 };
	struct rusage usage;
	size_t num_platforms = MAX_PLATFORMS;
	size_t heap;
	size_t stack;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			teller.json = json_array();
		else if (strcmp(argv[i], "--quick") == 0)
			num_platforms = 2 * CACHE_PLATFORMS;
		else
			return fprintf(stderr, "usage: bench [--json] [--quick]\n"), 2;
	}
	if (w == NULL)
		return 3;
	make_world(w, num_platforms);
	baseline_init();
	teller.p256_us = measure(w, run_baseline, 400);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		tell(&teller, &rows[i], measure(w, rows[i].run, rows[i].calls));
	tell_scaling(w, &teller);
	heap = heap_growth(w, 10000);
	stack = stack_use(w);
	getrusage(RUSAGE_SELF, &usage);
	(void)heap;
	(void)stack;
	free_world(w);
	free(w);
	return 0;
}
