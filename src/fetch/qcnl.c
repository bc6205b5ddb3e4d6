/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both forms of sgx_default_qcnl.conf, through one table of keys.
 */
#include "fetch/qcnl.h"

#include "base/encode.h"
#include "base/json.h"
#include "base/number.h"

#include <stdio.h>
#include <string.h>

enum value_kind { VALUE_TEXT, VALUE_SECURE, VALUE_BOOL, VALUE_NUMBER };

/* A key in both forms, and where it goes. */
static const struct key {
	const char *json;
	const char *legacy; /* NULL: this form does not have it */
	enum value_kind kind;
	size_t offset;
	size_t size; /* VALUE_TEXT: with the terminator; VALUE_NUMBER: the largest */
	size_t flag; /* VALUE_NUMBER: where it is said that there is one */
} keys[] = {
	{ "pccs_url", "PCCS_URL", VALUE_TEXT, offsetof(struct qcnl, pccs_url),
	  sizeof((struct qcnl *)0)->pccs_url, 0 },
	{ "collateral_service", "COLLATERAL_SERVICE", VALUE_TEXT,
	  offsetof(struct qcnl, collateral_service),
	  sizeof((struct qcnl *)0)->collateral_service, 0 },
	{ "tcb_update_type", NULL, VALUE_TEXT, offsetof(struct qcnl, update),
	  sizeof((struct qcnl *)0)->update, 0 },
	{ "pccs_api_version", "PCCS_API_VERSION", VALUE_TEXT,
	  offsetof(struct qcnl, crl_form), sizeof((struct qcnl *)0)->crl_form, 0 },
	{ "use_secure_cert", "USE_SECURE_CERT", VALUE_SECURE,
	  offsetof(struct qcnl, insecure), 0, 0 },
	{ "local_cache_only", "LOCAL_CACHE_ONLY", VALUE_BOOL,
	  offsetof(struct qcnl, cache_only), 0, 0 },
	{ "retry_times", "RETRY_TIMES", VALUE_NUMBER, offsetof(struct qcnl, retries),
	  1000, offsetof(struct qcnl, has_retries) },
	{ "verify_collateral_cache_expire_hours", "VERIFY_COLLATERAL_CACHE_EXPIRE_HOURS",
	  VALUE_NUMBER, offsetof(struct qcnl, hours), 24 * 3650,
	  offsetof(struct qcnl, has_hours) },
};

static enum cella_status store_bool(const struct key *key, const char *value,
				    struct qcnl *out, struct cella_error *err)
{
	bool *const place = (bool *)(void *)((uint8_t *)out + key->offset);
	const bool is_true = text_equal_any_case(value, "true");

	if (!is_true && !text_equal_any_case(value, "false"))
		return error_set(err, CELLA_MALFORMED,
				 "expected true or false, found \"%.40s\"", value);
	*place = key->kind == VALUE_SECURE ? !is_true : is_true;
	return CELLA_OK;
}

static enum cella_status store(const struct key *key, const char *value, struct qcnl *out,
			       struct cella_error *err)
{
	uint8_t *const place = (uint8_t *)out + key->offset;

	switch (key->kind) {
	case VALUE_TEXT:
		if (strlen(value) >= key->size)
			return error_set(err, CELLA_LIMIT, "longer than %zu characters",
					 key->size - 1);
		snprintf((char *)place, key->size, "%s", value);
		return CELLA_OK;
	case VALUE_SECURE:
	case VALUE_BOOL:
		return store_bool(key, value, out, err);
	case VALUE_NUMBER:
		TRY(number_read(value, key->size, (uint64_t *)(void *)place, "a number",
				err));
		*((bool *)(void *)((uint8_t *)out + key->flag)) = true;
		return CELLA_OK;
	}
	return CELLA_OK;
}

/* --- JSON ---------------------------------------------------------------------------- */

/* Blanks instead of comments, so that offsets in errors stay what they are. */
static void blank_comments(uint8_t *text, size_t len)
{
	bool in_text = false;

	for (size_t i = 0; i < len; i++) {
		const uint8_t next = i + 1 < len ? text[i + 1] : 0;

		if (in_text && text[i] == '\\') {
			i++;
		} else if (text[i] == '"') {
			in_text = !in_text;
		} else if (!in_text && text[i] == '/' && next == '/') {
			while (i < len && text[i] != '\n')
				text[i++] = ' ';
		} else if (!in_text && text[i] == '/' && next == '*') {
			const uint8_t *const end =
				memmem(text + i + 2, len - i - 2, "*/", 2);
			const size_t stop = end != NULL ? (size_t)(end + 2 - text) : len;

			while (i < stop)
				text[i++] = ' ';
			i--;
		}
	}
}

