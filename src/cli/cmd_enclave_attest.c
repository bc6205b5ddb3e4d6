/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella enclave attest: evidence of an enclave that runs.
 */
#include "cli/commands.h"

#include "base/encode.h"
#include "base/json.h"
#include "cli/binding.h"
#include "cli/enclave_args.h"
#include "crypto/private_key.h"
#include "evidence/evm.h"
#include "fetch/files.h"
#include "guest/attest.h"
#include "guest/channel.h"
#include "guest/io.h"
#include "vm/control.h"

#include <stdio.h>
#include <string.h>

enum { EVIDENCE_MAX = 1 << 20 };

struct attest_args {
	struct common_args common;
	const char *run_dir;
	const char *output;
	struct texts nonce;
};

#define ARG(member) offsetof(struct attest_args, member)
static const struct option_def options[] = {
	{ "nonce", 'n', "HEX", OPTION_HEX, ARG(nonce),
	  "bind this nonce of 8 to 32 bytes; a random one unless told" },
	{ "output", 'o', "FILE", OPTION_TEXT, ARG(output),
	  "write to this file instead of enclave.evm.json; - is standard output" },
	RUN_DIR_OPTION(ARG(run_dir)),
	COMMON_OPTIONS,
};

static enum cella_status read_nonce(const struct attest_args *args, struct out *nonce,
				    struct cella_error *err)
{
	if (args->nonce.num_items > 0)
		return hex_args_read(&args->nonce, "--nonce", nonce, err);
	out_zeros(nonce, ATTEST_NONCE_MAX);
	TRY(out_status(nonce, err));
	return random_bytes(nonce->data, nonce->len, err);
}

static enum cella_status ask(const char *base, const char *name, struct cella_bytes nonce,
			     struct out *answer, struct cella_error *err)
{
	const struct deadline deadline = deadline_in(ENCLAVE_WAIT_SECONDS);
	struct out request CLEANUP(out_done) = { 0 };
	int fd CLEANUP_CLOSE = -1;

	TRY(control_connect(base, name, GUEST_PORT_ATTEST, &deadline, &fd, err));
	out_text(&request, "quote ");
	hex_write(&request, nonce);
	out_u8(&request, '\n');
	TRY(out_status(&request, err));
	TRY(io_write(fd, out_view(&request), &deadline, name, err));
	return io_read_all(fd, EVIDENCE_MAX, answer, &deadline, name, err);
}

/* What is no evidence is what the guest says instead: "error <text>". */
static enum cella_status read_evidence(const char *name, const struct out *answer,
				       json_t **out, struct cella_error *err)
{
	const struct cella_bytes text = text_trim(out_view(answer));
	size_t len = 0;

	if (text.len > 0 && text.data[0] == '{')
		return json_parse(text, "the enclave's evidence", out, err);
	while (len < text.len && text.data[len] >= ' ' && text.data[len] <= '~')
		len++;
	return error_set(err, CELLA_IO, "%s: the enclave gives no evidence: %.*s", name,
			 (int)len, text.len > 0 ? (const char *)text.data : "");
}

/* What this host says of itself; nothing proves it, and verifiers show it as such. */
static enum cella_status add_claims(const char *base, const char *name, json_t *evidence,
				    struct cella_error *err)
{
	const struct deadline deadline = deadline_in(ENCLAVE_WAIT_SECONDS);
	struct out answer CLEANUP(out_done) = { 0 };
	json_t *status CLEANUP_JSON = NULL;
	json_t *const claims = json_object();

	TRY(json_put(evidence, "host_claims", claims, err));
	TRY(control_ask(base, name, "status", &deadline, &answer, err));
	TRY(enclave_status_parse(out_view(&answer), &status, err));
	TRY(json_put(claims, "accelerator",
		     json_string(enclave_status_text(status, "accelerator")), err));
	return json_put(claims, "cella", json_string(CELLA_VERSION), err);
}

/* What is written parses, whatever the guest is. */
static enum cella_status write_evidence(const char *path, const json_t *evidence,
					struct cella_error *err)
{
	char *text CLEANUP_FREE = NULL;
	struct evm *parsed CLEANUP(evm_cleanup) = NULL;
	struct cella_bytes bytes;

	TRY(json_write(evidence, true, &text, err));
	bytes = bytes_of(text, strlen(text));
	TRY(evm_parse(bytes, &parsed, err));
	return file_write(path, bytes, 0644, err);
}

static enum cella_status attest(const struct attest_args *args, struct cella_error *err)
{
	const char *const name = args->common.operands.items[0];
	const char *const output = args->output != NULL ? args->output
							: "enclave.evm.json";
	char base[RUN_PATH_MAX];
	char hex[2 * ATTEST_NONCE_MAX + 1];
	struct out nonce CLEANUP(out_done) = { 0 };
	struct out answer CLEANUP(out_done) = { 0 };
	json_t *evidence CLEANUP_JSON = NULL;

	TRY(run_base(args->run_dir, base, err));
	TRY(read_nonce(args, &nonce, err));
	if (nonce.len < ATTEST_NONCE_MIN || nonce.len > ATTEST_NONCE_MAX)
		return error_set(err, CELLA_USAGE,
				 "--nonce: %zu bytes, expected %d to %d", nonce.len,
				 ATTEST_NONCE_MIN, ATTEST_NONCE_MAX);
	TRY(ask(base, name, out_view(&nonce), &answer, err));
	TRY(read_evidence(name, &answer, &evidence, err));
	TRY(add_claims(base, name, evidence, err));
	TRY(write_evidence(output, evidence, err));
	note(&args->common, "%s: evidence with the nonce %s", output,
	     hex_format(out_view(&nonce), hex));
	return CELLA_OK;
}

static int run(const void *args)
{
	struct cella_error err = { 0 };

	return attest(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command cmd_enclave_attest = {
	.name = "enclave attest",
	.operands = "NAME",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Get evidence of an enclave",
	.description =
		"Has the enclave's TPM sign its measurements and a nonce. Report data of its own\n"
		"choice an application binds by asking from inside.\n\n"
		"  cella enclave attest server --nonce 00112233445566778899aabbccddeeff\n"
		"  cella verify enclave.evm.json --trust-root host-ca.pem --nonce 0011...",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct attest_args),
	.run = run,
};
