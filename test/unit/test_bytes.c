/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

static void reads_numbers_in_both_orders(void **state)
{
	static const uint8_t data[] = { 1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,
					13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23 };
	struct in in;

	(void)state;
	in_init(&in, bytes_of(data, sizeof data), "test");
	assert_int_equal(0x01, in_u8(&in, "a"));
	assert_int_equal(0x0302, in_u16le(&in, "b"));
	assert_int_equal(0x07060504, in_u32le(&in, "c"));
	assert_int_equal(0x0809, in_u16be(&in, "d"));
	assert_int_equal(0x0a0b0c0d, in_u32be(&in, "e"));
	assert_true(in_u64le(&in, "f") == UINT64_C(0x1514131211100f0e));
	assert_int_equal(2, in_left(&in));
	assert_int_equal(21, in_offset(&in));
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
	assert_int_equal(0, in_left(&in));
	in_fail(&in, "later still", "reason");
	in_end(&in, "end");
	CHECK_STATUS(CELLA_MALFORMED, in_status(&in, &err));
	assert_int_equal(2, err.offset);
	assert_string_equal("quote: body.size: needs 4 bytes, 1 left (offset 2)",
			    err.text);
}

static uint64_t read_u8(struct in *in)
{
	return in_u8(in, "x");
}

static uint64_t read_u16le(struct in *in)
{
	return in_u16le(in, "x");
}

static uint64_t read_u32le(struct in *in)
{
	return in_u32le(in, "x");
}

static uint64_t read_u64le(struct in *in)
{
	return in_u64le(in, "x");
}

static uint64_t read_u16be(struct in *in)
{
	return in_u16be(in, "x");
}

static uint64_t read_u32be(struct in *in)
{
	return in_u32be(in, "x");
}

static void every_reader_refuses_every_shortage(void **state)
{
	static const struct {
		const char *name;
		uint64_t (*read)(struct in *in);
		size_t size;
	} readers[] = {
		{ "u8", read_u8, 1 },       { "u16le", read_u16le, 2 },
		{ "u32le", read_u32le, 4 }, { "u64le", read_u64le, 8 },
		{ "u16be", read_u16be, 2 }, { "u32be", read_u32be, 4 },
	};
	static const uint8_t data[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
		struct in in;

		CASE(readers[i].name);
		for (size_t len = 0; len < readers[i].size; len++) {
			in_init(&in, bytes_of(data, len), "test");
			CHECK_INT(0, readers[i].read(&in));
			CHECK_INT(CELLA_MALFORMED, in_status(&in, NULL));
			CHECK_INT(0, in.pos);
		}
		in_init(&in, bytes_of(data, readers[i].size), "test");
		CHECK_TRUE(readers[i].read(&in) != 0);
		CHECK_INT(CELLA_OK, in_status(&in, NULL));
		CHECK_INT(0, in_left(&in));
	}
}

static void failed_copy_leaves_zeros(void **state)
{
	uint8_t out[4] = { 9, 9, 9, 9 };
	struct in in;

	(void)state;
	in_init(&in, bytes_from("abc"), "test");
	in_copy(&in, out, sizeof out, "x");
	assert_memory_equal("\0\0\0\0", out, 4);
	in_init(&in, bytes_from("abcd"), "test");
	in_copy(&in, out, sizeof out, "x");
	assert_memory_equal("abcd", out, 4);
}

