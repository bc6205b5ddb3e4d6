/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of memory: of the machine's, of this process's, in huge pages, locked.
 */
#include "vm/resource_rules.h"

/* --- memory -------------------------------------------------------------------------- */

/* What would do for the image, in whole pages. */
static uint64_t enough_mib(const struct resource_request *request)
{
	const unsigned page = page_size_mib(request->pages);
	const uint64_t mib = request->memory_mib > request->least_mib
				     ? request->memory_mib
				     : request->least_mib;

	return page > 0 ? (mib + page - 1) / page * page : mib;
}

uint64_t rule_pages_needed(const struct resource_request *request)
{
	const unsigned mib = page_size_mib(request->pages);

	return mib > 0 ? (request->memory_mib + mib - 1) / mib : 0;
}

bool rule_node_has_memory(const struct planner *p, const struct topology_node *node)
{
	if (p->request->pages != PAGES_ORDINARY)
		return node->pages[p->request->pages].free >=
		       rule_pages_needed(p->request);
	return node->free_kib / RULE_KIB_PER_MIB >= p->request->memory_mib;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* What the machine could give in ordinary pages if nobody but Enclave VMs used any. */
static uint64_t memory_to_give(const struct planner *p)
{
	uint64_t mib = p->machine->total_kib / RULE_KIB_PER_MIB;

	for (size_t n = 0; n < p->machine->num_nodes; n++)
		for (int size = PAGES_2M; size < NUM_PAGE_SIZES; size++)
			mib = minus(mib, p->machine->nodes[n].pages[size].total *
						 page_size_mib((enum page_size)size));
	for (size_t i = 0; i < p->num_takings; i++)
		mib = minus(mib, p->takings[i].memory_mib);
	return minus(mib, p->request->keep_mib);
}

/* How much less it could be given, if that would do. */
static void say_less(const struct planner *p, uint64_t have, const char *otherwise,
		     char remedy[RESOURCES_TEXT_MAX])
{
	const uint64_t least = p->request->least_mib;
	const uint64_t most = minus(have, p->plan->beside_mib);

	if (p->request->pages == PAGES_ORDINARY && most >= least &&
	    most >= RESOURCES_PROCESS_MIB / 2)
		rule_say(remedy, "--memory %llu, or %s", (unsigned long long)most,
			 otherwise);
	else
		rule_say(remedy, "%s", otherwise);
}

static void check_memory(const struct planner *p, enum resource_rule rule, uint64_t have,
			 const char *otherwise)
{
	struct resource_refusal *refusal;

	if (p->plan->normal_mib <= have || (refusal = rule_refuse(p, rule)) == NULL)
		return;
	rule_say(refusal->need, "%llu MiB", (unsigned long long)p->plan->normal_mib);
	rule_say(refusal->have, "%llu MiB", (unsigned long long)have);
	say_less(p, have, otherwise, refusal->remedy);
}

static void check_image(const struct planner *p)
{
	struct resource_refusal *refusal;

	if (p->request->memory_mib >= p->request->least_mib ||
	    (refusal = rule_refuse(p, RULE_MEMORY_IMAGE)) == NULL)
		return;
	rule_say(refusal->need, "%u MiB", p->request->least_mib);
	rule_say(refusal->have, "%u MiB", p->request->memory_mib);
	rule_say(refusal->remedy, "--memory %llu",
		 (unsigned long long)enough_mib(p->request));
}

static void plan_memory(const struct planner *p)
{
	struct resource_plan *const plan = p->plan;
	const uint64_t to_give = memory_to_give(p);
	const uint64_t available = p->machine->available_kib / RULE_KIB_PER_MIB;

	plan->guest_mib = p->request->memory_mib;
	/* Who locks memory has all of it at once, used or not. */
	plan->beside_mib = (uint64_t)p->request->image_mib + RESOURCES_PROCESS_MIB +
			   (p->request->lock ? p->request->code_mib : 0);
	plan->normal_mib = plan->beside_mib +
			   (p->request->pages == PAGES_ORDINARY ? plan->guest_mib : 0);
	plan->most_mib = plan->normal_mib + (p->request->lock ? 0 : p->request->code_mib);
	plan->spare_mib = to_give < available ? to_give : available;
	check_image(p);
	check_memory(p, RULE_MEMORY_KEPT, to_give,
		     "stop another enclave, or keep less (--keep-memory)");
	check_memory(p, RULE_MEMORY_AVAILABLE, available, "end what uses memory");
	if (p->machine->cgroup.memory_left_kib != TOPOLOGY_UNLIMITED)
		check_memory(p, RULE_MEMORY_GROUP,
			     p->machine->cgroup.memory_left_kib / RULE_KIB_PER_MIB,
			     "a higher memory.max");
}

/* --- huge pages ---------------------------------------------------------------------- */

static uint64_t free_pages(const struct planner *p)
{
	uint64_t num = 0;

	for (size_t n = 0; n < p->machine->num_nodes; n++)
		num += p->machine->nodes[n].pages[p->request->pages].free;
	return minus(num, p->machine->reserved[p->request->pages]);
}

/* What to write where, so that there are enough. */
static void say_pages(const struct planner *p, uint64_t missing,
		      char remedy[RESOURCES_TEXT_MAX])
{
	const enum page_size size = p->request->pages;
	const size_t n = p->plan->node > 0 ? (size_t)p->plan->node : 0;
	const struct topology_node *const node = &p->machine->nodes[n];
	const uint64_t total = node->pages[size].total + missing;

	rule_say(remedy,
		 "as root: echo %llu >/sys/devices/system/node/node%u/hugepages/"
		 "hugepages-%ukB/nr_hugepages",
		 (unsigned long long)total, node->id,
		 page_size_mib(size) * RULE_KIB_PER_MIB);
}

static void place_pages(const struct planner *p)
{
	struct resource_plan *const plan = p->plan;
	const enum page_size size = p->request->pages;
	const uint64_t num_free = free_pages(p);
	struct resource_refusal *refusal;

	if (num_free < plan->num_pages) {
		refusal = rule_refuse(p, RULE_PAGES_FREE);
		if (refusal == NULL)
			return;
		rule_say(refusal->need, "%llu of %s", (unsigned long long)plan->num_pages,
			 page_size_name(size));
		rule_say(refusal->have, "%llu", (unsigned long long)num_free);
		say_pages(p, plan->num_pages - num_free, refusal->remedy);
		return;
	}
	if (plan->node >= 0 &&
	    p->machine->nodes[plan->node].pages[size].free < plan->num_pages) {
		rule_note(p, "node %u has too few huge pages: some come from another one",
			  p->machine->nodes[plan->node].id);
		plan->node = -1;
	}
}

static void plan_pages(const struct planner *p)
{
	const unsigned mib = page_size_mib(p->request->pages);
	struct resource_refusal *refusal;

	if (mib == 0)
		return;
	p->plan->num_pages = rule_pages_needed(p->request);
	if (p->request->memory_mib % mib != 0 &&
	    (refusal = rule_refuse(p, RULE_PAGES_MULTIPLE)) != NULL) {
		rule_say(refusal->need, "a multiple of %u MiB", mib);
		rule_say(refusal->have, "%u MiB", p->request->memory_mib);
		rule_say(refusal->remedy, "--memory %llu",
			 (unsigned long long)enough_mib(p->request));
	}
	place_pages(p);
}

/* --- the rest ------------------------------------------------------------------------ */

static void plan_node(const struct planner *p)
{
	struct resource_plan *const plan = p->plan;

	if (p->request->pages != PAGES_ORDINARY || plan->node < 0 ||
	    rule_node_has_memory(p, &p->machine->nodes[plan->node]))
		return;
	rule_note(p, "node %u has too little free memory: some comes from another one",
		  p->machine->nodes[plan->node].id);
	plan->node = -1;
}

static void plan_lock(const struct planner *p)
{
	const uint64_t have = p->machine->lock_limit / RULE_KIB_PER_MIB /
			      RULE_KIB_PER_MIB;
	struct resource_refusal *refusal;

	if (!p->request->lock || p->machine->can_raise_limits ||
	    p->machine->lock_limit == TOPOLOGY_UNLIMITED || have >= p->plan->normal_mib ||
	    (refusal = rule_refuse(p, RULE_LOCK_LIMIT)) == NULL)
		return;
	rule_say(refusal->need, "%llu MiB", (unsigned long long)p->plan->normal_mib);
	rule_say(refusal->have, "%llu MiB (ulimit -l)", (unsigned long long)have);
	rule_say(refusal->remedy,
		 "raise the limit (systemd: LimitMEMLOCK=infinity), or take huge "
		 "pages, which are never swapped out");
}

void rules_of_memory(const struct planner *p)
{
	plan_memory(p);
	plan_pages(p);
	plan_node(p);
	plan_lock(p);
}
