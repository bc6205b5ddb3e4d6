/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The doctor of `cella` looks names up.
 */
#include "cli/doctor_ways.h"

void doctor_ways_set(struct doctor_request *request)
{
	request->resolve = resolve_by_system;
}
