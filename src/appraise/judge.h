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

/* verify_cached() is cella_verify() with a memory for what earlier calls found out. */
enum cella_status verify_cached(struct cella_evidence *evidence,
				struct cella_collateral *collateral,
				const struct cella_verify_options *options,
				const struct verify_caches *caches,
				struct cella_verdict **out,
				struct cella_error *err) MUST_CHECK;

#endif
