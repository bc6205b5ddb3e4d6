/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulator's encodings against real documents: what a real certificate or list says,
 * written again by the simulator, is the same to the byte (the signature apart).
 */
#include "support.h"

#include "base/encode.h"
#include "collateral/bundle.h"
#include "evidence/evidence.h"
#include "sim/collateral.h"

static const int64_t now = INT64_C(1767225600); /* 2026-01-01T00:00:00Z */

static struct sim_platform *platform;

static int make_platform(void **state)
{
	struct sim_config config;

	(void)state;
	sim_config_init(&config, now);
	return sim_platform_new(&config, NULL, &platform, NULL) == CELLA_OK ? 0 : -1;
}

static int free_platform(void **state)
{
	(void)state;
	sim_platform_free(platform);
	return 0;
}

static struct cella_bytes der_content(struct cella_bytes whole, size_t header)
{
	return bytes_slice(whole, header, whole.len - header);
}

/* The part of a certificate that is signed: the first element of a large sequence. */
static struct cella_bytes tbs_of(struct cella_bytes der)
{
	const struct cella_bytes inner = der_content(der, 4);
	const size_t len = (size_t)inner.data[2] << 8 | inner.data[3];

	assert_int_equal(0x82, inner.data[1]);
	return bytes_slice(inner, 0, 4 + len);
}

/* Finds the contents of an extension by its OID and the header of its OCTET STRING. */
static const uint8_t *find_bytes(struct cella_bytes der, const char *needle, size_t len)
{
	const uint8_t *const found = memmem(der.data, der.len, needle, len);

	assert_non_null(found);
	return found + len;
}

static void describe(const struct crypto_cert *cert, char url[256],
		     struct sim_cert_spec *out)
{
	const uint8_t *const uri = find_bytes(cert->der, "\x55\x1d\x1f\x04", 4);
	const uint8_t *const ski =
		find_bytes(cert->der, "\x55\x1d\x0e\x04\x16\x04\x14", 7);
	const uint8_t *const aki =
		find_bytes(cert->der, "\x55\x1d\x23\x04\x18\x30\x16\x80\x14", 9);

	*out = (struct sim_cert_spec){
		.subject = { cert->subject_cn, "Intel Corporation" },
		.issuer = { cert->issuer_cn, "Intel Corporation" },
		.not_before = cert->not_before,
		.not_after = cert->not_after,
		.point = bytes_of(cert->point, P256_POINT_LEN),
		.crl_url = url,
		.is_ca = cert->is_ca,
		.path_len = cert->path_len,
		.key_usage = cert->is_ca ? SIM_USAGE_CA : SIM_USAGE_END_ENTITY,
		.sgx_ext = cert->sgx_extension,
	};
	memcpy(out->serial + SIM_SERIAL_LEN - cert->serial_len, cert->serial,
	       cert->serial_len);
	/* OCTET STRING, four nested headers of two bytes, [6] and the length */
	memcpy(url, uri + 11, uri[10]);
	url[uri[10]] = '\0';
	memcpy(out->key_id, ski, SIM_KEY_ID_LEN);
	memcpy(out->issuer_key_id, aki, SIM_KEY_ID_LEN);
}

static void check_cert(struct cella_bytes der)
{
	struct crypto_cert *cert = NULL;
	struct sim_cert_spec spec;
	struct cella_error err = { 0 };
	struct out tbs = { 0 };
	char url[256];

	CHECK_OK(crypto_cert_parse(der, &cert, &err));
	describe(cert, url, &spec);
	sim_cert_write_tbs(&spec, &tbs);
	CHECK_BYTES(tbs_of(cert->der).data, tbs_of(cert->der).len, out_view(&tbs));
	if (cert->sgx_extension.len > 0) {
		const bool is_platform = strstr(cert->issuer_cn, "Platform") != NULL;
		struct pck_ext ext;
		struct out again = { 0 };

		CHECK_OK(pck_ext_parse(cert->sgx_extension, is_platform, &ext, &err));
		sim_pck_ext_write(&ext, SIM_EXT_RIGHT, &again);
		CHECK_BYTES(cert->sgx_extension.data, cert->sgx_extension.len,
			    out_view(&again));
		out_done(&again);
	}
	out_done(&tbs);
	crypto_cert_free(cert);
}

static size_t check_chain(struct cella_bytes pem)
{
	size_t num = 0;

	for (;;) {
		struct cella_error err = { 0 };
		struct out der = { 0 };
		bool found = false;

		CHECK_OK(pem_next(&pem, "CERTIFICATE", &der, &found, &err));
		if (!found)
			return num;
		check_cert(out_view(&der));
		out_done(&der);
		num++;
	}
}

