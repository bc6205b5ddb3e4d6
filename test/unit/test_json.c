/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "base/json.h"

static void documents(void **state)
{
	static const struct {
		const char *name;
		struct cella_bytes text;
		enum cella_status status;
		const char *part;
	} rows[] = {
#define ROW(name, text, status, part) \
	{ name, { (const uint8_t *)(text), sizeof(text) - 1 }, status, part }
		ROW("object", "{}", CELLA_OK, NULL),
		ROW("array", " [1, 2] ", CELLA_OK, NULL),
		ROW("escape", "{\"a\":\"\\u00e9\\n\"}", CELLA_OK, NULL),
		ROW("surrogates", "[\"\\ud83d\\ude00\"]", CELLA_OK, NULL),
		ROW("empty", "", CELLA_MALFORMED, "doc: is empty"),
		ROW("blank", "  ", CELLA_MALFORMED, "doc: line 1"),
		ROW("scalar", "1", CELLA_MALFORMED, "'[' or '{' expected"),
		ROW("text", "\"a\"", CELLA_MALFORMED, "'[' or '{' expected"),
		ROW("trailing comma", "[1,]", CELLA_MALFORMED, "doc: line 1, column"),
		ROW("trailing bytes", "{} {}", CELLA_MALFORMED, "end of file expected"),
		ROW("NUL after a number", "{\"a\":1\0}", CELLA_MALFORMED,
		    "unexpected character"),
		ROW("trailing NUL", "{}\0", CELLA_MALFORMED, "doc: "),
		ROW("cut", "{\"a\":", CELLA_MALFORMED, "doc: line 1"),
		ROW("cut text", "{\"a", CELLA_MALFORMED, "premature end of input"),
		ROW("comment", "{/**/}", CELLA_MALFORMED, "doc: "),
		ROW("single quotes", "{'a':1}", CELLA_MALFORMED, "doc: "),
		ROW("duplicate_member", "{\"a\":1,\"a\":2}", CELLA_MALFORMED,
		    "duplicate object key"),
		ROW("duplicate_member_deeper", "{\"b\":[{\"a\":1,\"a\":1}]}",
		    CELLA_MALFORMED, "duplicate object key"),
		ROW("duplicate_member_escaped", "{\"a\":1,\"\\u0061\":2}",
		    CELLA_MALFORMED, "duplicate object key"),
		ROW("nul_in_text", "{\"a\":\"b\\u0000c\"}", CELLA_MALFORMED,
		    "\\u0000 is not allowed"),
		ROW("nul_in_name", "{\"a\\u0000\":1}", CELLA_MALFORMED, "doc: "),
		ROW("raw NUL", "{\"a\":\"b\0c\"}", CELLA_MALFORMED, "doc: "),
		ROW("raw control", "{\"a\":\"b\nc\"}", CELLA_MALFORMED, "doc: "),
		ROW("byte_order_mark", "\xef\xbb\xbf{}", CELLA_MALFORMED, "doc: "),
		ROW("utf16", "\xff\xfe{\0}\0", CELLA_MALFORMED, "doc: "),
		ROW("invalid_utf8", "[\"\xff\"]", CELLA_MALFORMED,
		    "unable to decode byte"),
		ROW("overlong_utf8", "[\"\xc0\xaf\"]", CELLA_MALFORMED,
		    "unable to decode byte"),
		ROW("surrogate in UTF-8", "[\"\xed\xa0\x80\"]", CELLA_MALFORMED,
		    "unable to decode byte"),
		ROW("UTF-8 beyond Unicode", "[\"\xf4\x90\x80\x80\"]", CELLA_MALFORMED,
		    "unable to decode byte"),
		ROW("cut UTF-8", "[\"\xe2\x82\"]", CELLA_MALFORMED,
		    "unable to decode byte"),
		ROW("lone_high_surrogate", "[\"\\ud83d\"]", CELLA_MALFORMED,
		    "invalid Unicode"),
		ROW("lone_low_surrogate", "[\"\\ude00\"]", CELLA_MALFORMED,
		    "invalid Unicode"),
		ROW("huge number", "[123456789012345678901234567890]", CELLA_MALFORMED,
		    "too big integer"),
		ROW("huge real", "[1e999]", CELLA_MALFORMED, "real number overflow"),
		ROW("huge negative number", "[-9223372036854775809]", CELLA_MALFORMED,
		    "too big integer"),
		ROW("long number",
		    "[0.00000000000000000000000000000000000000000000000000000000000000"
		    "000000000000000000000000000000000000000000000000000000000000000000]",
		    CELLA_LIMIT, "too long a number"),
		ROW("no digits", "[-]", CELLA_MALFORMED, "invalid number"),
		ROW("no fraction", "[1.]", CELLA_MALFORMED, "invalid number"),
		ROW("no exponent", "[1e+]", CELLA_MALFORMED, "invalid number"),
		ROW("unknown escape", "[\"\\x\"]", CELLA_MALFORMED, "invalid escape"),
		ROW("short escape", "[\"\\u12\"]", CELLA_MALFORMED, "invalid escape"),
		ROW("escape at the end", "[\"\\", CELLA_MALFORMED, "invalid escape"),
		ROW("second line", "{\n \"a\": x}", CELLA_MALFORMED,
		    "doc: line 2, column 7: unexpected character"),
		ROW("leading zero", "[01]", CELLA_MALFORMED, "doc: "),
		ROW("hexadecimal", "[0x1]", CELLA_MALFORMED, "doc: "),
		ROW("NaN", "[NaN]", CELLA_MALFORMED, "doc: "),
		ROW("upper-case true", "[True]", CELLA_MALFORMED, "doc: "),
#undef ROW
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		json_t *json = NULL;

		CASE(rows[i].name);
		CHECK_STATUS(rows[i].status,
			     json_parse(rows[i].text, "doc", &json, &err));
		if (rows[i].part != NULL)
			CHECK_TEXT_HAS(err.text, rows[i].part);
		CHECK_TRUE((json != NULL) == (rows[i].status == CELLA_OK));
		json_decref(json);
	}
}

