/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every rule is applied, whatever others say: who asks wants to hear all that is in the way.
 */
#include "vm/resources.h"

#include "vm/resource_rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What stands around the parts of a status, and in front of it. */
enum { STATUS_SPARE_LEN = 48 };

static const struct {
	const char *id;
	const char *text;
} rules[] = {
	[RULE_CPUS_LEFT] = { "cpus_left", "a processor that no enclave has taken" },
	[RULE_CORES_KNOWN] = { "cores_known", "knowing which threads share a core" },
	[RULE_CORES_MACHINE] = { "cores_machine",
				 "a machine of 4 processors, to take whole cores" },
	[RULE_CORES_KEPT] = { "cores_kept", "the first core stays with the machine" },
	[RULE_CORES_WHOLE] = { "cores_whole", "whole cores, with all their threads" },
	[RULE_CORES_ALLOWED] = { "cores_allowed",
				 "processors that are online and may be used" },
	[RULE_CORES_OTHERS] = { "cores_others", "processors of no other enclave" },
	[RULE_CORES_ENOUGH] = { "cores_enough", "a processor for each vCPU" },
	[RULE_MEMORY_IMAGE] = { "memory_image", "memory for the image to start" },
	[RULE_MEMORY_KEPT] = { "memory_kept", "memory beside what the machine keeps" },
	[RULE_MEMORY_AVAILABLE] = { "memory_available", "memory that is available now" },
	[RULE_MEMORY_GROUP] = { "memory_group",
				"memory within the control group's limit" },
	[RULE_PAGES_MULTIPLE] = { "pages_multiple", "memory in whole huge pages" },
	[RULE_PAGES_FREE] = { "pages_free", "free huge pages" },
	[RULE_BACKEND] = { "backend", "a back-end that runs here" },
	[RULE_LOCK_LIMIT] = { "lock_limit", "the right to lock memory" },
};
_Static_assert(ARRAY_LEN(rules) == NUM_RULES, "a text a rule");

static const char *const cores_names[] = {
	[CORES_SHARED] = "shared",
	[CORES_WHOLE] = "whole",
	[CORES_LISTED] = "listed",
};

const char *resource_rule_id(enum resource_rule rule)
{
	return rules[rule].id;
}

const char *resource_rule_text(enum resource_rule rule)
{
	return rules[rule].text;
}

const char *resource_cores_name(enum resource_cores cores)
{
	return cores_names[cores];
}

/* --- requests ------------------------------------------------------------------------ */

enum cella_status resource_cores_read(const char *text, struct resource_request *out,
				      struct cella_error *err)
{
	for (int cores = CORES_SHARED; cores < CORES_LISTED; cores++)
		if (strcmp(text, cores_names[cores]) == 0) {
			out->cores = (enum resource_cores)cores;
			return CELLA_OK;
		}
	if (text[0] == '\0' || cpus_read(bytes_of(text, strlen(text)), "--cores",
					 &out->list, err) != CELLA_OK)
		return error_set(
			err, CELLA_USAGE,
			"--cores: \"%.40s\": expected shared, whole, or ascending "
			"processors as in 2-3,6-7",
			text);
	out->cores = CORES_LISTED;
	return CELLA_OK;
}

enum cella_status page_size_read(const char *text, enum page_size *out,
				 struct cella_error *err)
{
	for (int size = PAGES_ORDINARY; size < NUM_PAGE_SIZES; size++)
		if (strcmp(text, page_size_name((enum page_size)size)) == 0) {
			*out = (enum page_size)size;
			return CELLA_OK;
		}
	return error_set(err, CELLA_USAGE,
			 "--hugepages: \"%.40s\": expected no, 2M or 1G", text);
}
/* --- planning ------------------------------------------------------------------------ */

void rule_note(const struct planner *p, const char *format, ...)
{
	struct resource_plan *const plan = p->plan;
	va_list args;

	if (plan->num_notes == RESOURCES_MAX_NOTES)
		return;
	va_start(args, format);
	vsnprintf(plan->notes[plan->num_notes++], RESOURCES_TEXT_MAX, format, args);
	va_end(args);
}

/* A rule refuses once: NULL when it has already. */
struct resource_refusal *rule_refuse(const struct planner *p, enum resource_rule rule)
{
	struct resource_plan *const plan = p->plan;

	for (size_t i = 0; i < plan->num_refusals; i++)
		if (plan->refusals[i].rule == rule)
			return NULL;
	plan->refusals[plan->num_refusals] = (struct resource_refusal){ .rule = rule };
	return &plan->refusals[plan->num_refusals++];
}

void rule_say(char text[RESOURCES_TEXT_MAX], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(text, RESOURCES_TEXT_MAX, format, args);
	va_end(args);
}

void rule_say_cpus(char text[RESOURCES_TEXT_MAX], const char *before,
		   const struct cpus *cpus)
{
	char list[RULE_LIST_MAX];

	rule_say(text, "%s%s", before, cpus_text(cpus, list, sizeof list));
}
void resources_plan(const struct topology *machine,
		    const struct resource_request *request,
		    const struct resource_taking *takings, size_t num_takings,
		    struct resource_plan *out)
{
	const struct planner planner = { machine, request, takings, num_takings, out };

	*out = (struct resource_plan){ .node = -1, .num_vcpus = request->vcpus };
	rules_of_cores(&planner);
	rules_of_memory(&planner);
	/* A machine of one node has nothing to choose. */
	if (machine->num_nodes < 2)
		out->node = -1;
}

void resources_refuse(struct resource_plan *plan, enum resource_rule rule,
		      const char *need, const char *have, const char *remedy)
{
	const struct planner planner = { .plan = plan };
	struct resource_refusal *const refusal = rule_refuse(&planner, rule);

	if (refusal == NULL)
		return;
	rule_say(refusal->need, "%s", need);
	rule_say(refusal->have, "%s", have);
	rule_say(refusal->remedy, "%s", remedy);
}

/* A remedy is told as a whole or not at all: a part of it may be another one. */
enum cella_status resources_status(const struct resource_plan *plan,
				   struct cella_error *err)
{
	const struct resource_refusal *const first = &plan->refusals[0];
	char more[64] = "";
	size_t len;
	bool fits;

	if (plan->num_refusals == 0)
		return CELLA_OK;
	if (plan->num_refusals > 1)
		snprintf(more, sizeof more, "; and %zu more (cella enclave plan)",
			 plan->num_refusals - 1);
	len = strlen(rules[first->rule].text) + strlen(first->need) +
	      strlen(first->have) + strlen(first->remedy) + strlen(more);
	fits = len + STATUS_SPARE_LEN <= sizeof err->text;
	return error_set(err, CELLA_MISSING, "%s: needs %.60s, has %.60s%s%s%s",
			 rules[first->rule].text, first->need, first->have,
			 fits ? ": " : "", fits ? first->remedy : "",
			 fits || more[0] != '\0' ? more : " (cella enclave plan)");
}
