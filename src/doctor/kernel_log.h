/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel log tells about a trust domain, and the command line's swiotlb=.
 */
#ifndef DOCTOR_KERNEL_LOG_H
#define DOCTOR_KERNEL_LOG_H

#include "base/bytes.h"

struct kernel_log {
	bool has_start;       /* it begins where the kernel did */
	bool guest_detected;  /* "tdx: Guest detected" */
	uint64_t num_full;    /* lines "swiotlb buffer is full" */
	uint64_t total_slots; /* in the last of them; 0: it does not say */
	uint64_t mapped_mib;  /* "software IO TLB: mapped"; 0: nowhere */
	bool no_memory;       /* the SWIOTLB could not be allocated */
};

/* kernel_log_scan() reads the last boot in a log, which may be in any state. */
void kernel_log_scan(struct cella_bytes log, struct kernel_log *out);

/* swiotlb=SLOTS[,AREAS][,force|noforce] */
struct swiotlb_param {
	bool is_given;
	uint64_t slots; /* 0: the default */
	bool is_off;    /* noforce */
};

/* cmdline_find() finds the last `name=` of a command line; empty when there is none. */
struct cella_bytes cmdline_find(const char *cmdline, const char *name);

/* swiotlb_param_read() reads the parameter of a command line. */
struct swiotlb_param swiotlb_param_read(const char *cmdline);

#endif
