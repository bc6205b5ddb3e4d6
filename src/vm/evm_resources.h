/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an Enclave VM has taken of its machine, from before its first process until after its
 * last.
 */
#ifndef VM_EVM_RESOURCES_H
#define VM_EVM_RESOURCES_H

#include "vm/resource_steps.h"

#include <sched.h>

/* What is applied by this process, and may fail: the rest is QEMU's to do, or to die of. */
enum evm_effect { EVM_EFFECT_GROUP, EVM_EFFECT_REST, EVM_EFFECT_VCPUS, EVM_NUM_EFFECTS };

enum effect_state { EFFECT_NOT_ASKED, EFFECT_PENDING, EFFECT_APPLIED, EFFECT_FAILED };

struct evm_resources {
	struct resource_plan plan;
	struct resource_steps steps;
	bool has_plan;
	char why_none[RESOURCES_TEXT_MAX]; /* where there is no plan */
	bool has_group;
	cpu_set_t before; /* where this process could run */
	enum effect_state effects[EVM_NUM_EFFECTS];
	char why_not[EVM_NUM_EFFECTS][TOPOLOGY_TEXT_MAX];
};

#endif
