/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel releases and what of TDX they can do.
 */
#ifndef DOCTOR_KERNEL_VERSION_H
#define DOCTOR_KERNEL_VERSION_H

#include "base/bytes.h"

struct kernel_limit {
	const char *distribution; /* part of the release, ".al8"; "" for mainline */
	const char *first;        /* release that does */
	bool is_strict;           /* older ones are not supported, says their maker */
	const char *meaning;      /* of a release that does */
	const char *lacks;        /* of one that does not */
	const char *remedy;
};

/* kernel_limit_find() returns the limit for a release; NULL if it begins with no version. */
const struct kernel_limit *kernel_limit_find(const char *release);

/*
 * kernel_compare() compares releases by their leading numbers: "5.10.134-16.al8" is less
 * than "5.10.134-16.1" and than "5.10.134-17".
 */
int kernel_compare(const char *a, const char *b);

#endif
