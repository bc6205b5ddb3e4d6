/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts made by hand: an imaginary platform and workload, everything in order, of which
 * a test changes what it is about before it lets policies judge.
 */
#ifndef TEST_JUDGED_H
#define TEST_JUDGED_H

#include "support.h"

#include "appraise/appraise.h"
#include "crypto/private_key.h"

enum judged_kind { JUDGED_TD_15, JUDGED_TD_10, JUDGED_ENCLAVE };

/* What judged_new() sets; all of it may be changed before judging. */
#define JUDGED_TIME INT64_C(1750000000)       /* 2025-06-15T15:06:40Z */
#define JUDGED_EXPIRY INT64_C(1752000000)     /* of every document */
#define JUDGED_LEVEL_DATE INT64_C(1710000000) /* 2024-03-09T16:00:00Z */
#define JUDGED_EVAL_NUM 17

struct judged {
	struct cella_verdict *v;
	struct cella_verify_options options;
	struct isv_level qe_level;
	struct cella_policy *policies[CELLA_POLICIES_MAX];
};

void judged_new(struct judged *judged, enum judged_kind kind);
void judged_done(struct judged *judged);

/* judged_body() is the evidence's body, to be changed before judged_add() and the rest. */
uint8_t *judged_body(struct judged *judged, enum cella_fact fact, size_t *len);

/* judged_status() sets the TCB status of the platform, and of the quoting enclave. */
void judged_status(struct judged *judged, enum cella_tcb_status platform,
		   enum cella_tcb_status qe);

/* judged_forget_tcb() makes it a verdict without collateral. */
void judged_forget_tcb(struct judged *judged);

/* judged_add() parses a local policy and adds it. */
void judged_add(struct judged *judged, const char *text, const struct cella_keys *owners);

/* judged_take() adds a policy that was parsed elsewhere and takes it over. */
void judged_take(struct judged *judged, struct cella_policy *policy);

/* judged_element() adds a policy of one element: a class and its reference. */
void judged_element(struct judged *judged, enum policy_class_id class,
		    const char *reference);

/* judged_run() judges. */
void judged_run(struct judged *judged);

/* judged_outcome() is the outcome of a check; the test fails when there is none. */
enum cella_outcome judged_outcome(const struct judged *judged, const char *id);
/* judged_check() finds a check; NULL when there is none. */
const struct cella_check *judged_check(const struct judged *judged, const char *id);

/* element_text() writes a policy of one element; the caller frees it. */
char *element_text(enum policy_class_id class, const char *reference);

#endif
