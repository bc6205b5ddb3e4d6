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

static void write_pem(struct out *pem, const struct out *der)
{
	pem_write(pem, "CERTIFICATE", out_view(der));
}

/* Parses and checks a chain; returns its fault. */
static const char *fault_of(struct cella_bytes pem, enum chain_role role, size_t *index)
{
	struct cert_chain chain = { 0 };
	struct cella_error err = { 0 };
	const char *fault = "not written";

	CHECK_OK(cert_chain_parse(pem, NULL, 0, "chain", &chain, &err));
	CHECK_OK(cert_chain_check(&chain, role, &fault, index, &err));
	cert_chain_done(&chain);
	return fault;
}

static bool is_the_chain(enum chain_role role, const enum maker_cert *certs, size_t num)
{
	static const struct {
		size_t num;
		enum maker_cert certs[3];
	} good[] = {
		[CHAIN_PCK] = { 3, { MAKER_PCK, MAKER_CA, MAKER_ROOT } },
		[CHAIN_PCK_CA] = { 2, { MAKER_CA, MAKER_ROOT } },
		[CHAIN_SIGNING] = { 2, { MAKER_SIGNER, MAKER_ROOT } },
	};

	return num == good[role].num &&
	       memcmp(certs, good[role].certs, num * sizeof *certs) == 0;
}

/* Of all sequences of up to three of the certificates, one is a chain for each role. */
static void every_sequence_in_every_role(void **state)
{
	static const char *const roles[] = { "PCK", "PCK CA", "signing" };
	size_t num_good = 0;

	(void)state;
	for (int role = CHAIN_PCK; role <= CHAIN_SIGNING; role++) {
		CASE(roles[role]);
		for (size_t i = 1; i < 5 * 5 * 5; i++) {
			const size_t digits[] = { i % 5, i / 5 % 5, i / 25 };
			enum maker_cert certs[3];
			struct out pem = { 0 };
			const char *fault;
			size_t num = 0;
			size_t index = 99;

			while (num < 3 && digits[num] > 0) {
				certs[num] = (enum maker_cert)(digits[num] - 1);
				write_pem(&pem, &m.der[certs[num]]);
				num++;
			}
			if (num == 0)
				continue;
			fault = fault_of(out_view(&pem), (enum chain_role)role, &index);
			CHECK_INT(is_the_chain((enum chain_role)role, certs, num),
				  fault == NULL);
			num_good += fault == NULL;
			if (fault != NULL)
				CHECK_TRUE(index <= num);
			out_done(&pem);
		}
	}
	CHECK_TRUE(num_good >= 3);
}

