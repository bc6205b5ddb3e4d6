/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate chains: parsing with sharing, and the checks that do not depend on time.
 */
#include "collateral/cert_chain.h"

#include "base/encode.h"

#include <string.h>

const char cert_cn_pck[] = "Intel SGX PCK Certificate";
const char cert_cn_platform_ca[] = "Intel SGX PCK Platform CA";
const char cert_cn_processor_ca[] = "Intel SGX PCK Processor CA";
const char cert_cn_root_ca[] = "Intel SGX Root CA";
const char cert_cn_signing[] = "Intel SGX TCB Signing";

struct chain_cert *chain_cert_ref(struct chain_cert *cert)
{
	atomic_fetch_add_explicit(&cert->refs, 1, memory_order_relaxed);
	return cert;
}

void chain_cert_unref(struct chain_cert *cert)
{
	if (cert == NULL ||
	    atomic_fetch_sub_explicit(&cert->refs, 1, memory_order_acq_rel) != 1)
		return;
	crypto_cert_free(cert->x509);
	free(cert);
}

void cert_chain_done(struct cert_chain *chain)
{
	for (size_t i = 0; i < chain->num_certs; i++)
		chain_cert_unref(chain->certs[i]);
	*chain = (struct cert_chain){ 0 };
}

void cert_chain_copy(const struct cert_chain *from, struct cert_chain *to)
{
	*to = *from;
	for (size_t i = 0; i < from->num_certs; i++)
		chain_cert_ref(from->certs[i]);
}

const struct crypto_cert *cert_chain_leaf(const struct cert_chain *chain)
{
	return chain->num_certs > 0 ? chain->certs[0]->x509 : NULL;
}

const struct crypto_cert *cert_chain_root(const struct cert_chain *chain)
{
	return chain->num_certs > 0 ? chain->certs[chain->num_certs - 1]->x509 : NULL;
}

static struct chain_cert *find_known(struct cella_bytes der,
				     const struct cert_chain *const *known,
				     size_t num_known)
{
	for (size_t i = 0; i < num_known; i++)
		for (size_t k = 0; k < known[i]->num_certs; k++)
			if (bytes_equal(known[i]->certs[k]->x509->der, der))
				return known[i]->certs[k];
	return NULL;
}

static enum cella_status add_cert(struct cert_chain *chain, struct cella_bytes der,
				  const struct cert_chain *const *known, size_t num_known,
				  struct cella_error *err)
{
	struct chain_cert *cert = find_known(der, known, num_known);
	enum cella_status status;

	if (cert != NULL) {
		chain->certs[chain->num_certs++] = chain_cert_ref(cert);
		return CELLA_OK;
	}
	cert = calloc(1, sizeof *cert);
	if (cert == NULL)
		return error_nomem(err);
	atomic_init(&cert->refs, 1);
	status = crypto_cert_parse(der, &cert->x509, err);
	if (status != CELLA_OK) {
		free(cert);
		return status;
	}
	chain->certs[chain->num_certs++] = cert;
	return CELLA_OK;
}

static enum cella_status parse(struct cella_bytes pem,
			       const struct cert_chain *const *known, size_t num_known,
			       struct cert_chain *chain, struct cella_error *err)
{
	for (;;) {
		struct out der CLEANUP(out_done) = { 0 };
		bool found = false;

		TRY(pem_next(&pem, "CERTIFICATE", &der, &found, err));
		if (!found)
			break;
		if (chain->num_certs == CHAIN_MAX_CERTS)
			return error_set(err, CELLA_LIMIT, "more than %d certificates",
					 CHAIN_MAX_CERTS);
		TRY(add_cert(chain, out_view(&der), known, num_known, err));
	}
	if (chain->num_certs == 0)
		return error_set(err, CELLA_MALFORMED, "no certificate");
	return CELLA_OK;
}

enum cella_status cert_chain_parse(struct cella_bytes pem,
				   const struct cert_chain *const *known,
				   size_t num_known, const char *what,
				   struct cert_chain *out, struct cella_error *err)
{
	struct cert_chain chain = { 0 };
	enum cella_status status;

	if (pem.len > CHAIN_MAX_LEN)
		return error_set(err, CELLA_LIMIT, "%s: %zu bytes, at most %d", what,
				 pem.len, CHAIN_MAX_LEN);
	status = parse(pem, known, num_known, &chain, err);
	if (status != CELLA_OK) {
		error_prefix(err, "%s: certificate %zu", what, chain.num_certs + 1);
		cert_chain_done(&chain);
		return status;
	}
	*out = chain;
	return CELLA_OK;
}

static enum cella_status root_der(struct cella_bytes certificate, struct out *der,
				  struct cella_error *err)
{
	bool found = false;

	if (!text_is_pem(certificate)) {
		out_bytes(der, certificate.data, certificate.len);
		return out_status(der, err);
	}
	TRY(pem_next(&certificate, "CERTIFICATE", der, &found, err));
	if (text_trim(certificate).len > 0)
		return error_set(err, CELLA_MALFORMED, "more than one certificate");
	return CELLA_OK;
}

static enum cella_status read_root(struct cella_bytes certificate,
				   struct crypto_cert **out, struct cella_error *err)
{
	struct out der CLEANUP(out_done) = { 0 };
	struct crypto_cert *cert CLEANUP(crypto_cert_cleanup) = NULL;

