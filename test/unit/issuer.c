/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of a simulated platform.
 */
#include "issuer.h"

#include "base/encode.h"

#include <stdio.h>

/* --- keys ---------------------------------------------------------------------------- */

void key_pair_new(struct key_pair *pair, enum crypto_curve curve)
{
	struct cella_error err = { 0 };

	*pair = (struct key_pair){ 0 };
	CHECK_OK(private_key_generate(curve, &pair->key, &err));
	private_key_signer(pair->key, &pair->signer);
	CHECK_OK(private_key_public_pem(pair->key, &pair->pem, &err));
	CHECK_OK(cella_keys_new(&pair->keys, &err));
	CHECK_OK(cella_keys_add(pair->keys, pair->pem.data, pair->pem.len, &err));
}

void key_pair_done(struct key_pair *pair)
{
	cella_keys_free(pair->keys);
	out_done(&pair->pem);
	private_key_free(pair->key);
	*pair = (struct key_pair){ 0 };
}

/* --- what is verified ---------------------------------------------------------------- */

static void bind_holder(struct issuer *issuer)
{
	struct cella_error err = { 0 };
	uint8_t hash[SHA512_LEN];

	memset(issuer->nonce, 0xa5, sizeof issuer->nonce);
	CHECK_OK(cella_sha512(issuer->holder.pem.data, issuer->holder.pem.len, hash,
			      &err));
	CHECK_OK(cella_report_data(bytes_of(hash, sizeof hash),
				   bytes_of(issuer->nonce, sizeof issuer->nonce),
				   issuer->report_data, &err));
}

struct cella_evidence *issuer_quote(const struct issuer *issuer,
				    void (*change)(struct sim_quote *quote))
{
	struct sim_quote quote = { 0 };
	struct cella_evidence *evidence = NULL;
	struct cella_error err = { 0 };
	struct out bytes = { 0 };
	size_t len = 0;

	CHECK_OK(sim_quote_init(issuer->platform, 5, QUOTE_BODY_TD_15, &quote, &err));
	memcpy(sim_quote_body_field(&quote, "report_data", &len), issuer->report_data,
	       sizeof issuer->report_data);
	if (change != NULL)
		change(&quote);
	CHECK_OK(sim_quote_finish(&quote, &bytes, &err));
	CHECK_OK(cella_evidence_parse(bytes.data, bytes.len, &evidence, &err));
	out_done(&bytes);
	sim_quote_done(&quote);
	return evidence;
}

struct cella_collateral *issuer_collateral(const struct issuer *issuer,
					   const struct sim_collateral_spec *spec)
{
	struct sim_collateral made = { 0 };
	struct cella_collateral *collateral = NULL;
	struct cella_error err = { 0 };
	struct out text = { 0 };

	CHECK_OK(sim_collateral_make(issuer->platform, spec, &made, &err));
	CHECK_OK(sim_collateral_write(&made, &text, &err));
	CHECK_OK(cella_collateral_parse(text.data, text.len, &collateral, &err));
	out_done(&text);
	sim_collateral_done(&made);
	return collateral;
}

struct cella_policy *issuer_policy(const struct issuer *issuer, const char *text)
{
	const struct cella_policy_options options = { .size = sizeof options,
						      .source = CELLA_POLICY_LOCAL,
						      .owners = issuer->owner.keys };
	struct cella_policy *policy = NULL;
	struct cella_error err = { 0 };
	char *jwt = NULL;

	CHECK_OK(
		cella_policy_sign(text, strlen(text), &issuer->owner.signer, &jwt, &err));
	CHECK_OK(cella_policy_parse(jwt, strlen(jwt), &options, &policy, &err));
	free(jwt);
	return policy;
}

/* The policy that the issuer's own quote meets. */
static struct cella_policy *own_policy(const struct issuer *issuer)
{
	const struct cella_policy_draft draft = {
		.size = sizeof draft,
		.facts = cella_evidence_facts(issuer->evidence),
		.with_platform = true,
	};
	struct cella_policy *policy;
	struct cella_error err = { 0 };
	const char *warning = NULL;
	char *text = NULL;

	CHECK_OK(cella_policy_write(&draft, &text, &warning, &err));
	policy = issuer_policy(issuer, text);
	free(text);
	return policy;
}

