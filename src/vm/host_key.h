/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key of a host that runs Enclave VMs. Whoever verifies pins its root certificate; what
 * it vouches for is that an attestation key is in a vTPM which this host has launched as
 * the PCRs say. It does not protect from whoever has this key: the host's root.
 *
 * The process that parses what guests send never has it.
 */
#ifndef VM_HOST_KEY_H
#define VM_HOST_KEY_H

#include "crypto/private_key.h"

/* The files in the host's folder: the key (mode 0600), the root certificate (PEM). */
#define HOST_KEY_FILE "host-key.pem"
#define HOST_ROOT_FILE "host-ca.pem"
/* And, once an enclave's state is kept: the secret that these are encrypted with (mode 0600). */
#define HOST_SECRET_FILE "host-secret"

enum {
	HOST_ROOT_YEARS = 10,
	HOST_AK_LIFETIME_S = 30 * 24 * 3600, /* of an attestation key's certificate */
	HOST_CLOCK_SKEW_S = 300,             /* that verifiers' clocks may be behind */
	HOST_ENCLAVE_ID_MAX = 48,            /* characters of an enclave's name */
	HOST_SECRET_LEN = 32,
};

struct host_key;

/*
 * host_key_make() makes a key and its root certificate, in a folder that it makes unless it
 * is there. It refuses to replace them: certificates of the old key would be worth nothing.
 */
enum cella_status host_key_make(const char *folder, int64_t now,
				struct cella_error *err) MUST_CHECK;

/*
 * host_key_load() reads them. CELLA_MISSING when there is none; CELLA_IO when others may
 * read the key. The caller frees *out with host_key_free().
 */
enum cella_status host_key_load(const char *folder, struct host_key **out,
				struct cella_error *err) MUST_CHECK;
void host_key_free(struct host_key *key);

static inline void host_key_cleanup(struct host_key **key)
{
	host_key_free(*key);
}

/*
 * host_secret_load() reads the secret for what this host keeps of its enclaves, and makes it
 * where there is none. CELLA_IO when others may read it.
 */
enum cella_status host_secret_load(const char *folder, uint8_t out[HOST_SECRET_LEN],
				   struct cella_error *err) MUST_CHECK;

/* host_key_root() borrows the root certificate in DER. */
struct cella_bytes host_key_root(const struct host_key *key);

/*
 * host_key_check_time() is CELLA_USAGE outside of the root certificate's validity: what is
 * certified then, nobody could verify, however right the verifier's clock is.
 */
enum cella_status host_key_check_time(const struct host_key *key, int64_t now,
				      struct cella_error *err) MUST_CHECK;

/*
 * host_key_certify() appends a certificate in DER for an enclave's attestation key.
 * public_area is its TPM2B_PUBLIC, as it comes from the vTPM: CELLA_MALFORMED unless it is
 * a restricted signing key on P-256, made in this TPM and bound to it. The certificate is
 * valid from now on, for HOST_AK_LIFETIME_S.
 */
enum cella_status host_key_certify(const struct host_key *key,
				   struct cella_bytes public_area, const char *enclave_id,
				   int64_t now, struct out *der,
				   struct cella_error *err) MUST_CHECK;

#endif
