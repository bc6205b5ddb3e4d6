/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of `enclave-cli`.
 */
#include "compat/enclave_cli.h"

#define ARG(member) offsetof(struct cli_args, member)
#define HELP \
	{ \
		"help", 'h', NULL, OPTION_FLAG, offsetof(struct common_args, help), \
			"show this help" \
	}
#define EIF_PATH \
	{ \
		"eif-path", 0, "FILE", OPTION_TEXT, ARG(eif_path), "the enclave image" \
	}
#define SIGNING \
	{ "private-key",    0, \
	  "FILE",           OPTION_TEXT, \
	  ARG(private_key), "sign with this private key on P-384 or P-256 (PEM)" }, \
	{ \
		"signing-certificate", 0, "FILE", OPTION_TEXT, ARG(signing_certificate), \
			"its certificate, and its issuers' behind it (PEM)" \
	}
#define WHICH \
	{ \
		"enclave-id", \
		0, \
		"ID", \
		OPTION_TEXT, \
		ARG(enclave_id), \
		"the one of this EnclaveID" \
	}, \
	{ \
		"enclave-name", 0, "NAME", OPTION_TEXT, ARG(enclave_name), \
			"the one of this EnclaveName" \
	}

#define RUN_DIR \
	{ \
		"run-dir", 0, "DIR", OPTION_TEXT, ARG(run_dir), \
			"find running enclaves below this directory instead of /run/cella" \
	}

static const struct option_def build_options[] = {
	{ "docker-uri", 0, "IMAGE", OPTION_TEXT, ARG(docker_uri),
	  "the file of 'docker save', or an OCI image layout: its path, which "
	  "docker-archive:, oci-archive: or oci: may precede" },
	{ "docker-dir", 0, "DIR", OPTION_TEXT, ARG(docker_dir),
	  "refused: cella builds no Dockerfiles" },
	{ "output-file", 0, "FILE", OPTION_TEXT, ARG(output_file),
	  "write the enclave image there" },
	SIGNING,
	{ "name", 0, "TEXT", OPTION_TEXT, ARG(name), "its ImageName" },
	{ "version", 0, "TEXT", OPTION_TEXT, ARG(version), "its ImageVersion" },
	{ "metadata", 0, "FILE", OPTION_TEXT, ARG(metadata_file),
	  "its CustomMetadata: a JSON object" },
	{ "kernel", 0, "FILE", OPTION_TEXT, ARG(kernel),
	  "boot this kernel (bzImage) instead of the distribution's for clouds" },
	{ "modules", 0, "DIR", OPTION_TEXT, ARG(modules),
	  "with --kernel: its modules are below this directory" },
	HELP,
};

static const struct option_def run_options[] = {
	EIF_PATH,
	{ "config", 0, "FILE", OPTION_TEXT, ARG(config),
	  "read all of this from a JSON file instead" },
	{ "cpu-count", 0, "NUMBER", OPTION_NUMBER, ARG(cpu_count), "so many vCPUs; 1" },
	{ "cpu-ids", 0, "ID...", OPTION_HEX, ARG(cpu_ids),
	  "a vCPU for each of these CPUs, on which alone it runs" },
	{ "memory", 0, "MIB", OPTION_NUMBER, ARG(memory),
	  "so much memory; what the image needs" },
	{ "enclave-cid", 0, "CID", OPTION_NUMBER, ARG(enclave_cid),
	  "its address on vsock, 4 at least" },
	{ "enclave-name", 0, "NAME", OPTION_TEXT, ARG(enclave_name),
	  "call it this instead of after the image's file" },
	{ "debug-mode", 0, NULL, OPTION_FLAG, ARG(debug_mode),
	  "with a console; its measurements say so" },
	{ "attach-console", 0, NULL, OPTION_FLAG, ARG(attach_console),
	  "show the console until the enclave ends" },
	{ "host", 0, "DIR", OPTION_TEXT, ARG(host),
	  "vouch for it with the key in this directory" },
	RUN_DIR,
	HELP,
};

static const struct option_def describe_options[] = {
	{ "metadata", 0, NULL, OPTION_FLAG, ARG(metadata),
	  "and what the image says of itself" },
	RUN_DIR,
	HELP,
};

