/* SPDX-License-Identifier: Apache-2.0 */
/* A response of HTTP, while it comes and at its end. */
#include "fuzz.h"

#include "collect/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_response coming = { 0 };
	struct http_response whole = { 0 };
	struct cella_error err = { 0 };
	const enum cella_status early =
		http_response_read(bytes_of(data, size), false, &coming, &err);

	if (!fuzz_failed(early, &err, size) && coming.is_complete)
		MUST(coming.body.len <= HTTP_BODY_MAX);
	err = (struct cella_error){ 0 };
	if (!fuzz_failed(http_response_read(bytes_of(data, size), true, &whole, &err),
			 &err, size)) {
		MUST(whole.is_complete);
		MUST(whole.body.len <= size);
		/* What was whole before its end is the same at its end. */
		MUST(!coming.is_complete ||
		     bytes_equal(out_view(&coming.body), out_view(&whole.body)));
	} else {
		MUST(!coming.is_complete);
	}
	out_done(&coming.body);
	out_done(&whole.body);
	return 0;
}
