/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands about images: build-enclave, describe-eif, sign-eif, pcr.
 */
#include "compat/enclave_cli.h"

#include "evidence/eif.h"
#include "evidence/eif_signature.h"
#include "fetch/files.h"

#include <stdio.h>
#include <unistd.h>

enum { CERTS_FILE_MAX = 64 << 10 };

static bool has_half_a_signer(const struct cli_args *args)
{
	return (args->private_key == NULL) != (args->signing_certificate == NULL);
}

static int tell(enum cella_status (*shape)(const json_t *facts, json_t **out,
					   struct cella_error *err),
		const json_t *facts)
{
	json_t *told CLEANUP_JSON = NULL;
	struct cella_error err = { 0 };

	if (shape(facts, &told, &err) != CELLA_OK || shape_print(told, &err) != CELLA_OK)
		return cli_refuse(CODE_JSON, &err);
	return CODE_DONE;
}

/* cella's own words, or why it could not be run; NULL when it has said why. */
static int refuse_run(enum cli_code code, const struct cella_error *err)
{
	return cli_refuse(err->status == CELLA_MISSING ? CODE_SPAWN : code, err);
}

/* --- build-enclave ------------------------------------------------------------------- */

/* The file or folder that a container image's name means; NULL when it is none here. */
static const char *source_of(const char *uri)
{
	static const char *const transports[] = { "docker-archive:", "oci-archive:",
						  "oci:", "dir:" };

	for (size_t i = 0; i < ARRAY_LEN(transports); i++)
		if (strncmp(uri, transports[i], strlen(transports[i])) == 0)
			return uri + strlen(transports[i]);
	return access(uri, F_OK) == 0 ? uri : NULL;
}

static int check_build(const struct cli_args *args)
{
	if (args->docker_dir != NULL)
		return cli_refuse_text(
			CODE_DOCKER_BUILD,
			"--docker-dir %s: cella builds no Dockerfiles: docker "
			"build -t NAME %s && docker save NAME -o image.tar, then "
			"--docker-uri image.tar",
			args->docker_dir, args->docker_dir);
	if (args->docker_uri == NULL || args->output_file == NULL)
		return cli_refuse_text(CODE_MISSING_ARGUMENT, "--%s is missing",
				       args->docker_uri == NULL ? "docker-uri"
								: "output-file");
	if (has_half_a_signer(args))
		return cli_refuse_text(CODE_CONFLICTING_ARGUMENT,
				       "--private-key and --signing-certificate belong "
				       "together");
	if (args->common.operands.num_items > 0 &&
	    (!args->common.has_end || args->common.end > 0))
		return cli_refuse_text(CODE_INVALID_ARGUMENT,
				       "\"%s\": a command stands behind \"--\"",
				       args->common.operands.items[0]);
	if (source_of(args->docker_uri) == NULL)
		return cli_refuse_text(
			CODE_DOCKER_PULL,
			"--docker-uri %s: is no file here, and cella asks no "
			"Docker daemon: docker save %s -o image.tar, then "
			"--docker-uri image.tar",
			args->docker_uri, args->docker_uri);
	return CODE_DONE;
}

static void build_argv(const struct cli_args *args, struct argv *argv)
{
	cli_cella(argv, "build");
	cli_add(argv, "--output", args->output_file);
	cli_add(argv, "--sign-key", args->private_key);
	cli_add(argv, "--sign-cert", args->signing_certificate);
	cli_add(argv, "--name", args->name);
	cli_add(argv, "--image-version", args->version);
	cli_add(argv, "--metadata", args->metadata_file);
	cli_add(argv, "--kernel", args->kernel);
	cli_add(argv, "--modules", args->modules);
	argv_add(argv, "%s", source_of(args->docker_uri));
	if (args->common.has_end)
		argv_add(argv, "--");
	for (size_t i = 0; i < args->common.operands.num_items; i++)
		argv_add(argv, "%s", args->common.operands.items[i]);
}

int cli_build_enclave(const void *arguments)
{
	const struct cli_args *const args = arguments;
	struct argv argv CLEANUP(argv_done) = { 0 };
	json_t *facts CLEANUP_JSON = NULL;
	struct cella_error err = { 0 };
	bool failed = false;
	const int code = check_build(args);

	if (code != CODE_DONE)
		return code;
	build_argv(args, &argv);
	if (cli_ask(&argv, &facts, &failed, &err) != CELLA_OK || failed)
		return refuse_run(CODE_BUILD, &err);
	return tell(shape_build, facts);
}

/* --- describe-eif, sign-eif ---------------------------------------------------------- */

