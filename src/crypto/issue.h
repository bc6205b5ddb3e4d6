/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of certificates and revocation lists, for the simulated platform's
 * authorities: linked into cella-sim only. The documents themselves are written by
 * src/sim, because forgeries need encodings that a library rightly refuses to write.
 */
#ifndef CRYPTO_ISSUE_H
#define CRYPTO_ISSUE_H

#include "crypto/private_key.h"

/* The hash that is signed; only SHA-256 is right for a chain of the profile. */
enum sim_issue_hash { SIM_ISSUE_SHA256, SIM_ISSUE_SHA384, SIM_ISSUE_SHA1 };

/* sim_issue_signature() appends an ECDSA-Sig-Value in DER over a message to out. */
enum cella_status sim_issue_signature(const struct private_key *key,
				      enum sim_issue_hash hash,
				      struct cella_bytes message, struct out *out,
				      struct cella_error *err) MUST_CHECK;

#endif
