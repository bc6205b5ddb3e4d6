/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan, told: for people, with a picture of the cores, and as JSON.
 */
#ifndef VM_RESOURCE_REPORT_H
#define VM_RESOURCE_REPORT_H

#include <jansson.h>

#include "vm/argv.h"
#include "vm/resource_steps.h"
#include "vm/takings.h"

/* All of it is borrowed. */
struct resource_report {
	const char *name;
	const struct topology *machine;
	const struct resource_request *request;
	const struct takings *takings;
	const struct resource_plan *plan;
	const struct resource_steps *steps;
	const char *config; /* that is measured */
	const char *pcr13;  /* by which it shows in evidence; hexadecimal */
	const char *backend;
	const char *backend_reason; /* "" when it cannot be had */
	const struct argv *argv;    /* NULL then */
};

/* What a processor is in a plan; number is the vCPU's, where there is one. */
enum cpu_use {
	CPU_CLOSED, /* not for this process */
	CPU_FREE,
	CPU_KEPT,
	CPU_OTHER, /* another Enclave VM's */
	CPU_SHARED,
	CPU_VCPU,
	CPU_IDLE, /* taken, but without a vCPU */
	NUM_CPU_USES,
};

enum cpu_use resource_cpu_use(const struct resource_report *report, unsigned cpu,
			      unsigned *number);
const char *cpu_use_name(enum cpu_use use);

/* resource_report_text() appends it for people; resource_report_picture() the cores alone. */
enum cella_status resource_report_text(const struct resource_report *report,
				       struct out *out,
				       struct cella_error *err) MUST_CHECK;
void resource_report_picture(const struct resource_report *report, struct out *out);

/* resource_report_json() makes a document that the caller owns. */
enum cella_status resource_report_json(const struct resource_report *report, json_t **out,
				       struct cella_error *err) MUST_CHECK;

/* What a supervisor says of the plan that it runs by: members of its status. */
enum cella_status resource_plan_json(const struct resource_request *request,
				     const struct resource_plan *plan, json_t *root,
				     struct cella_error *err) MUST_CHECK;

#endif
