/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The quote's own signatures: the platform's certificate, the quoting enclave's report,
 * the attestation key, header and body.
 */
#include "verify/dcap.h"

#include "base/encode.h"
#include "verify/cache.h"

#include <string.h>

/* struct att_key - an attestation key that a platform's QE report was found to name. */
struct att_key {
	atomic_uint refs;
	struct crypto_key *key;
};

static struct att_key *att_key_ref(struct att_key *key)
{
	atomic_fetch_add_explicit(&key->refs, 1, memory_order_relaxed);
	return key;
}

void att_key_unref(struct att_key *key)
{
	if (key == NULL ||
	    atomic_fetch_sub_explicit(&key->refs, 1, memory_order_acq_rel) != 1)
		return;
	crypto_key_free(key->key);
	free(key);
}

static void *ref_pck(void *pck)
{
	return pck_ref(pck);
}

static void unref_pck(void *pck)
{
	pck_unref(pck);
}

static void *ref_att_key(void *key)
{
	return att_key_ref(key);
}

static void unref_att_key(void *key)
{
	att_key_unref(key);
}

const struct cache_kind pck_cache_kind = { ref_pck, unref_pck };
const struct cache_kind att_key_cache_kind = { ref_att_key, unref_att_key };

/* --- the platform's certificate ------------------------------------------------------ */

/* The chain of the CA that issued a certificate on its own; *out is NULL without one. */
static enum cella_status find_issuer(const struct cella_collateral *c,
				     struct cella_bytes leaf,
				     const struct chain_doc **out,
				     struct cella_error *err)
{
	struct cert_chain chain CLEANUP(cert_chain_done) = { 0 };

	*out = NULL;
	TRY(cert_chain_parse(leaf, NULL, 0, "quote: cert_data", &chain, err));
	for (size_t i = 0; i < c->num_pck_crls; i++) {
		const struct chain_doc *const issuer = c->pck_crls[i]->issuer;

		if (issuer != NULL &&
		    bytes_equal(cert_chain_leaf(&issuer->chain)->subject,
				cert_chain_leaf(&chain)->issuer))
			*out = issuer;
	}
	return CELLA_OK;
}

/* The PEM chain of a platform whose quote carries none, out of the collateral. */
static enum cella_status pck_pem(const struct cella_verdict *v, struct out *pem,
				 struct cella_error *err)
{
	const struct quote *const q = &v->evidence->quote;
	const struct cella_collateral *const c = v->collateral;
	const struct chain_doc *issuer = NULL;

	if (c == NULL || q->cert_type > CERT_DATA_PCK_LEAF)
		return CELLA_OK;
	if (q->cert_type < CERT_DATA_PCK_LEAF) {
		if (c->pck_chain != NULL)
			out_bytes(pem, c->pck_chain->text, c->pck_chain->text_len);
		return out_status(pem, err);
	}
	TRY(find_issuer(c, q->cert_data, &issuer, err));
	if (issuer == NULL)
		return CELLA_OK;
	out_bytes(pem, q->cert_data.data, q->cert_data.len);
	out_text(pem, "\n");
	out_bytes(pem, issuer->text, issuer->text_len);
	return out_status(pem, err);
}

static enum cella_status make_pck(struct cella_verdict *v, struct cella_bytes pem,
				  const struct verify_caches *caches,
				  struct cella_error *err)
{
	const struct cert_chain *known[16];
	size_t num_known = 0;
	uint8_t key[SHA256_LEN];

	if (caches->pcks != NULL) {
		TRY(crypto_sha256(pem, key, err));
		v->pck = cache_find(caches->pcks, key);
		if (v->pck != NULL)
			return CELLA_OK;
	}
	if (v->collateral != NULL)
		num_known =
			collateral_known_chains(v->collateral, known, ARRAY_LEN(known));
	TRY(pck_new(pem, known, num_known, &v->pck, err));
	if (caches->pcks != NULL && v->pck->fault == NULL)
		cache_put(caches->pcks, key, v->pck);
	return CELLA_OK;
}

