/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of collateral: building them from every form (src/collateral/builder.c,
 * bundle_read.c), looking things up (bundle.c), writing (bundle_write.c) and listing them
 * (document.c).
 */
#include "maker.h"
#include "support.h"

#include "base/encode.h"
#include "base/json.h"
#include "collateral/bundle.h"

#include <ctype.h>

static struct maker m;
static struct out tcb_info, identity; /* whole documents */

static int set_up(void **state)
{
	(void)state;
	maker_init(&m, MAKER_TDX);
	maker_build(&m);
	maker_document("tcbInfo", &m.tcb_info_text, m.tcb_info_signature, &tcb_info);
	maker_document("enclaveIdentity", &m.identity_text, m.identity_signature,
		       &identity);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	out_done(&tcb_info);
	out_done(&identity);
	maker_done(&m);
	return 0;
}

/* --- the forms ----------------------------------------------------------------------- */

static struct cella_collateral_builder *builder_new(void)
{
	struct cella_collateral_builder *b = NULL;
	struct cella_error err = { 0 };

	CHECK_OK(cella_collateral_builder_new(&b, &err));
	return b;
}

static void add(struct cella_collateral_builder *b, const struct out *text)
{
	struct cella_error err = { 0 };

	CHECK_OK(cella_collateral_builder_add(b, "file", text->data, text->len, &err));
}

static void add_text(struct cella_collateral_builder *b, const char *text)
{
	struct cella_error err = { 0 };

	CHECK_OK(cella_collateral_builder_add(b, "file", text, strlen(text), &err));
}

static void add_pem(struct cella_collateral_builder *b, const struct out *der)
{
	struct out pem = { 0 };

	pem_write(&pem, "X509 CRL", out_view(der));
	add(b, &pem);
	out_done(&pem);
}

static void add_hex(struct cella_collateral_builder *b, const struct out *der, bool upper)
{
	struct out hex = { 0 };

	if (upper)
		hex_write_upper(&hex, out_view(der));
	else
		hex_write(&hex, out_view(der));
	out_text(&hex, "\n");
	add(b, &hex);
	out_done(&hex);
}

static void percent_encode(struct out *out, const struct out *pem)
{
	for (size_t i = 0; i < pem->len; i++) {
		if (isalnum(pem->data[i]))
			out_u8(out, pem->data[i]);
		else
			out_format(out, i % 2 == 0 ? "%%%02X" : "%%%02x", pem->data[i]);
	}
}

/* A response with an issuer-chain header (NULL: none) among others. */
static void add_response(struct cella_collateral_builder *b, const char *status_line,
			 const char *eol, const char *header, const struct out *chain,
			 const struct out *body)
{
	struct out text = { 0 };

	out_format(&text, "%s%sContent-Type: application/json%s", status_line, eol, eol);
	if (header != NULL) {
		out_format(&text, "%s: ", header);
		percent_encode(&text, chain);
		out_text(&text, eol);
	}
	out_format(&text, "Request-ID: 1%s%s", eol, eol);
	out_bytes(&text, body->data, body->len);
	add(b, &text);
	out_done(&text);
}

static void add_bundle(struct cella_collateral_builder *b)
{
	struct out bundle = { 0 };

	maker_bundle(&m, &bundle);
	add(b, &bundle);
	out_done(&bundle);
}

/* A bundle whose documents are whole: no signatures beside them. */
static void add_bundle_of_documents(struct cella_collateral_builder *b)
{
	struct out bundle = { 0 };
	json_t *json;
	char *text;

	maker_bundle(&m, &bundle);
	json = json_loadb((char *)bundle.data, bundle.len, 0, NULL);
	json_object_del(json, "tcb_info_signature");
	json_object_set_new(json, "qe_identity_signature", json_null());
	json_object_set_new(json, "tcb_info",
			    json_stringn((char *)tcb_info.data, tcb_info.len));
	json_object_set_new(json, "qe_identity",
			    json_stringn((char *)identity.data, identity.len));
	text = json_dumps(json, JSON_INDENT(2));
	add_text(b, text);
	free(text);
	json_decref(json);
	out_done(&bundle);
}

static void add_array_of_bundles(struct cella_collateral_builder *b)
{
	struct out bundle = { 0 };
	struct out text = { 0 };

	maker_bundle(&m, &bundle);
	out_text(&text, " [");
	out_bytes(&text, bundle.data, bundle.len);
	out_text(&text, ", {\"pck_crl\": null, \"version\": 3}]\n");
	add(b, &text);
	out_done(&bundle);
	out_done(&text);
}

