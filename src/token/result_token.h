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
	const char *verdict;
	const char *root; /* NULL: none */
	const char *evidence_sha256;
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

/*
 * token_result() borrows the one result of an appraisal result, which is an object in the
 * older form and an array of one object in the newer.
 */
const json_t *token_result(const json_t *appraisal_result);

#endif
