/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of checks: what each asks, which question it belongs to, and what to do when
 * it fails.
 */
#include "verify/verdict.h"

#include <assert.h>

/* Of which evidence a check is made without being asked for. */
enum made_of { OF_EVERY_QUOTE = 0, OF_TDX, OF_SGX, OF_EVM, OF_NONE };

static const struct {
	const char *id;
	enum cella_question question;
	const char *title;
	const char *remedy;
	enum made_of made_of;
} defs[CHECK_COUNT] = {
	[CHECK_PCK_CHAIN] = { "pck.chain", CELLA_QUESTION_GENUINE,
			      "the platform's certificate chain holds together",
			      "make a new quote; if it persists, the platform is not certified" },
	[CHECK_PCK_ROOT] = { "pck.root", CELLA_QUESTION_GENUINE,
			     "the platform's chain ends in the trusted root",
			     "a private root must be named: --trust-root FILE" },
	[CHECK_PCK_EXTENSION] = { "pck.extension", CELLA_QUESTION_GENUINE,
				  "the platform's certificate says which platform it is",
				  "get a PCK certificate from the provisioning service" },
	[CHECK_QE_SIGNATURE] = { "qe.signature", CELLA_QUESTION_GENUINE,
				 "the quoting enclave's report is signed by the platform",
				 "the quote was altered or made elsewhere: make a new one" },
	[CHECK_QE_BINDING] = { "qe.binding", CELLA_QUESTION_GENUINE,
			       "the quoting enclave vouches for the attestation key",
			       "the quote was altered: make a new one" },
	[CHECK_QUOTE_SIGNATURE] = { "quote.signature", CELLA_QUESTION_GENUINE,
				    "header and body are signed by the attestation key",
				    "the quote was altered: make a new one" },
	[CHECK_QE_IDENTITY_CHAIN] = { "qe_identity.chain", CELLA_QUESTION_GENUINE,
				      "the QE identity's signer descends from the trusted root",
				      "fetch the collateral again" },
	[CHECK_QE_IDENTITY_SIGNATURE] = { "qe_identity.signature", CELLA_QUESTION_GENUINE,
					  "the QE identity is signed over the received bytes",
					  "fetch the collateral again, unchanged" },
	[CHECK_QE_IDENTITY] = { "qe.identity", CELLA_QUESTION_GENUINE,
				"the quoting enclave is the vendor's",
				"update the platform's quoting enclave" },
	[CHECK_TDX_MODULE] = { "tdx_module.identity", CELLA_QUESTION_GENUINE,
			       "the TDX module is the vendor's",
			       "the host runs an unknown TDX module: use another host",
			       OF_TDX },
	[CHECK_VTPM_BINDING] = { "vtpm.binding", CELLA_QUESTION_GENUINE,
				 "the TD's quote vouches for the vTPM's key",
				 "get HCL report and quote from the same TD", OF_NONE },
	[CHECK_VTPM_SIGNATURE] = { "vtpm.signature", CELLA_QUESTION_GENUINE,
				   "the vTPM's quote is signed by that key",
				   "get a new quote from the vTPM of this TD", OF_NONE },
	[CHECK_VTPM_PCRS] = { "vtpm.pcrs", CELLA_QUESTION_GENUINE,
			      "the PCRs are those that the vTPM quoted",
			      "get PCRs and quote together", OF_NONE },
	[CHECK_EVM_ROOT] = { "evm.root", CELLA_QUESTION_GENUINE,
			     "the host that vouches is the one that is pinned",
			     "pin the host's root: --trust-root host-ca.pem", OF_EVM },
	[CHECK_EVM_CERTIFICATE] = { "evm.certificate", CELLA_QUESTION_GENUINE,
				    "the host's root vouches for the attestation key",
				    "get evidence from an enclave of this host", OF_EVM },
	[CHECK_EVM_SIGNATURE] = { "evm.signature", CELLA_QUESTION_GENUINE,
				  "the quote is signed by that key",
				  "the evidence was altered: get it anew", OF_EVM },
	[CHECK_EVM_PCRS] = { "evm.pcrs", CELLA_QUESTION_GENUINE,
			     "the PCRs are those that the vTPM quoted",
			     "get PCRs and quote together, over PCR0 to PCR15", OF_EVM },
	[CHECK_EVM_BINDING] = { "evm.binding", CELLA_QUESTION_GENUINE,
				"the quote is over the report data",
				"get report data and quote together", OF_EVM },
	[CHECK_EVM_LAUNCH] = { "evm.launch", CELLA_QUESTION_GENUINE,
			       "the log is that of a measured launch",
			       "get the log that the vTPM was launched with", OF_EVM },
	[CHECK_EVENT_LOG] = { "event_log", CELLA_QUESTION_GENUINE,
			      "the event log leads to the quote's register",
			      "get log and quote from the same TD, the log first",
			      OF_NONE },
	[CHECK_TCB_INFO_CHAIN] = { "tcb_info.chain", CELLA_QUESTION_CURRENT,
				   "the TCB info's signer descends from the trusted root",
				   "fetch the collateral again" },
	[CHECK_TCB_INFO_SIGNATURE] = { "tcb_info.signature", CELLA_QUESTION_CURRENT,
				       "the TCB info is signed over the received bytes",
				       "fetch the collateral again, unchanged" },
	[CHECK_TCB_INFO_PLATFORM] = { "tcb_info.platform", CELLA_QUESTION_CURRENT,
				      "the TCB info speaks of this platform",
				      "fetch the collateral for this FMSPC" },
	[CHECK_ROOT_CRL] = { "root_crl.signature", CELLA_QUESTION_CURRENT,
			     "the root's revocation list is the trusted root's",
			     "fetch the collateral again" },
	[CHECK_PCK_CRL] = { "pck_crl.signature", CELLA_QUESTION_CURRENT,
			    "the platforms' revocation list is their CA's",
			    "fetch the list of the CA that issued this platform's "
			    "certificate" },
	[CHECK_PCK_REVOKED] = { "pck.revoked", CELLA_QUESTION_CURRENT,
				"the platform's certificate is not revoked",
				"this platform must not be used" },
	[CHECK_PCK_CA_REVOKED] = { "pck_ca.revoked", CELLA_QUESTION_CURRENT,
				   "the platform's CA is not revoked",
				   "get a certificate from the successor of this CA" },
	[CHECK_SIGNER_REVOKED] = { "signing.revoked", CELLA_QUESTION_CURRENT,
				   "the collateral's signer is not revoked",
				   "fetch the collateral again" },
	[CHECK_PCK_DATES] = { "pck.dates", CELLA_QUESTION_CURRENT,
			      "the platform's chain is valid at this time",
			      "check the clock; get a new PCK certificate" },
	[CHECK_TCB_INFO_DATES] = { "tcb_info.dates", CELLA_QUESTION_CURRENT,
				   "the TCB info and its signer are valid at this time",
				   "fetch newer collateral, or grant a period of grace" },
	[CHECK_QE_IDENTITY_DATES] = { "qe_identity.dates", CELLA_QUESTION_CURRENT,
				      "the QE identity and its signer are valid at this time",
				      "fetch newer collateral, or grant a period of grace" },
	[CHECK_ROOT_CRL_DATES] = { "root_crl.dates", CELLA_QUESTION_CURRENT,
				   "the root's revocation list is valid at this time",
				   "fetch newer collateral, or grant a period of grace" },
	[CHECK_PCK_CRL_DATES] = { "pck_crl.dates", CELLA_QUESTION_CURRENT,
				  "the platforms' revocation list is valid at this time",
				  "fetch newer collateral, or grant a period of grace" },
	[CHECK_TCB_STATUS] = { "tcb.status", CELLA_QUESTION_CURRENT,
			       "the trusted computing base is up to date",
			       "see --explain; --accept STATUS allows more, by name" },
	[CHECK_TD_DEBUG] = { "td.debug", CELLA_QUESTION_CURRENT,
			     "the TD is not debuggable",
			     "launch the TD without the debug attribute", OF_TDX },
	[CHECK_TD_ATTRIBUTES] = { "td.attributes", CELLA_QUESTION_CURRENT,
				  "the TD's attributes are known and trusted",
				  "launch the TD without profiling or unknown attributes",
				  OF_TDX },
	[CHECK_TD_MIGRATABLE] = { "td.migratable", CELLA_QUESTION_CURRENT,
				  "the TD cannot migrate, or a policy names its service TD",
				  "launch the TD without MIGRATABLE, or pin tdx_mrservicetd",
				  OF_TDX },
	[CHECK_TD_SEPT_VE_DISABLE] = { "td.sept_ve_disable", CELLA_QUESTION_CURRENT,
				       "SEPT_VE_DISABLE is set",
				       "launch the TD with SEPT_VE_DISABLE", OF_TDX },
	[CHECK_TD_PERFMON] = { "td.perfmon", CELLA_QUESTION_CURRENT,
			       "performance monitoring is not exposed",
			       "launch the TD without PERFMON", OF_TDX },
	[CHECK_TD_SERVICE_TD] = { "td.service_td", CELLA_QUESTION_CURRENT,
				  "no service TD is bound, or a policy names it",
				  "pin tdx_mrservicetd in a policy", OF_TDX },
	[CHECK_SGX_DEBUG] = { "sgx.debug", CELLA_QUESTION_CURRENT,
			      "the enclave is not debuggable",
			      "launch the enclave without the debug attribute", OF_SGX },
	[CHECK_EVM_DATES] = { "evm.dates", CELLA_QUESTION_CURRENT,
			      "the certificates are valid at this time",
			      "check the clock; start the enclave anew", OF_EVM },
	[CHECK_EVM_DEBUG] = { "evm.debug", CELLA_QUESTION_CURRENT,
			      "the enclave is not debuggable",
			      "start the enclave without debugging", OF_EVM },
	[CHECK_QUOTE_TAIL] = { "quote.tail", CELLA_QUESTION_CURRENT,
			       "only zeros follow the quote",
			       "cut the quote at its declared end" },
	[CHECK_POLICY_TCB] = { "policy.tcb", CELLA_QUESTION_CURRENT,
			       "the platform meets the policy", "update the platform",
			       OF_NONE },
	[CHECK_POLICY] = { "policy", CELLA_QUESTION_MINE, "the workload meets the policy",
			   "if the workload was changed on purpose, sign a new policy",
			   OF_NONE },
	[CHECK_REPORT_DATA] = { "report_data", CELLA_QUESTION_FRESH,
				"the report data is what was expected",
				"make a new quote with the expected report data",
				OF_NONE },
	[CHECK_VTPM_NONCE] = { "vtpm.nonce", CELLA_QUESTION_FRESH,
			       "the vTPM's quote holds the expected nonce",
			       "have the vTPM quote with the expected nonce", OF_NONE },
};

