/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The evidence of an Enclave VM that was never launched: what a vTPM, a host and a guest
 * would have made together, with keys of memory. It verifies under the root of the host
 * that is given, and under no other.
 */
#ifndef SIM_EVM_H
#define SIM_EVM_H

#include "evidence/evm.h"
#include "vm/host_key.h"

enum { SIM_EVM_MAX_MEASURED = 16 };

/* struct sim_evm_spec - what is launched, and what is asked. Everything is borrowed. */
struct sim_evm_spec {
	const struct host_key *host;
	const char *enclave_id;
	int64_t time; /* of the certificate */
	const struct launch_image *image;
	const struct launch_config *config;
	struct cella_bytes measured[SIM_EVM_MAX_MEASURED]; /* by the guest: PCR14 */
	size_t num_measured;
	uint8_t report_data[EVM_REPORT_DATA_LEN];
	const json_t *host_claims; /* NULL: none */
};

/*
 * struct sim_evm_parts - the parts of evidence before they become a document, so that
 * forgeries can replace them.
 */
struct sim_evm_parts {
	struct private_key *ak;
	struct out certificate;
	struct out log;
	uint8_t pcrs[LAUNCH_NUM_PCRS][SHA256_LEN];
	uint8_t report_data[EVM_REPORT_DATA_LEN];
	const json_t *host_claims;

	/* what the quote says, and its bytes once it is signed */
	uint16_t attest_type;
	uint32_t selected;
	struct out extra_data;
	struct out quote;
	struct out signature;
};

/* sim_evm_begin() makes everything but the quote. */
enum cella_status sim_evm_begin(const struct sim_evm_spec *spec,
				struct sim_evm_parts *out,
				struct cella_error *err) MUST_CHECK;

/* sim_evm_sign() makes quote and signature of what the parts say now. */
enum cella_status sim_evm_sign(struct sim_evm_parts *parts,
			       struct cella_error *err) MUST_CHECK;

/* sim_evm_write() appends the document. */
enum cella_status sim_evm_write(const struct sim_evm_parts *parts, struct out *out,
				struct cella_error *err) MUST_CHECK;
void sim_evm_done(struct sim_evm_parts *parts);

/* sim_evm_make() is all three. */
enum cella_status sim_evm_make(const struct sim_evm_spec *spec, struct out *out,
			       struct cella_error *err) MUST_CHECK;

#endif
