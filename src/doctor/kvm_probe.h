/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does KVM run a guest? A device node does not say: some hosts offer a KVM that starts
 * firmware and then no kernel. The probe is a guest of one page that does what a kernel does
 * first, in stages, and tells each by a byte on a port; then it halts. No more is claimed
 * than that these stages were passed: nothing is said of devices, interrupts, several
 * processors, or speed.
 */
#ifndef DOCTOR_KVM_PROBE_H
#define DOCTOR_KVM_PROBE_H

#include "base/bytes.h"

/* In the order in which the guest passes them. */
enum kvm_stage {
	KVM_STAGE_NONE,
	KVM_STAGE_REAL,      /* real mode */
	KVM_STAGE_PROTECTED, /* 32-bit protected mode */
	KVM_STAGE_LONG,      /* paging and 64-bit mode */
	KVM_STAGE_HIGH,      /* at the addresses of a kernel */
	KVM_STAGE_EXCEPTION, /* its own tables, and an exception that it handles */
	KVM_STAGE_USER,      /* user mode, and an exception from there */
	KVM_STAGE_SYSCALL,   /* a system call from user mode */
	KVM_STAGE_HALT,      /* halt: everything was passed */
};

enum { KVM_NUM_STAGES = KVM_STAGE_HALT + 1 };

enum kvm_step {
	KVM_STEP_NONE, /* not even begun */
	KVM_STEP_OPEN,
	KVM_STEP_VERSION,
	KVM_STEP_VM,
	KVM_STEP_MEMORY,
	KVM_STEP_VCPU,
	KVM_STEP_STATE,
	KVM_STEP_RUN,
	KVM_STEP_STOPPED,     /* the guest came to an end, whichever */
	KVM_STEP_UNSUPPORTED, /* there is no probe for this architecture */
};

struct kvm_probe {
	enum kvm_step step;   /* the last one begun */
	enum kvm_stage stage; /* the last one passed */
	int sys_errno;        /* of that step */
	uint32_t exit_reason; /* KVM's, when it was stopped */
	bool is_late;
};

/* kvm_probe_work() is the probe itself, on a struct kvm_probe: for bounded_run(). */
void kvm_probe_work(void *shared);

/* These say what a stage is, what a step does, and what KVM means. */
const char *kvm_stage_name(enum kvm_stage stage);
const char *kvm_step_name(enum kvm_step step);
const char *kvm_exit_name(uint32_t exit_reason);

/* cpu_says_tdx() asks the CPU itself: leaf 0x21. */
bool cpu_says_tdx(void);

#endif
