/* SPDX-License-Identifier: Apache-2.0 */
/* Revocation, and every date in both directions. */
#include "dcap_rows.h"

#include "collateral/cert_chain.h"

#include <stdio.h>

/* --- revocation ---------------------------------------------------------------------- */

static void revoke_pck(struct maker *m)
{
	m->crls[MAKER_PCK_CRL].revoked[1] = m->certs[MAKER_PCK].serial;
}

static void revoke_ca(struct maker *m)
{
	m->crls[MAKER_ROOT_CRL].revoked[0] = m->certs[MAKER_CA].serial;
}

static void revoke_signer(struct maker *m)
{
	m->crls[MAKER_ROOT_CRL].revoked[0] = m->certs[MAKER_SIGNER].serial;
}

/* A serial number counts in the list of its issuer only. */
static void revoke_in_the_wrong_list(struct maker *m)
{
	m->crls[MAKER_ROOT_CRL].revoked[0] = m->certs[MAKER_PCK].serial;
	m->crls[MAKER_PCK_CRL].revoked[1] = m->certs[MAKER_CA].serial;
	m->crls[MAKER_PCK_CRL].revoked[2] = m->certs[MAKER_SIGNER].serial;
}

/* An empty list that hides the revocation, by somebody else's key. */
static void root_crl_by_another_key(struct maker *m)
{
	m->crls[MAKER_ROOT_CRL].issuer = MAKER_OTHER_KEY;
}

static void pck_crl_by_another_key(struct maker *m)
{
	m->crls[MAKER_PCK_CRL].issuer = MAKER_OTHER_KEY;
}

static void root_crl_by_the_ca(struct maker *m)
{
	m->crls[MAKER_ROOT_CRL].issuer = MAKER_CA;
}

static void root_crl_of_another_name(struct maker *m)
{
	m->crls[MAKER_ROOT_CRL].issuer_cn = "Another Root CA";
}

static void pck_crl_of_the_other_ca(struct maker *m)
{
	m->crls[MAKER_PCK_CRL].issuer_cn = cert_cn_processor_ca;
}

static void root_crl_without_number(struct maker *m)
{
	m->crls[MAKER_ROOT_CRL].no_number = true;
}

static void root_crl_without_authority(struct maker *m)
{
	m->crls[MAKER_ROOT_CRL].no_authority_key = true;
}

static void root_crl_critical(struct maker *m)
{
	m->crls[MAKER_ROOT_CRL].critical = true;
}

static void pck_crl_without_number(struct maker *m)
{
	m->crls[MAKER_PCK_CRL].no_number = true;
}

static void pck_crl_without_authority(struct maker *m)
{
	m->crls[MAKER_PCK_CRL].no_authority_key = true;
}

static void pck_crl_critical(struct maker *m)
{
	m->crls[MAKER_PCK_CRL].critical = true;
}

static void pck_crl_indirect(struct maker *m)
{
	m->crls[MAKER_PCK_CRL].entry_critical = true;
}

static void swap_lists(struct maker *m)
{
	const struct out kept = m->crl_der[0];

	m->crl_der[0] = m->crl_der[1];
	m->crl_der[1] = kept;
}

/*
 * Another CA of the same name, certified by the same root with another key (an older one
 * that was stolen, say), signs an empty list: the platform's own CA did not.
 */
static void pck_crl_by_a_ca_of_the_same_name(struct maker *m)
{
	struct make_cert ca = m->certs[MAKER_CA];
	struct make_crl crl = m->crls[MAKER_PCK_CRL];
	struct out pem = { 0 };
	struct out der = { 0 };

	ca.key = MAKER_OTHER_KEY;
	ca.serial = 99;
	crl.issuer = MAKER_OTHER_KEY;
	maker_cert(m, &ca, &der);
	maker_pem(&pem, "CERTIFICATE", &der);
	maker_pem(&pem, "CERTIFICATE", &m->der[MAKER_ROOT]);
	out_done(&m->ca_chain);
	m->ca_chain = pem;
	out_done(&m->crl_der[MAKER_PCK_CRL]);
	maker_crl(m, &crl, &m->crl_der[MAKER_PCK_CRL]);
	out_done(&der);
}