/* A value as the other form would write it. */
static const char *value_text(const json_t *value, char buffer[32])
{
	if (json_is_string(value))
		return json_string_value(value);
	if (json_is_boolean(value))
		return json_is_true(value) ? "true" : "false";
	if (!json_is_integer(value))
		return json_type_name(value);
	snprintf(buffer, 32, "%lld", (long long)json_integer_value(value));
	return buffer;
}

static enum cella_status read_json(uint8_t *text, size_t len, struct qcnl *out,
				   struct cella_error *err)
{
	json_t *root CLEANUP_JSON = NULL;

	blank_comments(text, len);
	TRY(json_parse(bytes_of(text, len), "JSON", &root, err));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const json_t *const value = json_object_get(root, keys[i].json);
		enum cella_status status;
		char buffer[32];

		if (value == NULL)
			continue;
		status = store(&keys[i], value_text(value, buffer), out, err);
		if (status != CELLA_OK) {
			error_prefix(err, "%s", keys[i].json);
			return status;
		}
	}
	return CELLA_OK;
}

/* --- KEY=VALUE ----------------------------------------------------------------------- */

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t\r");
	len = strlen(text);
	while (len > 0 && strchr(" \t\r", text[len - 1]) != NULL)
		text[--len] = '\0';
	/* Some write the value in quotation marks. */
	if (len >= 2 && text[0] == '"' && text[len - 1] == '"') {
		text[len - 1] = '\0';
		text++;
	}
	return text;
}

static enum cella_status read_line(char *line, struct qcnl *out, struct cella_error *err)
{
	char *const equals = strchr(line, '=');
	const char *name;

	if (*trim(line) == '#' || equals == NULL)
		return CELLA_OK;
	*equals = '\0';
	name = trim(line);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (keys[i].legacy != NULL && strcmp(keys[i].legacy, name) == 0)
			return store(&keys[i], trim(equals + 1), out, err);
	return CELLA_OK;
}

static enum cella_status read_lines(char *text, struct qcnl *out, struct cella_error *err)
{
	char *rest = text;

	for (unsigned number = 1; rest != NULL; number++) {
		const enum cella_status status = read_line(strsep(&rest, "\n"), out, err);

		if (status != CELLA_OK) {
			error_prefix(err, "line %u", number);
			return status;
		}
	}
	return CELLA_OK;
}

static enum cella_status check(const struct qcnl *qcnl, struct cella_error *err)
{
	if (*qcnl->update != '\0' && strcmp(qcnl->update, "early") != 0 &&
	    strcmp(qcnl->update, "standard") != 0)
		return error_set(
			err, CELLA_MALFORMED,
			"tcb_update_type: expected early or standard, found \"%s\"",
			qcnl->update);
	return CELLA_OK;
}

enum cella_status qcnl_parse(struct cella_bytes text, const char *what, struct qcnl *out,
			     struct cella_error *err)
{
	char *copy CLEANUP_FREE = NULL;
	struct qcnl qcnl = { 0 };
	enum cella_status status;

	if (text.len > QCNL_FILE_MAX)
		return error_set(err, CELLA_LIMIT, "%s: longer than %d bytes", what,
				 QCNL_FILE_MAX);
	if (text.len > 0 && memchr(text.data, '\0', text.len) != NULL)
		return error_set(err, CELLA_MALFORMED, "%s: is not text", what);
	copy = calloc(1, text.len + 1);
	if (copy == NULL)
		return error_nomem(err);
	if (text.len > 0)
		memcpy(copy, text.data, text.len);
	status = copy[strspn(copy, " \t\r\n")] == '{'
			 ? read_json((uint8_t *)copy, text.len, &qcnl, err)
			 : read_lines(copy, &qcnl, err);
	if (status == CELLA_OK)
		status = check(&qcnl, err);
	if (status != CELLA_OK)
		error_prefix(err, "%s", what);
	else
		*out = qcnl;
	return status;
}

const char *qcnl_url(const struct qcnl *qcnl)
{
	if (*qcnl->collateral_service != '\0')
		return qcnl->collateral_service;
	return *qcnl->pccs_url != '\0' ? qcnl->pccs_url : NULL;
}
