/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "collect/http.h"

#define OK_LINE "HTTP/1.1 200 OK\r\n"

/* Whole responses: what is read of them when nothing more comes. */
static const struct {
	const char *name;
	const char *text;
	enum cella_status status;
	unsigned code;
	const char *body; /* or what the error says */
} rows[] = {
	{ "with a length", OK_LINE "Content-Length: 3\r\n\r\nabc", CELLA_OK, 200, "abc" },
	{ "of an older version", "HTTP/1.0 404 \r\ncontent-length:0\r\n\r\n", CELLA_OK,
	  404, "" },
	{ "to the end", OK_LINE "\r\nabc", CELLA_OK, 200, "abc" },
	{ "more than its length", OK_LINE "Content-Length: 2\r\n\r\nabc", CELLA_OK, 200,
	  "ab" },
	{ "twice the same length",
	  OK_LINE "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", CELLA_OK, 200, "a" },
	{ "in chunks",
	  OK_LINE "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\nA;x=y\r\n"
		  "0123456789\r\n0\r\n\r\n",
	  CELLA_OK, 200, "ab0123456789" },
	{ "chunks and a length",
	  OK_LINE
	  "Content-Length: 1\r\nTransfer-Encoding: CHUNKED\r\n\r\n1\r\nz\r\n0\r\n",
	  CELLA_OK, 200, "z" },
	{ "nothing", "", CELLA_MALFORMED, 0, "ends too early" },
	{ "half a line", "HTTP/1.1 2", CELLA_MALFORMED, 0, "ends too early" },
	{ "no body", OK_LINE "Content-Length: 3\r\n\r\nab", CELLA_MALFORMED, 0,
	  "ends too early" },
	{ "no end of its chunks", OK_LINE "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
	  CELLA_MALFORMED, 0, "ends too early" },
	{ "another protocol", "SSH-2.0-OpenSSH_9.2\r\n", CELLA_MALFORMED, 0,
	  "is it a web server" },
	{ "HTTP/2", "HTTP/2 200\r\n\r\n", CELLA_MALFORMED, 0, "is it a web server" },
	{ "no number", "HTTP/1.1 2x0 OK\r\n\r\n", CELLA_MALFORMED, 0, "its status" },
	{ "no colon", OK_LINE "Server\r\n\r\n", CELLA_MALFORMED, 0, "without a colon" },
	{ "two lengths", OK_LINE "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
	  CELLA_MALFORMED, 0, "two lengths" },
	{ "no length", OK_LINE "Content-Length: \r\n\r\n", CELLA_MALFORMED, 0,
	  "expected a number" },
	{ "a negative one", OK_LINE "Content-Length: -1\r\n\r\n", CELLA_MALFORMED, 0,
	  "not a number" },
	{ "a long one", OK_LINE "Content-Length: 000000000000000000001\r\n\r\n",
	  CELLA_MALFORMED, 0, "too long" },
	{ "a large one", OK_LINE "Content-Length: 1048577\r\n\r\n", CELLA_LIMIT, 0,
	  "longer than 1048576" },
	{ "another encoding", OK_LINE "Transfer-Encoding: gzip, chunked\r\n\r\n",
	  CELLA_MALFORMED, 0, "other than chunked" },
	{ "a chunk of no length", OK_LINE "Transfer-Encoding: chunked\r\n\r\n\r\n",
	  CELLA_MALFORMED, 0, "a chunk's length" },
	{ "a chunk of words", OK_LINE "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
	  CELLA_MALFORMED, 0, "a chunk's length" },
	{ "a large chunk",
	  OK_LINE "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", CELLA_LIMIT,
	  0, "longer than 1048576" },
	{ "a chunk that goes on",
	  OK_LINE "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", CELLA_MALFORMED, 0,
	  "does not end where it should" },
};

static void reads_responses(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		struct http_response response = { 0 };

		CASE(rows[i].name);
		CHECK_STATUS(rows[i].status,
			     http_response_read(bytes_from_text(rows[i].text), true,
						&response, &err));
		CHECK_INT(rows[i].code, response.status);
		CHECK_INT(rows[i].status == CELLA_OK, response.is_complete);
		if (rows[i].status == CELLA_OK)
			CHECK_BYTES(rows[i].body, strlen(rows[i].body),
				    out_view(&response.body));
		else
			CHECK_TEXT_HAS(err.text, rows[i].body);
		out_done(&response.body);
	}
}

/* While more may come, a good beginning is neither an error nor the whole. */
static void waits_for_the_rest(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const size_t whole = strlen(rows[i].text);

		if (rows[i].status != CELLA_OK)
			continue;
		CASE(rows[i].name);
		for (size_t len = 0; len < whole; len++) {
			struct cella_error err = { 0 };
			struct http_response response = { 0 };

			CHECK_OK(http_response_read(bytes_of(rows[i].text, len), false,
						    &response, &err));
			if (response.is_complete)
				CHECK_BYTES(rows[i].body, strlen(rows[i].body),
					    out_view(&response.body));
			out_done(&response.body);
		}
	}
}

static void check_refused_early(const char *start, char fill, const char *says)
{
	struct cella_error err = { 0 };
	struct http_response response = { 0 };
	struct out text CLEANUP(out_done) = { 0 };

	out_text(&text, start);
	while (text.len < HTTP_HEAD_MAX + 2048)
		out_u8(&text, (uint8_t)fill);
	CHECK_TRUE(http_response_read(out_view(&text), false, &response, &err) !=
		   CELLA_OK);
	CHECK_TEXT_HAS(err.text, says);
}

static void a_head_has_an_end(void **state UNUSED)
{
	CASE("one line");
	check_refused_early("HTTP/1.1 200 ", 'x', "no end of its head");
	CASE("one header");
	check_refused_early(OK_LINE "A: ", 'x', "no end of its head");
	CASE("a chunk's length");
	check_refused_early(OK_LINE "Transfer-Encoding: chunked\r\n\r\n1;", 'x',
			    "no end of a chunk's length");
}

/* What is said of chunks takes room, too. */
static void chunks_have_an_end(void **state UNUSED)
{
	struct http_response response = { 0 };
	struct cella_error err = { 0 };
	struct out text CLEANUP(out_done) = { 0 };

	out_text(&text, OK_LINE "Transfer-Encoding: chunked\r\n\r\n");
	while (text.len <= HTTP_HEAD_MAX + 2 * HTTP_BODY_MAX)
		out_format(&text, "1;%0200d\r\na\r\n", 0);
	CHECK_STATUS(CELLA_LIMIT,
		     http_response_read(out_view(&text), false, &response, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_responses),
		cmocka_unit_test(waits_for_the_rest),
		cmocka_unit_test(a_head_has_an_end),
		cmocka_unit_test(chunks_have_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
