/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "fetch/pcs.h"

#include <stdio.h>

#define TDX \
	{ \
		.tee = TCB_TEE_TDX, .fmspc = { 0xb0, 0xc0, 0x6f, 0, 0, 0 }, \
		.is_platform_ca = true \
	}
#define SGX \
	{ \
		.tee = TCB_TEE_SGX, .fmspc = { 0x00, 0xa0, 0x67, 0x11, 0, 0 } \
	}

static void questions_have_urls(void **state)
{
	static const char pccs[] = "https://pccs.example:8081/sgx/certification/v4/";
	static const char host[] = "https://pccs.example";
	static const char intel[] =
		"https://api.trustedservices.intel.com/sgx/certification/v4/";
	static const struct {
		const char *base;
		struct pcs_question question;
		const char *url;
	} rows[] = {
		{ pccs,
		  { PCS_TCB_INFO, TDX, { 0 } },
		  "https://pccs.example:8081/tdx/certification/v4/tcb?fmspc=B0C06F000000" },
		{ pccs,
		  { PCS_TCB_INFO, SGX, { .early = true } },
		  "https://pccs.example:8081/sgx/certification/v4/"
		  "tcb?fmspc=00A067110000&update=early" },
		{ pccs,
		  { PCS_TCB_INFO, TDX, { .number = 19 } },
		  "https://pccs.example:8081/tdx/certification/v4/"
		  "tcb?fmspc=B0C06F000000&tcbEvaluationDataNumber=19" },
		{ pccs,
		  { PCS_QE_IDENTITY, TDX, { 0 } },
		  "https://pccs.example:8081/tdx/certification/v4/qe/identity" },
		{ pccs,
		  { PCS_QE_IDENTITY, SGX, { .early = true } },
		  "https://pccs.example:8081/sgx/certification/v4/"
		  "qe/identity?update=early" },
		{ pccs,
		  { PCS_PCK_CRL, TDX, { .early = true } },
		  "https://pccs.example:8081/sgx/certification/v4/"
		  "pckcrl?ca=platform&encoding=der" },
		{ pccs,
		  { PCS_PCK_CRL, SGX, { 0 } },
		  "https://pccs.example:8081/sgx/certification/v4/"
		  "pckcrl?ca=processor&encoding=der" },
		{ pccs,
		  { PCS_ROOT_CRL, TDX, { 0 } },
		  "https://pccs.example:8081/sgx/certification/v4/rootcacrl" },
		{ host,
		  { PCS_TCB_INFO, TDX, { 0 } },
		  "https://pccs.example/tdx/certification/v4/tcb?fmspc=B0C06F000000" },
		{ "https://pccs.example/",
		  { PCS_PCK_CRL, SGX, { 0 } },
		  "https://pccs.example/sgx/certification/v4/"
		  "pckcrl?ca=processor&encoding=der" },
		{ "https://pccs.example/below/sgx/certification/v4",
		  { PCS_QE_IDENTITY, TDX, { 0 } },
		  "https://pccs.example/below/tdx/certification/v4/qe/identity" },
		{ "https://sgx.example/sgx/certification/v4/",
		  { PCS_QE_IDENTITY, TDX, { 0 } },
		  "https://sgx.example/tdx/certification/v4/qe/identity" },
		{ intel,
		  { PCS_ROOT_CRL, TDX, { 0 } },
		  "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der" },
		{ intel,
		  { PCS_QE_IDENTITY, SGX, { 0 } },
		  "https://api.trustedservices.intel.com/sgx/certification/v4/"
		  "qe/identity" },
		{ pccs,
		  { PCS_QVE_IDENTITY, TDX, { .early = true } },
		  "https://pccs.example:8081/sgx/certification/v4/"
		  "qve/identity?update=early" },
		{ "https://pccs.example/other/", { PCS_ROOT_CRL, TDX, { 0 } }, NULL },
		{ "https://pccs.example/sgx/certification/v4/?key=1",
		  { PCS_ROOT_CRL, TDX, { 0 } },
		  NULL },
		{ "http://pccs.example/", { PCS_ROOT_CRL, TDX, { 0 } }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		char url[URL_MAX + 1] = "untouched";

		CASE(rows[i].base);
		if (rows[i].url == NULL) {
			CHECK_STATUS(CELLA_USAGE,
				     pcs_url(rows[i].base, &rows[i].question, url, &err));
			CHECK_TEXT("untouched", url);
			continue;
		}
		CHECK_OK(pcs_url(rows[i].base, &rows[i].question, url, &err));
		CHECK_TEXT(rows[i].url, url);
	}
}

/* Numbers go as they stand in memory; what is not known is left out. */
static void certificates_are_asked_for_by_id(void **state)
{
	static const uint8_t bytes[16] = { 0xab, [15] = 0xcd };
	struct pck_id id = {
		.qe_id = { bytes, sizeof bytes },
		.cpu_svn = { bytes, sizeof bytes },
		.pce_svn = 0x0102,
		.pce_id = { 0x03, 0x04 },
	};
	const struct pcs_question question = { .kind = PCS_PCK_CERT, .pck = &id };
	struct cella_error err = { 0 };
	char path[PCS_PATH_MAX];

	(void)state;
	CHECK_OK(pcs_path(&question, path, &err));
	CHECK_TEXT("sgx/pckcert?qeid=AB0000000000000000000000000000CD"
		   "&cpusvn=AB0000000000000000000000000000CD&pcesvn=0201&pceid=0304",
		   path);
	id.encrypted_ppid = bytes_of(bytes, 2);
	CHECK_OK(pcs_path(&question, path, &err));
	CHECK_TEXT("sgx/pckcert?qeid=AB0000000000000000000000000000CD&encrypted_ppid=AB00"
		   "&cpusvn=AB0000000000000000000000000000CD&pcesvn=0201&pceid=0304",
		   path);
}

static void servers_say_at_which_tcb(void **state)
{
	static const struct {
		const char *headers;
		enum cella_status status;
		const char *part;
	} rows[] = {
		{ "SGX-TCBm: 000102030405060708090A0B0C0D0E0F0d01\r\n", CELLA_OK, NULL },
		{ "SGX-TCBm:000102030405060708090a0b0c0d0e0f0d01 \r\n", CELLA_OK, NULL },
		{ "", CELLA_MISSING, "SGX-TCBm" },
		{ "X: SGX-TCBm: 000102030405060708090A0B0C0D0E0F0d01\r\n", CELLA_MISSING,
		  "does not say" },
		{ "SGX-TCBm: 000102030405060708090A0B0C0D0E0F0d\r\n", CELLA_MALFORMED,
		  "SGX-TCBm" },
		{ "SGX-TCBm: 000102030405060708090A0B0C0D0E0F0d0x\r\n", CELLA_MALFORMED,
		  "SGX-TCBm" },
	};
	uint8_t expected[PCS_CPU_SVN_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof expected; i++)
		expected[i] = (uint8_t)i;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		uint8_t cpu_svn[PCS_CPU_SVN_LEN] = { 0 };
		uint16_t pce_svn = 0;
		char text[256];

		CASE(rows[i].headers);
		snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%s\r\nbody\nSGX-TCBm: 00",
			 rows[i].headers);
		CHECK_STATUS(rows[i].status,
			     pcs_tcbm(bytes_from_text(text), cpu_svn, &pce_svn, &err));
		if (rows[i].status != CELLA_OK) {
			CHECK_TEXT_HAS(err.text, rows[i].part);
			continue;
		}
		CHECK_BYTES(expected, sizeof expected, bytes_of(cpu_svn, sizeof cpu_svn));
		CHECK_INT(0x010d, pce_svn);
	}
}

