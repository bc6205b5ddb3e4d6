/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUID (Intel SDM; Linux, Documentation/arch/x86/tdx.rst; Hypervisor Top Level Functional
 * Specification, 0x4000000C).
 */
#include "collect/cpu.h"

#include <cpuid.h>
#include <stdint.h>
#include <string.h>

enum {
	LEAF_TDX = 0x21,
	LEAF_HYPERVISOR = 0x40000000,
	LEAF_FEATURES = 0x40000003,
	LEAF_ISOLATION = 0x4000000C,
	FEATURE_HYPERVISOR = 1U << 31, /* leaf 1, ECX */
	HYPERV_ISOLATION = 1U << 22,   /* EBX */
	ISOLATION_TYPE = 0xf,          /* EBX */
	ISOLATION_TDX = 3,
};

struct leaf {
	uint32_t a, b, c, d;
};

static struct leaf ask(uint32_t number)
{
	struct leaf leaf = { 0 };

	__cpuid_count(number, 0, leaf.a, leaf.b, leaf.c, leaf.d);
	return leaf;
}

static bool is_tdx(void)
{
	struct leaf leaf;

	if (ask(0).a < LEAF_TDX)
		return false;
	leaf = ask(LEAF_TDX);
	return memcmp(&leaf.b, "Inte", 4) == 0 && memcmp(&leaf.d, "lTDX", 4) == 0 &&
	       memcmp(&leaf.c, "    ", 4) == 0;
}

static bool is_isolated_by_hyperv(void)
{
	struct leaf leaf;

	if ((ask(1).c & FEATURE_HYPERVISOR) == 0)
		return false;
	leaf = ask(LEAF_HYPERVISOR);
	if (leaf.a < LEAF_ISOLATION || memcmp(&leaf.b, "Micr", 4) != 0 ||
	    memcmp(&leaf.c, "osof", 4) != 0 || memcmp(&leaf.d, "t Hv", 4) != 0)
		return false;
	return (ask(LEAF_FEATURES).b & HYPERV_ISOLATION) != 0 &&
	       (ask(LEAF_ISOLATION).b & ISOLATION_TYPE) == ISOLATION_TDX;
}

bool cpu_is_tdx_guest(void)
{
	return is_tdx() || is_isolated_by_hyperv();
}
