/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of images: what is written is read and good; each change is a no for its own
 * reason; what is not of the form is refused.
 */
#include "support.h"

#include "base/cbor.h"
#include "base/encode.h"
#include "crypto/private_key.h"
#include "evidence/eif.h"
#include "evidence/eif_signature.h"
#include "sim/cert_write.h"

#define NOW INT64_C(1767225600) /* 2026-01-01T00:00:00Z */

/* A root, an authority below it, a signer; and somebody else of the root's name. */
enum { ROOT, CA, SIGNER, STRANGER, NUM_PARTIES };

static const char *const names[] = { "root", "authority", "signer", "root" };

struct parties {
	struct private_key *keys[NUM_PARTIES];
	struct cella_signer signer;
	struct out pem[NUM_PARTIES];
	uint8_t pcr0[SHA384_LEN];
};

static struct parties p;

static struct sim_cert_spec spec_of(int party, int issuer)
{
	return (struct sim_cert_spec){
		.subject = { names[party], "org" },
		.issuer = { names[issuer], "org" },
		.serial = { 1 },
		.crl_url = "https://crl.example/",
		.not_before = NOW - 1000,
		.not_after = NOW + 1000,
		.point = private_key_point(p.keys[party]),
		.is_ca = party != SIGNER,
		.path_len = -1,
		.key_usage = party == SIGNER ? SIM_USAGE_END_ENTITY : SIM_USAGE_CA,
		.hash = SIM_ISSUE_SHA384,
	};
}

static void issue(const struct sim_cert_spec *spec, int issuer, struct out *pem)
{
	struct out der CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };

	CHECK_OK(sim_cert_issue(spec, p.keys[issuer], &der, &err));
	pem_write(pem, "CERTIFICATE", out_view(&der));
}

static int set_up(void **state)
{
	static const int issuers[] = { ROOT, ROOT, CA, STRANGER };
	struct cella_error err = { 0 };

	(void)state;
	memset(p.pcr0, 0x5a, sizeof p.pcr0);
	for (int i = 0; i < NUM_PARTIES; i++)
		CHECK_OK(private_key_generate(CRYPTO_P384, &p.keys[i], &err));
	for (int i = 0; i < NUM_PARTIES; i++) {
		const struct sim_cert_spec spec = spec_of(i, issuers[i]);

		issue(&spec, issuers[i], &p.pem[i]);
	}
	private_key_signer(p.keys[SIGNER], &p.signer);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < NUM_PARTIES; i++) {
		private_key_free(p.keys[i]);
		out_done(&p.pem[i]);
	}
	return 0;
}

/* The certificates of a list of parties, in PEM. */
static struct out chain_of(const int *parties, size_t num)
{
	struct out pem = { 0 };

	for (size_t i = 0; i < num; i++)
		out_bytes(&pem, p.pem[parties[i]].data, p.pem[parties[i]].len);
	return pem;
}

static struct out sign(struct cella_bytes pem)
{
	struct cella_error err = { 0 };
	struct out section = { 0 };

	CHECK_OK(eif_signature_write(&p.signer, pem, p.pcr0, &section, &err));
	return section;
}

static struct eif_judgement judge(const struct out *section, int64_t time,
				  const struct out *trusted)
{
	struct eif_signature signature CLEANUP(eif_signature_done) = { 0 };
	struct eif_certs certs CLEANUP(eif_certs_done) = { 0 };
	struct eif_judgement judgement = { 0 };
	struct cella_error err = { 0 };

	if (trusted != NULL)
		CHECK_OK(eif_certs_parse(out_view(trusted), "trusted", &certs, &err));
	CHECK_OK(eif_signature_parse(out_view(section), &signature, &err));
	CHECK_OK(eif_signature_judge(&signature, p.pcr0, time, &certs, &judgement, &err));
	return judgement;
}