static void add_single_documents_pem(struct cella_collateral_builder *b)
{
	add(b, &tcb_info);
	add(b, &identity);
	add_pem(b, &m.crl_der[MAKER_PCK_CRL]);
	add_pem(b, &m.crl_der[MAKER_ROOT_CRL]);
	add(b, &m.ca_chain);
	add(b, &m.signing_chain);
}

static void add_chains_first_der(struct cella_collateral_builder *b)
{
	add(b, &m.signing_chain);
	add(b, &m.ca_chain);
	add(b, &m.crl_der[MAKER_ROOT_CRL]);
	add(b, &m.crl_der[MAKER_PCK_CRL]);
	add(b, &identity);
	add(b, &tcb_info);
}

static void add_lists_in_hex(struct cella_collateral_builder *b)
{
	add_hex(b, &m.crl_der[MAKER_ROOT_CRL], false);
	add_hex(b, &m.crl_der[MAKER_PCK_CRL], true);
	add(b, &identity);
	add(b, &tcb_info);
	add(b, &m.signing_chain);
	add(b, &m.ca_chain);
}

static void add_responses(struct cella_collateral_builder *b)
{
	add_response(b, "HTTP/1.1 200 OK", "\r\n", "TCB-Info-Issuer-Chain",
		     &m.signing_chain, &tcb_info);
	add_response(b, "HTTP/1.1 200 OK", "\r\n", "SGX-Enclave-Identity-Issuer-Chain",
		     &m.signing_chain, &identity);
	add_response(b, "HTTP/1.1 200 OK", "\r\n", "SGX-PCK-CRL-Issuer-Chain",
		     &m.ca_chain, &m.crl_der[MAKER_PCK_CRL]);
	add_response(b, "HTTP/1.1 200 OK", "\r\n", NULL, NULL,
		     &m.crl_der[MAKER_ROOT_CRL]);
}

static void add_responses_of_http2(struct cella_collateral_builder *b)
{
	struct out pem = { 0 };
	struct out hex = { 0 };

	pem_write(&pem, "X509 CRL", out_view(&m.crl_der[MAKER_PCK_CRL]));
	hex_write(&hex, out_view(&m.crl_der[MAKER_ROOT_CRL]));
	add_response(b, "HTTP/2 200", "\n", "sgx-tcb-info-issuer-chain", &m.signing_chain,
		     &tcb_info);
	add_response(b, "HTTP/2 200 ", "\n", "SGX-ENCLAVE-IDENTITY-ISSUER-CHAIN",
		     &m.signing_chain, &identity);
	add_response(b, "HTTP/2 200", "\n", "sgx-pck-crl-issuer-chain", &m.ca_chain,
		     &pem);
	add_response(b, "HTTP/2 200", "\n", NULL, NULL, &hex);
	out_done(&pem);
	out_done(&hex);
}

static const struct form {
	const char *name;
	void (*add)(struct cella_collateral_builder *b);
} forms[] = {
	{ "bundle", add_bundle },
	{ "bundle of whole documents", add_bundle_of_documents },
	{ "array of bundles", add_array_of_bundles },
	{ "single documents, lists in PEM", add_single_documents_pem },
	{ "chains first, lists in DER", add_chains_first_der },
	{ "lists in hex", add_lists_in_hex },
	{ "responses", add_responses },
	{ "responses of HTTP/2", add_responses_of_http2 },
};

static struct cella_verdict *judge(struct cella_collateral *collateral)
{
	struct cella_evidence *const evidence = maker_evidence(&m);
	struct cella_verify_options options;
	struct cella_verdict *verdict = NULL;
	struct cella_error err = { 0 };

	maker_options(&m, &options);
	CHECK_OK(cella_verify(evidence, collateral, &options, &verdict, &err));
	cella_evidence_unref(evidence);
	return verdict;
}

static struct cella_collateral *finish(struct cella_collateral_builder *b)
{
	struct cella_collateral *collateral = NULL;
	struct cella_error err = { 0 };

	CHECK_OK(cella_collateral_builder_finish(b, &collateral, &err));
	return collateral;
}

static void every_form_gives_the_same_verdict(void **state)
{
	char *expected = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct cella_collateral_builder *const b = builder_new();
		struct cella_collateral *collateral;
		struct cella_error err = { 0 };
		struct cella_verdict *verdict;
		char *json = NULL;

		CASE(forms[i].name);
		forms[i].add(b);
		collateral = finish(b);
		verdict = judge(collateral);
		CHECK_INT(CELLA_ACCEPTED, cella_verdict_result(verdict));
		CHECK_OK(cella_verdict_json(verdict, &json, &err));
		if (expected == NULL)
			expected = strdup(json);
		CHECK_TEXT(expected, json);
		free(json);
		cella_verdict_free(verdict);
		cella_collateral_unref(collateral);
		cella_collateral_builder_free(b);
	}
	free(expected);
}

