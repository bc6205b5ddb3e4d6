/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The doctor of `cella-guest` has neither name lookup nor collateral, and says so.
 */
#include "cli/doctor_ways.h"

void doctor_ways_set(struct doctor_request *request)
{
	request->resolve = NULL;
	request->fetch = NULL;
}
