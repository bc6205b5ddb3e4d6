/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "collect/qgs_message.h"

static const uint8_t good[] = {
	1,   0,   1,   0,        /* version 1.1 */
	1,   0,   0,   0,        /* a response */
	29,  0,   0,   0,        /* size */
	0,   0,   0,   0,        /* no error */
	2,   0,   0,   0,        /* selected_id_size */
	3,   0,   0,   0,        /* quote_size */
	'i', 'd', 'q', 't', 'e', /* id, quote */
};

static void writes_requests(void **state UNUSED)
{
	static const uint8_t head[] = {
		0, 0, 0, 27, 1, 0, 1, 0, 0, 0, 0, 0, 27,  0,   0,   0,
		0, 0, 0, 0,  3, 0, 0, 0, 0, 0, 0, 0, 'a', 'b', 'c',
	};
	struct out out CLEANUP(out_done) = { 0 };

	qgs_request_write(bytes_from("abc"), &out);
	CHECK_BYTES(head, sizeof head, out_view(&out));
}

static void reads_frames(void **state UNUSED)
{
	static const struct {
		const char *name;
		uint8_t bytes[QGS_FRAME_LEN];
		enum cella_status status;
		size_t len;
	} rows[] = {
		{ "small", { 0, 0, 0, 15 }, CELLA_MALFORMED, 0 },
		{ "just a header", { 0, 0, 0, 16 }, CELLA_OK, 16 },
		{ "big endian", { 0, 0, 1, 2 }, CELLA_OK, 258 },
		{ "the largest", { 0, 4, 0, 0 }, CELLA_OK, QGS_MESSAGE_MAX },
		{ "larger", { 0, 4, 0, 1 }, CELLA_LIMIT, 0 },
		{ "text", { 'H', 'T', 'T', 'P' }, CELLA_LIMIT, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		size_t len = 0;

		CASE(rows[i].name);
		CHECK_STATUS(rows[i].status,
			     qgs_frame_read(bytes_of(rows[i].bytes, QGS_FRAME_LEN), &len,
					    &err));
		CHECK_INT(rows[i].len, len);
	}
}

static void short_frame(void **state UNUSED)
{
	struct cella_error err = { 0 };
	size_t len = 0;

	CHECK_STATUS(CELLA_MALFORMED, qgs_frame_read(bytes_of(good, 3), &len, &err));
}

static void finds_the_quote(void **state UNUSED)
{
	struct cella_error err = { 0 };
	struct cella_bytes quote = { 0 };

	CHECK_OK(qgs_response_parse(bytes_of(good, sizeof good), &quote, &err));
	CHECK_BYTES("qte", 3, quote);
	CHECK_TRUE(quote.data == good + sizeof good - 3);
}

static void every_prefix_is_refused(void **state UNUSED)
{
	for (size_t len = 0; len < sizeof good; len++) {
		struct cella_error err = { 0 };
		struct cella_bytes quote = { 0 };

		CHECK_STATUS(CELLA_MALFORMED,
			     qgs_response_parse(bytes_of(good, len), &quote, &err));
		CHECK_TRUE(quote.data == NULL);
	}
}

/* One byte of the good answer, changed. */
static const struct {
	const char *name;
	size_t at;
	uint8_t value;
	enum cella_status status;
	const char *says;
} edits[] = {
	{ "another major version", 0, 2, CELLA_UNSUPPORTED, "version 2.1, not 1" },
	{ "another minor version", 2, 7, CELLA_OK, "" },
	{ "another type", 4, 3, CELLA_MALFORMED, "header.type: 3, not 1" },
	{ "less than there is", 8, 28, CELLA_MALFORMED, "header.size: 28" },
	{ "more than there is", 9, 1, CELLA_MALFORMED, "header.size: 285" },
	{ "an error without a name", 12, 9, CELLA_IO, "error 0x9;" },
	{ "a longer id", 16, 3, CELLA_MALFORMED, "quote" },
	{ "a far longer id", 19, 255, CELLA_MALFORMED, "selected_id" },
	{ "a longer quote", 20, 4, CELLA_MALFORMED, "quote" },
	{ "a far longer quote", 23, 255, CELLA_MALFORMED, "quote" },
	{ "something behind the quote", 20, 2, CELLA_MALFORMED, "the quote" },
};

static void names_what_is_wrong(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
		struct cella_error err = { 0 };
		struct cella_bytes quote = { 0 };
		uint8_t bytes[sizeof good];

		CASE(edits[i].name);
		memcpy(bytes, good, sizeof good);
		bytes[edits[i].at] = edits[i].value;
		CHECK_STATUS(
			edits[i].status,
			qgs_response_parse(bytes_of(bytes, sizeof bytes), &quote, &err));
		CHECK_TEXT_HAS(err.text, edits[i].says);
	}
}

/* An error says enough, whatever else the answer holds. */
static void tells_errors(void **state UNUSED)
{
	static const uint8_t refusal[] = { 1, 0, 1, 0, 1,    0,    0, 0,
					   9, 9, 9, 9, 0x03, 0x20, 1, 0 };
	struct cella_error err = { 0 };
	struct cella_bytes quote = { 0 };

	CHECK_STATUS(CELLA_IO,
		     qgs_response_parse(bytes_of(refusal, sizeof refusal), &quote, &err));
	CHECK_TEXT_HAS(err.text, "error 0x12003, an invalid parameter");
}

static void an_empty_quote_is_none(void **state UNUSED)
{
	struct cella_error err = { 0 };
	struct cella_bytes quote = { 0 };
	uint8_t bytes[24];

	memcpy(bytes, good, sizeof bytes);
	bytes[8] = sizeof bytes;
	bytes[16] = bytes[20] = 0;
	CHECK_STATUS(CELLA_MALFORMED,
		     qgs_response_parse(bytes_of(bytes, sizeof bytes), &quote, &err));
	CHECK_TEXT_HAS(err.text, "made no quote");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_requests),
		cmocka_unit_test(reads_frames),
		cmocka_unit_test(short_frame),
		cmocka_unit_test(finds_the_quote),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(names_what_is_wrong),
		cmocka_unit_test(tells_errors),
		cmocka_unit_test(an_empty_quote_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
