/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What writing, checking and replaying result tokens share: the claims.
 */
#ifndef TOKEN_RESULT_TOKEN_H
#define TOKEN_RESULT_TOKEN_H

#include <cella/token.h>

#include "base/json.h"
#include "verify/verdict.h"

/* The type in a result token's header: a policy cannot be mistaken for a result. */
#define TOKEN_TYPE "cella-result+jwt"

enum { TOKEN_TEXT_MAX = 512 }; /* of issuer, audience and id */

/* 9999-12-31T23:59:59Z: sums with lifetimes and leeways cannot overflow. */
#define TOKEN_TIME_MAX INT64_C(253402300799)

/* struct token_claims - the claims as they stand in a payload; views into it. */
struct token_claims {
	const char *issuer;
	const char *audience;
	const char *id;
	int64_t issued_at;
	int64_t not_before;
	int64_t expires;
	const char *nonce; /* hexadecimal; NULL: none */
	const json_t *answers;
	const json_t *reasons; /* NULL: none are told */
	const char *verdict;
	const char *root;     /* NULL: none */
	const char *strength; /* of an Enclave VM's; NULL: none is told */
	const char *status;   /* NULL: none */
	const char *evidence_sha256;
	const char *event_log_sha256;  /* NULL: none judged */
	const char *hcl_report_sha256; /* NULL: none, as is the next */
	const char *tpm_quote_sha256;
	const json_t *collateral_sha256;
	const json_t *judged_with; /* accept, grace, strict */
	const json_t *policies;
	const json_t *appraisal_result;
};

/* token_claims_read() reads every claim; CELLA_MALFORMED names the one that is wrong. */
enum cella_status token_claims_read(const json_t *payload, struct token_claims *out,
				    struct cella_error *err) MUST_CHECK;

/* token_answer() finds the answer to a question; false when it is none of the four. */
bool token_answer(const struct token_claims *claims, enum cella_question question,
		  enum cella_answer *out);

/* token_drawn_verdict() is the verdict that the answers amount to. */
const char *token_drawn_verdict(const struct token_claims *claims);

/*
 * token_other_policy() compares the policies that a token tells of with given ones, by
 * their digests. NULL: they are the same; otherwise what is wrong.
 */
const char *token_other_policy(const json_t *told, struct cella_policy *const *policies,
			       size_t num_policies);

/* token_put_collateral() adds the claim collateral_sha256. */
enum cella_status token_put_collateral(json_t *payload,
				       const struct cella_verdict *verdict,
				       struct cella_error *err) MUST_CHECK;

/*
 * token_result() borrows the one result of an appraisal result, which is an object in the
 * older form and an array of one object in the newer.
 */
const json_t *token_result(const json_t *appraisal_result);

#endif
