/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON forms that verdicts and tokens share.
 */
#ifndef APPRAISE_VERDICT_JSON_H
#define APPRAISE_VERDICT_JSON_H

#include <cella/verify.h>

#include "base/json.h"

/* check_json() appends a check to an array. */
enum cella_status check_json(const struct cella_check *check, json_t *array,
			     struct cella_error *err) MUST_CHECK;

/* policies_json() appends the policies that judged, each with its elements. */
enum cella_status policies_json(const struct cella_verdict *verdict, json_t *array,
				struct cella_error *err) MUST_CHECK;

#endif
