/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing the certificates and revocation lists of a provisioning certification service
 * (Intel SGX PCK Certificate and CRL Profile Specification; RFC 5280), and certificates
 * and lists that break the profile in one chosen way.
 */
#ifndef SIM_CERT_WRITE_H
#define SIM_CERT_WRITE_H

#include "crypto/issue.h"

enum { SIM_KEY_ID_LEN = 20, SIM_SERIAL_LEN = 20, SIM_MAX_REVOKED = 64 };

/* A name of the profile; L, ST and C are the same for all. */
struct sim_name {
	const char *cn;
	const char *organisation;
};

/* Bits of struct sim_cert_spec.oddities. */
enum {
	SIM_CERT_NO_BASIC_CONSTRAINTS = 1 << 0,
	SIM_CERT_NO_KEY_USAGE = 1 << 1,
	SIM_CERT_UNKNOWN_CRITICAL = 1 << 2, /* a critical extension of a private OID */
	SIM_CERT_SGX_TWICE = 1 << 3,
	SIM_CERT_COMPRESSED_POINT = 1 << 4,
	SIM_CERT_VERSION_1 = 1 << 5,
	SIM_CERT_TWO_NAMES = 1 << 6, /* the subject has a second, foreign common name */
};

/* struct sim_cert_spec - what a certificate says. Strings and views are borrowed. */
struct sim_cert_spec {
	struct sim_name subject;
	struct sim_name issuer;
	uint8_t serial[SIM_SERIAL_LEN];
	int64_t not_before;
	int64_t not_after;
	struct cella_bytes point; /* x || y: on P-256, or P-384 by its length */
	uint8_t key_id[SIM_KEY_ID_LEN];
	uint8_t issuer_key_id[SIM_KEY_ID_LEN];
	const char *crl_url;
	bool is_ca;
	int path_len;               /* -1: none */
	uint8_t key_usage;          /* SIM_USAGE_… */
	struct cella_bytes sgx_ext; /* contents of the SGX extension, or empty */
	unsigned oddities;
	enum sim_issue_hash hash;
};

/* The first byte of a KeyUsage (RFC 5280 4.2.1.3), as it stands in the BIT STRING. */
enum {
	SIM_USAGE_END_ENTITY = 0xc0, /* digitalSignature, nonRepudiation */
	SIM_USAGE_CA = 0x06,         /* keyCertSign, cRLSign */
	SIM_USAGE_CRL_ONLY = 0x02,
	SIM_USAGE_CERT_ONLY = 0x04,
};

/* sim_cert_write_tbs() appends the part that is signed. */
void sim_cert_write_tbs(const struct sim_cert_spec *spec, struct out *out);

/* sim_cert_issue() appends a certificate in DER, signed by issuer's key. */
enum cella_status sim_cert_issue(const struct sim_cert_spec *spec,
				 const struct private_key *issuer, struct out *out,
				 struct cella_error *err) MUST_CHECK;

/* Bits of struct sim_crl_spec.oddities. */
enum {
	SIM_CRL_NO_NUMBER = 1 << 0,
	SIM_CRL_NO_AUTHORITY_KEY = 1 << 1,
	SIM_CRL_UNKNOWN_CRITICAL = 1 << 2,
	SIM_CRL_ENTRY_CRITICAL = 1 << 3, /* of the first entry: of an indirect list */
	SIM_CRL_VERSION_1 = 1 << 4,
};

/* struct sim_crl_spec - what a revocation list says. */
struct sim_crl_spec {
	struct sim_name issuer;
	uint8_t issuer_key_id[SIM_KEY_ID_LEN];
	int64_t this_update;
	int64_t next_update;
	uint64_t number;
	uint8_t revoked[SIM_MAX_REVOKED][SIM_SERIAL_LEN];
	size_t num_revoked;
	unsigned oddities;
	enum sim_issue_hash hash;
};

enum cella_status sim_crl_issue(const struct sim_crl_spec *spec,
				const struct private_key *issuer, struct out *out,
				struct cella_error *err) MUST_CHECK;

/*
 * sim_key_id() computes a key's identifier: the first 160 bits of SHA-256 over the point
 * (RFC 7093 section 2, method 1), made fit for a serial number too.
 */
enum cella_status sim_key_id(struct cella_bytes point, uint8_t out[SIM_KEY_ID_LEN],
			     struct cella_error *err) MUST_CHECK;

#endif
