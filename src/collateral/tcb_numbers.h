/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCB evaluation data numbers, version 1 (PCS API version 4): which evaluations of its
 * platforms the vendor serves, and which recovery event began each.
 */
#ifndef COLLATERAL_TCB_NUMBERS_H
#define COLLATERAL_TCB_NUMBERS_H

#include "collateral/tcb_info.h"

enum { TCB_MAX_NUMBERS = 64 };

struct tcb_number {
	uint32_t number;
	int64_t event_date; /* of the TCB recovery */
	int64_t tcb_date;
};

struct tcb_numbers {
	enum tcb_tee tee;
	int64_t issue_date;
	int64_t next_update;
	struct tcb_number items[TCB_MAX_NUMBERS]; /* rising */
	size_t num_items;
};

/* tcb_numbers_parse() parses the inner object, the bytes that are signed. */
enum cella_status tcb_numbers_parse(struct cella_bytes text, struct tcb_numbers *out,
				    struct cella_error *err) MUST_CHECK;

#endif
