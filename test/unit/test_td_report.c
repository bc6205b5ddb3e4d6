/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust domain reports and bodies (src/evidence/td_report.c) and the field tables that they
 * and SGX reports are made of (src/evidence/field.c, sgx_report.c).
 */
#include "support.h"

#include "evidence/sgx_report.h"
#include "evidence/td_report.h"

/* Rows stand one after the other and cover the structure; offsets of the documents. */
static const struct layout *const layouts[] = {
	&td_body_10_layout, &td_body_15_layout, &td_body_15ex_layout,   &td_report_layout,
	&sgx_report_layout, &qe_report_layout,  &sgx_report_mac_layout,
};

static void rows_cover_each_layout(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
		size_t end = 0;

		CASE(layouts[i]->name);
		for (size_t k = 0; k < layouts[i]->num_fields; k++) {
			CHECK_INT(end, layouts[i]->fields[k].offset);
			end += layouts[i]->fields[k].len;
		}
		CHECK_INT(layouts[i]->size, end);
	}
}

static size_t offset_of(const struct layout *layout, const char *name)
{
	for (size_t i = 0; i < layout->num_fields; i++)
		if (strcmp(layout->fields[i].name, name) == 0)
			return layout->fields[i].offset;
	fail_msg("no field %s", name);
	return 0;
}

static void fields_stand_where_the_specifications_put_them(void **state)
{
	static const struct {
		const struct layout *layout;
		const char *name;
		size_t offset;
	} rows[] = {
		{ &td_body_10_layout, "tee_tcb_svn", 0 },
		{ &td_body_10_layout, "mr_seam", 16 },
		{ &td_body_10_layout, "mrsigner_seam", 64 },
		{ &td_body_10_layout, "seam_attributes", 112 },
		{ &td_body_10_layout, "td_attributes", 120 },
		{ &td_body_10_layout, "xfam", 128 },
		{ &td_body_10_layout, "mr_td", 136 },
		{ &td_body_10_layout, "mr_config_id", 184 },
		{ &td_body_10_layout, "mr_owner", 232 },
		{ &td_body_10_layout, "mr_owner_config", 280 },
		{ &td_body_10_layout, "rtmr0", 328 },
		{ &td_body_10_layout, "rtmr3", 472 },
		{ &td_body_10_layout, "report_data", 520 },
		{ &td_body_15_layout, "tee_tcb_svn2", 584 },
		{ &td_body_15_layout, "mr_servicetd", 600 },
		{ &td_body_15ex_layout, "vmid", 648 },
		{ &td_body_15ex_layout, "td_id", 649 },
		{ &td_body_15ex_layout, "dev_info", 681 },
		{ &td_body_15ex_layout, "init_servtd_hash", 729 },
		{ &td_body_15ex_layout, "init_servtd_attr", 777 },
		{ &td_body_15ex_layout, "init_cpusvn", 785 },
		{ &td_body_15ex_layout, "init_tee_tcb_svn", 801 },
		{ &td_body_15ex_layout, "init_tee_fmspc", 817 },
		{ &td_body_15ex_layout, "cur_servtd_hash", 829 },
		{ &td_body_15ex_layout, "cur_servtd_attr", 877 },
		{ &td_report_layout, "cpu_svn", 16 },
		{ &td_report_layout, "tee_tcb_info_hash", 32 },
		{ &td_report_layout, "tee_info_hash", 80 },
		{ &td_report_layout, "report_data", 128 },
		{ &td_report_layout, "mac", 224 },
		{ &td_report_layout, "tcb_valid", 256 },
		{ &td_report_layout, "tee_tcb_svn", 264 },
		{ &td_report_layout, "mr_seam", 280 },
		{ &td_report_layout, "mrsigner_seam", 328 },
		{ &td_report_layout, "seam_attributes", 376 },
		{ &td_report_layout, "tee_tcb_svn2", 384 },
		{ &td_report_layout, "td_attributes", 512 },
		{ &td_report_layout, "xfam", 520 },
		{ &td_report_layout, "mr_td", 528 },
		{ &td_report_layout, "mr_config_id", 576 },
		{ &td_report_layout, "rtmr0", 720 },
		{ &td_report_layout, "rtmr3", 864 },
		{ &td_report_layout, "servtd_hash", 912 },
		{ &td_report_layout, "td_id", 960 },
		{ &td_report_layout, "vmid", 1016 },
		{ &td_report_layout, "td_info_valid", 1020 },
		{ &sgx_report_layout, "miscselect", 16 },
		{ &sgx_report_layout, "isv_ext_prod_id", 32 },
		{ &sgx_report_layout, "attributes", 48 },
		{ &sgx_report_layout, "mrenclave", 64 },
		{ &sgx_report_layout, "mrsigner", 128 },
		{ &sgx_report_layout, "config_id", 192 },
		{ &sgx_report_layout, "isv_prod_id", 256 },
		{ &sgx_report_layout, "isv_svn", 258 },
		{ &sgx_report_layout, "config_svn", 260 },
		{ &sgx_report_layout, "isv_family_id", 304 },
		{ &sgx_report_layout, "report_data", 320 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CASE(rows[i].name);
		CHECK_INT(rows[i].offset, offset_of(rows[i].layout, rows[i].name));
	}
}

/* The reader of the fields that are judged agrees with the table, field by field. */
static void body_reader_agrees_with_the_table(void **state)
{
	const struct layout *const bodies[] = { &td_body_10_layout, &td_body_15_layout,
						&td_body_15ex_layout };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		const struct layout *const l = bodies[i];
		uint8_t bytes[TD_BODY_15EX_LEN];
		struct td_body body;
		uint64_t seam = 0, td = 0;

		CASE(l->name);
		for (size_t k = 0; k < sizeof bytes; k++)
			bytes[k] = (uint8_t)(k * 31 + k / 256);
		td_body_read(bytes_of(bytes, l->size), &body);
		for (size_t k = 8; k > 0; k--) {
			seam = seam << 8 | bytes[offset_of(l, "seam_attributes") + k - 1];
			td = td << 8 | bytes[offset_of(l, "td_attributes") + k - 1];
		}
		CHECK_TRUE(memcmp(bytes, body.tee_tcb_svn, TD_SVN_LEN) == 0);
		CHECK_TRUE(memcmp(bytes + offset_of(l, "mrsigner_seam"),
				  body.mrsigner_seam, MR_LEN) == 0);
		CHECK_TRUE(seam == body.seam_attributes);
		CHECK_TRUE(td == body.td_attributes);
		CHECK_INT(i > 0, body.has_svn2);
		CHECK_INT(i > 0, body.has_servicetd);
		if (i == 0)
			continue;
		CHECK_TRUE(memcmp(bytes + offset_of(l, "tee_tcb_svn2"), body.tee_tcb_svn2,
				  TD_SVN_LEN) == 0);
		CHECK_TRUE(memcmp(bytes + offset_of(l, "mr_servicetd"), body.mr_servicetd,
				  MR_LEN) == 0);
	}
}