/* All answers are yes but that of one question, which has another outcome. */
static void check_but(const struct eif_judgement *judgement, enum eif_question question,
		      enum eif_outcome outcome, const char *text)
{
	for (size_t i = 0; i < EIF_NUM_QUESTIONS; i++)
		CHECK_INT(i == question ? outcome : EIF_YES,
			  judgement->answers[i].outcome);
	CHECK_TEXT_HAS(judgement->answers[question].text, text);
	CHECK_INT(outcome != EIF_NO, eif_judgement_is_good(judgement));
}

static void signed_and_judged(void **state)
{
	const int chain[] = { SIGNER, CA };
	struct out pem CLEANUP(out_done) = chain_of(chain, 2);
	struct out section CLEANUP(out_done) = sign(out_view(&pem));
	struct eif_judgement judgement = judge(&section, NOW, &p.pem[ROOT]);

	(void)state;
	check_but(&judgement, EIF_TRUSTED, EIF_YES, "\"root\" is trusted");
	judgement = judge(&section, NOW, &p.pem[SIGNER]);
	check_but(&judgement, EIF_TRUSTED, EIF_YES, "\"signer\" is trusted");
	judgement = judge(&section, NOW, NULL);
	check_but(&judgement, EIF_TRUSTED, EIF_NOT_ASKED, "nobody");
}

static void zero_is_no(void **state)
{
	const struct eif_judgement judgement = { 0 };

	(void)state;
	CHECK_TRUE(!eif_judgement_is_good(&judgement));
}

static void curve_of_the_key(void **state)
{
	struct private_key *key = NULL;
	struct out pem CLEANUP(out_done) = { 0 };
	struct out section CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	struct eif_judgement judgement;
	struct cella_signer signer;
	struct sim_cert_spec spec = spec_of(SIGNER, CA);

	(void)state;
	CHECK_OK(private_key_generate(CRYPTO_P256, &key, &err));
	spec.point = private_key_point(key);
	spec.hash = SIM_ISSUE_SHA256; /* by a key on P-384: it need not be its curve's */
	issue(&spec, CA, &pem);
	private_key_signer(key, &signer);
	CHECK_OK(eif_signature_write(&signer, out_view(&pem), p.pcr0, &section, &err));
	judgement = judge(&section, NOW, &p.pem[CA]);
	check_but(&judgement, EIF_SIGNED, EIF_YES, "ES256");
	/* The key of another certificate signs nothing. */
	CHECK_STATUS(CELLA_USAGE, eif_signature_write(&signer, out_view(&p.pem[SIGNER]),
						      p.pcr0, &section, &err));
	private_key_free(key);
}

static void out_of_time(void **state)
{
	struct out section CLEANUP(out_done) = sign(out_view(&p.pem[SIGNER]));
	struct eif_judgement judgement = judge(&section, NOW + 1001, &p.pem[SIGNER]);

	(void)state;
	check_but(&judgement, EIF_VALID, EIF_NO, "expired on 2026-01-01T00:16:40Z");
	judgement = judge(&section, NOW - 1001, &p.pem[SIGNER]);
	check_but(&judgement, EIF_VALID, EIF_NO, "only from 2025-12-31T23:43:20Z");
	judgement = judge(&section, NOW + 1000, &p.pem[SIGNER]);
	check_but(&judgement, EIF_VALID, EIF_YES, "until");
}

static void another_image(void **state)
{
	struct out section CLEANUP(out_done) = sign(out_view(&p.pem[SIGNER]));
	struct eif_judgement judgement;

	(void)state;
	p.pcr0[47] ^= 1;
	judgement = judge(&section, NOW, &p.pem[SIGNER]);
	p.pcr0[47] ^= 1;
	check_but(&judgement, EIF_COVERS, EIF_NO, "not those that were signed");
}

static void signature_changed(void **state)
{
	struct out section CLEANUP(out_done) = sign(out_view(&p.pem[SIGNER]));
	struct eif_judgement judgement;
	uint8_t *last;

	(void)state;
	/* The last octet of s, which stands for itself or behind 0x18. */
	last = section.data + section.len - 1;
	*last ^= 1;
	if (*last < 24 && last[-1] == 0x18)
		*last ^= 3;
	judgement = judge(&section, NOW, &p.pem[SIGNER]);
	check_but(&judgement, EIF_SIGNED, EIF_NO, "not by the key of \"signer\"");
}

