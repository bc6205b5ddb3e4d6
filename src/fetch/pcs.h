/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vendor's Provisioning Certification Service and caches of it (PCS and PCCS API,
 * version 4): what can be asked, under which URL, and whether an answer answers.
 */
#ifndef FETCH_PCS_H
#define FETCH_PCS_H

#include <cella/evidence.h>

#include "collateral/tcb_info.h"
#include "collateral/tcb_numbers.h"
#include "evidence/quote.h"
#include "fetch/url.h"

enum { PCS_PATH_MAX = 1024, PCS_NAME_MAX = 72 };

/* struct platform - what collateral is asked for. */
struct platform {
	enum tcb_tee tee;
	uint8_t fmspc[FMSPC_LEN];
	bool is_platform_ca; /* the PCK's issuer; otherwise it is the processor CA */
};

/*
 * platform_of() finds out what a quote's platform is. CELLA_MISSING for a quote that
 * carries no PCK certificate, or whose certificates end in another root than this one:
 * documents under this one would not help it.
 */
enum cella_status platform_of(const struct cella_evidence *evidence,
			      const uint8_t root[64], struct platform *out,
			      struct cella_error *err) MUST_CHECK;

/* The order in which they are asked: the root's list is checked with the chain of the
 * list before it. */
enum pcs_kind {
	PCS_PCK_CRL,
	PCS_ROOT_CRL,
	PCS_TCB_INFO,
	PCS_QE_IDENTITY,
	PCS_NUM_SETS, /* those before make a set */
	PCS_NUMBERS = PCS_NUM_SETS,
	PCS_PCK_CERT,
	PCS_QVE_IDENTITY,
	PCS_NUM_KINDS,
};

/* Which of the vendor's evaluations: the standard one, the early one, or by number. */
struct pcs_edition {
	bool early;
	uint32_t number; /* 0: none */
};

enum { PCS_CPU_SVN_LEN = 16, PCS_QE_ID_LEN = 16 };

/* struct pck_id - which platform at which TCB has the PCK certificate. Views are borrowed. */
struct pck_id {
	struct cella_bytes qe_id;
	struct cella_bytes encrypted_ppid; /* empty where it is not known */
	struct cella_bytes cpu_svn;
	uint16_t pce_svn;
	uint8_t pce_id[2]; /* in wire order */
};

struct pcs_question {
	enum pcs_kind kind;
	struct platform platform;
	struct pcs_edition edition;
	const struct quote *quote; /* PCS_PCK_CERT: whose; or else */
	const struct pck_id *pck;
};

/*
 * pcs_path() writes the question as below /certification/v4/, with its TEE in front.
 * CELLA_MALFORMED for certification data that is broken.
 */
enum cella_status pcs_path(const struct pcs_question *question, char out[PCS_PATH_MAX],
			   struct cella_error *err) MUST_CHECK;

/* pcs_needs_key() is true for what the vendor's service wants a subscription key for. */
bool pcs_needs_key(enum pcs_kind kind);

/* pcs_name() is what people call what is asked for: "TCB info". */
const char *pcs_name(enum pcs_kind kind);

/*
 * pcs_url() writes where a server has the answer. base is the service's URL, as
 * configuration files have it ("https://HOST/sgx/certification/v4/"), or its host alone.
 * CELLA_MISSING for a quote by which the vendor's own service cannot find a platform.
 */
enum cella_status pcs_url(const char *base, const struct pcs_question *question,
			  char out[URL_MAX + 1], struct cella_error *err) MUST_CHECK;

/* pcs_policies_url() writes where a PCCS has the policies for a platform. */
enum cella_status pcs_policies_url(const char *base, const struct platform *platform,
				   char out[URL_MAX + 1],
				   struct cella_error *err) MUST_CHECK;

/* What an answer says of itself. */
struct pcs_answer {
	int64_t from; /* issue date, or this update */
	int64_t to;   /* next update */
	uint64_t number;
	bool fits; /* not a PCK certificate whose key did not sign the question's quote */
};

/*
 * pcs_check() finds out whether a response is the document that was asked for, signed up
 * to the root. chain is a response whose chain ends in the same root, for the root's own
 * list; it may be empty. CELLA_MALFORMED with what is wrong.
 */
enum cella_status pcs_check(const struct pcs_question *question,
			    struct cella_bytes response, struct cella_bytes chain,
			    const uint8_t root[64], struct pcs_answer *out,
			    struct cella_error *err) MUST_CHECK;

/*
 * pcs_platform() finds out what a platform is from a response with its PCK certificate,
 * for a quote that carries none; whether it is the quote's own certificate, pcs_check()
 * tells.
 */
enum cella_status pcs_platform(struct cella_bytes response,
			       const struct cella_evidence *evidence,
			       const uint8_t root[64], struct platform *out,
			       struct cella_error *err) MUST_CHECK;

/*
 * pcs_numbers() reads which evaluations there are, from a response that pcs_check() has
 * found good.
 */
enum cella_status pcs_numbers(struct cella_bytes response, enum tcb_tee tee,
			      struct tcb_numbers *out,
			      struct cella_error *err) MUST_CHECK;

/*
 * pcs_tcbm() reads at which TCB a platform has the PCK certificate of a response: CPUSVN and
 * PCESVN. CELLA_MISSING when the server does not say.
 */
enum cella_status pcs_tcbm(struct cella_bytes response, uint8_t cpu_svn[PCS_CPU_SVN_LEN],
			   uint16_t *pce_svn, struct cella_error *err) MUST_CHECK;

/*
 * pcs_max_age() reads for how many seconds a response may be kept, from its Cache-Control;
 * false when it does not say.
 */
bool pcs_max_age(struct cella_bytes response, int64_t *out);

#endif
