/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "fetch/qcnl.h"
#include "fetch/url.h"

static const char json[] =
	"{\n"
	"  // the service: \"https://a.example/\"\n"
	"  \"pccs_url\": \"https://pccs.example:8081/sgx/certification/v4/\",\n"
	"  /* a PCCS signs for itself, \"usually\" */\n"
	"  \"use_secure_cert\": false, // so\n"
	"  \"tcb_update_type\" : \"early\",\n"
	"  \"pccs_api_version\": \"3.1\",\n"
	"  \"retry_times\": 6,\n"
	"  \"custom_request_options\": { \"get_cert\": { \"headers\": {} } },\n"
	"  \"verify_collateral_cache_expire_hours\": 48,\n"
	"  \"local_cache_only\": true\n"
	"  //, \"collateral_service\": \"https://b.example/\"\n"
	"}\n";

static const char lines[] =
	"# PCCS server address\r\n"
	"PCCS_URL=https://sgx-dcap-server.cn-beijing.aliyuncs.com/sgx/certification/v4/\r\n"
	"\n"
	"# To accept insecure HTTPS cert, set this option to FALSE\n"
	"  USE_SECURE_CERT = TRUE \n"
	"#COLLATERAL_SERVICE=https://other.example/\n"
	"RETRY_TIMES=3\n"
	"PCCS_API_VERSION = 3.0\n"
	"SOMETHING_ELSE=1\n"
	"no value here\n"
	"VERIFY_COLLATERAL_CACHE_EXPIRE_HOURS=168";

static void json_is_read(void **state)
{
	struct cella_error err = { 0 };
	struct qcnl qcnl = { 0 };

	(void)state;
	CHECK_OK(qcnl_parse(bytes_from(json), "file", &qcnl, &err));
	CHECK_TEXT("https://pccs.example:8081/sgx/certification/v4/", qcnl_url(&qcnl));
	CHECK_TEXT("early", qcnl.update);
	CHECK_TEXT("3.1", qcnl.crl_form);
	CHECK_TRUE(qcnl.insecure);
	CHECK_TRUE(qcnl.cache_only);
	CHECK_TRUE(qcnl.has_retries && qcnl.retries == 6);
	CHECK_TRUE(qcnl.has_hours && qcnl.hours == 48);
	CHECK_TEXT("", qcnl.collateral_service);
}

static void lines_are_read(void **state)
{
	struct cella_error err = { 0 };
	struct qcnl qcnl = { 0 };

	(void)state;
	CHECK_OK(qcnl_parse(bytes_from(lines), "file", &qcnl, &err));
	CHECK_TEXT(
		"https://sgx-dcap-server.cn-beijing.aliyuncs.com/sgx/certification/v4/",
		qcnl_url(&qcnl));
	CHECK_TRUE(!qcnl.insecure);
	CHECK_TRUE(!qcnl.cache_only);
	CHECK_INT(3, qcnl.retries);
	CHECK_TEXT("3.0", qcnl.crl_form);
	CHECK_INT(168, qcnl.hours);
}

static void the_collateral_service_goes_first(void **state)
{
	struct cella_error err = { 0 };
	struct qcnl qcnl = { 0 };

	(void)state;
	CHECK_OK(qcnl_parse(bytes_from("PCCS_URL=https://a/\n"
				       "COLLATERAL_SERVICE=\"https://b/\"\n"),
			    "file", &qcnl, &err));
	CHECK_TEXT("https://b/", qcnl_url(&qcnl));
}

static void nothing_is_configured(void **state)
{
	static const char *const texts[] = { "", "\n\n", "# PCCS_URL=https://a/\n", "{}",
					     "pccs_url=https://a/\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct cella_error err = { 0 };
		struct qcnl qcnl = { 0 };

		CASE(texts[i]);
		CHECK_OK(qcnl_parse(bytes_from_text(texts[i]), "file", &qcnl, &err));
		CHECK_TEXT(NULL, qcnl_url(&qcnl));
	}
}

