/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row a key, by which files are read, defaults set and the manual is checked.
 */
#include "vm/enclave_conf_value.h"

#include "base/json.h"
#include "vm/evm.h"
#include "vm/run_dir.h"

#include <ctype.h>
#include <string.h>

enum { MAX_KEEP_MIB = 1 << 30 };

#define CONF(member) offsetof(struct enclave_conf, member)
#define DAY ENCLAVE_CONF_MAX_SECONDS
/* One a line. clang-format off */
static const struct conf_row rows[] = {
	{ "image", CONF_PATH, CONF(image), 0, 0, "/usr/local/share/dragonfly/image.bin" },
	{ "backend", CONF_BACKEND, CONF(backend), 0, 0, "auto" },
	{ "firmware", CONF_PATH, CONF(firmware), 0, 0, "" },
	{ "vcpus", CONF_NUMBER_OR_AUTO, CONF(vcpus), 1, EVM_MAX_VCPUS, "auto" },
	{ "memory_mib", CONF_NUMBER_OR_AUTO, CONF(memory_mib), EVM_MIN_MEMORY_MIB,
	  EVM_MAX_MEMORY_MIB, "auto" },
	{ "cid", CONF_NUMBER_OR_AUTO, CONF(cid), EVM_MIN_CID, UINT32_MAX - 1, "auto" },
	{ "cpus", CONF_CORES, CONF(cpus), 0, 0, "shared" },
	{ "pin", CONF_BOOLEAN, CONF(pin), 0, 0, "no" },
	{ "hugepages", CONF_PAGES, CONF(hugepages), 0, 0, "no" },
	{ "mem_lock", CONF_BOOLEAN, CONF(mem_lock), 0, 0, "no" },
	{ "keep_memory", CONF_NUMBER, CONF(keep_memory), 0, MAX_KEEP_MIB, "512" },
	{ "debug", CONF_BOOLEAN, CONF(debug), 0, 0, "no" },
	{ "tpm_state", CONF_TPM_STATE, CONF(tpm_state), 0, 0, "ephemeral" },
	{ "host", CONF_PATH, CONF(host), 0, 0, "/var/lib/cella" },
	{ "trusted_signers", CONF_PATH, CONF(trusted_signers), 0, 0, "" },
	{ "ports_in", CONF_PORTS, CONF(ports_in), 0, 0, "any" },
	{ "ports_out", CONF_PORTS_BUT_ANY, CONF(ports_out), 0, 0, "none" },
	{ "forward", CONF_FORWARD, CONF(forward), 0, 0, "" },
	{ "egress", CONF_EGRESS, CONF(egress), 0, 0, "" },
	{ "boot_timeout", CONF_SECONDS, CONF(boot_timeout), 1, DAY, "2m" },
	{ "stop_timeout", CONF_SECONDS, CONF(stop_timeout), 1, DAY, "20s" },
	{ "restart", CONF_RESTART, CONF(restart), 0, 0, "on-failure" },
	{ "restart_delay", CONF_SECONDS, CONF(restart_delay), 0, DAY, "1s" },
	{ "restart_max", CONF_NUMBER, CONF(restart_max), 0, ENCLAVE_CONF_MAX_RESTARTS,
	  "5" },
	{ "enclaves_max", CONF_NUMBER, CONF(enclaves_max), 1, RUN_MAX_LISTED, "1" },
	{ "run_dir", CONF_PATH, CONF(run_dir), 0, RUN_BASE_MAX, "" },
	{ "qemu", CONF_PROGRAM, CONF(qemu), 0, 0, "qemu-system-x86_64" },
};
/* clang-format on */

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

/* --- lines --------------------------------------------------------------------------- */

static const struct conf_row *find(const char *name)
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
		return error_set(err, CELLA_MALFORMED,
				 "%.40s: values stand without quotes", key);
	if (strstr(value, " #") != NULL || strstr(value, "\t#") != NULL)
		return error_set(err, CELLA_MALFORMED,
				 "%.40s: comments stand on lines of their own", key);
	return CELLA_OK;
}

/* line = [ key "=" value ] | "#" anything. Says in *which what was set. */
static enum cella_status read_line(char *line, struct enclave_conf *out,
				   const struct conf_row **which, struct cella_error *err)
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
	return conf_set(*which, trim(equals + 1), out, err);
}

static enum cella_status read_lines(char *text, struct enclave_conf *out, unsigned *line,
				    struct cella_error *err)
{
	unsigned first[ARRAY_LEN(rows)] = { 0 };
	char *next = text;

	for (*line = 1; next != NULL; ++*line) {
		const struct conf_row *row = NULL;
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
			TRY(conf_set(&rows[i], rows[i].default_text, out, err));
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
		return error_set(err, CELLA_MALFORMED,
				 "%.90s: has a NUL byte: is no text", what);
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
