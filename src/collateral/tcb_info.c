/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCB information, version 3.
 */
#include "collateral/tcb_info.h"

#include "base/encode.h"

#include <stdio.h>
#include <string.h>

/* The members as they stand in the document. */
struct raw_info {
	const char *id;
	uint32_t version;
	int64_t issue_date;
	int64_t next_update;
	uint8_t fmspc[FMSPC_LEN];
	uint8_t pce_id[PCE_ID_LEN];
	uint32_t tcb_type;
	uint32_t evaluation_number;
	const json_t *module;
	const json_t *modules;
	const json_t *levels;
};

#define INFO(member) offsetof(struct raw_info, member)
static const struct json_field info_fields[] = {
	{ "id", JSON_FIELD_TEXT, INFO(id), 0, false },
	{ "version", JSON_FIELD_U32, INFO(version), 0, false },
	{ "issueDate", JSON_FIELD_TIME, INFO(issue_date), 0, false },
	{ "nextUpdate", JSON_FIELD_TIME, INFO(next_update), 0, false },
	{ "fmspc", JSON_FIELD_HEX, INFO(fmspc), FMSPC_LEN, false },
	{ "pceId", JSON_FIELD_HEX, INFO(pce_id), PCE_ID_LEN, false },
	{ "tcbType", JSON_FIELD_U32, INFO(tcb_type), 0, false },
	{ "tcbEvaluationDataNumber", JSON_FIELD_U32, INFO(evaluation_number), 0, false },
	{ "tdxModule", JSON_FIELD_OBJECT, INFO(module), 0, true },
	{ "tdxModuleIdentities", JSON_FIELD_ARRAY, INFO(modules), 0, true },
	{ "tcbLevels", JSON_FIELD_ARRAY, INFO(levels), 0, false },
};

static const struct json_field version_fields[] = {
	{ "version", JSON_FIELD_U32, INFO(version), 0, false },
};

struct raw_level {
	const json_t *tcb;
	const json_t *sgx;
	const json_t *tdx;
	uint16_t pce_svn;
};

#define LEVEL(member) offsetof(struct raw_level, member)
static const struct json_field level_fields[] = {
	{ "tcb", JSON_FIELD_OBJECT, LEVEL(tcb), 0, false },
};
static const struct json_field sgx_tcb_fields[] = {
	{ "sgxtcbcomponents", JSON_FIELD_ARRAY, LEVEL(sgx), 0, false },
	{ "pcesvn", JSON_FIELD_U16, LEVEL(pce_svn), 0, false },
};
static const struct json_field tdx_tcb_fields[] = {
	{ "tdxtcbcomponents", JSON_FIELD_ARRAY, LEVEL(tdx), 0, false },
};

#define COMPONENT(member) offsetof(struct tcb_component, member)
static const struct json_field component_fields[] = {
	{ "svn", JSON_FIELD_U8, COMPONENT(svn), 0, false },
	{ "category", JSON_FIELD_TEXT, COMPONENT(category), 0, true },
	{ "type", JSON_FIELD_TEXT, COMPONENT(type), 0, true },
};

struct raw_module {
	struct tdx_module module;
	const json_t *levels;
};

#define MODULE(member) offsetof(struct raw_module, member)
static const struct json_field module_fields[] = {
	{ "mrsigner", JSON_FIELD_HEX, MODULE(module.mrsigner), 48, false },
	{ "attributes", JSON_FIELD_HEX, MODULE(module.attributes), 8, false },
	{ "attributesMask", JSON_FIELD_HEX, MODULE(module.attributes_mask), 8, false },
};
static const struct json_field module_identity_fields[] = {
	{ "id", JSON_FIELD_TEXT, MODULE(module.id), 0, false },
	{ "tcbLevels", JSON_FIELD_ARRAY, MODULE(levels), 0, false },
};

static enum cella_status read_components(const json_t *list, const char *where,
					 struct tcb_component *out,
					 struct cella_error *err)
{
	if (json_array_size(list) != TCB_COMPONENTS)
		return error_set(err, CELLA_MALFORMED, "%s: %zu components, not %d",
				 where, json_array_size(list), TCB_COMPONENTS);
	for (size_t i = 0; i < TCB_COMPONENTS; i++) {
		char path[128];

		snprintf(path, sizeof path, "%s[%zu]", where, i);
		TRY(json_read(json_array_get(list, i), component_fields,
			      ARRAY_LEN(component_fields), &out[i], path, err));
	}
	return CELLA_OK;
}

