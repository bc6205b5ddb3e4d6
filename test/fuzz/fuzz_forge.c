/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forgeries of what a simulated platform has signed. The input is a list of changes, four
 * bytes each: quote or collateral, place (16 bits), exclusive or. Whatever is accepted
 * says, byte for byte, what was signed.
 */
#include "fuzz.h"

#include "collateral/bundle.h"
#include "evidence/evidence.h"
#include "sim/collateral.h"
#include "sim/quote.h"

enum { KINDS = 2, MAX_CHANGES = 64 };

/* What is good, made once for each kind. */
static struct good {
	struct out quote;
	struct out collateral;
	struct cella_evidence *evidence;
	struct cella_collateral *documents;
} goods[KINDS];
static struct sim_platform *platform;

static void make(struct good *good, enum sim_tee tee)
{
	struct sim_collateral made CLEANUP(sim_collateral_done) = { 0 };
	struct sim_quote quote CLEANUP(sim_quote_done) = { 0 };
	struct sim_collateral_spec spec;

	MUST(sim_quote_init(platform, tee == SIM_SGX ? 3 : 5,
			    tee == SIM_SGX ? QUOTE_BODY_SGX : QUOTE_BODY_TD_15, &quote,
			    NULL) == CELLA_OK);
	MUST(sim_quote_finish(&quote, &good->quote, NULL) == CELLA_OK);
	sim_collateral_spec_init(&spec, tee, FUZZ_TIME);
	MUST(sim_collateral_make(platform, &spec, &made, NULL) == CELLA_OK);
	MUST(sim_collateral_write(&made, &good->collateral, NULL) == CELLA_OK);
	MUST(cella_evidence_parse(good->quote.data, good->quote.len, &good->evidence,
				  NULL) == CELLA_OK);
	MUST(cella_collateral_parse(good->collateral.data, good->collateral.len,
				    &good->documents, NULL) == CELLA_OK);
}

static void make_all(void)
{
	struct sim_config config;

	sim_config_init(&config, FUZZ_TIME);
	MUST(sim_platform_new(&config, NULL, &platform, NULL) == CELLA_OK);
	make(&goods[0], SIM_TDX);
	make(&goods[1], SIM_SGX);
}

static bool same_leaf(struct cella_bytes pem, struct cella_bytes good)
{
	struct cert_chain a CLEANUP(cert_chain_done) = { 0 };
	struct cert_chain b CLEANUP(cert_chain_done) = { 0 };

	return cert_chain_parse(pem, NULL, 0, "", &a, NULL) == CELLA_OK &&
	       cert_chain_parse(good, NULL, 0, "", &b, NULL) == CELLA_OK &&
	       bytes_equal(cert_chain_leaf(&a)->signed_part.tbs,
			   cert_chain_leaf(&b)->signed_part.tbs);
}

static void check_signed(const struct quote *a, const struct quote *good,
			 const struct cella_collateral *c,
			 const struct cella_collateral *of)
{
	MUST(bytes_equal(a->signed_region, good->signed_region));
	MUST(bytes_equal(a->att_key, good->att_key));
	MUST(bytes_equal(a->qe_report, good->qe_report));
	MUST(bytes_equal(a->auth_data, good->auth_data));
	MUST(same_leaf(a->cert_data, good->cert_data));
	MUST(c->num_tcb_infos == 1 && c->num_identities == 1);
	MUST(bytes_equal(c->tcb_infos[0]->doc.body, of->tcb_infos[0]->doc.body));
	MUST(bytes_equal(c->identities[0]->doc.body, of->identities[0]->doc.body));
	MUST(c->num_root_crls == 1 && c->num_pck_crls == 1);
	MUST(bytes_equal(c->root_crls[0]->crl->signed_part.tbs,
			 of->root_crls[0]->crl->signed_part.tbs));
	MUST(bytes_equal(c->pck_crls[0]->crl->signed_part.tbs,
			 of->pck_crls[0]->crl->signed_part.tbs));
}

/* Judges; changed is false when no byte differs. */
static void judge(const struct good *good, struct cella_bytes quote,
		  struct cella_bytes bundle, bool changed)
{
	const struct cella_verify_options options = {
		.size = sizeof options,
		.time_choice = CELLA_TIME_AT,
		.time = FUZZ_TIME,
		.root_choice = CELLA_ROOT_GIVEN,
		.root = out_view(&platform->certs[SIM_ROOT].der),
		.report_data_expect = CELLA_EXPECT_ANY,
		.policy_expect = CELLA_EXPECT_ANY,
	};
	struct cella_evidence *evidence CLEANUP(evidence_cleanup) = NULL;
	struct cella_collateral *documents CLEANUP(collateral_cleanup) = NULL;
	struct cella_verdict *verdict = NULL;

	if (cella_evidence_parse(quote.data, quote.len, &evidence, NULL) == CELLA_OK &&
	    cella_collateral_parse(bundle.data, bundle.len, &documents, NULL) ==
		    CELLA_OK &&
	    cella_verify(evidence, documents, &options, &verdict, NULL) == CELLA_OK &&
	    cella_verdict_result(verdict) == CELLA_ACCEPTED)
		check_signed(&evidence->quote, &good->evidence->quote, documents,
			     good->documents);
	else
		MUST(changed);
	cella_verdict_free(verdict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct out copies[2] = { { 0 }, { 0 } };
	const struct good *good;

	if (platform == NULL)
		make_all();
	good = &goods[size % KINDS];
	out_bytes(&copies[0], good->quote.data, good->quote.len);
	out_bytes(&copies[1], good->collateral.data, good->collateral.len);
	for (size_t i = 0; i + 4 <= size && i < 4 * MAX_CHANGES; i += 4) {
		struct out *const copy = &copies[data[i] & 1];
		const size_t at = (size_t)data[i + 1] | (size_t)data[i + 2] << 8;

		copy->data[at % copy->len] ^= data[i + 3];
	}
	judge(good, out_view(&copies[0]), out_view(&copies[1]),
	      !bytes_equal(out_view(&copies[0]), out_view(&good->quote)) ||
		      !bytes_equal(out_view(&copies[1]), out_view(&good->collateral)));
	out_done(&copies[0]);
	out_done(&copies[1]);
	return 0;
}
