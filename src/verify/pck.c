/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Provisioning certification keys.
 */
#include "verify/pck.h"

#include <stdio.h>
#include <string.h>

static enum cella_status read_extension(struct pck *pck, struct cella_error *err)
{
	const struct crypto_cert *const leaf = cert_chain_leaf(&pck->chain);
	const bool is_platform = strcmp(leaf->issuer_cn, cert_cn_platform_ca) == 0;
	struct cella_error fault = { 0 };

	if (leaf->sgx_extension.data == NULL) {
		snprintf(pck->ext_fault, sizeof pck->ext_fault,
			 "the certificate has no SGX extension");
		return CELLA_OK;
	}
	switch (pck_ext_parse(leaf->sgx_extension, is_platform, &pck->ext, &fault)) {
	case CELLA_OK:
		pck->has_ext = true;
		return CELLA_OK;
	case CELLA_NOMEM:
		return error_nomem(err);
	default:
		snprintf(pck->ext_fault, sizeof pck->ext_fault, "%s", fault.text);
		return CELLA_OK;
	}
}

static enum cella_status fill(struct pck *pck, struct cella_bytes pem,
			      const struct cert_chain *const *known, size_t num_known,
			      struct cella_error *err)
{
	TRY(cert_chain_parse(pem, known, num_known, "pck chain", &pck->chain, err));
	TRY(cert_chain_check(&pck->chain, CHAIN_PCK, &pck->fault, &pck->fault_index,
			     err));
	return read_extension(pck, err);
}

enum cella_status pck_new(struct cella_bytes pem, const struct cert_chain *const *known,
			  size_t num_known, struct pck **out, struct cella_error *err)
{
	struct pck *const pck = calloc(1, sizeof *pck);
	enum cella_status status;

	if (pck == NULL)
		return error_nomem(err);
	atomic_init(&pck->refs, 1);
	status = fill(pck, pem, known, num_known, err);
	if (status != CELLA_OK) {
		pck_unref(pck);
		return status;
	}
	*out = pck;
	return CELLA_OK;
}

struct pck *pck_ref(struct pck *pck)
{
	atomic_fetch_add_explicit(&pck->refs, 1, memory_order_relaxed);
	return pck;
}

void pck_unref(struct pck *pck)
{
	if (pck == NULL ||
	    atomic_fetch_sub_explicit(&pck->refs, 1, memory_order_acq_rel) != 1)
		return;
	cert_chain_done(&pck->chain);
	free(pck);
}
