/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In words, what the probe of KVM found.
 */
#include "doctor/kvm_probe.h"

#include <linux/kvm.h>

const char *kvm_stage_name(enum kvm_stage stage)
{
	static const char *const names[] = {
		[KVM_STAGE_NONE] = "nothing",
		[KVM_STAGE_REAL] = "real mode",
		[KVM_STAGE_PROTECTED] = "protected mode",
		[KVM_STAGE_LONG] = "64-bit mode",
		[KVM_STAGE_HIGH] = "kernel addresses",
		[KVM_STAGE_EXCEPTION] = "exceptions",
		[KVM_STAGE_USER] = "user mode",
		[KVM_STAGE_SYSCALL] = "system calls",
		[KVM_STAGE_HALT] = "halt",
	};

	_Static_assert(ARRAY_LEN(names) == KVM_NUM_STAGES, "a stage lacks its name");
	return names[stage];
}

const char *kvm_exit_name(uint32_t exit_reason)
{
	static const char *const names[] = {
		[KVM_EXIT_UNKNOWN] = "it stopped for an unknown reason",
		[KVM_EXIT_EXCEPTION] = "it stopped at an exception",
		[KVM_EXIT_IO] = "the guest itself saw it go wrong",
		[KVM_EXIT_HLT] = "it halted",
		[KVM_EXIT_MMIO] = "it touched memory that it does not have",
		[KVM_EXIT_SHUTDOWN] = "it faulted",
		[KVM_EXIT_FAIL_ENTRY] = "the processor did not enter it",
		[KVM_EXIT_INTERNAL_ERROR] = "KVM could not emulate it",
	};

	if (exit_reason >= ARRAY_LEN(names) || names[exit_reason] == NULL)
		return "it stopped for another reason";
	return names[exit_reason];
}

const char *kvm_step_name(enum kvm_step step)
{
	static const char *const texts[] = {
		[KVM_STEP_NONE] = "the probe was not started",
		[KVM_STEP_OPEN] = "open",
		[KVM_STEP_VERSION] = "its version",
		[KVM_STEP_VM] = "making a machine",
		[KVM_STEP_MEMORY] = "giving it memory",
		[KVM_STEP_VCPU] = "making a processor",
		[KVM_STEP_STATE] = "setting its registers",
		[KVM_STEP_RUN] = "running it",
		[KVM_STEP_STOPPED] = "running it",
		[KVM_STEP_UNSUPPORTED] = "no probe for this architecture",
	};

	return texts[step];
}
