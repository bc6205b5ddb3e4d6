/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits and known issues of TDX instances, as their providers document them: above all the
 * SWIOTLB, through which all of a TD's input and output goes.
 */
#include "doctor/checks.h"

#include "doctor/lines.h"
#include "doctor/swiotlb.h"

#include <errno.h>
#include <string.h>

#define ULL(value) ((unsigned long long)(value))

enum { KIB_PER_MIB = 1024 };

struct size {
	uint64_t mib;
	const char *source;
	bool is_assumed;
};

static uint64_t memory_mib(const struct facts *facts)
{
	return facts->memory.total_kib / KIB_PER_MIB;
}

/* The best that is known: what the kernel has, what it said, what it was told. */
static struct size swiotlb_size(const struct facts *facts)
{
	const struct swiotlb_param param = swiotlb_param_read(facts->kernel.cmdline);
	const struct kernel_log *const log = &facts->log.log;
	const uint64_t slots_per_mib = SWIOTLB_SLOTS_PER_MIB;

	if (facts->memory.has_slots)
		return (struct size){ facts->memory.slots / slots_per_mib, "debugfs",
				      false };
	if (log->total_slots != 0)
		return (struct size){ log->total_slots / slots_per_mib, "the kernel log",
				      false };
	if (log->mapped_mib != 0)
		return (struct size){ log->mapped_mib, "the kernel log", false };
	if (param.slots != 0)
		return (struct size){ param.slots / slots_per_mib, "swiotlb=", false };
	if (facts->memory.total_kib == 0)
		return (struct size){ 0 };
	return (struct size){ swiotlb_default_mib(memory_mib(facts)), "the default",
			      true };
}

static void remedy_swiotlb(const struct facts *facts, uint64_t mib, struct finding *out)
{
	struct out text = { 0 };

	swiotlb_remedy(facts->kernel.os_id, mib, &text);
	remedy_set(out, "%.*s", (int)text.len,
		   text.data != NULL ? (const char *)text.data : "");
	out_done(&text);
}

static void judge_size(const struct facts *facts, struct size size, struct finding *out)
{
	const uint64_t memory = memory_mib(facts);
	const uint64_t usual = swiotlb_default_mib(memory);

	found_set(out, DOCTOR_OK, "%llu MiB by %s, %llu %% of %llu MiB", ULL(size.mib),
		  size.source, ULL(memory != 0 ? size.mib * 100 / memory : 0),
		  ULL(memory));
	if (size.mib * 10 < usual * 9) {
		out->state = DOCTOR_WARN;
		out->meaning = "Less than a TDX guest sets aside by itself: 6 % of its "
			       "memory, at most 1 GiB.";
		remedy_swiotlb(facts, usual, out);
	} else if (memory != 0 && size.mib * 100 > memory * SWIOTLB_MAX_PERCENT) {
		out->state = DOCTOR_WARN;
		out->meaning = "More than half of the memory is kept from programs.";
		remedy_swiotlb(facts, swiotlb_recommended_mib(0, memory), out);
	} else if (size.is_assumed) {
		out->state = DOCTOR_NOTE;
		out->meaning =
			"That is what the kernel takes when nobody says otherwise; "
			"what it took was not seen.";
		if (!facts->is_root)
			out->as_root = "the size of the SWIOTLB";
	}
}

void check_swiotlb_size(const struct facts *facts, struct finding *out)
{
	const struct size size = swiotlb_size(facts);

	if (swiotlb_param_read(facts->kernel.cmdline).is_off) {
		found_set(out, DOCTOR_FAIL, "swiotlb=noforce on the command line");
		out->meaning = "A TD reaches its devices through the SWIOTLB only.";
		remedy_swiotlb(facts, swiotlb_default_mib(memory_mib(facts)), out);
	} else if (facts->log.log.no_memory) {
		found_set(out, DOCTOR_FAIL, "the kernel could not allocate it");
		out->meaning = "A TD reaches its devices through the SWIOTLB only.";
		remedy_swiotlb(facts, swiotlb_default_mib(memory_mib(facts)), out);
	} else if (size.source == NULL) {
		found_set(out, DOCTOR_UNKNOWN, "neither its size nor that of the memory");
	} else {
		judge_size(facts, size, out);
	}
}