/* What is read is what jansson reads, and what is meant. */
static void values(void **state)
{
	static const struct {
		const char *text;
		const char *written; /* compact */
	} rows[] = {
		{ "[ true , false,null ]", "[true,false,null]" },
		{ "[0,-0,9223372036854775807,-9223372036854775808]",
		  "[0,0,9223372036854775807,-9223372036854775808]" },
		{ "[0.5,-1E2,1e-2]", "[0.5,-100.0,0.01]" },
		{ "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", "[\"\\\"\\\\/\\b\\f\\n\\r\\t\"]" },
		{ "[\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"]",
		  "[\"A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]" },
		{ "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"]",
		  "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"]" },
		{ "{\"b\":{},\"\":[],\"a\":[[],{\"c\":1}]}",
		  "{\"b\":{},\"\":[],\"a\":[[],{\"c\":1}]}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct cella_bytes text = bytes_from_text(rows[i].text);
		json_t *const other =
			json_loadb(rows[i].text, text.len, JSON_REJECT_DUPLICATES, NULL);
		struct cella_error err = { 0 };
		json_t *json = NULL;
		char *written = NULL;

		CASE(rows[i].text);
		CHECK_OK(json_parse(text, "doc", &json, &err));
		CHECK_TRUE(json_equal(json, other));
		CHECK_OK(json_write(json, false, &written, &err));
		CHECK_TEXT(rows[i].written, written);
		free(written);
		json_decref(json);
		json_decref(other);
	}
}

static void put_nested(struct out *out, size_t depth, const char *open, const char *close)
{
	for (size_t i = 0; i < depth; i++)
		out_text(out, open);
	for (size_t i = 0; i < depth; i++)
		out_text(out, close);
}

