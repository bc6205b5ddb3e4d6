/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can this machine prove what it is? The CPU, the kernel, and the ways to a quote.
 */
#include "doctor/checks.h"

#include "doctor/kernel_version.h"

#include <errno.h>
#include <string.h>

void check_cpu(const struct facts *facts, struct finding *out)
{
	const struct cpu_facts *const cpu = &facts->cpu;

	if (cpu->flag) {
		found_set(out, DOCTOR_OK, "flag tdx_guest in /proc/cpuinfo");
		return;
	}
	if (cpu->cpuid == KNOWN_YES) {
		found_set(out, DOCTOR_FAIL, "CPUID says IntelTDX, the kernel does not");
		out->meaning = "This is a trust domain whose kernel does not know it.";
		remedy_set(out, "Boot a kernel built with CONFIG_INTEL_TDX_GUEST.");
		return;
	}
	if (cpu->cpuinfo_errno != 0) {
		found_hidden(out, facts, cpu->cpuinfo_errno, "/proc/cpuinfo",
			     "the CPU's flags");
		return;
	}
	if (strcmp(cpu->vendor, "Microsoft Corporation") == 0 && cpu->has_tpm) {
		found_set(out, DOCTOR_UNKNOWN,
			  "no flag tdx_guest; a virtual TPM on a Microsoft host");
		out->meaning =
			"On Azure a TD runs under a paravisor that hides the flag; "
			"its evidence comes through the vTPM.";
		remedy_set(out, "A quote through the vTPM would tell: see "
				"cella-quote(1).");
		return;
	}
	found_set(out, DOCTOR_FAIL, "no flag tdx_guest in /proc/cpuinfo%s",
		  cpu->host_flag ? "; this is a host for TDs" : "");
	out->meaning =
		"This machine is not a TDX guest. It can judge evidence of others, "
		"but has none of its own.";
	remedy_set(out,
		   "Use an instance type and an image with TDX (\"confidential VM\"). "
		   "To try things out, `cella sim` needs no TDX.");
}

void check_kernel(const struct facts *facts, struct finding *out)
{
	const char *const release = facts->kernel.release;
	const struct kernel_limit *const limit = kernel_limit_find(release);

	if (limit == NULL) {
		found_set(out, DOCTOR_UNKNOWN, "release \"%s\"", release);
		out->meaning = "That names no version that could be compared.";
		return;
	}
	if (kernel_compare(release, limit->first) >= 0) {
		found_set(out, DOCTOR_OK, "%s", release);
		out->meaning = limit->meaning;
		return;
	}
	found_set(out, limit->is_strict ? DOCTOR_WARN : DOCTOR_NOTE,
		  "%s is older than %s", release, limit->first);
	out->meaning = limit->lacks;
	remedy_set(out, "%s", limit->remedy);
}

void check_driver(const struct facts *facts, struct finding *out)
{
	if (facts->tdx.has_driver) {
		found_set(out, DOCTOR_OK, "tdx_guest is there");
		return;
	}
	if (facts->tdx.device_errno == 0) {
		found_set(out, DOCTOR_NOTE, "no module tdx_guest, but %s",
			  facts->tdx.device);
		return;
	}
	found_set(out, DOCTOR_WARN, "no driver tdx_guest");
	out->meaning = "Without it the kernel makes no TD report.";
	remedy_set(out,
		   "Run: `modprobe tdx_guest`. If there is no such module, use a kernel "
		   "built with CONFIG_TDX_GUEST_DRIVER.");
}

void check_device(const struct facts *facts, struct finding *out)
{
	const struct tdx_facts *const tdx = &facts->tdx;

	if (tdx->device_errno != 0) {
		found_set(out, DOCTOR_WARN, "/dev/tdx_guest: %s",
			  strerror(tdx->device_errno));
		out->meaning = "TD reports come through this device.";
		remedy_set(out,
			   "Load the driver: modprobe tdx_guest. In a container, pass "
			   "the device on: --device /dev/tdx_guest.");
		return;
	}
	if (!tdx->is_device) {
		found_set(out, DOCTOR_FAIL, "%s is not a device", tdx->device);
		remedy_set(out, "Find out who made it; remove it and load the driver.");
		return;
	}
	if (tdx->try_errno == 0) {
		found_set(out,
			  strcmp(tdx->device, "/dev/tdx_guest") == 0 ? DOCTOR_OK
								     : DOCTOR_NOTE,
			  "%s, mode %04o", tdx->device, tdx->mode);
		return;
	}
	found_set(out, DOCTOR_NOTE, "%s, mode %04o, owner %u:%u: %s", tdx->device,
		  tdx->mode, tdx->uid, tdx->gid, strerror(tdx->try_errno));
	out->meaning = "It is there, but not for who runs this.";
	remedy_set(out,
		   "Run `cella report` and `cella quote` as root, or give a group the "
		   "device by a rule of udev.");
}