/* What certification data of types 1 to 3 and a certificate say of one platform. */
struct naming {
	bool other; /* what both say differs */
	bool exact; /* both say all that makes a PCK, and it is the same */
};

static enum cella_status compare_names(const struct cella_verdict *v, struct naming *out,
				       struct cella_error *err)
{
	const struct quote *const q = &v->evidence->quote;
	const struct pck_ext *const ext = &v->pck->ext;
	struct cert_data_ppid data;
	bool same_platform;

	*out = (struct naming){ false, false };
	if (q->cert_type > CERT_DATA_PPID_RSA3072 || !v->pck->has_ext)
		return CELLA_OK;
	TRY(quote_ppid(q, &data, err));
	same_platform = q->cert_type == CERT_DATA_PPID_CLEAR &&
			memcmp(data.ppid.data, ext->ppid, PPID_LEN) == 0;
	out->other =
		(q->cert_type == CERT_DATA_PPID_CLEAR && !same_platform) ||
		(data.has_pce_id && memcmp(data.pce_id, ext->pce_id, PCE_ID_LEN) != 0);
	out->exact = same_platform && data.has_pce_id && !out->other &&
		     memcmp(data.cpu_svn.data, ext->cpu_svn, sizeof ext->cpu_svn) == 0 &&
		     data.pce_svn == ext->pce_svn;
	return CELLA_OK;
}

/*
 * A certificate that is not in the evidence can only speak against it if it is the
 * evidence's own: sound, and its key signed the quoting enclave's report, or would have
 * had to, since the quote names just this one. Of any other, a server's mistake among
 * them, nothing follows; it could neither make a yes.
 */
static enum cella_status why_not_own(struct cella_verdict *v, const uint8_t root[64],
				     bool exact, const char **reason,
				     struct cella_error *err)
{
	const struct quote *const q = &v->evidence->quote;
	const struct pck *const pck = v->pck;
	bool good = false;

	*reason = NULL;
	if (pck->fault != NULL)
		*reason = chain_fault_text(v, &pck->chain, pck->fault, pck->fault_index);
	else if (!chain_ends_in(&pck->chain, root))
		*reason = "it ends in another root";
	if (*reason != NULL || exact)
		return CELLA_OK;
	TRY(crypto_cert_check(cert_chain_leaf(&pck->chain), q->qe_report,
			      q->qe_report_signature, &good, err));
	if (!good)
		*reason = "its key did not sign this quote's QE report";
	return CELLA_OK;
}

static void tell_missing_chain(struct cella_verdict *v, const char *reason)
{
	const int type = (int)v->evidence->quote.cert_type;

	verdict_check(
		v, CHECK_PCK_CHAIN, CELLA_CHECK_NOT_EVALUATED, NULL,
		reason == NULL
			? arena_text(&v->arena,
				     "the quote carries certification data of type %d, "
				     "no chain, and the collateral none for it",
				     type)
			: arena_text(&v->arena,
				     "the quote carries certification data of type %d, "
				     "no chain, and the collateral another one: %s",
				     type, reason),
		"quote: cert_data");
}

static void tell_chain(struct cella_verdict *v, bool names_other)
{
	const struct pck *const pck = v->pck;

	if (names_other)
		verdict_check(v, CHECK_PCK_CHAIN, CELLA_CHECK_FAIL,
			      "the certificate of the platform that the quote names",
			      "another platform's", "quote: cert_data");
	else
		verdict_check(v, CHECK_PCK_CHAIN, outcome_if(pck->fault == NULL), NULL,
			      pck->fault == NULL
				      ? NULL
				      : chain_fault_text(v, &pck->chain, pck->fault,
							 pck->fault_index),
			      "quote: cert_data");
}

/* Finds the chain; v->pck stays NULL when there is none. */
static enum cella_status find_pck(struct cella_verdict *v,
				  const struct verify_caches *caches,
				  struct cella_error *err)
{
	const struct quote *const q = &v->evidence->quote;
	struct out copy CLEANUP(out_done) = { 0 };

