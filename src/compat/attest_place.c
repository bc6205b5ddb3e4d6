/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This machine. One variable, the vendor's, says which entry of its configfs-tsm to use; what
 * comes from there is checked as all is, and where the environment is not the user's own, it
 * is not asked.
 */
#include "compat/attest_place.h"

#include "collect/collect.h"

#include <stdlib.h>

struct attest_place attest_place(void)
{
	return (struct attest_place){
		.sysroot = "",
		.tsm_entry = secure_getenv(ATTEST_ENTRY_VARIABLE),
		.timeout_s = COLLECT_TIMEOUT_S,
	};
}