/* A response's header may say that its chain is a CA's: that one signs no documents. */
static void document_by_a_ca(void **state)
{
	static const char header[] = "SGX-PCK-CRL-Issuer-Chain";
	struct cella_collateral_builder *const b = builder_new();
	struct out other_info = { 0 }, other_identity = { 0 };
	struct cella_collateral *collateral;
	struct cella_verdict *verdict;

	(void)state;
	m.tcb_info.key = m.identity.key = MAKER_CA;
	maker_documents(&m);
	maker_document("tcbInfo", &m.tcb_info_text, m.tcb_info_signature, &other_info);
	maker_document("enclaveIdentity", &m.identity_text, m.identity_signature,
		       &other_identity);
	m.tcb_info.key = m.identity.key = MAKER_SIGNER;
	maker_documents(&m);
	add_response(b, "HTTP/1.1 200 OK", "\r\n", header, &m.ca_chain,
		     &m.crl_der[MAKER_PCK_CRL]);
	add_response(b, "HTTP/1.1 200 OK", "\r\n", NULL, NULL,
		     &m.crl_der[MAKER_ROOT_CRL]);
	add_response(b, "HTTP/1.1 200 OK", "\r\n", header, &m.ca_chain, &other_info);
	add_response(b, "HTTP/1.1 200 OK", "\r\n", header, &m.ca_chain, &other_identity);
	collateral = finish(b);
	verdict = judge(collateral);
	CHECK_INT(CELLA_REJECTED, cella_verdict_result(verdict));
	assert_non_null(collateral->tcb_infos[0]->doc.signer->fault);
	assert_non_null(collateral->identities[0]->doc.signer->fault);
	cella_verdict_free(verdict);
	cella_collateral_unref(collateral);
	cella_collateral_builder_free(b);
	out_done(&other_info);
	out_done(&other_identity);
}

/* What was written is read back as the same set, and written the same. */
static void written_sets_are_read_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct cella_collateral_builder *const b = builder_new();
		struct cella_collateral *first, *second = NULL;
		struct cella_error err = { 0 };
		struct cella_verdict *verdict;
		char *text = NULL, *again = NULL;

		CASE(forms[i].name);
		forms[i].add(b);
		first = finish(b);
		CHECK_OK(cella_collateral_write(first, &text, &err));
		CHECK_OK(cella_collateral_parse(text, strlen(text), &second, &err));
		CHECK_OK(cella_collateral_write(second, &again, &err));
		CHECK_TEXT(text, again);
		verdict = judge(second);
		CHECK_INT(CELLA_ACCEPTED, cella_verdict_result(verdict));
		cella_verdict_free(verdict);
		free(text);
		free(again);
		cella_collateral_unref(first);
		cella_collateral_unref(second);
		cella_collateral_builder_free(b);
	}
}

/* The platform's chain may come beside a quote that carries none, from its response. */
static void pck_certificate_response(void **state)
{
	struct cella_collateral_builder *const b = builder_new();
	struct cella_collateral *collateral;
	struct out body = { 0 };

	(void)state;
	pem_write(&body, "CERTIFICATE", out_view(&m.der[MAKER_PCK]));
	add_response(b, "HTTP/1.1 200 OK", "\r\n", "SGX-PCK-Certificate-Issuer-Chain",
		     &m.ca_chain, &body);
	collateral = finish(b);
	assert_non_null(collateral->pck_chain);
	assert_null(collateral->pck_chain->fault);
	CHECK_INT(3, collateral->pck_chain->chain.num_certs);
	cella_collateral_unref(collateral);
	cella_collateral_builder_free(b);
	out_done(&body);
}

/* --- input that is refused ----------------------------------------------------------- */

#define OK_LINE "HTTP/1.1 200 OK\r\n"
#define SIG64 "00000000000000000000000000000000"
#define SIG SIG64 SIG64 SIG64 SIG64

