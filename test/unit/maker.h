/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small maker of evidence and collateral, for unit tests: an authority, a platform, a
 * quote and its documents, all good; a test changes what they say before they are signed,
 * or their bytes afterwards.
 *
 *	maker_init(&m, MAKER_TDX);
 *	m.certs[MAKER_PCK].not_after = …;	what is said
 *	maker_build(&m);			is signed
 *	m.quote.data[100] ^= 1;			and forged
 *	verdict = maker_verify(&m, NULL);
 *	…
 *	maker_done(&m);
 *
 * A failure to make something fails the test.
 */
#ifndef TEST_MAKER_H
#define TEST_MAKER_H

#include <cella/verify.h>

#include "collateral/pck_ext.h"
#include "crypto/private_key.h"
#include "evidence/field.h"
#include "evidence/quote.h"

enum maker_tee { MAKER_SGX, MAKER_TDX };

enum maker_cert { MAKER_ROOT, MAKER_CA, MAKER_PCK, MAKER_SIGNER, MAKER_NUM_CERTS };

/* Keys beside those of the certificates: the attestation key, and somebody else's. */
enum { MAKER_ATT_KEY = MAKER_NUM_CERTS, MAKER_OTHER_KEY, MAKER_NUM_KEYS };

/* struct make_cert - what a certificate says. Texts are borrowed. */
struct make_cert {
	const char *cn;
	const char *issuer_cn;
	const char *from;
	const char *to;
	unsigned serial;
	const char *constraints; /* as OpenSSL writes extensions; NULL: left out */
	const char *key_usage;   /* likewise */
	const char *more_oid;    /* another extension, with the contents 05 00 */
	bool more_is_critical;
	int key;      /* whose it is */
	int issuer;   /* the key that signs it */
	int version;  /* 3 */
	bool sha384;  /* signed with SHA-384 instead of SHA-256 */
	bool has_ext; /* the SGX extension */
	bool ext_twice;
	bool compressed;            /* the key's point */
	const uint8_t *long_serial; /* 21 bytes, big endian; NULL: serial */
	bool negative_serial;
};

/* struct make_crl - what a revocation list says. */
struct make_crl {
	const char *issuer_cn;
	const char *from;
	const char *to;
	unsigned revoked[4]; /* serial numbers; 0 ends them */
	int issuer;          /* the key that signs it */
	bool no_number;
	bool no_authority_key;
	bool critical;       /* with a critical extension that nobody knows */
	bool entry_critical; /* the first entry has one */
	bool version_1;
	bool no_next_update;
	bool huge_number; /* 2^64 */
	bool negative_number;
	bool negative_serial; /* of the first entry */
};

enum maker_crl { MAKER_ROOT_CRL, MAKER_PCK_CRL, MAKER_NUM_CRLS };

/* A level of a TCB info: every SGX component, the PCE, every TDX component. */
struct make_level {
	unsigned sgx;
	unsigned pce;
	unsigned tdx;
	const char *status;
	const char *date;
	const char *advisories; /* JSON: "\"INTEL-SA-00001\"", or "" */
};

/* A level of a TDX module or of a QE. */
struct make_isv_level {
	unsigned isv_svn;
	const char *status;
	const char *date;
	const char *advisories;
};

enum { MAKER_MAX_LEVELS = 4 };

/* struct make_doc - what is common to the two signed documents. */
struct make_doc {
	const char *id; /* "SGX", "TD_QE", … */
	const char *from;
	const char *to;
	unsigned number;
	const char *text; /* instead of what the rest says; NULL: none */
	int key;          /* that signs it */
};

struct maker {
	enum maker_tee tee;
	struct private_key *keys[MAKER_NUM_KEYS];
	struct make_cert certs[MAKER_NUM_CERTS];
	struct pck_ext ext;
	struct cella_bytes ext_der; /* instead of ext, when not empty; borrowed */

