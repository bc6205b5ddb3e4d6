/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of enclave images. The section is CBOR:
 *
 *   [{"signing_certificate": [octets of PEM], "signature": [octets of COSE_Sign1]}]
 *
 * COSE_Sign1 (RFC 9052) has the algorithm alone in its protected header (-7: ES256, on P-256;
 * -35: ES384, on P-384), nothing in the other one, and the payload
 * {"register_index": 0, "register_value": [48 octets of Nitro's PCR0]}.
 *
 * So a signature covers kernel, command line and ramdisks; nothing else of the file.
 */
#ifndef EVIDENCE_EIF_SIGNATURE_H
#define EVIDENCE_EIF_SIGNATURE_H

#include <cella/keys.h>

#include "crypto/ec_cert.h"

enum { EIF_MAX_CERTS = 4, EIF_CERTIFICATES_MAX = 14 << 10, EIF_COSE_MAX = 1 << 10 };

/* Certificates in PEM: the signer's, then the issuers', as far as they are given. */
struct eif_certs {
	struct ec_cert *certs[EIF_MAX_CERTS];
	size_t num_certs;
};

/* eif_certs_parse() parses at least one. what names them in errors. */
enum cella_status eif_certs_parse(struct cella_bytes pem, const char *what,
				  struct eif_certs *out,
				  struct cella_error *err) MUST_CHECK;
void eif_certs_done(struct eif_certs *certs);

/* struct eif_signature - a parsed section; owns what it shows. */
struct eif_signature {
	struct eif_certs chain;
	enum crypto_curve curve; /* of the algorithm */
	uint8_t pcr0[SHA384_LEN];
	struct cella_bytes protected_header; /* in cose */
	struct cella_bytes payload;
	struct cella_bytes signature;
	struct out cose;
};

/*
 * eif_signature_parse() parses a section. CELLA_UNSUPPORTED for an algorithm or a key that
 * is not one of those above, and for several signatures.
 */
enum cella_status eif_signature_parse(struct cella_bytes section,
				      struct eif_signature *out,
				      struct cella_error *err) MUST_CHECK;
void eif_signature_done(struct eif_signature *signature);

/* eif_signed_bytes() appends what is signed: COSE's Sig_structure without external data. */
void eif_signed_bytes(struct cella_bytes protected_header, struct cella_bytes payload,
		      struct out *out);

/* What is asked of a signature, in this order. */
enum eif_question {
	EIF_SIGNED,  /* by the key of the certificate that stands first */
	EIF_COVERS,  /* this very image */
	EIF_VALID,   /* every certificate, at the time */
	EIF_CHAINED, /* each certificate to the next, and each may do what it does */
	EIF_TRUSTED, /* the first is one that is trusted, or the last leads to one */
	EIF_NUM_QUESTIONS,
};

enum eif_outcome { EIF_NO, EIF_YES, EIF_NOT_ASKED };

struct eif_answer {
	enum eif_outcome outcome;
	char text[200]; /* why, for people */
};

struct eif_judgement {
	struct eif_answer answers[EIF_NUM_QUESTIONS];
};

/* eif_question_name() is "signed", "covers_image" and so on. */
const char *eif_question_name(enum eif_question question);

/*
 * eif_signature_judge() answers all of them. trusted holds certificates of signers or of
 * their authorities; NULL or empty: whom to trust is not asked.
 */
enum cella_status eif_signature_judge(const struct eif_signature *signature,
				      const uint8_t pcr0[SHA384_LEN], int64_t time,
				      const struct eif_certs *trusted,
				      struct eif_judgement *out,
				      struct cella_error *err) MUST_CHECK;

/* eif_judgement_is_good() is false when any answer is no. */
bool eif_judgement_is_good(const struct eif_judgement *judgement);

/*
 * eif_signature_write() appends a section: pem holds the signer's certificate and may hold
 * its issuers'. CELLA_USAGE when the certificate is not that of the signer's key.
 */
enum cella_status eif_signature_write(const struct cella_signer *signer,
				      struct cella_bytes pem,
				      const uint8_t pcr0[SHA384_LEN], struct out *out,
				      struct cella_error *err) MUST_CHECK;

#endif
