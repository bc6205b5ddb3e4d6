/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A platform's provisioning certification key: its certificate chain and what the
 * certificate says of the platform. Holds at any time, so that it can be remembered.
 */
#ifndef VERIFY_PCK_H
#define VERIFY_PCK_H

#include "collateral/cert_chain.h"
#include "collateral/pck_ext.h"

/* struct pck - immutable, reference-counted. */
struct pck {
	atomic_uint refs;
	struct cert_chain chain;
	const char *fault; /* what is wrong with the chain, or NULL */
	size_t fault_index;
	bool has_ext;
	struct pck_ext ext;
	char ext_fault[232]; /* why there is no ext; "" when there is */
};

/*
 * pck_new() parses a chain of PEM certificates, leaf first. Certificates of the known
 * chains are shared. CELLA_MALFORMED when a certificate is broken.
 */
enum cella_status pck_new(struct cella_bytes pem, const struct cert_chain *const *known,
			  size_t num_known, struct pck **out,
			  struct cella_error *err) MUST_CHECK;
struct pck *pck_ref(struct pck *pck);
void pck_unref(struct pck *pck);

#endif