static void other_documents(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		enum cella_status status;
		const char *part;
	} rows[] = {
		{ "empty", "", CELLA_MALFORMED, "file: is empty" },
		{ "blank", " \n", CELLA_MALFORMED, "file: is empty" },
		{ "text", "hello", CELLA_MALFORMED,
		  "file: neither JSON nor PEM, DER or hexadecimal digits" },
		{ "web page", "<html></html>", CELLA_MALFORMED, "file: neither JSON" },
		{ "odd digits", "abc", CELLA_MALFORMED,
		  "file: revocation list: has an odd number" },
		{ "signed bundle", "eyJhbGciOiJFUzI1NiJ9.e30.AA", CELLA_UNSUPPORTED,
		  "file: a signed bundle" },
		{ "broken list of evaluations",
		  "{\"tcbEvaluationDataNumbers\":{},\"signature\":\"" SIG "\"}",
		  CELLA_MALFORMED, "file: evaluation numbers: id: is missing" },
		{ "hex of nothing", "abcd", CELLA_MALFORMED,
		  "file: revocation list: not an X.509 list in DER" },
		{ "JSON of nothing", "{}", CELLA_UNSUPPORTED,
		  "file: a JSON document, but no collateral" },
		{ "empty array", "[]", CELLA_UNSUPPORTED, "file: a JSON document" },
		{ "array of others", "[{\"a\":1}]", CELLA_UNSUPPORTED,
		  "file: element 0 is not a bundle" },
		{ "array of texts", "[\"pck_crl\"]", CELLA_UNSUPPORTED,
		  "file: element 0 is not a bundle" },
		{ "broken JSON", "{\"pck_crl\":", CELLA_MALFORMED, "file: collateral: " },
		{ "duplicate_member_in_bundle", "{\"pck_crl\":null,\"pck_crl\":null}",
		  CELLA_MALFORMED, "duplicate object key" },
		{ "bundle of another type", "{\"pck_crl\":7}", CELLA_MALFORMED,
		  "file: pck_crl: expected text" },
		{ "bundle with a broken list", "{\"pck_crl\":\"zz\"}", CELLA_MALFORMED,
		  "revocation list: character 1 is not a hexadecimal digit" },
		{ "bundle with a broken chain",
		  "{\"pck_crl\":\"00\",\"pck_crl_issuer_chain\":\"x\"}", CELLA_MALFORMED,
		  "file: pck_crl_issuer_chain: certificate 1: pem: expected" },
		{ "bundle with an empty chain",
		  "{\"pck_crl\":\"00\",\"pck_crl_issuer_chain\":\"\"}", CELLA_MALFORMED,
		  "pck_crl_issuer_chain: certificate 1: no certificate" },
		{ "bundle with a broken PCK chain", "{\"pck_certificate_chain\":\"x\"}",
		  CELLA_MALFORMED, "file: pck_certificate_chain: certificate 1" },
		{ "bundle with a broken TCB info",
		  "{\"tcb_info\":\"{}\",\"tcb_info_signature\":\"" SIG "\"}",
		  CELLA_MALFORMED, "file: tcb info: version: is missing" },
		{ "bundle with a TCB info that is none",
		  "{\"tcb_info\":\"[]\",\"tcb_info_signature\":\"" SIG "\"}",
		  CELLA_MALFORMED, "file: tcbInfo: is not an object" },
		{ "signature_breaks_out",
		  "{\"tcb_info\":\"{}\",\"tcb_info_signature\":"
		  "\"00\\\",\\\"tcbInfo\\\":{}}\"}",
		  CELLA_MALFORMED, "file: tcbInfo: " },
		{ "bundle without the TCB info's signature", "{\"tcb_info\":\"{}\"}",
		  CELLA_MALFORMED, "file: tcbInfo: is not an object" },
		{ "bundle with a broken identity",
		  "{\"qe_identity\":\"{}\",\"qe_identity_signature\":\"" SIG "\"}",
		  CELLA_MALFORMED, "file: identity: id: is missing" },
		{ "document without a signature", "{\"tcbInfo\":{}}", CELLA_MALFORMED,
		  "file: tcbInfo: signature: is not a text" },
		{ "signature of another type", "{\"tcbInfo\":{},\"signature\":7}",
		  CELLA_MALFORMED, "file: tcbInfo: signature: is not a text" },
		{ "short signature", "{\"tcbInfo\":{},\"signature\":\"00\"}",
		  CELLA_MALFORMED,
		  "file: signature: needs 128 hexadecimal digits, has 2" },
		{ "long signature", "{\"tcbInfo\":{},\"signature\":\"" SIG "00\"}",
		  CELLA_MALFORMED, "needs 128 hexadecimal digits, has 130" },
		{ "body is no object", "{\"tcbInfo\":7,\"signature\":\"" SIG "\"}",
		  CELLA_MALFORMED, "file: tcbInfo: is not an object" },
		{ "body_twice", "{\"tcbInfo\":{},\"tcbInfo\":{},\"signature\":\"\"}",
		  CELLA_MALFORMED, "member \"tcbInfo\" occurs twice" },
		{ "signature_twice",
		  "{\"tcbInfo\":{},\"signature\":\"\",\"signature\":\"\"}",
		  CELLA_MALFORMED, "member \"signature\" occurs twice" },
		{ "escaped_member", "{\"tcb\\u0049nfo\":{},\"signature\":\"\"}",
		  CELLA_MALFORMED, "a member's name has an escape" },
		{ "document_after_document",
		  "{\"tcbInfo\":{},\"signature\":\"\"}{\"tcbInfo\":{}}", CELLA_MALFORMED,
		  "something follows the JSON object" },
		{ "identity without a signature", "{\"enclaveIdentity\":{}}",
		  CELLA_MALFORMED, "file: enclaveIdentity: signature: is not a text" },
		{ "broken chain",
		  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		  CELLA_MALFORMED, "file: certificates: certificate 1: " },
		{ "broken list in PEM",
		  "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
		  CELLA_MALFORMED, "file: revocation list: not an X.509 list in DER" },
		{ "two lists in PEM",
		  "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"
		  "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
		  CELLA_MALFORMED, "file: revocation list: something follows" },
		{ "private_key_pem",
		  "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		  CELLA_MALFORMED, "file: pem: expected \"-----BEGIN X509 CRL-----\"" },
		{ "HTTP not found", "HTTP/1.1 404 Not Found\r\n\r\n", CELLA_MALFORMED,
		  "file: HTTP response: \"HTTP/1.1 404 Not Found\", not 200" },
		{ "HTTP without a status", "HTTP/1.1\r\n\r\n", CELLA_MALFORMED,
		  "HTTP response: \"HTTP/1.1\", not 200" },
		{ "HTTP without an end", OK_LINE "A: b\r\n", CELLA_MALFORMED,
		  "file: HTTP response: ends in its headers" },
		{ "HTTP without a line", "HTTP/1.1 200 OK", CELLA_MALFORMED,
		  "file: HTTP response: ends in its headers" },
		{ "HTTP without a body", OK_LINE "\r\n", CELLA_MALFORMED,
		  "file: is empty" },
		{ "HTTP header with a broken code",
		  OK_LINE "TCB-Info-Issuer-Chain: %4\r\n\r\n{}", CELLA_MALFORMED,
		  "file: issuer-chain header: broken percent-encoding" },
		{ "HTTP header with another broken code",
		  OK_LINE "TCB-Info-Issuer-Chain: %4g0\r\n\r\n{}", CELLA_MALFORMED,
		  "file: issuer-chain header: broken percent-encoding" },
		{ "HTTP header that is no chain",
		  OK_LINE "TCB-Info-Issuer-Chain: abc\r\n\r\n{}", CELLA_MALFORMED,
		  "file: issuer-chain header: certificate 1: pem: expected" },
		{ "HTTP with two chains",
		  OK_LINE "TCB-Info-Issuer-Chain: a\r\nSGX-PCK-CRL-Issuer-Chain: "
			  "b\r\n\r\n{}",
		  CELLA_MALFORMED, "file: HTTP response: two issuer-chain headers" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_collateral_builder *const b = builder_new();
		struct cella_collateral *collateral = NULL;
		struct cella_error err = { 0 };

		CASE(rows[i].name);
		CHECK_STATUS(rows[i].status,
			     cella_collateral_builder_add(b, "file", rows[i].text,
							  strlen(rows[i].text), &err));
		CHECK_TEXT_HAS(err.text, rows[i].part);
		cella_collateral_builder_free(b);
		CHECK_STATUS(rows[i].status,
			     cella_collateral_parse(rows[i].text, strlen(rows[i].text),
						    &collateral, &err));
		assert_null(collateral);
	}
	cella_collateral_builder_free(NULL);
	cella_collateral_unref(NULL);
}

