/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens and results of verdicts.
 */
#include "cli/issue_token.h"

#include <cella/policy.h>
#include <cella/token.h>

#include "base/encode.h"
#include "cli/policy_input.h"
#include "fetch/files.h"

enum { TOKEN_ID_LEN = 16 };

/* Tells results apart and proves nothing, as Intel's does. */
static enum cella_status random_nonce(uint64_t *out, struct cella_error *err)
{
	TRY(random_bytes(out, sizeof *out, err));
	*out %= CELLA_RESULT_NONCE_MAX + 1;
	return CELLA_OK;
}

enum cella_status result_write(const char *path, const struct cella_verdict *verdict,
			       struct cella_error *err)
{
	char *text CLEANUP_FREE = NULL;
	struct out line CLEANUP(out_done) = { 0 };
	uint64_t nonce = 0;

	TRY(random_nonce(&nonce, err));
	TRY(cella_verdict_result_json(verdict, nonce, &text, err));
	out_format(&line, "%s\n", text);
	TRY(out_status(&line, err));
	return file_write(path, out_view(&line), 0644, err);
}

enum cella_status token_args_check(const struct token_out_args *args,
				   const struct binding_args *binding,
				   struct cella_error *err)
{
	if (args->output == NULL) {
		if (args->key != NULL || args->audience != NULL || args->issuer != NULL ||
		    args->lifetime.is_set || args->confirm_key)
			return error_set(err, CELLA_USAGE,
					 "options for a token need --token-out");
		return CELLA_OK;
	}
	if (args->key == NULL || args->audience == NULL)
		return error_set(err, CELLA_USAGE,
				 "--token-out needs --token-key, who signs, and "
				 "--token-audience, who is to believe it");
	if (args->confirm_key && binding->data == NULL)
		return error_set(err, CELLA_USAGE,
				 "--token-cnf: name the public key's file with --data");
	return CELLA_OK;
}

/* What the token tells of the report data: the nonce, and the data or the key in it. */
static enum cella_status bind(const struct token_out_args *args,
			      const struct binding_args *binding, struct out *nonce,
			      struct out *data, uint8_t hash[SHA512_LEN],
			      struct cella_token_options *options,
			      struct cella_error *err)
{
	enum { DATA_FILE_MAX = 1 << 30 };

	TRY(hex_args_read(&binding->nonce, "--nonce", nonce, err));
	options->nonce = out_view(nonce);
	if (binding->data == NULL)
		return CELLA_OK;
	TRY(file_read(binding->data, DATA_FILE_MAX, data, err));
	if (args->confirm_key) {
		options->key_document = out_view(data);
		return CELLA_OK;
	}
	TRY(cella_sha512(data->data, data->len, hash, err));
	options->data_sha512 = bytes_of(hash, SHA512_LEN);
	return CELLA_OK;
}

enum cella_status token_issue(const struct token_out_args *args,
			      const struct binding_args *binding,
			      const struct cella_verdict *verdict,
			      struct cella_error *err)
{
	struct private_key *key CLEANUP(private_key_cleanup) = NULL;
	struct out nonce CLEANUP(out_done) = { 0 };
	struct out data CLEANUP(out_done) = { 0 };
	struct out line CLEANUP(out_done) = { 0 };
	char *token CLEANUP_FREE = NULL;
	uint8_t hash[SHA512_LEN];
	uint8_t random[TOKEN_ID_LEN];
	char id[2 * TOKEN_ID_LEN + 1];
	struct cella_signer signer;
	struct cella_token_options options = {
		.size = sizeof options,
		.issuer = args->issuer != NULL ? args->issuer : "cella",
		.audience = args->audience,
		.id = id,
		.lifetime_s = args->lifetime.value,
		.signer = &signer,
	};

	TRY(private_key_read(args->key, &key, err));
	private_key_signer(key, &signer);
	TRY(random_bytes(random, sizeof random, err));
	hex_format(bytes_of(random, sizeof random), id);
	TRY(random_nonce(&options.result_nonce, err));
	TRY(bind(args, binding, &nonce, &data, hash, &options, err));
	TRY(cella_token_write(verdict, &options, &token, err));
	out_format(&line, "%s\n", token);
	TRY(out_status(&line, err));
	return file_write(args->output, out_view(&line), 0644, err);
}
