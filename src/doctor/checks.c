/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of checks, and what all of them share.
 */
#include "doctor/checks.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FACT(member) offsetof(struct facts, member)

/* clang-format off */
static const struct doctor_check checks[] = {
	{ "cpu.tdx_guest", GROUP_EVIDENCE, "TDX in the CPU", false, FACT(cpu.known), check_cpu },
	{ "kernel.version", GROUP_EVIDENCE, "kernel", true, FACT(kernel.known), check_kernel },
	{ "tdx.driver", GROUP_EVIDENCE, "TDX driver", true, FACT(tdx.known), check_driver },
	{ "tdx.device", GROUP_EVIDENCE, "TDX device", true, FACT(tdx.known), check_device },
	{ "configfs.mounted", GROUP_EVIDENCE, "configfs", true, FACT(tdx.known), check_configfs },
	{ "configfs.tsm", GROUP_EVIDENCE, "configfs-tsm", true, FACT(tdx.known), check_tsm },
	{ "qgs.configured", GROUP_EVIDENCE, "tdx-attest.conf", true, FACT(qgs.known), check_qgs_conf },
	{ "qgs.reachable", GROUP_EVIDENCE, "quoting service", false, FACT(qgs.known), check_qgs },
	{ "quote.path", GROUP_EVIDENCE, "a way to a quote", true, FACT(tdx.known), check_quote_path },
	{ "ccel.log", GROUP_EVIDENCE, "boot event log", true, FACT(tdx.known), check_event_log },
	{ "rtmr.files", GROUP_EVIDENCE, "RTMR files", true, FACT(tdx.known), check_measurements },
	{ "clock.sane", GROUP_COLLATERAL, "clock", false, FACT(clock.known), check_clock },
	{ "clock.synchronised", GROUP_COLLATERAL, "clock is kept", false, FACT(clock.known), check_clock_sync },
	{ "clock.source", GROUP_COLLATERAL, "clock source", true, FACT(clock.known), check_clock_source },
	{ "pccs.configured", GROUP_COLLATERAL, "PCCS address", false, FACT(pccs.known), check_pccs_conf },
	{ "pccs.reachable", GROUP_COLLATERAL, "PCCS answers", false, FACT(pccs.known), check_pccs },
	{ "pccs.fresh", GROUP_COLLATERAL, "collateral is fresh", false, FACT(pccs.known), check_pccs_fresh },
	{ "swiotlb.size", GROUP_INSTANCE, "SWIOTLB size", true, FACT(memory.known), check_swiotlb_size },
	{ "swiotlb.full", GROUP_INSTANCE, "SWIOTLB suffices", false, FACT(log.known), check_swiotlb_full },
	{ "swiotlb.queues", GROUP_INSTANCE, "network queues", true, FACT(network.known), check_swiotlb_queues },
	{ "swiotlb.setting", GROUP_INSTANCE, "swiotlb= setting", true, FACT(grub.known), check_swiotlb_set },
	{ "boot.uefi", GROUP_INSTANCE, "UEFI", true, FACT(kernel.known), check_uefi },
	{ "limit.reboot", GROUP_INSTANCE, "no reboot inside", true, FACT(kernel.known), check_reboot },
	{ "limit.console", GROUP_INSTANCE, "no VNC", true, FACT(network.known), check_console },
	{ "limit.rdma", GROUP_INSTANCE, "no eRDMA", true, FACT(pci.known), check_rdma },
	{ "limit.accelerators", GROUP_INSTANCE, "no accelerators", true, FACT(pci.known), check_accelerators },
	{ "kvm.device", GROUP_ENCLAVE, "KVM device", false, FACT(enclave.known), check_kvm },
	{ "kvm.functional", GROUP_ENCLAVE, "KVM runs a guest", false, FACT(enclave.known), check_kvm_runs },
	{ "vsock.support", GROUP_ENCLAVE, "vsock", false, FACT(enclave.known), check_vsock },
	{ "memory.hugepages", GROUP_ENCLAVE, "huge pages", false, FACT(memory.known), check_hugepages },
};
/* clang-format on */

