/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

static void reads_numbers_in_both_orders(void **state)
{
	static const uint8_t data[] = {
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	};
	struct in in;

	(void)state;
	in_init(&in, bytes_of(data, sizeof data), "test");
	assert_int_equal(0x01, in_u8(&in, "a"));
	assert_int_equal(0x0302, in_u16le(&in, "b"));
	assert_int_equal(0x07060504, in_u32le(&in, "c"));
	assert_int_equal(0x0809, in_u16be(&in, "d"));
	assert_int_equal(0x0a0b0c0d, in_u32be(&in, "e"));
	assert_int_equal(2, in_left(&in));
	assert_int_equal(CELLA_OK, in_status(&in, NULL));
}

static void first_failure_sticks_and_names_its_place(void **state)
{
	static const uint8_t data[] = { 1, 2, 3 };
	struct cella_error err = { 0 };
	struct in in;

	(void)state;
	in_init(&in, bytes_of(data, sizeof data), "quote");
	in_skip(&in, 2, "header");
	assert_int_equal(0, in_u32le(&in, "body.size"));
	assert_int_equal(0, in_u8(&in, "later"));
	CHECK_STATUS(CELLA_MALFORMED, in_status(&in, &err));
	assert_int_equal(2, err.offset);
	assert_string_equal("quote: body.size: needs 4 bytes, 1 left (offset 2)",
			    err.text);
}

static void child_cursor_is_confined_and_tells_offsets_of_the_document(void **state)
{
	static const uint8_t data[] = { 1, 2, 3, 4, 5 };
	struct cella_error err = { 0 };
	struct in child;
	struct in in;

	(void)state;
	in_init(&in, bytes_of(data, sizeof data), "quote");
	in_skip(&in, 1, "a");
	child = in_sub(&in, 2, "child");
	in_skip(&child, 3, "too much");
	CHECK_STATUS(CELLA_MALFORMED, in_status(&child, &err));
	assert_int_equal(1, err.offset);
	assert_int_equal(4, in_u8(&in, "next"));
}

static void bytes_left_over_are_a_failure(void **state)
{
	struct cella_error err = { 0 };
	struct in in;

	(void)state;
	in_init(&in, bytes_from("ab"), "list");
	in_skip(&in, 1, "a");
	in_end(&in, "end");
	CHECK_STATUS(CELLA_MALFORMED, in_status(&in, &err));
	assert_string_equal("list: end: bytes are left over (offset 1)", err.text);
}

static void output_grows_and_mirrors_input(void **state)
{
	struct cella_error err = { 0 };
	struct out out = { 0 };

	(void)state;
	out_u8(&out, 1);
	out_u16le(&out, 0x0302);
	out_u32le(&out, 0x07060504);
	out_zeros(&out, 300);
	out_format(&out, "%0300d", 7);
	CHECK_OK(out_status(&out, &err));
	assert_int_equal(7 + 300 + 300, out.len);
	CHECK_BYTES("\1\2\3\4\5\6\7\0", 8, bytes_slice(out_view(&out), 0, 8));
	assert_int_equal('7', out.data[out.len - 1]);
	out_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_numbers_in_both_orders),
		cmocka_unit_test(first_failure_sticks_and_names_its_place),
		cmocka_unit_test(
			child_cursor_is_confined_and_tells_offsets_of_the_document),
		cmocka_unit_test(bytes_left_over_are_a_failure),
		cmocka_unit_test(output_grows_and_mirrors_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