void check_configfs(const struct facts *facts, struct finding *out)
{
	const struct tdx_facts *const tdx = &facts->tdx;

	if (tdx->mounts_errno != 0) {
		found_hidden(out, facts, tdx->mounts_errno, "/proc/self/mounts",
			     "what is mounted");
		return;
	}
	if (tdx->has_configfs) {
		found_set(out, DOCTOR_OK, "mounted on /sys/kernel/config");
		return;
	}
	found_set(out, DOCTOR_WARN, "not mounted");
	out->meaning = "Quotes come through configfs on kernels since 6.7.";
	remedy_set(out, "Run: `mount -t configfs none /sys/kernel/config`.");
}

static void check_provider(const struct facts *facts, struct finding *out)
{
	const struct tdx_facts *const tdx = &facts->tdx;

	if (tdx->provider[0] == '\0') {
		found_set(out, DOCTOR_NOTE, "there; its provider: %s",
			  tdx->provider_errno != 0 ? strerror(tdx->provider_errno)
						   : "empty");
		if (!facts->is_root)
			out->as_root = "the provider of configfs-tsm";
		out->meaning = "Which driver makes the quotes only an entry there tells.";
		return;
	}
	if (strcmp(tdx->provider, "tdx_guest") == 0) {
		found_set(out, DOCTOR_OK, "provider tdx_guest");
		return;
	}
	found_set(out, DOCTOR_WARN, "provider \"%s\", not tdx_guest", tdx->provider);
	out->meaning = "Its quotes are not those of this trust domain.";
	remedy_set(out, "Unload the driver that provides them and load tdx_guest.");
}

void check_tsm(const struct facts *facts, struct finding *out)
{
	const struct tdx_facts *const tdx = &facts->tdx;

	if (tdx->tsm_errno == 0) {
		check_provider(facts, out);
		return;
	}
	if (tdx->tsm_errno != ENOENT && tdx->tsm_errno != ENOTDIR) {
		found_hidden(out, facts, tdx->tsm_errno, "/sys/kernel/config/tsm/report",
			     "configfs-tsm");
		return;
	}
	found_set(out, DOCTOR_NOTE, "no /sys/kernel/config/tsm/report");
	out->meaning = "Kernels before 6.7 get quotes in another way: from the quoting "
		       "service, or by the vendor's driver.";
	remedy_set(out, "On newer kernels: `modprobe tdx_guest`, and mount configfs.");
}

void check_qgs_conf(const struct facts *facts, struct finding *out)
{
	const struct qgs_facts *const qgs = &facts->qgs;

	if (qgs->conf_errno == ENOENT) {
		found_set(out, DOCTOR_NOTE, "no /etc/tdx-attest.conf");
		out->meaning = "Without it quotes come through configfs-tsm.";
	} else if (qgs->conf_errno != 0) {
		found_hidden(out, facts, qgs->conf_errno, "/etc/tdx-attest.conf",
			     "where the quoting service is");
	} else if (qgs->is_malformed) {
		found_set(out, DOCTOR_FAIL,
			  "/etc/tdx-attest.conf: the port is not a number");
		remedy_set(out, "Write it as: `port=4050`.");
	} else if (!qgs->has_port) {
		found_set(out, DOCTOR_NOTE, "/etc/tdx-attest.conf names no port");
	} else {
		found_set(out, DOCTOR_OK, "port %u of the host, by vsock", qgs->port);
	}
}

static const char *contact_text(const struct contact *contact)
{
	switch (contact->state) {
	case CONTACT_NOT_TRIED:
		return "could not be tried";
	case CONTACT_MADE:
		return "accepts connections";
	case CONTACT_FAILED:
		return strerror(contact->sys_errno);
	case CONTACT_NO_NAME:
		return "the name does not resolve";
	case CONTACT_NO_LOOKUP:
		return "a name, and this program looks none up";
	case CONTACT_LATE:
		return "no answer in time";
	case CONTACT_NOT_LET:
		return "a link-local address, not touched outside of a TD";
	}
	return "";
}

static enum doctor_state contact_judge(const struct contact *contact)
{
	static const enum doctor_state states[] = {
		[CONTACT_NOT_TRIED] = DOCTOR_UNKNOWN, [CONTACT_MADE] = DOCTOR_OK,
		[CONTACT_FAILED] = DOCTOR_FAIL,       [CONTACT_NO_NAME] = DOCTOR_FAIL,
		[CONTACT_NO_LOOKUP] = DOCTOR_UNKNOWN, [CONTACT_LATE] = DOCTOR_FAIL,
		[CONTACT_NOT_LET] = DOCTOR_UNKNOWN,
	};

