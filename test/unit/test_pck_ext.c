/* SPDX-License-Identifier: Apache-2.0 */
#include "maker.h"
#include "support.h"

#include "collateral/pck_ext.h"

static void good_ext(bool is_platform, struct pck_ext *ext)
{
	*ext = (struct pck_ext){ .pce_svn = 65535,
				 .pce_id = { 1, 2 },
				 .fmspc = { 0, 0x90, 0x6e, 0xa1, 0, 1 },
				 .sgx_type = PCK_SGX_SCALABLE_INTEGRITY,
				 .is_platform = is_platform };
	for (uint8_t i = 0; i < 16; i++) {
		ext->ppid[i] = i;
		ext->components[i] = (uint8_t)(i * 17);
		ext->cpu_svn[i] = (uint8_t)(0xa0 + i);
	}
	if (!is_platform)
		return;
	memset(ext->platform_instance_id, 0x5a, 16);
	ext->dynamic_platform = true;
	ext->smt_enabled = true;
}

static enum cella_status parse(struct cella_bytes der, bool is_platform,
			       struct pck_ext *out, struct cella_error *err)
{
	memset(out, 0, sizeof *out);
	return pck_ext_parse(der, is_platform, out, err);
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	for (int is_platform = 0; is_platform <= 1; is_platform++) {
		struct cella_error err = { 0 };
		struct pck_ext ext, back;
		struct out der = { 0 };

		good_ext(is_platform, &ext);
		maker_pck_ext(&ext, &der);
		CHECK_OK(parse(out_view(&der), is_platform, &back, &err));
		assert_memory_equal(ext.ppid, back.ppid, 16);
		assert_memory_equal(ext.components, back.components, 16);
		assert_memory_equal(ext.cpu_svn, back.cpu_svn, 16);
		assert_memory_equal(ext.pce_id, back.pce_id, 2);
		assert_memory_equal(ext.fmspc, back.fmspc, 6);
		CHECK_INT(ext.pce_svn, back.pce_svn);
		CHECK_INT(ext.sgx_type, back.sgx_type);
		CHECK_INT(is_platform, back.is_platform);
		assert_memory_equal(ext.platform_instance_id, back.platform_instance_id,
				    16);
		CHECK_INT(ext.dynamic_platform, back.dynamic_platform);
		CHECK_INT(ext.cached_keys, back.cached_keys);
		CHECK_INT(ext.smt_enabled, back.smt_enabled);
		/* Five elements for the one CA, seven for the other, not the reverse. */
		CHECK_STATUS(CELLA_MALFORMED,
			     parse(out_view(&der), !is_platform, &back, &err));
		CHECK_TEXT_HAS(err.text, is_platform ? "sgx extension: extension: bytes "
						       "are left over"
						     : "platform_instance_id: needs");
		out_done(&der);
	}
}

/* The labels of the object identifiers in the order in which they stand. */
static const char *const labels[] = {
	"ppid",
	"tcb",
	"tcb.component_svn",
	"tcb.component_svn",
	"tcb.component_svn",
	"tcb.component_svn",
	"tcb.component_svn",
	"tcb.component_svn",
	"tcb.component_svn",
	"tcb.component_svn",
	"tcb.component_svn",
	"tcb.component_svn",
	"tcb.component_svn",
	"tcb.component_svn",
	"tcb.component_svn",
	"tcb.component_svn",
	"tcb.component_svn",
	"tcb.component_svn",
	"tcb.pce_svn",
	"tcb.cpu_svn",
	"pce_id",
	"fmspc",
	"sgx_type",
	"platform_instance_id",
	"configuration",
	"configuration.dynamic_platform",
	"configuration.cached_keys",
	"configuration.smt_enabled",
};

static void every_oid_wrong_once(void **state)
{
	static const uint8_t prefix[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8,
					  0x4d, 0x01, 0x0d, 0x01 };
	struct out der = { 0 };
	struct pck_ext ext;
	size_t num_oids = 0;

	(void)state;
	good_ext(true, &ext);
	maker_pck_ext(&ext, &der);
	for (size_t at = 0; at + sizeof prefix < der.len; at++) {
		/* The OID's header is 06 and its length; its SEQUENCE's, two bytes before. */
		const size_t len = at >= 4 ? der.data[at - 1] : 0;

		if (memcmp(der.data + at, prefix, sizeof prefix) != 0)
			continue;
		CASE(labels[num_oids]);
		for (size_t i = at; i < at + len; i++) {
			struct cella_error err = { 0 };
			struct pck_ext back;

			der.data[i] ^= 1;
			CHECK_STATUS(CELLA_MALFORMED,
				     parse(out_view(&der), true, &back, &err));
			CHECK_TEXT_HAS(err.text, labels[num_oids]);
			CHECK_TEXT_HAS(err.text, ": another OID stands here (offset ");
			CHECK_TRUE(err.offset < at);
			der.data[i] ^= 1;
		}
		num_oids++;
	}
	CHECK_INT(ARRAY_LEN(labels), num_oids);
	out_done(&der);
}