static void whom_not_to_trust(void **state)
{
	struct out section CLEANUP(out_done) = sign(out_view(&p.pem[SIGNER]));
	struct eif_judgement judgement = judge(&section, NOW, &p.pem[STRANGER]);
	const int with_ca[] = { SIGNER, CA };
	struct out pem CLEANUP(out_done) = chain_of(with_ca, 2);
	struct out chained CLEANUP(out_done) = sign(out_view(&pem));

	(void)state;
	check_but(&judgement, EIF_TRUSTED, EIF_NO, "nobody who is trusted");
	/* The root's name with another key. */
	judgement = judge(&chained, NOW, &p.pem[STRANGER]);
	check_but(&judgement, EIF_TRUSTED, EIF_NO, "nobody who is trusted");
	/* The root is not the signer's own issuer: the authority is missing. */
	judgement = judge(&section, NOW, &p.pem[ROOT]);
	check_but(&judgement, EIF_TRUSTED, EIF_NO, "nobody who is trusted");
}

static void broken_chains(void **state)
{
	struct sim_cert_spec no_sign = spec_of(SIGNER, CA);
	struct sim_cert_spec no_ca = spec_of(CA, ROOT);
	struct sim_cert_spec no_cert_sign = spec_of(CA, ROOT);
	struct sim_cert_spec critical = spec_of(SIGNER, CA);
	const struct {
		const char *name;
		struct sim_cert_spec *spec;
		const char *text;
	} rows[] = {
		{ "may not sign", &no_sign, "may not sign (keyUsage)" },
		{ "no authority", &no_ca, "is no authority's" },
		{ "may not certify", &no_cert_sign, "may not certify" },
		{ "unknown critical extension", &critical, "critical extension" },
	};

	(void)state;
	no_sign.key_usage = SIM_USAGE_CA;
	no_ca.is_ca = false;
	no_cert_sign.key_usage = SIM_USAGE_CRL_ONLY;
	critical.oddities = SIM_CERT_UNKNOWN_CRITICAL;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const bool is_ca = strcmp(rows[i].spec->subject.cn, "authority") == 0;
		struct out pem CLEANUP(out_done) = { 0 };
		struct out section CLEANUP(out_done) = { 0 };
		struct eif_judgement judgement;

		CASE(rows[i].name);
		if (is_ca)
			out_bytes(&pem, p.pem[SIGNER].data, p.pem[SIGNER].len);
		issue(rows[i].spec, is_ca ? ROOT : CA, &pem);
		section = sign(out_view(&pem));
		judgement = judge(&section, NOW, is_ca ? &p.pem[ROOT] : &p.pem[CA]);
		check_but(&judgement, EIF_CHAINED, EIF_NO, rows[i].text);
	}
}

static void chain_of_strangers(void **state)
{
	const int chain[] = { SIGNER, ROOT };
	struct out pem CLEANUP(out_done) = chain_of(chain, 2);
	struct out section CLEANUP(out_done) = sign(out_view(&pem));
	const struct eif_judgement judgement = judge(&section, NOW, &p.pem[ROOT]);

	(void)state;
	check_but(&judgement, EIF_CHAINED, EIF_NO, "not issued by the one that follows");
}

static void every_prefix_is_refused(void **state)
{
	struct out section CLEANUP(out_done) = sign(out_view(&p.pem[SIGNER]));

	(void)state;
	for (size_t len = 0; len < section.len; len++) {
		struct eif_signature signature = { 0 };
		struct cella_error err = { 0 };

		CHECK_STATUS(CELLA_MALFORMED,
			     eif_signature_parse(bytes_of(section.data, len), &signature,
						 &err));
	}
}

