/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identities of Intel's enclaves, version 2 (PCS API version 4, "Get Enclave Identity").
 */
#ifndef COLLATERAL_QE_IDENTITY_H
#define COLLATERAL_QE_IDENTITY_H

#include "collateral/tcb.h"

enum identity_id {
	IDENTITY_QE,    /* quotes SGX enclaves */
	IDENTITY_QVE,   /* verifies quotes */
	IDENTITY_TD_QE, /* quotes TDs */
};

/* struct qe_identity - one document; owns the parsed JSON that its texts point into. */
struct qe_identity {
	enum identity_id id;
	int64_t issue_date;
	int64_t next_update;
	uint32_t evaluation_number;
	uint8_t miscselect[4]; /* in wire order, as all byte strings here */
	uint8_t miscselect_mask[4];
	uint8_t attributes[16];
	uint8_t attributes_mask[16];
	uint8_t mrsigner[32];
	uint16_t isv_prod_id;
	struct isv_level *levels; /* falling */
	size_t num_levels;
	json_t *json;
	struct arena arena;
};

/* identity_name() is "QE", "QVE" or "TD_QE". */
const char *identity_name(enum identity_id id);

/* qe_identity_parse() parses the inner object, the bytes that are signed. */
enum cella_status qe_identity_parse(struct cella_bytes text, struct qe_identity *out,
				    struct cella_error *err) MUST_CHECK;
void qe_identity_done(struct qe_identity *identity);

#endif
