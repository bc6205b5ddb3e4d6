/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies: what somebody demands of evidence, written down, usually signed. The form is
 * Intel's: {"policy_array":[{"environment":{"class_id":…},"reference":{…}}]}, as it is or
 * as the verbatim text inside a signed token (JWT, ES384).
 *
 * A policy is made of elements. Elements of one class, of all policies that are given
 * together, are alternatives; classes are joined. Every key of an element must hold; a key
 * that cella does not know never holds. Byte strings are written as Intel writes them:
 * the last byte first, in upper-case hexadecimal; case does not matter when reading.
 */
#ifndef CELLA_POLICY_H
#define CELLA_POLICY_H

#include <stdbool.h>

#include <cella/error.h>
#include <cella/event_log.h>
#include <cella/evidence.h>
#include <cella/keys.h>
#include <cella/verify.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The longest document, in bytes, and the most policies that judge together. */
#define CELLA_POLICY_MAX ((size_t)1 << 20)
#define CELLA_POLICIES_MAX ((size_t)16)

/* Where a policy came from. */
enum cella_policy_source {
	CELLA_POLICY_SOURCE_UNSET = 0, /* a usage error */
	CELLA_POLICY_LOCAL,            /* whoever verifies gave it */
	CELLA_POLICY_REMOTE, /* from the network: judges only when its owner is pinned */
};

/* Who stands behind a policy. */
enum cella_policy_standing {
	CELLA_POLICY_BAD_SIGNATURE = 0, /* judges nothing: a check fails */
	CELLA_POLICY_FOREIGN_OWNER,     /* signed, but not by a pinned owner; likewise */
	CELLA_POLICY_UNSIGNED,          /* refused, too, when owners are pinned */
	CELLA_POLICY_SELF_SIGNED,       /* signed by whomever; nobody is pinned */
	CELLA_POLICY_OWNER_PINNED,      /* signed by a pinned owner */
};

/* cella_policy_standing_name() returns "bad_signature", "owner_pinned" and so on. */
CELLA_EXPORT const char *cella_policy_standing_name(enum cella_policy_standing standing);

/*
 * struct cella_policy_options - how to take a policy. Set size to the size of the struct.
 * owners may be NULL: nobody is pinned. It is borrowed for the call.
 */
struct cella_policy_options {
	size_t size;
	enum cella_policy_source source;
	const struct cella_keys *owners; /* an empty set is a usage error */
};

/* struct cella_policy - one document: immutable, shareable between threads. */
struct cella_policy;

/*
 * cella_policy_parse() parses a policy and keeps a copy of it. Comments (//, and between
 * slash and asterisk) count as blanks; members whose names start with '#' are comments.
 * CELLA_MALFORMED names the element and the key: wrong types, wrong lengths, keys that
 * exclude each other, names that occur twice. CELLA_UNSUPPORTED for a class that is not
 * one of the eight and for another algorithm than ES384; CELLA_LIMIT above the limits. A
 * signature that does not hold is not an error here but the policy's standing. The caller
 * releases *out with cella_policy_unref().
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_policy_parse(const void *data, size_t len,
		   const struct cella_policy_options *options, struct cella_policy **out,
		   struct cella_error *err);

/* cella_policy_ref() returns the policy, once more. */
CELLA_EXPORT struct cella_policy *cella_policy_ref(struct cella_policy *policy);
/* cella_policy_unref() gives one reference back; NULL is fine. */
CELLA_EXPORT void cella_policy_unref(struct cella_policy *policy);

CELLA_EXPORT enum cella_policy_source
cella_policy_source(const struct cella_policy *policy);
CELLA_EXPORT enum cella_policy_standing
cella_policy_standing(const struct cella_policy *policy);

/* cella_policy_digest() borrows the SHA-256 of the document as it was received. */
CELLA_EXPORT struct cella_bytes cella_policy_digest(const struct cella_policy *policy);

/* cella_policy_text() borrows the policy's own text: what was signed, verbatim. */
CELLA_EXPORT struct cella_bytes cella_policy_text(const struct cella_policy *policy);