	return states[contact->state];
}

void found_contact(struct finding *out, const struct contact *contact)
{
	struct out address = { 0 };

	address_format(&contact->address, &address);
	found_set(out, contact_judge(contact), "%.*s: %s", (int)address.len,
		  address.data != NULL ? (const char *)address.data : "",
		  contact_text(contact));
	out_done(&address);
	if (contact->state == CONTACT_NO_LOOKUP)
		remedy_set(out, "Give its IP address, or ask `cella doctor`.");
}

void check_qgs(const struct facts *facts, struct finding *out)
{
	const struct contact *const contact = &facts->qgs_contact;

	if (contact->address.kind == ADDRESS_NONE && !facts->qgs.has_port) {
		found_set(out, DOCTOR_NOT_APPLICABLE, "no address; --qgs gives one");
		return;
	}
	if (contact->address.kind == ADDRESS_NONE) {
		found_set(out, DOCTOR_NOT_APPLICABLE,
			  facts->is_own ? "not touched: this CPU does not say TDX"
					: "not touched: this is a tree of files");
		return;
	}
	found_contact(out, contact);
	if (contact->state == CONTACT_NO_LOOKUP)
		return;
	if (out->state == DOCTOR_OK) {
		out->meaning =
			"Somebody listens there. Whether quotes come from there only "
			"a quote tells.";
		return;
	}
	out->meaning = "The quoting service runs on the host: without it there are no "
		       "quotes by this way.";
	remedy_set(out, "Compare the port with that of /etc/qgs.conf on the host; in a "
			"cloud, ask the provider.");
}

static bool has_tsm(const struct facts *facts)
{
	return facts->tdx.tsm_errno == 0 &&
	       (facts->tdx.provider[0] == '\0' ||
		strcmp(facts->tdx.provider, "tdx_guest") == 0);
}

void check_quote_path(const struct facts *facts, struct finding *out)
{
	const bool has_tsm_way = has_tsm(facts);
	const bool has_qgs = facts->qgs_contact.state == CONTACT_MADE;
	const bool has_device = facts->tdx.device_errno == 0 && facts->tdx.is_device;

	if (has_tsm_way || (has_qgs && has_device)) {
		found_set(out, DOCTOR_OK, "%s%s%s", has_tsm_way ? "configfs-tsm" : "",
			  has_tsm_way && has_qgs ? ", " : "",
			  has_qgs ? "quoting service" : "");
		return;
	}
	if (has_device) {
		found_set(out, DOCTOR_UNKNOWN, "only %s", facts->tdx.device);
		out->meaning =
			"It makes reports; whether its driver makes quotes depends "
			"on the vendor's kernel.";
		remedy_set(out,
			   "Try it: `cella quote -o quote.dat`. Otherwise name the "
			   "quoting service in /etc/tdx-attest.conf, or use a kernel "
			   "since 6.7.");
		return;
	}
	found_set(out, DOCTOR_FAIL, "none");
	out->meaning = "This trust domain cannot prove itself to others.";
	remedy_set(out, "Load the driver and mount configfs, as said above.");
}

void check_event_log(const struct facts *facts, struct finding *out)
{
	const struct tdx_facts *const tdx = &facts->tdx;

	if (tdx->ccel_errno != 0) {
		found_set(out, DOCTOR_NOTE, "no table CCEL: %s",
			  strerror(tdx->ccel_errno));
		out->meaning = "Registers can be compared as a whole, but not explained "
			       "event by event.";
		return;
	}
	if (tdx->log_errno == 0) {
		found_set(out, DOCTOR_OK, "readable");
		return;
	}
	found_set(out, DOCTOR_NOTE, "there: %s", strerror(tdx->log_errno));
	out->meaning = "It explains how the registers got their values.";
	if (!facts->is_root)
		out->as_root = "the boot event log";
}

void check_measurements(const struct facts *facts, struct finding *out)
{
	if (facts->tdx.has_measurements) {
		found_set(out, DOCTOR_OK, "/sys/class/misc/tdx_guest/measurements");
		return;
	}
	if (facts->tdx.has_rtmrs) {
		found_set(out, DOCTOR_OK, "/sys/kernel/config/tsm/rtmrs");
		return;
	}
	found_set(out, DOCTOR_NOTE, "none");
	out->meaning = "Kernels before 6.16 do not show the registers as files; they are "
		       "in every report and quote.";
}