static void remedy_full(const struct facts *facts, struct finding *out)
{
	const uint64_t mib =
		swiotlb_recommended_mib(swiotlb_size(facts).mib, memory_mib(facts));

	if (mib != 0)
		remedy_swiotlb(facts, mib, out);
	else
		remedy_set(out, "It has its share of the memory already: unbind network "
				"interfaces, or use a larger instance type.");
}

void check_swiotlb_full(const struct facts *facts, struct finding *out)
{
	const struct log_facts *const log = &facts->log;

	if (!log->is_named && facts_is_td(facts) == KNOWN_NO) {
		found_set(out, DOCTOR_NOT_APPLICABLE, "not a trust domain");
		return;
	}
	if (log->log_errno != 0) {
		found_hidden(out, facts, log->log_errno, "the kernel log",
			     "the kernel log");
		return;
	}
	if (log->log.num_full > 0) {
		found_set(out, DOCTOR_FAIL, "\"swiotlb buffer is full\", %llu x in %s",
			  ULL(log->log.num_full), log->source);
		out->meaning = "Devices waited for memory: input and output is slow, and "
			       "the instance can freeze.";
		remedy_full(facts, out);
		return;
	}
	if (log->is_of_boot) {
		found_set(out, DOCTOR_UNKNOWN, "not full at boot, says %s", log->source);
		out->meaning = "What came later is in the kernel log.";
		if (!facts->is_root)
			out->as_root = "the kernel log";
		return;
	}
	found_set(out, log->log.has_start ? DOCTOR_OK : DOCTOR_NOTE,
		  "never full, says %s", log->source);
	if (!log->log.has_start)
		out->meaning = "The log does not go back to the start of the kernel: it "
			       "may have been full before.";
}

void check_swiotlb_queues(const struct facts *facts, struct finding *out)
{
	const struct network_facts *const network = &facts->network;
	const uint64_t need = swiotlb_network_mib(network->num_queues);
	const struct size size = swiotlb_size(facts);

	if (network->list_errno != 0) {
		found_hidden(out, facts, network->list_errno, "/sys/class/net",
			     "the network interfaces");
		return;
	}
	if (size.source == NULL) {
		found_set(out, DOCTOR_UNKNOWN, "the size of the SWIOTLB is not known");
		return;
	}
	found_set(out, DOCTOR_OK, "interfaces: %zu, queues: %llu, about %llu of %llu MiB",
		  network->num_interfaces, ULL(network->num_queues), ULL(need),
		  ULL(size.mib));
	if (need * 2 <= size.mib)
		return;
	out->state = DOCTOR_WARN;
	out->meaning = "Network queues can hold more than half of the SWIOTLB (estimated "
		       "with 1024 buffers of 4 KiB each): the instance may freeze.";
	remedy_full(facts, out);
}

/* --- how it is set ------------------------------------------------------------------- */

static void judge_setting(const struct facts *facts, const char *running,
			  struct finding *out)
{
	const char *const set = facts->grub.swiotlb;

	if (strcmp(set, running) == 0) {
		found_set(out, DOCTOR_OK, "%s",
			  set[0] != '\0' ? set : "none, the default");
	} else if (set[0] == '\0') {
		found_set(out, DOCTOR_NOTE, "running with %s; not in /etc/default/grub",
			  running);
		out->meaning = "Whoever makes grub.cfg anew may lose it.";
	} else {
		found_set(out, DOCTOR_WARN, "%s in /etc/default/grub, running with %s",
			  set, running[0] != '\0' ? running : "none");
		out->meaning = "What was set is not in effect.";
		remedy_set(out,
			   "Run: `%s`. Then stop and start the instance from outside.",
			   grub_update_command(facts->kernel.os_id));
	}
}

