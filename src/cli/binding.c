/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Report data from options.
 */
#include "cli/binding.h"

#include "base/encode.h"
#include "fetch/files.h"

#include <string.h>

enum { DATA_FILE_MAX = 1 << 30 };

enum cella_status hex_args_read(const struct texts *texts, const char *name,
				struct out *out, struct cella_error *err)
{
	struct out digits CLEANUP(out_done) = { 0 };
	enum cella_status status;

	for (size_t i = 0; i < texts->num_items; i++)
		for (const char *c = texts->items[i]; *c != '\0'; c++)
			if (strchr(" \t\r\n", *c) == NULL)
				out_u8(&digits, (uint8_t)*c);
	TRY(out_status(&digits, err));
	/* A variable that is not set: asked for nothing is not the same as not asked. */
	if (texts->num_items > 0 && digits.len == 0)
		return error_set(err, CELLA_USAGE, "%s: is empty", name);
	status = hex_append(out_view(&digits), out, name, err);
	if (status != CELLA_MALFORMED)
		return status;
	if (err != NULL)
		err->status = CELLA_USAGE;
	return CELLA_USAGE;
}

static enum cella_status exact(const struct out *given, uint8_t *report_data,
			       struct cella_error *err)
{
	if (given->len > CELLA_REPORT_DATA_LEN)
		return error_set(err, CELLA_USAGE, "--report-data: %zu bytes, at most %d",
				 given->len, CELLA_REPORT_DATA_LEN);
	memset(report_data, 0, CELLA_REPORT_DATA_LEN);
	memcpy(report_data, given->data, given->len);
	return CELLA_OK;
}

enum cella_status binding_read(const struct binding_args *args, bool *is_given,
			       uint8_t report_data[CELLA_REPORT_DATA_LEN],
			       struct cella_error *err)
{
	struct out given CLEANUP(out_done) = { 0 };
	struct out nonce CLEANUP(out_done) = { 0 };
	struct out data CLEANUP(out_done) = { 0 };
	uint8_t hash[64];

	TRY(hex_args_read(&args->report_data, "--report-data", &given, err));
	TRY(hex_args_read(&args->nonce, "--nonce", &nonce, err));
	*is_given = given.len > 0 || nonce.len > 0 || args->data != NULL;
	if (!*is_given)
		return CELLA_OK;
	if (given.len > 0 && (nonce.len > 0 || args->data != NULL))
		return error_set(err, CELLA_USAGE,
				 "--report-data excludes --data and --nonce");
	if (given.len > 0)
		return exact(&given, report_data, err);
	if (args->data == NULL)
		return cella_report_data(bytes_of(NULL, 0), out_view(&nonce), report_data,
					 err);
	TRY(file_read(args->data, DATA_FILE_MAX, &data, err));
	TRY(cella_sha512(data.data, data.len, hash, err));
	return cella_report_data(bytes_of(hash, sizeof hash), out_view(&nonce),
				 report_data, err);
}
