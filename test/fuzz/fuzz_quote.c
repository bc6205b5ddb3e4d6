/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes of versions 3, 4 and 5: their parts, and where they end. */
#include "fuzz.h"

#include "evidence/quote.h"

/* A quote ends where it says: not one byte less is enough, and none more is needed. */
static void check_end(const struct quote *q)
{
	const size_t end = q->raw.len - q->tail.len;
	struct quote again = { 0 };

	MUST(quote_parse(bytes_of(q->raw.data, end), &again, NULL) == CELLA_OK);
	MUST(again.tail.len == 0);
	MUST(bytes_equal(again.signed_region, q->signed_region));
	MUST(bytes_equal(again.cert_data, q->cert_data));
	MUST(quote_parse(bytes_of(q->raw.data, end - 1), &again, NULL) ==
	     CELLA_MALFORMED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cella_error err = { 0 };
	struct cert_data_ppid ppid;
	struct quote q = { 0 };

	if (fuzz_failed(quote_parse(bytes_of(data, size), &q, &err), &err, size))
		return 0;
	const struct cella_bytes parts[] = {
		q.body,      q.signed_region, q.signature,
		q.att_key,   q.qe_report,     q.auth_data,
		q.cert_data, q.tail,          q.qe_report_signature
	};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		MUST(fuzz_inside(parts[i], data, size));
	MUST(q.signed_region.data == data && q.signed_region.len < q.raw.len);
	MUST(q.body.len == q.body_layout->size);
	MUST(q.signature.len == 64 && q.att_key.len == 64 && q.qe_report.len == 384);
	if (q.cert_type <= CERT_DATA_PPID_RSA3072)
		MUST(quote_ppid(&q, &ppid, &err) == CELLA_OK);
	check_end(&q);
	return 0;
}
