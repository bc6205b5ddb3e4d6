/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate chains of the SGX provisioning certification service (Intel SGX PCK
 * Certificate and CRL Profile Specification): which certificate may stand where, and who
 * signed whom. Everything here holds at any time; dates and revocation are judged later.
 *
 * Certificates are reference-counted and remember by whom they were found to be signed,
 * so that a certificate which many chains share is parsed and checked once.
 */
#ifndef COLLATERAL_CERT_CHAIN_H
#define COLLATERAL_CERT_CHAIN_H

#include <stdatomic.h>

#include "base/bytes.h"
#include "crypto/crypto.h"

enum {
	CHAIN_MAX_CERTS = 3,
	CHAIN_MAX_LEN = 64 << 10, /* bytes of PEM */
};

/* struct chain_cert - a shared certificate. */
struct chain_cert {
	atomic_uint refs;
	struct crypto_cert *x509;
	/* The one issuer that was tried: its hash and the answer. Written by the maker. */
	bool has_issuer;
	bool issuer_signed;
	uint8_t issuer_sha256[SHA256_LEN];
};

struct chain_cert *chain_cert_ref(struct chain_cert *cert);
void chain_cert_unref(struct chain_cert *cert);

/* struct cert_chain - certificates from leaf to root; holds a reference to each. */
struct cert_chain {
	struct chain_cert *certs[CHAIN_MAX_CERTS];
	size_t num_certs;
};

void cert_chain_done(struct cert_chain *chain);
void cert_chain_copy(const struct cert_chain *from, struct cert_chain *to);

/* cert_chain_leaf() and cert_chain_root() borrow; NULL for an empty chain. */
const struct crypto_cert *cert_chain_leaf(const struct cert_chain *chain);
const struct crypto_cert *cert_chain_root(const struct cert_chain *chain);

/*
 * cert_chain_parse() parses concatenated PEM certificates. Certificates that stand in one
 * of the known chains already are shared instead of parsed again. what names the chain in
 * errors. CELLA_MALFORMED when a certificate is broken or there is none; CELLA_LIMIT for
 * more than CHAIN_MAX_CERTS.
 */
enum cella_status cert_chain_parse(struct cella_bytes pem,
				   const struct cert_chain *const *known,
				   size_t num_known, const char *what,
				   struct cert_chain *out,
				   struct cella_error *err) MUST_CHECK;

/*
 * root_cert_parse() parses a root's certificate, in PEM or DER, on its own. CELLA_MALFORMED
 * when it is broken, is not an authority's, or is not the only one. The caller frees *out.
 */
enum cella_status root_cert_parse(struct cella_bytes certificate,
				  struct crypto_cert **out,
				  struct cella_error *err) MUST_CHECK;

/* Whom a chain certifies. */
enum chain_role {
	CHAIN_PCK,     /* PCK certificate, platform or processor CA, root CA */
	CHAIN_PCK_CA,  /* platform or processor CA, root CA: issuer of a PCK CRL */
	CHAIN_SIGNING, /* TCB signing, root CA: signer of TCB info and identities */
	CHAIN_ROOT,    /* root CA alone: issuer of its own revocation list */
};

/* The names of the PCK's two possible issuers. */
extern const char cert_cn_platform_ca[];
extern const char cert_cn_processor_ca[];
extern const char cert_cn_root_ca[];
extern const char cert_cn_signing[];
extern const char cert_cn_pck[];

/*
 * cert_chain_check() checks a chain against its role: number, common names, CA flags, key
 * usage, path lengths, no unknown critical extension, names that link, signatures, and a
 * root that signed itself. *fault is NULL when all is well, otherwise a literal; *index
 * is the certificate it speaks of. Whether the root is trusted is not asked here.
 */
enum cella_status cert_chain_check(const struct cert_chain *chain, enum chain_role role,
				   const char **fault, size_t *index,
				   struct cella_error *err) MUST_CHECK;

#endif
