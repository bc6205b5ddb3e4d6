/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz harnesses share.
 */
#include "fuzz.h"

#include <cella/collateral.h>

#include <stdio.h>
#include <string.h>

_Noreturn void fuzz_broken(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

bool fuzz_failed(enum cella_status status, const struct cella_error *err, size_t size)
{
	if (status == CELLA_OK)
		return false;
	MUST(err->status == status);
	MUST(err->text[0] != '\0' && memchr(err->text, '\0', sizeof err->text) != NULL);
	MUST(err->offset <= size);
	MUST(status != CELLA_USAGE && status != CELLA_INTERNAL && status != CELLA_NOMEM);
	return true;
}

struct cella_bytes fuzz_part(struct cella_bytes *rest)
{
	static const size_t cut_len = sizeof FUZZ_CUT - 1;
	const uint8_t *const cut =
		rest->len > 0 ? memmem(rest->data, rest->len, FUZZ_CUT, cut_len) : NULL;
	struct cella_bytes part = *rest;

	*rest = bytes_of(NULL, 0);
	if (cut != NULL) {
		const size_t len = (size_t)(cut - part.data);

		*rest = bytes_of(cut + cut_len, part.len - len - cut_len);
		part.len = len;
	}
	return part;
}

void fuzz_json(char *text)
{
	json_t *json = NULL;

	MUST(json_parse(bytes_of(text, strlen(text)), "written", &json, NULL) ==
	     CELLA_OK);
	json_decref(json);
	cella_free(text);
}

bool fuzz_inside(struct cella_bytes view, const uint8_t *data, size_t size)
{
	return view.len == 0 || (view.data >= data && view.len <= size &&
				 (size_t)(view.data - data) <= size - view.len);
}

struct private_key *fuzz_key(enum crypto_curve curve)
{
	static struct private_key *keys[2];

	if (keys[curve] == NULL)
		MUST(private_key_generate(curve, &keys[curve], NULL) == CELLA_OK);
	return keys[curve];
}

const struct cella_keys *fuzz_keys(void)
{
	static struct cella_keys *keys;

	if (keys != NULL)
		return keys;
	MUST(cella_keys_new(&keys, NULL) == CELLA_OK);
	for (int curve = CRYPTO_P256; curve <= CRYPTO_P384; curve++) {
		struct out pem CLEANUP(out_done) = { 0 };

		MUST(private_key_public_pem(fuzz_key((enum crypto_curve)curve), &pem,
					    NULL) == CELLA_OK);
		MUST(cella_keys_add(keys, pem.data, pem.len, NULL) == CELLA_OK);
	}
	return keys;
}

/* --- policies ------------------------------------------------------------------------ */

struct cella_policy *fuzz_policy(struct cella_bytes text, const struct cella_keys *owners)
{
	const struct cella_policy_options how = { .size = sizeof how,
						  .source = CELLA_POLICY_LOCAL,
						  .owners = owners };
	struct cella_policy *policy = NULL;
	struct cella_error err = { 0 };

	return fuzz_failed(cella_policy_parse(text.data, text.len, &how, &policy, &err),
			   &err, text.len)
		       ? NULL
		       : policy;
}

void fuzz_describe_policy(const struct cella_policy *policy)
{
	struct cella_policy_findings findings;

	for (int as_json = 0; as_json < 2; as_json++) {
		char *lint = NULL, *told = NULL;

		MUST(cella_policy_lint(policy, NULL, as_json != 0, &lint, &findings,
				       NULL) == CELLA_OK);
		MUST(cella_policy_explain(policy, NULL, as_json != 0, &told, NULL) ==
		     CELLA_OK);
		if (as_json) {
			fuzz_json(lint);
			fuzz_json(told);
		} else {
			cella_free(lint);
			cella_free(told);
		}
	}
}

void fuzz_policy_of(const struct cella_facts *facts)
{
	const struct cella_policy_draft draft = { .size = sizeof draft,
						  .facts = facts,
						  .with_platform = true };
	struct cella_policy *policy;
	struct cella_error err = { 0 };
	const char *warning = NULL;
	char *text = NULL;

	if (fuzz_failed(cella_policy_write(&draft, &text, &warning, &err), &err, 0))
		return;
	policy = fuzz_policy(bytes_of(text, strlen(text)), NULL);
	MUST(policy != NULL);
	cella_policy_unref(policy);
	cella_free(text);
}

/* --- collateral ---------------------------------------------------------------------- */

void fuzz_collateral(const struct cella_collateral *collateral)
{
	struct cella_collateral *again = NULL;
	char *text = NULL, *same = NULL;

	for (int as_json = 0; as_json < 2; as_json++) {
		MUST(cella_collateral_describe(collateral, FUZZ_TIME, as_json != 0, &text,
					       NULL) == CELLA_OK);
		if (as_json)
			fuzz_json(text);
		else
			cella_free(text);
	}
	MUST(cella_collateral_write(collateral, &text, NULL) == CELLA_OK);
	if (cella_collateral_parse(text, strlen(text), &again, NULL) == CELLA_OK) {
		MUST(cella_collateral_write(again, &same, NULL) == CELLA_OK);
		MUST(strcmp(text, same) == 0);
	} else {
		/* A set of chains alone, or none at all, has nothing to be written. */
		MUST(strcmp(text, "[]") == 0 || strcmp(text, "{}") == 0);
	}
	cella_collateral_unref(again);
	cella_free(same);
	cella_free(text);
}
