/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated platform: everything that it makes is exact in format and gets the verdict
 * that was asked for.
 */
#include "support.h"

#include "collateral/bundle.h"
#include "evidence/evidence.h"
#include "fetch/files.h"
#include "sim/collateral.h"
#include "sim/quote.h"
#include "verify/verdict.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const int64_t now = INT64_C(1767225600); /* 2026-01-01T00:00:00Z */

static struct sim_platform *platform;

static int make_platform(void **state)
{
	struct sim_config config;

	(void)state;
	sim_config_init(&config, now);
	return sim_platform_new(&config, NULL, &platform, NULL) == CELLA_OK ? 0 : -1;
}

static int free_platform(void **state)
{
	(void)state;
	sim_platform_free(platform);
	return 0;
}

/* --- asking cella -------------------------------------------------------------------- */

static struct cella_verdict *judge(const struct sim_platform *by, struct out *quote,
				   struct out *collateral)
{
	struct cella_verify_options options = {
		.size = sizeof options,
		.time_choice = CELLA_TIME_AT,
		.time = now,
		.root_choice = CELLA_ROOT_GIVEN,
		.root = out_view(&by->certs[SIM_ROOT].der),
		.report_data_expect = CELLA_EXPECT_ANY,
		.policy_expect = CELLA_EXPECT_ANY,
		.flags = CELLA_VERIFY_STRICT,
	};
	struct cella_evidence *evidence = NULL;
	struct cella_collateral *documents = NULL;
	struct cella_verdict *verdict = NULL;
	struct cella_error err = { 0 };

	CHECK_OK(cella_evidence_parse(quote->data, quote->len, &evidence, &err));
	CHECK_OK(cella_collateral_parse(collateral->data, collateral->len, &documents,
					&err));
	CHECK_OK(cella_verify(evidence, documents, &options, &verdict, &err));
	cella_collateral_unref(documents);
	cella_evidence_unref(evidence);
	out_done(quote);
	out_done(collateral);
	return verdict;
}

static struct out collateral_text(const struct sim_platform *by,
				  const struct sim_collateral_spec *spec)
{
	struct sim_collateral made = { 0 };
	struct cella_error err = { 0 };
	struct out text = { 0 };

	CHECK_OK(sim_collateral_make(by, spec, &made, &err));
	CHECK_OK(sim_collateral_write(&made, &text, &err));
	sim_collateral_done(&made);
	return text;
}

static struct out quote_bytes(const struct sim_platform *by, uint16_t version,
			      enum quote_body body, bool relaunch)
{
	struct sim_quote quote = { 0 };
	struct cella_error err = { 0 };
	struct out bytes = { 0 };
	size_t len = 0;

	CHECK_OK(sim_quote_init(by, version, body, &quote, &err));
	if (relaunch)
		sim_quote_body_field(&quote, "tee_tcb_svn", &len)[0]--;
	CHECK_OK(sim_quote_finish(&quote, &bytes, &err));
	sim_quote_done(&quote);
	return bytes;
}

static enum cella_tcb_status status_of(const struct sim_platform *by, uint16_t version,
				       enum quote_body body, bool relaunch,
				       const struct sim_collateral_spec *spec)
{
	struct out quote = quote_bytes(by, version, body, relaunch);
	struct out text = collateral_text(by, spec);
	struct cella_verdict *const verdict = judge(by, &quote, &text);
	const enum cella_tcb_status status = cella_verdict_status(verdict);
	const bool is_accepted = cella_verdict_result(verdict) == CELLA_ACCEPTED;

	assert_int_equal(status == CELLA_TCB_UP_TO_DATE, is_accepted);
	assert_memory_equal("private:", cella_verdict_root(verdict), 8);
	cella_verdict_free(verdict);
	return status;
}

/* --- verdicts ------------------------------------------------------------------------ */

