/* SPDX-License-Identifier: Apache-2.0 */
#include "maker.h"
#include "support.h"

#include "base/encode.h"
#include "collateral/cert_chain.h"

static struct maker m;

static int set_up(void **state)
{
	(void)state;
	maker_init(&m, MAKER_TDX);
	maker_issue(&m);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	maker_done(&m);
	return 0;
}

static struct crypto_cert *parse(struct cella_bytes der)
{
	struct cella_error err = { 0 };
	struct crypto_cert *cert = NULL;

	CHECK_OK(crypto_cert_parse(der, &cert, &err));
	return cert;
}

static struct crypto_cert *make(const struct make_cert *spec)
{
	struct crypto_cert *cert;
	struct out der = { 0 };

	maker_cert(&m, spec, &der);
	cert = parse(out_view(&der));
	out_done(&der);
	return cert;
}

static void facts_are_copied_out(void **state)
{
	struct crypto_cert *const root = parse(out_view(&m.der[MAKER_ROOT]));
	struct crypto_cert *const pck = parse(out_view(&m.der[MAKER_PCK]));
	struct out ext = { 0 };
	struct cella_error err = { 0 };
	uint8_t hash[SHA256_LEN];

	(void)state;
	CHECK_TEXT(cert_cn_root_ca, root->subject_cn);
	CHECK_TEXT(cert_cn_root_ca, root->issuer_cn);
	assert_true(bytes_equal(root->subject, root->issuer));
	assert_true(root->is_ca);
	CHECK_INT(1, root->path_len);
	CHECK_INT(CERT_USAGE_CERT_SIGN | CERT_USAGE_CRL_SIGN, root->key_usage);
	CHECK_INT(0, root->sgx_extension.len);
	CHECK_BYTES(root->point, P256_POINT_LEN, private_key_point(m.keys[MAKER_ROOT]));

	CHECK_TEXT(cert_cn_pck, pck->subject_cn);
	CHECK_TEXT(cert_cn_platform_ca, pck->issuer_cn);
	assert_false(pck->is_ca);
	CHECK_INT(-1, pck->path_len);
	assert_true(pck->has_key_usage);
	CHECK_INT(CERT_USAGE_SIGNATURE, pck->key_usage);
	assert_false(pck->has_unknown_critical);
	CHECK_INT(1, pck->serial_len);
	CHECK_INT(3, pck->serial[0]);
	CHECK_INT(time_at("2020-01-01T00:00:00Z"), pck->not_before);
	CHECK_INT(time_at("2040-01-01T00:00:00Z"), pck->not_after);
	maker_pck_ext(&m.ext, &ext);
	CHECK_BYTES(ext.data, ext.len, pck->sgx_extension);
	CHECK_BYTES(m.der[MAKER_PCK].data, m.der[MAKER_PCK].len, pck->der);
	CHECK_OK(crypto_sha256(pck->der, hash, &err));
	assert_memory_equal(hash, pck->sha256, SHA256_LEN);
	out_done(&ext);
	crypto_cert_free(root);
	crypto_cert_free(pck);
	crypto_cert_free(NULL);
}

