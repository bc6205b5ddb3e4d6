/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella enclave explain: what a failure means, what shows it, and what to do about it.
 */
#include "cli/commands.h"

#include "base/civil.h"
#include "base/json.h"
#include "cli/enclave_args.h"
#include "vm/failure_record.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 78, INDENT = 10 };

struct explain_args {
	struct common_args common;
	const char *record;
	const char *run_dir;
	bool list;
};

#define ARG(member) offsetof(struct explain_args, member)
static const struct option_def options[] = {
	{ "record", 0, "FILE", OPTION_TEXT, ARG(record),
	  "explain this record, of another folder or machine" },
	{ "list", 'l', NULL, OPTION_FLAG, ARG(list),
	  "show all that can be told apart, by what, and what to do about it" },
	RUN_DIR_OPTION(ARG(run_dir)),
	COMMON_OPTIONS,
};

/* --- text ---------------------------------------------------------------------------- */

/* The bytes of a text that fit on a line, up to a blank. */
static int fitting(const char *text, int width)
{
	int len = (int)strcspn(text, "\n");

	if (len <= width)
		return len;
	for (len = width; len > 0 && text[len] != ' '; len--)
		;
	return len > 0 ? len : width;
}

/* Writes a label and, beside it, a text of several lines. */
static void print_block(const char *label, const char *text)
{
	do {
		const int len = fitting(text, WIDTH - INDENT - 2);

		printf("  %-*s%.*s\n", INDENT, label, len, text);
		text += len;
		text += strspn(text, " \n");
		label = "";
	} while (*text != '\0');
}

static void print_processes(const struct failure *failure)
{
	for (size_t i = 0; i < failure->num_processes; i++) {
		const struct failure_process *const process = &failure->processes[i];
		struct out line CLEANUP(out_done) = { 0 };
		char *text CLEANUP_FREE = NULL;

		out_format(&line, "%s: ", process->name);
		failure_process_end(process, &line);
		if (out_take_text(&line, &text, NULL) != CELLA_OK)
			return;
		print_block(i == 0 ? "processes" : "", text);
		if (process->words[0] != '\0')
			print_block("", process->words);
	}
}

static void print_facts(const struct failure *failure)
{
	const char *label = "seen";

	for (int i = 0; i < FAILURE_NUM_FACTS; i++)
		if (failure_has(failure, (enum failure_fact)i)) {
			print_block(label, failure_fact_text((enum failure_fact)i));
			label = "";
		}
}

static void print_when(const struct failure *failure)
{
	char time[CIVIL_TEXT_LEN];
	char text[128];

	civil_format(failure->time, time);
	if (failure_has(failure, FAILURE_LOST))
		snprintf(text, sizeof text, "found at %s", time);
	else
		snprintf(text, sizeof text, "%s, while %s, %u s after its start", time,
			 evm_state_name(failure->state), failure->lasted_s);
	print_block("when", text);
}

/* How to see more, where the guest has executed anything. */
static void print_more(const struct failure *failure)
{
	if (!failure_has(failure, FAILURE_MEASURED))
		return;
	if (failure->console[0] != '\0') {
		print_block("more", "the end of its console:");
		printf("\n%s\n", failure->console);
	} else {
		print_block("more", failure->debug
					    ? "its kernel wrote nothing to its console"
					    : "a run with --debug keeps what its kernel "
					      "writes");
	}
}

static void print_failure(const struct failure *failure)
{
	char evidence[FAILURE_EVIDENCE_MAX];
	const struct failure_class *const class = failure_classify(failure, evidence);

	printf("%s: %s\n", failure->name, class->code);
	print_when(failure);
	print_block("meaning", class->meaning);
	print_block("cause", failure->cause);
	if (evidence[0] != '\0')
		print_block("evidence", evidence);
	print_facts(failure);
	print_processes(failure);
	print_block("remedy", class->remedy);
	print_more(failure);
}

/* --- JSON ---------------------------------------------------------------------------- */

static enum cella_status add_class(json_t *object, const struct failure_class *class,
				   struct cella_error *err)
{
	TRY(json_put(object, "class", json_string(class->code), err));
	TRY(json_put(object, "meaning", json_string(class->meaning), err));
	return json_put(object, "remedy", json_string(class->remedy), err);
}

static enum cella_status add_failure(json_t *array, const struct failure *failure,
				     struct cella_error *err)
{
	json_t *item = NULL;
	char evidence[FAILURE_EVIDENCE_MAX];
	const struct failure_class *const class = failure_classify(failure, evidence);

	TRY(failure_json(failure, &item, err));
	TRY(json_add(array, item, err));
	TRY(add_class(item, class, err));
	return json_put(item, "evidence", json_string(evidence), err);
}

static enum cella_status print_json(const json_t *json, struct cella_error *err)
{
	char *text CLEANUP_FREE = NULL;

	TRY(json_write(json, true, &text, err));
	puts(text);
	return CELLA_OK;
}

/* --- all classes --------------------------------------------------------------------- */

static bool is_last(const struct failure_class *class, size_t i)
{
	const struct failure_sign *const sign = &class->signs[i];

	return i == FAILURE_MAX_SIGNS ||
	       (i > 0 && sign->kind == SIGN_NONE && sign->facts == 0);
}