/* No changed byte leaves a signature that holds for everything. */
static void every_byte_matters(void **state)
{
	struct out section CLEANUP(out_done) = sign(out_view(&p.pem[SIGNER]));
	struct eif_certs trusted CLEANUP(eif_certs_done) = { 0 };
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(eif_certs_parse(out_view(&p.pem[SIGNER]), "trusted", &trusted, &err));
	for (size_t i = 0; i < section.len; i++) {
		struct eif_signature signature CLEANUP(eif_signature_done) = { 0 };
		struct eif_judgement judgement = { 0 };

		section.data[i] ^= 1;
		if (eif_signature_parse(out_view(&section), &signature, &err) ==
		    CELLA_OK) {
			CHECK_OK(eif_signature_judge(&signature, p.pcr0, NOW, &trusted,
						     &judgement, &err));
			CHECK_TRUE(!eif_judgement_is_good(&judgement));
		}
		section.data[i] ^= 1;
	}
}

/* --- other forms --------------------------------------------------------------------- */

/* A COSE_Sign1 of which single parts are chosen. */
struct cose {
	int64_t alg;
	int64_t index;
	size_t value_len;
	uint64_t tag; /* 0: none */
	uint64_t parts;
	uint64_t unprotected;
};

static void put_cose(const struct cose *c, struct out *out)
{
	static const uint8_t value[64] = { 0 };
	struct out header CLEANUP(out_done) = { 0 };
	struct out payload CLEANUP(out_done) = { 0 };

	cbor_put_head(&header, CBOR_MAP, 1);
	cbor_put_number(&header, 1);
	cbor_put_number(&header, c->alg);
	cbor_put_head(&payload, CBOR_MAP, 2);
	cbor_put_text(&payload, "register_value"); /* the order is nobody's promise */
	cbor_put_octets(&payload, bytes_of(value, c->value_len));
	cbor_put_text(&payload, "register_index");
	cbor_put_number(&payload, c->index);
	if (c->tag != 0)
		cbor_put_head(out, CBOR_TAG, c->tag);
	cbor_put_head(out, CBOR_ARRAY, c->parts);
	cbor_put_bytes(out, out_view(&header));
	cbor_put_head(out, CBOR_MAP, c->unprotected);
	if (c->unprotected > 0) {
		cbor_put_number(out, 4);
		cbor_put_text(out, "kid");
	}
	cbor_put_bytes(out, out_view(&payload));
	cbor_put_bytes(out, bytes_of(value, 64));
}

static void put_section(uint64_t num, const char *second, struct cella_bytes pem,
			struct cella_bytes cose, struct out *out)
{
	cbor_put_head(out, CBOR_ARRAY, num);
	cbor_put_head(out, CBOR_MAP, 2);
	cbor_put_text(out, second);
	cbor_put_octets(out, cose);
	cbor_put_text(out, "signing_certificate");
	cbor_put_octets(out, pem);
}