static void other_certificates(void **state)
{
	static const uint8_t long_serial[21] = { 1 };
	static const uint8_t full_serial[21] = { 0, 0xff };
	static const struct {
		const char *name;
		struct make_cert change; /* members that are set replace the PCK's */
		enum cella_status status;
		const char *part;
	} rows[] = {
		{ "version 1", { .version = 1 }, CELLA_MALFORMED, "not of version 3" },
		{ "version 2", { .version = 2 }, CELLA_MALFORMED, "not of version 3" },
		{ "a key on P-384",
		  { .key = MAKER_OTHER_KEY },
		  CELLA_UNSUPPORTED,
		  "its key is not an uncompressed point on P-256" },
		{ "a compressed point",
		  { .compressed = true },
		  CELLA_UNSUPPORTED,
		  "its key is not an uncompressed point on P-256" },
		{ "two SGX extensions",
		  { .ext_twice = true },
		  CELLA_MALFORMED,
		  "SGX extension occurs twice" },
		{ "serial of 21 bytes",
		  { .long_serial = long_serial },
		  CELLA_MALFORMED,
		  "serial number is negative or longer than 20 bytes" },
		{ "serial of 20 bytes", { .long_serial = full_serial }, CELLA_OK, NULL },
		{ "negative serial",
		  { .negative_serial = true },
		  CELLA_MALFORMED,
		  "serial number is negative or longer than 20 bytes" },
		{ "constraints twice",
		  { .more_oid = "2.5.29.19" },
		  CELLA_MALFORMED,
		  "basicConstraints" },
		{ "usage twice",
		  { .more_oid = "2.5.29.15" },
		  CELLA_MALFORMED,
		  "keyUsage" },
		{ "an unknown extension", { .more_oid = "1.2.3.4" }, CELLA_OK, NULL },
	};

	(void)state;
	private_key_free(m.keys[MAKER_OTHER_KEY]);
	{
		struct cella_error err = { 0 };

		CHECK_OK(private_key_generate(CRYPTO_P384, &m.keys[MAKER_OTHER_KEY],
					      &err));
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct make_cert *const change = &rows[i].change;
		struct make_cert spec = m.certs[MAKER_PCK];
		struct crypto_cert *cert = NULL;
		struct cella_error err = { 0 };
		struct out der = { 0 };

		CASE(rows[i].name);
		spec.version = change->version != 0 ? change->version : spec.version;
		spec.key = change->key != 0 ? change->key : spec.key;
		spec.compressed = change->compressed;
		spec.ext_twice = change->ext_twice;
		spec.long_serial = change->long_serial;
		spec.negative_serial = change->negative_serial;
		spec.more_oid = change->more_oid;
		maker_cert(&m, &spec, &der);
		CHECK_STATUS(rows[i].status,
			     crypto_cert_parse(out_view(&der), &cert, &err));
		if (rows[i].part != NULL)
			CHECK_TEXT_HAS(err.text, rows[i].part);
		CHECK_TRUE((cert != NULL) == (rows[i].status == CELLA_OK));
		crypto_cert_free(cert);
		out_done(&der);
	}
}

static void flags_that_the_chain_judges(void **state)
{
	struct make_cert spec = m.certs[MAKER_CA];
	struct crypto_cert *cert;

	(void)state;
	spec.constraints = NULL;
	spec.key_usage = NULL;
	cert = make(&spec);
	assert_false(cert->is_ca);
	CHECK_INT(-1, cert->path_len);
	assert_false(cert->has_key_usage);
	CHECK_INT(0, cert->key_usage);
	crypto_cert_free(cert);

	spec.constraints = "CA:TRUE";
	spec.key_usage = "cRLSign";
	spec.more_oid = "1.2.3.4";
	spec.more_is_critical = true;
	cert = make(&spec);
	assert_true(cert->is_ca);
	CHECK_INT(-1, cert->path_len);
	CHECK_INT(CERT_USAGE_CRL_SIGN, cert->key_usage);
	assert_true(cert->has_unknown_critical);
	crypto_cert_free(cert);

	spec.constraints = "CA:TRUE,pathlen:99999";
	cert = make(&spec);
	CHECK_INT(0, cert->path_len);
	crypto_cert_free(cert);
}

/* The SGX extension itself is no reason to trust a critical one. */
static void critical_sgx_extension(void **state)
{
	struct make_cert spec = m.certs[MAKER_PCK];
	struct crypto_cert *cert;

	(void)state;
	spec.has_ext = false;
	spec.more_oid = "1.2.840.113741.1.13.1";
	spec.more_is_critical = true;
	cert = make(&spec);
	CHECK_BYTES("\x05\0", 2, cert->sgx_extension);
	assert_true(cert->has_unknown_critical);
	crypto_cert_free(cert);
}

