/* SPDX-License-Identifier: Apache-2.0 */
#include "edit.h"
#include "maker.h"
#include "support.h"

#include "collateral/qe_identity.h"

#include <stdio.h>

static struct out good;

static int set_up(void **state)
{
	struct maker m;

	(void)state;
	maker_init(&m, MAKER_TDX);
	m.qe_levels[0] = (struct make_isv_level){ 2, "OutOfDate", "2024-01-01T00:00:00Z",
						  "\"INTEL-SA-00002\"" };
	m.qe_levels[1] =
		(struct make_isv_level){ 4, "UpToDate", "2025-01-01T00:00:00Z", "" };
	maker_documents(&m);
	out_bytes(&good, m.identity_text.data, m.identity_text.len);
	maker_done(&m);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	out_done(&good);
	return 0;
}

static void what_is_said_is_read(void **state)
{
	static const uint8_t mask[16] = {
		0xfb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
	};
	struct qe_identity identity = { 0 };
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(qe_identity_parse(out_view(&good), &identity, &err));
	CHECK_INT(IDENTITY_TD_QE, identity.id);
	CHECK_INT(time_at("2025-05-20T00:00:00Z"), identity.issue_date);
	CHECK_INT(time_at("2025-06-19T00:00:00Z"), identity.next_update);
	CHECK_INT(17, identity.evaluation_number);
	assert_memory_equal("\0\0\0\0", identity.miscselect, 4);
	assert_memory_equal("\xff\xff\xff\xff", identity.miscselect_mask, 4);
	CHECK_INT(0x11, identity.attributes[0]);
	assert_memory_equal(mask, identity.attributes_mask, 16);
	CHECK_INT(0xa5, identity.mrsigner[31]);
	CHECK_INT(1, identity.isv_prod_id);
	CHECK_INT(2, identity.num_levels);
	CHECK_INT(4, identity.levels[0].isv_svn); /* sorted */
	CHECK_INT(CELLA_TCB_UP_TO_DATE, identity.levels[0].standing.status);
	CHECK_TEXT("INTEL-SA-00002", identity.levels[1].standing.advisories[0]);
	qe_identity_done(&identity);
}