static const struct option_def terminate_options[] = {
	WHICH,
	{ "all", 0, NULL, OPTION_FLAG, ARG(all), "all that run" },
	RUN_DIR,
	HELP,
};

static const struct option_def console_options[] = {
	WHICH,
	{ "disconnect-timeout", 0, "SECONDS", OPTION_NUMBER, ARG(disconnect_timeout),
	  "leave when nothing has come for so long" },
	RUN_DIR,
	HELP,
};

static const struct option_def eif_options[] = { EIF_PATH, HELP };
static const struct option_def sign_options[] = { EIF_PATH, SIGNING, HELP };

static const struct option_def pcr_options[] = {
	{ "input", 0, "FILE", OPTION_TEXT, ARG(input), "of this file" },
	{ "signing-certificate", 0, "FILE", OPTION_TEXT, ARG(signing_certificate),
	  "of the first certificate in this file (PEM)" },
	HELP,
};

static const struct option_def explain_options[] = {
	{ "error-code", 0, "CODE", OPTION_TEXT, ARG(error_code), "E36, for example" },
	HELP,
};

static int explain(const void *arguments)
{
	const struct cli_args *const args = arguments;

	if (args->error_code == NULL)
		return cli_refuse_text(CODE_MISSING_ARGUMENT, "--error-code is missing");
	return cli_explain(args->error_code);
}

#define COMMAND(variable, its_name, its_options, its_run, its_summary) \
	static const struct command variable = { \
		.name = (its_name), \
		.operands = "", \
		.summary = (its_summary), \
		.options = (its_options), \
		.num_options = ARRAY_LEN(its_options), \
		.args_size = sizeof(struct cli_args), \
		.run = (its_run), \
	}

static const struct command build_enclave = {
	.name = "build-enclave",
	.operands = "[-- CMD [ARGUMENT...]]",
	.max_operands = TEXTS_MAX,
	.summary = "Build an enclave image of a container image",
	.description =
		"Docker is not needed here, nor is a registry asked: the container image is a\n"
		"file. What stands behind \"--\" takes the place of the image's own command.\n\n"
		"  docker save hello:latest -o hello.tar\n"
		"  enclave-cli build-enclave --docker-uri hello.tar --output-file hello.eif",
	.options = build_options,
	.num_options = ARRAY_LEN(build_options),
	.args_size = sizeof(struct cli_args),
	.run = cli_build_enclave,
};
COMMAND(run_enclave, "run-enclave", run_options, cli_run_enclave,
	"Start an enclave, and return when it is ready");
COMMAND(terminate_enclave, "terminate-enclave", terminate_options, cli_terminate_enclave,
	"Stop an enclave");
COMMAND(describe_enclaves, "describe-enclaves", describe_options, cli_describe_enclaves,
	"List the enclaves that run");
COMMAND(describe_eif, "describe-eif", eif_options, cli_describe_eif,
	"Show what an enclave image is and will measure");
COMMAND(sign_eif, "sign-eif", sign_options, cli_sign_eif,
	"Put a signature into an enclave image");
COMMAND(console, "console", console_options, cli_console,
	"Show the console of an enclave that runs in debug mode");
COMMAND(pcr, "pcr", pcr_options, cli_pcr, "Compute the PCR of a file or a certificate");
COMMAND(explain_code, "explain", explain_options, explain,
	"Say what an error code means");

/* One a line. clang-format off */
static const struct command *const commands[] = {
	&build_enclave,     &run_enclave, &describe_enclaves,
	&terminate_enclave, &console,     &describe_eif,
	&sign_eif,          &pcr,         &explain_code,
};
/* clang-format on */

static const struct program program = {
	.name = "enclave-cli",
	.summary =
		"Builds and runs enclaves: 'cella enclave' under names of other clouds.",
	.commands = commands,
	.num_commands = ARRAY_LEN(commands),
	.exit_status =
		"0 done, 2 usage, otherwise the code that the last line names: 36 for E36",
};

int main(int argc, char **argv)
{
	return cli_main(&program, argc, argv);
}
