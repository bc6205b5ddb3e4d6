/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence of a simulated platform. The simulator is another program, so that nothing of
 * it is in this one: what it makes can be trusted by nobody who does not name its root.
 */
#include "collect/collect.h"
#include "collect/program.h"

#include "base/encode.h"

#include <cella/evidence.h>

#include <string.h>

static enum cella_status ask(const struct collect_request *request, const char *command,
			     struct out *out, struct cella_error *err)
{
	char path[PROGRAM_PATH_MAX];
	char hex[2 * REPORT_DATA_LEN + 1];
	char *const argv[] = {
		path, (char *)command, (char *)"--report-data",
		hex,  (char *)"--",    (char *)request->sim_dir,
		NULL,
	};

	if (request->sim_dir == NULL)
		return error_set(err, CELLA_USAGE,
				 "the provider sim needs a platform: --sim DIR");
	program_find("cella-sim", path);
	hex_format(bytes_of(request->report_data, REPORT_DATA_LEN), hex);
	return program_run(argv, CELLA_EVIDENCE_MAX, out, err);
}

static enum cella_status quote(const struct collect_request *request,
			       struct collected *out, struct cella_error *err)
{
	return ask(request, "quote", &out->bytes, err);
}

static enum cella_status report(const struct collect_request *request,
				struct collected *out, struct cella_error *err)
{
	return ask(request, "report", &out->bytes, err);
}

const struct provider provider_simulated = {
	.name = "sim",
	.make = { [COLLECT_QUOTE] = quote, [COLLECT_REPORT] = report },
};
