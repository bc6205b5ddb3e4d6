/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running cella, which says on standard error what goes on and what is wrong.
 */
#include "compat/enclave_cli.h"

#include "base/encode.h"
#include "collect/program.h"

enum { ANSWER_MAX = 4 << 20 };

void cli_cella(struct argv *argv, const char *verb)
{
	char program[PROGRAM_PATH_MAX];

	program_find("cella", program);
	argv_add(argv, "%s", program);
	argv_add(argv, "enclave");
	argv_add(argv, "%s", verb);
	argv_add(argv, "--json");
}

enum cella_status cli_ask(const struct argv *argv, json_t **out, bool *failed,
			  struct cella_error *err)
{
	struct cella_error failure = { 0 };
	struct out answer CLEANUP(out_done) = { 0 };
	struct cella_bytes text;

	TRY(argv_status(argv, err));
	*failed = program_run((char *const *)argv->items, ANSWER_MAX, &answer,
			      &failure) != CELLA_OK;
	text = text_trim(out_view(&answer));
	if (text.len > 0)
		return json_parse(text, "what cella says", out, err);
	if (!*failed)
		return error_set(err, CELLA_IO, "cella said nothing");
	if (failure.status == CELLA_MISSING)
		return error_set(err, CELLA_MISSING, "%s", failure.text);
	return error_set(err, CELLA_IO, "%s", "");
}

void cli_add(struct argv *argv, const char *option, const char *value)
{
	if (value == NULL)
		return;
	argv_add(argv, "%s", option);
	argv_add(argv, "%s", value);
}

enum cella_status cli_list(const struct cli_args *args, json_t **out,
			   struct cella_error *err)
{
	struct argv argv CLEANUP(argv_done) = { 0 };
	bool failed = false;
	json_t *list CLEANUP_JSON = NULL;
	cli_cella(&argv, "list");
	cli_add(&argv, "--run-dir", args->run_dir);
	TRY(cli_ask(&argv, &list, &failed, err));
	if (failed || !json_is_array(list))
		return error_set(err, CELLA_IO, "%s",
				 failed ? "" : "cella's list is no array");
	/* A service that waits for its image is no enclave. */
	for (size_t i = json_array_size(list); i > 0; i--)
		if (json_is_true(json_object_get(json_array_get(list, i - 1), "service")))
			json_array_remove(list, i - 1);
	*out = take(&list);
	return CELLA_OK;
}