/* By what a platform's certificate is asked for: a quote of a given type of data. */
static void certificates_have_urls(void **state)
{
	static const char pccs[] = "https://pccs.example/sgx/certification/v4/";
	static const char intel[] = "https://api.trustedservices.intel.com/";
	static const struct {
		const char *base;
		enum cert_data_type type;
		size_t ppid_len;
		enum cella_status status;
		const char *start;
		const char *end;
	} rows[] = {
		{ pccs, CERT_DATA_PPID_CLEAR, 16, CELLA_OK,
		  "https://pccs.example/sgx/certification/v4/pckcert?qeid="
		  "DD010000000000000000000000000000&cpusvn=BB",
		  "&pcesvn=0D00&pceid=0000" },
		{ pccs, CERT_DATA_PPID_RSA3072, 384, CELLA_OK,
		  "https://pccs.example/sgx/certification/v4/pckcert?qeid="
		  "DD010000000000000000000000000000&encrypted_ppid=AAAA",
		  "&pcesvn=0D00&pceid=0000" },
		{ intel, CERT_DATA_PPID_RSA3072, 384, CELLA_OK,
		  "https://api.trustedservices.intel.com/sgx/certification/v4/"
		  "pckcert?encrypted_ppid=AAAA",
		  "&pcesvn=0D00&pceid=0000" },
		{ intel, CERT_DATA_PPID_CLEAR, 16, CELLA_MISSING,
		  "the encrypted PPID (RSA-3072), which this quote does not carry",
		  NULL },
		{ intel, CERT_DATA_PPID_RSA2048, 256, CELLA_MISSING, "ask a PCCS", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t raw[64] = { [28] = 0xdd, [29] = 0x01 };
		uint8_t data[404];
		struct cella_error err = { 0 };
		char url[URL_MAX + 1] = "untouched";
		const struct quote quote = {
			.raw = bytes_of(raw, sizeof raw),
			.cert_type = rows[i].type,
			.cert_data = bytes_of(data, rows[i].ppid_len + 20),
		};
		const struct pcs_question question = { .kind = PCS_PCK_CERT,
						       .quote = &quote };

		memset(data, 0xaa, rows[i].ppid_len);
		memset(data + rows[i].ppid_len, 0xbb, 16);
		memcpy(data + rows[i].ppid_len + 16, "\x0d\0\0", 4);
		CHECK_STATUS(rows[i].status, pcs_url(rows[i].base, &question, url, &err));
		if (rows[i].status != CELLA_OK) {
			CHECK_TEXT("untouched", url);
			CHECK_TEXT_HAS(err.text, rows[i].start);
			continue;
		}
		CHECK_INT(0, strncmp(rows[i].start, url, strlen(rows[i].start)));
		CHECK_TEXT(rows[i].end, url + strlen(url) - strlen(rows[i].end));
	}
}

static void servers_say_for_how_long(void **state)
{
	static const struct {
		const char *headers;
		int64_t age; /* -1: not said */
	} rows[] = {
		{ "Cache-Control: max-age=86400\r\n", 86400 },
		{ "Cache-Control: public, max-age=60\r\n", 60 },
		{ "Cache-Control: max-age=60, no-cache\r\n", 0 },
		{ "Cache-Control: No-Store\r\n", 0 },
		{ "Cache-Control: public\r\n", -1 },
		{ "Cache-Control: max-age=-1\r\n", -1 },
		{ "Cache-Control: max-age=99999999999999999999\r\n", -1 },
		{ "Cache-Control: max-age=6\"\r\n", -1 },
		{ "X: Cache-Control: max-age=5\r\n", -1 },
		{ "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[256];
		int64_t age = -1;

		CASE(rows[i].headers);
		snprintf(
			text, sizeof text,
			"HTTP/1.1 200 OK\r\n%s\r\nbody\nCache-Control: max-age=7\r\n\r\n",
			rows[i].headers);
		CHECK_INT(rows[i].age >= 0, pcs_max_age(bytes_from_text(text), &age));
		CHECK_INT(rows[i].age, age);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions_have_urls),
		cmocka_unit_test(certificates_are_asked_for_by_id),
		cmocka_unit_test(servers_say_at_which_tcb),
		cmocka_unit_test(certificates_have_urls),
		cmocka_unit_test(servers_say_for_how_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
