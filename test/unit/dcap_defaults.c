/* SPDX-License-Identifier: Apache-2.0 */
/* TCB statuses, and what is refused or only reported by default. */
#include "dcap_rows.h"

#include "verify/verdict.h"

/* --- TCB ----------------------------------------------------------------------------- */

static void check_status(struct maker *m, enum cella_tcb_status status)
{
	struct cella_verify_options options;
	struct cella_verdict *verdict;
	struct out failing;

	CASE(cella_tcb_status_name(status));
	maker_build(m);
	maker_options(m, &options);
	verdict = maker_verify(m, &options);
	failing = failing_checks(verdict);
	CHECK_INT(status, cella_verdict_status(verdict));
	CHECK_TEXT(status == CELLA_TCB_UP_TO_DATE ? "" : "tcb.status",
		   (char *)failing.data);
	out_done(&failing);
	cella_verdict_free(verdict);
	if (status != CELLA_TCB_REVOKED && status != CELLA_TCB_NOT_SUPPORTED) {
		options.accept = CELLA_ACCEPT(status);
		verdict = maker_verify(m, &options);
		CHECK_INT(CELLA_ACCEPTED, cella_verdict_result(verdict));
		CHECK_INT(status, cella_verdict_status(verdict));
		cella_verdict_free(verdict);
	}
	maker_done(m);
}

/* Every status that there is, refused unless it is accepted by name. */
void every_status(void **state)
{
	static const enum cella_tcb_status of_documents[] = {
		CELLA_TCB_UP_TO_DATE,
		CELLA_TCB_SW_HARDENING_NEEDED,
		CELLA_TCB_CONFIGURATION_NEEDED,
		CELLA_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED,
		CELLA_TCB_OUT_OF_DATE,
		CELLA_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
		CELLA_TCB_REVOKED,
	};
	struct maker m;

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(of_documents); i++) {
		maker_init(&m, i % 2 == 0 ? MAKER_TDX : MAKER_SGX);
		m.levels[0].status = cella_tcb_status_name(of_documents[i / 2]);
		check_status(&m, of_documents[i / 2]);
	}
	maker_init(&m, MAKER_TDX);
	m.ext.components[0] = 1;
	check_status(&m, CELLA_TCB_NOT_SUPPORTED);
	for (int i = 0; i < 2; i++) {
		maker_init(&m, MAKER_TDX);
		maker_set_version(&m, 5, QUOTE_BODY_TD_15);
		memset(maker_field(&m, "tee_tcb_svn"), 2, TD_SVN_LEN);
		maker_field(&m, "tee_tcb_svn")[1] = 0;
		if (i == 1)
			m.levels[1].status = "OutOfDateConfigurationNeeded";
		check_status(&m,
			     i == 0 ? CELLA_TCB_TD_RELAUNCH_ADVISED
				    : CELLA_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED);
	}
}

/* --- defaults, one row each ---------------------------------------------------------- */

void set_attribute(struct maker *m, unsigned bit)
{
	maker_field(m, "td_attributes")[bit / 8] |= (uint8_t)(1 << bit % 8);
}

#define SET_BIT(n) \
	static void set_bit_##n(struct maker *m) \
	{ \
		set_attribute(m, n); \
	}
SET_BIT(0)
SET_BIT(1)
SET_BIT(2)
SET_BIT(3)
SET_BIT(4)
SET_BIT(5)
SET_BIT(6)
SET_BIT(7)
SET_BIT(8)
SET_BIT(15)
SET_BIT(16)
SET_BIT(17)
SET_BIT(26)
SET_BIT(27)
SET_BIT(29)
SET_BIT(30)
SET_BIT(31)
SET_BIT(32)
SET_BIT(61)
SET_BIT(62)
SET_BIT(63)

static void clear_sept_ve_disable(struct maker *m)
{
	memset(maker_field(m, "td_attributes"), 0, 8);
}

static void bind_service_td(struct maker *m)
{
	maker_field(m, "mr_servicetd")[0] = 1;
}

static void debug_enclave(struct maker *m)
{
	*maker_field(m, "attributes") |= 2;
}

static void put_zeros_behind(struct maker *m)
{
	out_zeros(&m->quote, 100);
}

static void put_bytes_behind(struct maker *m)
{
	out_zeros(&m->quote, 100);
	out_u8(&m->quote, 1);
}

static void be_strict(const struct maker *m, struct cella_verify_options *options)
{
	(void)m;
	options->flags = CELLA_VERIFY_STRICT;
}

static void expect_report_data(const struct maker *m,
			       struct cella_verify_options *options)
{
	struct maker *const mutable = (struct maker *)(uintptr_t)m;

	options->report_data_expect = CELLA_EXPECT_EXACT;
	memcpy(options->report_data, maker_field(mutable, "report_data"), 64);
}

static void expect_other_report_data(const struct maker *m,
				     struct cella_verify_options *options)
{
	expect_report_data(m, options);
	options->report_data[63] ^= 1;
}

