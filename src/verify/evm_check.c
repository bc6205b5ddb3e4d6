/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory: the host's root, which somebody pinned, certifies the attestation key of one
 * vTPM. The key is restricted: it signs nothing that looks like a quote and is none of its
 * TPM's. That it is, the host has looked at before it signed the certificate, whose purpose
 * says so. The quote is over PCR0 to PCR15, and its extra data is the hash of the report
 * data. The log is believed as far as it leads to the PCRs.
 *
 * All of that protects from everybody but the host's own root, who has the key.
 */
#include "verify/evm_check.h"

#include "evidence/evm.h"
#include "verify/dcap.h"
#include "verify/event_check.h"

#include <string.h>

/* What is being verified, and by which certificates. */
struct checker {
	struct cella_verdict *v;
	const struct evm *evm;
	struct crypto_cert *key;  /* the attestation key's certificate */
	struct crypto_cert *root; /* NULL: none is pinned */
};

static void checker_done(struct checker *c)
{
	crypto_cert_free(c->key);
	crypto_cert_free(c->root);
}

/* --- certificates -------------------------------------------------------------------- */

/* What is wrong with a certificate as that of an attestation key; NULL: nothing. */
static const char *key_fault(const struct crypto_cert *cert)
{
	if (cert->is_ca)
		return "it is an authority's certificate";
	if (!cert->has_key_usage || cert->key_usage != CERT_USAGE_SIGNATURE)
		return "its key may do other things than sign";
	if (!cert->has_ak_usage)
		return "it is not for an attestation key (tcg-kp-AIKCertificate)";
	if (cert->has_unknown_critical)
		return "it has a critical extension that is not known";
	return NULL;
}

static const char *root_fault(const struct crypto_cert *root)
{
	if (root->has_key_usage && (root->key_usage & CERT_USAGE_CERT_SIGN) == 0)
		return "its key may not sign certificates";
	if (!root->has_ak_usage)
		return "it is no host's root (tcg-kp-AIKCertificate)";
	if (root->has_unknown_critical)
		return "it has a critical extension that is not known";
	return NULL;
}

static enum cella_status check_root(struct checker *c, struct cella_error *err)
{
	struct cella_verdict *const v = c->v;
	char expected[ROOT_NAME_LEN];
	const char *fault;

	if (c->root == NULL) {
		verdict_check(v, CHECK_EVM_ROOT, CELLA_CHECK_NOT_EVALUATED,
			      "a host's root that is pinned: --trust-root host-ca.pem",
			      arena_text(&v->arena, "none is; the evidence names \"%s\"",
					 c->key->issuer_cn),
			      "evm: certificate");
		return CELLA_OK;
	}
	TRY(root_name(c->root->point, false, expected, err));
	fault = root_fault(c->root);
	if (fault == NULL && !bytes_equal(c->key->issuer, c->root->subject))
		fault = arena_text(&v->arena, "issued by \"%s\", another host",
				   c->key->issuer_cn);
	verdict_check(v, CHECK_EVM_ROOT, outcome_if(fault == NULL),
		      arena_text(&v->arena, "\"%s\" (%s)", c->root->subject_cn, expected),
		      fault, "evm: certificate");
	return CELLA_OK;
}

static enum cella_status check_certificate(struct checker *c, struct cella_error *err)
{
	struct cella_verdict *const v = c->v;
	const char *fault = key_fault(c->key);
	bool good = false;

	if (c->root == NULL && fault == NULL) {
		verdict_check(v, CHECK_EVM_CERTIFICATE, CELLA_CHECK_NOT_EVALUATED, NULL,
			      NULL, "evm: certificate");
		return CELLA_OK;
	}
	if (c->root != NULL)
		TRY(crypto_cert_verify(c->key, c->root, &good, err));
	if (fault == NULL && !good)
		fault = "not a signature by the root's key";
	verdict_check(v, CHECK_EVM_CERTIFICATE, outcome_if(fault == NULL), NULL, fault,
		      "evm: certificate");
	if (fault == NULL && verdict_passed(v, CHECK_EVM_ROOT))
		TRY(root_name(c->root->point, false, v->root, err));
	return CELLA_OK;
}

/* --- the quote ----------------------------------------------------------------------- */

static enum cella_status check_signature(struct checker *c, struct cella_error *err)
{
	bool good = false;

	TRY(crypto_cert_check(c->key, out_view(&c->evm->message),
			      bytes_of(c->evm->signature, sizeof c->evm->signature),
			      &good, err));
	verdict_check(c->v, CHECK_EVM_SIGNATURE, outcome_if(good), NULL,
		      good ? NULL : "not a signature by the attestation key",
		      "evm: signature");
	return CELLA_OK;
}

static enum cella_status check_pcrs(struct checker *c, struct cella_error *err)
{
	struct cella_verdict *const v = c->v;
	const struct tpm_attest *const attest = &c->evm->attest;
	const struct cella_bytes pcrs = bytes_of(c->evm->pcrs, sizeof c->evm->pcrs);
	uint8_t digest[SHA256_LEN];
	const struct cella_bytes actual = bytes_of(digest, sizeof digest);

	if (attest->selected != EVM_SELECTED) {
		verdict_check(v, CHECK_EVM_PCRS, CELLA_CHECK_FAIL, "PCR0 to PCR15",
			      arena_text(&v->arena, "a quote over the PCRs 0x%06x",
					 attest->selected),
			      "tpm quote: pcrSelect");
		return CELLA_OK;
	}
	TRY(crypto_sha256(pcrs, digest, err));
	verdict_check(
		v, CHECK_EVM_PCRS, outcome_if(bytes_equal(attest->pcr_digest, actual)),
		arena_hex(&v->arena, attest->pcr_digest), arena_hex(&v->arena, actual),
		"tpm quote: pcrDigest, of the values that came with it");
	return CELLA_OK;
}

