/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUs that have no TDX.
 */
#include "collect/cpu.h"

bool cpu_is_tdx_guest(void)
{
	return false;
}
