/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One function a kind.
 */
#include "vm/enclave_conf_value.h"

#include "base/number.h"
#include "base/ports.h"
#include "vm/backend.h"
#include "vm/network.h"
#include "vm/resources.h"

#include <string.h>

static const char *const policy_names[] = {
	[RESTART_NO] = "no",
	[RESTART_ON_FAILURE] = "on-failure",
	[RESTART_ALWAYS] = "always",
};

const char *restart_policy_name(enum restart_policy policy)
{
	return policy_names[policy];
}

size_t enclave_conf_word(const char **text, const char **word)
{
	size_t len = 0;

	if (*text != NULL) {
		*word = *text + strspn(*text, " \t");
		len = strcspn(*word, " \t");
		*text = *word + len;
	}
	return len;
}

static enum cella_status set_text(const struct conf_row *row, const char *value,
				  void *place, struct cella_error *err UNUSED)
{
	(void)row;
	*(const char **)place = value;
	return CELLA_OK;
}

static enum cella_status set_path(const struct conf_row *row, const char *value,
				  void *place, struct cella_error *err)
{
	if (value[0] != '/')
		return error_set(err, CELLA_MALFORMED,
				 "%s: \"%.60s\" is no path that begins with \"/\"",
				 row->name, value);
	if (row->max > 0 && strlen(value) > row->max)
		return error_set(err, CELLA_MALFORMED, "%s: longer than %llu bytes",
				 row->name, (unsigned long long)row->max);
	return set_text(row, value, place, err);
}

/* By its name alone, it is searched where programs are. */
static enum cella_status set_program(const struct conf_row *row, const char *value,
				     void *place, struct cella_error *err)
{
	if (strchr(value, '/') != NULL)
		return set_path(row, value, place, err);
	return set_text(row, value, place, err);
}

static enum cella_status check_range(const struct conf_row *row, uint64_t value,
				     struct cella_error *err)
{
	if (value < row->min || value > row->max)
		return error_set(err, CELLA_MALFORMED, "%s: %llu: expected %llu to %llu",
				 row->name, (unsigned long long)value,
				 (unsigned long long)row->min,
				 (unsigned long long)row->max);
	return CELLA_OK;
}

static enum cella_status set_number(const struct conf_row *row, const char *value,
				    void *place, struct cella_error *err)
{
	uint64_t number = 0;

	TRY(number_read(value, UINT64_MAX, &number, row->name, err));
	TRY(check_range(row, number, err));
	*(uint64_t *)place = number;
	return CELLA_OK;
}

static enum cella_status set_number_or_auto(const struct conf_row *row, const char *value,
					    void *place, struct cella_error *err)
{
	if (strcmp(value, "auto") != 0)
		return set_number(row, value, place, err);
	*(uint64_t *)place = 0;
	return CELLA_OK;
}

static enum cella_status set_seconds(const struct conf_row *row, const char *value,
				     void *place, struct cella_error *err)
{
	int64_t seconds = 0;

	TRY(duration_read(value, &seconds, row->name, err));
	TRY(check_range(row, (uint64_t)seconds, err));
	*(uint64_t *)place = (uint64_t)seconds;
	return CELLA_OK;
}

static enum cella_status set_boolean(const struct conf_row *row, const char *value,
				     void *place, struct cella_error *err)
{
	const bool is_yes = strcmp(value, "yes") == 0;

	if (!is_yes && strcmp(value, "no") != 0)
		return error_set(err, CELLA_MALFORMED,
				 "%s: \"%.40s\": expected yes or no", row->name, value);
	*(bool *)place = is_yes;
	return CELLA_OK;
}

static enum cella_status set_ports(const struct conf_row *row, const char *value,
				   void *place, struct cella_error *err)
{
	struct ports ports;

	TRY(ports_read(value, &ports, row->name, err));
	return set_text(row, value, place, err);
}

/* A guest that may reach any socket of its host is no mistake to make by four letters. */
static enum cella_status set_ports_but_any(const struct conf_row *row, const char *value,
					   void *place, struct cella_error *err)
{
	if (strcmp(value, "any") == 0)
		return error_set(err, CELLA_MALFORMED,
				 "%s: any: expected none, or ports by their numbers",
				 row->name);
	return set_ports(row, value, place, err);
}

static enum cella_status set_backend(const struct conf_row *row, const char *value,
				     void *place, struct cella_error *err)
{
	if (!backend_is_name(value))
		return error_set(err, CELLA_USAGE,
				 "%s: \"%.40s\": expected " BACKEND_NAMES, row->name,
				 value);
	return set_text(row, value, place, err);
}

