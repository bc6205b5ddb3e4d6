/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key by which a host vouches for the TPMs that it gives to Enclave VMs. Its certificate is
 * the root that verifiers pin: who holds the key can make up any Enclave VM.
 */
#ifndef VM_HOST_CA_H
#define VM_HOST_CA_H

#include "crypto/private_key.h"

enum { HOST_CA_FILE_MAX = 16 << 10 };

/* struct host_ca - owned; host_ca_done() forgets the key. */
struct host_ca {
	struct private_key *key;
	struct out certificate; /* DER */
};

/*
 * host_ca_make() makes a key and its certificate, in files of PEM that do not exist yet;
 * CELLA_USAGE when one does. The key's is its owner's alone.
 */
enum cella_status host_ca_make(const char *key_path, const char *certificate_path,
			       int64_t now, struct cella_error *err) MUST_CHECK;

/* host_ca_load() reads them; the key's file must be nobody else's. */
enum cella_status host_ca_load(const char *key_path, const char *certificate_path,
			       struct host_ca *out, struct cella_error *err) MUST_CHECK;

/*
 * host_ca_certify() appends a certificate in DER for the attestation key whose public area
 * (TPM2B_PUBLIC) is given: restricted, made by and bound to its TPM, for ECDSA on P-256 with
 * SHA-256. CELLA_MALFORMED names what of it is otherwise.
 */
enum cella_status host_ca_certify(const struct host_ca *ca,
				  struct cella_bytes public_area, int64_t now,
				  struct out *out, struct cella_error *err) MUST_CHECK;

void host_ca_done(struct host_ca *ca);

#endif
