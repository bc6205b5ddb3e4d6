/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For processors other than x86-64: there is no guest to probe KVM with, and no TDX.
 */
#include "doctor/kvm_probe.h"

void kvm_probe_work(void *shared)
{
	struct kvm_probe *const probe = shared;

	probe->step = KVM_STEP_UNSUPPORTED;
}

bool cpu_says_tdx(void)
{
	return false;
}