	if (q->cert_type == CERT_DATA_PCK_CHAIN)
		return make_pck(v, q->cert_data, caches, err);
	TRY(pck_pem(v, &copy, err));
	return copy.len > 0 ? make_pck(v, out_view(&copy), caches, err) : CELLA_OK;
}

enum cella_status check_pck_chain(struct cella_verdict *v, const uint8_t root[64],
				  const struct verify_caches *caches,
				  struct cella_error *err)
{
	const bool is_apart = v->evidence->quote.cert_type <= CERT_DATA_PPID_RSA3072;
	struct naming naming = { false, false };
	const char *reason = NULL;

	TRY(find_pck(v, caches, err));
	if (v->pck != NULL && is_apart) {
		TRY(compare_names(v, &naming, err));
		TRY(why_not_own(v, root, naming.exact, &reason, err));
	}
	if (reason != NULL) {
		pck_unref(v->pck);
		v->pck = NULL;
	}
	if (v->pck == NULL)
		tell_missing_chain(v, reason);
	else
		tell_chain(v, naming.other);
	return CELLA_OK;
}

enum cella_status root_name(const uint8_t point[64], bool is_intel,
			    char out[ROOT_NAME_LEN], struct cella_error *err)
{
	static const uint8_t uncompressed = 0x04;
	const struct cella_bytes parts[] = { bytes_of(&uncompressed, 1),
					     bytes_of(point, P256_POINT_LEN) };
	uint8_t hash[SHA256_LEN];

	if (is_intel) {
		memcpy(out, "intel", sizeof "intel");
		return CELLA_OK;
	}
	TRY(crypto_digest(CRYPTO_SHA256, parts, ARRAY_LEN(parts), hash, err));
	memcpy(out, "private:", sizeof "private:" - 1);
	hex_format(bytes_of(hash, sizeof hash), out + sizeof "private:" - 1);
	return CELLA_OK;
}

enum cella_status check_pck_root(struct cella_verdict *v, const uint8_t root[64],
				 bool is_intel, struct cella_error *err)
{
	const struct crypto_cert *last;
	char expected[sizeof v->root];

	if (v->pck == NULL) {
		verdict_check(v, CHECK_PCK_ROOT, CELLA_CHECK_NOT_EVALUATED, NULL, NULL,
			      NULL);
		return CELLA_OK;
	}
	last = cert_chain_root(&v->pck->chain);
	TRY(root_name(last->point,
		      memcmp(last->point, intel_root_key, P256_POINT_LEN) == 0, v->root,
		      err));
	TRY(root_name(root, is_intel, expected, err));
	verdict_check(v, CHECK_PCK_ROOT, outcome_if(chain_ends_in(&v->pck->chain, root)),
		      arena_copy(&v->arena, expected, strlen(expected)), v->root,
		      "quote: cert_data");
	return CELLA_OK;
}

void check_pck_extension(struct cella_verdict *v)
{
	if (!verdict_passed(v, CHECK_PCK_CHAIN)) {
		verdict_check(v, CHECK_PCK_EXTENSION, CELLA_CHECK_NOT_EVALUATED, NULL,
			      NULL, NULL);
		return;
	}
	verdict_check(v, CHECK_PCK_EXTENSION, outcome_if(v->pck->has_ext), NULL,
		      v->pck->has_ext ? arena_text(&v->arena, "FMSPC %s",
						   arena_hex(&v->arena,
							     bytes_of(v->pck->ext.fmspc,
								      FMSPC_LEN)))
				      : arena_copy(&v->arena, v->pck->ext_fault,
						   strlen(v->pck->ext_fault)),
		      "pck certificate: SGX extension");
}

/* --- the quote's signatures ---------------------------------------------------------- */

/* The QE's report data is SHA-256(attestation key || authentication data), then zeros. */
static enum cella_status qe_binds_key(const struct cella_verdict *v, bool *good,
				      struct cella_error *err)
{
	const struct quote *const q = &v->evidence->quote;
	const struct cella_bytes parts[] = { q->att_key, q->auth_data };
	uint8_t hash[SHA256_LEN];

