/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One condition of a policy against a verdict's facts: does it hold, and in which words is
 * that told?
 */
#ifndef APPRAISE_CONDITION_H
#define APPRAISE_CONDITION_H

#include "appraise/policy.h"
#include "verify/verdict.h"

/*
 * condition_judge() says whether a condition holds; CELLA_CHECK_NOT_EVALUATED when what it
 * asks about is not known because collateral or a certificate is missing.
 */
enum cella_outcome condition_judge(const struct cella_verdict *verdict,
				   enum policy_slot slot,
				   const struct policy_condition *condition);

/*
 * condition_expected() and condition_actual() put both sides into words, byte strings in
 * the policies' notation. The texts live in the arena; NULL when there is nothing to say.
 */
const char *condition_expected(struct arena *arena,
			       const struct policy_condition *condition);
const char *condition_actual(struct arena *arena, const struct cella_verdict *verdict,
			     enum policy_slot slot,
			     const struct policy_condition *condition);

/* slot_status() is the TCB status of a slot; NONE when it was not evaluated. */
enum cella_tcb_status slot_status(const struct cella_verdict *verdict,
				  enum policy_slot slot);

/* slot_status_by_options() judges a slot's status by the options alone. */
enum cella_outcome slot_status_by_options(const struct cella_verdict *verdict,
					  enum policy_slot slot);

/* slot_has_dates() is true when a group of dates belongs to a slot's report. */
bool slot_has_dates(const struct cella_verdict *verdict, enum policy_slot slot,
		    enum date_group group);

/* slot_dates() judges the slot's dates with so many seconds of grace. */
enum cella_outcome slot_dates(const struct cella_verdict *verdict, enum policy_slot slot,
			      int64_t grace_s);

/* statuses_include() is true when a list names UpToDate and every part of a status. */
bool statuses_include(const struct policy_condition *statuses,
		      enum cella_tcb_status status);

/* dated_outcome() judges one group of dates. */
enum cella_outcome dated_outcome(const struct dated *dated, int64_t time,
				 int64_t grace_s);

/* condition_rejected() is the first of the rejected advisories that applies, or NULL. */
const char *condition_rejected(const struct cella_verdict *verdict,
			       const struct policy_condition *condition);

/* condition_level_date() is the date of the TCB level that matched; false if none did. */
bool condition_level_date(const struct cella_verdict *verdict, enum policy_slot slot,
			  const struct policy_condition *condition, int64_t *out);

/* condition_bytes() finds the wire bytes that a CONDITION_BYTES compares. */
bool condition_bytes(const struct cella_facts *facts, const struct policy_key *key,
		     uint8_t *out);

/* intel_hex() writes bytes as policies do: the last byte first, upper case. */
const char *intel_hex(struct arena *arena, struct cella_bytes bytes);

/* The longest value of a key, in bytes. */
enum { POLICY_MAX_BYTES = 64 };

#endif
