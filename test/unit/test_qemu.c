/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "golden.h"
#include "vm/qemu.h"

#include <stdlib.h>

static const struct qemu_plan production = {
	.program = "qemu-system-x86_64",
	.vcpus = 1,
	.memory_mib = 128,
	.kernel = 10,
	.ramdisk = 11,
	.cmdline = "quiet panic=-1",
	.vsock = 12,
	.tpm = 13,
	.qmp = 14,
	.serial = -1,
};

static char *text_of(const struct qemu_plan *plan, enum accelerator accelerator)
{
	struct argv argv CLEANUP(argv_done) = { 0 };
	struct out text CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	char *made = NULL;

	CHECK_OK(qemu_argv(plan, accelerator, &argv, &err));
	CHECK_TRUE(argv.items[argv.num_items] == NULL);
	for (size_t i = 0; i < argv.num_items; i++)
		out_format(&text, "%s\n", argv.items[i]);
	CHECK_OK(out_take_text(&text, &made, &err));
	return made;
}

static void its_command_line_is_known(void **state)
{
	char *text CLEANUP_FREE = text_of(&production, ACCELERATOR_TCG);

	(void)state;
	golden_check("vm/qemu.txt", text);
}

static void for_debugging_there_is_a_console(void **state)
{
	struct qemu_plan plan = production;
	char *text CLEANUP_FREE = NULL;

	(void)state;
	plan.serial = 15;
	plan.vcpus = 4;
	plan.memory_mib = 512;
	text = text_of(&plan, ACCELERATOR_TCG);
	golden_check("vm/qemu-debug.txt", text);
}

static void kvm_takes_the_hosts_processor(void **state)
{
	char *text CLEANUP_FREE = text_of(&production, ACCELERATOR_KVM);

	(void)state;
	golden_check("vm/qemu-kvm.txt", text);
}

/* The command line comes from the image, whoever built that. */
static void a_command_line_is_one_argument(void **state)
{
	struct qemu_plan plan = production;
	struct argv argv CLEANUP(argv_done) = { 0 };
	struct cella_error err = { 0 };
	size_t at = 0;

	(void)state;
	plan.cmdline = "-serial stdio,%s%n \"";
	CHECK_OK(qemu_argv(&plan, ACCELERATOR_TCG, &argv, &err));
	while (at < argv.num_items && strcmp(argv.items[at], "-append") != 0)
		at++;
	CHECK_TEXT(plan.cmdline, argv.items[at + 1]);
}

static void an_argv_has_an_end(void **state)
{
	struct argv argv CLEANUP(argv_done) = { 0 };
	struct cella_error err = { 0 };

	(void)state;
	for (int i = 0; i < ARGV_MAX; i++)
		argv_add(&argv, "%d", i);
	CHECK_OK(argv_status(&argv, &err));
	argv_add(&argv, "more");
	CHECK_STATUS(CELLA_LIMIT, argv_status(&argv, &err));
	CHECK_INT(ARGV_MAX, argv.num_items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_command_line_is_known),
		cmocka_unit_test(for_debugging_there_is_a_console),
		cmocka_unit_test(kvm_takes_the_hosts_processor),
		cmocka_unit_test(a_command_line_is_one_argument),
		cmocka_unit_test(an_argv_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
