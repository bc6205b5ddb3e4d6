/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enclave identities, version 2.
 */
#include "collateral/qe_identity.h"

#include <string.h>

struct raw_identity {
	struct qe_identity identity;
	const char *id;
	uint32_t version;
	const json_t *levels;
};

#define IDENTITY(member) offsetof(struct raw_identity, identity.member)
static const struct json_field fields[] = {
	{ "issueDate", JSON_FIELD_TIME, IDENTITY(issue_date), 0, false },
	{ "nextUpdate", JSON_FIELD_TIME, IDENTITY(next_update), 0, false },
	{ "tcbEvaluationDataNumber", JSON_FIELD_U32, IDENTITY(evaluation_number), 0,
	  false },
	{ "miscselect", JSON_FIELD_HEX, IDENTITY(miscselect), 4, false },
	{ "miscselectMask", JSON_FIELD_HEX, IDENTITY(miscselect_mask), 4, false },
	{ "attributes", JSON_FIELD_HEX, IDENTITY(attributes), 16, false },
	{ "attributesMask", JSON_FIELD_HEX, IDENTITY(attributes_mask), 16, false },
	{ "mrsigner", JSON_FIELD_HEX, IDENTITY(mrsigner), 32, false },
	{ "isvprodid", JSON_FIELD_U16, IDENTITY(isv_prod_id), 0, false },
	{ "tcbLevels", JSON_FIELD_ARRAY, offsetof(struct raw_identity, levels), 0,
	  false },
};
static const struct json_field head_fields[] = {
	{ "id", JSON_FIELD_TEXT, offsetof(struct raw_identity, id), 0, false },
	{ "version", JSON_FIELD_U32, offsetof(struct raw_identity, version), 0, false },
};

static const char *const names[] = {
	[IDENTITY_QE] = "QE",
	[IDENTITY_QVE] = "QVE",
	[IDENTITY_TD_QE] = "TD_QE",
};

const char *identity_name(enum identity_id id)
{
	return names[id];
}

static enum cella_status read_id(const char *name, enum identity_id *id,
				 struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(names[i], name) == 0) {
			*id = (enum identity_id)i;
			return CELLA_OK;
		}
	}
	return error_set(err, CELLA_UNSUPPORTED,
			 "identity: id: expected QE, QVE or TD_QE, found \"%.16s\"",
			 name);
}

/* raw.identity takes what is allocated, also when a later member is wrong. */
static enum cella_status read_identity(struct raw_identity *raw, struct cella_error *err)
{
	struct qe_identity *const identity = &raw->identity;
	const json_t *const json = identity->json;

	TRY(json_read(json, head_fields, ARRAY_LEN(head_fields), raw, "identity", err));
	if (raw->version != 2)
		return error_set(err, CELLA_UNSUPPORTED,
				 "identity: version: expected 2, found %u", raw->version);
	TRY(read_id(raw->id, &identity->id, err));
	TRY(json_read(json, fields, ARRAY_LEN(fields), raw, "identity", err));
	return isv_levels_read(raw->levels, "identity: tcbLevels", &identity->arena,
			       &identity->levels, &identity->num_levels, err);
}

enum cella_status qe_identity_parse(struct cella_bytes text, struct qe_identity *out,
				    struct cella_error *err)
{
	struct raw_identity raw = { 0 };
	enum cella_status status = json_parse(text, "identity", &raw.identity.json, err);

	if (status == CELLA_OK)
		status = read_identity(&raw, err);
	if (status != CELLA_OK) {
		qe_identity_done(&raw.identity);
		return status;
	}
	*out = raw.identity;
	return CELLA_OK;
}

void qe_identity_done(struct qe_identity *identity)
{
	json_decref(identity->json);
	arena_done(&identity->arena);
	*identity = (struct qe_identity){ 0 };
}