static void real_certificates_are_written_alike(void **state)
{
	static const char *const quotes[] = { "tdx/tdx-v4-b0c06f.quote",
					      "tdx/tdx-v5-alibaba-90c06f.quote",
					      "sgx/sgx-v3-00a067.quote",
					      "sgx/sgx-v3-00606a.quote" };
	struct cella_error err = { 0 };
	struct out bundle;
	json_t *json = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(quotes); i++) {
		struct out bytes = vector_read(quotes[i]);
		struct cella_evidence *evidence = NULL;

		CHECK_OK(cella_evidence_parse(bytes.data, bytes.len, &evidence, &err));
		assert_int_equal(3, check_chain(cella_evidence_pck_chain(evidence)));
		cella_evidence_unref(evidence);
		out_done(&bytes);
	}
	bundle = vector_read("tdx/tdx-v4-b0c06f.collateral.json");
	CHECK_OK(json_parse(out_view(&bundle), "bundle", &json, &err));
	assert_int_equal(2,
			 check_chain(bytes_of(json_string_value(json_object_get(
						      json, "tcb_info_issuer_chain")),
					      strlen(json_string_value(json_object_get(
						      json, "tcb_info_issuer_chain"))))));
	json_decref(json);
	out_done(&bundle);
}

/* The lists too; a real one's own issuer stands in for ours, the signature apart. */
static void check_list(const struct crypto_crl *crl, const char *cn)
{
	const uint8_t *const aki =
		find_bytes(crl->der, "\x55\x1d\x23\x04\x18\x30\x16\x80\x14", 9);
	struct sim_crl_spec spec = {
		.issuer = { cn, "Intel Corporation" },
		.this_update = crl->this_update,
		.next_update = crl->next_update,
		.number = crl->number,
	};
	struct cella_error err = { 0 };
	struct out made = { 0 };
	const size_t header = crl->der.data[1] == 0x82 ? 4 : 3;
	size_t len;

	memcpy(spec.issuer_key_id, aki, SIM_KEY_ID_LEN);
	CHECK_OK(sim_crl_issue(&spec, platform->keys[SIM_ROOT], &made, &err));
	/* SEQUENCE of one length byte after 0x81: what is signed */
	assert_int_equal(0x81, crl->der.data[header + 1]);
	len = 3 + crl->der.data[header + 2];
	assert_true(made.len > header + len);
	assert_memory_equal(crl->der.data + header, made.data + header, len);
	out_done(&made);
}

static void real_lists_are_written_alike(void **state)
{
	struct cella_collateral *documents = NULL;
	struct cella_error err = { 0 };
	struct out text;

	(void)state;
	text = vector_read("sgx/sgx-v3-00a067.collateral.json");
	CHECK_OK(cella_collateral_parse(text.data, text.len, &documents, &err));
	check_list(documents->root_crls[0]->crl, "Intel SGX Root CA");
	check_list(documents->pck_crls[0]->crl, "Intel SGX PCK Processor CA");
	cella_collateral_unref(documents);
	out_done(&text);
}

/* The documents have the members of the real ones, in their order. */
static void check_members(const json_t *real, const json_t *made)
{
	void *left = json_object_iter((json_t *)real);
	void *right = json_object_iter((json_t *)made);

	while (left != NULL && right != NULL) {
		const json_t *const a = json_object_iter_value(left);
		const json_t *const b = json_object_iter_value(right);

		assert_string_equal(json_object_iter_key(left),
				    json_object_iter_key(right));
		assert_int_equal(json_typeof(a), json_typeof(b));
		if (json_is_string(a))
			assert_int_equal(json_string_length(a) > 4,
					 json_string_length(b) > 4);
		left = json_object_iter_next((json_t *)real, left);
		right = json_object_iter_next((json_t *)made, right);
	}
	assert_null(left);
	assert_null(right);
}

static void check_document(const char *text, const json_t *made)
{
	struct cella_error err = { 0 };
	json_t *real = NULL;
	const json_t *real_level;
	const json_t *made_level;

	CHECK_OK(json_parse(bytes_of(text, strlen(text)), "document", &real, &err));
	check_members(real, made);
	real_level = json_array_get(json_object_get(real, "tcbLevels"), 0);
	made_level = json_array_get(json_object_get(made, "tcbLevels"), 0);
	check_members(real_level, made_level);
	check_members(json_object_get(real_level, "tcb"),
		      json_object_get(made_level, "tcb"));
	json_decref(real);
}

static void documents_have_the_real_members(void **state)
{
	struct sim_collateral_spec spec;
	struct sim_collateral made = { 0 };
	struct cella_error err = { 0 };
	struct out bundle;
	json_t *json = NULL;

	(void)state;
	sim_collateral_spec_init(&spec, SIM_TDX, now);
	CHECK_OK(sim_collateral_make(platform, &spec, &made, &err));
	bundle = vector_read("tdx/tdx-v4-b0c06f.collateral.json");
	CHECK_OK(json_parse(out_view(&bundle), "bundle", &json, &err));
	check_document(json_string_value(json_object_get(json, "tcb_info")),
		       made.documents[SIM_TCB_INFO].json);
	check_document(json_string_value(json_object_get(json, "qe_identity")),
		       made.documents[SIM_QE_IDENTITY].json);
	json_decref(json);
	out_done(&bundle);
	sim_collateral_done(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_certificates_are_written_alike),
		cmocka_unit_test(real_lists_are_written_alike),
		cmocka_unit_test(documents_have_the_real_members),
	};

	if (!has_folder("CELLA_VECTORS"))
		return 0;
	return cmocka_run_group_tests(tests, make_platform, free_platform);
}
