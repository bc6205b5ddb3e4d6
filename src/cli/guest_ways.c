/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The doctor of `cella-guest` has neither name lookup nor what fetches, and says so.
 */
#include "cli/doctor_ways.h"

enum cella_status doctor_ways_set(const struct doctor_net_args *args UNUSED,
				  struct doctor_ways *ways UNUSED,
				  struct doctor_request *request,
				  struct cella_error *err UNUSED)
{
	request->resolve = NULL;
	request->fetch = NULL;
	return CELLA_OK;
}
