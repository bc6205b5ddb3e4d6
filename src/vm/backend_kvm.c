/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KVM, where it runs a guest: some hosts have the device and cannot start a kernel by it.
 */
#include "vm/evm.h"

#include "doctor/bounded.h"
#include "doctor/kvm_probe.h"

#include <string.h>

enum {
	PROBE_MS = 5000,
	/* Many times what a kernel needs under KVM: who waits longer, waits for emulation. */
	TRIAL_SECONDS = 30,
};

static enum cella_status judge(const struct kvm_probe *probe, struct cella_error *err)
{
	if (probe->step == KVM_STEP_STOPPED && probe->stage == KVM_STAGE_HALT)
		return CELLA_OK;
	if (probe->step == KVM_STEP_STOPPED)
		return error_set(err, CELLA_UNSUPPORTED,
				 "/dev/kvm: a small guest stopped at %s, after %s: %s",
				 kvm_stage_name(probe->stage + 1),
				 kvm_stage_name(probe->stage),
				 kvm_exit_name(probe->exit_reason));
	if (probe->is_late)
		return error_set(err, CELLA_UNSUPPORTED,
				 "/dev/kvm: a small guest had no end in %d s, after %s",
				 PROBE_MS / 1000, kvm_stage_name(probe->stage));
	if (probe->step == KVM_STEP_UNSUPPORTED)
		return error_set(err, CELLA_UNSUPPORTED,
				 "no probe for this architecture");
	return error_set(
		err, CELLA_UNSUPPORTED, "/dev/kvm: %s: %s", kvm_step_name(probe->step),
		probe->sys_errno != 0 ? strerror(probe->sys_errno) : "its probe died");
}

static enum cella_status probe_kvm(char found[BACKEND_TEXT_MAX], struct cella_error *err)
{
	struct kvm_probe *const shared = bounded_new(sizeof *shared);
	struct kvm_probe probe;

	if (shared == NULL)
		return error_nomem(err);
	shared->is_late = bounded_run(kvm_probe_work, shared, PROBE_MS) == BOUNDED_LATE;
	probe = *shared;
	bounded_free(shared, sizeof *shared);
	TRY(judge(&probe, err));
	backend_say(found, "KVM ran a small guest, from real mode to system calls");
	return CELLA_OK;
}

static enum cella_status plan(const struct qemu_plan *machine, struct argv *out,
			      struct cella_error *err)
{
	return qemu_argv(machine, ACCELERATOR_KVM, out, err);
}

static unsigned wait(const struct evm_options *options)
{
	const bool is_trial = options->backend.fallback != NULL;

	return is_trial && options->boot_seconds > TRIAL_SECONDS ? TRIAL_SECONDS
								 : options->boot_seconds;
}

const struct backend backend_kvm = {
	.name = "kvm",
	.evidence = "vtpm",
	.device = "/dev/kvm",
	.probe = probe_kvm,
	.plan = plan,
	.start = evm_start_machine,
	.wait = wait,
	.stop = evm_quit_machine,
};
