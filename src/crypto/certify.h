/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates that a host issues: its own, and those of attestation keys. For programs:
 * libcella issues nothing.
 */
#ifndef CRYPTO_CERTIFY_H
#define CRYPTO_CERTIFY_H

#include "crypto/private_key.h"

/* What a certificate says besides its key. */
struct certify_spec {
	const char *name; /* the only common name */
	int64_t not_before;
	int64_t not_after;
};

/* certify_root() appends the certificate, in DER, that a key on P-256 issues itself. */
enum cella_status certify_root(const struct private_key *key,
			       const struct certify_spec *spec, struct out *out,
			       struct cella_error *err) MUST_CHECK;

/*
 * certify_key() appends one for the key at a point (x || y on P-256), which may sign and
 * nothing else, issued by a root's key. CELLA_MALFORMED when the point is not on the curve or
 * root is not a certificate.
 */
enum cella_status certify_key(const struct private_key *root_key, struct cella_bytes root,
			      struct cella_bytes point, const struct certify_spec *spec,
			      struct out *out, struct cella_error *err) MUST_CHECK;

#endif