	uint16_t version;
	uint32_t tee_type;
	uint16_t body_type; /* of version 5's descriptor */
	const struct layout *body_layout;
	uint8_t body[1024];
	uint8_t qe_report[384];
	uint8_t auth_data[64];
	uint16_t auth_len;
	uint16_t cert_type;
	struct cella_bytes cert_data; /* instead of the chain, when not empty; borrowed */
	int att_key;                  /* that the quote carries */
	int quote_key;                /* that signs header and body */
	int qe_key;                   /* that signs the QE's report */
	bool keep_qe_data; /* do not write the hash into the QE's report data */

	struct make_doc tcb_info;
	struct make_level levels[MAKER_MAX_LEVELS]; /* up to the first without a status */
	const char *module_id;                      /* of a module identity; NULL: none */
	const char *module_mrsigner;
	const char *module_attributes;
	const char *module_attributes_mask;
	struct make_isv_level module_levels[MAKER_MAX_LEVELS];
	struct make_doc identity;
	const char *qe_mrsigner; /* what the identity expects */
	unsigned qe_isv_prod_id;
	const char *qe_attributes_mask;
	struct make_isv_level qe_levels[MAKER_MAX_LEVELS];
	struct make_crl crls[MAKER_NUM_CRLS];

	/* made by maker_build() */
	struct out der[MAKER_NUM_CERTS];
	struct out quote;
	struct out tcb_info_text; /* the inner object */
	struct out identity_text;
	uint8_t tcb_info_signature[64];
	uint8_t identity_signature[64];
	struct out crl_der[MAKER_NUM_CRLS];
	struct out pck_chain; /* PEM */
	struct out ca_chain;
	struct out signing_chain;
};

/* The moment at which everything that is made is valid. */
#define MAKER_NOW "2025-06-01T00:00:00Z"

/* maker_init() says that all is well: a TDX quote of version 4, or an SGX one of 3. */
void maker_init(struct maker *maker, enum maker_tee tee);

/* maker_set_version() changes the version, and the body with it; type is version 5's. */
void maker_set_version(struct maker *maker, uint16_t version, enum quote_body type);

/* maker_field() is the place of a field of the body; maker_qe_field() of the QE's report. */
uint8_t *maker_field(struct maker *maker, const char *name);
uint8_t *maker_qe_field(struct maker *maker, const char *name);

void maker_build(struct maker *maker);
void maker_done(struct maker *maker);

/* The steps of maker_build(): certificates and lists, quote, documents. */
void maker_issue(struct maker *maker);
void maker_quote(struct maker *maker);
void maker_documents(struct maker *maker);

/* maker_cert() and maker_crl() make one in DER. */
void maker_cert(const struct maker *maker, const struct make_cert *cert, struct out *der);
void maker_crl(const struct maker *maker, const struct make_crl *crl, struct out *der);

/* maker_pem() appends a certificate or list in PEM. */
void maker_pem(struct out *pem, const char *label, const struct out *der);

/* maker_pck_ext() writes the SGX extension's contents. */
void maker_pck_ext(const struct pck_ext *ext, struct out *der);

/* maker_document() writes {"<member>":<body>,"signature":"<hex>"}. */
void maker_document(const char *member, const struct out *body,
		    const uint8_t signature[64], struct out *text);

/* maker_bundle() writes the set as JSON with the members of Intel's collateral struct. */
void maker_bundle(const struct maker *maker, struct out *text);

/* maker_evidence() and maker_collateral() parse what was built; the caller releases. */
struct cella_evidence *maker_evidence(const struct maker *maker);
struct cella_collateral *maker_collateral(const struct maker *maker);

/* maker_options() expects nothing and trusts the maker's root, at MAKER_NOW. */
void maker_options(const struct maker *maker, struct cella_verify_options *options);

/* maker_verify() judges; options NULL: maker_options(). The caller frees. */
struct cella_verdict *maker_verify(const struct maker *maker,
				   const struct cella_verify_options *options);

#endif
