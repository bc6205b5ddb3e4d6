/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens as they come: no input is signed by the pinned keys, so none is accepted. */
#include "fuzz.h"

#include <cella/token.h>

#include "jose/jws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
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
	struct jws jws CLEANUP(jws_cleanup) = { 0 };
	struct cella_token *token = NULL;
	struct cella_error err = { 0 };
	char *text = NULL;

	(void)fuzz_failed(
		jws_parse(bytes_of(data, size), JWS_KEY_ALLOWED, "token", &jws, &err),
		&err, size);
	if (!fuzz_failed(cella_token_decode(data, size, &text, &err), &err, size))
		fuzz_json(text);
	if (fuzz_failed(cella_token_verify(data, size, &expected, &token, &err), &err,
			size))
		return 0;
	MUST(cella_token_result(token) == CELLA_REJECTED);
	MUST(cella_token_overall_result(token) == 0);
	MUST(cella_token_appraisal_result(token, &text, NULL) == CELLA_USAGE);
	MUST(cella_token_json(token, &text, NULL) == CELLA_OK);
	fuzz_json(text);
	cella_token_free(token);
	return 0;
}
