/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict behind the public handle: what was looked at, what was found, and the
 * ordered checks. Verification (this folder) and appraisal fill it in; afterwards it never
 * changes.
 */
#ifndef VERIFY_VERDICT_H
#define VERIFY_VERDICT_H

#include <cella/verify.h>

#include "collateral/bundle.h"
#include "evidence/event_log.h"
#include "evidence/evidence.h"
#include "evidence/vtpm.h"
#include "verify/pck.h"
#include "verify/tcb_eval.h"

/* Checks in the order in which they are told. */
enum check_id {
	CHECK_PCK_CHAIN,
	CHECK_PCK_ROOT,
	CHECK_PCK_EXTENSION,
	CHECK_QE_SIGNATURE,
	CHECK_QE_BINDING,
	CHECK_QUOTE_SIGNATURE,
	CHECK_QE_IDENTITY_CHAIN,
	CHECK_QE_IDENTITY_SIGNATURE,
	CHECK_QE_IDENTITY,
	CHECK_TDX_MODULE,
	CHECK_VTPM_BINDING,
	CHECK_VTPM_SIGNATURE,
	CHECK_VTPM_PCRS,
	CHECK_EVM_ROOT,
	CHECK_EVM_CERTIFICATE,
	CHECK_EVM_SIGNATURE,
	CHECK_EVM_PCRS,
	CHECK_EVM_BINDING,
	CHECK_EVM_LAUNCH,
	CHECK_EVENT_LOG, /* one per register that the log tells of */

	CHECK_TCB_INFO_CHAIN,
	CHECK_TCB_INFO_SIGNATURE,
	CHECK_TCB_INFO_PLATFORM,
	CHECK_ROOT_CRL,
	CHECK_PCK_CRL,
	CHECK_PCK_REVOKED,
	CHECK_PCK_CA_REVOKED,
	CHECK_SIGNER_REVOKED,
	CHECK_PCK_DATES,
	CHECK_TCB_INFO_DATES,
	CHECK_QE_IDENTITY_DATES,
	CHECK_ROOT_CRL_DATES,
	CHECK_PCK_CRL_DATES,
	CHECK_TCB_STATUS,
	CHECK_TD_DEBUG,
	CHECK_TD_ATTRIBUTES,
	CHECK_TD_MIGRATABLE,
	CHECK_TD_SEPT_VE_DISABLE,
	CHECK_TD_PERFMON,
	CHECK_TD_SERVICE_TD,
	CHECK_SGX_DEBUG,
	CHECK_EVM_DATES,
	CHECK_EVM_DEBUG,
	CHECK_QUOTE_TAIL,
	CHECK_POLICY_TCB, /* one per condition of a platform's or a QE's policy */

	CHECK_POLICY, /* one per condition of a tenant's policy */

	CHECK_REPORT_DATA,
	CHECK_VTPM_NONCE,

	CHECK_COUNT
};

enum { VERDICT_MAX_CHECKS = 320 };
enum { ROOT_NAME_LEN = sizeof "private:" + 2 * SHA256_LEN };

/* A document's or a chain's span of validity. */
struct validity {
	const char *what;
	int64_t from;
	int64_t to;
};

/* What stands and falls together in time; in the order of the checks. */
enum date_group {
	DATES_PCK,
	DATES_TCB_INFO,
	DATES_QE_IDENTITY,
	DATES_ROOT_CRL,
	DATES_PCK_CRL,
	DATES_EVM, /* of an Enclave VM's evidence, and no other is then */
	DATES_COUNT
};

struct dated {
	bool known; /* false: the document is missing */
	const char *where;
	struct validity begins;  /* what begins last */
	struct validity expires; /* what expires first */
};

struct cella_verdict {
	struct arena arena; /* texts and arrays of the verdict */
	struct cella_evidence *evidence;
	struct cella_collateral *collateral; /* NULL: none */
	struct cella_event_log *event_log;   /* NULL: none */
	struct cella_vtpm *vtpm;             /* NULL: none */
	int64_t time;
	int64_t grace_s;
	uint32_t accept;
	uint32_t flags;

