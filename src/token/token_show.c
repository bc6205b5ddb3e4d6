/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Result tokens for people and programs to look at.
 */
#include "token/result_token.h"

#include "appraise/verdict_json.h"
#include "base/encode.h"
#include "jose/jws.h"

#include <string.h>

enum cella_status cella_token_json(const struct cella_token *token, char **text,
				   struct cella_error *err)
{
	json_t *root CLEANUP_JSON = json_object();
	json_t *payload = NULL;
	json_t *checks;

	if (root == NULL)
		return error_nomem(err);
	TRY(json_put(root, "schema", json_string("cella-token-1"), err));
	TRY(json_put(root, "verdict",
		     json_string(cella_result_name(cella_token_result(token))), err));
	checks = json_array();
	TRY(json_put(root, "checks", checks, err));
	for (size_t i = 0; i < cella_token_num_checks(token); i++)
		TRY(check_json(cella_token_check(token, i), checks, err));
	TRY(json_parse(
		bytes_of(cella_token_payload(token), strlen(cella_token_payload(token))),
		"token", &payload, err));
	TRY(json_put(root, "claims", payload, err));
	return json_write(root, true, text, err);
}

enum cella_status cella_token_decode(const void *text, size_t len, char **out,
				     struct cella_error *err)
{
	struct jws jws CLEANUP(jws_cleanup) = { 0 };
	json_t *root CLEANUP_JSON = json_object();
	json_t *payload = NULL;

	if (root == NULL)
		return error_nomem(err);
	TRY(jws_parse(text_trim(bytes_of(text, len)), JWS_KEY_ALLOWED, "token", &jws,
		      err));
	TRY(json_parse(jws.payload, "token", &payload, err));
	TRY(json_put(root, "payload", payload, err));
	TRY(json_put(root, "header", json_incref(jws.header), err));
	return json_write(root, true, out, err);
}