/* Names with control characters, or two of them, name nobody. */
static void odd_common_names(void **state)
{
	static const struct {
		const char *cn;
		const char *expected;
	} rows[] = {
		{ "Intel SGX Root CA", "Intel SGX Root CA" },
		{ "Intel\nSGX", "" },
		{ "Intel\033[2J", "" },
		{ "x", "x" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct make_cert spec = m.certs[MAKER_PCK];
		struct crypto_cert *cert;

		spec.cn = rows[i].cn;
		cert = make(&spec);
		CHECK_TEXT(rows[i].expected, cert->subject_cn);
		crypto_cert_free(cert);
	}
}

static void broken_der(void **state)
{
	const struct cella_bytes der = out_view(&m.der[MAKER_PCK]);
	struct crypto_cert *cert = NULL;
	struct cella_error err = { 0 };
	struct out longer = { 0 };

	(void)state;
	for (size_t len = 0; len < der.len; len++) {
		struct out prefix = { 0 };

		out_bytes(&prefix, der.data, len);
		CHECK_STATUS(CELLA_MALFORMED,
			     crypto_cert_parse(out_view(&prefix), &cert, &err));
		out_done(&prefix);
	}
	out_bytes(&longer, der.data, der.len);
	out_u8(&longer, 0);
	CHECK_STATUS(CELLA_MALFORMED, crypto_cert_parse(out_view(&longer), &cert, &err));
	CHECK_TEXT("certificate: 1 bytes follow its end", err.text);
	CHECK_STATUS(CELLA_MALFORMED, crypto_cert_parse(bytes_from("x"), &cert, &err));
	CHECK_TEXT("certificate: not an X.509 certificate in DER", err.text);
	assert_null(cert);
	out_done(&longer);
}

/* Whatever bit changes, the certificate is broken or not its issuer's any more. */
static void one_bit_changed(void **state)
{
	struct crypto_cert *const issuer = parse(out_view(&m.der[MAKER_CA]));
	struct out *const der = &m.der[MAKER_PCK];

	(void)state;
	for (size_t i = 0; i < der->len * 8; i++) {
		struct crypto_cert *cert = NULL;
		struct cella_error err = { 0 };
		bool good = false;

		der->data[i / 8] ^= (uint8_t)(1 << i % 8);
		if (crypto_cert_parse(out_view(der), &cert, &err) == CELLA_OK)
			CHECK_OK(crypto_cert_verify(cert, issuer, &good, &err));
		else
			CHECK_TRUE(err.status == CELLA_MALFORMED ||
				   err.status == CELLA_UNSUPPORTED);
		if (good)
			fail_msg("bit %zu of byte %zu does not count", i % 8, i / 8);
		crypto_cert_free(cert);
		der->data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	crypto_cert_free(issuer);
}

static bool is_signed_by(const struct crypto_cert *cert, enum maker_cert issuer_id)
{
	struct crypto_cert *const issuer = parse(out_view(&m.der[issuer_id]));
	struct cella_error err = { 0 };
	bool good = true;

	CHECK_OK(crypto_cert_verify(cert, issuer, &good, &err));
	crypto_cert_free(issuer);
	return good;
}

static void signatures_of_certificates(void **state)
{
	struct crypto_cert *pck = parse(out_view(&m.der[MAKER_PCK]));
	struct make_cert spec = m.certs[MAKER_PCK];

	(void)state;
	assert_true(is_signed_by(pck, MAKER_CA));
	assert_false(is_signed_by(pck, MAKER_ROOT));
	assert_false(is_signed_by(pck, MAKER_PCK));
	crypto_cert_free(pck);
	spec.sha384 = true;
	pck = make(&spec);
	assert_false(is_signed_by(pck, MAKER_CA));
	crypto_cert_free(pck);
}

/* crypto_cert_check() takes a raw signature over any message. */
static void signatures_by_certificates(void **state)
{
	struct crypto_cert *const cert = parse(out_view(&m.der[MAKER_SIGNER]));
	const struct cella_bytes message = bytes_from("message");
	struct cella_error err = { 0 };
	uint8_t signature[64];
	bool good = false;

	(void)state;
	CHECK_OK(private_key_sign(m.keys[MAKER_SIGNER], message, signature, &err));
	CHECK_OK(crypto_cert_check(cert, message, bytes_of(signature, 64), &good, &err));
	assert_true(good);
	CHECK_OK(crypto_cert_check(cert, bytes_from("massage"), bytes_of(signature, 64),
				   &good, &err));
	assert_false(good);
	CHECK_STATUS(
		CELLA_USAGE,
		crypto_cert_check(cert, message, bytes_of(signature, 63), &good, &err));
	crypto_cert_free(cert);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_are_copied_out),
		cmocka_unit_test(other_certificates),
		cmocka_unit_test(flags_that_the_chain_judges),
		cmocka_unit_test(critical_sgx_extension),
		cmocka_unit_test(odd_common_names),
		cmocka_unit_test(broken_der),
		cmocka_unit_test(one_bit_changed),
		cmocka_unit_test(signatures_of_certificates),
		cmocka_unit_test(signatures_by_certificates),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
