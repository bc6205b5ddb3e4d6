/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making reports and quotes. A quote is made in steps: sim_quote_init() fills in its
 * parts, sim_quote_bind() and sim_quote_sign() do what the quoting enclave does, and
 * sim_quote_write() puts it together. Whoever changes a part before it is signed makes a
 * genuine quote that says something else; whoever changes one afterwards makes a forgery.
 */
#ifndef SIM_QUOTE_H
#define SIM_QUOTE_H

#include "evidence/quote.h"
#include "sim/platform.h"

enum { SIM_AUTH_DATA_MAX = 1024, SIM_AUTH_DATA_LEN = 32 };

/* Offsets in a quote's header. */
enum {
	SIM_HEADER_VERSION = 0,
	SIM_HEADER_ATT_KEY_TYPE = 2,
	SIM_HEADER_TEE_TYPE = 4,
	SIM_HEADER_QE_SVN = 8,
	SIM_HEADER_PCE_SVN = 10,
	SIM_HEADER_VENDOR_ID = 12,
	SIM_HEADER_USER_DATA = 28,
};

/* The lengths that a quote declares; each may be told wrong by some bytes. */
enum sim_quote_len {
	SIM_LEN_BODY, /* version 5 */
	SIM_LEN_SIGNATURE_DATA,
	SIM_LEN_OUTER, /* of the certification data of type 6; versions 4 and 5 */
	SIM_LEN_AUTH_DATA,
	SIM_LEN_CERT_DATA,
	SIM_NUM_LENS
};

/* struct sim_quote - the parts of a quote. Keys are borrowed. */
struct sim_quote {
	uint16_t version;
	uint8_t header[QUOTE_HEADER_LEN];
	uint16_t body_type; /* version 5 */
	const struct layout *body_layout;
	uint8_t body[TD_BODY_15EX_LEN];
	size_t body_len;
	uint8_t qe_report[SGX_REPORT_BODY_LEN];
	uint8_t auth_data[SIM_AUTH_DATA_MAX];
	size_t auth_data_len;
	uint16_t outer_type;
	uint16_t cert_type;
	struct out cert_data;
	struct out tail; /* what follows the declared end */
	const struct private_key *attestation_key;
	const struct private_key *pck_key;
	int len_errors[SIM_NUM_LENS]; /* what is added to the truth */
	/* by sim_quote_bind() and sim_quote_sign() */
	uint8_t attestation_point[P256_POINT_LEN];
	uint8_t qe_signature[P256_SIGNATURE_LEN];
	uint8_t signature[P256_SIGNATURE_LEN];
};

/*
 * sim_quote_init() fills in the parts: version 3 for SGX, 4 or 5 for TDX; body tells the
 * body's type, which versions 3 and 4 imply. The quote carries the platform's chain.
 * CELLA_USAGE for a combination that there is not.
 */
enum cella_status sim_quote_init(const struct sim_platform *platform, uint16_t version,
				 enum quote_body body, struct sim_quote *out,
				 struct cella_error *err) MUST_CHECK;
void sim_quote_done(struct sim_quote *quote);

/* sim_quote_set_cert_data() replaces the certification data by one of types 1 to 5. */
enum cella_status sim_quote_set_cert_data(struct sim_quote *quote,
					  const struct sim_platform *platform,
					  enum cert_data_type type,
					  struct cella_error *err) MUST_CHECK;

/* sim_quote_body_field() is a field of the body, by its name in the layout. */
uint8_t *sim_quote_body_field(struct sim_quote *quote, const char *name, size_t *len);

/* sim_quote_bind() puts the attestation key's hash into the QE's report. */
enum cella_status sim_quote_bind(struct sim_quote *quote,
				 struct cella_error *err) MUST_CHECK;

/* sim_quote_sign() signs the QE's report with the PCK's key and the quote. */
enum cella_status sim_quote_sign(struct sim_quote *quote,
				 struct cella_error *err) MUST_CHECK;

enum cella_status sim_quote_write(const struct sim_quote *quote, struct out *out,
				  struct cella_error *err) MUST_CHECK;

/* sim_quote_finish() binds, signs and writes. */
enum cella_status sim_quote_finish(struct sim_quote *quote, struct out *out,
				   struct cella_error *err) MUST_CHECK;

/*
 * sim_td_report() makes the TDREPORT of a TD with this 1.5 extended body; its MAC is one
 * that no CPU would accept. version is 0, 1 (with a service TD) or 3 (extended).
 */
enum cella_status sim_td_report(const struct sim_platform *platform,
				const uint8_t body[TD_BODY_15EX_LEN], uint8_t version,
				uint8_t out[TD_REPORT_LEN],
				struct cella_error *err) MUST_CHECK;

/*
 * sim_quote_init_report() fills in the parts as the TD quoting enclave does for a
 * TDREPORT, whose version and TCB choose the quote's version and body. CELLA_MALFORMED
 * when the report breaks its format or its hashes.
 */
enum cella_status sim_quote_init_report(const struct sim_platform *platform,
					struct cella_bytes report, struct sim_quote *out,
					struct cella_error *err) MUST_CHECK;

/* sim_qe_mrsigner() is who signs the simulated quoting enclave for a TEE. */
enum cella_status sim_qe_mrsigner(enum sim_tee tee, uint8_t out[32],
				  struct cella_error *err) MUST_CHECK;

enum { SIM_QE_PROD_ID = 1, SIM_TD_QE_PROD_ID = 2 };

#endif
