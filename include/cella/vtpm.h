/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual TPM inside a TD whose paravisor keeps the TD's registers to itself (Azure): the
 * TD's quote vouches for the vTPM's attestation key, and that key signs the PCRs.
 *
 * The quote's report data is the hash of the paravisor's runtime data, in the HCL report;
 * the runtime data names the key HCLAkPub; a TPM quote by that key holds a nonce and a
 * digest of the PCRs. RTMRs are zero there: what a guest measures is in the PCRs.
 */
#ifndef CELLA_VTPM_H
#define CELLA_VTPM_H

#include <cella/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The longest HCL report and the longest TPM quote, in bytes. */
#define CELLA_HCL_REPORT_MAX ((size_t)64 << 10)
#define CELLA_TPM_QUOTE_MAX ((size_t)64 << 10)

/* struct cella_vtpm - parsed evidence of a vTPM: immutable, shareable between threads. */
struct cella_vtpm;

/*
 * cella_vtpm_parse() parses an HCL report and a TPM quote, and keeps what it needs. The
 * TPM quote is JSON, {"signature", "message", "pcrs"}, all in hexadecimal: an
 * RSASSA-SHA256 signature, the TPMS_ATTEST that it covers, and the values of PCR 0 to 23
 * with SHA-256. CELLA_MALFORMED names the field; CELLA_UNSUPPORTED for another kind of
 * platform, key or quote. Nothing is checked here that a signature covers: see verify.h.
 * The caller releases *out with cella_vtpm_unref().
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_vtpm_parse(const void *hcl_report, size_t hcl_report_len, const void *tpm_quote,
		 size_t tpm_quote_len, struct cella_vtpm **out, struct cella_error *err);

/* cella_vtpm_ref() returns the evidence, once more. */
CELLA_EXPORT struct cella_vtpm *cella_vtpm_ref(struct cella_vtpm *vtpm);
/* cella_vtpm_unref() gives one reference back; NULL is fine. */
CELLA_EXPORT void cella_vtpm_unref(struct cella_vtpm *vtpm);

#ifdef __cplusplus
}
#endif
#endif