/* Whatever byte changes, only values may: never the shape. */
static void one_byte_changed(void **state)
{
	struct out der = { 0 };
	struct pck_ext ext;

	(void)state;
	good_ext(true, &ext);
	maker_pck_ext(&ext, &der);
	for (size_t i = 0; i < der.len * 8; i++) {
		struct cella_error err = { 0 };
		struct out again = { 0 };
		struct pck_ext back;

		der.data[i / 8] ^= (uint8_t)(1 << i % 8);
		if (parse(out_view(&der), true, &back, &err) == CELLA_OK) {
			maker_pck_ext(&back, &again);
			CHECK_BYTES(der.data, der.len, out_view(&again));
		} else {
			CHECK_INT(CELLA_MALFORMED, err.status);
			CHECK_TRUE(err.offset <= der.len);
		}
		out_done(&again);
		der.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	out_done(&der);
}

static void truncated_and_longer(void **state)
{
	struct cella_error err = { 0 };
	struct out der = { 0 };
	struct pck_ext ext, back;

	(void)state;
	good_ext(true, &ext);
	maker_pck_ext(&ext, &der);
	for (size_t len = 0; len < der.len; len++) {
		struct out prefix = { 0 };

		out_bytes(&prefix, der.data, len);
		CHECK_STATUS(CELLA_MALFORMED,
			     parse(out_view(&prefix), true, &back, &err));
		out_done(&prefix);
	}
	out_u8(&der, 0);
	CHECK_ERROR(CELLA_MALFORMED, der.len - 1, "sgx extension: end: bytes are left",
		    parse(out_view(&der), true, &back, &err));
	out_done(&der);
}

/* Bytes of a good extension are replaced once; the lengths around stay right. */
static void values_out_of_range(void **state)
{
	static const struct {
		const char *name;
		const char *find, *replace;
		size_t len;
		const char *text;
	} rows[] = {
		{ "component_above_255", "\x02\x02\x00\xff", "\x02\x02\x01\xff", 4,
		  "tcb.component_svn: number is too large" },
		{ "component_negative", "\x02\x01\x11", "\x02\x01\x91", 3,
		  "tcb.component_svn: number is negative" },
		{ "component_padded", "\x02\x02\x00\xff", "\x02\x02\x00\x7f", 4,
		  "tcb.component_svn: number is not minimal" },
		{ "pce_svn_above_65535", "\x02\x03\x00\xff\xff", "\x02\x03\x01\xff\xff",
		  5, "tcb.pce_svn: number is too large" },
		{ "sgx_type_3", "\x0a\x01\x02", "\x0a\x01\x03", 3,
		  "sgx_type: number is too large" },
		{ "sgx_type_is_an_integer", "\x0a\x01\x02", "\x02\x01\x02", 3,
		  "sgx_type: DER element has another type" },
		{ "flag_of_ber", "\x01\x01\xff", "\x01\x01\x01", 3,
		  "configuration.dynamic_platform: boolean is neither 00 nor ff" },
		{ "fmspc_is_no_octet_string", "\x04\x06\x00\x90", "\x03\x06\x00\x90", 4,
		  "fmspc: DER element has another type" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		struct out der = { 0 };
		struct pck_ext ext, back;
		uint8_t *place;

		CASE(rows[i].name);
		good_ext(true, &ext);
		maker_pck_ext(&ext, &der);
		place = memmem(der.data, der.len, rows[i].find, rows[i].len);
		assert_non_null(place);
		memcpy(place, rows[i].replace, rows[i].len);
		CHECK_STATUS(CELLA_MALFORMED, parse(out_view(&der), true, &back, &err));
		CHECK_TEXT_HAS(err.text, rows[i].text);
		out_done(&der);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(every_oid_wrong_once),
		cmocka_unit_test(one_byte_changed),
		cmocka_unit_test(truncated_and_longer),
		cmocka_unit_test(values_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
