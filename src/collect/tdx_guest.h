/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device of Linux's TDX guest driver, which has the TDX module make reports.
 */
#ifndef COLLECT_TDX_GUEST_H
#define COLLECT_TDX_GUEST_H

#include "collect/collect.h"

/* tdx_guest_report() appends a TD report with the request's report data to out. */
enum cella_status tdx_guest_report(const struct collect_request *request, struct out *out,
				   struct cella_error *err) MUST_CHECK;

#endif