static void expect_zeros(const struct maker *m, struct cella_verify_options *options)
{
	(void)m;
	options->report_data_expect = CELLA_EXPECT_EXACT;
}

#define V15 MAKER_TDX, QUOTE_BODY_TD_15

static const struct row default_rows[] = {
	{ "debug", set_bit_0, NULL, NULL, "td.debug", MAKER_TDX },
	{ "untrusted_bit_1", set_bit_1, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "untrusted_bit_2", set_bit_2, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "untrusted_bit_3", set_bit_3, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "hgs_plus_profiling", set_bit_4, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "perf_profiling", set_bit_5, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "pmt_profiling", set_bit_6, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "untrusted_bit_7", set_bit_7, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "reserved_bit_8", set_bit_8, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "reserved_bit_15", set_bit_15, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "ICSSD", set_bit_16, NULL, NULL, "", MAKER_TDX },
	{ "reserved_bit_17", set_bit_17, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "reserved_bit_26", set_bit_26, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "LASS", set_bit_27, NULL, NULL, "", MAKER_TDX },
	{ "migratable", set_bit_29, NULL, NULL, "td.migratable", MAKER_TDX },
	{ "PKS", set_bit_30, NULL, NULL, "", MAKER_TDX },
	{ "key locker", set_bit_31, NULL, NULL, "", MAKER_TDX },
	{ "reserved_bit_32", set_bit_32, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "reserved_bit_61", set_bit_61, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "TPA", set_bit_62, NULL, NULL, "", MAKER_TDX },
	{ "PERFMON is reported", set_bit_63, NULL, NULL, "", MAKER_TDX },
	{ "perfmon_strict", set_bit_63, NULL, be_strict, "td.perfmon", MAKER_TDX },
	{ "SEPT_VE_DISABLE clear is reported", clear_sept_ve_disable, NULL, NULL, "",
	  MAKER_TDX },
	{ "sept_ve_disable_strict", clear_sept_ve_disable, NULL, be_strict,
	  "td.sept_ve_disable", MAKER_TDX },
	{ "a service TD is reported", bind_service_td, NULL, NULL, "", V15 },
	{ "service_td_strict", bind_service_td, NULL, be_strict, "td.service_td", V15 },
	{ "nothing odd, strict", NULL, NULL, be_strict, "", V15 },
	{ "sgx_debug", debug_enclave, NULL, NULL, "sgx.debug", MAKER_SGX },
	{ "zeros after the quote, strict", NULL, put_zeros_behind, be_strict, "",
	  MAKER_TDX },
	{ "bytes after the quote are reported", NULL, put_bytes_behind, NULL, "",
	  MAKER_TDX },
	{ "bytes_after_the_quote_strict", NULL, put_bytes_behind, be_strict, "quote.tail",
	  MAKER_TDX },
	{ "bytes_after_the_quote_strict_sgx", NULL, put_bytes_behind, be_strict,
	  "quote.tail", MAKER_SGX },
	{ "report data as expected", NULL, NULL, expect_report_data, "", MAKER_TDX },
	{ "report data as expected, SGX", NULL, NULL, expect_report_data, "", MAKER_SGX },
	{ "nonce_reused", NULL, NULL, expect_other_report_data, "report_data",
	  MAKER_TDX },
	{ "nonce_absent", NULL, NULL, expect_zeros, "report_data", MAKER_TDX },
};

void defaults(void **state)
{
	(void)state;
	check_rows(default_rows, ARRAY_LEN(default_rows));
}

/* What is reported is told in a warning, and is not told where it is refused. */
void reports_are_warnings(void **state)
{
	static const struct {
		void (*say)(struct maker *m);
		void (*forge)(struct maker *m);
		const char *text;
	} rows[] = {
		{ set_bit_63, NULL, "PERFMON is set" },
		{ clear_sept_ve_disable, NULL, "SEPT_VE_DISABLE is clear" },
		{ bind_service_td, NULL, "a service TD is bound" },
		{ NULL, put_bytes_behind, "101 bytes follow the quote's declared end" },
	};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		const bool is_strict = i % 2 == 1;
		struct cella_verify_options options;
		struct cella_verdict *verdict;
		struct maker m;

		CASE(rows[i / 2].text);
		maker_init(&m, MAKER_TDX);
		maker_set_version(&m, 5, QUOTE_BODY_TD_15);
		if (rows[i / 2].say != NULL)
			rows[i / 2].say(&m);
		maker_build(&m);
		if (rows[i / 2].forge != NULL)
			rows[i / 2].forge(&m);
		maker_options(&m, &options);
		options.flags = is_strict ? CELLA_VERIFY_STRICT : 0;
		verdict = maker_verify(&m, &options);
		CHECK_INT(is_strict ? 0 : 1, verdict->num_warnings);
		if (!is_strict)
			CHECK_TEXT_HAS(verdict->warnings[0], rows[i / 2].text);
		cella_verdict_free(verdict);
		maker_done(&m);
	}
}
