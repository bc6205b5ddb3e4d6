/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies against evidence. For each report that the evidence amounts to (tenant,
 * platform, quoting enclave), one of the policies' elements for its class is chosen: one
 * that holds, or else the one that came closest. A chosen element that holds may widen
 * what is accepted of its report; one that does not hold refuses it.
 */
#ifndef APPRAISE_APPRAISE_H
#define APPRAISE_APPRAISE_H

#include "appraise/policy.h"
#include "verify/verdict.h"

/* What the policies say of one report. */
struct slot_appraisal {
	bool exists; /* the evidence has such a report */
	const struct policy_class *class;
	size_t num_elements;     /* that judge a report of this kind, of any class */
	size_t num_alternatives; /* those of its class */
	const struct cella_policy *policy; /* of the chosen element */
	const struct policy_element
		*element;           /* chosen; NULL: there is none of its class */
	enum cella_outcome outcome; /* of the chosen element */
	/* Its checks in the verdict; what else is of their family concerns all slots. */
	size_t first_check;
	size_t num_checks;
};

/* struct appraisal - what all policies say; lives in the verdict's arena. */
struct appraisal {
	struct cella_policy *policies[CELLA_POLICIES_MAX]; /* references */
	size_t num_policies;
	struct slot_appraisal slots[SLOT_COUNT];
	int64_t grace_s[DATES_COUNT]; /* the options', or more by policy */
	uint32_t accept;              /* statuses that the platform's policy adds */
	bool pins_service_td;         /* a policy that holds names a bound service TD */
};

/*
 * appraise() chooses the elements and draws what they widen. It is to come before dates,
 * status and attributes are judged. It fails only for want of memory or for more policies
 * than CELLA_POLICIES_MAX.
 */
enum cella_status appraise(struct cella_verdict *verdict,
			   const struct cella_verify_options *options,
			   struct cella_error *err) MUST_CHECK;

/* appraise_tell() adds the policies' checks and warnings to the verdict. */
void appraise_tell(struct cella_verdict *verdict);

/* appraise_done() gives the references back; for verdicts that are being freed. */
void appraise_done(struct cella_verdict *verdict);

/*
 * appraise_accepts_status() is true when options or policies accept the TCB status;
 * *reason says otherwise why not, or is NULL when the status itself is the reason.
 */
bool appraise_accepts_status(const struct cella_verdict *verdict, const char **reason);

/*
 * appraise_expiry() is the moment until which the verdict's documents count: the first
 * expiry, each with its grace by options and policies. False when nothing is known.
 */
bool appraise_expiry(const struct cella_verdict *verdict, int64_t *out);

/* appraise_element() judges one element against a slot's report. */
enum cella_outcome appraise_element(const struct cella_verdict *verdict,
				    const struct policy_element *element);

/* evidence_class() is the class of a slot's report; NULL when there is no such report. */
const struct policy_class *evidence_class(const struct cella_facts *facts,
					  enum policy_slot slot);

/* policy_judges() is true when a policy's elements may judge. */
bool policy_judges(const struct cella_policy *policy);

#endif
