/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row a key, by which files are read, defaults set and the manual is checked.
 */
#include "vm/enclave_conf.h"

#include "base/json.h"
#include "base/number.h"
#include "base/ports.h"
#include "vm/evm.h"
#include "vm/run_dir.h"

#include <ctype.h>
#include <string.h>

enum kind {
	PATH,
	PROGRAM,
	SIGNERS,
	NUMBER,
	MEMORY,
	CID,
	SECONDS,
	BOOLEAN,
	PORTS,
	PORTS_BUT_ANY,
	RESTART,
	TEXT, /* what only those read who use it */
};

struct row {
	const char *name;
	enum kind kind;
	size_t offset;
	uint64_t min;
	uint64_t max;
	const char *default_text; /* "": not set */
	bool is_fixed;            /* nothing but the default can be done yet */
};

#define CONF(member) offsetof(struct enclave_conf, member)
static const struct row rows[] = {
	{ "image", PATH, CONF(image), 0, 0, "/usr/local/share/dragonfly/image.bin",
	  false },
	{ "backend", TEXT, CONF(backend), 0, 0, "auto", true },
	{ "vcpus", NUMBER, CONF(vcpus), 1, EVM_MAX_VCPUS, "1", false },
	{ "memory_mib", MEMORY, CONF(memory_mib), EVM_MIN_MEMORY_MIB, EVM_MAX_MEMORY_MIB,
	  "auto", false },
	{ "cid", CID, CONF(cid), EVM_MIN_CID, UINT32_MAX - 1, "auto", false },
	{ "cpus", TEXT, CONF(cpus), 0, 0, "any", true },
	{ "hugepages", TEXT, CONF(hugepages), 0, 0, "no", true },
	{ "mem_lock", BOOLEAN, CONF(mem_lock), 0, 0, "no", true },
	{ "debug", BOOLEAN, CONF(debug), 0, 0, "no", false },
	{ "tpm_state", TEXT, CONF(tpm_state), 0, 0, "ephemeral", true },
	{ "host", PATH, CONF(host), 0, 0, "/var/lib/cella", false },
	{ "trusted_signers", SIGNERS, CONF(trusted_signers), 0, 0, "", false },
	{ "ports_in", PORTS, CONF(ports_in), 0, 0, "any", false },
	{ "ports_out", PORTS_BUT_ANY, CONF(ports_out), 0, 0, "none", false },
	{ "boot_timeout", SECONDS, CONF(boot_timeout), 1, ENCLAVE_CONF_MAX_SECONDS, "2m",
	  false },
	{ "stop_timeout", SECONDS, CONF(stop_timeout), 1, ENCLAVE_CONF_MAX_SECONDS, "20s",
	  false },
	{ "restart", RESTART, CONF(restart), 0, 0, "on-failure", false },
	{ "restart_delay", SECONDS, CONF(restart_delay), 0, ENCLAVE_CONF_MAX_SECONDS,
	  "1s", false },
	{ "restart_max", NUMBER, CONF(restart_max), 0, ENCLAVE_CONF_MAX_RESTARTS, "5",
	  false },
	{ "enclaves_max", NUMBER, CONF(enclaves_max), 1, RUN_MAX_LISTED, "1", false },
	{ "run_dir", PATH, CONF(run_dir), 0, RUN_BASE_MAX, "", false },
	{ "qemu", PROGRAM, CONF(qemu), 0, 0, "qemu-system-x86_64", false },
};

static const char *const policy_names[] = {
	[RESTART_NO] = "no",
	[RESTART_ON_FAILURE] = "on-failure",
	[RESTART_ALWAYS] = "always",
};

const char *restart_policy_name(enum restart_policy policy)
{
	return policy_names[policy];
}

const char *enclave_conf_key(size_t index, const char **default_text)
{
	if (index >= ARRAY_LEN(rows))
		return NULL;
	*default_text = rows[index].default_text;
	return rows[index].name;
}

void enclave_conf_path(const char *name, struct out *path)
{
	if (strcmp(name, ENCLAVE_CONF_NAME) == 0)
		out_text(path, ENCLAVE_CONF_PATH);
	else
		out_format(path, ENCLAVE_CONF_FOLDER "/%s.conf", name);
}

/* --- values -------------------------------------------------------------------------- */

static enum cella_status set_text(const struct row *row, const char *value, void *place,
				  struct cella_error *err UNUSED)
{
	(void)row;
	*(const char **)place = value;
	return CELLA_OK;
}