/* Lengths that would wrap around when they are added to a position. */
static void length_overflow(void **state)
{
	static const size_t lens[] = { SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2 + 1, 3 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct cella_error err = { 0 };
		struct in in;

		in_init(&in, bytes_from("abc"), "test");
		in_skip(&in, 1, "a");
		CHECK_INT(0, in_bytes(&in, lens[i], "b").len);
		CHECK_ERROR(CELLA_MALFORMED, 1, "b: needs", in_status(&in, &err));
	}
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

static void child_of_a_failed_cursor_tells_its_story(void **state)
{
	struct cella_error err = { 0 };
	struct in child;
	struct in in;

	(void)state;
	in_init(&in, bytes_from("abc"), "quote");
	in_skip(&in, 2, "a");
	child = in_sub(&in, 2, "child");
	assert_int_equal(0, in_u8(&child, "inside"));
	CHECK_ERROR(CELLA_MALFORMED, 2, "quote: child: needs 2 bytes, 1 left",
		    in_status(&child, &err));
	CHECK_ERROR(CELLA_MALFORMED, 2, "quote: child", in_status(&in, &err));
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
	in_init(&in, bytes_from("a"), "list");
	in_skip(&in, 1, "a");
	in_end(&in, "end");
	CHECK_OK(in_status(&in, &err));
}

static void failure_for_a_reason_may_point_back(void **state)
{
	struct cella_error err = { 0 };
	struct in in;

	(void)state;
	in_init(&in, bytes_from("abcd"), "list");
	in_skip(&in, 3, "a");
	in_fail_at(&in, 1, "b", "is odd");
	CHECK_ERROR(CELLA_MALFORMED, 1, "list: b: is odd (offset 1)",
		    in_status(&in, &err));
}

static void views_compare_and_turn(void **state)
{
	uint8_t out[3];

	(void)state;
	assert_true(bytes_equal(bytes_from("abc"), bytes_from("abc")));
	assert_true(bytes_equal(bytes_of(NULL, 0), bytes_from("")));
	assert_false(bytes_equal(bytes_from("abc"), bytes_from("abd")));
	assert_false(bytes_equal(bytes_from("abc"), bytes_from("ab")));
	assert_true(bytes_equal_secret("abc", "abc", 3));
	assert_false(bytes_equal_secret("abc", "abd", 3));
	assert_false(bytes_equal_secret("\x80"
					"bc",
					"\0bc", 3));
	assert_true(bytes_are_zero(bytes_from("\0\0")));
	assert_true(bytes_are_zero(bytes_of(NULL, 0)));
	assert_false(bytes_are_zero(bytes_from("\0\1")));
	CHECK_BYTES("bc", 2, bytes_slice(bytes_from("abcd"), 1, 2));
	CHECK_BYTES("", 0, bytes_slice(bytes_from("abcd"), 4, 0));
	bytes_reverse(bytes_from("abc"), out);
	assert_memory_equal("cba", out, 3);
}

static void output_grows_and_mirrors_input(void **state)
{
	struct cella_error err = { 0 };
	struct out out = { 0 };

	(void)state;
	out_u8(&out, 1);
	out_u16le(&out, 0x0302);
	out_u32le(&out, 0x07060504);
	out_u64le(&out, UINT64_C(0x0f0e0d0c0b0a0908));
	out_zeros(&out, 300);
	out_format(&out, "%0300d", 7);
	out_format(&out, "%s", "");
	out_bytes(&out, NULL, 0);
	out_text(&out, "end");
	CHECK_OK(out_status(&out, &err));
	assert_int_equal(15 + 300 + 300 + 3, out.len);
	CHECK_BYTES("\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\xf\0", 16,
		    bytes_slice(out_view(&out), 0, 16));
	CHECK_BYTES("7end", 4, bytes_slice(out_view(&out), out.len - 4, 4));
	out_done(&out);
	assert_null(out.data);
}

static void builds_big_endian(void **state)
{
	struct cella_error err = { 0 };
	struct out out = { 0 };

	(void)state;
	out_u16be(&out, 0x0102);
	out_u32be(&out, 0x83040506);
	CHECK_OK(out_status(&out, &err));
	CHECK_BYTES("\1\2\x83\4\5\6", 6, out_view(&out));
	out_done(&out);
}

static void output_that_failed_stays_failed(void **state)
{
	struct cella_error err = { 0 };
	struct out out = { 0 };
	char *text = NULL;

	(void)state;
	out_text(&out, "abc");
	out_zeros(&out, SIZE_MAX / 2);
	out_text(&out, "def");
	assert_int_equal(3, out.len);
	CHECK_STATUS(CELLA_NOMEM, out_status(&out, &err));
	CHECK_STATUS(CELLA_NOMEM, out_take_text(&out, &text, &err));
	assert_null(text);
	out_done(&out);
}

static void text_is_handed_over_with_its_end(void **state)
{
	struct cella_error err = { 0 };
	struct out out = { 0 };
	char *text = NULL;

	(void)state;
	out_init(&out);
	CHECK_OK(out_take_text(&out, &text, &err));
	assert_string_equal("", text);
	free(text);
	out_text(&out, "abc");
	CHECK_OK(out_take_text(&out, &text, &err));
	assert_string_equal("abc", text);
	assert_null(out.data);
	assert_int_equal(0, out.len);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_numbers_in_both_orders),
		cmocka_unit_test(first_failure_sticks_and_names_its_place),
		cmocka_unit_test(every_reader_refuses_every_shortage),
		cmocka_unit_test(failed_copy_leaves_zeros),
		cmocka_unit_test(length_overflow),
		cmocka_unit_test(
			child_cursor_is_confined_and_tells_offsets_of_the_document),
		cmocka_unit_test(child_of_a_failed_cursor_tells_its_story),
		cmocka_unit_test(bytes_left_over_are_a_failure),
		cmocka_unit_test(failure_for_a_reason_may_point_back),
		cmocka_unit_test(views_compare_and_turn),
		cmocka_unit_test(output_grows_and_mirrors_input),
		cmocka_unit_test(builds_big_endian),
		cmocka_unit_test(output_that_failed_stays_failed),
		cmocka_unit_test(text_is_handed_over_with_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
