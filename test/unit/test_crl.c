/* SPDX-License-Identifier: Apache-2.0 */
#include "maker.h"
#include "support.h"

#include "collateral/cert_chain.h"

static struct maker m;

static int set_up(void **state)
{
	(void)state;
	maker_init(&m, MAKER_TDX);
	m.crls[MAKER_PCK_CRL] = (struct make_crl){ cert_cn_platform_ca,
						   "2025-05-20T00:00:00Z",
						   "2025-06-19T00:00:00Z",
						   { 300, 3, 70000, 255 },
						   MAKER_CA };
	maker_issue(&m);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	maker_done(&m);
	return 0;
}

static struct crypto_crl *parse(struct cella_bytes der)
{
	struct cella_error err = { 0 };
	struct crypto_crl *crl = NULL;

	CHECK_OK(crypto_crl_parse(der, &crl, &err));
	return crl;
}

static struct crypto_crl *make(const struct make_crl *spec)
{
	struct crypto_crl *crl;
	struct out der = { 0 };

	maker_crl(&m, spec, &der);
	crl = parse(out_view(&der));
	out_done(&der);
	return crl;
}

static struct crypto_cert *parse_cert(enum maker_cert id)
{
	struct cella_error err = { 0 };
	struct crypto_cert *cert = NULL;

	CHECK_OK(crypto_cert_parse(out_view(&m.der[id]), &cert, &err));
	return cert;
}

static void facts_are_copied_out(void **state)
{
	struct crypto_crl *const crl = parse(out_view(&m.crl_der[MAKER_PCK_CRL]));
	struct crypto_cert *const ca = parse_cert(MAKER_CA);

	(void)state;
	CHECK_TEXT(cert_cn_platform_ca, crl->issuer_cn);
	assert_true(bytes_equal(crl->issuer, ca->subject));
	CHECK_INT(time_at("2025-05-20T00:00:00Z"), crl->this_update);
	CHECK_INT(time_at("2025-06-19T00:00:00Z"), crl->next_update);
	assert_true(crl->has_number);
	CHECK_INT(9, crl->number);
	assert_true(crl->has_authority_key);
	assert_false(crl->has_unknown_critical);
	CHECK_INT(4, crl->num_revoked);
	CHECK_BYTES(m.crl_der[MAKER_PCK_CRL].data, m.crl_der[MAKER_PCK_CRL].len,
		    crl->der);
	crypto_cert_free(ca);
	crypto_crl_free(crl);
	crypto_crl_free(NULL);
}

static bool lists(const struct crypto_crl *crl, const uint8_t *serial, size_t len)
{
	struct crypto_cert cert = { .serial_len = len };

	memcpy(cert.serial, serial, len);
	return crypto_crl_lists(crl, &cert);
}

static void serial_numbers_are_looked_up(void **state)
{
	struct crypto_crl *const crl = parse(out_view(&m.crl_der[MAKER_PCK_CRL]));
	struct crypto_crl *const empty = parse(out_view(&m.crl_der[MAKER_ROOT_CRL]));
	const uint8_t longest[CERT_SERIAL_MAX] = { 3 };

	(void)state;
	assert_true(lists(crl, (const uint8_t *)"\3", 1));
	assert_true(lists(crl, (const uint8_t *)"\xff", 1));
	assert_true(lists(crl, (const uint8_t *)"\1\x2c", 2));
	assert_true(lists(crl, (const uint8_t *)"\1\x11\x70", 3));
	assert_false(lists(crl, (const uint8_t *)"\4", 1));
	assert_false(lists(crl, (const uint8_t *)"\0\3", 2));
	assert_false(lists(crl, (const uint8_t *)"\1\x2d", 2));
	assert_false(lists(crl, (const uint8_t *)"", 0));
	assert_false(lists(crl, longest, sizeof longest));
	CHECK_INT(0, empty->num_revoked);
	assert_false(lists(empty, (const uint8_t *)"\3", 1));
	crypto_crl_free(crl);
	crypto_crl_free(empty);
}

static void what_a_verdict_must_know(void **state)
{
	struct make_crl spec = m.crls[MAKER_PCK_CRL];
	struct crypto_crl *crl;

	(void)state;
	spec.no_number = true;
	crl = make(&spec);
	assert_false(crl->has_number);
	crypto_crl_free(crl);

	spec = m.crls[MAKER_PCK_CRL];
	spec.no_authority_key = true;
	crl = make(&spec);
	assert_false(crl->has_authority_key);
	crypto_crl_free(crl);

	spec = m.crls[MAKER_PCK_CRL];
	spec.critical = true;
	crl = make(&spec);
	assert_true(crl->has_unknown_critical);
	crypto_crl_free(crl);

	spec = m.crls[MAKER_PCK_CRL];
	spec.entry_critical = true;
	crl = make(&spec);
	assert_true(crl->has_unknown_critical);
	crypto_crl_free(crl);
}

