/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vTPM beside a TD's quote: does the quote vouch for its key, and the key for its PCRs?
 */
#ifndef VERIFY_VTPM_CHECK_H
#define VERIFY_VTPM_CHECK_H

#include "verify/verdict.h"

/*
 * vtpm_check() adds the checks of the verdict's vTPM, if it has one: that the quote's report
 * data is of the runtime data, that the key in there signed the TPM's quote, and that the
 * PCRs are those of the quote. CELLA_UNSUPPORTED when the quote is not a TD's.
 */
enum cella_status vtpm_check(struct cella_verdict *verdict,
			     struct cella_error *err) MUST_CHECK;

/* vtpm_check_nonce() adds the check that the TPM's quote has this nonce. */
void vtpm_check_nonce(struct cella_verdict *verdict, struct cella_bytes nonce);

/* vtpm_pcr() is the value of a PCR; empty unless all checks passed and it was quoted. */
struct cella_bytes vtpm_pcr(const struct cella_verdict *verdict, unsigned pcr);

#endif
