/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What run-enclave is asked for: options, or a JSON file of them.
 */
#include "compat/enclave_cli.h"

#include "base/number.h"
#include "fetch/files.h"
#include "vm/evm.h"

enum { CONFIG_MAX = 64 << 10 };

/* --- what is asked for --------------------------------------------------------------- */

static int take_cpu(struct wish *wish, uint64_t cpu)
{
	if (wish->num_cpu_ids == CLI_MAX_CPUS)
		return cli_refuse_text(CODE_MALFORMED_CPU, "more than %d CPUs",
				       CLI_MAX_CPUS);
	wish->cpu_ids[wish->num_cpu_ids++] = (unsigned)cpu;
	return CODE_DONE;
}

static int take_cpus(const struct texts *texts, struct wish *wish)
{
	for (size_t i = 0; i < texts->num_items; i++) {
		struct cella_error err = { 0 };
		uint64_t cpu = 0;
		int code;

		if (number_read(texts->items[i], CLI_CPU_LIMIT - 1, &cpu, "--cpu-ids",
				&err) != CELLA_OK)
			return cli_refuse(CODE_MALFORMED_CPU, &err);
		code = take_cpu(wish, cpu);
		if (code != CODE_DONE)
			return code;
	}
	return CODE_DONE;
}

static int wish_of_options(const struct cli_args *args, struct wish *out)
{
	out->eif_path = args->eif_path;
	out->name = args->enclave_name;
	out->cpu_count = args->cpu_count.value;
	out->memory_mib = args->memory.value;
	out->cid = args->enclave_cid.value;
	out->debug = args->debug_mode;
	out->attach = args->attach_console;
	return take_cpus(&args->cpu_ids, out);
}

static int wrong_member(const char *path, const char *member, const char *expected)
{
	return cli_refuse_text(CODE_JSON, "%s: %s: expected %s", path, member, expected);
}

static int take_config_cpus(const char *path, const json_t *value, struct wish *out)
{
	int code = CODE_DONE;

	if (!json_is_array(value))
		return wrong_member(path, "cpu_ids", "an array of numbers");
	for (size_t i = 0; i < json_array_size(value) && code == CODE_DONE; i++) {
		const json_t *const cpu = json_array_get(value, i);

		if (!json_is_integer(cpu) || json_integer_value(cpu) < 0 ||
		    json_integer_value(cpu) >= CLI_CPU_LIMIT)
			return wrong_member(path, "cpu_ids", "an array of numbers");
		code = take_cpu(out, (uint64_t)json_integer_value(cpu));
	}
	return code;
}

enum member_kind { MEMBER_TEXT, MEMBER_NUMBER, MEMBER_BOOL, MEMBER_CPUS };

static const struct {
	const char *name;
	enum member_kind kind;
	size_t offset;
} members[] = {
	{ "enclave_name", MEMBER_TEXT, offsetof(struct wish, name) },
	{ "eif_path", MEMBER_TEXT, offsetof(struct wish, eif_path) },
	{ "cpu_count", MEMBER_NUMBER, offsetof(struct wish, cpu_count) },
	{ "memory_mib", MEMBER_NUMBER, offsetof(struct wish, memory_mib) },
	{ "enclave_cid", MEMBER_NUMBER, offsetof(struct wish, cid) },
	{ "debug_mode", MEMBER_BOOL, offsetof(struct wish, debug) },
	{ "attach_console", MEMBER_BOOL, offsetof(struct wish, attach) },
	{ "cpu_ids", MEMBER_CPUS, 0 },
};

static int take_member(const char *path, const char *name, const json_t *value,
		       struct wish *out)
{
	size_t i = 0;
	void *place;

	while (i < ARRAY_LEN(members) && strcmp(members[i].name, name) != 0)
		i++;
	if (i == ARRAY_LEN(members))
		return cli_refuse_text(CODE_JSON, "%s: there is no key \"%.40s\"", path,
				       name);
	place = (char *)out + members[i].offset;
	switch (members[i].kind) {
	case MEMBER_TEXT:
		if (!json_is_string(value))
			return wrong_member(path, name, "text");
		*(const char **)place = json_string_value(value);
		return CODE_DONE;
	case MEMBER_NUMBER:
		if (!json_is_integer(value) || json_integer_value(value) <= 0 ||
		    json_integer_value(value) > UINT32_MAX)
			return wrong_member(path, name, "a number of at least 1");
		*(json_int_t *)place = json_integer_value(value);
		return CODE_DONE;
	case MEMBER_BOOL:
		if (!json_is_boolean(value))
			return wrong_member(path, name, "true or false");
		*(bool *)place = json_is_true(value);
		return CODE_DONE;
	case MEMBER_CPUS:
		break;
	}
	return take_config_cpus(path, value, out);
}

/* The wish borrows texts of the document. */
static int wish_of_config(const char *path, json_t **document, struct wish *out)
{
	struct out text CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	const char *name;
	json_t *value;
	int code = CODE_DONE;

	if (file_read(path, CONFIG_MAX, &text, &err) != CELLA_OK)
		return cli_refuse(CODE_READ, &err);
	if (json_parse(out_view(&text), path, document, &err) != CELLA_OK)
		return cli_refuse(CODE_JSON, &err);
	if (!json_is_object(*document))
		return cli_refuse_text(CODE_JSON, "%s: expected an object", path);
	json_object_foreach(*document, name, value) if (code == CODE_DONE)
		code = take_member(path, name, value, out);
	return code;
}

static bool has_options(const struct cli_args *args)
{
	return args->eif_path != NULL || args->enclave_name != NULL ||
	       args->cpu_count.is_set || args->cpu_ids.num_items > 0 ||
	       args->memory.is_set || args->enclave_cid.is_set || args->debug_mode ||
	       args->attach_console;
}

static int check_wish(const struct wish *wish)
{
	if (wish->eif_path == NULL)
		return cli_refuse_text(CODE_MISSING_ARGUMENT, "--eif-path is missing");
	if (wish->cpu_count < 0 || wish->cpu_count > EVM_MAX_VCPUS)
		return cli_refuse_text(CODE_INVALID_ARGUMENT,
				       "--cpu-count: expected 1 to %d", EVM_MAX_VCPUS);
	if (wish->cpu_count != 0 && wish->num_cpu_ids > 0)
		return cli_refuse_text(CODE_CONFLICTING_ARGUMENT,
				       "--cpu-count and --cpu-ids exclude each other");
	if (wish->attach && !wish->debug)
		return cli_refuse_text(CODE_CONSOLE,
				       "--attach-console: there is no console without "
				       "--debug-mode");
	return CODE_DONE;
}

int wish_read(const struct cli_args *args, json_t **document, struct wish *out)
{
	int code;

	if (args->config != NULL && has_options(args))
		return cli_refuse_text(
			CODE_CONFLICTING_ARGUMENT,
			"--config stands alone: other options are keys of its "
			"file");
	code = args->config != NULL ? wish_of_config(args->config, document, out)
				    : wish_of_options(args, out);
	return code == CODE_DONE ? check_wish(out) : code;
}
