/* SPDX-License-Identifier: Apache-2.0 */
/* SGX report bodies: what verification reads of them is what the layout says. */
#include "fuzz.h"

#include "evidence/sgx_report.h"

#include <string.h>

static bool is_field(const char *name, struct cella_bytes body, const void *read)
{
	for (size_t i = 0; i < sgx_report_layout.num_fields; i++) {
		const struct field *const field = &sgx_report_layout.fields[i];

		if (strcmp(field->name, name) == 0)
			return memcmp(field_of(field, body).data, read, field->len) == 0;
	}
	return false;
}

static bool is_number(const char *name, struct cella_bytes body, uint16_t number)
{
	const uint8_t bytes[] = { (uint8_t)(number & 0xff), (uint8_t)(number >> 8) };

	return is_field(name, body, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cella_bytes body = bytes_of(data, SGX_REPORT_BODY_LEN);
	struct sgx_report report = { 0 };

	if (size < SGX_REPORT_BODY_LEN)
		return 0;
	sgx_report_read(body, &report);
	MUST(is_field("miscselect", body, report.miscselect));
	MUST(is_field("attributes", body, report.attributes));
	MUST(is_field("mrsigner", body, report.mrsigner));
	MUST(is_field("report_data", body, report.report_data));
	MUST(is_number("isv_prod_id", body, report.isv_prod_id));
	MUST(is_number("isv_svn", body, report.isv_svn));
	return 0;
}