static void sgx_reader_agrees_with_the_table(void **state)
{
	const struct layout *const l = &sgx_report_layout;
	uint8_t bytes[SGX_REPORT_BODY_LEN];
	struct sgx_report report;

	(void)state;
	for (size_t k = 0; k < sizeof bytes; k++)
		bytes[k] = (uint8_t)(k * 31 + k / 256);
	sgx_report_read(bytes_of(bytes, sizeof bytes), &report);
	assert_memory_equal(bytes + offset_of(l, "miscselect"), report.miscselect, 4);
	assert_memory_equal(bytes + offset_of(l, "attributes"), report.attributes, 16);
	assert_memory_equal(bytes + offset_of(l, "mrsigner"), report.mrsigner, 32);
	assert_memory_equal(bytes + offset_of(l, "report_data"), report.report_data, 64);
	CHECK_INT(bytes[256] | bytes[257] << 8, report.isv_prod_id);
	CHECK_INT(bytes[258] | bytes[259] << 8, report.isv_svn);
}

static void claims_are_found_by_name(void **state)
{
	(void)state;
	CHECK_TEXT("mr_td", layout_find_claim(&td_body_10_layout, "mrtd")->name);
	CHECK_TEXT("servtd_hash",
		   layout_find_claim(&td_report_layout, "mrservicetd")->name);
	CHECK_TEXT("isv_svn", layout_find_claim(&sgx_report_layout, "isvsvn")->name);
	assert_null(layout_find_claim(&td_body_10_layout, "mrservicetd"));
	assert_null(layout_find_claim(&td_body_10_layout, "mr_td"));
	assert_null(layout_find_claim(&td_body_10_layout, ""));
}

