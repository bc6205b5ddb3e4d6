/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making collateral: the documents that the vendor's service would give for a platform,
 * saying of it whatever the specification asks for.
 *
 * As with quotes there are steps: sim_collateral_init() fills in what the documents say,
 * sim_collateral_sign() signs it, the writers put it into one of the forms in which
 * collateral travels.
 */
#ifndef SIM_COLLATERAL_H
#define SIM_COLLATERAL_H

#include <cella/verify.h>

#include "base/json.h"
#include "sim/platform.h"

enum sim_document_id { SIM_TCB_INFO, SIM_QE_IDENTITY, SIM_NUM_DOCUMENTS };
enum sim_crl_id { SIM_ROOT_CRL, SIM_PCK_CRL, SIM_NUM_CRLS };

/* What has dates of its own: the documents, then the lists. */
enum { SIM_NUM_DATED = SIM_NUM_DOCUMENTS + SIM_NUM_CRLS };

enum { SIM_MAX_ADVISORIES = 16 };

struct sim_span {
	int64_t from;
	int64_t to;
};

/* struct sim_collateral_spec - what to say. Strings are borrowed. */
struct sim_collateral_spec {
	enum sim_tee tee;
	int64_t time; /* the moment at which all of this is valid */
	struct sim_span dates[SIM_NUM_DATED];
	/*
	 * The standing of the platform's level, of its TDX module and of its quoting
	 * enclave. The two that advise to launch again need a matching quote, one whose TD
	 * was launched on the module before.
	 */
	enum cella_tcb_status platform;
	enum cella_tcb_status module;
	enum cella_tcb_status qe;
	uint32_t evaluation_numbers[SIM_NUM_DOCUMENTS];
	const char *advisories[SIM_MAX_ADVISORIES]; /* of the platform's level */
	size_t num_advisories;
	bool revoked[SIM_NUM_CERTS]; /* SIM_CA, SIM_PCK and SIM_SIGNER */
};

/* sim_collateral_spec_init() says that all is well at a moment. */
void sim_collateral_spec_init(struct sim_collateral_spec *spec, enum sim_tee tee,
			      int64_t time);

/* A signed JSON document: what it says, its text, and who signs it. */
struct sim_document {
	json_t *json;                  /* the inner object */
	struct out text;               /* of it; written by sim_collateral_print() */
	const struct private_key *key; /* borrowed */
	uint8_t signature[P256_SIGNATURE_LEN];
	struct out chain; /* PEM: signer and root */
};

struct sim_crl {
	struct sim_crl_spec spec;
	const struct private_key *key; /* borrowed */
	struct out der;
};

struct sim_collateral {
	enum sim_tee tee;
	struct sim_document documents[SIM_NUM_DOCUMENTS];
	struct sim_crl crls[SIM_NUM_CRLS];
	struct out pck_crl_chain; /* PEM: the PCK's CA and root */
	struct out pck_chain;     /* PEM, for quotes that carry none; empty: left out */
};

enum cella_status sim_collateral_init(const struct sim_platform *platform,
				      const struct sim_collateral_spec *spec,
				      struct sim_collateral *out,
				      struct cella_error *err) MUST_CHECK;
void sim_collateral_done(struct sim_collateral *collateral);

/* sim_collateral_print() writes the documents' texts, compact as the service does. */
enum cella_status sim_collateral_print(struct sim_collateral *collateral,
				       struct cella_error *err) MUST_CHECK;

/* sim_collateral_sign() signs the texts and issues the lists. */
enum cella_status sim_collateral_sign(struct sim_collateral *collateral,
				      struct cella_error *err) MUST_CHECK;

/* sim_collateral_make() does all of it. */
enum cella_status sim_collateral_make(const struct sim_platform *platform,
				      const struct sim_collateral_spec *spec,
				      struct sim_collateral *out,
				      struct cella_error *err) MUST_CHECK;

/* sim_collateral_write() writes one JSON object with the members of Intel's struct. */
enum cella_status sim_collateral_write(const struct sim_collateral *collateral,
				       struct out *out,
				       struct cella_error *err) MUST_CHECK;

/* sim_collateral_save() writes the service's raw responses, one file each. */
enum cella_status sim_collateral_save(const struct sim_collateral *collateral,
				      const char *dir,
				      struct cella_error *err) MUST_CHECK;

/* sim_json_text() appends a JSON string of any bytes. */
void sim_json_text(struct out *out, struct cella_bytes text);

/* The inner objects; NULL when memory ran out (tcb_levels.c). */
json_t *sim_tcb_info_json(const struct sim_platform *platform,
			  const struct sim_collateral_spec *spec);
json_t *sim_qe_identity_json(const struct sim_platform *platform,
			     const struct sim_collateral_spec *spec);

#endif