static void chain_of_nobody_who_signs_collateral(void **state)
{
	struct cella_collateral_builder *const b = builder_new();
	struct cella_error err = { 0 };
	struct out pem = { 0 };

	(void)state;
	pem_write(&pem, "CERTIFICATE", out_view(&m.der[MAKER_ROOT]));
	CHECK_STATUS(CELLA_UNSUPPORTED,
		     cella_collateral_builder_add(b, "file", pem.data, pem.len, &err));
	CHECK_TEXT("file: a chain of \"Intel SGX Root CA\", which signs no collateral",
		   err.text);
	cella_collateral_builder_free(b);
	out_done(&pem);
}

static void oversized_document(void **state)
{
	struct cella_collateral_builder *const b = builder_new();
	struct cella_error err = { 0 };
	struct out text = { 0 };

	(void)state;
	out_zeros(&text, CELLA_COLLATERAL_PART_MAX + 1);
	CHECK_STATUS(CELLA_LIMIT,
		     cella_collateral_builder_add(b, "file", text.data, text.len, &err));
	CHECK_TEXT("file: 1048577 bytes, at most 1048576", err.text);
	cella_collateral_builder_free(b);
	out_done(&text);
}

static void nothing_to_finish(void **state)
{
	struct cella_collateral_builder *const b = builder_new();
	struct cella_collateral *collateral = NULL;
	struct cella_error err = { 0 };

	(void)state;
	CHECK_STATUS(CELLA_MISSING,
		     cella_collateral_builder_finish(b, &collateral, &err));
	add_bundle(b);
	collateral = finish(b);
	cella_collateral_unref(collateral);
	collateral = NULL;
	/* Empty again, and fit for another set. */
	CHECK_STATUS(CELLA_MISSING,
		     cella_collateral_builder_finish(b, &collateral, &err));
	add_bundle(b);
	collateral = finish(b);
	CHECK_INT(1, collateral->num_tcb_infos);
	cella_collateral_unref(collateral);
	cella_collateral_builder_free(b);
}

