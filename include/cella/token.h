/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Result tokens: verdicts that are signed, so that others need not verify again. A token
 * is a JSON Web Token with ES256 or ES384 whose claims are described in doc/token.md.
 */
#ifndef CELLA_TOKEN_H
#define CELLA_TOKEN_H

#include <cella/keys.h>
#include <cella/policy.h>
#include <cella/verify.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The lifetime of a token, in seconds, unless the options say otherwise. */
#define CELLA_TOKEN_LIFETIME_S 300
#define CELLA_TOKEN_LIFETIME_MAX_S 86400

/*
 * struct cella_token_options - what a token says beside the verdict. Set size to the size
 * of the struct. Pointers are borrowed for the call.
 */
struct cella_token_options {
	size_t size;
	const char *issuer;    /* iss; required */
	const char *audience;  /* aud: who is to believe the token; required */
	const char *id;        /* jti: unique, chosen at random by the caller; required */
	uint64_t result_nonce; /* the random number that Intel-shaped results carry */
	int64_t lifetime_s;    /* 0: CELLA_TOKEN_LIFETIME_S */

	/*
	 * What the report data binds, for the token to tell; each may be empty. When any is
	 * given, the verdict must have expected exactly the report data that
	 * cella_report_data() makes of them. key_document is data whose hash need not be
	 * given: a document (PEM or JWK) with one public key, which the token confirms (cnf).
	 */
	struct cella_bytes nonce;
	struct cella_bytes data_sha512;
	struct cella_bytes key_document;

	const struct cella_signer *signer; /* required */
};

/*
 * cella_token_write() signs a verdict, be it favourable or not: its claims say which. The
 * token's time is the verdict's; it expires after its lifetime or with the first of the
 * collateral, whichever is earlier. CELLA_USAGE for options that do not fit the verdict.
 * The caller frees *text with cella_free().
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_token_write(const struct cella_verdict *verdict,
		  const struct cella_token_options *options, char **text,
		  struct cella_error *err);

/* How far clocks may differ, in seconds. */
#define CELLA_TOKEN_LEEWAY_MAX_S 300

/* CELLA_ALLOW() is a bit of struct cella_token_expectations.allow_unasked. */
#define CELLA_ALLOW(question) (UINT32_C(1) << (question))

/*
 * struct cella_token_expectations - what is demanded of a token. Set size to the size of
 * the struct. Four times yes is demanded unless allow_unasked names the exceptions.
 */
struct cella_token_expectations {
	size_t size;
	const struct cella_keys *keys; /* pinned keys of whoever may sign; required */
	const char *audience;          /* required: what aud must be */
	const char *issuer;            /* NULL: any issuer whose key is pinned */

	enum cella_time time_choice;
	int64_t time;
	int64_t leeway_s; /* for clocks that differ; at most CELLA_TOKEN_LEEWAY_MAX_S */

	enum cella_expect nonce_expect;
	struct cella_bytes nonce; /* EXACT */

	/* Questions whose answer may be "not asked": CELLA_ALLOW(CELLA_QUESTION_MINE), and
	 * that of CELLA_QUESTION_FRESH. */
	uint32_t allow_unasked;

	/* Roots beside "intel": names as cella_verdict_root() gives them. */
	const char *const *roots;
	size_t num_roots;

	/*
	 * NULL: any. Otherwise at least this: "host", that somebody named the root of a host,
	 * or "tdx", that Intel's root vouches. No claim can raise what follows from the root.
	 */
	const char *strength;

	/* NULL: any owner. Otherwise every policy must belong to one of these keys. */
	const struct cella_keys *policy_owners;

	/* None: any policies. Otherwise these, by their digests, and no others. */
	struct cella_policy *const *policies;
	size_t num_policies;
};

/* struct cella_token - a token that was checked; immutable. */
struct cella_token;

/*
 * cella_token_verify() checks a token. CELLA_OK means that there is an answer, which
 * cella_token_result() gives. CELLA_MALFORMED when it is not a token at all, which keys in
 * its header make it; CELLA_UNSUPPORTED for other algorithms than ES256 and ES384, "none"
 * and HMAC among them. The caller frees *out.
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_token_verify(const void *text, size_t len,
		   const struct cella_token_expectations *expectations,
		   struct cella_token **out, struct cella_error *err);

CELLA_EXPORT void cella_token_free(struct cella_token *token);

/* cella_token_result() is CELLA_ACCEPTED or CELLA_REJECTED. */
CELLA_EXPORT enum cella_result cella_token_result(const struct cella_token *token);

CELLA_EXPORT size_t cella_token_num_checks(const struct cella_token *token);
/* cella_token_check() borrows the check; NULL beyond the last one. */
CELLA_EXPORT const struct cella_check *cella_token_check(const struct cella_token *token,
							 size_t index);

/*
 * cella_token_payload() borrows the claims as JSON text. They are not to be believed unless
 * cella_token_result() is CELLA_ACCEPTED.
 */
CELLA_EXPORT const char *cella_token_payload(const struct cella_token *token);

/*
 * cella_token_overall_result() is the overall_appraisal_result of the Intel-shaped result:
 * 1, 0, or -1 when some report was not judged. A token that was not accepted has 0.
 */
CELLA_EXPORT int cella_token_overall_result(const struct cella_token *token);

/*
 * cella_token_appraisal_result() writes the claim of that name: an Intel-shaped result,
 * which scripts read by itself. So it is given only where it may be read as an answer:
 * CELLA_USAGE when no pinned key signed the token, and when the token was refused although
 * the result says yes. The caller frees *text.
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_token_appraisal_result(const struct cella_token *token, char **text,
			     struct cella_error *err);

/* cella_token_json() writes result, checks and claims. */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_token_json(const struct cella_token *token, char **text, struct cella_error *err);

/*
 * cella_token_decode() writes header and payload as JSON without believing either. The
 * caller frees *text with cella_free().
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_token_decode(const void *text, size_t len, char **out, struct cella_error *err);

/*
 * cella_token_replay() judges again, offline, what a token says: the given quote, by the
 * collateral inside the token, as of the token's time and with the options that it tells;
 * options give root, policies and expectations (their time, accept, grace and flags are
 * ignored). What is not asked again is not compared. *difference names the first claim
 * that the new verdict does not bear out ("answers.current"); NULL: it bears out all of
 * them. CELLA_MALFORMED when the token or a document inside it is broken; CELLA_USAGE when
 * the quote, the event log or the vTPM's evidence is not the one that the token is about;
 * CELLA_MISSING when it was judged with one of the latter and options have none.
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_token_replay(const void *text, size_t len, struct cella_evidence *evidence,
		   const struct cella_verify_options *options, const char **difference,
		   struct cella_verdict **out, struct cella_error *err);

#ifdef __cplusplus
}
#endif
#endif