static enum cella_status check_binding(struct checker *c, struct cella_error *err)
{
	struct cella_verdict *const v = c->v;
	uint8_t hash[SHA256_LEN];
	const struct cella_bytes expected = bytes_of(hash, sizeof hash);

	TRY(evm_binding(c->evm->report_data, hash, err));
	verdict_check(v, CHECK_EVM_BINDING,
		      outcome_if(bytes_equal(c->evm->attest.nonce, expected)),
		      arena_hex(&v->arena, expected),
		      arena_hex(&v->arena, c->evm->attest.nonce),
		      "tpm quote: extraData, of the report data that came with it");
	return CELLA_OK;
}

/* --- the log ------------------------------------------------------------------------- */

static void check_launch(struct checker *c)
{
	const bool good = c->evm->launch_fault.status == CELLA_OK;

	verdict_check(c->v, CHECK_EVM_LAUNCH, outcome_if(good),
		      "the events of a launch, then the guest's",
		      good ? NULL : c->evm->launch_fault.text, "evm: event_log");
}

/* A PCR that the log does not tell of has its first value, or is the guest's own. */
static enum cella_status check_pcr(struct checker *c, unsigned pcr,
				   struct cella_error *err)
{
	struct cella_verdict *const v = c->v;
	const int place = event_log_hash(c->evm->log, CELLA_HASH_SHA256);
	const struct cella_bytes actual = bytes_of(c->evm->pcrs[pcr], SHA256_LEN);
	struct register_replay replay;

	TRY(register_replay(c->evm->log, (size_t)place, pcr, actual, &replay, err));
	if (pcr == LAUNCH_PCR_APPLICATION)
		v->log_pcr14 = replay;
	if (replay.finding == REGISTER_MATCHES)
		return replay.num_events > 0 || pcr == 0
			       ? event_check_add(v, c->evm->log, pcr, &replay, actual,
						 err)
			       : CELLA_OK;
	if (replay.num_events > 0 || !launch_pcr_is_guests(pcr))
		return event_check_add(v, c->evm->log, pcr, &replay, actual, err);
	verdict_warn(v,
		     arena_text(&v->arena,
				"the log tells nothing of PCR%u, which the guest has "
				"extended%s",
				pcr,
				pcr == LAUNCH_PCR_IMA ? ": its kernel's IMA does" : ""));
	return CELLA_OK;
}

static enum cella_status check_log(struct checker *c, struct cella_error *err)
{
	check_launch(c);
	if (event_log_hash(c->evm->log, CELLA_HASH_SHA256) < 0 ||
	    c->evm->log->kind != CELLA_EVENT_LOG_TPM)
		return CELLA_OK; /* no launch's, then: told already */
	for (unsigned pcr = 0; pcr < LAUNCH_NUM_PCRS; pcr++)
		TRY(check_pcr(c, pcr, err));
	return CELLA_OK;
}

/* --- dates --------------------------------------------------------------------------- */

static void note_dates(struct checker *c)
{
	struct cella_verdict *const v = c->v;
	struct dated *const dated = &v->dates[DATES_EVM];
	const struct validity key = { "the attestation key's certificate",
				      c->key->not_before, c->key->not_after };

	*dated = (struct dated){ true, "evm: certificate", key, key };
	if (c->root != NULL) {
		const struct validity root = { "the host's root certificate",
					       c->root->not_before, c->root->not_after };

		if (root.from > key.from)
			dated->begins = root;
		if (root.to < key.to)
			dated->expires = root;
	}
	v->first_expiry = dated->expires;
}

/* Which policies may ask for: facts of the root that vouches, not of the evidence. */
static void note_root(struct cella_verdict *v)
{
	if (evm_strength(v) == NULL)
		return;
	facts_set_text(&v->facts, CELLA_FACT_EVM_STRENGTH, evm_strength(v));
	facts_set_text(&v->facts, CELLA_FACT_EVM_ROOT, v->root);
}

/* --- the whole ----------------------------------------------------------------------- */

static enum cella_status check_all(struct checker *c, struct cella_error *err)
{
	TRY(check_root(c, err));
	TRY(check_certificate(c, err));
	TRY(check_signature(c, err));
	TRY(check_pcrs(c, err));
	TRY(check_binding(c, err));
	TRY(check_log(c, err));
	note_dates(c);
	note_root(c->v);
	return arena_status(&c->v->arena, err);
}

enum cella_status evm_verify(struct cella_verdict *v, const struct cella_bytes *root,
			     struct cella_error *err)
{
	struct checker c CLEANUP(checker_done) = { .v = v, .evm = v->evidence->evm };
	enum cella_status status;

	v->facts = v->evidence->facts;
	status = crypto_cert_parse(out_view(&c.evm->certificate), &c.key, err);
	if (status != CELLA_OK) {
		error_prefix(err, "evm");
		return status;
	}
	if (root != NULL)
		TRY(root_cert_parse(*root, &c.root, err));
	return check_all(&c, err);
}

const char *evm_strength(const struct cella_verdict *v)
{
	return verdict_passed(v, CHECK_EVM_ROOT) &&
			       verdict_passed(v, CHECK_EVM_CERTIFICATE)
		       ? "host"
		       : NULL;
}