static enum cella_status read_level(const json_t *json, enum tcb_tee tee,
				    const char *where, struct arena *arena,
				    struct tcb_level *out, struct cella_error *err)
{
	struct raw_level raw = { 0 };
	char path[96];

	TRY(json_read(json, level_fields, ARRAY_LEN(level_fields), &raw, where, err));
	snprintf(path, sizeof path, "%s.tcb", where);
	TRY(json_read(raw.tcb, sgx_tcb_fields, ARRAY_LEN(sgx_tcb_fields), &raw, path,
		      err));
	snprintf(path, sizeof path, "%s.tcb.sgxtcbcomponents", where);
	TRY(read_components(raw.sgx, path, out->sgx, err));
	out->pce_svn = raw.pce_svn;
	if (tee == TCB_TEE_TDX) {
		snprintf(path, sizeof path, "%s.tcb", where);
		TRY(json_read(raw.tcb, tdx_tcb_fields, ARRAY_LEN(tdx_tcb_fields), &raw,
			      path, err));
		snprintf(path, sizeof path, "%s.tcb.tdxtcbcomponents", where);
		TRY(read_components(raw.tdx, path, out->tdx, err));
	}
	return tcb_standing_read(json, where, arena, &out->standing, err);
}

static int compare_components(const struct tcb_component *a,
			      const struct tcb_component *b)
{
	for (size_t i = 0; i < TCB_COMPONENTS; i++)
		if (a[i].svn != b[i].svn)
			return a[i].svn < b[i].svn ? 1 : -1;
	return 0;
}

/* Falling: the first level that a platform reaches is its level. */
static int compare_levels(const void *left, const void *right)
{
	const struct tcb_level *const a = left;
	const struct tcb_level *const b = right;
	const int sgx = compare_components(a->sgx, b->sgx);

	if (sgx != 0)
		return sgx;
	if (a->pce_svn != b->pce_svn)
		return a->pce_svn < b->pce_svn ? 1 : -1;
	return compare_components(a->tdx, b->tdx);
}

static enum cella_status read_levels(const json_t *list, struct tcb_info *info,
				     struct cella_error *err)
{
	const size_t num = json_array_size(list);

	if (num == 0)
		return error_set(err, CELLA_MALFORMED,
				 "tcb info: tcbLevels: has no levels");
	if (num > TCB_MAX_LEVELS)
		return error_set(err, CELLA_LIMIT, "tcb info: tcbLevels: %zu, at most %d",
				 num, TCB_MAX_LEVELS);
	info->levels = arena_alloc(&info->arena, num, sizeof *info->levels);
	TRY(arena_status(&info->arena, err));
	for (size_t i = 0; i < num; i++) {
		char path[64];

		snprintf(path, sizeof path, "tcb info: tcbLevels[%zu]", i);
		TRY(read_level(json_array_get(list, i), info->tee, path, &info->arena,
			       &info->levels[i], err));
	}
	info->num_levels = num;
	qsort(info->levels, num, sizeof *info->levels, compare_levels);
	for (size_t i = 1; i < num; i++)
		if (compare_levels(&info->levels[i - 1], &info->levels[i]) == 0)
			return error_set(err, CELLA_MALFORMED,
					 "tcb info: tcbLevels: a level occurs twice");
	return CELLA_OK;
}

static enum cella_status read_module_identity(const json_t *json, const char *where,
					      struct arena *arena, struct tdx_module *out,
					      struct cella_error *err)
{
	struct raw_module raw = { 0 };
	char path[96];

	TRY(json_read(json, module_fields, ARRAY_LEN(module_fields), &raw, where, err));
	TRY(json_read(json, module_identity_fields, ARRAY_LEN(module_identity_fields),
		      &raw, where, err));
	*out = raw.module;
	snprintf(path, sizeof path, "%s.tcbLevels", where);
	return isv_levels_read(raw.levels, path, arena, &out->levels, &out->num_levels,
			       err);
}

static enum cella_status read_modules(const json_t *list, struct tcb_info *info,
				      struct cella_error *err)
{
	const size_t num = json_array_size(list);