const struct doctor_check *doctor_checks(size_t *num)
{
	*num = ARRAY_LEN(checks);
	return checks;
}

const struct doctor_check *doctor_check_find(const char *id)
{
	for (size_t i = 0; i < ARRAY_LEN(checks); i++)
		if (strcmp(checks[i].id, id) == 0)
			return &checks[i];
	return NULL;
}

const char *doctor_state_name(enum doctor_state state)
{
	static const char *const names[] = {
		[DOCTOR_UNKNOWN] = "unknown", [DOCTOR_FAIL] = "fail",
		[DOCTOR_WARN] = "warn",       [DOCTOR_NOTE] = "note",
		[DOCTOR_OK] = "ok",           [DOCTOR_NOT_APPLICABLE] = "not_applicable",
	};

	_Static_assert(ARRAY_LEN(names) == DOCTOR_NUM_STATES, "a state lacks its name");
	return names[state];
}

static const struct {
	const char *name;
	const char *title;
} groups[] = {
	[GROUP_EVIDENCE] = { "evidence", "Evidence: can this machine prove what it is?" },
	[GROUP_COLLATERAL] = { "collateral",
			       "Collateral: can it judge what others prove?" },
	[GROUP_INSTANCE] = { "instance", "Instance: limits and known issues of a TD" },
	[GROUP_ENCLAVE] = { "enclave", "Enclaves: can it run them?" },
};

_Static_assert(ARRAY_LEN(groups) == DOCTOR_NUM_GROUPS, "a group lacks its name");

const char *doctor_group_name(enum doctor_group group)
{
	return groups[group].name;
}

const char *doctor_group_title(enum doctor_group group)
{
	return groups[group].title;
}

/* --- findings ------------------------------------------------------------------------ */

void found_set(struct finding *out, enum doctor_state state, const char *format, ...)
{
	va_list args;

	out->state = state;
	va_start(args, format);
	vsnprintf(out->found, sizeof out->found, format, args);
	va_end(args);
}

void remedy_set(struct finding *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(out->remedy, sizeof out->remedy, format, args);
	va_end(args);
}

void found_hidden(struct finding *out, const struct facts *facts, int sys_errno,
		  const char *what, const char *as_root)
{
	found_set(out, DOCTOR_UNKNOWN, "%s: %s", what, strerror(sys_errno));
	if ((sys_errno != EACCES && sys_errno != EPERM) || facts->is_root)
		return;
	out->as_root = as_root;
	remedy_set(out, "Run `cella doctor` as root, who may read it.");
}

/* The gathering ended before it came to this, and says where. */
static void found_late(const struct facts *facts, struct finding *out)
{
	if (facts->has_died) {
		found_set(out, DOCTOR_UNKNOWN, "not reached");
		out->meaning = "The process that looks was killed.";
		return;
	}
	found_set(out, DOCTOR_UNKNOWN, "not reached in %d s", GATHER_DEADLINE_MS / 1000);
	out->meaning = "A file system of this machine did not answer in time.";
	if (facts->looking_at[0] != '\0')
		remedy_set(out, "Find out why %s does not answer.", facts->looking_at);
}

void doctor_evaluate(const struct doctor_check *check, const struct facts *facts,
		     struct finding *out)
{
	const enum known is_td = facts_is_td(facts);
	bool is_known = false;

	*out = (struct finding){ 0 };
	memcpy(&is_known, (const uint8_t *)facts + check->known, sizeof is_known);
	if (check->is_of_td && is_td == KNOWN_NO) {
		found_set(out, DOCTOR_NOT_APPLICABLE, "not a trust domain");
	} else if (!is_known) {
		found_late(facts, out);
	} else if (check->is_of_td && is_td == NOT_KNOWN) {
		found_set(out, DOCTOR_UNKNOWN, "is this a trust domain? see %s",
			  checks[0].title);
	} else {
		check->evaluate(facts, out);
	}
}