/* Every prefix of each form is an error or a set that lacks something: never a yes. */
static void truncated_documents(void **state)
{
	struct out bundle = { 0 };

	(void)state;
	maker_bundle(&m, &bundle);
	for (size_t len = 0; len < bundle.len; len++) {
		struct cella_collateral *collateral = NULL;
		struct cella_error err = { 0 };
		struct out prefix = { 0 };

		out_bytes(&prefix, bundle.data, len);
		CHECK_STATUS(CELLA_MALFORMED,
			     cella_collateral_parse(prefix.data, len, &collateral, &err));
		CHECK_TEXT_HAS(err.text, "collateral: ");
		out_done(&prefix);
	}
	out_done(&bundle);
}

/* --- which document stays ------------------------------------------------------------ */

static void add_tcb_info(struct cella_collateral_builder *b, unsigned number,
			 const char *from, uint8_t fmspc)
{
	struct out text = { 0 };
	struct maker other;

	maker_init(&other, MAKER_TDX);
	other.tcb_info.number = number;
	other.tcb_info.from = from;
	other.ext.fmspc[5] = fmspc;
	maker_documents(&other);
	maker_document("tcbInfo", &other.tcb_info_text, other.tcb_info_signature, &text);
	add(b, &text);
	out_done(&text);
	maker_done(&other);
}

#define EARLY "2025-05-20T00:00:00Z"
#define LATE "2025-05-21T00:00:00Z"

static void newest_tcb_info_wins(void **state)
{
	static const struct {
		const char *name;
		unsigned first, second;
		const char *first_date, *second_date;
		unsigned number;
		const char *date;
	} rows[] = {
		{ "higher number", 17, 18, EARLY, EARLY, 18, EARLY },
		{ "lower number", 18, 17, EARLY, EARLY, 18, EARLY },
		{ "lower number, later date", 18, 17, EARLY, LATE, 18, EARLY },
		{ "later date", 17, 17, EARLY, LATE, 17, LATE },
		{ "earlier date", 17, 17, LATE, EARLY, 17, LATE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_collateral_builder *const b = builder_new();
		struct cella_collateral *collateral;

		CASE(rows[i].name);
		add_tcb_info(b, rows[i].first, rows[i].first_date, 0);
		add_tcb_info(b, 16, EARLY, 1);
		add_tcb_info(b, rows[i].second, rows[i].second_date, 0);
		collateral = finish(b);
		CHECK_INT(2, collateral->num_tcb_infos);
		CHECK_INT(rows[i].number,
			  collateral->tcb_infos[0]->info.evaluation_number);
		CHECK_INT(time_at(rows[i].date),
			  collateral->tcb_infos[0]->info.issue_date);
		CHECK_INT(16, collateral->tcb_infos[1]->info.evaluation_number);
		cella_collateral_unref(collateral);
		cella_collateral_builder_free(b);
	}
}

static void newest_identity_wins(void **state)
{
	struct cella_collateral_builder *const b = builder_new();
	static const unsigned numbers[] = { 17, 19, 18 };
	struct cella_collateral *collateral;

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(numbers); i++) {
		struct out text = { 0 };
		struct maker other;

		maker_init(&other, i % 2 == 0 ? MAKER_TDX : MAKER_SGX);
		other.identity.number = numbers[i / 2] + i % 2;
		maker_documents(&other);
		maker_document("enclaveIdentity", &other.identity_text,
			       other.identity_signature, &text);
		add(b, &text);
		out_done(&text);
		maker_done(&other);
	}
	collateral = finish(b);
	CHECK_INT(2, collateral->num_identities);
	CHECK_INT(19, collateral_identity(collateral, IDENTITY_TD_QE)
			      ->identity.evaluation_number);
	CHECK_INT(
		20,
		collateral_identity(collateral, IDENTITY_QE)->identity.evaluation_number);
	assert_null(collateral_identity(collateral, IDENTITY_QVE));
	cella_collateral_unref(collateral);
	cella_collateral_builder_free(b);
}