const char *check_name(enum check_id id)
{
	return defs[id].id;
}

void verdict_check_named(struct cella_verdict *v, enum check_id family, const char *id,
			 enum cella_outcome outcome, const char *expected,
			 const char *actual, const char *where)
{
	if (v->num_checks == VERDICT_MAX_CHECKS) {
		/* More conditions than anybody writes: fail closed, visibly. */
		v->arena.failed = true;
		return;
	}
	v->checks[v->num_checks] = (struct cella_check){
		.id = id,
		.question = defs[family].question,
		.outcome = outcome,
		.title = defs[family].title,
		.expected = expected,
		.actual = actual,
		.where = where,
		.remedy = outcome == CELLA_CHECK_FAIL ? defs[family].remedy : NULL,
	};
	v->check_ids[v->num_checks] = family;
	v->num_checks++;
	v->outcomes[family] = outcome;
}

void verdict_check(struct cella_verdict *v, enum check_id id, enum cella_outcome outcome,
		   const char *expected, const char *actual, const char *where)
{
	verdict_check_named(v, id, defs[id].id, outcome, expected, actual, where);
}

void verdict_remedy(struct cella_verdict *v, const char *remedy)
{
	struct cella_check *const last = v->num_checks > 0 ? &v->checks[v->num_checks - 1]
							   : NULL;

	if (last != NULL && last->outcome == CELLA_CHECK_FAIL)
		last->remedy = remedy;
}

bool verdict_passed(const struct cella_verdict *v, enum check_id id)
{
	return v->outcomes[id] == CELLA_CHECK_PASS;
}

const char *verdict_missing_check(const struct cella_verdict *v)
{
	static const enum made_of kinds[] = {
		[CELLA_EVIDENCE_SGX_QUOTE] = OF_SGX,
		[CELLA_EVIDENCE_TDX_QUOTE] = OF_TDX,
		[CELLA_EVIDENCE_EVM] = OF_EVM,
	};
	const enum made_of kind = kinds[v->evidence->kind];
	bool made[CHECK_COUNT] = { false };

	for (size_t i = 0; i < v->num_checks; i++)
		made[v->check_ids[i]] = true;
	for (size_t id = 0; id < CHECK_COUNT; id++)
		if (!made[id] && (defs[id].made_of == kind ||
				  (defs[id].made_of == OF_EVERY_QUOTE && kind != OF_EVM)))
			return defs[id].id;
	return NULL;
}

void verdict_warn(struct cella_verdict *v, const char *text)
{
	if (v->num_warnings < ARRAY_LEN(v->warnings))
		v->warnings[v->num_warnings++] = text;
}
