/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification of DCAP quotes. Each function below answers one question, adds one check
 * to the verdict, and leaves the facts that later ones need. A question that depends on
 * one that failed is "not evaluated": it cannot turn a no into a yes, and reasons do not
 * hide each other.
 *
 * Theory: the root's key certifies the platform's CA, that the platform (PCK), whose key
 * signs the quoting enclave's report; the report's data names the attestation key, which
 * signs the quote. That the report is the vendor's quoting enclave, and not just any
 * enclave on such a platform, is what the signed identity says; so without collateral
 * nothing is genuine yet.
 */
#include "verify/verdict.h"

#include "base/encode.h"
#include "verify/cache.h"

#include <stdio.h>
#include <string.h>

/* Key of the Intel SGX Root CA (subject of IntelSGXRootCA.der), as x || y. */
const uint8_t intel_root_key[64] = {
	0x0b, 0xa9, 0xc4, 0xc0, 0xc0, 0xc8, 0x61, 0x93, 0xa3, 0xfe, 0x23, 0xd6, 0xb0,
	0x2c, 0xda, 0x10, 0xa8, 0xbb, 0xd4, 0xe8, 0x8e, 0x48, 0xb4, 0x45, 0x85, 0x61,
	0xa3, 0x6e, 0x70, 0x55, 0x25, 0xf5, 0x67, 0x91, 0x8e, 0x2e, 0xdc, 0x88, 0xe4,
	0x0d, 0x86, 0x0b, 0xd0, 0xcc, 0x4e, 0xe2, 0x6a, 0xac, 0xc9, 0x88, 0xe5, 0x05,
	0xa9, 0x53, 0x55, 0x8c, 0x45, 0x3f, 0x6b, 0x09, 0x04, 0xae, 0x73, 0x94,
};

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

static void att_key_unref(struct att_key *key)
{
	if (key == NULL ||
	    atomic_fetch_sub_explicit(&key->refs, 1, memory_order_acq_rel) != 1)
		return;
	crypto_key_free(key->key);
	free(key);
}