static void other_forms(void **state)
{
	const struct {
		const char *name;
		struct cose cose;
		enum cella_status status;
		const char *text;
	} rows[] = {
		{ "good, tagged", { -35, 0, 48, 18, 4, 0 }, CELLA_OK, "" },
		{ "good, not tagged", { -7, 0, 48, 0, 4, 0 }, CELLA_OK, "" },
		{ "alg_none", { 0, 0, 48, 0, 4, 0 }, CELLA_UNSUPPORTED, "algorithm 0" },
		{ "ES512", { -36, 0, 48, 0, 4, 0 }, CELLA_UNSUPPORTED, "algorithm -36" },
		{ "HMAC", { 5, 0, 48, 0, 4, 0 }, CELLA_UNSUPPORTED, "algorithm 5" },
		{ "another PCR",
		  { -35, 1, 48, 0, 4, 0 },
		  CELLA_MALFORMED,
		  "register_index: is not 0" },
		{ "a short PCR",
		  { -35, 0, 47, 0, 4, 0 },
		  CELLA_MALFORMED,
		  "of 48 bytes" },
		{ "a long PCR", { -35, 0, 49, 0, 4, 0 }, CELLA_MALFORMED, "too large" },
		{ "a tag of others",
		  { -35, 0, 48, 98, 4, 0 },
		  CELLA_MALFORMED,
		  "not that of COSE_Sign1" },
		{ "five parts", { -35, 0, 48, 0, 5, 0 }, CELLA_MALFORMED, "too large" },
		{ "three parts", { -35, 0, 48, 0, 3, 0 }, CELLA_MALFORMED, "not four" },
		{ "unprotected_header",
		  { -35, 0, 48, 0, 4, 1 },
		  CELLA_MALFORMED,
		  "unprotected" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct eif_signature signature CLEANUP(eif_signature_done) = { 0 };
		struct out section CLEANUP(out_done) = { 0 };
		struct out cose CLEANUP(out_done) = { 0 };
		struct cella_error err = { 0 };

		CASE(rows[i].name);
		put_cose(&rows[i].cose, &cose);
		put_section(1, "signature", out_view(&p.pem[SIGNER]), out_view(&cose),
			    &section);
		CHECK_STATUS(rows[i].status,
			     eif_signature_parse(out_view(&section), &signature, &err));
		CHECK_TEXT_HAS(err.text, rows[i].text);
	}
}

static void other_sections(void **state)
{
	const struct cose good = { -35, 0, 48, 0, 4, 0 };
	const struct {
		const char *name;
		uint64_t num;
		const char *second;
		const char *pem;
		enum cella_status status;
		const char *text;
	} rows[] = {
		{ "several", 2, "signature", NULL, CELLA_UNSUPPORTED, "there are 2" },
		{ "none", 0, "signature", NULL, CELLA_UNSUPPORTED, "there are 0" },
		{ "another name", 1, "signatures", NULL, CELLA_MALFORMED, "not known" },
		{ "twice", 1, "signing_certificate", NULL, CELLA_MALFORMED, "twice" },
		{ "no certificate", 1, "signature", "", CELLA_MALFORMED,
		  "there is no certificate" },
		{ "text", 1, "signature", "hello", CELLA_MALFORMED,
		  "signing_certificate" },
		{ "no PEM inside", 1, "signature",
		  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		  CELLA_MALFORMED, "certificate" },
	};
	struct out cose CLEANUP(out_done) = { 0 };

	(void)state;
	put_cose(&good, &cose);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct eif_signature signature CLEANUP(eif_signature_done) = { 0 };
		struct out section CLEANUP(out_done) = { 0 };
		struct cella_error err = { 0 };

		CASE(rows[i].name);
		put_section(rows[i].num, rows[i].second,
			    rows[i].pem != NULL ? bytes_from_text(rows[i].pem)
						: out_view(&p.pem[SIGNER]),
			    out_view(&cose), &section);
		CHECK_STATUS(rows[i].status,
			     eif_signature_parse(out_view(&section), &signature, &err));
		CHECK_TEXT_HAS(err.text, rows[i].text);
	}
}

static void too_many_certificates(void **state)
{
	const int five[] = { SIGNER, CA, ROOT, ROOT, ROOT };
	struct out pem CLEANUP(out_done) = chain_of(five, 5);
	struct eif_certs certs = { .num_certs = 0 };
	struct cella_error err = { 0 };

	(void)state;
	CHECK_STATUS(CELLA_LIMIT, eif_certs_parse(out_view(&pem), "file", &certs, &err));
	CHECK_TEXT_HAS(err.text, "file: more than 4");
	CHECK_INT(0, certs.num_certs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signed_and_judged),
		cmocka_unit_test(zero_is_no),
		cmocka_unit_test(curve_of_the_key),
		cmocka_unit_test(out_of_time),
		cmocka_unit_test(another_image),
		cmocka_unit_test(signature_changed),
		cmocka_unit_test(whom_not_to_trust),
		cmocka_unit_test(broken_chains),
		cmocka_unit_test(chain_of_strangers),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(every_byte_matters),
		cmocka_unit_test(other_forms),
		cmocka_unit_test(other_sections),
		cmocka_unit_test(too_many_certificates),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
