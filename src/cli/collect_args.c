/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of those who collect evidence.
 */
#include "cli/collect_args.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A TPM takes a nonce as long as it is; all else it takes as report data. */
static enum cella_status read_nonce(const struct binding_args *args,
				    struct collect_request *request,
				    struct cella_error *err)
{
	struct out nonce CLEANUP(out_done) = { 0 };

	TRY(hex_args_read(&args->nonce, "--nonce", &nonce, err));
	request->nonce_len = REPORT_DATA_LEN;
	if (args->data == NULL && nonce.len > 0 && nonce.len < REPORT_DATA_LEN)
		request->nonce_len = nonce.len;
	memcpy(request->nonce, request->report_data, request->nonce_len);
	return CELLA_OK;
}

enum cella_status collect_args_read(const struct collect_args *args,
				    struct collect_request *request,
				    struct cella_error *err)
{
	if (args->timeout.is_set && args->timeout.value == 0)
		return error_set(err, CELLA_USAGE, "--timeout: at least 1s");
	request->sim_dir = args->sim;
	request->qgs = args->qgs;
	request->imds = args->imds;
	request->sysroot = args->sysroot != NULL ? args->sysroot : "";
	request->deadline = deadline_in(args->timeout.is_set ? args->timeout.value
							     : COLLECT_TIMEOUT_S);
	TRY(binding_read(&args->binding, &request->is_bound, request->report_data, err));
	return read_nonce(&args->binding, request, err);
}

void collect_progress(const char *provider)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "asking %s\n", provider);
}

/* Who names a service means the provider that asks it. */
static const char *provider_name(const struct collect_args *args, enum collect_kind kind)
{
	if (args->provider != NULL)
		return args->provider;
	if (kind == COLLECT_QUOTE && args->qgs != NULL)
		return "qgs";
	return kind == COLLECT_QUOTE && args->imds != NULL ? "vtpm" : "auto";
}

enum cella_status collect_for_args(const struct collect_args *args,
				   enum collect_kind kind,
				   const struct collect_request *request,
				   struct collected *out, struct attempts *attempts,
				   struct cella_error *err)
{
	const char *const name = provider_name(args, kind);
	enum cella_status status;

	if (args->sim != NULL && strcmp(name, "sim") != 0)
		return error_set(err, CELLA_USAGE,
				 "--sim goes with --provider sim: a simulated platform "
				 "is taken only where it is named");
	if (args->provider == NULL && args->qgs != NULL && args->imds != NULL)
		return error_set(err, CELLA_USAGE, "--qgs or --imds, not both");
	status = collect(name, kind, request, out, attempts, err);
	if (status != CELLA_OK)
		for (size_t i = 0; i < attempts->num_items; i++)
			(void)fail(&attempts->items[i].err);
	return status;
}
