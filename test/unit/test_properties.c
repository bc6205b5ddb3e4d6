/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Good files, byte by byte: the maker's and real ones. The argument chooses a part, since
 * each takes long.
 */
#include "maker.h"
#include "property.h"

#include "evidence/quote.h"
#include "verify/verdict.h"

#include <stdio.h>

/* --- made ---------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum maker_tee tee;
	uint16_t version;
	enum quote_body type;
} kinds[] = {
	{ "SGX v3", MAKER_SGX, 3, QUOTE_BODY_SGX },
	{ "SGX v5", MAKER_SGX, 5, QUOTE_BODY_SGX },
	{ "TDX v4", MAKER_TDX, 4, QUOTE_BODY_TD_10 },
	{ "TDX v5, TD 1.5", MAKER_TDX, 5, QUOTE_BODY_TD_15 },
	{ "TDX v5, TD 1.5 extended", MAKER_TDX, 5, QUOTE_BODY_TD_15EX },
};

static void make(size_t kind, struct maker *m, struct out *bundle,
		 struct property_case *c)
{
	CASE(kinds[kind].name);
	maker_init(m, kinds[kind].tee);
	maker_set_version(m, kinds[kind].version, kinds[kind].type);
	maker_build(m);
	out_zeros(&m->quote, 3);
	maker_bundle(m, bundle);
	*c = (struct property_case){ .name = kinds[kind].name,
				     .quote = out_view(&m->quote),
				     .collateral = out_view(bundle) };
	maker_options(m, &c->options);
}

static void made_quotes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct property_case c;
		struct out bundle = { 0 };
		struct maker m;

		make(i, &m, &bundle, &c);
		property_prefixes(&c);
		property_quote_bytes(&c);
		property_rewritten(&c);
		out_done(&bundle);
		maker_done(&m);
	}
}

static void made_collateral(void **state)
{
	static const size_t chosen[] = { 0, 3 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(chosen); i++) {
		struct property_case c;
		struct out bundle = { 0 };
		struct maker m;

		make(chosen[i], &m, &bundle, &c);
		property_collateral_bytes(&c);
		out_done(&bundle);
		maker_done(&m);
	}
}

/* --- real ---------------------------------------------------------------------------- */

static const struct {
	const char *quote;
	const char *collateral; /* NULL: none */
	const char *time;
} vectors[] = {
	{ "tdx/tdx-v4-b0c06f.quote", "tdx/tdx-v4-b0c06f.collateral.json",
	  "2025-06-25T00:00:00Z" },
	{ "sgx/sgx-v3-00a067.quote", "sgx/sgx-v3-00a067.collateral.json",
	  "2025-06-25T00:00:00Z" },
	{ "tdx/tdx-v5-90c06f.quote", "tdx/tdx-v5-90c06f.collateral.json",
	  "2026-02-25T00:00:00Z" },
	{ "tdx/tdx-v5-alibaba-90c06f.quote", NULL, "2026-02-25T00:00:00Z" },
	{ "tdx/tdx-v4-debug-50806f.quote", NULL, "2026-02-25T00:00:00Z" },
	{ "tdx/tdx-v4-tdx03-00a06d.quote", NULL, "2026-02-25T00:00:00Z" },
	{ "tdx/tdx-v4-gcp-cos113.quote", NULL, "2026-02-25T00:00:00Z" },
	{ "sgx/sgx-v3-00606a.quote", NULL, "2026-02-25T00:00:00Z" },
	{ "azure-vtpm/td.quote", NULL, "2026-02-25T00:00:00Z" },
};

static void read_vector(size_t i, struct out *quote, struct out *bundle,
			struct property_case *c)
{
	CASE(vectors[i].quote);
	*quote = vector_read(vectors[i].quote);
	*bundle = (struct out){ 0 };
	if (vectors[i].collateral != NULL)
		*bundle = vector_read(vectors[i].collateral);
	*c = (struct property_case){
		.name = vectors[i].quote,
		.quote = out_view(quote),
		.collateral = out_view(bundle),
		.options = { .size = sizeof c->options,
			     .time_choice = CELLA_TIME_AT,
			     .time = time_at(vectors[i].time),
			     .root_choice = CELLA_ROOT_INTEL,
			     .report_data_expect = CELLA_EXPECT_ANY,
			     .policy_expect = CELLA_EXPECT_ANY },
	};
}

