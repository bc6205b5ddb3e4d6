/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust domains (Linux 6.16, QEMU 10.2 and later). Not run on hardware: what there is, is
 * the probe, the command line, and the prediction of what it measures.
 */
#include "vm/evm.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define TDX_PARAMETER "/sys/module/kvm_intel/parameters/tdx"

/* The kernel's own word; what KVM can do beyond it, QEMU finds out. */
static enum cella_status probe(char found[BACKEND_TEXT_MAX], struct cella_error *err)
{
	const int fd = open(TDX_PARAMETER, O_RDONLY | O_CLOEXEC);
	char answer = 'N';

	if (fd < 0)
		return error_set(
			err, CELLA_UNSUPPORTED,
			"this host starts no trust domains: there is no " TDX_PARAMETER
			"; a processor with TDX, turned on in its "
			"firmware, and Linux 6.16 or later have it");
	if (read(fd, &answer, 1) < 0)
		answer = 'N';
	close(fd);
	if (answer != 'Y' && answer != '1')
		return error_set(err, CELLA_UNSUPPORTED,
				 "this host starts no trust domains: " TDX_PARAMETER
				 " is off; kvm_intel.tdx=1 turns it on, where the "
				 "firmware allows");
	backend_say(found, "the kernel says that it starts trust domains");
	return CELLA_OK;
}

static enum cella_status plan(const struct qemu_plan *machine, struct argv *out,
			      struct cella_error *err)
{
	if (machine->firmware == NULL)
		return error_set(err, CELLA_USAGE,
				 "tdx: a trust domain needs --firmware FILE, which it "
				 "is measured by");
	return qemu_argv(machine, ACCELERATOR_TDX, out, err);
}

static unsigned wait(const struct evm_options *options)
{
	return options->boot_seconds;
}

const struct backend backend_tdx = {
	.name = "tdx",
	.evidence = "td",
	.device = "/dev/kvm",
	.probe = probe,
	.plan = plan,
	.start = evm_start_machine,
	.wait = wait,
	.stop = evm_quit_machine,
};