static const struct {
	uint16_t version;
	enum quote_body body;
} kinds[] = {
	{ 3, QUOTE_BODY_SGX },     { 4, QUOTE_BODY_SGX },   { 5, QUOTE_BODY_SGX },
	{ 4, QUOTE_BODY_TD_10 },   { 5, QUOTE_BODY_TD_10 }, { 5, QUOTE_BODY_TD_15 },
	{ 5, QUOTE_BODY_TD_15EX },
};

static void every_kind_of_quote_is_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct sim_collateral_spec spec;

		sim_collateral_spec_init(
			&spec, kinds[i].body == QUOTE_BODY_SGX ? SIM_SGX : SIM_TDX, now);
		assert_int_equal(CELLA_TCB_UP_TO_DATE,
				 status_of(platform, kinds[i].version, kinds[i].body,
					   false, &spec));
	}
}

static void every_status_can_be_had(void **state)
{
	(void)state;
	for (int i = CELLA_TCB_UP_TO_DATE; i < CELLA_TCB_COUNT; i++) {
		const bool relaunch =
			i == CELLA_TCB_TD_RELAUNCH_ADVISED ||
			i == CELLA_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED;
		struct sim_collateral_spec spec;

		sim_collateral_spec_init(&spec, SIM_TDX, now);
		spec.platform = (enum cella_tcb_status)i;
		assert_int_equal(
			i, status_of(platform, 5, QUOTE_BODY_TD_15, relaunch, &spec));
		if (relaunch)
			continue;
		assert_int_equal(i,
				 status_of(platform, 4, QUOTE_BODY_TD_10, false, &spec));
		spec.tee = SIM_SGX;
		assert_int_equal(i, status_of(platform, 3, QUOTE_BODY_SGX, false, &spec));
	}
}

/* Intel's matrix of converged statuses (the module's or the QE's standing matters). */
static const struct {
	enum cella_tcb_status platform;
	enum cella_tcb_status component;
	enum cella_tcb_status converged;
} convergence[] = {
	{ CELLA_TCB_UP_TO_DATE, CELLA_TCB_OUT_OF_DATE, CELLA_TCB_OUT_OF_DATE },
	{ CELLA_TCB_UP_TO_DATE, CELLA_TCB_REVOKED, CELLA_TCB_REVOKED },
	{ CELLA_TCB_UP_TO_DATE, CELLA_TCB_NOT_SUPPORTED, CELLA_TCB_NOT_SUPPORTED },
	{ CELLA_TCB_SW_HARDENING_NEEDED, CELLA_TCB_OUT_OF_DATE, CELLA_TCB_OUT_OF_DATE },
	{ CELLA_TCB_SW_HARDENING_NEEDED, CELLA_TCB_REVOKED, CELLA_TCB_REVOKED },
	{ CELLA_TCB_CONFIGURATION_NEEDED, CELLA_TCB_OUT_OF_DATE,
	  CELLA_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED },
	{ CELLA_TCB_CONFIGURATION_NEEDED, CELLA_TCB_REVOKED, CELLA_TCB_REVOKED },
	{ CELLA_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED, CELLA_TCB_OUT_OF_DATE,
	  CELLA_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED },
	{ CELLA_TCB_OUT_OF_DATE, CELLA_TCB_OUT_OF_DATE, CELLA_TCB_OUT_OF_DATE },
	{ CELLA_TCB_OUT_OF_DATE, CELLA_TCB_REVOKED, CELLA_TCB_REVOKED },
	{ CELLA_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED, CELLA_TCB_OUT_OF_DATE,
	  CELLA_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED },
	{ CELLA_TCB_REVOKED, CELLA_TCB_UP_TO_DATE, CELLA_TCB_REVOKED },
	{ CELLA_TCB_REVOKED, CELLA_TCB_OUT_OF_DATE, CELLA_TCB_REVOKED },
};