static enum cella_status set_path(const struct row *row, const char *value, void *place,
				  struct cella_error *err)
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
static enum cella_status set_program(const struct row *row, const char *value,
				     void *place, struct cella_error *err)
{
	if (strchr(value, '/') != NULL)
		return set_path(row, value, place, err);
	return set_text(row, value, place, err);
}

static enum cella_status check_range(const struct row *row, uint64_t value,
				     struct cella_error *err)
{
	if (value < row->min || value > row->max)
		return error_set(err, CELLA_MALFORMED, "%s: %llu: expected %llu to %llu",
				 row->name, (unsigned long long)value,
				 (unsigned long long)row->min,
				 (unsigned long long)row->max);
	return CELLA_OK;
}

static enum cella_status set_number(const struct row *row, const char *value, void *place,
				    struct cella_error *err)
{
	uint64_t number = 0;

	TRY(number_read(value, UINT64_MAX, &number, row->name, err));
	TRY(check_range(row, number, err));
	*(uint64_t *)place = number;
	return CELLA_OK;
}

static enum cella_status set_number_or_auto(const struct row *row, const char *value,
					    void *place, struct cella_error *err)
{
	if (strcmp(value, "auto") != 0)
		return set_number(row, value, place, err);
	*(uint64_t *)place = 0;
	return CELLA_OK;
}

static enum cella_status set_seconds(const struct row *row, const char *value,
				     void *place, struct cella_error *err)
{
	int64_t seconds = 0;

	TRY(duration_read(value, &seconds, row->name, err));
	TRY(check_range(row, (uint64_t)seconds, err));
	*(uint64_t *)place = (uint64_t)seconds;
	return CELLA_OK;
}

static enum cella_status set_boolean(const struct row *row, const char *value,
				     void *place, struct cella_error *err)
{
	const bool is_yes = strcmp(value, "yes") == 0;

	if (!is_yes && strcmp(value, "no") != 0)
		return error_set(err, CELLA_MALFORMED, "%s: \"%.40s\": expected yes or no",
				 row->name, value);
	*(bool *)place = is_yes;
	return CELLA_OK;
}

static enum cella_status set_ports(const struct row *row, const char *value, void *place,
				   struct cella_error *err)
{
	struct ports ports;

	TRY(ports_read(value, &ports, row->name, err));
	return set_text(row, value, place, err);
}

/* A guest that may reach any socket of its host is no mistake to make by four letters. */
static enum cella_status set_ports_but_any(const struct row *row, const char *value,
					   void *place, struct cella_error *err)
{
	if (strcmp(value, "any") == 0)
		return error_set(err, CELLA_MALFORMED,
				 "%s: any: expected none, or ports by their numbers",
				 row->name);
	return set_ports(row, value, place, err);
}

static enum cella_status set_restart(const struct row *row, const char *value,
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

static enum cella_status (*const setters[])(const struct row *row, const char *value,
					    void *place, struct cella_error *err) = {
	[PATH] = set_path,
	[PROGRAM] = set_program,
	[SIGNERS] = set_path,
	[NUMBER] = set_number,
	[MEMORY] = set_number_or_auto,
	[CID] = set_number_or_auto,
	[SECONDS] = set_seconds,
	[BOOLEAN] = set_boolean,
	[PORTS] = set_ports,
	[PORTS_BUT_ANY] = set_ports_but_any,
	[RESTART] = set_restart,
	[TEXT] = set_text,
};

static enum cella_status set(const struct row *row, const char *value,
			     struct enclave_conf *out, struct cella_error *err)
{
	/* A number that is none is a mistake of who wrote the file, as all others are. */
	if (setters[row->kind](row, value, (char *)out + row->offset, err) != CELLA_OK) {
		if (err != NULL)
			err->status = CELLA_MALFORMED;
		return CELLA_MALFORMED;
	}
	if (row->is_fixed && strcmp(value, row->default_text) != 0)
		return error_set(err, CELLA_UNSUPPORTED,
				 "%s: \"%.40s\": this version has nothing but \"%s\" yet",
				 row->name, value, row->default_text);
	return CELLA_OK;
}

/* --- lines --------------------------------------------------------------------------- */

static const struct row *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

/* Cuts blanks off both ends. */
static char *trim(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && isblank((unsigned char)text[len - 1]))
		text[--len] = '\0';
	while (isblank((unsigned char)*text))
		text++;
	return text;
}

static enum cella_status check_text(const char *line, struct cella_error *err)
{
	json_t *text CLEANUP_JSON = json_string(line);