void check_swiotlb_set(const struct facts *facts, struct finding *out)
{
	const struct cella_bytes value = cmdline_find(facts->kernel.cmdline, "swiotlb");
	const int failure = facts->grub.grub_errno;
	char running[FACT_TEXT_MAX];

	if (facts->kernel.cmdline_errno != 0) {
		found_hidden(out, facts, facts->kernel.cmdline_errno, "/proc/cmdline",
			     "the kernel's command line");
	} else if (failure != 0 && failure != ENOENT) {
		found_hidden(out, facts, failure, "/etc/default/grub",
			     "/etc/default/grub");
	} else {
		text_copy(value, running, sizeof running);
		judge_setting(facts, running, out);
	}
}

/* --- limits -------------------------------------------------------------------------- */

void check_uefi(const struct facts *facts, struct finding *out)
{
	if (facts->kernel.has_efi) {
		found_set(out, DOCTOR_OK, "started by UEFI");
		return;
	}
	found_set(out, DOCTOR_NOTE, "no /sys/firmware/efi");
	out->meaning = "TDX instances start from UEFI images only; a TD whose kernel is "
		       "started directly shows none, too.";
}

void check_reboot(const struct facts *facts, struct finding *out)
{
	if (!facts->kernel.reboot_required) {
		found_set(out, DOCTOR_NOTE, "no reboot is waited for");
		out->meaning =
			"A TD cannot be rebooted from inside: stop and start it from "
			"outside.";
		return;
	}
	found_set(out, DOCTOR_WARN, "an update waits for a reboot");
	out->meaning =
		"A TD cannot be rebooted from inside: `reboot` would leave it down.";
	remedy_set(out, "Stop and start the instance from outside, in the provider's "
			"console or by its API.");
}

void check_console(const struct facts *facts, struct finding *out)
{
	if (facts->network.ssh == KNOWN_YES) {
		found_set(out, DOCTOR_OK, "SSH listens on port 22");
		return;
	}
	found_set(out, facts->network.ssh == KNOWN_NO ? DOCTOR_WARN : DOCTOR_UNKNOWN,
		  facts->network.ssh == KNOWN_NO ? "nothing listens on port 22"
						 : "/proc/net/tcp cannot be read");
	out->meaning = "VNC does not reach a TD: who cannot log in by SSH cannot log in.";
	remedy_set(out,
		   "Start sshd, or know what else lets you in. The provider's console "
		   "shows the serial log.");
}

void check_rdma(const struct facts *facts, struct finding *out)
{
	const struct pci_facts *const pci = &facts->pci;

	if (pci->num_rdma == 0) {
		found_set(out, pci->has_class ? DOCTOR_OK : DOCTOR_UNKNOWN,
			  pci->has_class ? "none is there" : "no /sys/class to look in");
		return;
	}
	found_set(out, DOCTOR_WARN, "RDMA devices: %zu, the first is %s", pci->num_rdma,
		  pci->rdma);
	out->meaning = "TDX instances do not support eRDMA: devices do not reach a TD's "
		       "memory.";
	remedy_set(out, "Unbind the interface, or use it without RDMA.");
}

void check_accelerators(const struct facts *facts, struct finding *out)
{
	const struct pci_facts *const pci = &facts->pci;

	if (pci->num_accelerators == 0) {
		found_set(out, pci->has_bus ? DOCTOR_OK : DOCTOR_UNKNOWN,
			  pci->has_bus ? "none is there" : "no /sys/bus/pci to look in");
		return;
	}
	found_set(out, DOCTOR_WARN, "accelerators: %zu, the first is %s",
		  pci->num_accelerators, pci->accelerator);
	out->meaning =
		"TDX instances do not support accelerators, but for types that the "
		"provider names; evidence of the TD says nothing about them.";
	remedy_set(out, "Use an instance type without, or one made for confidential "
			"computing on them.");
}
