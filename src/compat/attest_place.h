/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where libtdx_attest finds the machine. The library has one file for it, and tests have
 * another, with which it meets stand-ins.
 */
#ifndef COMPAT_ATTEST_PLACE_H
#define COMPAT_ATTEST_PLACE_H

#include <stdint.h>

struct attest_place {
	const char *sysroot; /* in place of "/" */
	const char *qgs;     /* its address; NULL: what the configuration says */
	int64_t timeout_s;   /* for a whole call */
};

struct attest_place attest_place(void);

#endif
