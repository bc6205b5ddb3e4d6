/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella_verify(): options in, verdict out.
 */
#include "appraise/judge.h"

#include "appraise/appraise.h"
#include "appraise/trust_root.h"
#include "verify/dcap.h"
#include "verify/evm_check.h"

#include <string.h>

static const char *const question_names[] = { "genuine", "current", "mine", "fresh" };
static const char *const answer_names[] = { "no", "yes", "not_asked", "unknown" };
static const char *const result_names[] = { "rejected", "accepted", "unknown" };
static const char *const outcome_names[] = { "fail", "pass", "not_evaluated" };
_Static_assert(ARRAY_LEN(question_names) == CELLA_QUESTION_COUNT, "a name per question");

const char *cella_question_name(enum cella_question question)
{
	return question_names[question];
}

const char *cella_answer_name(enum cella_answer answer)
{
	return answer_names[answer];
}

const char *cella_result_name(enum cella_result result)
{
	return result_names[result];
}

const char *cella_outcome_name(enum cella_outcome outcome)
{
	return outcome_names[outcome];
}

enum cella_status cella_sha512(const void *data, size_t len, uint8_t out[64],
			       struct cella_error *err)
{
	const struct cella_bytes bytes = bytes_of(data, len);

	return crypto_digest(CRYPTO_SHA512, &bytes, 1, out, err);
}

enum cella_status cella_report_data(struct cella_bytes data_sha512,
				    struct cella_bytes nonce,
				    uint8_t out[CELLA_REPORT_DATA_LEN],
				    struct cella_error *err)
{
	enum { NONCE_MIN = 8 };
	const struct cella_bytes parts[] = { nonce, data_sha512 };

	if (data_sha512.len != 0 && data_sha512.len != SHA512_LEN)
		return error_set(err, CELLA_USAGE, "data: %zu bytes are no SHA-512 hash",
				 data_sha512.len);
	if (nonce.len != 0 &&
	    (nonce.len < NONCE_MIN || nonce.len > CELLA_REPORT_DATA_LEN))
		return error_set(err, CELLA_USAGE, "nonce: %zu bytes, needs %d to %d",
				 nonce.len, NONCE_MIN, CELLA_REPORT_DATA_LEN);
	if (data_sha512.len == 0 && nonce.len == 0)
		return error_set(err, CELLA_USAGE,
				 "report data: neither data nor a nonce");
	if (data_sha512.len != 0 && nonce.len != 0)
		return crypto_digest(CRYPTO_SHA512, parts, ARRAY_LEN(parts), out, err);
	memset(out, 0, CELLA_REPORT_DATA_LEN);
	if (nonce.len != 0)
		memcpy(out, nonce.data, nonce.len);
	else
		memcpy(out, data_sha512.data, data_sha512.len);
	return CELLA_OK;
}

/* Statuses that somebody may accept by name. */
static const uint32_t acceptable =
	CELLA_ACCEPT(CELLA_TCB_UP_TO_DATE) | CELLA_ACCEPT(CELLA_TCB_SW_HARDENING_NEEDED) |
	CELLA_ACCEPT(CELLA_TCB_CONFIGURATION_NEEDED) |
	CELLA_ACCEPT(CELLA_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED) |
	CELLA_ACCEPT(CELLA_TCB_OUT_OF_DATE) |
	CELLA_ACCEPT(CELLA_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED) |
	CELLA_ACCEPT(CELLA_TCB_TD_RELAUNCH_ADVISED) |
	CELLA_ACCEPT(CELLA_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED);

static enum cella_status check_options(const struct cella_verify_options *o,
				       struct cella_error *err)
{
	if (o == NULL || o->size != sizeof *o)
		return error_set(err, CELLA_USAGE,
				 "options: size is not that of the struct");
	if (o->time_choice != CELLA_TIME_AT)
		return error_set(err, CELLA_USAGE, "options: no time is given");
	if (o->root_choice != CELLA_ROOT_INTEL && o->root_choice != CELLA_ROOT_GIVEN)
		return error_set(err, CELLA_USAGE, "options: no trust root is chosen");
	if (o->report_data_expect != CELLA_EXPECT_ANY &&
	    o->report_data_expect != CELLA_EXPECT_EXACT)
		return error_set(err, CELLA_USAGE,
				 "options: nothing is said about the report data");
	if (o->policy_expect != CELLA_EXPECT_ANY &&
	    o->policy_expect != CELLA_EXPECT_EXACT)
		return error_set(err, CELLA_USAGE,
				 "options: nothing is said about policies");
	if ((o->policy_expect == CELLA_EXPECT_EXACT) != (o->num_policies > 0) ||
	    (o->num_policies > 0 && o->policies == NULL))
		return error_set(err, CELLA_USAGE,
				 "options: policies are given and expected, or neither");
	if (o->vtpm != NULL && o->vtpm_nonce_expect != CELLA_EXPECT_ANY &&
	    o->vtpm_nonce_expect != CELLA_EXPECT_EXACT)
		return error_set(err, CELLA_USAGE,
				 "options: nothing is said about the vTPM's nonce");
	if (o->vtpm == NULL && o->vtpm_nonce_expect != CELLA_EXPECT_UNSET)
		return error_set(err, CELLA_USAGE,
				 "options: a nonce of a vTPM, but no vTPM");
	if ((o->accept & ~acceptable) != 0)
		return error_set(err, CELLA_USAGE,
				 "options: a status in accept can never be accepted");
	if (o->grace_s < 0 || o->time < 0)
		return error_set(err, CELLA_USAGE, "options: a negative time");
	if ((o->flags & ~(uint32_t)CELLA_VERIFY_STRICT) != 0)
		return error_set(err, CELLA_USAGE, "options: an unknown flag");
	return CELLA_OK;
}