/*
 * cella_policy_owner() is the RFC 7638 thumbprint of the key in the document; NULL when
 * it is not signed. It identifies an owner only where the standing says that he is pinned.
 */
CELLA_EXPORT const char *cella_policy_owner(const struct cella_policy *policy);

CELLA_EXPORT size_t cella_policy_num_elements(const struct cella_policy *policy);
/* Both return NULL beyond the last element; the description is "" when there is none. */
CELLA_EXPORT const char *cella_policy_class_id(const struct cella_policy *policy,
					       size_t index);
CELLA_EXPORT const char *cella_policy_description(const struct cella_policy *policy,
						  size_t index);

/*
 * cella_policy_sign() writes the signed form of a policy's text, which is checked first.
 * The signer must use CELLA_ALG_ES384. The caller frees *jwt with cella_free().
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_policy_sign(const void *text, size_t len, const struct cella_signer *signer,
		  char **jwt, struct cella_error *err);

/*
 * struct cella_policy_draft - what a new policy shall demand. Set size to the size of the
 * struct. Everything is borrowed for the call.
 */
struct cella_policy_draft {
	size_t size;

	/* Of a quote, a TD report, an SGX report, or a signed enclave (sigstruct.h). */
	const struct cella_facts *facts;

	const char *description; /* NULL: the class's name */

	/* The keys to write ("tdx_mrtd"), or, with num_only 0, all but those in without. */
	const char *const *only;
	size_t num_only;
	const char *const *without;
	size_t num_without;

	/*
	 * The TD's event log, or NULL. The policy then names the events of every register
	 * that the log tells of, too: tdx_rtmr3_events for instance.
	 */
	const struct cella_event_log *event_log;

	/* Adds strict elements for the platform and, of TDX, its quoting enclave. */
	bool with_platform;
};

/*
 * cella_policy_write() writes a policy that the described workload meets: every
 * measurement that identifies it, with masks, but not its report data. *warning is NULL,
 * or a sentence to show: that the workload can be debugged, for instance. CELLA_USAGE for
 * a key that the class does not have, CELLA_UNSUPPORTED for facts of another kind,
 * CELLA_MALFORMED for an event log that does not lead to the evidence's registers. The
 * caller frees *text with cella_free().
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_policy_write(const struct cella_policy_draft *draft, char **text,
		   const char **warning, struct cella_error *err);

/* What a lint found, by weight. */
struct cella_policy_findings {
	size_t num_errors;   /* it does not mean what it seems to mean, or cannot pass */
	size_t num_warnings; /* Intel's engines or most readers take it differently */
	size_t num_notes;
};

/*
 * cella_policy_lint() lists what is wrong with a policy although it is well formed: keys
 * that are dead, ambiguous, byte-reversed by mistake, honoured by some engines only;
 * alternatives that can never match. facts, which may be NULL, are those of evidence that
 * the policy was written for. The caller frees *text with cella_free().
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_policy_lint(const struct cella_policy *policy, const struct cella_facts *facts,
		  bool as_json, char **text, struct cella_policy_findings *findings,
		  struct cella_error *err);

/*
 * cella_policy_explain() says in words what a policy demands, and what the generations of
 * Intel's appraisal engine (1.20, 1.22, 2026) make of it. verdict, which may be NULL, is
 * on evidence to compare the answers for; it need not have been judged by this policy. The
 * caller frees *text with cella_free().
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_policy_explain(const struct cella_policy *policy,
		     const struct cella_verdict *verdict, bool as_json, char **text,
		     struct cella_error *err);

/* The largest nonce of a result: Intel's are random numbers below 10^15. */
#define CELLA_RESULT_NONCE_MAX UINT64_C(999999999999999)

/*
 * cella_verdict_result_json() writes a verdict as Intel's appraisal result: the array
 * [{"result":{…}}] that the tools for Intel's results read. overall_appraisal_result is 1
 * only when the verdict is accepted and the policies of all reports agreed. nonce is a
 * random number; it proves nothing, freshness is the report data's. The caller frees
 * *text with cella_free().
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_verdict_result_json(const struct cella_verdict *verdict, uint64_t nonce,
			  char **text, struct cella_error *err);

#ifdef __cplusplus
}
#endif
#endif