	/* found by verification */
	struct td_body td;                   /* TDX */
	struct sgx_report qe;                /* the quoting enclave */
	struct pck *pck;                     /* NULL: no chain */
	char root[ROOT_NAME_LEN];            /* "" when there is no chain */
	const struct tcb_info_doc *tcb_info; /* the one for this platform */
	const struct identity_doc *identity; /* the one for this TEE */
	const struct crl_doc *root_crl;
	const struct crl_doc *pck_crl;
	bool has_tcb; /* evaluated: both documents are authentic */
	struct tcb_evaluation launch;
	bool has_current;
	struct tcb_evaluation current; /* TD 1.5: by tee_tcb_svn2 */
	enum cella_tcb_status status;  /* NONE before evaluation */
	struct dated dates[DATES_COUNT];
	struct validity
		first_expiry; /* what expires first; what is NULL: nothing known */

	struct cella_facts facts;
	struct register_replay log_registers[NUM_RTMRS]; /* when there is a log */
	struct register_replay log_pcr14; /* of an Enclave VM's applications */

	/* judged */
	struct appraisal *appraisal; /* by policies (appraise/appraise.h) */
	struct cella_check checks[VERDICT_MAX_CHECKS];
	enum check_id check_ids[VERDICT_MAX_CHECKS];
	size_t num_checks;
	enum cella_outcome outcomes[CHECK_COUNT]; /* of the last check of an id */
	const char *warnings[32];
	size_t num_warnings;
	enum cella_answer answers[CELLA_QUESTION_COUNT];
	enum cella_result result;
};

/*
 * verdict_check() adds a check. expected, actual and where may be NULL and must live as
 * long as the verdict. Remedies come with the id and are shown with failures.
 */
void verdict_check(struct cella_verdict *verdict, enum check_id id,
		   enum cella_outcome outcome, const char *expected, const char *actual,
		   const char *where);

/* verdict_check_named() adds a check of a family under an id of its own. */
void verdict_check_named(struct cella_verdict *verdict, enum check_id family,
			 const char *id, enum cella_outcome outcome, const char *expected,
			 const char *actual, const char *where);

/* verdict_remedy() replaces the remedy of the check that was added last, if it failed. */
void verdict_remedy(struct cella_verdict *verdict, const char *remedy);

/* verdict_passed() is true when the check was made and passed. */
bool verdict_passed(const struct cella_verdict *verdict, enum check_id id);

/*
 * verdict_missing_check() is the id of a check that evidence of this kind wants and that was
 * never made, or NULL: silence must not count as a yes.
 */
const char *verdict_missing_check(const struct cella_verdict *verdict);

/* verdict_warn() adds a sentence about something that is reported, not refused. The text
 * must live as long as the verdict. */
void verdict_warn(struct cella_verdict *verdict, const char *text);

/* check_name() is the id of a check in JSON and in the corpus of forgeries. */
const char *check_name(enum check_id id);

/* What a verification may remember from earlier ones; NULL members: nothing. */
struct cache;
struct verify_caches {
	struct cache *pcks;  /* struct pck by the chain's hash */
	struct cache *qes;   /* struct att_key by everything that certifies it */
	struct cache *roots; /* struct trust_root by its certificate's hash */
};

/* The caches' kinds, for whoever owns caches. */
struct cache_kind;
extern const struct cache_kind pck_cache_kind;
extern const struct cache_kind att_key_cache_kind;

/*
 * dcap_verify() fills in the facts and adds the checks that leave nothing to judge:
 * signatures, chains, root, revocation, identities; it evaluates the TCB and the dates. root is the
 * trusted root's key, x || y; is_intel says that it is a compiled-in one.
 */
enum cella_status dcap_verify(struct cella_verdict *verdict, const uint8_t root[64],
			      bool is_intel, const struct verify_caches *caches,
			      struct cella_error *err) MUST_CHECK;

/* The compiled-in key of the Intel SGX Root CA, x || y. */
extern const uint8_t intel_root_key[64];

#endif
