/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCB information (src/collateral/tcb_info.c) and what it shares with identities (tcb.c).
 */
#include "edit.h"
#include "maker.h"
#include "support.h"

#include "collateral/tcb_info.h"

#include <stdio.h>

static struct out good[2]; /* by enum maker_tee */

static int set_up(void **state)
{
	(void)state;
	for (int tee = MAKER_SGX; tee <= MAKER_TDX; tee++) {
		struct maker m;

		maker_init(&m, (enum maker_tee)tee);
		m.module_id = "TDX_01";
		m.module_levels[0] = (struct make_isv_level){ 4, "UpToDate",
							      "2025-01-01T00:00:00Z",
							      "" };
		m.module_levels[1] = (struct make_isv_level){ 2, "OutOfDate",
							      "2024-01-01T00:00:00Z",
							      "\"INTEL-SA-00002\"" };
		maker_documents(&m);
		out_bytes(&good[tee], m.tcb_info_text.data, m.tcb_info_text.len);
		maker_done(&m);
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	out_done(&good[MAKER_SGX]);
	out_done(&good[MAKER_TDX]);
	return 0;
}

static enum cella_status parse(const char *text, struct tcb_info *info,
			       struct cella_error *err)
{
	*info = (struct tcb_info){ 0 };
	return tcb_info_parse(bytes_from_text(text), info, err);
}

static void what_is_said_is_read(void **state)
{
	struct cella_error err = { 0 };
	struct tcb_info info = { 0 };

	(void)state;
	CHECK_OK(tcb_info_parse(out_view(&good[MAKER_TDX]), &info, &err));
	CHECK_INT(TCB_TEE_TDX, info.tee);
	CHECK_INT(time_at("2025-05-20T00:00:00Z"), info.issue_date);
	CHECK_INT(time_at("2025-06-19T00:00:00Z"), info.next_update);
	assert_memory_equal("\x90\xc0\x6f\0\0\0", info.fmspc, FMSPC_LEN);
	assert_memory_equal("\0\0", info.pce_id, PCE_ID_LEN);
	CHECK_INT(17, info.evaluation_number);
	CHECK_INT(2, info.num_levels);
	CHECK_INT(5, info.levels[0].sgx[15].svn);
	CHECK_INT(5, info.levels[0].tdx[0].svn);
	CHECK_INT(0, info.levels[0].tdx[1].svn);
	CHECK_INT(13, info.levels[0].pce_svn);
	CHECK_INT(CELLA_TCB_UP_TO_DATE, info.levels[0].standing.status);
	CHECK_INT(0, info.levels[0].standing.num_advisories);
	CHECK_INT(CELLA_TCB_OUT_OF_DATE, info.levels[1].standing.status);
	CHECK_INT(1, info.levels[1].standing.num_advisories);
	CHECK_TEXT("INTEL-SA-00001", info.levels[1].standing.advisories[0]);
	CHECK_INT(1, info.num_modules);
	CHECK_TEXT("TDX_01", info.modules[0].id);
	CHECK_INT(0xff, info.modules[0].attributes_mask[7]);
	CHECK_INT(2, info.modules[0].num_levels);
	CHECK_INT(4, info.modules[0].levels[0].isv_svn);
	CHECK_INT(CELLA_TCB_OUT_OF_DATE, info.modules[0].levels[1].standing.status);
	assert_null(info.module.id);
	tcb_info_done(&info);

	CHECK_OK(tcb_info_parse(out_view(&good[MAKER_SGX]), &info, &err));
	CHECK_INT(TCB_TEE_SGX, info.tee);
	CHECK_INT(0, info.num_modules);
	tcb_info_done(&info);
}

static void modules_are_found_by_their_major_version(void **state)
{
	static const struct {
		const char *id;
		uint8_t major;
		bool found;
	} rows[] = {
		{ "TDX_01", 1, true },  { "tdx_01", 1, true },   { "TDX_0A", 10, true },
		{ "TDX_0a", 10, true }, { "TDX_FF", 255, true }, { "TDX_01", 2, false },
		{ "TDX_1", 1, false },  { "TDX_10", 10, false }, { "TDX_011", 1, false },
		{ "TDX-01", 1, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		struct tcb_info info;
		char value[32];
		char *text;

		CASE(rows[i].id);
		snprintf(value, sizeof value, "\"%s\"", rows[i].id);
		text = edit_text((char *)good[MAKER_TDX].data, good[MAKER_TDX].len,
				 "tdxModuleIdentities.0.id", value);
		CHECK_OK(parse(text, &info, &err));
		CHECK_INT(rows[i].found,
			  tcb_info_module(&info, rows[i].major) == &info.modules[0]);
		assert_ptr_equal(&info.module, tcb_info_module(&info, 0));
		tcb_info_done(&info);
		free(text);
	}
}

/* One value of a good document replaced (NULL: taken away), and what comes of it. */
struct edit {
	const char *path;
	const char *value;
	enum cella_status status;
	const char *text; /* of the error */
};

static void check_edits(const struct edit *edits, size_t num, enum maker_tee tee)
{
	for (size_t i = 0; i < num; i++) {
		char *const text = edit_text((char *)good[tee].data, good[tee].len,
					     edits[i].path, edits[i].value);
		struct cella_error err = { 0 };
		struct tcb_info info;
		char name[200];

		snprintf(name, sizeof name, "%s = %.80s", edits[i].path,
			 edits[i].value != NULL ? edits[i].value : "(absent)");
		CASE(name);
		CHECK_STATUS(edits[i].status, parse(text, &info, &err));
		if (edits[i].text != NULL) {
			CHECK_TRUE(strncmp(err.text, "tcb info: ", 10) == 0);
			CHECK_TEXT_HAS(err.text, edits[i].text);
		}
		CHECK_TRUE((info.json != NULL) == (edits[i].status == CELLA_OK));
		tcb_info_done(&info);
		free(text);
	}
}

#define BAD(path, value, text) \
	{ \
		path, value, CELLA_MALFORMED, text \
	}
#define UNKNOWN(path, value, text) \
	{ \
		path, value, CELLA_UNSUPPORTED, text \
	}
#define FINE(path, value) \
	{ \
		path, value, CELLA_OK, NULL \
	}

static void members_of_tdx(void **state)
{
	static const struct edit edits[] = {
		FINE("unknown", "[1]"),
		BAD("id", NULL, "id: is missing"),
		BAD("id", "7", "id: expected text, found an integer"),
		UNKNOWN("id", "\"tdx\"", "id: expected SGX or TDX, found \"tdx\""),
		UNKNOWN("id", "\"QE\"", "id: expected SGX or TDX, found \"QE\""),
		BAD("id", "\"SGX\"", "tdxModule: cannot stand in one for SGX"),
		BAD("version", NULL, "version: is missing"),
		BAD("version", "\"3\"", "version: expected an integer, found text"),
		BAD("version", "3.0",
		    "version: expected an integer, found a real number"),
		BAD("version", "-3", "version: -3 is not in 0..4294967295"),
		UNKNOWN("version", "2", "version: expected 3, found 2"),
		UNKNOWN("version", "4", "version: expected 3, found 4"),
		BAD("issueDate", NULL, "issueDate: is missing"),
		BAD("issueDate", "1750809600", "issueDate: expected text"),
		BAD("issueDate", "\"2025-05-20\"", "issueDate: a time looks like"),
		BAD("issueDate", "\"2025-02-30T00:00:00Z\"", "issueDate: no such time"),
		BAD("nextUpdate", NULL, "nextUpdate: is missing"),
		BAD("nextUpdate", "null", "nextUpdate: expected text, found null"),
		BAD("nextUpdate", "\"2025-05-20T00:00:00+00:00\"",
		    "nextUpdate: a time looks like"),
		BAD("fmspc", NULL, "fmspc: is missing"),
		BAD("fmspc", "1", "fmspc: expected text"),
		BAD("fmspc", "\"90c06f0000\"",
		    "fmspc: needs 12 hexadecimal digits, has 10"),
		BAD("fmspc", "\"90c06f00000000\"",
		    "fmspc: needs 12 hexadecimal digits, has 14"),
		BAD("fmspc", "\"90c06f00000g\"",
		    "fmspc: character 12 is not a hexadecimal digit"),
		FINE("fmspc", "\"90C06F000000\""),
		BAD("pceId", NULL, "pceId: is missing"),
		BAD("pceId", "\"000\"", "pceId: needs 4 hexadecimal digits, has 3"),
		BAD("tcbType", NULL, "tcbType: is missing"),
		UNKNOWN("tcbType", "1", "tcbType: expected 0, found 1"),
		BAD("tcbEvaluationDataNumber", NULL,
		    "tcbEvaluationDataNumber: is missing"),
		BAD("tcbEvaluationDataNumber", "-1", "-1 is not in 0..4294967295"),
		BAD("tcbEvaluationDataNumber", "4294967296", "4294967296 is not in"),
		FINE("tcbEvaluationDataNumber", "4294967295"),
		BAD("tdxModule", NULL, "tdxModule: is missing"),
		BAD("tdxModule", "[]", "tdxModule: expected an object, found an array"),
		BAD("tdxModule.mrsigner", NULL, "tdxModule: mrsigner: is missing"),
		BAD("tdxModule.mrsigner", "\"00\"", "needs 96 hexadecimal digits"),
		BAD("tdxModule.attributes", NULL, "attributes: is missing"),
		BAD("tdxModule.attributes", "\"0000\"", "needs 16 hexadecimal digits"),
		BAD("tdxModule.attributesMask", NULL, "attributesMask: is missing"),
		BAD("tdxModule.attributesMask", "0", "attributesMask: expected text"),
		FINE("tdxModuleIdentities", NULL),
		FINE("tdxModuleIdentities", "[]"),
		BAD("tdxModuleIdentities", "{}",
		    "tdxModuleIdentities: expected an array, found an object"),
		BAD("tdxModuleIdentities.0", "7",
		    "tdxModuleIdentities[0]: expected an object, found an integer"),
		BAD("tdxModuleIdentities.0.id", NULL,
		    "tdxModuleIdentities[0]: id: is missing"),
		BAD("tdxModuleIdentities.0.id", "1", "id: expected text"),
		BAD("tdxModuleIdentities.0.mrsigner", NULL, "mrsigner: is missing"),
		BAD("tdxModuleIdentities.0.attributes", NULL, "attributes: is missing"),
		BAD("tdxModuleIdentities.0.attributesMask", NULL,
		    "attributesMask: is missing"),
		BAD("tdxModuleIdentities.0.tcbLevels", NULL, "tcbLevels: is missing"),
		BAD("tdxModuleIdentities.0.tcbLevels", "[]",
		    "tdxModuleIdentities[0].tcbLevels: has no levels"),
		BAD("tdxModuleIdentities.0.tcbLevels.0", "null",
		    "tcbLevels[0]: expected an object, found null"),
		BAD("tdxModuleIdentities.0.tcbLevels.0.tcb", NULL, "tcb: is missing"),
		BAD("tdxModuleIdentities.0.tcbLevels.0.tcb.isvsvn", NULL,
		    "isvsvn: is missing"),
		BAD("tdxModuleIdentities.0.tcbLevels.0.tcb.isvsvn", "65536",
		    "isvsvn: 65536 is not in 0..65535"),
		BAD("tdxModuleIdentities.0.tcbLevels.1.tcb.isvsvn", "4",
		    "tdxModuleIdentities[0].tcbLevels: level 4 occurs twice"),
		BAD("tdxModuleIdentities.0.tcbLevels.0.tcbDate", NULL,
		    "tcbDate: is missing"),
		BAD("tdxModuleIdentities.0.tcbLevels.0.tcbStatus", NULL,
		    "tcbStatus: is missing"),
		BAD("tdxModuleIdentities.0.tcbLevels.0.tcbStatus",
		    "\"SWHardeningNeeded\"",
		    "tcbStatus: \"SWHardeningNeeded\" cannot stand here"),
		BAD("tdxModuleIdentities.0.tcbLevels.0.tcbStatus",
		    "\"ConfigurationNeeded\"", "cannot stand here"),
		FINE("tdxModuleIdentities.0.tcbLevels.0.tcbStatus", "\"Revoked\""),
		BAD("tcbLevels", NULL, "tcbLevels: is missing"),
		BAD("tcbLevels", "{}", "tcbLevels: expected an array, found an object"),
		BAD("tcbLevels", "[]", "tcbLevels: has no levels"),
		BAD("tcbLevels.1", "[]",
		    "tcbLevels[1]: expected an object, found an array"),
		BAD("tcbLevels.1.tcb", NULL, "tcbLevels[1]: tcb: is missing"),
		BAD("tcbLevels.1.tcb", "[]", "tcb: expected an object, found an array"),
		BAD("tcbLevels.1.tcb.pcesvn", NULL,
		    "tcbLevels[1].tcb: pcesvn: is missing"),
		BAD("tcbLevels.1.tcb.pcesvn", "65536", "65536 is not in 0..65535"),
		BAD("tcbLevels.1.tcb.sgxtcbcomponents", NULL,
		    "sgxtcbcomponents: is missing"),
		BAD("tcbLevels.1.tcb.sgxtcbcomponents", "[]",
		    "tcbLevels[1].tcb.sgxtcbcomponents: 0 components, not 16"),
		BAD("tcbLevels.1.tcb.sgxtcbcomponents.15", NULL, "15 components, not 16"),
		BAD("tcbLevels.1.tcb.sgxtcbcomponents.16", "{\"svn\":1}",
		    "17 components, not 16"),
		BAD("tcbLevels.1.tcb.sgxtcbcomponents.3", "1",
		    "sgxtcbcomponents[3]: expected an object, found an integer"),
		BAD("tcbLevels.1.tcb.sgxtcbcomponents.3.svn", NULL,
		    "tcbLevels[1].tcb.sgxtcbcomponents[3]: svn: is missing"),
		BAD("tcbLevels.1.tcb.sgxtcbcomponents.3.svn", "256",
		    "svn: 256 is not in 0..255"),
		BAD("tcbLevels.1.tcb.sgxtcbcomponents.3.svn", "\"2\"",
		    "svn: expected an integer"),
		FINE("tcbLevels.1.tcb.sgxtcbcomponents.3.category", "\"BIOS\""),
		BAD("tcbLevels.1.tcb.sgxtcbcomponents.3.category", "1",
		    "category: expected text"),
		BAD("tcbLevels.1.tcb.sgxtcbcomponents.3.type", "[]",
		    "type: expected text"),
		BAD("tcbLevels.1.tcb.tdxtcbcomponents", NULL,
		    "tdxtcbcomponents: is missing"),
		BAD("tcbLevels.1.tcb.tdxtcbcomponents.8", NULL, "15 components, not 16"),
		BAD("tcbLevels.1.tcb.tdxtcbcomponents.8.svn", "-1",
		    "tdxtcbcomponents[8]: svn: -1 is not in 0..255"),
		BAD("tcbLevels.1.tcbDate", NULL, "tcbLevels[1]: tcbDate: is missing"),
		BAD("tcbLevels.1.tcbDate", "\"2025\"", "tcbDate: a time looks like"),
		BAD("tcbLevels.1.tcbStatus", NULL, "tcbStatus: is missing"),
		BAD("tcbLevels.1.tcbStatus", "\"uptodate\"",
		    "tcbStatus: \"uptodate\" is not a TCB status"),
		BAD("tcbLevels.1.tcbStatus", "\"\"", "\"\" is not a TCB status"),
		BAD("tcbLevels.1.tcbStatus", "\"NotSupported\"", "is not a TCB status"),
		BAD("tcbLevels.1.tcbStatus", "\"TDRelaunchAdvised\"",
		    "is not a TCB status"),
		BAD("tcbLevels.1.tcbStatus", "\"TDRelaunchAdvisedConfigurationNeeded\"",
		    "is not a TCB status"),
		FINE("tcbLevels.1.tcbStatus", "\"SWHardeningNeeded\""),
		FINE("tcbLevels.1.tcbStatus", "\"ConfigurationNeeded\""),
		FINE("tcbLevels.1.tcbStatus", "\"ConfigurationAndSWHardeningNeeded\""),
		FINE("tcbLevels.1.tcbStatus", "\"OutOfDateConfigurationNeeded\""),
		FINE("tcbLevels.1.tcbStatus", "\"Revoked\""),
		FINE("tcbLevels.1.advisoryIDs", NULL),
		FINE("tcbLevels.1.advisoryIDs", "[]"),
		BAD("tcbLevels.1.advisoryIDs", "\"INTEL-SA-00001\"",
		    "advisoryIDs: expected an array"),
		BAD("tcbLevels.1.advisoryIDs", "[\"INTEL-SA-00001\",7]",
		    "[1]: expected text, found an integer"),
	};

	(void)state;
	check_edits(edits, ARRAY_LEN(edits), MAKER_TDX);
}

static void members_of_sgx(void **state)
{
	static const struct edit edits[] = {
		FINE("tcbLevels.0.tcb.tdxtcbcomponents", "[]"),
		BAD("tdxModule", "{}", "tdxModule: cannot stand in one for SGX"),
		BAD("tdxModuleIdentities", "[]",
		    "tdxModuleIdentities: cannot stand in one for SGX"),
		BAD("id", "\"TDX\"", "tdxModule: is missing"),
		BAD("tcbLevels.0.tcb.sgxtcbcomponents", NULL,
		    "sgxtcbcomponents: is missing"),
	};

	(void)state;
	check_edits(edits, ARRAY_LEN(edits), MAKER_SGX);
}

static void other_documents(void **state)
{
	static const struct edit rows[] = {
		BAD("", "", "tcb info: is empty"),
		BAD("", "[]", "expected an object, found an array"),
		BAD("", "{}", "version: is missing"),
		BAD("", "{\"version\":3,\"version\":3}", "duplicate"),
		BAD("", "{\"version\":3} ", "id: is missing"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		struct tcb_info info;

		CASE(rows[i].value);
		CHECK_STATUS(rows[i].status, parse(rows[i].value, &info, &err));
		CHECK_TEXT_HAS(err.text, rows[i].text);
	}
}

/* Levels of rising or mixed order are sorted: the first that is reached must be the best. */
static void levels_are_sorted(void **state)
{
	static const struct {
		unsigned sgx, pce, tdx;
	} rows[] = { { 2, 5, 2 }, { 5, 13, 5 }, { 5, 11, 9 }, { 5, 13, 3 }, { 7, 0, 0 } };
	static const size_t order[] = { 4, 1, 3, 2, 0 };
	json_t *const root =
		edit_parse((char *)good[MAKER_TDX].data, good[MAKER_TDX].len);
	struct cella_error err = { 0 };
	struct tcb_info info;
	char *text;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *const level = json_deep_copy(edit_get(root, "tcbLevels.0"));
		char path[64];

		edit_set(level, "tcb.pcesvn", json_integer(rows[i].pce));
		edit_set(level, "tcb.sgxtcbcomponents.0.svn", json_integer(rows[i].sgx));
		edit_set(level, "tcb.tdxtcbcomponents.15.svn", json_integer(rows[i].tdx));
		snprintf(path, sizeof path, "tcbLevels.%zu", i);
		edit_set(root, path, level);
	}
	text = edit_dump(root);
	CHECK_OK(parse(text, &info, &err));
	CHECK_INT(ARRAY_LEN(rows), info.num_levels);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK_INT(rows[order[i]].sgx, info.levels[i].sgx[0].svn);
		CHECK_INT(rows[order[i]].pce, info.levels[i].pce_svn);
		CHECK_INT(rows[order[i]].tdx, info.levels[i].tdx[15].svn);
	}
	tcb_info_done(&info);
	free(text);
	json_decref(root);
}

static void duplicate_level(void **state)
{
	json_t *const root =
		edit_parse((char *)good[MAKER_TDX].data, good[MAKER_TDX].len);
	struct cella_error err = { 0 };
	struct tcb_info info;
	char *text;

	(void)state;
	edit_set(root, "tcbLevels.2", json_deep_copy(edit_get(root, "tcbLevels.0")));
	edit_set(root, "tcbLevels.2.tcbStatus", json_string("Revoked"));
	text = edit_dump(root);
	CHECK_STATUS(CELLA_MALFORMED, parse(text, &info, &err));
	CHECK_TEXT("tcb info: tcbLevels: a level occurs twice", err.text);
	free(text);
	json_decref(root);
}

static void duplicate_module_identity(void **state)
{
	json_t *const root =
		edit_parse((char *)good[MAKER_TDX].data, good[MAKER_TDX].len);
	struct cella_error err = { 0 };
	struct tcb_info info;
	char *text;

	(void)state;
	edit_set(root, "tdxModuleIdentities.1",
		 json_deep_copy(edit_get(root, "tdxModuleIdentities.0")));
	edit_set(root, "tdxModuleIdentities.1.id", json_string("tdx_01"));
	text = edit_dump(root);
	CHECK_STATUS(CELLA_MALFORMED, parse(text, &info, &err));
	CHECK_TEXT("tcb info: tdxModuleIdentities[1]: id: \"tdx_01\" occurs twice",
		   err.text);
	free(text);
	json_decref(root);
}

/* More of something than anybody needs. */
static void oversized_counts(void **state)
{
	static const struct {
		const char *path;
		size_t max;
		const char *text;
	} rows[] = {
		{ "tcbLevels", TCB_MAX_LEVELS, "tcb info: tcbLevels: 257, at most 256" },
		{ "tdxModuleIdentities", TCB_MAX_MODULES,
		  "tcb info: tdxModuleIdentities: 65, at most 64" },
		{ "tdxModuleIdentities.0.tcbLevels", TCB_MAX_LEVELS,
		  "tdxModuleIdentities[0].tcbLevels: 257 levels, at most 256" },
		{ "tcbLevels.0.advisoryIDs", TCB_MAX_ADVISORIES,
		  "tcbLevels[0]: 513 advisories, at most 512" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *const root =
			edit_parse((char *)good[MAKER_TDX].data, good[MAKER_TDX].len);
		json_t *const list = json_array();
		struct cella_error err = { 0 };
		struct tcb_info info;
		char *text;

		CASE(rows[i].path);
		for (size_t k = 0; k <= rows[i].max; k++)
			CHECK_INT(0, json_array_append_new(list, json_null()));
		edit_set(root, rows[i].path, list);
		text = edit_dump(root);
		CHECK_STATUS(CELLA_LIMIT, parse(text, &info, &err));
		CHECK_TEXT_HAS(err.text, rows[i].text);
		free(text);
		json_decref(root);
	}
}

static void statuses_have_names_both_ways(void **state)
{
	(void)state;
	for (int i = CELLA_TCB_NONE + 1; i < CELLA_TCB_COUNT; i++)
		CHECK_INT(i, cella_tcb_status_find(
				     cella_tcb_status_name((enum cella_tcb_status)i)));
	assert_null(cella_tcb_status_name(CELLA_TCB_NONE));
	assert_null(cella_tcb_status_name(CELLA_TCB_COUNT));
	assert_null(cella_tcb_status_name((enum cella_tcb_status) - 1));
	CHECK_INT(CELLA_TCB_NONE, cella_tcb_status_find(""));
	CHECK_INT(CELLA_TCB_NONE, cella_tcb_status_find("UPTODATE"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_is_read),
		cmocka_unit_test(modules_are_found_by_their_major_version),
		cmocka_unit_test(members_of_tdx),
		cmocka_unit_test(members_of_sgx),
		cmocka_unit_test(other_documents),
		cmocka_unit_test(levels_are_sorted),
		cmocka_unit_test(duplicate_level),
		cmocka_unit_test(duplicate_module_identity),
		cmocka_unit_test(oversized_counts),
		cmocka_unit_test(statuses_have_names_both_ways),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
