/* SPDX-License-Identifier: Apache-2.0 */
/* The SGX extension of PCK certificates: what was understood, written and read again. */
#include "fuzz.h"

#include "sim/pck_ext_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int is_platform = 0; is_platform < 2; is_platform++) {
		struct out der CLEANUP(out_done) = { 0 };
		struct out same CLEANUP(out_done) = { 0 };
		struct pck_ext ext, again;
		struct cella_error err = { 0 };

		if (fuzz_failed(pck_ext_parse(bytes_of(data, size), is_platform != 0,
					      &ext, &err),
				&err, size))
			continue;
		sim_pck_ext_write(&ext, SIM_EXT_RIGHT, &der);
		MUST(pck_ext_parse(out_view(&der), is_platform != 0, &again, &err) ==
		     CELLA_OK);
		sim_pck_ext_write(&again, SIM_EXT_RIGHT, &same);
		MUST(bytes_equal(out_view(&der), out_view(&same)));
	}
	return 0;
}
