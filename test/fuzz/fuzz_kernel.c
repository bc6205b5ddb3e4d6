/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels and their modules: the first byte chooses. */
#include "fuzz.h"

#include "vm/kernel_file.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kernel_facts kernel = { .release = "" };
	struct module_facts module = { .depends = { NULL, 0 } };
	struct cella_error err = { 0 };
	struct cella_bytes rest;

	if (size == 0)
		return 0;
	rest = bytes_of(data + 1, size - 1);
	if (data[0] == 'k') {
		if (!fuzz_failed(kernel_read(rest, &kernel, &err), &err, size))
			MUST(strlen(kernel.release) > 0);
	} else if (!fuzz_failed(module_read(rest, "module", &module, &err), &err, size)) {
		MUST(fuzz_inside(module.depends, data, size));
		MUST(fuzz_inside(module.release, data, size));
	}
	return 0;
}
