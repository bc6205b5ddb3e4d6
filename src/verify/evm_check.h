/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification of the evidence of Enclave VMs. Each check asks one question.
 */
#ifndef VERIFY_EVM_CHECK_H
#define VERIFY_EVM_CHECK_H

#include "verify/verdict.h"

/*
 * evm_verify() fills in the facts and adds the checks that leave nothing to judge. root is
 * the pinned root certificate of a host, PEM or DER; NULL when none is pinned: then nothing
 * is genuine. CELLA_MALFORMED when a certificate is broken.
 */
enum cella_status evm_verify(struct cella_verdict *verdict,
			     const struct cella_bytes *root,
			     struct cella_error *err) MUST_CHECK;

/*
 * evm_strength() is what the evidence protects from, as the root that vouches says: "host"
 * for a host's; NULL while nothing vouches. No field of the evidence has a say in it.
 */
const char *evm_strength(const struct cella_verdict *verdict);

#endif
