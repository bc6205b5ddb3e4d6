/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arithmetic of the SWIOTLB, the unencrypted memory through which a TD talks to its
 * devices: it is counted in slots of 2 KiB, so swiotlb= takes MiB x 512.
 */
#ifndef DOCTOR_SWIOTLB_H
#define DOCTOR_SWIOTLB_H

#include "base/bytes.h"

enum {
	SWIOTLB_SLOTS_PER_MIB = 512,
	SWIOTLB_DEFAULT_PERCENT = 6,
	SWIOTLB_DEFAULT_MIN_MIB = 64,
	SWIOTLB_DEFAULT_MAX_MIB = 1024,
	SWIOTLB_MAX_PERCENT = 50, /* of memory that is ever recommended */
};

/* swiotlb_default_mib() is what a TDX guest's kernel sets aside without swiotlb=. */
uint64_t swiotlb_default_mib(uint64_t memory_mib);

/*
 * swiotlb_recommended_mib() is the next size to try where current_mib is too small: twice
 * that, at least 1 GiB, at most half of the memory; 0 when there is none that is larger.
 */
uint64_t swiotlb_recommended_mib(uint64_t current_mib, uint64_t memory_mib);

/*
 * swiotlb_network_mib() estimates what network queues can hold at once: of each, a ring of
 * 1024 buffers of one page.
 */
uint64_t swiotlb_network_mib(uint64_t num_queues);

/*
 * swiotlb_remedy() writes how to set swiotlb= for good, on a distribution by the ID of its
 * os-release: which file, and how grub.cfg is made anew.
 */
void swiotlb_remedy(const char *os_id, uint64_t mib, struct out *out);

/* grub_update_command() makes grub.cfg anew from /etc/default/grub. */
const char *grub_update_command(const char *os_id);

#endif
