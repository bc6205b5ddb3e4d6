/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated platform in a directory. platform.json is written last: where it stands,
 * everything else does.
 */
#include "sim/platform.h"

#include "base/encode.h"
#include "base/json.h"
#include "fetch/files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATE_PATH_MAX = 4096, STATE_FILE_MAX = 64 << 10 };

static const char state_schema[] = "cella-sim-platform-1";

static const char *const cert_names[SIM_NUM_CERTS] = {
	[SIM_ROOT] = "root.pem",
	[SIM_CA] = "ca.pem",
	[SIM_PCK] = "pck.pem",
	[SIM_SIGNER] = "signing.pem",
};

static const char *const key_names[SIM_NUM_KEYS] = {
	[SIM_ROOT] = "root.key",       [SIM_CA] = "ca.key",
	[SIM_PCK] = "pck.key",         [SIM_SIGNER] = "signing.key",
	[SIM_ATTESTATION] = "att.key",
};

/* The state file's members; the same rows read and write. */
#define CONFIG(member) offsetof(struct sim_config, member)
static const struct json_field config_fields[] = {
	{ "name", JSON_FIELD_TEXT, CONFIG(name), 0, false },
	{ "ca", JSON_FIELD_TEXT, CONFIG(ca), 0, false },
	{ "created", JSON_FIELD_TIME, CONFIG(created), 0, false },
	{ "fmspc", JSON_FIELD_HEX, CONFIG(fmspc), FMSPC_LEN, false },
	{ "pce_id", JSON_FIELD_HEX, CONFIG(pce_id), PCE_ID_LEN, false },
	{ "sgx_components", JSON_FIELD_HEX, CONFIG(components), TCB_COMPONENTS, false },
	{ "pce_svn", JSON_FIELD_U16, CONFIG(pce_svn), 0, false },
	{ "qe_isv_svn", JSON_FIELD_U16, CONFIG(qe_isv_svn), 0, false },
	{ "td_qe_isv_svn", JSON_FIELD_U16, CONFIG(td_qe_isv_svn), 0, false },
};

static enum cella_status join(char path[STATE_PATH_MAX], const char *dir,
			      const char *name, struct cella_error *err)
{
	if (snprintf(path, STATE_PATH_MAX, "%s/%s", dir, name) >= STATE_PATH_MAX)
		return error_set(err, CELLA_LIMIT, "%s: path is too long", dir);
	return CELLA_OK;
}

/* --- writing ------------------------------------------------------------------------- */

static json_t *field_json(const struct json_field *field, const uint8_t *place)
{
	switch (field->kind) {
	case JSON_FIELD_TEXT:
		return json_string(*(const char *const *)(const void *)place);
	case JSON_FIELD_HEX:
		return json_hex(bytes_of(place, field->size));
	case JSON_FIELD_TIME:
		return json_time(*(const int64_t *)(const void *)place);
	case JSON_FIELD_U8:
		return json_integer(*place);
	case JSON_FIELD_U16:
		return json_integer(*(const uint16_t *)(const void *)place);
	case JSON_FIELD_U32:
		return json_integer(*(const uint32_t *)(const void *)place);
	case JSON_FIELD_OBJECT:
	case JSON_FIELD_ARRAY:
		break;
	}
	return NULL;
}

/* The fields of a report under their names, reserved ones and the report data left out. */
static enum cella_status put_layout(json_t *root, const char *name,
				    const struct layout *layout, const uint8_t *structure,
				    struct cella_error *err)
{
	const struct cella_bytes view = bytes_of(structure, layout->size);
	json_t *const object = json_object();

	TRY(json_put(root, name, object, err));
	for (size_t i = 0; i < layout->num_fields; i++) {
		const struct field *const field = &layout->fields[i];

		if (field->kind != FIELD_RESERVED &&
		    field->fact != CELLA_FACT_REPORT_DATA)
			TRY(json_put(object, field->name, json_hex(field_of(field, view)),
				     err));
	}
	return CELLA_OK;
}

static enum cella_status state_json(const struct sim_platform *p, json_t *root,
				    struct cella_error *err)
{
	TRY(json_put(root, "schema", json_string(state_schema), err));
	for (size_t i = 0; i < ARRAY_LEN(config_fields); i++)
		TRY(json_put(
			root, config_fields[i].name,
			field_json(&config_fields[i],
				   (const uint8_t *)&p->config + config_fields[i].offset),
			err));
	TRY(put_layout(root, "td", &td_body_15ex_layout, p->td_body, err));
	return put_layout(root, "enclave", &sgx_report_layout, p->sgx_body, err);
}

static enum cella_status write_state(const struct sim_platform *p, const char *path,
				     struct cella_error *err)
{
	json_t *root CLEANUP_JSON = json_object();
	struct out file CLEANUP(out_done) = { 0 };
	char *text CLEANUP_FREE = NULL;

	if (root == NULL)
		return error_nomem(err);
	TRY(state_json(p, root, err));
	TRY(json_write(root, true, &text, err));
	out_format(&file, "%s\n", text);
	TRY(out_status(&file, err));
	return file_write(path, out_view(&file), 0644, err);
}

static enum cella_status write_key(const struct private_key *key, const char *path,
				   struct cella_error *err)
{
	struct out pem CLEANUP(out_done) = { 0 };

	TRY(private_key_write(key, &pem, err));
	return file_write(path, out_view(&pem), 0600, err);
}

static enum cella_status write_cert(const struct sim_cert *cert, const char *path,
				    struct cella_error *err)
{
	struct out pem CLEANUP(out_done) = { 0 };