	TRY(root_der(certificate, &der, err));
	TRY(crypto_cert_parse(out_view(&der), &cert, err));
	if (!cert->is_ca)
		return error_set(err, CELLA_MALFORMED,
				 "not a certification authority's certificate");
	*out = take(&cert);
	return CELLA_OK;
}

enum cella_status root_cert_parse(struct cella_bytes certificate,
				  struct crypto_cert **out, struct cella_error *err)
{
	const enum cella_status status = read_root(certificate, out, err);

	if (status != CELLA_OK)
		error_prefix(err, "trust root");
	return status;
}

/* What a certificate must be, by its place in a chain. */
struct place {
	const char *names[2]; /* acceptable common names */
	bool is_ca;
	unsigned usage;
	int min_path_len;
};

#define PLACE_ROOT \
	{ \
		{ cert_cn_root_ca }, true, CERT_USAGE_CERT_SIGN | CERT_USAGE_CRL_SIGN, 1 \
	}
#define PLACE_PCK_CA \
	{ \
		{ cert_cn_platform_ca, cert_cn_processor_ca }, true, \
			CERT_USAGE_CERT_SIGN | CERT_USAGE_CRL_SIGN, 0 \
	}

static const struct {
	size_t num_certs;
	struct place places[CHAIN_MAX_CERTS];
} roles[] = {
	[CHAIN_PCK] = { 3,
			{ { { cert_cn_pck }, false, CERT_USAGE_SIGNATURE, -1 },
			  PLACE_PCK_CA,
			  PLACE_ROOT } },
	[CHAIN_PCK_CA] = { 2, { PLACE_PCK_CA, PLACE_ROOT } },
	[CHAIN_SIGNING] = { 2,
			    { { { cert_cn_signing }, false, CERT_USAGE_SIGNATURE, -1 },
			      PLACE_ROOT } },
	[CHAIN_ROOT] = { 1, { PLACE_ROOT } },
};

static bool has_name(const struct crypto_cert *cert, const struct place *place)
{
	for (size_t i = 0; i < ARRAY_LEN(place->names); i++)
		if (place->names[i] != NULL &&
		    strcmp(cert->subject_cn, place->names[i]) == 0)
			return true;
	return false;
}

static const char *place_fault(const struct crypto_cert *cert, const struct place *place)
{
	if (!has_name(cert, place))
		return "its common name does not belong here";
	if (cert->is_ca != place->is_ca)
		return place->is_ca ? "it is not a CA certificate"
				    : "a CA certificate stands in for an end entity";
	if (!cert->has_key_usage || (cert->key_usage & place->usage) != place->usage)
		return "its key usage does not allow its role";
	if (place->is_ca && cert->path_len >= 0 && cert->path_len < place->min_path_len)
		return "its path length does not allow the chain";
	if (cert->has_unknown_critical)
		return "it has a critical extension that is not understood";
	return NULL;
}

/* Uses the remembered answer where there is one; remembers it where nobody shares yet. */
static enum cella_status is_signed_by(struct chain_cert *cert,
				      const struct crypto_cert *issuer, bool *good,
				      struct cella_error *err)
{
	if (cert->has_issuer &&
	    memcmp(cert->issuer_sha256, issuer->sha256, SHA256_LEN) == 0) {
		*good = cert->issuer_signed;
		return CELLA_OK;
	}
	TRY(crypto_cert_verify(cert->x509, issuer, good, err));
	if (atomic_load_explicit(&cert->refs, memory_order_acquire) == 1 &&
	    !cert->has_issuer) {
		cert->has_issuer = true;
		cert->issuer_signed = *good;
		memcpy(cert->issuer_sha256, issuer->sha256, SHA256_LEN);
	}
	return CELLA_OK;
}

static enum cella_status link_fault(const struct cert_chain *chain, size_t i,
				    const char **fault, struct cella_error *err)
{
	struct chain_cert *const cert = chain->certs[i];
	const bool is_root = i + 1 == chain->num_certs;
	const struct crypto_cert *const issuer = chain->certs[is_root ? i : i + 1]->x509;
	bool good = false;

	if (!bytes_equal(cert->x509->issuer, issuer->subject)) {
		*fault = is_root ? "it is not self-issued"
				 : "the next certificate is not its issuer";
		return CELLA_OK;
	}
	TRY(is_signed_by(cert, issuer, &good, err));
	if (!good)
		*fault = is_root ? "it did not sign itself"
				 : "its signature is not the next certificate's";
	return CELLA_OK;
}

static const char *places_fault(const struct cert_chain *chain, enum chain_role role,
				size_t *index)
{
	if (chain->num_certs != roles[role].num_certs)
		return "it has another number of certificates than its kind";
	for (*index = 0; *index < chain->num_certs; (*index)++) {
		const char *const fault = place_fault(chain->certs[*index]->x509,
						      &roles[role].places[*index]);

		if (fault != NULL)
			return fault;
	}
	return NULL;
}

enum cella_status cert_chain_check(const struct cert_chain *chain, enum chain_role role,
				   const char **fault, size_t *index,
				   struct cella_error *err)
{
	size_t i = 0;
	const char *found = places_fault(chain, role, &i);

	if (found == NULL) {
		for (i = 0; i < chain->num_certs; i++) {
			TRY(link_fault(chain, i, &found, err));
			if (found != NULL)
				break;
		}
	}
	*fault = found;
	*index = i;
	return CELLA_OK;
}
