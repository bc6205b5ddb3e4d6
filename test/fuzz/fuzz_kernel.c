/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels, their modules, and programs that an image starts: the first byte chooses. */
#include "fuzz.h"

#include "vm/image_source.h"
#include "vm/kernel_file.h"

#include <string.h>

static void start_program(struct cella_bytes program, size_t size)
{
	struct application app = { .files = { .store = -1 }, .cwd = "/" };
	struct cella_error err = { 0 };

	MUST(rootfs_init(&app.files, NULL) == CELLA_OK);
	MUST(rootfs_add_bytes(&app.files, "bin/program", true, program, NULL) ==
	     CELLA_OK);
	MUST(text_list_add(&app.argv, &app.arena, "program", NULL) == CELLA_OK);
	(void)fuzz_failed(application_complete(&app, &err), &err, size);
	application_done(&app);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kernel_facts kernel = { .release = "" };
	struct module_facts module = { .depends = { NULL, 0 } };
	struct cella_error err = { 0 };
	struct cella_bytes rest;

	if (size == 0)
		return 0;
	rest = bytes_of(data + 1, size - 1);
	if (data[0] == 'p') {
		start_program(rest, size);
	} else if (data[0] == 'k') {
		if (!fuzz_failed(kernel_read(rest, &kernel, &err), &err, size))
			MUST(strlen(kernel.release) > 0);
	} else if (!fuzz_failed(module_read(rest, "module", &module, &err), &err, size)) {
		MUST(fuzz_inside(module.depends, data, size));
		MUST(fuzz_inside(module.release, data, size));
	}
	return 0;
}
