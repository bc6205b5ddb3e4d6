/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where evidence comes from. A provider makes quotes, and reports where its platform has
 * them; which one is asked is the user's choice.
 */
#ifndef COLLECT_COLLECT_H
#define COLLECT_COLLECT_H

#include "base/bytes.h"
#include "evidence/sgx_report.h"

/* struct collect_request - what is wanted, and what providers need to know. Borrowed. */
struct collect_request {
	uint8_t report_data[REPORT_DATA_LEN];
	const char *sim_dir; /* the simulated platform's directory, or NULL */
};

struct provider {
	const char *name;
	enum cella_status (*quote)(const struct collect_request *request, struct out *out,
				   struct cella_error *err);
	enum cella_status (*report)(const struct collect_request *request,
				    struct out *out, struct cella_error *err);
};

/* A simulated platform, by way of cella-sim. Never chosen unless it is named. */
extern const struct provider provider_simulated;

/* provider_find() finds a provider by its name; CELLA_USAGE when there is none. */
enum cella_status provider_find(const char *name, const struct provider **out,
				struct cella_error *err) MUST_CHECK;

#endif