static int describe(const char *path, json_t **facts)
{
	struct argv argv CLEANUP(argv_done) = { 0 };
	struct cella_error err = { 0 };
	bool failed = false;

	if (path == NULL)
		return cli_refuse_text(CODE_MISSING_ARGUMENT, "--eif-path is missing");
	cli_cella(&argv, "describe");
	argv_add(&argv, "%s", path);
	/* It fails for a bad signature, too, and tells all the same. */
	if (cli_ask(&argv, facts, &failed, &err) != CELLA_OK)
		return refuse_run(CODE_IMAGE, &err);
	return CODE_DONE;
}

int cli_describe_eif(const void *arguments)
{
	const struct cli_args *const args = arguments;
	json_t *facts CLEANUP_JSON = NULL;
	int code = describe(args->eif_path, &facts);

	if (code == CODE_DONE)
		code = tell(shape_image, facts);
	if (code == CODE_DONE && !shape_signature_holds(facts))
		return cli_refuse_text(CODE_SIGNATURE, "%s: its signature does not hold",
				       args->eif_path);
	return code;
}

int cli_sign_eif(const void *arguments)
{
	const struct cli_args *const args = arguments;
	struct argv argv CLEANUP(argv_done) = { 0 };
	json_t *facts CLEANUP_JSON = NULL;
	struct cella_error err = { 0 };
	bool failed = false;

	if (args->eif_path == NULL || args->private_key == NULL ||
	    args->signing_certificate == NULL)
		return cli_refuse_text(CODE_MISSING_ARGUMENT,
				       "--eif-path, --private-key and "
				       "--signing-certificate are needed");
	cli_cella(&argv, "sign");
	cli_add(&argv, "--key", args->private_key);
	cli_add(&argv, "--cert", args->signing_certificate);
	argv_add(&argv, "%s", args->eif_path);
	if (cli_ask(&argv, &facts, &failed, &err) != CELLA_OK || failed)
		return refuse_run(CODE_SIGNATURE, &err);
	return tell(shape_build, facts);
}

/* --- pcr ----------------------------------------------------------------------------- */

static enum cella_status put_pcr(json_t *out, struct cella_bytes bytes,
				 struct cella_error *err)
{
	uint8_t pcr[SHA384_LEN];

	TRY(eif_nitro_extend(&bytes, 1, pcr, err));
	return json_put(out, "PCR", json_hex(bytes_of(pcr, sizeof pcr)), err);
}

/* The virtual TPM has the certificate in its PCR12: extended once, over zeros. */
static enum cella_status put_vtpm_pcr(json_t *out, struct cella_bytes der,
				      struct cella_error *err)
{
	uint8_t extended[2 * SHA256_LEN] = { 0 };
	uint8_t pcr[SHA256_LEN];

	TRY(crypto_sha256(der, extended + SHA256_LEN, err));
	TRY(crypto_sha256(bytes_of(extended, sizeof extended), pcr, err));
	return json_put(out, "VtpmPCR12", json_hex(bytes_of(pcr, sizeof pcr)), err);
}

static enum cella_status pcr_of_certificate(const char *path, json_t *out,
					    struct cella_error *err)
{
	struct eif_certs certs CLEANUP(eif_certs_done) = { .num_certs = 0 };
	struct out pem CLEANUP(out_done) = { 0 };

	TRY(file_read(path, CERTS_FILE_MAX, &pem, err));
	TRY(eif_certs_parse(out_view(&pem), path, &certs, err));
	TRY(put_pcr(out, certs.certs[0]->der, err));
	return put_vtpm_pcr(out, certs.certs[0]->der, err);
}

static enum cella_status pcr_of_file(const char *path, json_t *out,
				     struct cella_error *err)
{
	struct out file CLEANUP(out_done) = { 0 };

	TRY(file_read(path, EIF_MAX, &file, err));
	return put_pcr(out, out_view(&file), err);
}

int cli_pcr(const void *arguments)
{
	const struct cli_args *const args = arguments;
	json_t *told CLEANUP_JSON = json_object();
	struct cella_error err = { 0 };
	enum cella_status status;

	if ((args->input == NULL) == (args->signing_certificate == NULL))
		return cli_refuse_text(
			args->input == NULL ? CODE_MISSING_ARGUMENT
					    : CODE_CONFLICTING_ARGUMENT,
			"either --input or --signing-certificate is needed");
	status = args->input != NULL
			 ? pcr_of_file(args->input, told, &err)
			 : pcr_of_certificate(args->signing_certificate, told, &err);
	if (status == CELLA_OK)
		status = shape_print(told, &err);
	return status == CELLA_OK ? CODE_DONE : cli_refuse(CODE_READ, &err);
}
