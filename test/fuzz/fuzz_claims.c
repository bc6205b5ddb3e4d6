/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims that a pinned key has signed, whatever they are: read, and judged again by a quote
 * and a root. The input is claims, quote and root.
 */
#include "fuzz.h"

#include <cella/token.h>

#include "evidence/evidence.h"
#include "jose/jws.h"
#include "token/result_token.h"

static char *sign(struct cella_bytes claims)
{
	json_t *header CLEANUP_JSON =
		json_pack("{s:s, s:s}", "alg", "ES256", "typ", TOKEN_TYPE);
	struct cella_signer signer;
	char *token = NULL;

	private_key_signer(fuzz_key(CRYPTO_P256), &signer);
	MUST(jws_sign(header, claims, &signer, &token, NULL) == CELLA_OK);
	return token;
}

static void check_accepted(const struct cella_token *token)
{
	const char *const payload = cella_token_payload(token);
	json_t *json = NULL;
	const char *audience, *verdict, *genuine;

	MUST(json_parse(bytes_of(payload, strlen(payload)), "", &json, NULL) == CELLA_OK);
	MUST(json_unpack(json, "{s:s, s:s, s:{s:s}}", "aud", &audience, "verdict",
			 &verdict, "answers", "genuine", &genuine) == 0);
	MUST(strcmp(audience, "fuzz") == 0 && strcmp(verdict, "accepted") == 0);
	MUST(strcmp(genuine, "yes") == 0);
	json_decref(json);
}

static void verify(const char *text)
{
	const struct cella_token_expectations expected = {
		.size = sizeof expected,
		.keys = fuzz_keys(),
		.audience = "fuzz",
		.time_choice = CELLA_TIME_AT,
		.time = FUZZ_TIME,
		.nonce_expect = CELLA_EXPECT_ANY,
		.allow_unasked = CELLA_ALLOW(CELLA_QUESTION_MINE) |
				 CELLA_ALLOW(CELLA_QUESTION_FRESH),
	};
	struct cella_token *token = NULL;
	struct cella_error err = { 0 };
	char *json = NULL;

	if (fuzz_failed(cella_token_verify(text, strlen(text), &expected, &token, &err),
			&err, strlen(text)))
		return;
	if (cella_token_result(token) == CELLA_ACCEPTED)
		check_accepted(token);
	MUST(cella_token_json(token, &json, NULL) == CELLA_OK);
	fuzz_json(json);
	cella_token_free(token);
}

static void replay(const char *text, struct cella_bytes quote, struct cella_bytes root)
{
	const struct cella_verify_options options = {
		.size = sizeof options,
		.time_choice = CELLA_TIME_AT,
		.root_choice = root.len > 0 ? CELLA_ROOT_GIVEN : CELLA_ROOT_INTEL,
		.root = root,
		.report_data_expect = CELLA_EXPECT_ANY,
		.policy_expect = CELLA_EXPECT_ANY,
	};
	struct cella_evidence *evidence CLEANUP(evidence_cleanup) = NULL;
	struct cella_verdict *verdict = NULL;
	const char *difference = NULL;

	if (cella_evidence_parse(quote.data, quote.len, &evidence, NULL) != CELLA_OK)
		return;
	if (cella_token_replay(text, strlen(text), evidence, &options, &difference,
			       &verdict, NULL) != CELLA_OK)
		return;
	cella_verdict_free(verdict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cella_bytes rest = bytes_of(data, size);
	const struct cella_bytes claims = fuzz_part(&rest);
	const struct cella_bytes quote = fuzz_part(&rest);
	char *const token = sign(claims);

	verify(token);
	replay(token, quote, fuzz_part(&rest));
	cella_free(token);
	return 0;
}
