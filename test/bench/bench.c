/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a verification costs, as ratios to OpenSSL's P-256 verification measured in the
 * same run: `bench [--json] [--quick]`. The evidence comes from simulated platforms that
 * share their authorities.
 */
#include "commands.h"

#include "appraise/appraise.h"
#include "appraise/judge.h"
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

#include <openssl/ec.h>
#include <openssl/evp.h>

enum {
	MAX_PLATFORMS = 1000,
	NUM_SESSIONS = 256, /* quotes of one platform by different attestation keys */
	ROUNDS = 15,
	STACK_LEN = 1 << 20,
	STACK_PAINT = 0xa5,
	BASELINE_CALLS = 100,
	COMMAND_TARGET_MS = 100,
	CACHE_PLATFORMS = 64, /* fewer than are cycled through: nothing is remembered */
};

static const int64_t moment = 1750809600; /* 2025-06-25T00:00:00Z */

/* A program's failure is a bug of the benchmark: say it and stop. */
#define MUST(expression) must(expression, &failure, #expression)

static struct cella_error failure;

static void must(enum cella_status status, const struct cella_error *err,
		 const char *what)
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
	struct out quotes[MAX_PLATFORMS];  /* one of each platform */
	struct out sessions[NUM_SESSIONS]; /* of the first platform, other keys */
	struct out requests[NUM_SESSIONS]; /* of the first platform, other report data */
	struct out parts[6]; /* of the collateral, as a service gives them */
	struct cella_collateral *collateral;
	struct out root;
	struct cella_verify_options options;
	struct cella_policy *policy; /* that names every measurement */
	struct cella_verify_options with_policy;
	struct cella_verdict *facts; /* of the first quote, before anything is judged */
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

/* Platforms of one vendor carry the very certificates of its authorities. */
static void share_authorities(const struct sim_platform *from, struct sim_platform *to)
{
	static const enum sim_cert_id shared[] = { SIM_ROOT, SIM_CA, SIM_SIGNER };

	for (size_t i = 0; i < ARRAY_LEN(shared); i++) {
		struct out *const der = &to->certs[shared[i]].der;

		out_done(der);
		out_bytes(der, from->certs[shared[i]].der.data,
			  from->certs[shared[i]].der.len);
	}
}

static void make_platforms(struct world *w, size_t num)
{
	struct sim_config config;

	sim_config_init(&config, moment);
	for (size_t i = 0; i < num; i++) {
		MUST(sim_platform_new(&config, i > 0 ? w->platforms[0] : NULL,
				      &w->platforms[i], &failure));
		if (i > 0)
			share_authorities(w->platforms[0], w->platforms[i]);
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
	out_bytes(&w->parts[1], made.documents[0].chain.data,
		  made.documents[0].chain.len);
	sim_collateral_done(&made);
	out_done(&bundle);
}

/* A policy as `cella policy new` makes it, and facts for it to judge. */
static void make_policy(struct world *w)
{
	const struct cella_policy_options local = { .size = sizeof local,
						    .source = CELLA_POLICY_LOCAL };
	struct cella_evidence *evidence = NULL;
	struct cella_policy_draft draft = { .size = sizeof draft, .with_platform = true };
	const char *warning = NULL;
	char *text = NULL;

	MUST(cella_evidence_parse(w->quotes[0].data, w->quotes[0].len, &evidence,
				  &failure));
	draft.facts = cella_evidence_facts(evidence);
	MUST(cella_policy_write(&draft, &text, &warning, &failure));
	MUST(cella_policy_parse(text, strlen(text), &local, &w->policy, &failure));
	cella_free(text);
	w->with_policy = w->options;
	w->with_policy.policy_expect = CELLA_EXPECT_EXACT;
	w->with_policy.policies = &w->policy;
	w->with_policy.num_policies = 1;
	w->facts = calloc(1, sizeof *w->facts);
	if (w->facts == NULL)
		exit(3);
	w->facts->evidence = evidence;
	w->facts->collateral = cella_collateral_ref(w->collateral);
	w->facts->time = moment;
	MUST(dcap_verify(w->facts, w->platforms[0]->certs[SIM_ROOT].spec.point.data,
			 false, &(struct verify_caches){ 0 }, &failure));
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
	make_policy(w);
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
	cella_verdict_free(w->facts);
	cella_policy_unref(w->policy);
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
	    EVP_PKEY_sign(sign, baseline.signature, &baseline.signature_len,
			  baseline.digest, sizeof baseline.digest) != 1)
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

/* --- pairs --------------------------------------------------------------------------- */

struct figure {
	double us;    /* a call's time */
	double ratio; /* to a P-256 verification's, measured next to it */
};

static double time_calls(struct world *w, void (*run)(struct world *, size_t),
			 size_t first, size_t calls)
{
	const double start = now_us();

	for (size_t i = 0; i < calls; i++)
		run(w, first + i);
	return (now_us() - start) / (double)calls;
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof values[0], compare_doubles);
	return values[ROUNDS / 2];
}