/* Depth 32 is fine, 33 is refused before anything recurses, and so are a million. */
static void deep_nesting(void **state)
{
	static const struct {
		size_t depth;
		const char *open, *close;
		enum cella_status status;
		size_t offset;
	} rows[] = {
		{ 32, "[", "]", CELLA_OK, 0 },
		{ 33, "[", "]", CELLA_LIMIT, 32 },
		{ 1000000, "[", "]", CELLA_LIMIT, 32 },
		{ 33, "{\"a\":", "}", CELLA_LIMIT, 32 * 5 },
		{ 33, "[\"]\",", "]", CELLA_LIMIT, 32 * 5 },
		{ 33, "[\"\\\"]\",", "]", CELLA_LIMIT, 32 * 7 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		struct out text = { 0 };
		json_t *json = NULL;

		put_nested(&text, rows[i].depth, rows[i].open, rows[i].close);
		if (rows[i].status == CELLA_OK)
			CHECK_OK(json_parse(out_view(&text), "doc", &json, &err));
		else
			CHECK_ERROR(rows[i].status, rows[i].offset,
				    "doc: nested deeper than 32 levels",
				    json_parse(out_view(&text), "doc", &json, &err));
		json_decref(json);
		out_done(&text);
	}
}

/* Brackets in texts do not count, and levels that were left do not either. */
static void nesting_counts_levels_not_brackets(void **state)
{
	struct cella_error err = { 0 };
	struct out text = { 0 };
	json_t *json = NULL;

	(void)state;
	out_text(&text, "[\"");
	for (int i = 0; i < 100; i++)
		out_text(&text, "[");
	out_text(&text, "\"");
	for (int i = 0; i < 100; i++)
		out_text(&text, ",[{}]");
	out_text(&text, "]");
	CHECK_OK(json_parse(out_view(&text), "doc", &json, &err));
	json_decref(json);
	out_done(&text);
}

static void oversized_document(void **state)
{
	struct cella_error err = { 0 };
	struct out text = { 0 };
	json_t *json = NULL;

	(void)state;
	out_text(&text, "[]");
	out_zeros(&text, JSON_MAX_LEN - 2);
	memset(text.data + 2, ' ', JSON_MAX_LEN - 2);
	CHECK_OK(json_parse(out_view(&text), "doc", &json, &err));
	json_decref(json);
	json = NULL;
	out_text(&text, " ");
	CHECK_STATUS(CELLA_LIMIT, json_parse(out_view(&text), "doc", &json, &err));
	CHECK_TEXT("doc: 4194305 bytes, at most 4194304", err.text);
	assert_null(json);
	out_done(&text);
}

static void member_spans(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		enum cella_status status;
		size_t offset;
		const char *span; /* "": there is no such member */
	} rows[] = {
		{ "object", "{\"a\":{\"b\":1}}", CELLA_OK, 0, "{\"b\":1}" },
		{ "white space", " { \"a\" :\n{ } \t, \"b\":2 } \r\n", CELLA_OK, 0,
		  "{ }" },
		{ "text", "{\"a\":\"x\\\"}y\"}", CELLA_OK, 0, "\"x\\\"}y\"" },
		{ "backslashes", "{\"a\":\"\\\\\",\"b\":1}", CELLA_OK, 0, "\"\\\\\"" },
		{ "number", "{\"a\":12 ,\"b\":1}", CELLA_OK, 0, "12" },
		{ "last number", "{\"a\":12}", CELLA_OK, 0, "12" },
		{ "null", "{\"a\":null}", CELLA_OK, 0, "null" },
		{ "array", "{\"b\":0,\"a\":[{},\"]\"]}", CELLA_OK, 0, "[{},\"]\"]" },
		{ "absent", "{\"b\":1}", CELLA_OK, 0, "" },
		{ "empty object", "{ }", CELLA_OK, 0, "" },
		{ "only deeper", "{\"b\":{\"a\":1}}", CELLA_OK, 0, "" },
		{ "in a text", "{\"b\":\"\\\"a\\\":1\"}", CELLA_OK, 0, "" },
		{ "longer name", "{\"ab\":1,\"\":2}", CELLA_OK, 0, "" },
		{ "member_twice", "{\"a\":1,\"a\":2}", CELLA_MALFORMED, 11, NULL },
		{ "member_twice_apart", "{\"a\":{},\"b\":1,\"a\":{}}", CELLA_MALFORMED,
		  18, NULL },
		{ "escaped_name", "{\"a\":1,\"\\u0061\":2}", CELLA_MALFORMED, 7, NULL },
		{ "other_escaped_name", "{\"a\":1,\"b\\n\":2}", CELLA_MALFORMED, 7,
		  NULL },
		{ "not an object", "[\"a\"]", CELLA_MALFORMED, 0, NULL },
		{ "nothing", "", CELLA_MALFORMED, 0, NULL },
		{ "no name", "{a:1}", CELLA_MALFORMED, 1, NULL },
		{ "no colon", "{\"a\" 1}", CELLA_MALFORMED, 5, NULL },
		{ "no value", "{\"a\":}", CELLA_MALFORMED, 5, NULL },
		{ "no comma", "{\"a\":1 \"b\":2}", CELLA_MALFORMED, 7, NULL },
		{ "trailing comma", "{\"a\":1,}", CELLA_MALFORMED, 7, NULL },
		{ "open text", "{\"a\":\"x}", CELLA_MALFORMED, 5, NULL },
		{ "open name", "{\"a", CELLA_MALFORMED, 1, NULL },
		{ "open object", "{\"a\":{", CELLA_MALFORMED, 5, NULL },
		{ "no end", "{\"a\":{}", CELLA_MALFORMED, 7, NULL },
		{ "trailing_bytes", "{\"a\":1}x", CELLA_MALFORMED, 7, NULL },
		{ "trailing_document", "{\"a\":1}{\"a\":2}", CELLA_MALFORMED, 7, NULL },
		/* Values that nobody asks for are not looked at. */
		{ "garbage_elsewhere", "{\"a\":1,\"b\":nonsense}", CELLA_OK, 0, "1" },
		/* Nor inside of values: whoever parses the span refuses it. */
		{ "mismatched_brackets", "{\"a\":[}}", CELLA_OK, 0, "[}" },
		{ "two values", "{\"a\":1 2}", CELLA_MALFORMED, 7, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static const uint8_t untouched = 0;
		struct cella_bytes span = { &untouched, 77 };
		struct cella_error err = { 0 };

		CASE(rows[i].name);
		CHECK_STATUS(rows[i].status,
			     json_member_span(bytes_from_text(rows[i].text), "a", "doc",
					      &span, &err));
		if (rows[i].status == CELLA_OK) {
			CHECK_BYTES(rows[i].span, strlen(rows[i].span), span);
		} else {
			CHECK_INT(rows[i].offset, err.offset);
			CHECK_TEXT_HAS(err.text, "doc: ");
			CHECK_INT(77, span.len);
		}
	}
}

struct target {
	const char *text;
	uint8_t hex[2];
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	int64_t time;
	const json_t *object;
	const json_t *array;
};

#define AT(member) offsetof(struct target, member)
static const struct json_field all_fields[] = {
	{ "text", JSON_FIELD_TEXT, AT(text), 0, true },
	{ "hex", JSON_FIELD_HEX, AT(hex), 2, true },
	{ "u8", JSON_FIELD_U8, AT(u8), 0, true },
	{ "u16", JSON_FIELD_U16, AT(u16), 0, true },
	{ "u32", JSON_FIELD_U32, AT(u32), 0, true },
	{ "time", JSON_FIELD_TIME, AT(time), 0, true },
	{ "object", JSON_FIELD_OBJECT, AT(object), 0, true },
	{ "array", JSON_FIELD_ARRAY, AT(array), 0, true },
};

static json_t *parse(const char *text)
{
	struct cella_error err = { 0 };
	json_t *json = NULL;

	CHECK_OK(json_parse(bytes_from_text(text), "test", &json, &err));
	return json;
}

static void fields_are_read(void **state)
{
	json_t *const json = parse(
		"{\"text\":\"t\",\"hex\":\"aB01\",\"u8\":255,\"u16\":65535,"
		"\"u32\":4294967295,\"time\":\"1970-01-01T00:00:07Z\",\"object\":{},"
		"\"array\":[],\"unknown\":[1]}");
	struct cella_error err = { 0 };
	struct target t = { 0 };

	(void)state;
	CHECK_OK(json_read(json, all_fields, ARRAY_LEN(all_fields), &t, "doc", &err));
	CHECK_TEXT("t", t.text);
	assert_memory_equal("\xab\x01", t.hex, 2);
	CHECK_INT(255, t.u8);
	CHECK_INT(65535, t.u16);
	CHECK_INT(4294967295, t.u32);
	CHECK_INT(7, t.time);
	assert_true(json_is_object(t.object));
	assert_true(json_is_array(t.array));
	json_decref(json);
}

static void absent_members_leave_their_place(void **state)
{
	static const struct json_field required = { "u8", JSON_FIELD_U8, AT(u8), 0,
						    false };
	struct target t = { .text = "kept", .u8 = 9 };
	json_t *const json = parse("{}");
	json_t *const array = parse("[]");
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(json_read(json, all_fields, ARRAY_LEN(all_fields), &t, "doc", &err));
	CHECK_TEXT("kept", t.text);
	CHECK_INT(9, t.u8);
	CHECK_STATUS(CELLA_MALFORMED, json_read(json, &required, 1, &t, "doc", &err));
	CHECK_TEXT("doc: u8: is missing", err.text);
	CHECK_STATUS(CELLA_MALFORMED, json_read(array, &required, 1, &t, "doc", &err));
	CHECK_TEXT("doc: expected an object, found an array", err.text);
	json_decref(json);
	json_decref(array);
}

static void fields_of_another_kind(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} rows[] = {
		{ "{\"text\":1}", "doc: text: expected text, found an integer" },
		{ "{\"text\":null}", "doc: text: expected text, found null" },
		{ "{\"hex\":true}", "doc: hex: expected text, found a boolean" },
		{ "{\"hex\":\"aB0\"}", "doc: hex: needs 4 hexadecimal digits, has 3" },
		{ "{\"hex\":\"aB01f\"}", "doc: hex: needs 4 hexadecimal digits, has 5" },
		{ "{\"hex\":\"aB0g\"}",
		  "doc: hex: character 4 is not a hexadecimal digit" },
		{ "{\"u8\":256}", "doc: u8: 256 is not in 0..255" },
		{ "{\"u8\":-1}", "doc: u8: -1 is not in 0..255" },
		{ "{\"u8\":1.0}", "doc: u8: expected an integer, found a real number" },
		{ "{\"u8\":1e0}", "doc: u8: expected an integer, found a real number" },
		{ "{\"u8\":\"1\"}", "doc: u8: expected an integer, found text" },
		{ "{\"u16\":65536}", "doc: u16: 65536 is not in 0..65535" },
		{ "{\"u32\":4294967296}",
		  "doc: u32: 4294967296 is not in 0..4294967295" },
		{ "{\"time\":7}", "doc: time: expected text, found an integer" },
		{ "{\"time\":\"soon\"}", "doc: time: a time looks like" },
		{ "{\"time\":\"2025-02-30T00:00:00Z\"}", "doc: time: no such time" },
		{ "{\"object\":[]}", "doc: object: expected an object, found an array" },
		{ "{\"array\":{}}", "doc: array: expected an array, found an object" },
		{ "{\"array\":false}", "doc: array: expected an array, found a boolean" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *const json = parse(rows[i].text);
		struct cella_error err = { 0 };
		struct target t = { 0 };

		CASE(rows[i].text);
		CHECK_STATUS(CELLA_MALFORMED,
			     json_read(json, all_fields, ARRAY_LEN(all_fields), &t, "doc",
				       &err));
		CHECK_TEXT_HAS(err.text, rows[i].error);
		json_decref(json);
	}
}

static void arrays_of_texts(void **state)
{
	json_t *const good = parse("[\"a\",\"b\"]");
	json_t *const bad = parse("[\"a\",1]");
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(json_check_texts(good, "ids", &err));
	CHECK_STATUS(CELLA_MALFORMED, json_check_texts(bad, "ids", &err));
	CHECK_TEXT("ids[1]: expected text, found an integer", err.text);
	json_decref(good);
	json_decref(bad);
}

static void documents_are_built(void **state)
{
	struct cella_error err = { 0 };
	json_t *const root = json_object();
	json_t *const list = json_array();
	char *text = NULL;

	(void)state;
	CHECK_OK(json_put(root, "list", list, &err));
	CHECK_OK(json_add(list, json_hex(bytes_from("\x0a\xbc")), &err));
	CHECK_OK(json_add(list, json_hex(bytes_of(NULL, 0)), &err));
	CHECK_OK(json_add(list, json_hex_reversed_upper(bytes_from("\x0a\xbc")), &err));
	CHECK_OK(json_add(list, json_hex_reversed_upper(bytes_of(NULL, 0)), &err));
	CHECK_OK(json_add(list, json_time(7), &err));
	CHECK_OK(json_write(root, false, &text, &err));
	CHECK_TEXT("{\"list\":[\"0abc\",\"\",\"BC0A\",\"\",\"1970-01-01T00:00:07Z\"]}",
		   text);
	free(text);
	CHECK_OK(json_write(root, true, &text, &err));
	CHECK_TEXT_HAS(text, "{\n  \"list\": [\n");
	free(text);
	/* A value that could not be made is a lack of memory, and nothing is put. */
	CHECK_STATUS(CELLA_NOMEM, json_put(root, "more", NULL, &err));
	CHECK_STATUS(CELLA_NOMEM, json_add(list, NULL, &err));
	CHECK_INT(1, json_object_size(root));
	CHECK_INT(5, json_array_size(list));
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents),
		cmocka_unit_test(values),
		cmocka_unit_test(deep_nesting),
		cmocka_unit_test(nesting_counts_levels_not_brackets),
		cmocka_unit_test(oversized_document),
		cmocka_unit_test(member_spans),
		cmocka_unit_test(fields_are_read),
		cmocka_unit_test(absent_members_leave_their_place),
		cmocka_unit_test(fields_of_another_kind),
		cmocka_unit_test(arrays_of_texts),
		cmocka_unit_test(documents_are_built),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
