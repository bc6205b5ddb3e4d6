/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence of a vTPM in a TD (src/evidence/vtpm.c, src/verify/vtpm_check.c) and RSA
 * signatures (src/crypto/rsa.c): a real set, and each of its links broken.
 */
#include "log_maker.h"

#include <cella/verify.h>
#include <cella/vtpm.h>

#include "base/encode.h"
#include "base/json.h"
#include "evidence/vtpm.h"

/* The real set, of which a test changes something before it is judged. */
struct azure {
	struct out td_quote;
	struct out hcl_report;
	json_t *tpm_quote;
};

static void azure_new(struct azure *a)
{
	struct cella_error err = { 0 };
	struct out json = vector_read("azure-vtpm/tpm-quote.json");

	a->td_quote = vector_read("azure-vtpm/td.quote");
	a->hcl_report = vector_read("azure-vtpm/hcl-report.bin");
	CHECK_OK(json_parse(out_view(&json), "tpm quote", &a->tpm_quote, &err));
	out_done(&json);
}

static void azure_done(struct azure *a)
{
	out_done(&a->td_quote);
	out_done(&a->hcl_report);
	json_decref(a->tpm_quote);
}

static enum cella_status azure_parse(const struct azure *a, struct cella_vtpm **out,
				     struct cella_error *err)
{
	char *text = NULL;
	enum cella_status status;

	TRY(json_write(a->tpm_quote, false, &text, err));
	status = cella_vtpm_parse(a->hcl_report.data, a->hcl_report.len, text,
				  strlen(text), out, err);
	free(text);
	return status;
}

/* Flips the lowest bit of a byte of a member in hexadecimal. */
static void flip_hex(json_t *object, const char *name, size_t at)
{
	char *const text = strdup(json_string_value(json_object_get(object, name)));

	assert_non_null(text);
	text[2 * at + 1] = text[2 * at + 1] == '0' ? '1' : '0';
	json_object_set_new(object, name, json_string(text));
	free(text);
}

static struct cella_verdict *azure_judge(const struct azure *a,
					 struct cella_event_log *log, const char *nonce)
{
	struct cella_evidence *quote = NULL;
	struct cella_verdict *verdict = NULL;
	struct cella_vtpm *vtpm = NULL;
	struct cella_error err = { 0 };
	struct cella_verify_options options = {
		.size = sizeof options,
		.time_choice = CELLA_TIME_AT,
		.time = time_at("2026-02-25T00:00:00Z"),
		.root_choice = CELLA_ROOT_INTEL,
		.report_data_expect = CELLA_EXPECT_ANY,
		.policy_expect = CELLA_EXPECT_ANY,
		.event_log = log,
		.vtpm_nonce_expect = nonce != NULL ? CELLA_EXPECT_EXACT
						   : CELLA_EXPECT_ANY,
		.vtpm_nonce = bytes_from_text(nonce != NULL ? nonce : ""),
	};

	CHECK_OK(azure_parse(a, &vtpm, &err));
	options.vtpm = vtpm;
	CHECK_OK(cella_evidence_parse(a->td_quote.data, a->td_quote.len, &quote, &err));
	CHECK_OK(cella_verify(quote, NULL, &options, &verdict, &err));
	cella_vtpm_unref(vtpm);
	cella_evidence_unref(quote);
	return verdict;
}

/* The ids of the checks of a family that failed, joined with blanks. */
static char *failing(const struct cella_verdict *verdict, const char *family)
{
	struct out joined = { 0 };
	struct cella_error err = { 0 };
	char *text = NULL;

	for (size_t i = 0; i < cella_verdict_num_checks(verdict); i++) {
		const struct cella_check *const c = cella_verdict_check(verdict, i);

		if (c->outcome == CELLA_CHECK_FAIL &&
		    strncmp(c->id, family, strlen(family)) == 0)
			out_format(&joined, "%s%s", joined.len > 0 ? " " : "", c->id);
	}
	CHECK_OK(out_take_text(&joined, &text, &err));
	return text;
}

static void alter_runtime(struct azure *a)
{
	/* The last digit of "user-data". */
	a->hcl_report.data[1236 + 1201 - 3] = '1';
}

