/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the CPU says of itself. Only where it says that this is a trust domain may an address
 * be touched that leads to a host or a cloud unasked: elsewhere it would lead to somebody
 * else's.
 */
#ifndef COLLECT_CPU_H
#define COLLECT_CPU_H

#include <stdbool.h>

/*
 * cpu_is_tdx_guest() is true where CPUID leaf 0x21 says "IntelTDX", or where Hyper-V says
 * that it isolates this guest by TDX: there the leaf may be hidden by a paravisor.
 */
bool cpu_is_tdx_guest(void);

#endif