void issuer_options(const struct issuer *issuer, struct cella_verify_options *out)
{
	*out = (struct cella_verify_options){
		.size = sizeof *out,
		.time_choice = CELLA_TIME_AT,
		.time = ISSUER_TIME,
		.root_choice = CELLA_ROOT_GIVEN,
		.root = out_view(&issuer->platform->certs[SIM_ROOT].der),
		.report_data_expect = CELLA_EXPECT_EXACT,
		.policy_expect = CELLA_EXPECT_EXACT,
		.policies = &issuer->policy,
		.num_policies = 1,
	};
	memcpy(out->report_data, issuer->report_data, sizeof out->report_data);
}

struct cella_verdict *issuer_judge(struct cella_evidence *evidence,
				   struct cella_collateral *collateral,
				   const struct cella_verify_options *options)
{
	struct cella_verdict *verdict = NULL;
	struct cella_error err = { 0 };

	CHECK_OK(cella_verify(evidence, collateral, options, &verdict, &err));
	return verdict;
}

/* --- tokens -------------------------------------------------------------------------- */

void issuer_token_options(const struct issuer *issuer, struct cella_token_options *out)
{
	*out = (struct cella_token_options){
		.size = sizeof *out,
		.issuer = ISSUER_NAME,
		.audience = ISSUER_AUDIENCE,
		.id = "token-1",
		.result_nonce = 7,
		.nonce = bytes_of(issuer->nonce, sizeof issuer->nonce),
		.key_document = out_view(&issuer->holder.pem),
		.signer = &issuer->verifier.signer,
	};
}

char *issuer_write(const struct cella_verdict *verdict,
		   const struct cella_token_options *options)
{
	struct cella_error err = { 0 };
	char *token = NULL;

	CHECK_OK(cella_token_write(verdict, options, &token, &err));
	return token;
}

void issuer_expectations(const struct issuer *issuer,
			 struct cella_token_expectations *out)
{
	static const char *roots[1];

	roots[0] = cella_verdict_root(issuer->verdict);
	*out = (struct cella_token_expectations){
		.size = sizeof *out,
		.keys = issuer->verifier.keys,
		.audience = ISSUER_AUDIENCE,
		.issuer = ISSUER_NAME,
		.time_choice = CELLA_TIME_AT,
		.time = ISSUER_TIME,
		.nonce_expect = CELLA_EXPECT_EXACT,
		.nonce = bytes_of(issuer->nonce, sizeof issuer->nonce),
		.roots = roots,
		.num_roots = ARRAY_LEN(roots),
		.policy_owners = issuer->owner.keys,
	};
}

void issuer_new(struct issuer *issuer)
{
	struct sim_config config;
	struct sim_collateral_spec spec;
	struct cella_verify_options options;
	struct cella_token_options token_options;
	struct cella_error err = { 0 };

	*issuer = (struct issuer){ 0 };
	sim_config_init(&config, ISSUER_TIME);
	CHECK_OK(sim_platform_new(&config, NULL, &issuer->platform, &err));
	key_pair_new(&issuer->verifier, CRYPTO_P256);
	key_pair_new(&issuer->owner, CRYPTO_P384);
	key_pair_new(&issuer->holder, CRYPTO_P256);
	bind_holder(issuer);
	sim_collateral_spec_init(&spec, SIM_TDX, ISSUER_TIME);
	issuer->collateral = issuer_collateral(issuer, &spec);
	issuer->evidence = issuer_quote(issuer, NULL);
	issuer->policy = own_policy(issuer);
	issuer_options(issuer, &options);
	issuer->verdict = issuer_judge(issuer->evidence, issuer->collateral, &options);
	issuer_token_options(issuer, &token_options);
	issuer->token = issuer_write(issuer->verdict, &token_options);
}

void issuer_done(struct issuer *issuer)
{
	free(issuer->token);
	cella_verdict_free(issuer->verdict);
	cella_policy_unref(issuer->policy);
	cella_collateral_unref(issuer->collateral);
	cella_evidence_unref(issuer->evidence);
	key_pair_done(&issuer->holder);
	key_pair_done(&issuer->owner);
	key_pair_done(&issuer->verifier);
	sim_platform_free(issuer->platform);
	*issuer = (struct issuer){ 0 };
}

/* --- changing tokens ----------------------------------------------------------------- */