/* Medians over rounds; in each, the baseline is measured beside what is compared to it. */
static struct figure measure(struct world *w, void (*run)(struct world *, size_t),
			     size_t calls)
{
	double times[ROUNDS];
	double ratios[ROUNDS];

	for (size_t r = 0; r < ROUNDS; r++) {
		double baseline_us = time_calls(w, run_baseline, 0, BASELINE_CALLS);

		times[r] = time_calls(w, run, r * calls, calls);
		baseline_us += time_calls(w, run_baseline, 0, BASELINE_CALLS);
		ratios[r] = times[r] / (baseline_us / 2);
	}
	return (struct figure){ median(times), median(ratios) };
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
	struct cella_evidence *const evidence =
		parse_quote(&w->quotes[n % w->num_platforms]);
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

/* Everything after the signatures: dates, status, attributes, policy, answers. */
static void run_judge(struct world *w, size_t n)
{
	static struct cella_verdict verdict;

	(void)n;
	verdict = *w->facts;
	verdict.arena = (struct arena){ 0 };
	MUST(judge(&verdict, &w->with_policy, &failure));
	if (verdict.result != CELLA_ACCEPTED)
		exit(3);
	appraise_done(&verdict);
	arena_done(&verdict.arena);
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
	{ "new_platform", "a new platform, collateral known", run_new_platform, 200, 4,
	  2.0 },
	{ "known_chain", "PCK chain known too", run_known_chain, 400, 2, 1.3 },
	{ "known_key", "same attestation key and QE report again", run_known_key, 800, 1,
	  1.5 },
	{ "parse_quote", "parsing a quote alone", run_parse_quote, 20000, 0, 0 },
	{ "judge", "judging alone, with a policy of 14 keys", run_judge, 4000, 0, 0 },
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

/* json is NULL for a table. */
static void tell(json_t *json, const struct row *row, struct figure f)
{
	const double per_limit = row->verifications > 0 ? f.ratio / row->verifications
							: 0;

	if (json != NULL) {
		json_array_append_new(
			json, json_pack("{s:s, s:f, s:f, s:f, s:f, s:f}", "id", row->id,
					"us", f.us, "p256_verifications", f.ratio,
					"limit", row->verifications, "times_limit",
					per_limit, "target", row->target));
		return;
	}
	printf("  %-44s %9.1f us %8.2f x", row->title, f.us, f.ratio);
	if (row->verifications > 0)
		printf("   %5.2f x of %2.0f", per_limit, row->verifications);
	if (row->target > 0)
		printf("   target %.1f: %s", row->target,
		       per_limit <= row->target ? "met" : "MISSED");
	printf("\n");
}

static void run_seen(struct world *w, size_t n)
{
	verify_by(w, w->mindful, &w->quotes[n % w->num_platforms]);
}

/* What it costs to know 1, 10, 100, 1000 platforms. */
static void tell_scaling(struct world *w, json_t *json)
{
	static const size_t sizes[] = { 1, 10, 100, 1000 };
	const size_t all = w->num_platforms;

	for (size_t i = 0; i < ARRAY_LEN(sizes) && sizes[i] <= all; i++) {
		char id[32];
		char title[64];
		const struct row row = { .id = id, .title = title, .verifications = 1 };

		snprintf(id, sizeof id, "platforms_%zu", sizes[i]);
		snprintf(title, sizeof title, "seen before, among %zu platforms",
			 sizes[i]);
		w->num_platforms = sizes[i];
		for (size_t k = 0; k < sizes[i]; k++)
			run_seen(w, k);
		tell(json, &row, measure(w, run_seen, 1000));
	}
	w->num_platforms = all;
}

struct memory {
	size_t heap_growth;
	size_t stack;
	long peak_rss_kib;
	double per_second; /* verifications on one core, of known platforms */
	double p256_us;    /* one of OpenSSL's */
	double doctor_ms;  /* of CPU time, that `cella doctor` takes on this machine */
	double quote_ms;   /* and `cella quote` of the simulated platform */
};

static void measure_memory(struct world *w, struct memory *out)
{
	struct rusage usage;

	out->heap_growth = heap_growth(w, 10000);
	out->stack = stack_use(w);
	out->per_second = 1e6 / measure(w, run_known_key, 1000).us;
	out->p256_us = measure(w, run_baseline, 400).us;
	getrusage(RUSAGE_SELF, &usage);
	out->peak_rss_kib = usage.ru_maxrss;
}

static void tell_memory(const struct memory *m)
{
	printf("\n  %-44s %9.0f a second on one core\n",
	       "verifications, everything known", m->per_second);
	printf("  %-44s %9zu bytes\n", "heap growth over 10000 verifications",
	       m->heap_growth);
	printf("  %-44s %9zu bytes   target < 65536: %s\n", "stack of a verification",
	       m->stack, m->stack < 65536 ? "met" : "MISSED");
	printf("  %-44s %9ld KiB\n", "peak memory of this program, 1000 platforms",
	       m->peak_rss_kib);
	printf("  %-44s %9.1f us\n", "OpenSSL's P-256 verification", m->p256_us);
	printf("  %-44s %9.1f ms      target < 100: %s\n", "CPU time of 'cella doctor'",
	       m->doctor_ms, m->doctor_ms < COMMAND_TARGET_MS ? "met" : "MISSED");
	printf("  %-44s %9.1f ms      target < 100: %s\n",
	       "CPU time of 'cella quote', simulated", m->quote_ms,
	       m->quote_ms < COMMAND_TARGET_MS ? "met" : "MISSED");
}

static void print_json(json_t *rows_json, const struct memory *m)
{
	json_t *root CLEANUP_JSON = json_pack(
		"{s:f, s:O, s:f, s:I, s:I, s:I, s:f, s:f}", "p256_verify_us", m->p256_us,
		"rows", rows_json, "verifications_per_second", m->per_second,
		"heap_growth_bytes", (json_int_t)m->heap_growth, "stack_bytes",
		(json_int_t)m->stack, "peak_rss_kib", (json_int_t)m->peak_rss_kib,
		"doctor_cpu_ms", m->doctor_ms, "quote_cpu_ms", m->quote_ms);

	if (root == NULL || json_dumpf(root, stdout, JSON_INDENT(2)) != 0)
		exit(3);
	putchar('\n');
}

int main(int argc, char **argv)
{
	struct world *const w = calloc(1, sizeof *w);
	json_t *json = NULL;
	struct memory memory;
	size_t num_platforms = MAX_PLATFORMS;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			json = json_array();
		} else if (strcmp(argv[i], "--quick") == 0) {
			num_platforms = 2 * CACHE_PLATFORMS;
		} else {
			fputs("usage: bench [--json] [--quick]\n", stderr);
			return 2;
		}
	}
	if (w == NULL)
		return 3;
	make_world(w, num_platforms);
	baseline_init();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		tell(json, &rows[i], measure(w, rows[i].run, rows[i].calls));
	tell_scaling(w, json);
	measure_memory(w, &memory);
	memory.doctor_ms = commands_doctor_ms();
	memory.quote_ms = commands_quote_ms();
	if (json != NULL)
		print_json(json, &memory);
	else
		tell_memory(&memory);
	json_decref(json);
	free_world(w);
	free(w);
	return 0;
}
