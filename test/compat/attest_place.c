/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where stand-ins are: of a libtdx_attest that is never installed.
 */
#include "compat/attest_place.h"

#include "base/number.h"

struct attest_place attest_place(void)
{
	const char *const sysroot = getenv("TEST_SYSROOT");
	const char *const timeout = getenv("TEST_TIMEOUT");
	uint64_t seconds = 60;

	if (timeout != NULL &&
	    number_read(timeout, 1000, &seconds, "TEST_TIMEOUT", NULL) != CELLA_OK)
		abort();
	return (struct attest_place){ .sysroot = sysroot != NULL ? sysroot : "/nowhere",
				      .qgs = getenv("QGS"),
				      .tsm_entry = getenv(ATTEST_ENTRY_VARIABLE),
				      .timeout_s = (int64_t)seconds };
}