	TRY(crypto_digest(CRYPTO_SHA256, parts, ARRAY_LEN(parts), hash, err));
	*good = memcmp(v->qe.report_data, hash, sizeof hash) == 0 &&
		bytes_are_zero(bytes_of(v->qe.report_data + SHA256_LEN,
					REPORT_DATA_LEN - SHA256_LEN));
	return CELLA_OK;
}

static enum cella_status att_key_new(struct cella_bytes point, struct att_key **out,
				     struct cella_error *err)
{
	struct att_key *key CLEANUP(att_key_cleanup) = calloc(1, sizeof *key);

	if (key == NULL)
		return error_nomem(err);
	atomic_init(&key->refs, 1);
	TRY(crypto_key_new(CRYPTO_P256, point, &key->key, err));
	*out = take(&key);
	return CELLA_OK;
}

static enum cella_status qe_key(const struct cella_verdict *v, uint8_t out[SHA256_LEN],
				struct cella_error *err)
{
	const struct quote *const q = &v->evidence->quote;
	/* Every part but the last has a fixed length. */
	const struct cella_bytes parts[] = {
		bytes_of(cert_chain_leaf(&v->pck->chain)->sha256, SHA256_LEN),
		q->qe_report,
		q->qe_report_signature,
		q->att_key,
		q->auth_data,
	};

	return crypto_digest(CRYPTO_SHA256, parts, ARRAY_LEN(parts), out, err);
}

static void tell_qe(struct cella_verdict *v, enum cella_outcome signature, bool binding)
{
	verdict_check(v, CHECK_QE_SIGNATURE, signature, NULL,
		      signature == CELLA_CHECK_FAIL ? "not a signature by the PCK's key"
						    : NULL,
		      "quote: qe_report_signature");
	verdict_check(v, CHECK_QE_BINDING, outcome_if(binding), NULL,
		      binding ? NULL : "its report data is not the hash of the key",
		      "quote: qe_report.report_data");
}

/* Checks the QE's report and finds the attestation key; *out may be NULL afterwards. */
enum cella_status check_qe(struct cella_verdict *v, const struct verify_caches *caches,
			   struct att_key **out, struct cella_error *err)
{
	const struct quote *const q = &v->evidence->quote;
	const bool has_chain = verdict_passed(v, CHECK_PCK_CHAIN);
	uint8_t key[SHA256_LEN];
	bool binding = false;
	bool good = false;

	if (has_chain && caches->qes != NULL) {
		TRY(qe_key(v, key, err));
		*out = cache_find(caches->qes, key);
		if (*out != NULL) {
			tell_qe(v, CELLA_CHECK_PASS, true);
			return CELLA_OK;
		}
	}
	TRY(qe_binds_key(v, &binding, err));
	TRY(att_key_new(q->att_key, out, err));
	if (has_chain)
		TRY(crypto_cert_check(cert_chain_leaf(&v->pck->chain), q->qe_report,
				      q->qe_report_signature, &good, err));
	tell_qe(v, has_chain ? outcome_if(good) : CELLA_CHECK_NOT_EVALUATED, binding);
	if (has_chain && good && binding && caches->qes != NULL)
		cache_put(caches->qes, key, *out);
	return CELLA_OK;
}

enum cella_status check_quote_signature(struct cella_verdict *v,
					const struct att_key *key,
					struct cella_error *err)
{
	const struct quote *const q = &v->evidence->quote;
	bool good = false;

	if (key->key != NULL)
		TRY(crypto_verify(key->key, q->signed_region, q->signature, &good, err));
	verdict_check(v, CHECK_QUOTE_SIGNATURE, outcome_if(good), NULL,
		      key->key == NULL ? "the attestation key is not a point on P-256"
		      : good           ? NULL
				       : "not a signature by the attestation key",
		      "quote: signature");
	return CELLA_OK;
}
