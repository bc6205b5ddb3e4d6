/* SPDX-License-Identifier: Apache-2.0 */
/* What a quoting service answers: a length, and a message. */
#include "fuzz.h"

#include "collect/qgs_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cella_bytes all = bytes_of(data, size);
	struct cella_bytes quote = { 0 };
	struct cella_error err = { 0 };
	size_t len = 0;

	if (!fuzz_failed(qgs_frame_read(all, &len, &err), &err, size))
		MUST(len >= QGS_HEADER_LEN && len <= QGS_MESSAGE_MAX);
	if (size < QGS_FRAME_LEN)
		return 0;
	err = (struct cella_error){ 0 };
	if (fuzz_failed(qgs_response_parse(
				bytes_slice(all, QGS_FRAME_LEN, size - QGS_FRAME_LEN),
				&quote, &err),
			&err, size))
		return 0;
	MUST(quote.len > 0);
	MUST(fuzz_inside(quote, data, size));
	MUST(quote.data + quote.len == data + size);
	return 0;
}