static void att_key_cleanup(struct att_key **key)
{
	att_key_unref(*key);
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

static enum cella_outcome outcome_of(bool good)
{
	return good ? CELLA_CHECK_PASS : CELLA_CHECK_FAIL;
}

/* "certificate 2 (Intel SGX PCK Platform CA)" */
static const char *name_cert(struct cella_verdict *v, const struct cert_chain *chain,
			     size_t index)
{
	if (index >= chain->num_certs)
		return "the chain";
	return arena_text(&v->arena, "certificate %zu (%s)", index + 1,
			  chain->certs[index]->x509->subject_cn);
}

static const char *chain_fault_text(struct cella_verdict *v,
				    const struct cert_chain *chain, const char *fault,
				    size_t index)
{
	return arena_text(&v->arena, "%s: %s", name_cert(v, chain, index), fault);
}

/* --- the platform's certificate ------------------------------------------------------ */

/* The PEM chain of the platform: the quote's own, or the collateral's for quotes without. */
static enum cella_status pck_pem(const struct cella_verdict *v, struct out *pem,
				 struct cella_error *err)
{
	const struct quote *const q = &v->evidence->quote;
	const struct cella_collateral *const c = v->collateral;
	const struct chain_doc *issuer;

	if (q->cert_type == CERT_DATA_PCK_CHAIN) {
		out_bytes(pem, q->cert_data.data, q->cert_data.len);
	} else if (q->cert_type == CERT_DATA_PCK_LEAF && c != NULL &&
		   c->num_pck_crls > 0) {
		issuer = c->pck_crls[0]->issuer;
		if (issuer == NULL)
			return CELLA_OK;
		out_bytes(pem, q->cert_data.data, q->cert_data.len);
		out_text(pem, "\n");
		out_bytes(pem, issuer->text, issuer->text_len);
	} else if (q->cert_type < CERT_DATA_PCK_LEAF && c != NULL &&
		   c->pck_chain != NULL) {
		out_bytes(pem, c->pck_chain->text, c->pck_chain->text_len);
	}
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

/* Certification data of types 1 to 3 name their platform: the chain must be of it. */
static enum cella_status names_other_platform(const struct cella_verdict *v, bool *other,
					      struct cella_error *err)
{
	const struct quote *const q = &v->evidence->quote;
	struct cert_data_ppid data;

	*other = false;
	if (q->cert_type > CERT_DATA_PPID_RSA3072 || !v->pck->has_ext)
		return CELLA_OK;
	TRY(quote_ppid(q, &data, err));
	if (data.has_pce_id && memcmp(data.pce_id, v->pck->ext.pce_id, PCE_ID_LEN) != 0)
		*other = true;
	if (q->cert_type == CERT_DATA_PPID_CLEAR &&
	    memcmp(data.ppid.data, v->pck->ext.ppid, PPID_LEN) != 0)
		*other = true;
	return CELLA_OK;
}

static enum cella_status check_pck_chain(struct cella_verdict *v,
					 const struct verify_caches *caches,
					 struct cella_error *err)
{
	const struct quote *const q = &v->evidence->quote;
	struct out copy CLEANUP(out_done) = { 0 };
	bool other = false;

	if (q->cert_type == CERT_DATA_PCK_CHAIN) {
		TRY(make_pck(v, q->cert_data, caches, err));
	} else {
		TRY(pck_pem(v, &copy, err));
		if (copy.len > 0)
			TRY(make_pck(v, out_view(&copy), caches, err));
	}
	if (v->pck == NULL) {
		verdict_check(
			v, CHECK_PCK_CHAIN, CELLA_CHECK_NOT_EVALUATED, NULL,
			arena_text(&v->arena,
				   "the quote carries certification data of type %d, "
				   "no chain, and the collateral none for it",
				   q->cert_type),
			"quote: cert_data");
		return CELLA_OK;
	}
	TRY(names_other_platform(v, &other, err));
	if (other)
		verdict_check(v, CHECK_PCK_CHAIN, CELLA_CHECK_FAIL,
			      "the certificate of the platform that the quote names",
			      "another platform's", "quote: cert_data");
	else if (v->pck->fault != NULL)
		verdict_check(v, CHECK_PCK_CHAIN, CELLA_CHECK_FAIL, NULL,
			      chain_fault_text(v, &v->pck->chain, v->pck->fault,
					       v->pck->fault_index),
			      "quote: cert_data");
	else
		verdict_check(v, CHECK_PCK_CHAIN, CELLA_CHECK_PASS, NULL, NULL,
			      "quote: cert_data");
	return CELLA_OK;
}

static bool ends_in(const struct cert_chain *chain, const uint8_t root[64])
{
	const struct crypto_cert *const last = cert_chain_root(chain);

	return last != NULL && memcmp(last->point, root, P256_POINT_LEN) == 0;
}

/* "intel" or "private:<hash of the key's 65-byte encoding>" */
static enum cella_status name_root(const uint8_t point[64], bool is_intel,
				   char out[sizeof "private:" + 2 * SHA256_LEN],
				   struct cella_error *err)
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

static enum cella_status check_pck_root(struct cella_verdict *v, const uint8_t root[64],
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
	TRY(name_root(last->point,
		      memcmp(last->point, intel_root_key, P256_POINT_LEN) == 0, v->root,
		      err));
	TRY(name_root(root, is_intel, expected, err));
	verdict_check(v, CHECK_PCK_ROOT, outcome_of(ends_in(&v->pck->chain, root)),
		      arena_copy(&v->arena, expected, strlen(expected)), v->root,
		      "quote: cert_data");
	return CELLA_OK;
}

static void check_pck_extension(struct cella_verdict *v)
{
	if (!verdict_passed(v, CHECK_PCK_CHAIN)) {
		verdict_check(v, CHECK_PCK_EXTENSION, CELLA_CHECK_NOT_EVALUATED, NULL,
			      NULL, NULL);
		return;
	}
	verdict_check(v, CHECK_PCK_EXTENSION, outcome_of(v->pck->has_ext), NULL,
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
	verdict_check(v, CHECK_QE_BINDING, outcome_of(binding), NULL,
		      binding ? NULL : "its report data is not the hash of the key",
		      "quote: qe_report.report_data");
}

/* Checks the QE's report and finds the attestation key; *out may be NULL afterwards. */
static enum cella_status check_qe(struct cella_verdict *v,
				  const struct verify_caches *caches,
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
	tell_qe(v, has_chain ? outcome_of(good) : CELLA_CHECK_NOT_EVALUATED, binding);
	if (has_chain && good && binding && caches->qes != NULL)
		cache_put(caches->qes, key, *out);
	return CELLA_OK;
}

static enum cella_status check_quote_signature(struct cella_verdict *v,
					       const struct att_key *key,
					       struct cella_error *err)
{
	const struct quote *const q = &v->evidence->quote;
	bool good = false;

	if (key->key != NULL)
		TRY(crypto_verify(key->key, q->signed_region, q->signature, &good, err));
	verdict_check(v, CHECK_QUOTE_SIGNATURE, outcome_of(good), NULL,
		      key->key == NULL ? "the attestation key is not a point on P-256"
		      : good           ? NULL
				       : "not a signature by the attestation key",
		      "quote: signature");
	return CELLA_OK;
}

/* --- signed documents ---------------------------------------------------------------- */

/* Checks a document's signer and signature. doc is NULL when there is none. */
static void check_signed_doc(struct cella_verdict *v, const struct signed_doc *doc,
			     const uint8_t root[64], enum check_id chain_check,
			     enum check_id signature_check, const char *where)
{
	const struct chain_doc *const signer = doc != NULL ? doc->signer : NULL;
	enum cella_outcome chain;

	if (signer == NULL) {
		verdict_check(v, chain_check, CELLA_CHECK_NOT_EVALUATED, NULL,
			      doc == NULL ? "the document is missing"
					  : "its issuer chain is missing",
			      where);
		verdict_check(v, signature_check, CELLA_CHECK_NOT_EVALUATED, NULL, NULL,
			      where);
		return;
	}
	if (signer->fault != NULL) {
		chain = CELLA_CHECK_FAIL;
		verdict_check(v, chain_check, chain, NULL,
			      chain_fault_text(v, &signer->chain, signer->fault,
					       signer->fault_index),
			      where);
	} else {
		chain = outcome_of(ends_in(&signer->chain, root));
		verdict_check(v, chain_check, chain, NULL,
			      chain == CELLA_CHECK_FAIL ? "it ends in another root"
							: NULL,
			      where);
	}
	verdict_check(v, signature_check, outcome_of(doc->signature_good), NULL,
		      doc->signature_good ? NULL : "not a signature by its signer's key",
		      where);
}

static bool doc_is_authentic(const struct cella_verdict *v, enum check_id chain,
			     enum check_id signature)
{
	return verdict_passed(v, chain) && verdict_passed(v, signature);
}

static bool is_tdx(const struct cella_verdict *v)
{
	return v->evidence->kind == CELLA_EVIDENCE_TDX_QUOTE;
}

static void find_documents(struct cella_verdict *v)
{
	const struct cella_collateral *const c = v->collateral;
	const struct pck_ext *const ext = v->pck != NULL && v->pck->has_ext ? &v->pck->ext
									    : NULL;

	if (c == NULL)
		return;
	v->identity = collateral_identity(c, is_tdx(v) ? IDENTITY_TD_QE : IDENTITY_QE);
	v->root_crl = collateral_root_crl(c);
	if (v->pck != NULL)
		v->pck_crl =
			collateral_pck_crl(c, cert_chain_leaf(&v->pck->chain)->issuer);
	if (ext != NULL)
		v->tcb_info = collateral_tcb_info(c,
						  is_tdx(v) ? TCB_TEE_TDX : TCB_TEE_SGX,
						  ext->fmspc, ext->pce_id);
}

/* Documents of the right kind for another TEE or platform are as good as a wrong one. */
static const struct signed_doc *some_identity(const struct cella_verdict *v)
{
	if (v->identity != NULL)
		return &v->identity->doc;
	if (v->collateral == NULL || v->collateral->num_identities == 0)
		return NULL;
	return &v->collateral->identities[0]->doc;
}

static const struct tcb_info_doc *some_tcb_info(const struct cella_verdict *v)
{
	if (v->tcb_info != NULL)
		return v->tcb_info;
	if (v->collateral == NULL || v->collateral->num_tcb_infos == 0)
		return NULL;
	return v->collateral->tcb_infos[0];
}

/* --- the quoting enclave and the TDX module ------------------------------------------ */

static bool masked_equal(const uint8_t *value, const uint8_t *mask,
			 const uint8_t *expected, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((value[i] & mask[i]) != (expected[i] & mask[i]))
			return false;
	return true;
}

static void compare_qe(struct cella_verdict *v)
{
	const struct qe_identity *const id = &v->identity->identity;
	const struct sgx_report *const qe = &v->qe;
	const struct {
		const char *field;
		bool equal;
		struct cella_bytes expected;
		struct cella_bytes actual;
	} rows[] = {
		{ "mrsigner",
		  memcmp(qe->mrsigner, id->mrsigner, sizeof qe->mrsigner) == 0,
		  bytes_of(id->mrsigner, sizeof id->mrsigner),
		  bytes_of(qe->mrsigner, sizeof qe->mrsigner) },
		{ "attributes",
		  masked_equal(qe->attributes, id->attributes_mask, id->attributes, 16),
		  bytes_of(id->attributes, 16), bytes_of(qe->attributes, 16) },
		{ "miscselect",
		  masked_equal(qe->miscselect, id->miscselect_mask, id->miscselect, 4),
		  bytes_of(id->miscselect, 4), bytes_of(qe->miscselect, 4) },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].equal)
			continue;
		verdict_check(
			v, CHECK_QE_IDENTITY, CELLA_CHECK_FAIL,
			arena_hex(&v->arena, rows[i].expected),
			arena_hex(&v->arena, rows[i].actual),
			arena_text(&v->arena, "quote: qe_report.%s", rows[i].field));
		return;
	}
	verdict_check(v, CHECK_QE_IDENTITY,
		      outcome_of(qe->isv_prod_id == id->isv_prod_id),
		      arena_text(&v->arena, "%s, product %u", identity_name(id->id),
				 id->isv_prod_id),
		      arena_text(&v->arena, "product %u", qe->isv_prod_id),
		      "quote: qe_report.isv_prod_id");
}

static void check_qe_identity(struct cella_verdict *v)
{
	const char *const wanted =
		identity_name(is_tdx(v) ? IDENTITY_TD_QE : IDENTITY_QE);

	if (v->identity == NULL && some_identity(v) != NULL)
		verdict_check(
			v, CHECK_QE_IDENTITY, CELLA_CHECK_FAIL,
			arena_text(&v->arena, "identity %s", wanted),
			arena_text(
				&v->arena, "identity %s",
				identity_name(v->collateral->identities[0]->identity.id)),
			"qe_identity: id");
	else if (v->identity == NULL || !doc_is_authentic(v, CHECK_QE_IDENTITY_CHAIN,
							  CHECK_QE_IDENTITY_SIGNATURE))
		verdict_check(v, CHECK_QE_IDENTITY, CELLA_CHECK_NOT_EVALUATED, NULL, NULL,
			      "qe_identity");
	else
		compare_qe(v);
}

/* The attributes are compared under the identity's mask; Intel's library ignores it. */
static void compare_module(struct cella_verdict *v, const struct tdx_module *module)
{
	uint8_t attributes[8];

	for (size_t i = 0; i < sizeof attributes; i++)
		attributes[i] = (uint8_t)(v->td.seam_attributes >> (8 * i));
	if (memcmp(v->td.mrsigner_seam, module->mrsigner, MR_LEN) != 0)
		verdict_check(v, CHECK_TDX_MODULE, CELLA_CHECK_FAIL,
			      arena_hex(&v->arena, bytes_of(module->mrsigner, MR_LEN)),
			      arena_hex(&v->arena, bytes_of(v->td.mrsigner_seam, MR_LEN)),
			      "quote: body.mrsigner_seam");
	else if (!masked_equal(attributes, module->attributes_mask, module->attributes,
			       sizeof attributes))
		verdict_check(v, CHECK_TDX_MODULE, CELLA_CHECK_FAIL,
			      arena_hex(&v->arena, bytes_of(module->attributes, 8)),
			      arena_hex(&v->arena, bytes_of(attributes, 8)),
			      "quote: body.seam_attributes");
	else
		verdict_check(v, CHECK_TDX_MODULE, CELLA_CHECK_PASS, NULL,
			      module->id != NULL ? module->id : "TDX 1.0",
			      "quote: body.mrsigner_seam");
}

static void check_tdx_module(struct cella_verdict *v)
{
	const uint8_t major = v->td.tee_tcb_svn[1];
	const struct tdx_module *module;

	if (!verdict_passed(v, CHECK_TCB_INFO_PLATFORM) ||
	    !doc_is_authentic(v, CHECK_TCB_INFO_CHAIN, CHECK_TCB_INFO_SIGNATURE)) {
		verdict_check(v, CHECK_TDX_MODULE, CELLA_CHECK_NOT_EVALUATED, NULL, NULL,
			      "tcb_info: tdxModuleIdentities");
		return;
	}
	module = tcb_info_module(&v->tcb_info->info, major);
	if (module != NULL)
		compare_module(v, module);
	else
		verdict_check(v, CHECK_TDX_MODULE, CELLA_CHECK_FAIL, "a known identity",
			      arena_text(&v->arena, "TDX_%02X, not among %zu identities",
					 major, v->tcb_info->info.num_modules),
			      "tcb_info: tdxModuleIdentities");
}

/* --- TCB information ----------------------------------------------------------------- */

static void check_tcb_info_platform(struct cella_verdict *v)
{
	const struct tcb_info_doc *const any = some_tcb_info(v);
	const struct pck_ext *ext;

	if (any == NULL || !verdict_passed(v, CHECK_PCK_EXTENSION)) {
		verdict_check(v, CHECK_TCB_INFO_PLATFORM, CELLA_CHECK_NOT_EVALUATED, NULL,
			      any == NULL ? "the document is missing" : NULL, "tcb_info");
		return;
	}
	ext = &v->pck->ext;
	verdict_check(
		v, CHECK_TCB_INFO_PLATFORM, outcome_of(v->tcb_info != NULL),
		arena_text(&v->arena, "%s, FMSPC %s, PCE %s", is_tdx(v) ? "TDX" : "SGX",
			   arena_hex(&v->arena, bytes_of(ext->fmspc, FMSPC_LEN)),
			   arena_hex(&v->arena, bytes_of(ext->pce_id, PCE_ID_LEN))),
		arena_text(&v->arena, "%s, FMSPC %s, PCE %s",
			   any->info.tee == TCB_TEE_TDX ? "TDX" : "SGX",
			   arena_hex(&v->arena, bytes_of(any->info.fmspc, FMSPC_LEN)),
			   arena_hex(&v->arena, bytes_of(any->info.pce_id, PCE_ID_LEN))),
		"tcb_info: id, fmspc, pceId");
}

static enum cella_status evaluate_tcb(struct cella_verdict *v, struct cella_error *err)
{
	struct tcb_have have = { .qe_isv_svn = v->qe.isv_svn };

	if (!verdict_passed(v, CHECK_TCB_INFO_PLATFORM) ||
	    !doc_is_authentic(v, CHECK_TCB_INFO_CHAIN, CHECK_TCB_INFO_SIGNATURE) ||
	    !doc_is_authentic(v, CHECK_QE_IDENTITY_CHAIN, CHECK_QE_IDENTITY_SIGNATURE) ||
	    !verdict_passed(v, CHECK_PCK_ROOT) || v->identity == NULL)
		return CELLA_OK;
	have.pck = &v->pck->ext;
	have.tee_tcb_svn = is_tdx(v) ? v->td.tee_tcb_svn : NULL;
	TRY(tcb_evaluate(&v->tcb_info->info, &v->identity->identity, &have, &v->arena,
			 &v->launch, err));
	v->has_tcb = true;
	v->status = v->launch.status;
	if (!is_tdx(v) || !v->td.has_svn2)
		return CELLA_OK;
	have.tee_tcb_svn = v->td.tee_tcb_svn2;
	TRY(tcb_evaluate(&v->tcb_info->info, &v->identity->identity, &have, &v->arena,
			 &v->current, err));
	v->has_current = true;
	v->status = tcb_relaunch(v->launch.status, v->current.status);
	return CELLA_OK;
}

/* --- revocation ---------------------------------------------------------------------- */

/* Why a list cannot be relied on, or NULL. */
static const char *crl_fault(struct cella_verdict *v, const struct crl_doc *doc,
			     const uint8_t root[64])
{
	const struct crypto_crl *const crl = doc->crl;

	if (doc->issuer->fault != NULL)
		return chain_fault_text(v, &doc->issuer->chain, doc->issuer->fault,
					doc->issuer->fault_index);
	if (!ends_in(&doc->issuer->chain, root))
		return "its issuer's chain ends in another root";
	if (!crl->has_number || !crl->has_authority_key)
		return "it lacks its number or its issuer's key identifier";
	if (crl->has_unknown_critical)
		return "it has a critical extension that is not understood";
	return doc->signature_good ? NULL : "not a signature by its issuer's key";
}

static void check_root_crl(struct cella_verdict *v, const uint8_t root[64])
{
	const struct crl_doc *const doc = v->root_crl;
	const char *fault;

	if (doc == NULL || doc->issuer == NULL) {
		verdict_check(v, CHECK_ROOT_CRL, CELLA_CHECK_NOT_EVALUATED, NULL,
			      "the list is missing", "root_ca_crl");
		return;
	}
	fault = crl_fault(v, doc, root);
	if (fault == NULL &&
	    !bytes_equal(doc->crl->issuer, cert_chain_root(&doc->issuer->chain)->subject))
		fault = arena_text(&v->arena, "its issuer is %s", doc->crl->issuer_cn);
	verdict_check(v, CHECK_ROOT_CRL, outcome_of(fault == NULL), NULL, fault,
		      "root_ca_crl");
}

static void check_pck_crl(struct cella_verdict *v, const uint8_t root[64])
{
	const struct crl_doc *const doc = v->pck_crl;
	const char *fault;

	if (doc == NULL || doc->issuer == NULL || v->pck == NULL) {
		verdict_check(v, CHECK_PCK_CRL, CELLA_CHECK_NOT_EVALUATED, NULL,
			      doc == NULL ? "the list is missing"
					  : "its issuer chain is missing",
			      "pck_crl");
		return;
	}
	fault = crl_fault(v, doc, root);
	if (fault == NULL &&
	    (!bytes_equal(doc->crl->issuer, cert_chain_leaf(&v->pck->chain)->issuer) ||
	     !bytes_equal(doc->crl->issuer,
			  cert_chain_leaf(&doc->issuer->chain)->subject)))
		fault = arena_text(&v->arena, "its issuer is %s, the certificate's is %s",
				   doc->crl->issuer_cn,
				   cert_chain_leaf(&v->pck->chain)->issuer_cn);
	verdict_check(v, CHECK_PCK_CRL, outcome_of(fault == NULL), NULL, fault,
		      "pck_crl");
}

static const char *serial_text(struct cella_verdict *v, const struct crypto_cert *cert)
{
	return arena_text(&v->arena, "%s, serial number %s", cert->subject_cn,
			  arena_hex(&v->arena, bytes_of(cert->serial, cert->serial_len)));
}

static void check_revoked(struct cella_verdict *v, enum check_id id,
			  const struct crl_doc *list, enum check_id list_check,
			  const struct crypto_cert *cert, const char *where)
{
	bool listed;

	if (cert == NULL || !verdict_passed(v, list_check)) {
		verdict_check(v, id, CELLA_CHECK_NOT_EVALUATED, NULL, NULL, where);
		return;
	}
	listed = crypto_crl_lists(list->crl, cert);
	verdict_check(v, id, outcome_of(!listed), NULL,
		      listed ? serial_text(v, cert) : NULL, where);
}

/* Both documents' signers against the root's list; the worse one is told. */
static void check_signers_revoked(struct cella_verdict *v)
{
	const struct signed_doc *const docs[] = {
		v->tcb_info != NULL ? &v->tcb_info->doc : NULL,
		some_identity(v),
	};
	const struct crypto_cert *signer = NULL;

	for (size_t i = 0; i < ARRAY_LEN(docs); i++) {
		const struct crypto_cert *cert;

		if (docs[i] == NULL || docs[i]->signer == NULL)
			continue;
		cert = cert_chain_leaf(&docs[i]->signer->chain);
		if (signer == NULL || (verdict_passed(v, CHECK_ROOT_CRL) &&
				       crypto_crl_lists(v->root_crl->crl, cert)))
			signer = cert;
	}
	check_revoked(v, CHECK_SIGNER_REVOKED, v->root_crl, CHECK_ROOT_CRL, signer,
		      "root_ca_crl");
}

static void check_revocation(struct cella_verdict *v)
{
	const bool has_chain = verdict_passed(v, CHECK_PCK_CHAIN);

	check_revoked(v, CHECK_PCK_REVOKED, v->pck_crl, CHECK_PCK_CRL,
		      has_chain ? cert_chain_leaf(&v->pck->chain) : NULL, "pck_crl");
	check_revoked(v, CHECK_PCK_CA_REVOKED, v->root_crl, CHECK_ROOT_CRL,
		      has_chain ? v->pck->chain.certs[1]->x509 : NULL, "root_ca_crl");
	check_signers_revoked(v);
}

/* --- dates --------------------------------------------------------------------------- */

/* What stands and falls together in time, and the dates that Intel's results give. */
struct spans {
	struct validity items[5];
	size_t num_items;
};

static void add_span(struct spans *spans, const char *what, int64_t from, int64_t to)
{
	spans->items[spans->num_items++] = (struct validity){ what, from, to };
}

static void add_chain(struct spans *spans, const struct cert_chain *chain)
{
	for (size_t i = 0; i < chain->num_certs; i++)
		add_span(spans, chain->certs[i]->x509->subject_cn,
			 chain->certs[i]->x509->not_before,
			 chain->certs[i]->x509->not_after);
}

/* Widens the first and last issue and narrows the first expiry of a set of facts. */
static void note_dates(struct cella_verdict *v, const struct spans *spans,
		       const enum cella_fact facts[3])
{
	for (size_t i = 0; i < spans->num_items; i++) {
		const struct validity *const span = &spans->items[i];
		int64_t earliest = span->from;
		int64_t latest = span->from;
		int64_t expiry = span->to;

		cella_facts_get_time(&v->facts, facts[0], &earliest);
		cella_facts_get_time(&v->facts, facts[1], &latest);
		cella_facts_get_time(&v->facts, facts[2], &expiry);
		facts_set_time(&v->facts, facts[0],
			       span->from < earliest ? span->from : earliest);
		facts_set_time(&v->facts, facts[1],
			       span->from > latest ? span->from : latest);
		facts_set_time(&v->facts, facts[2],
			       span->to < expiry ? span->to : expiry);
	}
}

static const enum cella_fact all_dates[3] = { CELLA_FACT_EARLIEST_ISSUE_DATE,
					      CELLA_FACT_LATEST_ISSUE_DATE,
					      CELLA_FACT_EARLIEST_EXPIRATION_DATE };
static const enum cella_fact qe_dates[3] = { CELLA_FACT_QE_EARLIEST_ISSUE_DATE,
					     CELLA_FACT_QE_LATEST_ISSUE_DATE,
					     CELLA_FACT_QE_EARLIEST_EXPIRATION_DATE };

/* Keeps what begins last and what expires first of things that count together. */
static void note_group(struct cella_verdict *v, enum date_group group,
		       const struct spans *spans, const char *where)
{
	struct dated *const dated = &v->dates[group];

	*dated = (struct dated){ .where = where };
	if (spans->num_items == 0)
		return;
	note_dates(v, spans, all_dates);
	for (size_t i = 0; i < spans->num_items; i++) {
		const struct validity *const span = &spans->items[i];

		if (!dated->known || span->to < dated->expires.to)
			dated->expires = *span;
		if (!dated->known || span->from > dated->begins.from)
			dated->begins = *span;
		dated->known = true;
	}
	if (v->first_expiry.what == NULL || dated->expires.to < v->first_expiry.to)
		v->first_expiry = dated->expires;
}

static void note_doc_dates(struct cella_verdict *v, enum date_group group,
			   const struct signed_doc *doc, const char *what, int64_t from,
			   int64_t to)
{
	struct spans spans = { 0 };

	if (doc != NULL) {
		add_span(&spans, what, from, to);
		if (doc->signer != NULL)
			add_chain(&spans, &doc->signer->chain);
	}
	note_group(v, group, &spans, what);
	if (group == DATES_QE_IDENTITY)
		note_dates(v, &spans, qe_dates);
}

static void note_crl_dates(struct cella_verdict *v, enum date_group group,
			   const struct crl_doc *doc, const char *what, bool with_chain)
{
	struct spans spans = { 0 };

	if (doc != NULL) {
		add_span(&spans, what, doc->crl->this_update, doc->crl->next_update);
		if (with_chain && doc->issuer != NULL)
			add_chain(&spans, &doc->issuer->chain);
	}
	note_group(v, group, &spans, what);
}

static void note_all_dates(struct cella_verdict *v)
{
	const struct tcb_info_doc *const info = v->tcb_info;
	const struct identity_doc *const identity = v->identity;
	struct spans pck = { 0 };

	if (v->pck != NULL)
		add_chain(&pck, &v->pck->chain);
	note_group(v, DATES_PCK, &pck, "quote: cert_data");
	note_doc_dates(v, DATES_TCB_INFO, info != NULL ? &info->doc : NULL, "tcb_info",
		       info != NULL ? info->info.issue_date : 0,
		       info != NULL ? info->info.next_update : 0);
	note_doc_dates(v, DATES_QE_IDENTITY, identity != NULL ? &identity->doc : NULL,
		       "qe_identity",
		       identity != NULL ? identity->identity.issue_date : 0,
		       identity != NULL ? identity->identity.next_update : 0);
	note_crl_dates(v, DATES_ROOT_CRL, v->root_crl, "root_ca_crl", false);
	note_crl_dates(v, DATES_PCK_CRL, v->pck_crl, "pck_crl", true);
}

/* --- facts --------------------------------------------------------------------------- */

static void add_pck_facts(struct cella_verdict *v)
{
	const struct pck_ext *const ext = &v->pck->ext;

	facts_set_bytes(&v->facts, CELLA_FACT_PPID, bytes_of(ext->ppid, PPID_LEN));
	facts_set_bytes(&v->facts, CELLA_FACT_FMSPC, bytes_of(ext->fmspc, FMSPC_LEN));
	facts_set_bytes(&v->facts, CELLA_FACT_PCE_ID, bytes_of(ext->pce_id, PCE_ID_LEN));
	facts_set_bytes(&v->facts, CELLA_FACT_PCK_CPU_SVN,
			bytes_of(ext->cpu_svn, sizeof ext->cpu_svn));
	facts_set_bytes(&v->facts, CELLA_FACT_PCK_TCB_COMPONENTS,
			bytes_of(ext->components, TCB_COMPONENTS));
	facts_set_number(&v->facts, CELLA_FACT_PCK_PCE_SVN, ext->pce_svn);
	facts_set_number(&v->facts, CELLA_FACT_SGX_TYPE, ext->sgx_type);
	facts_set_text(&v->facts, CELLA_FACT_PCK_CA,
		       ext->is_platform ? "platform" : "processor");
	if (!ext->is_platform)
		return;
	facts_set_bytes(
		&v->facts, CELLA_FACT_PLATFORM_INSTANCE_ID,
		bytes_of(ext->platform_instance_id, sizeof ext->platform_instance_id));
	facts_set_bool(&v->facts, CELLA_FACT_DYNAMIC_PLATFORM, ext->dynamic_platform);
	facts_set_bool(&v->facts, CELLA_FACT_CACHED_KEYS, ext->cached_keys);
	facts_set_bool(&v->facts, CELLA_FACT_SMT_ENABLED, ext->smt_enabled);
}

static void add_standing(struct cella_verdict *v, const struct tcb_standing *standing,
			 enum cella_fact status, enum cella_fact date)
{
	facts_set_text(&v->facts, status, cella_tcb_status_name(standing->status));
	facts_set_time(&v->facts, date, standing->date);
}

static void add_tcb_facts(struct cella_verdict *v)
{
	const struct tcb_evaluation *const e = &v->launch;
	const uint32_t numbers[] = { v->tcb_info->info.evaluation_number,
				     v->identity->identity.evaluation_number };

	facts_set_text(&v->facts, CELLA_FACT_TCB_STATUS,
		       cella_tcb_status_name(v->status));
	facts_set_text(&v->facts, CELLA_FACT_TCB_STATUS_LAUNCH,
		       cella_tcb_status_name(e->status));
	if (e->date != INT64_MAX)
		facts_set_time(&v->facts, CELLA_FACT_TCB_DATE, e->date);
	if (e->level != NULL)
		add_standing(v, &e->level->standing, CELLA_FACT_PLATFORM_TCB_STATUS,
			     CELLA_FACT_PLATFORM_TCB_DATE);
	if (e->module_level != NULL)
		add_standing(v, &e->module_level->standing, CELLA_FACT_MODULE_TCB_STATUS,
			     CELLA_FACT_MODULE_TCB_DATE);
	if (e->qe_level != NULL)
		add_standing(v, &e->qe_level->standing, CELLA_FACT_QE_TCB_STATUS,
			     CELLA_FACT_QE_TCB_DATE);
	facts_set_texts(&v->facts, CELLA_FACT_ADVISORY_IDS, e->advisories,
			e->num_advisories);
	facts_set_number(&v->facts, CELLA_FACT_TCB_EVAL_NUM,
			 numbers[0] < numbers[1] ? numbers[0] : numbers[1]);
	facts_set_number(&v->facts, CELLA_FACT_QE_TCB_EVAL_NUM, numbers[1]);
	if (!v->has_current)
		return;
	facts_set_text(&v->facts, CELLA_FACT_TCB_STATUS_CURRENT,
		       cella_tcb_status_name(v->current.status));
	if (v->current.date != INT64_MAX)
		facts_set_time(&v->facts, CELLA_FACT_TCB_DATE_CURRENT, v->current.date);
	facts_set_texts(&v->facts, CELLA_FACT_ADVISORY_IDS_CURRENT, v->current.advisories,
			v->current.num_advisories);
}

static enum cella_status add_root_key_id(struct cella_verdict *v, struct cella_error *err)
{
	static const uint8_t uncompressed = 0x04;
	const struct cella_bytes parts[] = {
		bytes_of(&uncompressed, 1),
		bytes_of(cert_chain_root(&v->pck->chain)->point, P256_POINT_LEN),
	};
	uint8_t *const id = arena_alloc(&v->arena, SHA384_LEN, 1);

	TRY(arena_status(&v->arena, err));
	TRY(crypto_digest(CRYPTO_SHA384, parts, ARRAY_LEN(parts), id, err));
	facts_set_bytes(&v->facts, CELLA_FACT_ROOT_KEY_ID, bytes_of(id, SHA384_LEN));
	return CELLA_OK;
}

/* Facts of a platform are told only when its chain holds together. */
static enum cella_status add_facts(struct cella_verdict *v, struct cella_error *err)
{
	if (v->pck != NULL)
		TRY(add_root_key_id(v, err));
	if (verdict_passed(v, CHECK_PCK_EXTENSION))
		add_pck_facts(v);
	if (v->has_tcb)
		add_tcb_facts(v);
	if (v->root_crl != NULL)
		facts_set_number(&v->facts, CELLA_FACT_ROOT_CA_CRL_NUM,
				 v->root_crl->crl->number);
	if (v->pck_crl != NULL)
		facts_set_number(&v->facts, CELLA_FACT_PCK_CRL_NUM,
				 v->pck_crl->crl->number);
	return CELLA_OK;
}

enum cella_status dcap_verify(struct cella_verdict *v, const uint8_t root[64],
			      bool is_intel, const struct verify_caches *caches,
			      struct cella_error *err)
{
	struct att_key *key CLEANUP(att_key_cleanup) = NULL;

	v->facts = v->evidence->facts;
	sgx_report_read(v->evidence->quote.qe_report, &v->qe);
	if (is_tdx(v))
		td_body_read(v->evidence->quote.body, &v->td);

	TRY(check_pck_chain(v, caches, err));
	TRY(check_pck_root(v, root, is_intel, err));
	check_pck_extension(v);
	TRY(check_qe(v, caches, &key, err));
	TRY(check_quote_signature(v, key, err));

	find_documents(v);
	check_signed_doc(v, some_identity(v), root, CHECK_QE_IDENTITY_CHAIN,
			 CHECK_QE_IDENTITY_SIGNATURE, "qe_identity");
	check_qe_identity(v);
	check_signed_doc(v, some_tcb_info(v) != NULL ? &some_tcb_info(v)->doc : NULL,
			 root, CHECK_TCB_INFO_CHAIN, CHECK_TCB_INFO_SIGNATURE,
			 "tcb_info");
	check_tcb_info_platform(v);
	if (is_tdx(v))
		check_tdx_module(v);
	check_root_crl(v, root);
	check_pck_crl(v, root);
	check_revocation(v);
	note_all_dates(v);
	TRY(evaluate_tcb(v, err));
	return add_facts(v, err);
}
