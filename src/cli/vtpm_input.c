/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a vTPM's evidence.
 */
#include "cli/vtpm_input.h"

#include "fetch/files.h"

enum cella_status vtpm_read(const struct vtpm_args *args, struct cella_vtpm **out,
			    struct cella_error *err)
{
	struct out report CLEANUP(out_done) = { 0 };
	struct out quote CLEANUP(out_done) = { 0 };

	if ((args->hcl_report != NULL) != (args->tpm_quote != NULL))
		return error_set(err, CELLA_USAGE,
				 "--hcl-report and --tpm-quote need each other");
	if (args->hcl_report == NULL)
		return CELLA_OK;
	TRY(file_read(args->hcl_report, CELLA_HCL_REPORT_MAX, &report, err));
	TRY(file_read(args->tpm_quote, CELLA_TPM_QUOTE_MAX, &quote, err));
	return cella_vtpm_parse(report.data, report.len, quote.data, quote.len, out, err);
}

enum cella_status vtpm_expect(struct cella_vtpm *vtpm, const struct binding_args *binding,
			      struct out *nonce, struct cella_verify_options *options,
			      struct cella_error *err)
{
	uint8_t report_data[CELLA_REPORT_DATA_LEN];

	if (binding->data != NULL || binding->report_data.num_items > 0)
		return error_set(err, CELLA_USAGE,
				 "--report-data and --data: a vTPM's quote holds a "
				 "nonce: --nonce HEX");
	options->vtpm = vtpm;
	options->report_data_expect = CELLA_EXPECT_ANY;
	options->vtpm_nonce_expect = CELLA_EXPECT_ANY;
	if (binding->nonce.num_items == 0)
		return CELLA_OK;
	TRY(hex_args_read(&binding->nonce, "--nonce", nonce, err));
	/* As long as a nonce must be that report data binds. */
	TRY(cella_report_data((struct cella_bytes){ NULL, 0 }, out_view(nonce),
			      report_data, err));
	options->vtpm_nonce_expect = CELLA_EXPECT_EXACT;
	options->vtpm_nonce = out_view(nonce);
	return CELLA_OK;
}