	pem_write(&pem, "CERTIFICATE", out_view(&cert->der));
	TRY(out_status(&pem, err));
	return file_write(path, out_view(&pem), 0644, err);
}

enum cella_status sim_platform_save(const struct sim_platform *p, const char *dir,
				    struct cella_error *err)
{
	char state[STATE_PATH_MAX];
	char path[STATE_PATH_MAX];

	TRY(join(state, dir, "platform.json", err));
	if (mkdir(dir, 0755) != 0 && errno != EEXIST)
		return error_errno(err, errno, "%s", dir);
	if (access(state, F_OK) == 0)
		return error_set(err, CELLA_USAGE,
				 "%s: a platform is there already, and its keys would be "
				 "lost",
				 dir);
	for (size_t i = 0; i < SIM_NUM_KEYS; i++) {
		TRY(join(path, dir, key_names[i], err));
		TRY(write_key(p->keys[i], path, err));
	}
	for (size_t i = 0; i < SIM_NUM_CERTS; i++) {
		TRY(join(path, dir, cert_names[i], err));
		TRY(write_cert(&p->certs[i], path, err));
	}
	return write_state(p, state, err);
}

enum cella_status sim_platform_update(const struct sim_platform *p, const char *dir,
				      struct cella_error *err)
{
	char state[STATE_PATH_MAX];

	TRY(join(state, dir, "platform.json", err));
	return write_state(p, state, err);
}

/* --- reading ------------------------------------------------------------------------- */

static enum cella_status read_layout(const json_t *root, const char *name,
				     const struct layout *layout, uint8_t *structure,
				     struct cella_error *err)
{
	const json_t *const object = json_object_get(root, name);

	if (!json_is_object(object))
		return error_set(err, CELLA_MALFORMED, "%s: expected an object", name);
	for (size_t i = 0; i < layout->num_fields; i++) {
		const struct field *const field = &layout->fields[i];
		const struct json_field row = { field->name, JSON_FIELD_HEX,
						field->offset, field->len, true };

		TRY(json_read(object, &row, 1, structure, name, err));
	}
	return CELLA_OK;
}

static enum cella_status read_state(struct sim_platform *p, const char *path,
				    struct cella_error *err)
{
	static const struct json_field schema_field[] = {
		{ "schema", JSON_FIELD_TEXT, 0, 0, false },
	};
	struct out text CLEANUP(out_done) = { 0 };
	json_t *root CLEANUP_JSON = NULL;
	const char *schema = NULL;
	struct sim_config config;

	TRY(file_read(path, STATE_FILE_MAX, &text, err));
	TRY(json_parse(out_view(&text), "state", &root, err));
	TRY(json_read(root, schema_field, 1, &schema, "state", err));
	if (strcmp(schema, state_schema) != 0)
		return error_set(err, CELLA_UNSUPPORTED,
				 "state: schema: expected %s, found \"%.40s\"",
				 state_schema, schema);
	sim_config_init(&config, 0);
	TRY(json_read(root, config_fields, ARRAY_LEN(config_fields), &config, "state",
		      err));
	TRY(sim_config_copy(&config, p, err));
	TRY(read_layout(root, "td", &td_body_15ex_layout, p->td_body, err));
	return read_layout(root, "enclave", &sgx_report_layout, p->sgx_body, err);
}

static enum cella_status read_key(const char *path, struct private_key **out,
				  struct cella_error *err)
{
	struct out pem CLEANUP(out_done) = { 0 };

	TRY(file_read(path, STATE_FILE_MAX, &pem, err));
	return private_key_parse(out_view(&pem), out, err);
}

static enum cella_status read_cert(const char *path, struct out *der,
				   struct cella_error *err)
{
	struct out pem CLEANUP(out_done) = { 0 };
	struct cella_bytes rest;
	bool found = false;

	TRY(file_read(path, STATE_FILE_MAX, &pem, err));
	rest = out_view(&pem);
	TRY(pem_next(&rest, "CERTIFICATE", der, &found, err));
	return found ? CELLA_OK : error_set(err, CELLA_MALFORMED, "no certificate");
}

/* One file of the directory; errors get its path in front. */
static enum cella_status read_part(struct sim_platform *p, const char *dir, size_t index,
				   struct cella_error *err)
{
	const bool is_key = index < SIM_NUM_KEYS;
	const size_t cert = index - SIM_NUM_KEYS;
	char path[STATE_PATH_MAX];
	enum cella_status status;

	TRY(join(path, dir, is_key ? key_names[index] : cert_names[cert], err));
	status = is_key ? read_key(path, &p->keys[index], err)
			: read_cert(path, &p->certs[cert].der, err);
	if (status != CELLA_OK && status != CELLA_IO)
		error_prefix(err, "%s", path);
	return status;
}

static enum cella_status load(struct sim_platform *p, const char *dir,
			      struct cella_error *err)
{
	char path[STATE_PATH_MAX];
	enum cella_status status;

	TRY(join(path, dir, "platform.json", err));
	status = read_state(p, path, err);
	if (status != CELLA_OK) {
		if (status != CELLA_IO)
			error_prefix(err, "%s", path);
		return status;
	}
	for (size_t i = 0; i < SIM_NUM_KEYS + SIM_NUM_CERTS; i++)
		TRY(read_part(p, dir, i, err));
	return sim_platform_describe(p, err);
}

enum cella_status sim_platform_load(const char *dir, struct sim_platform **out,
				    struct cella_error *err)
{
	struct sim_platform *platform CLEANUP(sim_platform_cleanup) =
		calloc(1, sizeof *platform);

	if (platform == NULL)
		return error_nomem(err);
	TRY(load(platform, dir, err));
	*out = take(&platform);
	return CELLA_OK;
}