static const struct edit {
	const char *path;
	const char *value;
	enum cella_status status;
	const char *text;
} edits[] = {
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
	FINE("unknown", "{}"),
	BAD("id", NULL, "id: is missing"),
	BAD("id", "[]", "id: expected text, found an array"),
	UNKNOWN("id", "\"SGX\"", "id: expected QE, QVE or TD_QE, found \"SGX\""),
	UNKNOWN("id", "\"td_qe\"", "id: expected QE, QVE or TD_QE"),
	FINE("id", "\"QE\""),
	FINE("id", "\"QVE\""),
	BAD("version", NULL, "version: is missing"),
	BAD("version", "true", "version: expected an integer, found a boolean"),
	UNKNOWN("version", "1", "version: expected 2, found 1"),
	UNKNOWN("version", "3", "version: expected 2, found 3"),
	BAD("issueDate", NULL, "issueDate: is missing"),
	BAD("issueDate", "\"yesterday\"", "issueDate: a time looks like"),
	BAD("nextUpdate", NULL, "nextUpdate: is missing"),
	BAD("nextUpdate", "\"2025-06-31T00:00:00Z\"", "nextUpdate: no such time"),
	BAD("tcbEvaluationDataNumber", NULL, "tcbEvaluationDataNumber: is missing"),
	BAD("tcbEvaluationDataNumber", "1.5", "expected an integer, found a real"),
	BAD("miscselect", NULL, "miscselect: is missing"),
	BAD("miscselect", "\"000000\"", "miscselect: needs 8 hexadecimal digits"),
	BAD("miscselect", "0", "miscselect: expected text"),
	BAD("miscselectMask", NULL, "miscselectMask: is missing"),
	BAD("miscselectMask", "\"FFFFFFFG\"", "character 8 is not a hexadecimal digit"),
	BAD("attributes", NULL, "attributes: is missing"),
	BAD("attributes", "\"11\"", "attributes: needs 32 hexadecimal digits, has 2"),
	BAD("attributesMask", NULL, "attributesMask: is missing"),
	BAD("attributesMask", "null", "attributesMask: expected text, found null"),
	BAD("mrsigner", NULL, "mrsigner: is missing"),
	BAD("mrsigner", "\"\"", "mrsigner: needs 64 hexadecimal digits, has 0"),
	BAD("isvprodid", NULL, "isvprodid: is missing"),
	BAD("isvprodid", "65536", "isvprodid: 65536 is not in 0..65535"),
	BAD("isvprodid", "\"1\"", "isvprodid: expected an integer"),
	BAD("tcbLevels", NULL, "tcbLevels: is missing"),
	BAD("tcbLevels", "{}", "tcbLevels: expected an array"),
	BAD("tcbLevels", "[]", "tcbLevels: has no levels"),
	BAD("tcbLevels.1", "7", "tcbLevels[1]: expected an object"),
	BAD("tcbLevels.1.tcb", NULL, "tcbLevels[1]: tcb: is missing"),
	BAD("tcbLevels.1.tcb", "4", "tcb: expected an object"),
	BAD("tcbLevels.1.tcb.isvsvn", NULL, "isvsvn: is missing"),
	BAD("tcbLevels.1.tcb.isvsvn", "-1", "isvsvn: -1 is not in 0..65535"),
	BAD("tcbLevels.1.tcb.isvsvn", "2", "tcbLevels: level 2 occurs twice"),
	BAD("tcbLevels.1.tcbDate", NULL, "tcbDate: is missing"),
	BAD("tcbLevels.1.tcbDate", "0", "tcbDate: expected text"),
	BAD("tcbLevels.1.tcbStatus", NULL, "tcbStatus: is missing"),
	BAD("tcbLevels.1.tcbStatus", "\"Fine\"", "\"Fine\" is not a TCB status"),
	BAD("tcbLevels.1.tcbStatus", "\"SWHardeningNeeded\"", "cannot stand here"),
	BAD("tcbLevels.1.tcbStatus", "\"OutOfDateConfigurationNeeded\"",
	    "cannot stand here"),
	FINE("tcbLevels.1.tcbStatus", "\"Revoked\""),
	FINE("tcbLevels.1.advisoryIDs", "[\"INTEL-SA-1\",\"INTEL-SA-2\"]"),
	BAD("tcbLevels.1.advisoryIDs", "[null]", "[0]: expected text, found null"),
#undef BAD
#undef UNKNOWN
#undef FINE
};

static void every_member(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
		char *const text = edit_text((char *)good.data, good.len, edits[i].path,
					     edits[i].value);
		struct qe_identity identity = { 0 };
		struct cella_error err = { 0 };
		char name[200];

		snprintf(name, sizeof name, "%s = %s", edits[i].path,
			 edits[i].value != NULL ? edits[i].value : "(absent)");
		CASE(name);
		CHECK_STATUS(edits[i].status,
			     qe_identity_parse(bytes_from_text(text), &identity, &err));
		if (edits[i].text != NULL) {
			CHECK_TRUE(strncmp(err.text, "identity: ", 10) == 0);
			CHECK_TEXT_HAS(err.text, edits[i].text);
		}
		CHECK_TRUE((identity.json != NULL) == (edits[i].status == CELLA_OK));
		qe_identity_done(&identity);
		free(text);
	}
}

static void too_many_levels(void **state)
{
	json_t *const root = edit_parse((char *)good.data, good.len);
	struct qe_identity identity = { 0 };
	json_t *const list = json_array();
	struct cella_error err = { 0 };
	char *text;

	(void)state;
	for (int i = 0; i <= TCB_MAX_LEVELS; i++)
		CHECK_INT(0, json_array_append_new(list, json_null()));
	edit_set(root, "tcbLevels", list);
	text = edit_dump(root);
	CHECK_STATUS(CELLA_LIMIT,
		     qe_identity_parse(bytes_from_text(text), &identity, &err));
	CHECK_TEXT("identity: tcbLevels: 257 levels, at most 256", err.text);
	free(text);
	json_decref(root);
}

static void identities_have_names(void **state)
{
	(void)state;
	CHECK_TEXT("QE", identity_name(IDENTITY_QE));
	CHECK_TEXT("QVE", identity_name(IDENTITY_QVE));
	CHECK_TEXT("TD_QE", identity_name(IDENTITY_TD_QE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_is_read),
		cmocka_unit_test(every_member),
		cmocka_unit_test(too_many_levels),
		cmocka_unit_test(identities_have_names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
