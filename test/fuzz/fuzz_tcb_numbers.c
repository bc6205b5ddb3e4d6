/* SPDX-License-Identifier: Apache-2.0 */
/* The list of evaluations. */
#include "fuzz.h"

#include "collateral/tcb_numbers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tcb_numbers numbers = { 0 };
	struct cella_error err = { 0 };

	if (fuzz_failed(tcb_numbers_parse(bytes_of(data, size), &numbers, &err), &err,
			size))
		return 0;
	MUST(numbers.num_items <= TCB_MAX_NUMBERS);
	for (size_t i = 1; i < numbers.num_items; i++)
		MUST(numbers.items[i - 1].number < numbers.items[i].number);
	return 0;
}
