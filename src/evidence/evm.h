/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence of an Enclave VM (doc/evidence-evm.md): a quote of its vTPM over PCR0 to PCR15,
 * the certificate of the key that signed it, the PCRs, and the event log that leads to them.
 */
#ifndef EVIDENCE_EVM_H
#define EVIDENCE_EVM_H

#include <cella/evidence.h>

#include "base/json.h"
#include "evidence/facts.h"
#include "evidence/launch.h"
#include "evidence/tpm_attest.h"

#define EVM_FORMAT "cella-evm-1"

enum {
	EVM_REPORT_DATA_LEN = 64,
	EVM_ATTEST_MAX = 1024,
	EVM_SIGNATURE_MAX = 128, /* TPMT_SIGNATURE */
	EVM_CERTIFICATE_MAX = 2048,
	EVM_LOG_MAX = 256 << 10,
	EVM_MAX_CLAIMS = 16,
	EVM_CLAIM_MAX = 256, /* characters of a name or a text */
	EVM_SELECTED = (1 << LAUNCH_NUM_PCRS) - 1,
};

/* struct evm - parsed; immutable. */
struct evm {
	json_t *json;              /* owned; the host's claims are in it */
	const json_t *host_claims; /* an object, or NULL; nothing proves them */
	uint8_t report_data[EVM_REPORT_DATA_LEN];
	struct out message; /* TPMS_ATTEST */
	struct tpm_attest attest;
	uint8_t signature[P256_SIGNATURE_LEN];
	struct out certificate; /* DER, of the key that signed */
	uint8_t pcrs[LAUNCH_NUM_PCRS][SHA256_LEN];
	struct cella_event_log *log;
	struct arena arena; /* of what the log tells */
	struct launch_told launch;
	uint8_t cmdline[SHA256_LEN];  /* the digest, as PCR8 has it */
	struct launch_texts to_guest; /* what the log tells of ports, a range each */
	struct launch_texts from_guest;
	struct cella_error launch_fault; /* why the log is not that of a launch; or OK */
};

/* evm_is_one() is true for a JSON document that names the format. */
bool evm_is_one(struct cella_bytes bytes);

/*
 * evm_parse() parses evidence. CELLA_MALFORMED names the member, or the field of the quote.
 * A log that parses but is none of a launch is not an error here: the verdict says so.
 * The caller frees *out with evm_free().
 */
enum cella_status evm_parse(struct cella_bytes bytes, struct evm **out,
			    struct cella_error *err) MUST_CHECK;
void evm_free(struct evm *evm);

/* evm_add_facts() adds what the evidence says; the evidence must outlive the facts. */
void evm_add_facts(const struct evm *evm, struct cella_facts *facts);

/*
 * evm_binding() computes what a quote's extraData must be for 64 bytes of report data:
 * SHA-256 over "cella evm quote 1", a NUL, and the report data. The tag keeps quotes for
 * other purposes by the same key apart.
 */
enum cella_status evm_binding(const uint8_t report_data[EVM_REPORT_DATA_LEN],
			      uint8_t out[SHA256_LEN],
			      struct cella_error *err) MUST_CHECK;

/* What evidence is written of; all but the claims are bytes as TPM and log have them. */
struct evm_parts {
	struct cella_bytes report_data; /* 64 bytes */
	struct cella_bytes quote;       /* TPMS_ATTEST */
	struct cella_bytes signature;   /* TPMT_SIGNATURE */
	struct cella_bytes certificate; /* DER */
	struct cella_bytes pcrs; /* PCR0 to PCR15 of SHA-256, one after the other */
	struct cella_bytes event_log;
	const json_t *host_claims; /* an object, or NULL */
};

/* evm_write() appends the document. What does not parse again is CELLA_USAGE. */
enum cella_status evm_write(const struct evm_parts *parts, struct out *out,
			    struct cella_error *err) MUST_CHECK;

/* evm_describe() tells what evidence says, as text or JSON. The caller frees *text. */
enum cella_status evm_describe(const struct evm *evm, size_t len, bool as_json,
			       char **text, struct cella_error *err) MUST_CHECK;

static inline void evm_cleanup(struct evm **evm)
{
	evm_free(*evm);
}

#endif
