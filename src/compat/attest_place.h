/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where libtdx_attest finds the machine. The library has one file for it, and tests have
 * another, with which it meets stand-ins.
 */
#ifndef COMPAT_ATTEST_PLACE_H
#define COMPAT_ATTEST_PLACE_H

#include <stdint.h>

struct attest_place {
	const char *sysroot;   /* in place of "/" */
	const char *qgs;       /* its address; NULL: what the configuration says */
	const char *tsm_entry; /* one that is there already, or NULL */
	int64_t timeout_s;     /* for a whole call */
};

/*
 * The vendor's variable for an entry of configfs-tsm that somebody has made for those who may
 * make none.
 */
#define ATTEST_ENTRY_VARIABLE "DCAP_TDX_QUOTE_CONFIGFS_PATH"

struct attest_place attest_place(void);

#endif
