/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparing kernel releases.
 */
#include "doctor/kernel_version.h"

#include <string.h>

/* The maker's own limits first; the last row is for all others. */
static const struct kernel_limit limits[] = {
	{ ".al8", "5.10.134-16", true, NULL,
	  "Images of Alibaba Cloud Linux 3 work in TDX instances from that kernel on.",
	  "Update the kernel, then stop and start the instance from outside." },
	{ "", "6.7", false, NULL,
	  "Mainline makes quotes through configfs-tsm since 6.7. Distributions brought that "
	  "to older kernels: what is there counts.",
	  "If there is no way to a quote below, use a newer kernel." },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

const struct kernel_limit *kernel_limit_find(const char *release)
{
	if (!is_digit(release[0]))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		if (strstr(release, limits[i].distribution) != NULL)
			return &limits[i];
	return NULL;
}

/* The next number of a release, 0 at its end; *text goes past it and one separator. */
static unsigned long long next_number(const char **text)
{
	unsigned long long value = 0;

	while (is_digit(**text) && value < UINT32_MAX)
		value = value * 10 + (unsigned)(*(*text)++ - '0');
	if ((**text == '.' || **text == '-') && is_digit((*text)[1]))
		(*text)++;
	return value;
}

int kernel_compare(const char *a, const char *b)
{
	while (is_digit(*a) || is_digit(*b)) {
		const unsigned long long left = next_number(&a);
		const unsigned long long right = next_number(&b);

		if (left != right)
			return left < right ? -1 : 1;
	}
	return 0;
}
