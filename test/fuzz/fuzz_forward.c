/* SPDX-License-Identifier: Apache-2.0 */
/* What an enclave asks cella-forward for. */
#include "fuzz.h"

#include "vm/forward/target.h"

#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct target target = { 0 }, again = { 0 };
	struct targets targets = { 0 };
	struct cella_error err = { 0 };
	char text[TARGET_NAME_LEN + ADDRESS_TEXT_LEN];
	size_t len = 0;

	if (size > REQUEST_MAX ||
	    fuzz_failed(request_read(bytes_of(data, size), &target, &len, &err), &err,
			size) ||
	    len == 0)
		return 0;
	MUST(len <= size && memcmp(data + len - 4, "\r\n\r\n", 4) == 0);
	MUST(target.port != 0 && strlen(target.name) < sizeof target.name);
	/* Written and read again it is the same, and only then it is listed. */
	snprintf(text, sizeof text, "%s:%u", target.name, target.port);
	MUST(!targets_have(&targets, &target));
	MUST(targets_add(&targets, text, "again", NULL) == CELLA_OK);
	MUST(targets_have(&targets, &target));
	MUST(target_read(bytes_of(text, strlen(text)), &again, "again", NULL) ==
	     CELLA_OK);
	MUST(again.is_address == target.is_address && again.port == target.port);
	if (target.is_address)
		MUST(targets_have_address(&targets, &target.address));
	return 0;
}