static const struct row revocation_rows[] = {
	{ "pck_revoked", revoke_pck, NULL, NULL, "pck.revoked", MAKER_TDX },
	{ "ca_revoked", revoke_ca, NULL, NULL, "pck_ca.revoked", MAKER_TDX },
	{ "signer_revoked", revoke_signer, NULL, NULL, "signing.revoked", MAKER_TDX },
	{ "numbers in lists of other issuers", revoke_in_the_wrong_list, NULL, NULL, "",
	  MAKER_TDX },
	{ "root_crl_by_another_key", root_crl_by_another_key, NULL, NULL,
	  "root_crl.signature", MAKER_TDX },
	{ "root_crl_by_the_ca", root_crl_by_the_ca, NULL, NULL, "root_crl.signature",
	  MAKER_TDX },
	{ "root_crl_of_another_name", root_crl_of_another_name, NULL, NULL,
	  "root_crl.signature", MAKER_TDX },
	{ "root_crl_without_number", root_crl_without_number, NULL, NULL,
	  "root_crl.signature", MAKER_TDX },
	{ "root_crl_without_authority", root_crl_without_authority, NULL, NULL,
	  "root_crl.signature", MAKER_TDX },
	{ "root_crl_critical", root_crl_critical, NULL, NULL, "root_crl.signature",
	  MAKER_TDX },
	{ "pck_crl_by_another_key", pck_crl_by_another_key, NULL, NULL,
	  "pck_crl.signature", MAKER_TDX },
	{ "pck_crl_of_the_other_ca", pck_crl_of_the_other_ca, NULL, NULL,
	  "pck_crl.signature", MAKER_TDX },
	{ "pck_crl_by_a_ca_of_the_same_name", NULL, pck_crl_by_a_ca_of_the_same_name,
	  NULL, "pck_crl.signature", MAKER_TDX },
	{ "pck_crl_without_number", pck_crl_without_number, NULL, NULL,
	  "pck_crl.signature", MAKER_TDX },
	{ "pck_crl_without_authority", pck_crl_without_authority, NULL, NULL,
	  "pck_crl.signature", MAKER_TDX },
	{ "pck_crl_critical", pck_crl_critical, NULL, NULL, "pck_crl.signature",
	  MAKER_TDX },
	{ "pck_crl_indirect", pck_crl_indirect, NULL, NULL, "pck_crl.signature",
	  MAKER_TDX },
	{ "lists_swapped", NULL, swap_lists, NULL, "root_crl.signature pck_crl.signature",
	  MAKER_TDX },
};

void revocation(void **state)
{
	(void)state;
	check_rows(revocation_rows, ARRAY_LEN(revocation_rows));
}

/* --- dates --------------------------------------------------------------------------- */

/* What expires or begins, the moment before and after which it is good, and its check. */
void every_date_in_both_directions(void **state)
{
	static const struct {
		const char *name;
		size_t to; /* offset of the text in struct maker */
		size_t from;
		const char *failing;
	} rows[] = {
#define CERT(c) offsetof(struct maker, certs[c].to), offsetof(struct maker, certs[c].from)
#define CRL(c) offsetof(struct maker, crls[c].to), offsetof(struct maker, crls[c].from)
/* A member's name cannot stand in parentheses. */
#define DOC(d) offsetof(struct maker, d.to), offsetof(struct maker, d.from) /* NOLINT */
		{ "pck", CERT(MAKER_PCK), "pck.dates" },
		{ "ca", CERT(MAKER_CA), "pck.dates pck_crl.dates" },
		{ "root", CERT(MAKER_ROOT),
		  "pck.dates tcb_info.dates qe_identity.dates pck_crl.dates" },
		{ "signer", CERT(MAKER_SIGNER), "tcb_info.dates qe_identity.dates" },
		{ "tcb_info", DOC(tcb_info), "tcb_info.dates" },
		{ "identity", DOC(identity), "qe_identity.dates" },
		{ "root_crl", CRL(MAKER_ROOT_CRL), "root_crl.dates" },
		{ "pck_crl", CRL(MAKER_PCK_CRL), "pck_crl.dates" },
#undef CERT
#undef CRL
#undef DOC
	};
	static const struct {
		const char *name;
		const char *moment;
		bool is_end;
		int64_t at; /* seconds from the moment */
		int64_t grace_s;
		bool is_good;
	} tries[] = {
		{ "expires_now", MAKER_NOW, true, 0, 0, true },
		{ "expired", MAKER_NOW, true, 1, 0, false },
		{ "expired_in_its_grace", MAKER_NOW, true, 3600, 3600, true },
		{ "expired_beyond_its_grace", MAKER_NOW, true, 3601, 3600, false },
		{ "begins_now", MAKER_NOW, false, 0, 0, true },
		{ "not_yet_valid", MAKER_NOW, false, -1, 0, false },
		{ "grace_is_not_for_the_future", MAKER_NOW, false, -1, 3600, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t k = 0; k < ARRAY_LEN(tries); k++) {
			struct cella_verify_options options;
			struct cella_verdict *verdict;
			const char *moment = tries[k].moment;
			struct out failing;
			struct maker m;
			char name[80];

			snprintf(name, sizeof name, "%s_%s", rows[i].name, tries[k].name);
			CASE(name);
			maker_init(&m, MAKER_TDX);
			memcpy((uint8_t *)&m +
				       (tries[k].is_end ? rows[i].to : rows[i].from),
			       &moment, sizeof moment);
			maker_build(&m);
			maker_options(&m, &options);
			options.time = time_at(moment) + tries[k].at;
			options.grace_s = tries[k].grace_s;
			verdict = maker_verify(&m, &options);
			failing = failing_checks(verdict);
			CHECK_TEXT(tries[k].is_good ? "" : rows[i].failing,
				   (char *)failing.data);
			out_done(&failing);
			cella_verdict_free(verdict);
			maker_done(&m);
		}
	}
}
