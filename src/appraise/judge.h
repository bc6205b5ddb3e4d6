/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judgement: the one place where facts become a yes or a no.
 */
#ifndef APPRAISE_JUDGE_H
#define APPRAISE_JUDGE_H

#include "verify/verdict.h"

/*
 * judge() adds the checks that depend on expectations (dates, TCB status, attributes,
 * policies, report data) to a verdict that dcap_verify() filled in, and draws the answers.
 */
enum cella_status judge(struct cella_verdict *verdict,
			const struct cella_verify_options *options,
			struct cella_error *err) MUST_CHECK;

/*
 * trust_root_key() finds the key, x || y, of the root that is trusted: the compiled-in one
 * or that of a certificate in PEM or DER.
 */
enum cella_status trust_root_key(enum cella_root choice, struct cella_bytes root,
				 uint8_t out[64], bool *is_intel,
				 struct cella_error *err) MUST_CHECK;

#endif