/* One certificate of the PCK's chain that is not as the profile says. */
static void one_certificate_off_the_profile(void **state)
{
	static const struct row {
		const char *name;
		enum maker_cert cert;
		struct make_cert change;
		size_t index;
		const char *fault;
	} rows[] = {
		{ "leaf_of_another_name",
		  MAKER_PCK,
		  { .cn = "Intel SGX TCB Signing" },
		  0,
		  "its common name does not belong here" },
		{ "leaf_with_a_longer_name",
		  MAKER_PCK,
		  { .cn = "Intel SGX PCK Certificate 2" },
		  0,
		  "its common name does not belong here" },
		{ "ca_of_another_name",
		  MAKER_CA,
		  { .cn = "Intel SGX Root CA" },
		  1,
		  "its common name does not belong here" },
		{ "root_of_another_name",
		  MAKER_ROOT,
		  { .cn = "Another Root CA" },
		  2,
		  "its common name does not belong here" },
		{ "ca_used_as_end_entity",
		  MAKER_PCK,
		  { .constraints = "critical,CA:TRUE" },
		  0,
		  "a CA certificate stands in for an end entity" },
		{ "ca_is_no_ca",
		  MAKER_CA,
		  { .constraints = "critical,CA:FALSE" },
		  1,
		  "it is not a CA certificate" },
		{ "ca_without_constraints",
		  MAKER_CA,
		  { .constraints = "" },
		  1,
		  "it is not a CA certificate" },
		{ "root_is_no_ca",
		  MAKER_ROOT,
		  { .constraints = "critical,CA:FALSE" },
		  2,
		  "it is not a CA certificate" },
		{ "leaf_may_not_sign",
		  MAKER_PCK,
		  { .key_usage = "critical,keyAgreement" },
		  0,
		  "its key usage does not allow its role" },
		{ "leaf_without_usage",
		  MAKER_PCK,
		  { .key_usage = "" },
		  0,
		  "its key usage does not allow its role" },
		{ "ca_may_not_sign_certificates",
		  MAKER_CA,
		  { .key_usage = "critical,cRLSign" },
		  1,
		  "its key usage does not allow its role" },
		{ "ca_may_not_sign_lists",
		  MAKER_CA,
		  { .key_usage = "critical,keyCertSign" },
		  1,
		  "its key usage does not allow its role" },
		{ "root_without_usage",
		  MAKER_ROOT,
		  { .key_usage = "" },
		  2,
		  "its key usage does not allow its role" },
		{ "root_path_too_short",
		  MAKER_ROOT,
		  { .constraints = "critical,CA:TRUE,pathlen:0" },
		  2,
		  "its path length does not allow the chain" },
		{ "root_path_unlimited",
		  MAKER_ROOT,
		  { .constraints = "critical,CA:TRUE" },
		  0,
		  NULL },
		{ "unknown_critical_extension_in_leaf",
		  MAKER_PCK,
		  { .more_oid = "1.2.3.4", .more_is_critical = true },
		  0,
		  "it has a critical extension that is not understood" },
		{ "unknown_critical_extension_in_ca",
		  MAKER_CA,
		  { .more_oid = "1.2.3.4", .more_is_critical = true },
		  1,
		  "it has a critical extension that is not understood" },
		{ "unknown_extension", MAKER_CA, { .more_oid = "1.2.3.4" }, 0, NULL },
		{ "leaf_of_another_issuer",
		  MAKER_PCK,
		  { .issuer_cn = "Intel SGX PCK Processor CA" },
		  0,
		  "the next certificate is not its issuer" },
		{ "ca_of_another_issuer",
		  MAKER_CA,
		  { .issuer_cn = "Another Root CA" },
		  1,
		  "the next certificate is not its issuer" },
		{ "root_of_another_issuer",
		  MAKER_ROOT,
		  { .issuer_cn = "Another Root CA" },
		  2,
		  "it is not self-issued" },
		{ "leaf_signed_by_another_key",
		  MAKER_PCK,
		  { .issuer = MAKER_OTHER_KEY },
		  0,
		  "its signature is not the next certificate's" },
		{ "leaf_signed_by_itself",
		  MAKER_PCK,
		  { .issuer = MAKER_PCK },
		  0,
		  "its signature is not the next certificate's" },
		{ "ca_signed_by_another_key",
		  MAKER_CA,
		  { .issuer = MAKER_OTHER_KEY },
		  1,
		  "its signature is not the next certificate's" },
		{ "root_signed_by_another_key",
		  MAKER_ROOT,
		  { .issuer = MAKER_OTHER_KEY },
		  2,
		  "it did not sign itself" },
		{ "leaf_signed_with_sha384",
		  MAKER_PCK,
		  { .sha384 = true },
		  0,
		  "its signature is not the next certificate's" },
		{ "processor CA throughout", MAKER_NUM_CERTS, { .cn = NULL }, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *const row = &rows[i];
		struct make_cert certs[MAKER_NUM_CERTS];
		struct out pem = { 0 };
		const char *fault;
		size_t index = 99;

		CASE(row->name);
		memcpy(certs, m.certs, sizeof certs);
		if (row->cert == MAKER_NUM_CERTS) {
			certs[MAKER_CA].cn = cert_cn_processor_ca;
			certs[MAKER_PCK].issuer_cn = cert_cn_processor_ca;
		} else {
			struct make_cert *const c = &certs[row->cert];
			const struct make_cert *const change = &row->change;

			c->cn = change->cn != NULL ? change->cn : c->cn;
			c->issuer_cn = change->issuer_cn != NULL ? change->issuer_cn
								 : c->issuer_cn;
			if (change->constraints != NULL)
				c->constraints = *change->constraints != '\0'
							 ? change->constraints
							 : NULL;
			if (change->key_usage != NULL)
				c->key_usage = *change->key_usage != '\0'
						       ? change->key_usage
						       : NULL;
			c->more_oid = change->more_oid;
			c->more_is_critical = change->more_is_critical;
			c->issuer = change->issuer != 0 ? change->issuer : c->issuer;
			c->sha384 = change->sha384;
		}
		/* A name that changed is the issuer's name of what it issued, too. */
		if (row->change.cn != NULL && row->cert == MAKER_CA)
			certs[MAKER_PCK].issuer_cn = row->change.cn;
		if (row->change.cn != NULL && row->cert == MAKER_ROOT)
			certs[MAKER_CA].issuer_cn = certs[MAKER_ROOT].issuer_cn =
				row->change.cn;
		for (int c = MAKER_PCK; c >= MAKER_ROOT; c--) {
			struct out der = { 0 };

			maker_cert(&m, &certs[c], &der);
			write_pem(&pem, &der);
			out_done(&der);
		}
		fault = fault_of(out_view(&pem), CHAIN_PCK, &index);
		CHECK_TEXT(row->fault, fault);
		if (row->fault != NULL)
			CHECK_INT(row->index, index);
		out_done(&pem);
	}
}

static void texts_that_are_no_chain(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		enum cella_status status;
		const char *part;
	} rows[] = {
		{ "empty", "", CELLA_MALFORMED, "chain: certificate 1: no certificate" },
		{ "not PEM", "nonsense", CELLA_MALFORMED, "chain: certificate 1: pem: " },
		{ "not a certificate",
		  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		  CELLA_MALFORMED,
		  "chain: certificate 1: certificate: not an X.509 certificate" },
		{ "inverted_begin_and_end",
		  "-----END CERTIFICATE-----\nAAAA\n-----BEGIN CERTIFICATE-----\n",
		  CELLA_MALFORMED, "chain: certificate 1: pem: expected" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cert_chain chain = { 0 };
		struct cella_error err = { 0 };

		CASE(rows[i].name);
		CHECK_STATUS(rows[i].status,
			     cert_chain_parse(bytes_from_text(rows[i].text), NULL, 0,
					      "chain", &chain, &err));
		CHECK_TEXT_HAS(err.text, rows[i].part);
		CHECK_INT(0, chain.num_certs);
	}
}

static void too_many_certificates(void **state)
{
	struct cert_chain chain = { 0 };
	struct cella_error err = { 0 };
	struct out pem = { 0 };

	(void)state;
	for (int i = 0; i < 4; i++)
		write_pem(&pem, &m.der[MAKER_ROOT]);
	CHECK_STATUS(CELLA_LIMIT,
		     cert_chain_parse(out_view(&pem), NULL, 0, "chain", &chain, &err));
	CHECK_TEXT("chain: certificate 4: more than 3 certificates", err.text);
	out_zeros(&pem, CHAIN_MAX_LEN);
	CHECK_STATUS(CELLA_LIMIT,
		     cert_chain_parse(out_view(&pem), NULL, 0, "chain", &chain, &err));
	CHECK_TEXT_HAS(err.text, "bytes, at most 65536");
	out_done(&pem);
}

/* The third certificate is broken: what was parsed before it is released. */
static void broken_certificate_at_the_end(void **state)
{
	struct cert_chain chain = { 0 };
	struct cella_error err = { 0 };
	struct out pem = { 0 };

	(void)state;
	write_pem(&pem, &m.der[MAKER_PCK]);
	write_pem(&pem, &m.der[MAKER_CA]);
	m.der[MAKER_ROOT].data[0] ^= 1;
	write_pem(&pem, &m.der[MAKER_ROOT]);
	m.der[MAKER_ROOT].data[0] ^= 1;
	CHECK_STATUS(CELLA_MALFORMED,
		     cert_chain_parse(out_view(&pem), NULL, 0, "chain", &chain, &err));
	CHECK_TEXT_HAS(err.text, "chain: certificate 3: ");
	CHECK_INT(0, chain.num_certs);
	out_done(&pem);
}

static void equal_certificates_are_shared(void **state)
{
	struct cert_chain first = { 0 };
	struct cert_chain second = { 0 };
	struct cert_chain copy = { 0 };
	const struct cert_chain *const known[] = { &first };
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(cert_chain_parse(out_view(&m.pck_chain), NULL, 0, "pck", &first, &err));
	CHECK_OK(cert_chain_parse(out_view(&m.ca_chain), known, 1, "ca", &second, &err));
	assert_ptr_equal(first.certs[1], second.certs[0]);
	assert_ptr_equal(first.certs[2], second.certs[1]);
	cert_chain_copy(&second, &copy);
	cert_chain_done(&second);
	cert_chain_done(&first);
	CHECK_TEXT(cert_cn_platform_ca, cert_chain_leaf(&copy)->subject_cn);
	CHECK_TEXT(cert_cn_root_ca, cert_chain_root(&copy)->subject_cn);
	cert_chain_done(&copy);
	assert_null(cert_chain_leaf(&copy));
	assert_null(cert_chain_root(&copy));
}

/* An answer that was remembered for one issuer is no answer about another one. */
static void remembered_issuer_is_not_another(void **state)
{
	struct make_cert spec = m.certs[MAKER_CA];
	struct cert_chain first = { 0 };
	struct cella_error err = { 0 };
	struct out pem = { 0 };
	struct out der = { 0 };
	const struct cert_chain *const known[] = { &first };
	struct cert_chain second = { 0 };
	const char *fault = NULL;
	size_t index = 0;

	(void)state;
	CHECK_OK(cert_chain_parse(out_view(&m.pck_chain), NULL, 0, "pck", &first, &err));
	CHECK_OK(cert_chain_check(&first, CHAIN_PCK, &fault, &index, &err));
	assert_null(fault);
	/* The same leaf under a CA of the same name and another key. */
	spec.key = MAKER_OTHER_KEY;
	maker_cert(&m, &spec, &der);
	write_pem(&pem, &m.der[MAKER_PCK]);
	write_pem(&pem, &der);
	write_pem(&pem, &m.der[MAKER_ROOT]);
	CHECK_OK(cert_chain_parse(out_view(&pem), known, 1, "pck", &second, &err));
	assert_ptr_equal(first.certs[0], second.certs[0]);
	CHECK_OK(cert_chain_check(&second, CHAIN_PCK, &fault, &index, &err));
	CHECK_TEXT("its signature is not the next certificate's", fault);
	CHECK_INT(0, index);
	/* And the first chain stays what it was. */
	CHECK_OK(cert_chain_check(&first, CHAIN_PCK, &fault, &index, &err));
	assert_null(fault);
	cert_chain_done(&first);
	cert_chain_done(&second);
	out_done(&pem);
	out_done(&der);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sequence_in_every_role),
		cmocka_unit_test(one_certificate_off_the_profile),
		cmocka_unit_test(texts_that_are_no_chain),
		cmocka_unit_test(too_many_certificates),
		cmocka_unit_test(broken_certificate_at_the_end),
		cmocka_unit_test(equal_certificates_are_shared),
		cmocka_unit_test(remembered_issuer_is_not_another),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