static void broken_files(void **state)
{
	static const struct {
		const char *text;
		const char *part;
	} rows[] = {
		{ "{\"pccs_url\": }", "file: JSON" },
		{ "{\"pccs_url\": \"https://a/\"", "file: JSON" },
		{ "{\"pccs_url\":\"https://a/\",\"pccs_url\":\"https://b/\"}", "file" },
		{ "{ /* never closed \"pccs_url\": 1 }", "file: JSON" },
		{ "{\"use_secure_cert\": \"perhaps\"}",
		  "file: use_secure_cert: expected" },
		{ "{\"use_secure_cert\": {}}", "an object" },
		{ "{\"tcb_update_type\": \"late\"}", "expected early or standard" },
		{ "{\"retry_times\": -1}", "retry_times" },
		{ "\n\nUSE_SECURE_CERT=maybe\n", "file: line 3: expected true or false" },
		{ "RETRY_TIMES=many\n", "line 1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		struct qcnl qcnl = { .hours = 7 };

		CASE(rows[i].text);
		CHECK_STATUS(CELLA_MALFORMED, qcnl_parse(bytes_from_text(rows[i].text),
							 "file", &qcnl, &err));
		CHECK_TEXT_HAS(err.text, rows[i].part);
		CHECK_INT(7, qcnl.hours);
	}
}

static void sizes_have_limits(void **state)
{
	struct cella_error err = { 0 };
	struct qcnl qcnl = { 0 };
	struct out text = { 0 };

	(void)state;
	out_text(&text, "PCCS_URL=https://a/");
	for (size_t i = 0; i < URL_MAX; i++)
		out_u8(&text, 'a');
	CHECK_STATUS(CELLA_LIMIT, qcnl_parse(out_view(&text), "file", &qcnl, &err));
	out_zeros(&text, 1);
	CHECK_STATUS(CELLA_MALFORMED, qcnl_parse(out_view(&text), "file", &qcnl, &err));
	out_zeros(&text, QCNL_FILE_MAX);
	CHECK_STATUS(CELLA_LIMIT, qcnl_parse(out_view(&text), "file", &qcnl, &err));
	out_done(&text);
}

/* Every prefix, and every byte changed, is read or refused, and nothing else. */
static void no_text_is_dangerous(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = { { json, sizeof json - 1 }, { lines, sizeof lines - 1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		struct qcnl qcnl;
		char copy[1024];

		for (size_t k = 0; k < rows[i].len; k++) {
			(void)!qcnl_parse(bytes_of(rows[i].text, k), "file", &qcnl, &err);
			memcpy(copy, rows[i].text, rows[i].len);
			copy[k] = (char)(copy[k] ^ 0x20);
			(void)!qcnl_parse(bytes_of(copy, rows[i].len), "file", &qcnl,
					  &err);
		}
	}
}

static void urls_are_taken_apart(void **state)
{
	static const struct {
		const char *text;
		const char *host; /* NULL: refused */
		bool is_loopback;
		size_t path;
	} rows[] = {
		{ "https://pccs.example/sgx/", "pccs.example", false, 20 },
		{ "https://pccs.example:8081/sgx/", "pccs.example", false, 25 },
		{ "https://[2001:db8::1]:8081/", "2001:db8::1", false, 26 },
		{ "https://localhost:8081/sgx/", "localhost", true, 22 },
		{ "http://LocalHost", "LocalHost", true, 16 },
		{ "http://127.0.0.1:80/", "127.0.0.1", true, 19 },
		{ "http://[::1]:8081/", "::1", true, 17 },
		{ "http://pccs.example/", NULL, false, 0 },
		{ "http://127.0.0.1.example/", NULL, false, 0 },
		{ "http://127.1/", NULL, false, 0 },
		{ "http://localhost.example/", NULL, false, 0 },
		{ "https://user@pccs.example/", NULL, false, 0 },
		{ "http://localhost@pccs.example/", NULL, false, 0 },
		{ "http://localhost\\@pccs.example/", NULL, false, 0 },
		{ "http://localhost#@pccs.example/", NULL, false, 0 },
		{ "https:///sgx/", NULL, false, 0 },
		{ "https://:8081/", NULL, false, 0 },
		{ "https://pccs.example:0/", NULL, false, 0 },
		{ "https://pccs.example:65536/", NULL, false, 0 },
		{ "https://pccs.example:/", NULL, false, 0 },
		{ "https://[::1/", NULL, false, 0 },
		{ "https://[::1]8081/", NULL, false, 0 },
		{ "https://pccs.example/a b", NULL, false, 0 },
		{ "https://pccs.example/\n", NULL, false, 0 },
		{ "https://sgx-dcap-server.${region_id}.example/", NULL, false, 0 },
		{ "ftp://pccs.example/", NULL, false, 0 },
		{ "file:///etc/passwd", NULL, false, 0 },
		{ "HTTPS://pccs.example/", NULL, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		struct url url = { 0 };

		CASE(rows[i].text);
		if (rows[i].host == NULL) {
			CHECK_STATUS(CELLA_USAGE, url_parse(rows[i].text, &url, &err));
			continue;
		}
		CHECK_OK(url_parse(rows[i].text, &url, &err));
		CHECK_TEXT(rows[i].host, url.host);
		CHECK_INT(rows[i].is_loopback, url.is_loopback);
		CHECK_INT(rows[i].path, url.path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_read),
		cmocka_unit_test(lines_are_read),
		cmocka_unit_test(the_collateral_service_goes_first),
		cmocka_unit_test(nothing_is_configured),
		cmocka_unit_test(broken_files),
		cmocka_unit_test(sizes_have_limits),
		cmocka_unit_test(no_text_is_dangerous),
		cmocka_unit_test(urls_are_taken_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
