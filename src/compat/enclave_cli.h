/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `enclave-cli`: the commands, options and JSON that users of other clouds' enclaves type
 * and parse, over what `cella enclave` does. It decides nothing by itself.
 */
#ifndef COMPAT_ENCLAVE_CLI_H
#define COMPAT_ENCLAVE_CLI_H

#include "base/json.h"
#include "cli/cli.h"
#include "vm/argv.h"

/*
 * The numbers that users know from such tools, as exit status and as "Exx". Those that are
 * never given here are in the table alone, for `explain`.
 */
enum cli_code {
	CODE_DONE = 0,
	CODE_MISSING_ARGUMENT = 1,
	CODE_CONFLICTING_ARGUMENT = 2,
	CODE_INVALID_ARGUMENT = 3,
	CODE_SPAWN = 5,
	CODE_READ = 7,
	CODE_JSON = 17,
	CODE_NO_SUCH_CPU = 21,
	CODE_MALFORMED_CPU = 23,
	CODE_TOO_LITTLE_MEMORY = 26,
	CODE_IMAGE = 35,
	CODE_BOOT = 36,
	CODE_NOT_EXECUTED = 38,
	CODE_NO_SUCH_ENCLAVE = 39,
	CODE_CONSOLE = 44,
	CODE_CONSOLE_READ = 45,
	CODE_BUILD = 48,
	CODE_DOCKER_BUILD = 49,
	CODE_DOCKER_PULL = 50,
	CODE_NAME = 58,
	CODE_SIGNATURE = 59,
};

struct cli_args {
	struct common_args common;
	const char *docker_uri;
	const char *docker_dir;
	const char *output_file;
	const char *private_key;
	const char *signing_certificate;
	const char *name;
	const char *version;
	const char *metadata_file;
	const char *eif_path;
	const char *enclave_id;
	const char *enclave_name;
	const char *config;
	const char *input;
	const char *error_code;
	const char *kernel;
	const char *modules;
	const char *host;
	const char *run_dir;
	struct texts cpu_ids;
	struct moment cpu_count;
	struct moment memory;
	struct moment enclave_cid;
	struct moment disconnect_timeout;
	bool all;
	bool metadata;
	bool debug_mode;
	bool attach_console;
};

/* --- codes --------------------------------------------------------------------------- */

/*
 * cli_refuse() prints the cause, unless it is NULL, since a program that was run has told
 * it, and then the code's line; it returns the code.
 */
int cli_refuse(enum cli_code code, const struct cella_error *cause);

/* cli_refuse_text() is cli_refuse() of a cause that is written here. */
int cli_refuse_text(enum cli_code code, const char *format, ...) PRINTF(2, 3);

/* cli_explain() prints what a code means ("E36") and what helps. */
int cli_explain(const char *text);

/* --- running cella ------------------------------------------------------------------- */

/* cli_cella() begins the command line of `cella enclave VERB`. */
void cli_cella(struct argv *argv, const char *verb);

/*
 * cli_ask() runs it and parses what it prints. It may fail and have printed nevertheless:
 * then *failed is true. CELLA_IO without a text when it failed and has said why.
 */
enum cella_status cli_ask(const struct argv *argv, json_t **out, bool *failed,
			  struct cella_error *err) MUST_CHECK;

/* cli_list() is what `cella enclave list` knows: an array. */
enum cella_status cli_list(const struct cli_args *args, json_t **out,
			   struct cella_error *err) MUST_CHECK;

/* cli_add() adds an option, unless its value is NULL. */
void cli_add(struct argv *argv, const char *option, const char *value);

/* --- shapes -------------------------------------------------------------------------- */

/* shape_print() prints a document, with a line's end. */
enum cella_status shape_print(const json_t *json, struct cella_error *err) MUST_CHECK;

/* shape_id() is an enclave's EnclaveID, from what the list says of it. */
enum { SHAPE_ID_LEN = 64 };
void shape_id(const json_t *enclave, char id[SHAPE_ID_LEN]);

/* shape_run() is what run-enclave says of an enclave. The caller owns *out. */
enum cella_status shape_run(const json_t *enclave, json_t **out,
			    struct cella_error *err) MUST_CHECK;

/* shape_enclave() is what describe-enclaves says of it. */
enum cella_status shape_enclave(const json_t *enclave, bool with_metadata, json_t **out,
				struct cella_error *err) MUST_CHECK;

/* shape_build() and shape_image() are of what `cella enclave describe` says. */
enum cella_status shape_build(const json_t *facts, json_t **out,
			      struct cella_error *err) MUST_CHECK;
enum cella_status shape_image(const json_t *facts, json_t **out,
			      struct cella_error *err) MUST_CHECK;

/* shape_signature_holds() is false when an answer about the signature is no. */
bool shape_signature_holds(const json_t *facts);

/* --- commands ------------------------------------------------------------------------ */

int cli_build_enclave(const void *arguments);
int cli_describe_eif(const void *arguments);
int cli_sign_eif(const void *arguments);
int cli_pcr(const void *arguments);
int cli_run_enclave(const void *arguments);
int cli_describe_enclaves(const void *arguments);
int cli_terminate_enclave(const void *arguments);
int cli_console(const void *arguments);

/* cli_attach() follows a console; timeout 0: for as long as there is one. */
int cli_attach(const struct cli_args *args, const char *name, int64_t timeout);

/* --- what run-enclave is asked for --------------------------------------------------- */

enum { CLI_MAX_CPUS = TEXTS_MAX, CLI_CPU_LIMIT = 8192 };

/* struct wish - by options, or by a file of them: it borrows their texts. */
struct wish {
	const char *eif_path;
	const char *name;
	unsigned cpu_ids[CLI_MAX_CPUS];
	size_t num_cpu_ids;
	json_int_t cpu_count; /* 0: not told, as the next two */
	json_int_t memory_mib;
	json_int_t cid;
	bool debug;
	bool attach;
};

/* wish_read() reads options or the file, whose document the caller owns; returns a code. */
int wish_read(const struct cli_args *args, json_t **document, struct wish *out);

#endif
