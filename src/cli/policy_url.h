/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies that a service has for a quote's platform.
 */
#ifndef CLI_POLICY_URL_H
#define CLI_POLICY_URL_H

#include "cli/collateral_input.h"
#include "cli/policy_input.h"

/*
 * policies_fetch() adds the policies that the service at a URL has for the quote's
 * platform. They judge only if one of out->owners has signed them: whoever runs the service
 * must not choose what is demanded. CELLA_MISSING when it has none.
 */
enum cella_status policies_fetch(const struct collateral_input *input, const char *url,
				 struct policy_inputs *out,
				 struct cella_error *err) MUST_CHECK;

#endif