static void real_quotes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct property_case c;
		struct out quote, bundle;

		read_vector(i, &quote, &bundle, &c);
		property_prefixes(&c);
		property_quote_bytes(&c);
		if (bundle.len > 0)
			property_rewritten(&c);
		out_done(&quote);
		out_done(&bundle);
	}
}

static void real_collateral(size_t i)
{
	struct property_case c;
	struct out quote, bundle;

	read_vector(i, &quote, &bundle, &c);
	property_collateral_bytes(&c);
	out_done(&quote);
	out_done(&bundle);
}

static void real_collateral_of_tdx_v4(void **state)
{
	(void)state;
	real_collateral(0);
}

static void real_collateral_of_sgx_v3(void **state)
{
	(void)state;
	real_collateral(1);
}

static void real_collateral_of_tdx_v5(void **state)
{
	(void)state;
	real_collateral(2);
}

/* --- TD reports ---------------------------------------------------------------------- */

/* Which bytes of a report its own hashes cover; the rest only the CPU can check. */
static bool is_hashed(size_t at)
{
	return (at >= 32 && at < 128) || (at >= 256 && at < 495) || at >= 512;
}

static void real_reports(void **state)
{
	static const char *const names[] = { "tdx/tdreport-alibaba.bin",
					     "tdx/tdreport-spr.bin" };
	static const uint8_t bits[] = { 0x01, 0x80 };

	(void)state;
	for (size_t n = 0; n < ARRAY_LEN(names); n++) {
		struct out report = vector_read(names[n]);

		CASE(names[n]);
		for (size_t len = 0; len < report.len; len++) {
			struct cella_evidence *evidence = NULL;
			struct cella_error err = { 0 };

			CHECK_STATUS(
				CELLA_MALFORMED,
				cella_evidence_parse(report.data, len, &evidence, &err));
		}
		for (size_t i = 0; i < 2 * report.len; i++) {
			struct cella_evidence *evidence = NULL;
			struct cella_error err = { 0 };
			char *text = NULL;

			report.data[i / 2] ^= bits[i % 2];
			if (cella_evidence_parse(report.data, report.len, &evidence,
						 &err) == CELLA_OK) {
				CHECK_OK(cella_evidence_describe(evidence, false, &text,
								 &err));
				CHECK_INT(is_hashed(i / 2),
					  strstr(text, "DO NOT MATCH") != NULL);
			} else {
				CHECK_TRUE(i / 2 < 16); /* type, version, reserved */
			}
			free(text);
			cella_evidence_unref(evidence);
			report.data[i / 2] ^= bits[i % 2];
		}
		out_done(&report);
	}
}

/* Each part is a test of its own for whoever runs them: they take long, and in parallel. */
static const struct {
	const char *name;
	struct CMUnitTest test;
	bool needs_vectors;
} parts[] = {
	{ "made-quotes", cmocka_unit_test(made_quotes), false },
	{ "made-collateral", cmocka_unit_test(made_collateral), false },
	{ "real-quotes", cmocka_unit_test(real_quotes), true },
	{ "real-reports", cmocka_unit_test(real_reports), true },
	{ "real-collateral-tdx-v4", cmocka_unit_test(real_collateral_of_tdx_v4), true },
	{ "real-collateral-sgx-v3", cmocka_unit_test(real_collateral_of_sgx_v3), true },
	{ "real-collateral-tdx-v5", cmocka_unit_test(real_collateral_of_tdx_v5), true },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < ARRAY_LEN(parts); i++) {
		const struct CMUnitTest tests[] = { parts[i].test };

		if (strcmp(parts[i].name, argv[1]) != 0)
			continue;
		if (parts[i].needs_vectors && !has_folder("CELLA_VECTORS"))
			return 0;
		return cmocka_run_group_tests(tests, NULL, NULL);
	}
	fputs("usage: test-properties PART\n", stderr);
	return 2;
}