static enum cella_status list_signs(const struct failure_class *class, json_t *array,
				    struct cella_error *err)
{
	for (size_t i = 0; !is_last(class, i); i++) {
		struct out sign CLEANUP(out_done) = { 0 };
		char *text CLEANUP_FREE = NULL;

		failure_sign_write(&class->signs[i], &sign);
		TRY(out_take_text(&sign, &text, err));
		if (array != NULL)
			TRY(json_add(array, json_string(text), err));
		else
			print_block(i == 0 ? "matched" : "", text);
	}
	return CELLA_OK;
}

static enum cella_status list_one(const struct failure_class *class, json_t *items,
				  struct cella_error *err)
{
	json_t *item, *signs;

	if (items == NULL) {
		printf("%s\n", class->code);
		print_block("meaning", class->meaning);
		TRY(list_signs(class, NULL, err));
		print_block("remedy", class->remedy);
		return CELLA_OK;
	}
	item = json_object();
	signs = json_array();
	TRY(json_add(items, item, err));
	TRY(add_class(item, class, err));
	TRY(json_put(item, "matched_by", signs, err));
	return list_signs(class, signs, err);
}

static enum cella_status list_classes(const struct explain_args *args,
				      struct cella_error *err)
{
	json_t *items CLEANUP_JSON = args->common.json ? json_array() : NULL;
	const struct failure_class *class;

	for (size_t i = 0; (class = failure_class_at(i)) != NULL; i++)
		TRY(list_one(class, items, err));
	return items != NULL ? print_json(items, err) : CELLA_OK;
}

/* --- records ------------------------------------------------------------------------- */

struct telling {
	json_t *items; /* NULL: text */
	unsigned num;
};

static enum cella_status tell(void *context, const struct failure *failure,
			      struct cella_error *err)
{
	struct telling *const telling = context;

	if (telling->num++ > 0 && telling->items == NULL)
		puts("");
	if (telling->items != NULL)
		return add_failure(telling->items, failure, err);
	print_failure(failure);
	return CELLA_OK;
}

/* Looking for those that run finds what those have left that were killed. */
static enum cella_status ignore(void *context UNUSED, const char *name UNUSED,
				struct cella_error *err UNUSED)
{
	return CELLA_OK;
}

static enum cella_status tell_named(const char *base, const char *name,
				    struct telling *telling, struct cella_error *err)
{
	struct failure *failure CLEANUP_FREE = calloc(1, sizeof *failure);
	char path[RUN_PATH_MAX];
	enum cella_status status;

	if (failure == NULL)
		return error_nomem(err);
	TRY(failure_path(base, name, path, err));
	status = failure_read(path, failure, err);
	if (status == CELLA_MISSING)
		return error_set(
			err, CELLA_MISSING,
			"%s: no failure of an enclave of this name is known (%s)", name,
			base);
	TRY(status);
	return tell(telling, failure, err);
}

static enum cella_status tell_file(const char *path, struct telling *telling,
				   struct cella_error *err)
{
	struct failure *failure CLEANUP_FREE = calloc(1, sizeof *failure);

	if (failure == NULL)
		return error_nomem(err);
	TRY(failure_read(path, failure, err));
	return tell(telling, failure, err);
}

static enum cella_status tell_all(const struct explain_args *args,
				  struct telling *telling, struct cella_error *err)
{
	const struct texts *const names = &args->common.operands;
	char base[RUN_PATH_MAX];

	if (args->record != NULL)
		return tell_file(args->record, telling, err);
	TRY(run_base(args->run_dir, base, err));
	TRY(run_list(base, ignore, NULL, err));
	if (names->num_items > 0)
		return tell_named(base, names->items[0], telling, err);
	TRY(failure_list(base, tell, telling, err));
	if (telling->num == 0)
		note(&args->common, "no failure is known (%s)", base);
	return CELLA_OK;
}

static enum cella_status explain(const struct explain_args *args, struct cella_error *err)
{
	json_t *items CLEANUP_JSON = args->common.json ? json_array() : NULL;
	struct telling telling = { .items = items };

	if (args->list)
		return list_classes(args, err);
	TRY(tell_all(args, &telling, err));
	return items != NULL ? print_json(items, err) : CELLA_OK;
}

static int run(const void *arguments)
{
	const struct explain_args *const args = arguments;
	const size_t num_asked = args->common.operands.num_items +
				 (args->record != NULL ? 1U : 0U) +
				 (args->list ? 1U : 0U);
	struct cella_error err = { 0 };

	if (num_asked > 1)
		return usage(&cmd_enclave_explain, "one of a name, --record and --list");
	return explain(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command cmd_enclave_explain = {
	.name = "enclave explain",
	.operands = "[NAME]",
	.min_operands = 0,
	.max_operands = 1,
	.summary = "Explain why an enclave failed",
	.description =
		"Of an enclave that did not start, or did not end as it should: what that means,\n"
		"what shows it, what to do about it. Without a name: of all whose record there\n"
		"is. A record stays until the next failure, or good end, of an enclave of the\n"
		"same name.\n\n"
		"  cella enclave explain server\n"
		"  cella enclave explain --record /tmp/server.last.json",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct explain_args),
	.run = run,
};