/* What a verification is told beside the evidence is about quotes. */
static enum cella_status check_evm_options(const struct cella_verify_options *o,
					   struct cella_error *err)
{
	if (o->event_log != NULL)
		return error_set(err, CELLA_UNSUPPORTED,
				 "evm: an event log beside evidence of an Enclave VM, "
				 "which has its own");
	if (o->vtpm != NULL)
		return error_set(err, CELLA_UNSUPPORTED,
				 "evm: a vTPM beside evidence of an Enclave VM, which is "
				 "one's");
	return CELLA_OK;
}

static enum cella_status verify_evm(struct cella_verdict *v,
				    const struct cella_verify_options *options,
				    struct cella_error *err)
{
	const struct cella_bytes root = options->root;

	TRY(check_evm_options(options, err));
	return evm_verify(v, options->root_choice == CELLA_ROOT_GIVEN ? &root : NULL,
			  err);
}

static enum cella_status verify_quote(struct cella_verdict *v,
				      const struct cella_verify_options *options,
				      const struct verify_caches *caches,
				      struct cella_error *err)
{
	struct trust_root *root CLEANUP(trust_root_cleanup) = NULL;

	TRY(trust_root_find(options->root_choice, options->root, caches->roots, &root,
			    err));
	/* Else whoever has a host's key could make platforms of his own. */
	if (root->is_host)
		return error_set(err, CELLA_UNSUPPORTED,
				 "trust root: a host's, that vouches for Enclave VMs; it "
				 "says nothing of a platform's quote");
	return dcap_verify(v, root->point, root->is_intel, caches, err);
}

static enum cella_status fill(struct cella_verdict *v,
			      const struct cella_verify_options *options,
			      const struct verify_caches *caches, struct cella_error *err)
{
	const char *missing;

	TRY(verdict_is_evm(v) ? verify_evm(v, options, err)
			      : verify_quote(v, options, caches, err));
	TRY(judge(v, options, err));
	missing = verdict_missing_check(v);
	if (missing != NULL)
		return error_set(err, CELLA_INTERNAL, "the check %s was never made",
				 missing);
	return CELLA_OK;
}

enum cella_status verify_cached(struct cella_evidence *evidence,
				struct cella_collateral *collateral,
				const struct cella_verify_options *options,
				const struct verify_caches *caches,
				struct cella_verdict **out, struct cella_error *err)
{
	struct cella_verdict *v;
	enum cella_status status;

	if (evidence == NULL || out == NULL)
		return error_set(err, CELLA_USAGE, "verify: null argument");
	TRY(check_options(options, err));
	if (!evidence_is_quote(evidence) && evidence->kind != CELLA_EVIDENCE_EVM)
		return error_set(err, CELLA_UNSUPPORTED,
				 "a report can only be checked by the CPU that made it: "
				 "have it made into a quote");
	v = calloc(1, sizeof *v);
	if (v == NULL)
		return error_nomem(err);
	v->evidence = cella_evidence_ref(evidence);
	v->collateral = collateral != NULL ? cella_collateral_ref(collateral) : NULL;
	v->event_log = options->event_log != NULL
			       ? cella_event_log_ref(options->event_log)
			       : NULL;
	v->vtpm = options->vtpm != NULL ? cella_vtpm_ref(options->vtpm) : NULL;
	v->time = options->time;
	v->grace_s = options->grace_s;
	v->accept = options->accept;
	v->flags = options->flags;
	status = fill(v, options, caches, err);
	if (status != CELLA_OK) {
		cella_verdict_free(v);
		return status;
	}
	*out = v;
	return CELLA_OK;
}

enum cella_status cella_verify(struct cella_evidence *evidence,
			       struct cella_collateral *collateral,
			       const struct cella_verify_options *options,
			       struct cella_verdict **out, struct cella_error *err)
{
	const struct verify_caches none = { 0 };

	return verify_cached(evidence, collateral, options, &none, out, err);
}

void cella_verdict_free(struct cella_verdict *verdict)
{
	if (verdict == NULL)
		return;
	appraise_done(verdict);
	pck_unref(verdict->pck);
	cella_evidence_unref(verdict->evidence);
	cella_collateral_unref(verdict->collateral);
	cella_event_log_unref(verdict->event_log);
	cella_vtpm_unref(verdict->vtpm);
	arena_done(&verdict->arena);
	free(verdict);
}
