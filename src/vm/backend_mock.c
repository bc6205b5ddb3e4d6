/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No machine at all: a process that says what a guest would say, for tests of what starts,
 * watches and stops enclaves. The image is read and checked, and nothing of it is run. It has
 * no TPM, and so no evidence: there is nothing that could be taken for real.
 */
#include "vm/evm.h"

#include "vm/mock_guest.h"

static enum cella_status probe(char found[BACKEND_TEXT_MAX],
			       struct cella_error *err UNUSED)
{
	backend_say(found, "a mock: nothing of the image runs, and nothing is isolated");
	return CELLA_OK;
}

static enum cella_status plan(const struct qemu_plan *machine, struct argv *out,
			      struct cella_error *err)
{
	struct argv argv CLEANUP(argv_done) = { 0 };

	argv_add(&argv, "%s", machine->program);
	argv_add(&argv, MOCK_GUEST);
	argv_add(&argv, "%d", machine->vsock);
	argv_add(&argv, "%d", machine->heart);
	argv_add(&argv, "%d", machine->qmp);
	TRY(argv_status(&argv, err));
	*out = argv;
	argv = (struct argv){ 0 };
	return CELLA_OK;
}

static unsigned wait(const struct evm_options *options)
{
	return options->boot_seconds;
}

const struct backend backend_mock = {
	.name = "mock",
	.evidence = NULL,
	.probe = probe,
	.plan = plan,
	.start = evm_start_mock,
	.wait = wait,
	.stop = evm_quit_machine,
};