static enum cella_status set_cores(const struct conf_row *row, const char *value,
				   void *place, struct cella_error *err)
{
	struct resource_request request = { .vcpus = 0 };

	TRY(resource_cores_read(value, &request, err));
	return set_text(row, value, place, err);
}

static enum cella_status set_pages(const struct conf_row *row, const char *value,
				   void *place, struct cella_error *err)
{
	enum page_size pages;

	TRY(page_size_read(value, &pages, err));
	return set_text(row, value, place, err);
}

static enum cella_status set_tpm_state(const struct conf_row *row, const char *value,
				       void *place, struct cella_error *err)
{
	if (strcmp(value, "ephemeral") != 0)
		return set_path(row, value, place, err);
	return set_text(row, NULL, place, err);
}

/* The words of a list are judged where they are read for good. */
static enum cella_status check_ways(const char *value, bool is_egress,
				    struct cella_error *err)
{
	struct arena arena CLEANUP(arena_done) = { 0 };
	const char *items[LAUNCH_MAX_EGRESS + 1];
	struct launch_texts texts = { .items = items };
	struct network_args args = { .to_guest = NULL };
	struct launch_config config = { .vcpus = 0 };
	const char *word = NULL;

	for (size_t len; (len = enclave_conf_word(&value, &word)) > 0;
	     texts.num_items++) {
		if (texts.num_items == ARRAY_LEN(items))
			break; /* which is too many */
		items[texts.num_items] = arena_copy(&arena, word, len);
	}
	TRY(arena_status(&arena, err));
	*(is_egress ? &args.egress : &args.forward) = texts;
	return network_read(&args, &arena, &config, err);
}

static enum cella_status set_forward(const struct conf_row *row, const char *value,
				     void *place, struct cella_error *err)
{
	TRY(check_ways(value, false, err));
	return set_text(row, value, place, err);
}

static enum cella_status set_egress(const struct conf_row *row, const char *value,
				    void *place, struct cella_error *err)
{
	TRY(check_ways(value, true, err));
	return set_text(row, value, place, err);
}

static enum cella_status set_restart(const struct conf_row *row, const char *value,
				     void *place, struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(policy_names); i++)
		if (strcmp(policy_names[i], value) == 0) {
			*(enum restart_policy *)place = (enum restart_policy)i;
			return CELLA_OK;
		}
	return error_set(err, CELLA_MALFORMED,
			 "%s: \"%.40s\": expected no, on-failure or always", row->name,
			 value);
}

static enum cella_status (*const setters[])(const struct conf_row *row, const char *value,
					    void *place, struct cella_error *err) = {
	[CONF_PATH] = set_path,       [CONF_PROGRAM] = set_program,
	[CONF_NUMBER] = set_number,   [CONF_NUMBER_OR_AUTO] = set_number_or_auto,
	[CONF_SECONDS] = set_seconds, [CONF_BOOLEAN] = set_boolean,
	[CONF_BACKEND] = set_backend, [CONF_CORES] = set_cores,
	[CONF_PAGES] = set_pages,     [CONF_TPM_STATE] = set_tpm_state,
	[CONF_PORTS] = set_ports,     [CONF_PORTS_BUT_ANY] = set_ports_but_any,
	[CONF_FORWARD] = set_forward, [CONF_EGRESS] = set_egress,
	[CONF_RESTART] = set_restart,
};

/* The name of a key takes the place of that of the option that is read alike. */
static void name_key(const struct conf_row *row, struct cella_error *err)
{
	const char *const rest = strstr(err->text, ": ");

	if (strncmp(err->text, row->name, strlen(row->name)) == 0)
		return;
	if (strncmp(err->text, "--", 2) == 0 && rest != NULL)
		memmove(err->text, rest + 2, strlen(rest + 2) + 1);
	error_prefix(err, "%s", row->name);
}

enum cella_status conf_set(const struct conf_row *row, const char *value,
			   struct enclave_conf *out, struct cella_error *err)
{
	if (setters[row->kind](row, value, (char *)out + row->offset, err) == CELLA_OK)
		return CELLA_OK;
	/* Whatever it is for who reads numbers and lists: here, the file is wrong. */
	if (err != NULL) {
		err->status = CELLA_MALFORMED;
		name_key(row, err);
	}
	return CELLA_MALFORMED;
}
