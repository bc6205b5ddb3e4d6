/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "collect/attest_conf.h"

static const struct {
	const char *name;
	const char *text;
	enum cella_status status;
	uint32_t port;
	const char *says;
} rows[] = {
	{ "as Intel ships it", "# QGS\nport = 4050\n", CELLA_OK, 4050, "" },
	{ "without blanks", "port=4050", CELLA_OK, 4050, "" },
	{ "blanks and line ends of all kinds", " \tport =\t4050 \r\n\r\n", CELLA_OK, 4050,
	  "" },
	{ "the last one counts", "port=1\nport=2\n", CELLA_OK, 2, "" },
	{ "the largest", "port=4294967294", CELLA_OK, 4294967294U, "" },
	{ "other keys", "ports=7\nuse=this\nport=5\n", CELLA_OK, 5, "" },
	{ "empty", "", CELLA_MISSING, 0, "conf: names no port" },
	{ "a comment", "#port=4050\n", CELLA_MISSING, 0, "names no port" },
	{ "zero", "port=0\n", CELLA_MALFORMED, 0, "conf: line 1: port: 0" },
	{ "any port", "port=4294967295\n", CELLA_MALFORMED, 0, "at most 4294967294" },
	{ "no number", "\nport=tdx\n", CELLA_MALFORMED, 0,
	  "conf: line 2: port: \"tdx\" is not a number" },
	{ "negative", "port=-1\n", CELLA_MALFORMED, 0, "not a number" },
	{ "with something behind it", "port=4050 #\n", CELLA_MALFORMED, 0,
	  "not a number" },
	{ "nothing", "port=\n", CELLA_MALFORMED, 0, "expected a number" },
	{ "no key", "4050\n", CELLA_MALFORMED, 0, "line 1: \"4050\" is not KEY = VALUE" },
};

static void reads_ports(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		uint32_t port = 0;

		CASE(rows[i].name);
		CHECK_STATUS(rows[i].status,
			     attest_conf_read(bytes_from_text(rows[i].text), "conf",
					      &port, &err));
		CHECK_INT(rows[i].port, port);
		CHECK_TEXT_HAS(err.text, rows[i].says);
	}
}

static void refuses_what_is_no_text(void **state UNUSED)
{
	struct cella_error err = { 0 };
	char line[400];
	uint32_t port = 0;

	CASE("a NUL within");
	CHECK_STATUS(CELLA_MALFORMED,
		     attest_conf_read(bytes_from("port=4\0000"), "conf", &port, &err));
	CASE("a line without end");
	memset(line, 'x', sizeof line);
	CHECK_STATUS(CELLA_MALFORMED,
		     attest_conf_read(bytes_of(line, sizeof line), "conf", &port, &err));
	CHECK_STATUS(CELLA_MALFORMED,
		     attest_conf_read(bytes_of(line, sizeof line), "conf", &port, NULL));
	CHECK_INT(0, port);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_ports),
		cmocka_unit_test(refuses_what_is_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