static void modules_and_quoting_enclaves_converge(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(convergence); i++) {
		struct sim_collateral_spec spec;

		sim_collateral_spec_init(&spec, SIM_TDX, now);
		spec.platform = convergence[i].platform;
		spec.module = convergence[i].component;
		assert_int_equal(convergence[i].converged,
				 status_of(platform, 4, QUOTE_BODY_TD_10, false, &spec));
		spec.module = CELLA_TCB_UP_TO_DATE;
		spec.qe = convergence[i].component;
		assert_int_equal(convergence[i].converged,
				 status_of(platform, 5, QUOTE_BODY_TD_15, false, &spec));
	}
}

/* A module without an identity of its own: TDX 1.0, whose components all count. */
static void old_modules_and_the_processor_ca_work(void **state)
{
	static const uint8_t old_module[] = { 4, 0, 2 };
	struct sim_config config;
	struct sim_collateral_spec spec;
	struct sim_platform *old = NULL;
	struct cella_error err = { 0 };

	(void)state;
	sim_config_init(&config, now);
	config.ca = "processor";
	config.name = "old";
	CHECK_OK(sim_platform_new(&config, NULL, &old, &err));
	memcpy(old->td_body, old_module, sizeof old_module); /* tee_tcb_svn */
	sim_collateral_spec_init(&spec, SIM_TDX, now);
	assert_int_equal(CELLA_TCB_UP_TO_DATE,
			 status_of(old, 4, QUOTE_BODY_TD_10, false, &spec));
	spec.tee = SIM_SGX;
	assert_int_equal(CELLA_TCB_UP_TO_DATE,
			 status_of(old, 3, QUOTE_BODY_SGX, false, &spec));
	sim_platform_free(old);
}

static void quotes_without_a_chain_need_one_in_the_collateral(void **state)
{
	static const enum sim_cert_id chain[] = { SIM_PCK, SIM_CA, SIM_ROOT };

	(void)state;
	for (int type = CERT_DATA_PPID_CLEAR; type <= CERT_DATA_PCK_LEAF; type++) {
		struct sim_collateral_spec spec;
		struct sim_collateral made = { 0 };
		struct sim_quote quote = { 0 };
		struct cella_error err = { 0 };
		struct cella_verdict *verdict;
		struct out bytes = { 0 };
		struct out text = { 0 };

		sim_collateral_spec_init(&spec, SIM_TDX, now);
		CHECK_OK(sim_quote_init(platform, 4, QUOTE_BODY_TD_10, &quote, &err));
		CHECK_OK(sim_quote_set_cert_data(&quote, platform,
						 (enum cert_data_type)type, &err));
		CHECK_OK(sim_quote_finish(&quote, &bytes, &err));
		CHECK_OK(sim_collateral_make(platform, &spec, &made, &err));
		sim_chain_write(platform, chain, ARRAY_LEN(chain), &made.pck_chain);
		CHECK_OK(sim_collateral_write(&made, &text, &err));
		verdict = judge(platform, &bytes, &text);
		assert_int_equal(CELLA_ACCEPTED, cella_verdict_result(verdict));
		cella_verdict_free(verdict);
		sim_collateral_done(&made);
		sim_quote_done(&quote);
	}
}

/* --- reports ------------------------------------------------------------------------- */

