/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verdict in the shape of Intel's appraisal results, as DCAP 1.20 printed them: the form
 * that scripts around the TDX tools read. Byte strings are reversed, upper case.
 */
#ifndef APPRAISE_INTEL_RESULT_H
#define APPRAISE_INTEL_RESULT_H

#include "appraise/policy_key.h"
#include "base/json.h"
#include "verify/verdict.h"

/* intel_result_json() makes the array [{"result":{…}}]. The caller owns *out. */
enum cella_status intel_result_json(const struct cella_verdict *verdict, uint64_t nonce,
				    json_t **out, struct cella_error *err) MUST_CHECK;

/*
 * intel_measurement() makes the "measurement" of one report; facts that are not known are
 * left out. The caller owns *out.
 */
enum cella_status intel_measurement(const struct cella_verdict *verdict,
				    enum policy_slot slot, json_t **out,
				    struct cella_error *err) MUST_CHECK;

/* intel_texts() makes an array of texts; NULL when out of memory. */
json_t *intel_texts(const char *const *texts, size_t num_texts);

#endif