	if (num > TCB_MAX_MODULES)
		return error_set(err, CELLA_LIMIT,
				 "tcb info: tdxModuleIdentities: %zu, at most %d", num,
				 TCB_MAX_MODULES);
	info->modules = arena_alloc(&info->arena, num, sizeof *info->modules);
	TRY(arena_status(&info->arena, err));
	for (size_t i = 0; i < num; i++) {
		char path[64];

		snprintf(path, sizeof path, "tcb info: tdxModuleIdentities[%zu]", i);
		TRY(read_module_identity(json_array_get(list, i), path, &info->arena,
					 &info->modules[i], err));
		for (size_t k = 0; k < i; k++)
			if (text_equal_any_case(info->modules[k].id, info->modules[i].id))
				return error_set(err, CELLA_MALFORMED,
						 "%s: id: \"%.16s\" occurs twice", path,
						 info->modules[i].id);
	}
	info->num_modules = num;
	return CELLA_OK;
}

static enum cella_status read_tee(const struct raw_info *raw, enum tcb_tee *tee,
				  struct cella_error *err)
{
	if (strcmp(raw->id, "SGX") == 0)
		*tee = TCB_TEE_SGX;
	else if (strcmp(raw->id, "TDX") == 0)
		*tee = TCB_TEE_TDX;
	else
		return error_set(err, CELLA_UNSUPPORTED,
				 "tcb info: id: expected SGX or TDX, found \"%.16s\"",
				 raw->id);
	if ((*tee == TCB_TEE_TDX) != (raw->module != NULL))
		return error_set(err, CELLA_MALFORMED, "tcb info: tdxModule: %s",
				 *tee == TCB_TEE_TDX ? "is missing"
						     : "cannot stand in one for SGX");
	if (*tee == TCB_TEE_SGX && raw->modules != NULL)
		return error_set(err, CELLA_MALFORMED,
				 "tcb info: tdxModuleIdentities: cannot stand in one for "
				 "SGX");
	return CELLA_OK;
}

static enum cella_status read_info(struct tcb_info *info, struct cella_error *err)
{
	struct raw_info raw = { 0 };
	struct raw_module module = { 0 };

	TRY(json_read(info->json, version_fields, ARRAY_LEN(version_fields), &raw,
		      "tcb info", err));
	if (raw.version != 3)
		return error_set(err, CELLA_UNSUPPORTED,
				 "tcb info: version: expected 3, found %u", raw.version);
	TRY(json_read(info->json, info_fields, ARRAY_LEN(info_fields), &raw, "tcb info",
		      err));
	if (raw.tcb_type != 0)
		return error_set(err, CELLA_UNSUPPORTED,
				 "tcb info: tcbType: expected 0, found %u", raw.tcb_type);
	TRY(read_tee(&raw, &info->tee, err));
	info->issue_date = raw.issue_date;
	info->next_update = raw.next_update;
	memcpy(info->fmspc, raw.fmspc, FMSPC_LEN);
	memcpy(info->pce_id, raw.pce_id, PCE_ID_LEN);
	info->evaluation_number = raw.evaluation_number;
	if (raw.module != NULL) {
		TRY(json_read(raw.module, module_fields, ARRAY_LEN(module_fields),
			      &module, "tcb info: tdxModule", err));
		info->module = module.module;
	}
	if (raw.modules != NULL)
		TRY(read_modules(raw.modules, info, err));
	return read_levels(raw.levels, info, err);
}

enum cella_status tcb_info_parse(struct cella_bytes text, struct tcb_info *out,
				 struct cella_error *err)
{
	struct tcb_info info = { 0 };
	enum cella_status status = json_parse(text, "tcb info", &info.json, err);

	if (status == CELLA_OK)
		status = read_info(&info, err);
	if (status != CELLA_OK) {
		tcb_info_done(&info);
		return status;
	}
	*out = info;
	return CELLA_OK;
}

void tcb_info_done(struct tcb_info *info)
{
	json_decref(info->json);
	arena_done(&info->arena);
	*info = (struct tcb_info){ 0 };
}

const struct tdx_module *tcb_info_module(const struct tcb_info *info, uint8_t major)
{
	char id[16];

	if (major == 0)
		return &info->module;
	snprintf(id, sizeof id, "TDX_%02X", major);
	for (size_t i = 0; i < info->num_modules; i++)
		if (text_equal_any_case(info->modules[i].id, id))
			return &info->modules[i];
	return NULL;
}
