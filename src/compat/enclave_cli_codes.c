/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can go wrong, by the numbers that users know.
 */
#include "compat/enclave_cli.h"

#include "base/number.h"

#include <stdarg.h>
#include <stdio.h>

struct code_row {
	const char *meaning;
	const char *remedy; /* NULL: cella has no such failure */
};

static const struct code_row rows[] = {
	[0] = { "a failure without a code", NULL },
	[CODE_MISSING_ARGUMENT] = { "an option is missing",
				    "The message names it; --help shows all." },
	[CODE_CONFLICTING_ARGUMENT] = { "two options exclude each other, or one lacks its "
					"companion",
					"The message names them; --help shows all." },
	[CODE_INVALID_ARGUMENT] = { "an option's value means nothing",
				    "The message says what was expected." },
	[4] = { "a pair of sockets could not be made", NULL },
	[CODE_SPAWN] = { "the program cella could not be run",
			 "enclave-cli runs cella, which the package cella installs beside "
			 "it." },
	[6] = { "a process could not go to the background", NULL },
	[CODE_READ] = { "a file could not be read",
			"The message names the file and says why." },
	[8] = { "a connection cannot be used", NULL },
	[9] = { "a socket could not be closed", NULL },
	[10] = { "a connection was not made in time", NULL },
	[11] = { "a socket failed", NULL },
	[12] = { "waiting for several sockets failed", NULL },
	[13] = { "watching a folder failed", NULL },
	[14] = { "there is no such command", NULL },
	[15] = { "a lock could not be had", NULL },
	[16] = { "a thread could not be joined", NULL },
	[CODE_JSON] = { "a JSON document is not as expected",
			"The message names the member. Keys of --config are enclave_name, "
			"cpu_count, cpu_ids, memory_mib, eif_path, enclave_cid, debug_mode, "
			"attach_console." },
	[18] = { "a file's permissions are in the way", NULL },
	[19] = { "a file could not be worked with", NULL },
	[20] = { "the CPU pool's configuration is wrong", NULL },
	[CODE_NO_SUCH_CPU] = { "a CPU of --cpu-ids cannot be had",
			       "lscpu shows which are online; a cpuset may leave fewer." },
	[22] = { "the pool has too few CPUs", NULL },
	[CODE_MALFORMED_CPU] = { "a value of --cpu-ids is no number",
				 "Name CPUs as lscpu does: --cpu-ids 2 3" },
	[24] = { "a CPU failed", NULL },
	[25] = { "there are no huge pages of that kind", NULL },
	[CODE_TOO_LITTLE_MEMORY] = { "the enclave needs more memory than it was given",
				     "Leave --memory out, or give at least what "
				     "'cella enclave describe' says." },
	[27] = { "the host has less memory than the enclave is to have", NULL },
	[28] = { "the enclave's descriptor is none", NULL },
	[29] = { "a driver refused a request", NULL },
	[30] = { "a driver did not say where images are loaded", NULL },
	[31] = { "a driver did not take a memory region", NULL },
	[32] = { "a driver did not take a vCPU", NULL },
	[33] = { "a driver did not start the enclave", NULL },
	[34] = { "memory regions overflow", NULL },
	[CODE_IMAGE] = { "the file is no enclave image, or a damaged one",
			 "The message says where it goes wrong; one that is still being "
			 "copied is too short." },
	[CODE_BOOT] = { "the enclave did not start",
			"The message above it has the cause as far as it can be known. "
			"--debug-mode --attach-console shows what the kernel says." },
	[37] = { "waiting for an enclave's events failed", NULL },
	[CODE_NOT_EXECUTED] = { "the enclave did not do what it was told to",
				"The message says what became of it; 'cella enclave list' "
				"shows what is still there." },
	[CODE_NO_SUCH_ENCLAVE] = { "there is no such enclave",
				   "describe-enclaves lists those of this user; enclaves of "
				   "the service are root's: use sudo." },
	[40] = { "there is no folder for sockets", NULL },
	[41] = { "an enclave's process did not answer", NULL },
	[42] = { "memory for the enclave could not be had", NULL },
	[43] = { "the enclave's memory could not be given back", NULL },
	[CODE_CONSOLE] = { "the enclave has no console",
			   "Only one of run-enclave --debug-mode has; its measurements "
			   "say so." },
	[CODE_CONSOLE_READ] = { "the console could not be read",
				"The message says why; the enclave may have ended." },
	[46] = { "what the console says could not be written", NULL },
	[47] = { "a number is none", NULL },
	[CODE_BUILD] = { "the enclave image was not built",
			 "The message says why: the container image, the kernel, or the "
			 "place of the result." },
	[CODE_DOCKER_BUILD] = { "cella builds no Dockerfiles",
				"Build it with any tool, save it, and give the file: "
				"docker build -t NAME DIR && docker save NAME -o image.tar && "
				"enclave-cli build-enclave --docker-uri image.tar ..." },
	[CODE_DOCKER_PULL] = { "cella asks neither a registry nor a Docker daemon for images",
			       "Save it where it is, and give the file: "
			       "docker save NAME -o image.tar, or skopeo copy "
			       "docker://NAME docker-archive:image.tar" },
	[51] = { "the folder of artifacts is not set", NULL },
	[52] = { "the folder of kernels is not set", NULL },
	[53] = { "the clock goes wrong", NULL },
	[54] = { "a signal could not be masked", NULL },
	[55] = { "a signal could not be unmasked", NULL },
	[56] = { "the log could not be written", NULL },
	[57] = { "hashing failed", NULL },
	[CODE_NAME] = { "this cannot be an enclave's name, or it is taken",
			"1 to 32 letters, digits, '-' and '_', that no other that runs has." },
	[CODE_SIGNATURE] = { "the image's signature does not hold, or could not be made",
			     "describe-eif shows the certificate; it must be valid now, and "
			     "the key must be its own." },
};

int cli_refuse(enum cli_code code, const struct cella_error *cause)
{
	if (cause != NULL && cause->text[0] != '\0')
		fprintf(stderr, "enclave-cli: %s\n", cause->text);
	fprintf(stderr, "[ E%02d ] %s; see 'enclave-cli explain --error-code E%02d'\n",
		code, rows[code].meaning, code);
	return (int)code;
}

int cli_refuse_text(enum cli_code code, const char *format, ...)
{
	va_list args;

	fputs("enclave-cli: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return cli_refuse(code, NULL);
}

int cli_explain(const char *text)
{
	const char *const digits = text[0] == 'E' || text[0] == 'e' ? text + 1 : text;
	uint64_t code = 0;

	if (number_read(digits, ARRAY_LEN(rows) - 1, &code, "--error-code", NULL) !=
	    CELLA_OK)
		return cli_refuse_text(CODE_INVALID_ARGUMENT,
				       "--error-code: \"%.20s\" is none of E00 to E%02zu",
				       text, ARRAY_LEN(rows) - 1);
	printf("E%02u: %s.\n%s\n", (unsigned)code, rows[code].meaning,
	       rows[code].remedy != NULL
		       ? rows[code].remedy
		       : "Cella does not fail like this: no command of this "
			 "tool gives the code.");
	return CODE_DONE;
}
