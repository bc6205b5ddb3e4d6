/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody who verifies and issues result tokens: a simulated platform, a quote that binds
 * a nonce and a key, signed policies, a verdict that is four times yes, and a token for
 * it, from which tests make other tokens by changing and signing it again.
 */
#ifndef TEST_ISSUER_H
#define TEST_ISSUER_H

#include "support.h"

#include <cella/policy.h>
#include <cella/token.h>

#include "base/json.h"
#include "crypto/private_key.h"
#include "sim/collateral.h"
#include "sim/quote.h"

#define ISSUER_TIME INT64_C(1767225600) /* 2026-01-01T00:00:00Z */
#define ISSUER_AUDIENCE "orders.example"
#define ISSUER_NAME "verifier.example"

/* struct key_pair - a key, its signer, and the set that pins it. */
struct key_pair {
	struct private_key *key;
	struct cella_signer signer;
	struct out pem; /* of the public key */
	struct cella_keys *keys;
};

struct issuer {
	struct sim_platform *platform;
	struct key_pair verifier; /* P-256: signs tokens */
	struct key_pair owner;    /* P-384: signs the policy */
	struct key_pair holder;   /* what the quote's report data binds */
	uint8_t nonce[32];
	uint8_t report_data[CELLA_REPORT_DATA_LEN];
	struct cella_policy *policy;
	struct cella_evidence *evidence;
	struct cella_collateral *collateral;
	struct cella_verdict *verdict;
	char *token;
};

void key_pair_new(struct key_pair *pair, enum crypto_curve curve);
void key_pair_done(struct key_pair *pair);

void issuer_new(struct issuer *issuer);
void issuer_done(struct issuer *issuer);

/* issuer_quote() makes a quote with the issuer's report data that tells what changed. */
struct cella_evidence *issuer_quote(const struct issuer *issuer,
				    void (*change)(struct sim_quote *quote));

/* issuer_collateral() makes collateral as a specification asks for it. */
struct cella_collateral *issuer_collateral(const struct issuer *issuer,
					   const struct sim_collateral_spec *spec);

/* issuer_policy() signs a policy's text with the owner's key and pins him. */
struct cella_policy *issuer_policy(const struct issuer *issuer, const char *text);

/* issuer_options() demands what the issuer's quote gives. */
void issuer_options(const struct issuer *issuer, struct cella_verify_options *out);

/* issuer_judge() judges evidence by collateral, either of which may be the issuer's. */
struct cella_verdict *issuer_judge(struct cella_evidence *evidence,
				   struct cella_collateral *collateral,
				   const struct cella_verify_options *options);

/* issuer_token_options() tells nonce and key, and everything that is required. */
void issuer_token_options(const struct issuer *issuer, struct cella_token_options *out);

/* issuer_write() writes a token that the caller frees. */
char *issuer_write(const struct cella_verdict *verdict,
		   const struct cella_token_options *options);

/* issuer_expectations() demands all that the issuer's token gives. */
void issuer_expectations(const struct issuer *issuer,
			 struct cella_token_expectations *out);

/* token_part() decodes the header (0) or the payload (1) of a token. */
json_t *token_part(const char *token, size_t index);

/* token_sign() signs texts as header and payload; the caller frees the token. */
char *token_sign(const struct key_pair *pair, const char *header, const char *payload);

/*
 * token_change() changes one member of the payload and signs the token again. path names
 * the member ("answers.fresh"); value is JSON, or NULL to take the member away.
 */
char *token_change(const struct key_pair *pair, const char *token, const char *path,
		   const char *value);

/* token_change_header() does so with a member of the header. */
char *token_change_header(const struct key_pair *pair, const char *token,
			  const char *name, const char *value);

/*
 * CHECK_TOKEN() verifies a token: failing NULL means that it must be accepted, otherwise
 * it names the one check that must fail.
 */
#define CHECK_TOKEN(failing, token, expectations) \
	check_token_(__FILE__, __LINE__, failing, token, expectations)
void check_token_(const char *file, int line, const char *failing, const char *token,
		  const struct cella_token_expectations *expectations);

/* token_failures() lists the checks that failed, separated by blanks; "" for none. */
void token_failures(const struct cella_token *token, char *out, size_t size);

#endif