static void newest_list_wins(void **state)
{
	static const char *const dates[] = { "2025-05-20T00:00:00Z",
					     "2025-05-22T00:00:00Z",
					     "2025-05-21T00:00:00Z" };
	struct cella_collateral_builder *const b = builder_new();
	struct cella_collateral *collateral;

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(dates); i++) {
		struct make_crl spec =
			m.crls[i % 2 == 0 ? MAKER_ROOT_CRL : MAKER_PCK_CRL];
		struct out der = { 0 };

		spec.from = dates[i / 2];
		maker_crl(&m, &spec, &der);
		add(b, &der);
		out_done(&der);
	}
	collateral = finish(b);
	CHECK_INT(1, collateral->num_root_crls);
	CHECK_INT(1, collateral->num_pck_crls);
	CHECK_INT(time_at(dates[1]), collateral_root_crl(collateral)->crl->this_update);
	CHECK_INT(time_at(dates[1]), collateral->pck_crls[0]->crl->this_update);
	cella_collateral_unref(collateral);
	cella_collateral_builder_free(b);
}

static void lists_are_found_by_their_issuer(void **state)
{
	struct cella_collateral_builder *const b = builder_new();
	struct make_crl spec = m.crls[MAKER_PCK_CRL];
	struct cella_collateral *collateral;
	struct out der = { 0 };
	struct cella_bytes issuer;

	(void)state;
	spec.issuer_cn = cert_cn_processor_ca;
	maker_crl(&m, &spec, &der);
	add(b, &der);
	add(b, &m.crl_der[MAKER_PCK_CRL]);
	collateral = finish(b);
	CHECK_INT(2, collateral->num_pck_crls);
	for (size_t i = 0; i < 2; i++) {
		issuer = collateral->pck_crls[i]->crl->issuer;
		assert_ptr_equal(collateral->pck_crls[i],
				 collateral_pck_crl(collateral, issuer));
	}
	/* Of no list that fits, one at all: the verdict says whose it is. */
	assert_ptr_equal(collateral->pck_crls[0],
			 collateral_pck_crl(collateral, bytes_from("nobody")));
	assert_null(collateral_root_crl(collateral));
	cella_collateral_unref(collateral);
	cella_collateral_builder_free(b);
	out_done(&der);
}

static void tcb_info_is_found_by_tee_and_platform(void **state)
{
	struct cella_collateral *const c = maker_collateral(&m);
	uint8_t other[FMSPC_LEN] = { 1 };

	(void)state;
	assert_non_null(collateral_tcb_info(c, TCB_TEE_TDX, m.ext.fmspc, m.ext.pce_id));
	assert_null(collateral_tcb_info(c, TCB_TEE_SGX, m.ext.fmspc, m.ext.pce_id));
	assert_null(collateral_tcb_info(c, TCB_TEE_TDX, other, m.ext.pce_id));
	assert_null(collateral_tcb_info(c, TCB_TEE_TDX, m.ext.fmspc, other));
	cella_collateral_unref(c);
}

/* --- signatures ---------------------------------------------------------------------- */

static void signatures_are_checked_once(void **state)
{
	struct cella_collateral *const c = maker_collateral(&m);

	(void)state;
	assert_true(c->tcb_infos[0]->doc.signature_good);
	assert_true(c->identities[0]->doc.signature_good);
	assert_true(c->pck_crls[0]->signature_good);
	assert_true(c->root_crls[0]->signature_good);
	cella_collateral_unref(c);
}

