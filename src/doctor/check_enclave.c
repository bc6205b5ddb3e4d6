/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can it run enclaves, and how fast?
 */
#include "doctor/checks.h"

#include <errno.h>
#include <string.h>

enum { KIB_PER_MIB = 1024 };

#define EMULATED "Enclaves run under emulation here, which is slow."

void check_kvm(const struct facts *facts, struct finding *out)
{
	const struct enclave_facts *const enclave = &facts->enclave;

	if (enclave->kvm_errno != 0) {
		found_set(out, DOCTOR_NOTE, "/dev/kvm: %s", strerror(enclave->kvm_errno));
		out->meaning = EMULATED;
		return;
	}
	if (enclave->kvm_try_errno != 0) {
		found_set(out, DOCTOR_NOTE, "/dev/kvm: %s",
			  strerror(enclave->kvm_try_errno));
		out->meaning = "It is there, but not for who runs this. " EMULATED;
		remedy_set(out, "Join the device's group: `usermod -aG kvm USER`.");
		return;
	}
	if (strcmp(enclave->kvm_module, "kvm_pvm") == 0) {
		found_set(out, DOCTOR_NOTE, "/dev/kvm, module kvm_pvm");
		out->meaning = "A KVM without the processor's help, for kernels made for "
			       "it; --deep tells what it runs.";
		return;
	}
	found_set(out, DOCTOR_OK, "/dev/kvm%s%s",
		  enclave->kvm_module[0] != '\0' ? ", module " : "", enclave->kvm_module);
}

static void found_stopped(const struct kvm_probe *probe, struct finding *out)
{
	if (probe->stage == KVM_STAGE_HALT) {
		found_set(out, DOCTOR_OK,
			  "ran a small guest, from real mode to system calls");
		out->meaning = "Says nothing of interrupts, devices or speed.";
		return;
	}
	found_set(out, DOCTOR_FAIL, "stopped at %s, after %s: %s",
		  kvm_stage_name(probe->stage + 1), kvm_stage_name(probe->stage),
		  kvm_exit_name(probe->exit_reason));
	out->meaning =
		"This KVM does not do what an ordinary 64-bit kernel needs: one started "
		"on it would hang or crash. " EMULATED;
	remedy_set(out, "Use a host with hardware virtualisation, or an instance type "
			"with nested virtualisation.");
}

static void found_probe(const struct kvm_probe *probe, struct finding *out)
{
	if (probe->step == KVM_STEP_STOPPED) {
		found_stopped(probe, out);
	} else if (probe->is_late) {
		found_set(out, DOCTOR_FAIL, "no end in %d s, after %s",
			  KVM_DEADLINE_MS / 1000, kvm_stage_name(probe->stage));
		out->meaning = "The guest of the probe takes milliseconds. " EMULATED;
	} else if (probe->sys_errno != 0) {
		found_set(out, DOCTOR_FAIL, "%s: %s", kvm_step_name(probe->step),
			  strerror(probe->sys_errno));
		out->meaning = EMULATED;
	} else {
		found_set(out, DOCTOR_UNKNOWN, "%s", kvm_step_name(probe->step));
	}
}

void check_kvm_runs(const struct facts *facts, struct finding *out)
{
	if (facts->enclave.kvm_errno != 0)
		found_set(out, DOCTOR_NOT_APPLICABLE, "no /dev/kvm");
	else if (facts->kvm_probed != KNOWN_YES)
		found_set(out, DOCTOR_NOT_APPLICABLE, "%s",
			  facts->is_own ? "not asked; --deep does"
					: "a tree of files runs nothing");
	else if (facts->kvm.step == KVM_STEP_OPEN && facts->kvm.sys_errno == EACCES)
		found_hidden(out, facts, EACCES, "/dev/kvm", "whether KVM works");
	else
		found_probe(&facts->kvm, out);
}

void check_vsock(const struct facts *facts, struct finding *out)
{
	const struct enclave_facts *const enclave = &facts->enclave;

	if (enclave->has_vsock_protocol != KNOWN_YES && !enclave->has_vsock_device) {
		found_set(out, DOCTOR_NOTE, "none");
		out->meaning =
			"Enclaves do not need it: their host side is UNIX sockets. "
			"A TD needs it to reach a quoting service by vsock.";
		return;
	}
	found_set(out, DOCTOR_OK, "%s%s",
		  enclave->has_vsock_device ? "/dev/vsock" : "the kernel has it",
		  enclave->has_vhost_vsock ? ", and /dev/vhost-vsock for guests" : "");
}

void check_hugepages(const struct facts *facts, struct finding *out)
{
	const struct memory_facts *const memory = &facts->memory;

	if (!memory->has_huge) {
		found_set(out, DOCTOR_UNKNOWN, "/proc/meminfo cannot be read");
		return;
	}
	if (memory->huge_kib == 0) {
		found_set(out, DOCTOR_NOTE, "none reserved");
		out->meaning = "Enclaves do without; with them, memory is mapped faster "
			       "and never swapped.";
		return;
	}
	found_set(out, DOCTOR_OK, "%llu of %llu MiB are free",
		  (unsigned long long)(memory->huge_free_kib / KIB_PER_MIB),
		  (unsigned long long)(memory->huge_kib / KIB_PER_MIB));
}