static void alter_report_data(struct azure *a)
{
	a->td_quote.data[48 + 520 + 63] = 1;
}

static void alter_signature(struct azure *a)
{
	flip_hex(a->tpm_quote, "signature", 100);
}

static void cut_signature(struct azure *a)
{
	const char *const text =
		json_string_value(json_object_get(a->tpm_quote, "signature"));

	json_object_set_new(a->tpm_quote, "signature", json_string(text + 2));
}

/* The clock, within what is signed. */
static void alter_message(struct azure *a)
{
	flip_hex(a->tpm_quote, "message", 60);
}

static void alter_pcr(struct azure *a)
{
	json_t *const pcrs = json_object_get(a->tpm_quote, "pcrs");
	json_t *const zero = json_array_get(pcrs, 8);
	json_t *const copy = json_incref(zero);

	json_array_set(pcrs, 9, copy);
	json_decref(copy);
}

static void every_link_counts(void **state)
{
	static const struct {
		const char *name;
		void (*alter)(struct azure *a);
		const char *nonce;
		const char *failing;
		enum cella_answer fresh;
	} rows[] = {
		{ "the set", NULL, NULL, "", CELLA_ANSWER_NOT_ASKED },
		{ "its nonce", NULL, "challenge", "", CELLA_ANSWER_YES },
		{ "another nonce", NULL, "challengf", "vtpm.nonce", CELLA_ANSWER_NO },
		{ "a longer nonce", NULL, "challenge!", "vtpm.nonce", CELLA_ANSWER_NO },
		{ "no nonce", NULL, "", "vtpm.nonce", CELLA_ANSWER_NO },
		{ "other runtime data", alter_runtime, NULL, "vtpm.binding",
		  CELLA_ANSWER_NOT_ASKED },
		{ "more report data", alter_report_data, NULL, "vtpm.binding",
		  CELLA_ANSWER_NOT_ASKED },
		{ "another signature", alter_signature, NULL, "vtpm.signature",
		  CELLA_ANSWER_NOT_ASKED },
		{ "a short signature", cut_signature, NULL, "vtpm.signature",
		  CELLA_ANSWER_NOT_ASKED },
		{ "another message", alter_message, NULL, "vtpm.signature",
		  CELLA_ANSWER_NOT_ASKED },
		{ "another PCR", alter_pcr, NULL, "vtpm.pcrs", CELLA_ANSWER_NOT_ASKED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_verdict *verdict;
		struct azure a;
		char *ids;

		CASE(rows[i].name);
		azure_new(&a);
		if (rows[i].alter != NULL)
			rows[i].alter(&a);
		verdict = azure_judge(&a, NULL, rows[i].nonce);
		ids = failing(verdict, "vtpm.");
		CHECK_TEXT(rows[i].failing, ids);
		CHECK_INT(rows[i].fresh,
			  cella_verdict_answer(verdict, CELLA_QUESTION_FRESH));
		CHECK_INT(*rows[i].failing == '\0' ? CELLA_UNDECIDED : CELLA_REJECTED,
			  cella_verdict_result(verdict));
		free(ids);
		cella_verdict_free(verdict);
		azure_done(&a);
	}
}

/* A TPM's log beside the vTPM: PCR 8 is all zeros in the set, PCR 4 is not. */
static void the_log_must_lead_to_the_pcrs(void **state)
{
	static const uint16_t hashes[] = { 0x0004, CELLA_HASH_SHA256 };
	static const struct {
		const char *name;
		unsigned pcr;
		uint32_t type;
		const char *failing;
	} rows[] = {
		{ "events of nothing", 8, EV_NO_ACTION, "" },
		{ "an event that PCR8 has not", 8, EV_IPL, "event_log.pcr8" },
		{ "an event that PCR4 has not", 4, EV_IPL, "event_log.pcr4" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_verdict *verdict;
		struct cella_event_log *log;
		struct out bytes = { 0 };
		struct azure a;
		char *ids;

		CASE(rows[i].name);
		azure_new(&a);
		log_start(&bytes, hashes, 2);
		log_add(&bytes, hashes, 2, rows[i].pcr, rows[i].type, bytes_from("x"),
			bytes_from("x"));
		log = log_parse(&bytes);
		verdict = azure_judge(&a, log, NULL);
		ids = failing(verdict, "event_log");
		CHECK_TEXT(rows[i].failing, ids);
		free(ids);
		cella_verdict_free(verdict);
		/* What is not proved is not compared with. */
		alter_signature(&a);
		verdict = azure_judge(&a, log, NULL);
		ids = failing(verdict, "event_log");
		CHECK_TEXT("", ids);
		free(ids);
		cella_verdict_free(verdict);
		cella_event_log_unref(log);
		out_done(&bytes);
		azure_done(&a);
	}
}

/* --- formats ------------------------------------------------------------------------- */

static void broken_reports_name_the_field(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		enum cella_status status;
		const char *text;
	} rows[] = {
		{ 0, 'X', CELLA_MALFORMED, "hcl report: signature: is not \"HCLA\"" },
		{ 4, 3, CELLA_UNSUPPORTED, "hcl report: version: 3" },
		{ 1216 + 8, 2, CELLA_UNSUPPORTED, "report_type: expected 4" },
		{ 1216 + 12, 4, CELLA_UNSUPPORTED, "hash_type: 4" },
		{ 1216 + 17, 0xff, CELLA_LIMIT, "variable_data_size: 65457, at most" },
		{ 1236, 'x', CELLA_MALFORMED, "runtime data" },
		{ 1236 + 18, 'X', CELLA_MALFORMED, "has no key HCLAkPub" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_vtpm *vtpm = NULL;
		struct cella_error err = { 0 };
		struct azure a;

		CASE(rows[i].text);
		azure_new(&a);
		a.hcl_report.data[rows[i].at] = rows[i].value;
		CHECK_STATUS(rows[i].status, azure_parse(&a, &vtpm, &err));
		CHECK_TEXT_HAS(err.text, rows[i].text);
		azure_done(&a);
	}
}

static void broken_quotes_name_the_field(void **state)
{
	static const struct {
		size_t at; /* in the message */
		const char *text;
	} rows[] = {
		{ 0, "tpm quote: magic: is not TPM_GENERATED" },
		{ 5, "tpm quote: type: is not a quote's" },
		{ 6, "tpm quote: qualifiedSigner: is longer" },
		{ 42, "tpm quote: extraData: is longer" },
		{ 81, "tpm quote: pcrSelect.count: is not 1" },
		{ 83, "tpm quote: pcrSelect.hash: is not SHA-256" },
		{ 84, "tpm quote: pcrSelect.sizeofSelect: is not 3" },
		{ 89, "tpm quote: pcrDigest: is longer" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_vtpm *vtpm = NULL;
		struct cella_error err = { 0 };
		struct azure a;

		CASE(rows[i].text);
		azure_new(&a);
		flip_hex(a.tpm_quote, "message", rows[i].at);
		CHECK_STATUS(CELLA_MALFORMED, azure_parse(&a, &vtpm, &err));
		CHECK_TEXT_HAS(err.text, rows[i].text);
		azure_done(&a);
	}
}

static void no_prefix_is_a_set(void **state)
{
	struct cella_vtpm *vtpm = NULL;
	struct cella_error err = { 0 };
	struct azure a;

	(void)state;
	azure_new(&a);
	for (size_t len = 0; len < 1236 + 1201; len++) {
		a.hcl_report.len = len;
		CHECK_TRUE(azure_parse(&a, &vtpm, &err) != CELLA_OK);
	}
	a.hcl_report.len = 1236 + 1201;
	CHECK_OK(azure_parse(&a, &vtpm, &err));
	CHECK_INT(0xffffff, vtpm->selected);
	CHECK_BYTES("challenge", 9, vtpm->nonce);
	cella_vtpm_unref(vtpm);
	azure_done(&a);
}

/* --- options ------------------------------------------------------------------------- */

static void a_nonce_is_expected_or_not(void **state)
{
	static const enum cella_expect rows[] = { CELLA_EXPECT_UNSET,
						  (enum cella_expect)9 };
	struct cella_evidence *quote = NULL;
	struct cella_vtpm *vtpm = NULL;
	struct cella_verdict *verdict = NULL;
	struct cella_error err = { 0 };
	struct azure a;
	struct cella_verify_options options = {
		.size = sizeof options,
		.time_choice = CELLA_TIME_AT,
		.root_choice = CELLA_ROOT_INTEL,
		.report_data_expect = CELLA_EXPECT_ANY,
		.policy_expect = CELLA_EXPECT_ANY,
	};

	(void)state;
	azure_new(&a);
	CHECK_OK(azure_parse(&a, &vtpm, &err));
	CHECK_OK(cella_evidence_parse(a.td_quote.data, a.td_quote.len, &quote, &err));
	options.vtpm = vtpm;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		options.vtpm_nonce_expect = rows[i];
		CHECK_STATUS(CELLA_USAGE,
			     cella_verify(quote, NULL, &options, &verdict, &err));
	}
	options.vtpm = NULL;
	options.vtpm_nonce_expect = CELLA_EXPECT_ANY;
	CHECK_STATUS(CELLA_USAGE, cella_verify(quote, NULL, &options, &verdict, &err));
	cella_vtpm_unref(vtpm);
	cella_evidence_unref(quote);
	azure_done(&a);
}

/* The shortest nonce that counts, and one that does not although the quote has it. */
static void short_nonces_prove_nothing(void **state)
{
	static const struct {
		const char *nonce;
		enum cella_answer fresh;
	} rows[] = { { "challeng", CELLA_ANSWER_YES },
		     { "challen", CELLA_ANSWER_NO },
		     { "", CELLA_ANSWER_NO } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_verify_options options = {
			.size = sizeof options,
			.time_choice = CELLA_TIME_AT,
			.root_choice = CELLA_ROOT_INTEL,
			.report_data_expect = CELLA_EXPECT_ANY,
			.policy_expect = CELLA_EXPECT_ANY,
			.vtpm_nonce_expect = CELLA_EXPECT_EXACT,
			.vtpm_nonce = bytes_from_text(rows[i].nonce),
		};
		struct cella_evidence *quote = NULL;
		struct cella_verdict *verdict = NULL;
		struct cella_error err = { 0 };
		struct azure a;

		CASE(rows[i].nonce);
		azure_new(&a);
		CHECK_OK(azure_parse(&a, &options.vtpm, &err));
		options.vtpm->nonce = bytes_from_text(rows[i].nonce);
		CHECK_OK(cella_evidence_parse(a.td_quote.data, a.td_quote.len, &quote,
					      &err));
		CHECK_OK(cella_verify(quote, NULL, &options, &verdict, &err));
		CHECK_INT(rows[i].fresh,
			  cella_verdict_answer(verdict, CELLA_QUESTION_FRESH));
		cella_verdict_free(verdict);
		cella_vtpm_unref(options.vtpm);
		cella_evidence_unref(quote);
		azure_done(&a);
	}
}

static void keys_have_a_size(void **state)
{
	static const uint8_t modulus[RSA_MODULUS_MAX + 1] = { 0x80, [RSA_MODULUS_MAX] =
									    1 };
	static const size_t wrong[] = { 0, 128, RSA_MODULUS_MIN - 1,
					RSA_MODULUS_MAX + 1 };
	struct cella_error err = { 0 };
	bool good = true;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		CHECK_STATUS(CELLA_USAGE,
			     crypto_rsa_verify(bytes_of(modulus, wrong[i]),
					       bytes_from("x"), bytes_from("y"), &good,
					       &err));
	CHECK_OK(crypto_rsa_verify(bytes_of(modulus + 1, RSA_MODULUS_MAX),
				   bytes_from("x"), bytes_of(modulus, RSA_MODULUS_MAX),
				   &good, &err));
	CHECK_TRUE(!good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_link_counts),
		cmocka_unit_test(the_log_must_lead_to_the_pcrs),
		cmocka_unit_test(broken_reports_name_the_field),
		cmocka_unit_test(broken_quotes_name_the_field),
		cmocka_unit_test(no_prefix_is_a_set),
		cmocka_unit_test(a_nonce_is_expected_or_not),
		cmocka_unit_test(short_nonces_prove_nothing),
		cmocka_unit_test(keys_have_a_size),
	};

	if (!has_folder("CELLA_VECTORS"))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
