/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal, base64, base64url, PEM: what is read is written as it was. */
#include "fuzz.h"

#include "base/encode.h"

#include <string.h>

static const struct {
	enum cella_status (*read)(struct cella_bytes text, struct out *out,
				  const char *what, struct cella_error *err);
	void (*write)(struct out *out, struct cella_bytes bytes);
	bool any_case;
} forms[] = {
	{ hex_append, hex_write, true },
	{ base64_append, base64_write, false },
	{ base64url_append, base64url_write, false },
};

static bool same_text(struct cella_bytes a, struct cella_bytes b, bool any_case)
{
	if (!any_case)
		return bytes_equal(a, b);
	for (size_t i = 0; a.len == b.len && i < a.len; i++)
		if (ascii_lower((char)a.data[i]) != ascii_lower((char)b.data[i]))
			return false;
	return a.len == b.len;
}

static void check_pem(struct cella_bytes text)
{
	struct out der CLEANUP(out_done) = { 0 };
	struct out pem CLEANUP(out_done) = { 0 };
	struct out again CLEANUP(out_done) = { 0 };
	struct cella_bytes written;
	bool found = false;

	if (pem_next(&text, "CERTIFICATE", &der, &found, NULL) != CELLA_OK || !found)
		return;
	pem_write(&pem, "CERTIFICATE", out_view(&der));
	written = out_view(&pem);
	MUST(pem_next(&written, "CERTIFICATE", &again, &found, NULL) == CELLA_OK);
	MUST(found && bytes_equal(out_view(&again), out_view(&der)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cella_bytes text = bytes_of(data, size);

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct out bytes CLEANUP(out_done) = { 0 };
		struct out again CLEANUP(out_done) = { 0 };
		struct cella_error err = { 0 };

		if (fuzz_failed(forms[i].read(text, &bytes, "text", &err), &err, size))
			continue;
		forms[i].write(&again, out_view(&bytes));
		MUST(same_text(out_view(&again), text, forms[i].any_case));
	}
	check_pem(text);
	return 0;
}
