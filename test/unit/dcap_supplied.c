/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotes that only name their platform, with certificates from elsewhere.
 */
#include "dcap_rows.h"

#include "evidence/quote.h"

#include <string.h>

/* A certificate that somebody else supplies, for a quote that only names its platform. */
struct supplied {
	const char *name;
	uint16_t cert_type;
	void (*say)(struct maker *maker);
	void (*forge)(struct maker *maker);
	enum cella_result result;
	const char *failing;
	const char *reason; /* of pck.chain, when it is not evaluated */
};

static void another_platforms(struct maker *m)
{
	m->certs[MAKER_PCK].key = MAKER_OTHER_KEY;
}

static void another_platforms_revoked(struct maker *m)
{
	another_platforms(m);
	m->crls[MAKER_PCK_CRL].revoked[0] = m->certs[MAKER_PCK].serial;
}

static void another_platforms_expired(struct maker *m)
{
	another_platforms(m);
	m->certs[MAKER_PCK].to = "2025-05-31T00:00:00Z";
}

static void another_platforms_family(struct maker *m)
{
	another_platforms(m);
	m->ext.fmspc[0] ^= 1;
	m->ext.ppid[0] ^= 1;
}

static void own_revoked(struct maker *m)
{
	m->crls[MAKER_PCK_CRL].revoked[0] = m->certs[MAKER_PCK].serial;
}

static void own_expired(struct maker *m)
{
	m->certs[MAKER_PCK].to = "2025-05-31T00:00:00Z";
}

static void issued_by_nobody(struct maker *m)
{
	m->certs[MAKER_PCK].issuer = MAKER_OTHER_KEY;
}

/* Names and numbers are equal, and the QE's key is the same; the root is another. */
static void chain_of_an_impostor(struct maker *m)
{
	struct maker other;

	maker_init(&other, MAKER_TDX);
	private_key_free(other.keys[MAKER_PCK]);
	other.keys[MAKER_PCK] = m->keys[MAKER_PCK];
	maker_issue(&other);
	out_done(&m->pck_chain);
	m->pck_chain = other.pck_chain;
	other.pck_chain = (struct out){ 0 };
	other.keys[MAKER_PCK] = NULL;
	maker_done(&other);
}

static const struct supplied supplied[] = {
	{ "its own", CERT_DATA_PPID_RSA3072, NULL, NULL, CELLA_ACCEPTED, "", NULL },
	{ "its own, revoked", CERT_DATA_PPID_RSA3072, own_revoked, NULL, CELLA_REJECTED,
	  "pck.revoked", NULL },
	{ "its own, expired", CERT_DATA_PPID_RSA3072, own_expired, NULL, CELLA_REJECTED,
	  "pck.dates", NULL },
	{ "its own, and the body was changed", CERT_DATA_PPID_RSA3072, NULL, change_body,
	  CELLA_REJECTED, "quote.signature", NULL },
	{ "another platform's", CERT_DATA_PPID_RSA3072, another_platforms, NULL,
	  CELLA_UNDECIDED, "", "its key did not sign" },
	{ "another platform's, revoked", CERT_DATA_PPID_RSA3072,
	  another_platforms_revoked, NULL, CELLA_UNDECIDED, "", "its key did not sign" },
	{ "another platform's, expired", CERT_DATA_PPID_RSA3072,
	  another_platforms_expired, NULL, CELLA_UNDECIDED, "", "its key did not sign" },
	{ "another platform's, of another family", CERT_DATA_PPID_CLEAR,
	  another_platforms_family, NULL, CELLA_UNDECIDED, "", "its key did not sign" },
	{ "another one of this platform", CERT_DATA_PPID_RSA3072, NULL,
	  change_qe_signature, CELLA_UNDECIDED, "", "its key did not sign" },
	{ "just the named one", CERT_DATA_PPID_CLEAR, NULL, NULL, CELLA_ACCEPTED, "",
	  NULL },
	{ "just the named one, which did not sign", CERT_DATA_PPID_CLEAR, NULL,
	  change_qe_signature, CELLA_REJECTED, "qe.signature", NULL },
	{ "issued by nobody", CERT_DATA_PPID_CLEAR, issued_by_nobody, NULL,
	  CELLA_UNDECIDED, "", "certificate 1" },
	{ "of another root", CERT_DATA_PPID_CLEAR, NULL, chain_of_an_impostor,
	  CELLA_UNDECIDED, "", "it ends in another root" },
};

/* Names the platform that signs, whatever the certificate will say. */
static size_t name_platform(const struct maker *m, uint16_t cert_type, uint8_t out[404])
{
	const size_t ppid_len = cert_type == CERT_DATA_PPID_CLEAR ? PPID_LEN : 384;

	memset(out, 0x42, ppid_len);
	if (cert_type == CERT_DATA_PPID_CLEAR)
		memcpy(out, m->ext.ppid, PPID_LEN);
	memcpy(out + ppid_len, m->ext.cpu_svn, 16);
	out[ppid_len + 16] = (uint8_t)m->ext.pce_svn;
	out[ppid_len + 17] = (uint8_t)(m->ext.pce_svn >> 8);
	memcpy(out + ppid_len + 18, m->ext.pce_id, 2);
	return ppid_len + 20;
}

static const struct cella_check *find_check(const struct cella_verdict *verdict,
					    const char *id)
{
	for (size_t i = 0; i < cella_verdict_num_checks(verdict); i++)
		if (strcmp(cella_verdict_check(verdict, i)->id, id) == 0)
			return cella_verdict_check(verdict, i);
	fail_msg("there is no check %s", id);
	return NULL;
}

static void check_supplied(const struct supplied *row)
{
	struct cella_verdict *verdict;
	const struct cella_check *chain;
	struct out failing;
	uint8_t data[404];
	struct maker m;

	CASE(row->name);
	maker_init(&m, MAKER_TDX);
	m.cert_type = row->cert_type;
	m.cert_data = bytes_of(data, name_platform(&m, row->cert_type, data));
	if (row->say != NULL)
		row->say(&m);
	maker_build(&m);
	if (row->forge != NULL)
		row->forge(&m);
	verdict = maker_verify(&m, NULL);
	failing = failing_checks(verdict);
	CHECK_TEXT(row->failing, (char *)failing.data);
	CHECK_INT(row->result, cella_verdict_result(verdict));
	chain = find_check(verdict, "pck.chain");
	CHECK_INT(row->reason == NULL ? CELLA_CHECK_PASS : CELLA_CHECK_NOT_EVALUATED,
		  chain->outcome);
	if (row->reason != NULL)
		CHECK_TEXT_HAS(chain->actual, row->reason);
	out_done(&failing);
	cella_verdict_free(verdict);
	maker_done(&m);
}

/* What is wrong with a certificate that is not the evidence's says nothing against it. */
void certificate_supplied_by_somebody_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(supplied); i++)
		check_supplied(&supplied[i]);
}
