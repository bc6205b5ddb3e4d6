/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rules of resources see, and how they refuse: for resources.c, resource_cores.c and
 * resource_memory.c.
 */
#ifndef VM_RESOURCE_RULES_H
#define VM_RESOURCE_RULES_H

#include "vm/resources.h"

enum { RULE_LIST_MAX = 96, RULE_KIB_PER_MIB = 1024 };

struct planner {
	const struct topology *machine;
	const struct resource_request *request;
	const struct resource_taking *takings;
	size_t num_takings;
	struct resource_plan *plan;
};

/* rule_note() adds something to know of the plan. */
void rule_note(const struct planner *p, const char *format, ...) PRINTF(2, 3);

/* rule_refuse() makes place for a refusal; NULL when the rule has refused already. */
struct resource_refusal *rule_refuse(const struct planner *p, enum resource_rule rule);

/* rule_say() fills a text of it in; rule_say_cpus() with processors. */
void rule_say(char text[RESOURCES_TEXT_MAX], const char *format, ...) PRINTF(2, 3);
void rule_say_cpus(char text[RESOURCES_TEXT_MAX], const char *before,
		   const struct cpus *cpus);

/* The rules; those of memory come after those of cores, which choose a node. */
void rules_of_cores(const struct planner *p);
void rules_of_memory(const struct planner *p);

/* rule_pages_needed() is the number of huge pages; 0 where none are wanted. */
uint64_t rule_pages_needed(const struct resource_request *request);
bool rule_node_has_memory(const struct planner *p, const struct topology_node *node);

#endif