static void numbers_are_little_endian(void **state)
{
	const struct field wide = { "x", NULL, 1, 8, FIELD_NUMBER, CELLA_FACT_NONE };
	const struct field byte = { "x", NULL, 0, 1, FIELD_NUMBER, CELLA_FACT_NONE };
	const struct cella_bytes bytes = bytes_from("\xff\1\2\3\4\5\6\7\x88");

	(void)state;
	assert_true(UINT64_C(0x8807060504030201) == field_number(&wide, bytes));
	assert_true(0xff == field_number(&byte, bytes));
	CHECK_BYTES("\1\2\3\4\5\6\7\x88", 8, field_of(&wide, bytes));
}

static void attribute_bits_have_names(void **state)
{
	static const struct {
		uint64_t attributes;
		const char *text;
	} rows[] = {
		{ 0, "NO_DEBUG NO_SEPT_VE_DISABLE" },
		{ 0x10000000, "NO_DEBUG SEPT_VE_DISABLE" },
		{ 0x10000001, "DEBUG SEPT_VE_DISABLE" },
		{ 0x50000000, "NO_DEBUG SEPT_VE_DISABLE PKS" },
		{ 0x30000000, "NO_DEBUG SEPT_VE_DISABLE MIGRATABLE" },
		{ UINT64_C(0x8000000000000000), "NO_DEBUG NO_SEPT_VE_DISABLE PERFMON" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct out out = { 0 };

		td_attributes_text(rows[i].attributes, &out);
		CHECK_BYTES(rows[i].text, strlen(rows[i].text), out_view(&out));
		out_done(&out);
	}
	assert_true((UINT64_C(1) << 20 | 2) == bits_unknown(UINT64_C(1) << 20 | 3,
							    td_attribute_bits,
							    num_td_attribute_bits));
}

static void report_frames(void **state)
{
	static const struct {
		const char *name;
		size_t len;
		size_t at;
		uint8_t value;
		enum cella_status status;
		size_t offset;
		const char *text;
	} rows[] = {
		{ "good", 1024, 0, 0x81, CELLA_OK, 0, NULL },
		{ "version 3", 1024, 2, 3, CELLA_OK, 0, NULL },
		{ "another type", 1024, 0, 0x82, CELLA_MALFORMED, 0,
		  "td report: type: is not 0x81" },
		{ "another sub-type", 1024, 1, 1, CELLA_MALFORMED, 1,
		  "td report: subtype: is not 0" },
		{ "first reserved byte", 1024, 3, 1, CELLA_MALFORMED, 3,
		  "td report: reserved1: is not zero" },
		{ "last reserved byte", 1024, 15, 0x80, CELLA_MALFORMED, 3,
		  "td report: reserved1: is not zero" },
		{ "short", 1023, 0, 0x81, CELLA_MALFORMED, 16,
		  "td report: td_info: needs 1008 bytes, 1007 left" },
		{ "long", 1025, 0, 0x81, CELLA_MALFORMED, 1024, "td report: end: " },
		{ "one byte", 1, 0, 0x81, CELLA_MALFORMED, 1, "td report: subtype: " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t report[1025] = { 0x81 };
		struct cella_error err = { 0 };

		CASE(rows[i].name);
		report[rows[i].at] = rows[i].value;
		if (rows[i].status == CELLA_OK)
			CHECK_OK(td_report_check(bytes_of(report, rows[i].len), &err));
		else
			CHECK_ERROR(rows[i].status, rows[i].offset, rows[i].text,
				    td_report_check(bytes_of(report, rows[i].len), &err));
	}
}

static void hashes_cover_their_parts(void **state)
{
	struct td_report_hashes parts;
	uint8_t report[TD_REPORT_LEN] = { 0 };

	(void)state;
	td_report_hashes(bytes_of(report, sizeof report), &parts);
	assert_ptr_equal(report + 32, parts.tee_tcb_info_hash.data);
	assert_ptr_equal(report + 80, parts.tee_info_hash.data);
	CHECK_INT(48, parts.tee_info_hash.len);
	assert_ptr_equal(report + 256, parts.tee_tcb_info.data);
	CHECK_INT(239, parts.tee_tcb_info.len);
	assert_ptr_equal(report + 512, parts.tee_info.data);
	CHECK_INT(512, parts.tee_info.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_cover_each_layout),
		cmocka_unit_test(fields_stand_where_the_specifications_put_them),
		cmocka_unit_test(body_reader_agrees_with_the_table),
		cmocka_unit_test(sgx_reader_agrees_with_the_table),
		cmocka_unit_test(claims_are_found_by_name),
		cmocka_unit_test(numbers_are_little_endian),
		cmocka_unit_test(attribute_bits_have_names),
		cmocka_unit_test(report_frames),
		cmocka_unit_test(hashes_cover_their_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