static void documents_without_a_chain_are_not_good(void **state)
{
	struct cella_collateral_builder *const b = builder_new();
	struct cella_collateral *c;

	(void)state;
	add(b, &tcb_info);
	add(b, &identity);
	add(b, &m.crl_der[MAKER_PCK_CRL]);
	add(b, &m.crl_der[MAKER_ROOT_CRL]);
	c = finish(b);
	assert_false(c->tcb_infos[0]->doc.signature_good);
	assert_false(c->identities[0]->doc.signature_good);
	assert_false(c->pck_crls[0]->signature_good);
	assert_false(c->root_crls[0]->signature_good);
	assert_null(c->tcb_infos[0]->doc.signer);
	cella_collateral_unref(c);
	cella_collateral_builder_free(b);
}

/* A chain that came on its own signs what came without one, not what has its own. */
static void chain_of_another_root_beside_a_good_one(void **state)
{
	struct cella_collateral_builder *const b = builder_new();
	struct cella_collateral *c;
	struct maker other;

	(void)state;
	maker_init(&other, MAKER_TDX);
	maker_issue(&other);
	add_bundle(b);
	add(b, &other.signing_chain);
	add(b, &other.ca_chain);
	c = finish(b);
	assert_true(c->tcb_infos[0]->doc.signature_good);
	assert_true(c->pck_crls[0]->signature_good);
	cella_collateral_unref(c);
	cella_collateral_builder_free(b);
	maker_done(&other);
}

static void snapshots_are_counted(void **state)
{
	struct cella_collateral *const c = maker_collateral(&m);

	(void)state;
	assert_ptr_equal(c, cella_collateral_ref(c));
	cella_collateral_unref(c);
	CHECK_INT(1, c->num_tcb_infos);
	cella_collateral_unref(c);
}

/* --- listing ------------------------------------------------------------------------- */

static void documents_are_listed(void **state)
{
	struct cella_collateral *const c = maker_collateral(&m);
	struct cella_error err = { 0 };
	char *text = NULL;
	json_t *json;

	(void)state;
	CHECK_OK(cella_collateral_describe(c, time_at(MAKER_NOW), false, &text, &err));
	CHECK_TEXT_HAS(text, "tcb_info     TDX 90c06f000000 0000\n    number      17\n");
	CHECK_TEXT_HAS(text, "2025-05-20T00:00:00Z to 2025-06-19T00:00:00Z: valid, for "
			     "18 days");
	CHECK_TEXT_HAS(text, "qe_identity  TD_QE\n");
	CHECK_TEXT_HAS(text, "signature   good\n    signer      Intel SGX TCB Signing\n");
	CHECK_TEXT_HAS(text, "root_ca_crl  Intel SGX Root CA\n");
	CHECK_TEXT_HAS(text, "pck_crl      Intel SGX PCK Platform CA\n");
	free(text);
	CHECK_OK(cella_collateral_describe(c, time_at("2025-07-01T00:00:00Z"), false,
					   &text, &err));
	CHECK_TEXT_HAS(text, ": EXPIRED");
	free(text);
	CHECK_OK(cella_collateral_describe(c, time_at("2025-05-01T00:00:00Z"), true,
					   &text, &err));
	json = json_loads(text, 0, NULL);
	CHECK_INT(4, json_array_size(json_object_get(json, "documents")));
	CHECK_TEXT_HAS(text, "\"valid\": false");
	CHECK_TEXT_HAS(text, "\"fault\": null");
	json_decref(json);
	free(text);
	cella_collateral_unref(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_gives_the_same_verdict),
		cmocka_unit_test(document_by_a_ca),
		cmocka_unit_test(written_sets_are_read_back),
		cmocka_unit_test(pck_certificate_response),
		cmocka_unit_test(other_documents),
		cmocka_unit_test(chain_of_nobody_who_signs_collateral),
		cmocka_unit_test(oversized_document),
		cmocka_unit_test(nothing_to_finish),
		cmocka_unit_test(truncated_documents),
		cmocka_unit_test(newest_tcb_info_wins),
		cmocka_unit_test(newest_identity_wins),
		cmocka_unit_test(newest_list_wins),
		cmocka_unit_test(lists_are_found_by_their_issuer),
		cmocka_unit_test(tcb_info_is_found_by_tee_and_platform),
		cmocka_unit_test(signatures_are_checked_once),
		cmocka_unit_test(documents_without_a_chain_are_not_good),
		cmocka_unit_test(chain_of_another_root_beside_a_good_one),
		cmocka_unit_test(snapshots_are_counted),
		cmocka_unit_test(documents_are_listed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