static void reports_become_the_quotes_that_they_choose(void **state)
{
	static const struct {
		uint8_t version;
		bool relaunch;
		uint16_t quote_version;
		size_t body_len;
	} rows[] = {
		{ 0, false, 4, TD_BODY_10_LEN },
		{ 0, true, 5, TD_BODY_15_LEN },
		{ 1, false, 5, TD_BODY_15_LEN },
		{ 3, false, 5, TD_BODY_15EX_LEN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t body[TD_BODY_15EX_LEN];
		uint8_t report[TD_REPORT_LEN];
		struct cella_error err = { 0 };
		struct sim_quote quote = { 0 };

		memcpy(body, platform->td_body, sizeof body);
		memset(body + 520, 0x5a, REPORT_DATA_LEN); /* report_data */
		body[0] = (uint8_t)(body[0] - rows[i].relaunch);
		CHECK_OK(sim_td_report(platform, body, rows[i].version, report, &err));
		CHECK_OK(sim_quote_init_report(platform, bytes_of(report, sizeof report),
					       &quote, &err));
		assert_int_equal(rows[i].quote_version, quote.version);
		assert_int_equal(rows[i].body_len, quote.body_len);
		assert_memory_equal(body, quote.body, TD_BODY_10_LEN);
		sim_quote_done(&quote);

		report[600] ^= 1;
		CHECK_STATUS(CELLA_MALFORMED,
			     sim_quote_init_report(platform,
						   bytes_of(report, sizeof report),
						   &quote, &err));
		CHECK_TEXT_HAS(err.text, "tee_info_hash");
	}
}

/* --- directories --------------------------------------------------------------------- */

static void platforms_survive_on_disk(void **state)
{
	char dir[] = "/tmp/cella-test-XXXXXX";
	char path[64];
	struct sim_platform *loaded = NULL;
	struct sim_collateral_spec spec;
	struct cella_error err = { 0 };
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	CHECK_OK(sim_platform_save(platform, dir, &err));
	CHECK_STATUS(CELLA_USAGE, sim_platform_save(platform, dir, &err));
	snprintf(path, sizeof path, "%s/root.key", dir);
	assert_int_equal(0, stat(path, &st));
	assert_int_equal(0600, st.st_mode & 0777);
	CHECK_OK(sim_platform_load(dir, &loaded, &err));
	assert_memory_equal(platform->td_body, loaded->td_body, sizeof loaded->td_body);
	assert_memory_equal(platform->sgx_body, loaded->sgx_body,
			    sizeof loaded->sgx_body);
	assert_memory_equal(platform->qe_id, loaded->qe_id, sizeof loaded->qe_id);
	assert_true(bytes_equal(out_view(&platform->certs[SIM_PCK].der),
				out_view(&loaded->certs[SIM_PCK].der)));
	sim_collateral_spec_init(&spec, SIM_TDX, now);
	assert_int_equal(CELLA_TCB_UP_TO_DATE,
			 status_of(loaded, 5, QUOTE_BODY_TD_15, false, &spec));
	sim_platform_free(loaded);

	snprintf(path, sizeof path, "rm -r %s", dir);
	assert_int_equal(0, system(path));
}

static void raw_responses_are_collateral(void **state)
{
	char dir[] = "/tmp/cella-test-XXXXXX";
	char command[64];
	struct sim_collateral_spec spec;
	struct sim_collateral made = { 0 };
	struct cella_collateral *documents = NULL;
	struct cella_error err = { 0 };

	(void)state;
	assert_non_null(mkdtemp(dir));
	sim_collateral_spec_init(&spec, SIM_TDX, now);
	CHECK_OK(sim_collateral_make(platform, &spec, &made, &err));
	CHECK_OK(sim_collateral_save(&made, dir, &err));
	CHECK_OK(collateral_load(dir, &documents, &err));
	assert_int_equal(1, documents->num_tcb_infos);
	assert_int_equal(1, documents->num_identities);
	assert_int_equal(1, documents->num_root_crls);
	assert_int_equal(1, documents->num_pck_crls);
	assert_true(documents->tcb_infos[0]->doc.signature_good);
	assert_true(documents->identities[0]->doc.signature_good);
	assert_true(documents->root_crls[0]->signature_good);
	assert_true(documents->pck_crls[0]->signature_good);
	cella_collateral_unref(documents);
	sim_collateral_done(&made);
	snprintf(command, sizeof command, "rm -r %s", dir);
	assert_int_equal(0, system(command));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_quote_is_accepted),
		cmocka_unit_test(every_status_can_be_had),
		cmocka_unit_test(modules_and_quoting_enclaves_converge),
		cmocka_unit_test(old_modules_and_the_processor_ca_work),
		cmocka_unit_test(quotes_without_a_chain_need_one_in_the_collateral),
		cmocka_unit_test(reports_become_the_quotes_that_they_choose),
		cmocka_unit_test(platforms_survive_on_disk),
		cmocka_unit_test(raw_responses_are_collateral),
	};

	return cmocka_run_group_tests(tests, make_platform, free_platform);
}
