/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Emulation: runs wherever QEMU does.
 */
#include "vm/evm.h"

static enum cella_status probe(char found[BACKEND_TEXT_MAX],
			       struct cella_error *err UNUSED)
{
	backend_say(found, "emulation runs everywhere");
	return CELLA_OK;
}

static enum cella_status plan(const struct qemu_plan *machine, struct argv *out,
			      struct cella_error *err)
{
	return qemu_argv(machine, ACCELERATOR_TCG, out, err);
}

static unsigned wait(const struct evm_options *options)
{
	return options->boot_seconds;
}

const struct backend backend_tcg = {
	.name = "tcg",
	.evidence = "vtpm",
	.probe = probe,
	.plan = plan,
	.start = evm_start_machine,
	.wait = wait,
	.stop = evm_quit_machine,
};