static void broken_lists(void **state)
{
	static const struct {
		const char *name;
		struct make_crl change;
		enum cella_status status;
		const char *part;
	} rows[] = {
		{ "version 1",
		  { .version_1 = true },
		  CELLA_MALFORMED,
		  "not of version 2" },
		{ "no nextUpdate",
		  { .no_next_update = true },
		  CELLA_MALFORMED,
		  "nextUpdate: not a time" },
		{ "huge number",
		  { .huge_number = true },
		  CELLA_LIMIT,
		  "cRLNumber is not in 0..2^64-1" },
		{ "negative number",
		  { .negative_number = true },
		  CELLA_LIMIT,
		  "cRLNumber is not in 0..2^64-1" },
		{ "negative serial",
		  { .negative_serial = true },
		  CELLA_MALFORMED,
		  "serial number is negative" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct make_crl spec = m.crls[MAKER_PCK_CRL];
		struct crypto_crl *crl = NULL;
		struct cella_error err = { 0 };
		struct out der = { 0 };

		CASE(rows[i].name);
		spec.version_1 = rows[i].change.version_1;
		spec.no_next_update = rows[i].change.no_next_update;
		spec.huge_number = rows[i].change.huge_number;
		spec.negative_number = rows[i].change.negative_number;
		spec.negative_serial = rows[i].change.negative_serial;
		maker_crl(&m, &spec, &der);
		CHECK_STATUS(rows[i].status,
			     crypto_crl_parse(out_view(&der), &crl, &err));
		CHECK_TEXT_HAS(err.text, rows[i].part);
		assert_null(crl);
		out_done(&der);
	}
}

static void broken_der(void **state)
{
	const struct cella_bytes der = out_view(&m.crl_der[MAKER_PCK_CRL]);
	struct crypto_crl *crl = NULL;
	struct cella_error err = { 0 };
	struct out longer = { 0 };

	(void)state;
	for (size_t len = 0; len < der.len; len++) {
		struct out prefix = { 0 };

		out_bytes(&prefix, der.data, len);
		CHECK_STATUS(CELLA_MALFORMED,
			     crypto_crl_parse(out_view(&prefix), &crl, &err));
		out_done(&prefix);
	}
	out_bytes(&longer, der.data, der.len);
	out_u8(&longer, 0);
	CHECK_STATUS(CELLA_MALFORMED, crypto_crl_parse(out_view(&longer), &crl, &err));
	CHECK_TEXT("revocation list: 1 bytes follow its end", err.text);
	assert_null(crl);
	out_done(&longer);
}

static void one_bit_changed(void **state)
{
	struct crypto_cert *const ca = parse_cert(MAKER_CA);
	struct out *const der = &m.crl_der[MAKER_PCK_CRL];

	(void)state;
	for (size_t i = 0; i < der->len * 8; i++) {
		struct crypto_crl *crl = NULL;
		struct cella_error err = { 0 };
		bool good = false;

		der->data[i / 8] ^= (uint8_t)(1 << i % 8);
		if (crypto_crl_parse(out_view(der), &crl, &err) == CELLA_OK)
			CHECK_OK(crypto_crl_verify(crl, ca, &good, &err));
		if (good)
			fail_msg("bit %zu of byte %zu does not count", i % 8, i / 8);
		crypto_crl_free(crl);
		der->data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	crypto_cert_free(ca);
}

static void signatures_of_lists(void **state)
{
	struct crypto_crl *const crl = parse(out_view(&m.crl_der[MAKER_PCK_CRL]));
	struct crypto_cert *const ca = parse_cert(MAKER_CA);
	struct crypto_cert *const root = parse_cert(MAKER_ROOT);
	struct cella_error err = { 0 };
	bool good = false;

	(void)state;
	CHECK_OK(crypto_crl_verify(crl, ca, &good, &err));
	assert_true(good);
	CHECK_OK(crypto_crl_verify(crl, root, &good, &err));
	assert_false(good);
	crypto_crl_free(crl);
	crypto_cert_free(ca);
	crypto_cert_free(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_are_copied_out),
		cmocka_unit_test(serial_numbers_are_looked_up),
		cmocka_unit_test(what_a_verdict_must_know),
		cmocka_unit_test(broken_lists),
		cmocka_unit_test(broken_der),
		cmocka_unit_test(one_bit_changed),
		cmocka_unit_test(signatures_of_lists),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
