/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two certificates of a host that runs Enclave VMs: its root, which verifiers pin, and
 * those of the attestation keys that it vouches for. For programs that hold the key.
 */
#ifndef CRYPTO_HOST_CERT_H
#define CRYPTO_HOST_CERT_H

#include "crypto/private_key.h"

enum { HOST_CERT_SERIAL_LEN = 16 };

/* struct host_cert_spec - what a certificate says beside its issuer and its purpose. */
struct host_cert_spec {
	const char
		*name; /* the subject's common name, at most CERT_NAME_MAX characters */
	uint8_t serial[HOST_CERT_SERIAL_LEN];
	int64_t not_before;
	int64_t not_after;
};

/* host_cert_root() appends a root certificate in DER: signed by the key that it is of. */
enum cella_status host_cert_root(const struct host_cert_spec *spec,
				 const struct private_key *key, struct out *der,
				 struct cella_error *err) MUST_CHECK;

/*
 * host_cert_ak() appends a certificate in DER for an attestation key (x || y on P-256),
 * good for nothing else. root is the issuer's certificate, key its key.
 */
enum cella_status host_cert_ak(const struct host_cert_spec *spec,
			       struct cella_bytes point, struct cella_bytes root,
			       const struct private_key *key, struct out *der,
			       struct cella_error *err) MUST_CHECK;

#endif
