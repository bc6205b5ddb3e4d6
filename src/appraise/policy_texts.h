/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions on sets of texts: exactly these, in any order. An empty list, and the word
 * "none", demand that there is nothing at all.
 */
#ifndef APPRAISE_POLICY_TEXTS_H
#define APPRAISE_POLICY_TEXTS_H

#include "appraise/policy.h"
#include "verify/verdict.h"

/* policy_texts_read() reads a condition's value; where names the element in errors. */
enum cella_status policy_texts_read(struct arena *arena, const json_t *value,
				    const char *where, struct policy_condition *out,
				    struct cella_error *err) MUST_CHECK;

/* policy_texts_judge() compares, without regard to case. */
enum cella_outcome policy_texts_judge(const struct cella_verdict *verdict,
				      const struct policy_condition *condition);

/* policy_texts_expected() and policy_texts_actual() tell both sides in words. */
const char *policy_texts_expected(struct arena *arena,
				  const struct policy_condition *condition);
const char *policy_texts_actual(struct arena *arena, const struct cella_verdict *verdict,
				const struct policy_condition *condition);

#endif
