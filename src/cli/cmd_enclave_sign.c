/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella enclave sign: puts a signature into an image, in the place of an older one.
 */
#include "cli/commands.h"

#include "cli/enclave_input.h"
#include "fetch/files.h"

struct sign_args {
	struct common_args common;
	const char *key;
	const char *cert;
	const char *output;
	struct moment time;
};

#define ARG(member) offsetof(struct sign_args, member)
static const struct option_def options[] = {
	{ "key", 'k', "FILE", OPTION_TEXT, ARG(key),
	  "sign with this private key on P-384 or P-256 (PEM)" },
	{ "cert", 0, "FILE", OPTION_TEXT, ARG(cert),
	  "its certificate, and its issuers' behind it (PEM)" },
	{ "output", 'o', "FILE", OPTION_TEXT, ARG(output),
	  "write the signed image there instead of over the image" },
	{ "time", 't', "TIME", OPTION_TIME, ARG(time),
	  "the certificate must be valid at this time instead of now" },
	COMMON_OPTIONS,
};

static enum cella_status sign(const struct sign_args *args, struct cella_error *err)
{
	const char *const path = args->common.operands.items[0];
	const char *const output = args->output != NULL ? args->output : path;
	struct out section CLEANUP(out_done) = { 0 };
	struct out signed_file CLEANUP(out_done) = { 0 };
	struct out file CLEANUP(out_done) = { 0 };
	struct eif image = { 0 };

	TRY(enclave_read(path, &file, &image, err));
	TRY(enclave_sign(&image, args->key, args->cert, time_or_now(&args->time),
			 &section, err));
	image.signature = out_view(&section);
	TRY(eif_write(&image, &signed_file, err));
	TRY(file_write(output, out_view(&signed_file), 0644, err));
	note(&args->common, "%s: signed", output);
	return enclave_tell_file(&args->common, output, out_view(&signed_file), err);
}

static int run(const void *args)
{
	const struct sign_args *const a = args;
	struct cella_error err = { 0 };

	if (a->key == NULL || a->cert == NULL)
		return usage(&cmd_enclave_sign, "--%s is missing",
			     a->key == NULL ? "key" : "cert");
	return sign(a, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command cmd_enclave_sign = {
	.name = "enclave sign",
	.operands = "IMAGE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Sign an enclave image (COSE, ES384)",
	.description =
		"What is signed is what is measured: kernel, command line, ramdisks. A\n"
		"certificate that is not valid now is refused: such an image would not start.\n\n"
		"  openssl ecparam -name secp384r1 -genkey -noout -out key.pem\n"
		"  chmod 600 key.pem\n"
		"  openssl req -new -x509 -sha384 -key key.pem -subj /CN=me -days 365 \\\n"
		"    -out cert.pem\n"
		"  cella enclave sign server.eif --key key.pem --cert cert.pem",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct sign_args),
	.run = run,
};