	/* What it names is told in JSON. */
	if (text == NULL)
		return error_set(err, CELLA_MALFORMED, "is no UTF-8");
	for (; *line != '\0'; line++) {
		if (*line == '\r')
			return error_set(err, CELLA_MALFORMED,
					 "ends as lines of Windows do; expected \"\\n\" "
					 "alone");
		if (iscntrl((unsigned char)*line) && *line != '\t')
			return error_set(err, CELLA_MALFORMED, "has a control character");
	}
	return CELLA_OK;
}

static enum cella_status check_value(const char *key, const char *value,
				     struct cella_error *err)
{
	if (value[0] == '\0')
		return error_set(
			err, CELLA_MALFORMED,
			"%.40s: has no value; leave the line out for the default", key);
	if (value[0] == '"' || value[0] == '\'')
		return error_set(err, CELLA_MALFORMED, "%.40s: values stand without quotes",
				 key);
	if (strstr(value, " #") != NULL || strstr(value, "\t#") != NULL)
		return error_set(err, CELLA_MALFORMED,
				 "%.40s: comments stand on lines of their own", key);
	return CELLA_OK;
}

/* line = [ key "=" value ] | "#" anything. Says in *which what was set. */
static enum cella_status read_line(char *line, struct enclave_conf *out,
				   const struct row **which, struct cella_error *err)
{
	char *equals;
	char *key;

	*which = NULL;
	TRY(check_text(line, err));
	line = trim(line);
	if (*line == '\0' || *line == '#')
		return CELLA_OK;
	equals = strchr(line, '=');
	if (equals == NULL)
		return error_set(err, CELLA_MALFORMED, "\"%.60s\": expected KEY = value",
				 line);
	*equals = '\0';
	key = trim(line);
	*which = find(key);
	if (*which == NULL)
		return error_set(err, CELLA_MALFORMED,
				 "\"%.40s\" is no key; enclave.conf(5) has all of them",
				 key);
	TRY(check_value(key, trim(equals + 1), err));
	return set(*which, trim(equals + 1), out, err);
}

static enum cella_status read_lines(char *text, struct enclave_conf *out, unsigned *line,
				    struct cella_error *err)
{
	unsigned first[ARRAY_LEN(rows)] = { 0 };
	char *next = text;

	for (*line = 1; next != NULL; ++*line) {
		const struct row *row = NULL;
		char *const here = next;

		next = strchr(here, '\n');
		if (next != NULL)
			*next++ = '\0';
		TRY(read_line(here, out, &row, err));
		if (row == NULL)
			continue;
		if (first[row - rows] != 0)
			return error_set(err, CELLA_MALFORMED,
					 "%s: stands in line %u already", row->name,
					 first[row - rows]);
		first[row - rows] = *line;
	}
	return CELLA_OK;
}

/* --- files --------------------------------------------------------------------------- */

static enum cella_status set_defaults(struct enclave_conf *out, struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].default_text[0] != '\0')
			TRY(set(&rows[i], rows[i].default_text, out, err));
	return CELLA_OK;
}

void enclave_conf_done(struct enclave_conf *conf)
{
	free(conf->text);
	*conf = (struct enclave_conf){ .text = NULL };
}

enum cella_status enclave_conf_parse(struct cella_bytes text, const char *what,
				     struct enclave_conf *out, struct cella_error *err)
{
	struct enclave_conf conf CLEANUP(enclave_conf_done) = { .text = NULL };
	struct out copy CLEANUP(out_done) = { 0 };
	enum cella_status status;
	unsigned line = 0;

	if (text.len > 0 && memchr(text.data, '\0', text.len) != NULL)
		return error_set(err, CELLA_MALFORMED, "%.90s: has a NUL byte: is no text",
				 what);
	out_bytes(&copy, text.data, text.len);
	TRY(out_take_text(&copy, &conf.text, err));
	TRY(set_defaults(&conf, err));
	status = read_lines(conf.text, &conf, &line, err);
	if (status != CELLA_OK) {
		error_prefix(err, "%.90s:%u", what, line);
		return status;
	}
	*out = conf;
	conf = (struct enclave_conf){ .text = NULL };
	return CELLA_OK;
}

enum cella_status enclave_conf_read(const char *path, enum owned_by who,
				    struct enclave_conf *out, struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };

	TRY(owned_read(path, who, ENCLAVE_CONF_MAX_LEN, &text, err));
	return enclave_conf_parse(out_view(&text), path, out, err);
}
