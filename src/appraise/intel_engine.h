/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Intel's appraisal engine answers, generation by generation, its quirks included:
 * for `policy lint` and `policy explain` alone. Nothing here judges evidence for cella,
 * and nothing that does may call it.
 */
#ifndef APPRAISE_INTEL_ENGINE_H
#define APPRAISE_INTEL_ENGINE_H

#include "appraise/policy.h"

enum engine_generation {
	ENGINE_1_20, /* DCAP 1.20 and 1.21 */
	ENGINE_1_22, /* DCAP 1.22 and 1.23 */
	ENGINE_2026,
	ENGINE_COUNT
};

/* engine_name() is "1.20", "1.22" or "2026". */
const char *engine_name(enum engine_generation generation);

/*
 * intel_engine_appraise() appraises a report's measurement by the reference of a policy's
 * element, as one generation does, and fills in the flags of its class. time is in
 * seconds. Returns whether every flag is true.
 */
bool intel_engine_appraise(enum engine_generation generation,
			   const struct policy_class *class, const json_t *reference,
			   const json_t *measurement, int64_t time,
			   bool flags[POLICY_MAX_FLAGS]);

/* What an engine makes of a condition that cella enforces. */
enum engine_answer {
	ENGINE_NEVER = 0, /* the condition fails whatever is measured */
	ENGINE_IGNORES,   /* it holds whatever is measured */
	ENGINE_PARTLY,    /* some violations are seen, others are not */
	ENGINE_STRICTER,  /* what the mask leaves open is compared, too */
	ENGINE_ENFORCES,
	ENGINE_VACUOUS, /* nothing can violate it */
};

/* engine_answer_words() is "never lets it pass", engine_answer_name() "never_passes". */
const char *engine_answer_words(enum engine_answer answer);
const char *engine_answer_name(enum engine_answer answer);

/*
 * intel_engine_probe() finds that out by appraising reports that meet the element and
 * reports that violate the condition. It fails only for want of memory.
 */
enum cella_status intel_engine_probe(enum engine_generation generation,
				     const struct policy_element *element,
				     const struct policy_condition *condition,
				     enum engine_answer *answer,
				     struct cella_error *err) MUST_CHECK;

/*
 * intel_engine_accepts() is true when an engine accepts a report that meets every
 * condition of the element; *flag names the first flag that is false, or is NULL.
 */
enum cella_status intel_engine_accepts(enum engine_generation generation,
				       const struct policy_element *element,
				       bool *accepts, const char **flag,
				       struct cella_error *err) MUST_CHECK;

#endif