json_t *token_part(const char *token, size_t index)
{
	struct cella_error err = { 0 };
	struct out bytes = { 0 };
	json_t *json;

	for (; index > 0; index--)
		token = strchr(token, '.') + 1;
	CHECK_OK(base64url_append(bytes_of(token, strcspn(token, ".")), &bytes, "token",
				  &err));
	json = json_loadb((const char *)bytes.data, bytes.len, 0, NULL);
	assert_non_null(json);
	out_done(&bytes);
	return json;
}

char *token_sign(const struct key_pair *pair, const char *header, const char *payload)
{
	uint8_t signature[CRYPTO_POINT_MAX];
	struct cella_error err = { 0 };
	struct out text = { 0 };
	char *token = NULL;

	base64url_write(&text, bytes_from_text(header));
	out_text(&text, ".");
	base64url_write(&text, bytes_from_text(payload));
	CHECK_OK(private_key_sign(pair->key, out_view(&text), signature, &err));
	out_text(&text, ".");
	base64url_write(&text, bytes_of(signature, private_key_point(pair->key).len));
	CHECK_OK(out_take_text(&text, &token, &err));
	return token;
}

/* Sets, or with NULL deletes, the member that a path of names and indexes leads to. */
static void set_member(json_t *json, const char *path, const char *value)
{
	char name[64];
	const size_t len = strcspn(path, ".");
	json_t *made;

	assert_true(len < sizeof name);
	memcpy(name, path, len);
	name[len] = '\0';
	if (path[len] == '.') {
		json_t *const next =
			json_is_array(json)
				? json_array_get(json, (size_t)(name[0] - '0'))
				: json_object_get(json, name);

		assert_non_null(next);
		set_member(next, path + len + 1, value);
		return;
	}
	if (value == NULL) {
		assert_int_equal(0, json_object_del(json, name));
		return;
	}
	made = json_loads(value, JSON_DECODE_ANY, NULL);
	assert_non_null(made);
	assert_int_equal(0, json_object_set_new(json, name, made));
}

static char *change(const struct key_pair *pair, const char *token, size_t part,
		    const char *path, const char *value)
{
	json_t *const parts[] = { token_part(token, 0), token_part(token, 1) };
	char *texts[2];
	char *changed;

	set_member(parts[part], path, value);
	for (size_t i = 0; i < 2; i++) {
		texts[i] = json_dumps(parts[i], JSON_COMPACT);
		json_decref(parts[i]);
	}
	changed = token_sign(pair, texts[0], texts[1]);
	free(texts[0]);
	free(texts[1]);
	return changed;
}

char *token_change(const struct key_pair *pair, const char *token, const char *path,
		   const char *value)
{
	return change(pair, token, 1, path, value);
}

char *token_change_header(const struct key_pair *pair, const char *token,
			  const char *name, const char *value)
{
	return change(pair, token, 0, name, value);
}

/* --- verifying ----------------------------------------------------------------------- */

void token_failures(const struct cella_token *token, char *out, size_t size)
{
	size_t used = 0;

	*out = '\0';
	for (size_t i = 0; i < cella_token_num_checks(token); i++) {
		const struct cella_check *const check = cella_token_check(token, i);

		if (check->outcome == CELLA_CHECK_PASS)
			continue;
		used += (size_t)snprintf(out + used, size - used, "%s%s",
					 used > 0 ? " " : "", check->id);
		assert_true(used < size);
	}
}

void check_token_(const char *file, int line, const char *failing, const char *token,
		  const struct cella_token_expectations *expectations)
{
	struct cella_token *checked = NULL;
	struct cella_error err = { 0 };
	char failures[512];

	if (cella_token_verify(token, strlen(token), expectations, &checked, &err) !=
	    CELLA_OK) {
		print_error("%s: could not be checked: %s\n", check_case, err.text);
		_fail(file, line);
	}
	token_failures(checked, failures, sizeof failures);
	check_text_(file, line, "checks that failed", failing != NULL ? failing : "",
		    failures);
	if ((cella_token_result(checked) == CELLA_ACCEPTED) != (failing == NULL)) {
		print_error("%s: result %s\n", check_case,
			    cella_result_name(cella_token_result(checked)));
		_fail(file, line);
	}
	cella_token_free(checked);
}
