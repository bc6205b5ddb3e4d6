/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation. Processors are shared, or they are taken. Who takes some takes whole
 * cores: what runs on the other thread of a core could watch it. A core that is taken is no
 * other Enclave VM's, and the first core that this process may use stays with the machine,
 * with a stated amount of memory; so there must be at least four processors. Sharing needs
 * one processor, and isolates less, which is said.
 *
 * Every rule is applied, whatever others say: who asks wants to hear all that is in the way.
 */
#include "vm/resources.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { KIB_PER_MIB = 1024, LIST_TEXT_MAX = 96 };

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

/* What the rules see. */
struct planner {
	const struct topology *machine;
	const struct resource_request *request;
	const struct resource_taking *takings;
	size_t num_takings;
	struct resource_plan *plan;
};

static void note(const struct planner *p, const char *format, ...) PRINTF(2, 3);

static void note(const struct planner *p, const char *format, ...)
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
static struct resource_refusal *refuse(const struct planner *p, enum resource_rule rule)
{
	struct resource_plan *const plan = p->plan;

	for (size_t i = 0; i < plan->num_refusals; i++)
		if (plan->refusals[i].rule == rule)
			return NULL;
	plan->refusals[plan->num_refusals] = (struct resource_refusal){ .rule = rule };
	return &plan->refusals[plan->num_refusals++];
}

static void say(char text[RESOURCES_TEXT_MAX], const char *format, ...) PRINTF(2, 3);

static void say(char text[RESOURCES_TEXT_MAX], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(text, RESOURCES_TEXT_MAX, format, args);
	va_end(args);
}

static void say_cpus(char text[RESOURCES_TEXT_MAX], const char *before,
		     const struct cpus *cpus)
{
	char list[LIST_TEXT_MAX];

	say(text, "%s%s", before, cpus_text(cpus, list, sizeof list));
}

/* --- processors ---------------------------------------------------------------------- */

/*
 * The core of the first processor that may be used and is no other Enclave VM's; its threads
 * that may not be used belong to it. Empty when there is none.
 */
static struct cpus first_core(const struct planner *p)
{
	const struct cpus left = cpus_without(&p->machine->allowed, &p->plan->others);
	const unsigned first = cpus_next(&left, 0);
	const struct topology_core *const core = topology_core_of(p->machine, first);
	struct cpus alone = { { 0 } };

	if (core != NULL)
		return core->threads;
	cpus_add(&alone, first);
	return alone;
}

static struct cpus taken_by_others(const struct planner *p)
{
	struct cpus all = { { 0 } };

	for (size_t i = 0; i < p->num_takings; i++)
		all = cpus_either(&all, &p->takings[i].cpus);
	return all;
}

static void assign(struct resource_plan *plan, const struct cpus *pool)
{
	unsigned cpu = cpus_next(pool, 0);

	for (unsigned i = 0; i < plan->num_vcpus && cpu < CPUS_MAX; i++) {
		plan->vcpu_cpus[i] = cpu;
		cpu = cpus_next(pool, cpu + 1);
		if (cpu == CPUS_MAX)
			cpu = cpus_next(pool, 0);
	}
	plan->is_pinned = true;
}

/* Away from the first core, where there are others: interrupts are usually served there. */
static void pin_shared(const struct planner *p)
{
	struct resource_plan *const plan = p->plan;
	const struct cpus first = first_core(p);
	const struct cpus away = cpus_without(&plan->guest, &first);
	const size_t num = cpus_count(&away);

	if (num > 0)
		plan->guest = away;
	assign(plan, &plan->guest);
}

static void check_left(const struct planner *p)
{
	struct resource_refusal *refusal;

	if (cpus_contain(&p->plan->others, &p->machine->allowed) &&
	    (refusal = refuse(p, RULE_CPUS_LEFT)) != NULL) {
		say(refusal->need, "1");
		say(refusal->have, "0");
		say(refusal->remedy, "stop an enclave that has taken whole cores");
	}
}

static void share(const struct planner *p)
{
	struct resource_plan *const plan = p->plan;

	plan->guest = cpus_without(&p->machine->allowed, &plan->others);
	plan->rest = plan->guest;
	note(p,
	     "processors are shared: what else runs on them can slow it down, and tell from "
	     "timing what it does; --cores whole takes cores of its own");
	check_left(p);
	if (p->request->pin && cpus_count(&plan->guest) > 0)
		pin_shared(p);
	if (plan->num_vcpus > cpus_count(&plan->guest))
		note(p, "%u vCPUs share %zu processors", plan->num_vcpus,
		     cpus_count(&plan->guest));
}

/* --- cores of one's own -------------------------------------------------------------- */

static bool may_take(const struct planner *p, const struct topology_core *core)
{
	const struct cpus unfree = cpus_either(&p->plan->kept, &p->plan->others);
	const struct cpus overlap = cpus_both(&core->threads, &unfree);

	return cpus_contain(&p->machine->allowed, &core->threads) &&
	       cpus_count(&overlap) == 0;
}

/* Cores of a node, or of all where node is -1, until there are enough processors. */
static struct cpus gather(const struct planner *p, int node, size_t enough)
{
	struct cpus cpus = { { 0 } };

	for (size_t i = 0; i < p->machine->num_cores; i++) {
		const struct topology_core *const core = &p->machine->cores[i];

		if (cpus_count(&cpus) >= enough)
			break;
		if ((node < 0 || core->node == node) && may_take(p, core))
			cpus = cpus_either(&cpus, &core->threads);
	}
	return cpus;
}

/* What would do for the image, in whole pages. */
static uint64_t enough_mib(const struct resource_request *request)
{
	const unsigned page = page_size_mib(request->pages);
	const uint64_t mib = request->memory_mib > request->least_mib
				     ? request->memory_mib
				     : request->least_mib;

	return page > 0 ? (mib + page - 1) / page * page : mib;
}

static uint64_t pages_needed(const struct resource_request *request)
{
	const unsigned mib = page_size_mib(request->pages);

	return mib > 0 ? (request->memory_mib + mib - 1) / mib : 0;
}

static bool node_has_memory(const struct planner *p, const struct topology_node *node)
{
	if (p->request->pages != PAGES_ORDINARY)
		return node->pages[p->request->pages].free >= pages_needed(p->request);
	return node->free_kib / KIB_PER_MIB >= p->request->memory_mib;
}

/* One node with memory is best, one without it next; then several nodes. */
static struct cpus choose(const struct planner *p)
{
	const struct topology *const machine = p->machine;
	const size_t enough = p->plan->num_vcpus;
	int second = -1;
	struct cpus cpus;

	for (size_t n = 0; n < machine->num_nodes; n++) {
		cpus = gather(p, (int)n, enough);
		if (cpus_count(&cpus) < enough)
			continue;
		if (node_has_memory(p, &machine->nodes[n]))
			return cpus;
		if (second < 0)
			second = (int)n;
	}
	return gather(p, second, enough);
}

static void refuse_small(const struct planner *p)
{
	const struct cpus all = gather(p, -1, CPUS_MAX);
	struct resource_refusal *const refusal = refuse(p, RULE_CORES_ENOUGH);
	char list[LIST_TEXT_MAX];

	if (refusal == NULL)
		return;
	say(refusal->need, "%u on whole cores", p->plan->num_vcpus);
	say(refusal->have, "none that is free");
	if (cpus_count(&all) > 0)
		say(refusal->have, "%zu: %s", cpus_count(&all),
		    cpus_text(&all, list, sizeof list));
	if (cpus_count(&all) > 0)
		say(refusal->remedy, "--cpus %zu, or --cores shared", cpus_count(&all));
	else
		say(refusal->remedy, "--cores shared");
}

static void take_whole(const struct planner *p)
{
	struct resource_plan *const plan = p->plan;
	const struct cpus cpus = choose(p);

	if (cpus_count(&cpus) >= plan->num_vcpus)
		plan->taken = cpus;
	else
		refuse_small(p);
}

/* --- cores that are named ------------------------------------------------------------ */

static void check_list_is_usable(const struct planner *p)
{
	const struct cpus *const list = &p->request->list;
	const struct cpus kept = cpus_both(list, &p->plan->kept);
	const struct cpus unusable = cpus_without(list, &p->machine->allowed);
	struct resource_refusal *refusal;

	if (cpus_count(&unusable) > 0 &&
	    (refusal = refuse(p, RULE_CORES_ALLOWED)) != NULL) {
		say_cpus(refusal->need, "", list);
		say_cpus(refusal->have, "", &p->machine->allowed);
		say_cpus(refusal->remedy, "leave out ", &unusable);
	}
	if (cpus_count(&kept) > 0 && (refusal = refuse(p, RULE_CORES_KEPT)) != NULL) {
		say_cpus(refusal->need, "a list without ", &p->plan->kept);
		say_cpus(refusal->have, "", list);
		say_cpus(refusal->remedy, "leave out ", &kept);
	}
}

static void check_list_is_whole(const struct planner *p)
{
	const struct cpus *const list = &p->request->list;
	struct cpus whole = *list;
	struct resource_refusal *refusal;

	for (size_t i = 0; i < p->machine->num_cores; i++) {
		const struct cpus *const threads = &p->machine->cores[i].threads;
		const struct cpus both = cpus_both(list, threads);

		if (cpus_count(&both) > 0)
			whole = cpus_either(&whole, threads);
	}
	if (cpus_are_equal(&whole, list) ||
	    (refusal = refuse(p, RULE_CORES_WHOLE)) == NULL)
		return;
	{
		const struct cpus missing = cpus_without(&whole, list);

		say_cpus(refusal->need, "", &whole);
		say_cpus(refusal->have, "", list);
		say_cpus(refusal->remedy, "add ", &missing);
	}
}

static void check_list_is_free(const struct planner *p)
{
	struct resource_refusal *refusal;

	for (size_t i = 0; i < p->num_takings; i++) {
		const struct cpus both =
			cpus_both(&p->request->list, &p->takings[i].cpus);

		if (cpus_count(&both) == 0 ||
		    (refusal = refuse(p, RULE_CORES_OTHERS)) == NULL)
			continue;
		say_cpus(refusal->need, "", &p->request->list);
		say_cpus(refusal->have, "taken: ", &both);
		say(refusal->remedy, "stop %s, or leave them out", p->takings[i].name);
	}
}

static void take_listed(const struct planner *p)
{
	struct resource_plan *const plan = p->plan;
	const size_t num = cpus_count(&p->request->list);
	struct resource_refusal *refusal;

	check_list_is_usable(p);
	if (p->machine->has_cores)
		check_list_is_whole(p);
	check_list_is_free(p);
	if (plan->num_vcpus > num && (refusal = refuse(p, RULE_CORES_ENOUGH)) != NULL) {
		say(refusal->need, "%u", plan->num_vcpus);
		say(refusal->have, "%zu in the list", num);
		say(refusal->remedy, "--cpus %zu, or a longer list", num);
	}
	plan->taken = p->request->list;
}

/* --- both ---------------------------------------------------------------------------- */

static void check_machine(const struct planner *p)
{
	const size_t num = cpus_count(&p->machine->allowed);
	struct resource_refusal *refusal;

	if (!p->machine->has_cores && (refusal = refuse(p, RULE_CORES_KNOWN)) != NULL) {
		say(refusal->need, "/sys/devices/system/cpu/cpu*/topology");
		say(refusal->have, "no such files");
		say(refusal->remedy, "--cores shared");
	}
	if (num < RESOURCES_MIN_CPUS &&
	    (refusal = refuse(p, RULE_CORES_MACHINE)) != NULL) {
		say(refusal->need, "%d", RESOURCES_MIN_CPUS);
		say(refusal->have, "%zu", num);
		say(refusal->remedy, "--cores shared, or a larger machine");
	}
}

static void note_what_stays(const struct planner *p)
{
	struct resource_plan *const plan = p->plan;
	const size_t idle = cpus_count(&plan->taken) - plan->num_vcpus;
	int node = -1;
	bool spreads = false;

	if (cpus_count(&plan->taken) > plan->num_vcpus)
		note(p,
		     "%zu of the processors that it takes %s idle; --cpus %zu uses all",
		     idle, idle == 1 ? "is" : "are", cpus_count(&plan->taken));
	for (size_t i = 0; i < p->machine->num_cores; i++) {
		const struct topology_core *const core = &p->machine->cores[i];

		if (!cpus_contain(&plan->taken, &core->threads))
			continue;
		spreads = spreads || (node >= 0 && node != core->node);
		node = core->node;
	}
	if (spreads)
		note(p, "its processors are in several nodes: some of its memory is far "
			"from some of them");
	plan->node = spreads ? -1 : node;
	note(p,
	     "nothing here keeps other programs of the machine off its processors: kernel "
	     "parameters or the service manager do (isolcpus=, AllowedCPUs=)");
}

static void take_cores(const struct planner *p)
{
	struct resource_plan *const plan = p->plan;
	struct cpus unfree;

	plan->kept = first_core(p);
	check_left(p);
	check_machine(p);
	if (p->request->cores == CORES_LISTED)
		take_listed(p);
	else if (p->machine->has_cores)
		take_whole(p);
	plan->guest = plan->taken;
	unfree = cpus_either(&plan->taken, &plan->others);
	plan->rest = cpus_without(&p->machine->allowed, &unfree);
	if (plan->num_refusals > 0) {
		plan->taken = (struct cpus){ { 0 } };
		plan->guest = plan->taken;
		return;
	}
	assign(plan, &plan->taken);
	note_what_stays(p);
}

static void plan_processors(const struct planner *p)
{
	const struct topology_cgroup *const group = &p->machine->cgroup;

	p->plan->others = taken_by_others(p);
	if (p->request->cores == CORES_SHARED)
		share(p);
	else
		take_cores(p);
	if (group->period_us != 0 &&
	    group->quota_us < (uint64_t)p->plan->num_vcpus * group->period_us)
		note(p,
		     "cpu.max gives it %llu.%02llu processors' time, less than it has vCPUs",
		     (unsigned long long)(group->quota_us / group->period_us),
		     (unsigned long long)(group->quota_us * 100 / group->period_us %
					  100));
}

/* --- memory -------------------------------------------------------------------------- */

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* What the machine could give in ordinary pages if nobody but Enclave VMs used any. */
static uint64_t memory_to_give(const struct planner *p)
{
	uint64_t mib = p->machine->total_kib / KIB_PER_MIB;

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
		say(remedy, "--memory %llu, or %s", (unsigned long long)most, otherwise);
	else
		say(remedy, "%s", otherwise);
}

static void check_memory(const struct planner *p, enum resource_rule rule, uint64_t have,
			 const char *otherwise)
{
	struct resource_refusal *refusal;

	if (p->plan->normal_mib <= have || (refusal = refuse(p, rule)) == NULL)
		return;
	say(refusal->need, "%llu MiB", (unsigned long long)p->plan->normal_mib);
	say(refusal->have, "%llu MiB", (unsigned long long)have);
	say_less(p, have, otherwise, refusal->remedy);
}

static void check_image(const struct planner *p)
{
	struct resource_refusal *refusal;

	if (p->request->memory_mib >= p->request->least_mib ||
	    (refusal = refuse(p, RULE_MEMORY_IMAGE)) == NULL)
		return;
	say(refusal->need, "%u MiB", p->request->least_mib);
	say(refusal->have, "%u MiB", p->request->memory_mib);
	say(refusal->remedy, "--memory %llu", (unsigned long long)enough_mib(p->request));
}

static void plan_memory(const struct planner *p)
{
	struct resource_plan *const plan = p->plan;
	const uint64_t to_give = memory_to_give(p);
	const uint64_t available = p->machine->available_kib / KIB_PER_MIB;

	plan->guest_mib = p->request->memory_mib;
	plan->beside_mib = (uint64_t)p->request->image_mib + RESOURCES_PROCESS_MIB;
	plan->normal_mib = plan->beside_mib +
			   (p->request->pages == PAGES_ORDINARY ? plan->guest_mib : 0);
	plan->spare_mib = to_give < available ? to_give : available;
	check_image(p);
	check_memory(p, RULE_MEMORY_KEPT, to_give,
		     "stop another enclave, or keep less (--keep-memory)");
	check_memory(p, RULE_MEMORY_AVAILABLE, available, "end what uses memory");
	if (p->machine->cgroup.memory_left_kib != TOPOLOGY_UNLIMITED)
		check_memory(p, RULE_MEMORY_GROUP,
			     p->machine->cgroup.memory_left_kib / KIB_PER_MIB,
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

	say(remedy,
	    "as root: echo %llu >/sys/devices/system/node/node%u/hugepages/"
	    "hugepages-%ukB/nr_hugepages",
	    (unsigned long long)(node->pages[size].total + missing), node->id,
	    page_size_mib(size) * KIB_PER_MIB);
}

static void place_pages(const struct planner *p)
{
	struct resource_plan *const plan = p->plan;
	const enum page_size size = p->request->pages;
	const uint64_t num_free = free_pages(p);
	struct resource_refusal *refusal;

	if (num_free < plan->num_pages) {
		refusal = refuse(p, RULE_PAGES_FREE);
		if (refusal == NULL)
			return;
		say(refusal->need, "%llu of %s", (unsigned long long)plan->num_pages,
		    page_size_name(size));
		say(refusal->have, "%llu", (unsigned long long)num_free);
		say_pages(p, plan->num_pages - num_free, refusal->remedy);
		return;
	}
	if (plan->node >= 0 &&
	    p->machine->nodes[plan->node].pages[size].free < plan->num_pages) {
		note(p, "node %u has too few huge pages: some come from another one",
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
	p->plan->num_pages = pages_needed(p->request);
	if (p->request->memory_mib % mib != 0 &&
	    (refusal = refuse(p, RULE_PAGES_MULTIPLE)) != NULL) {
		say(refusal->need, "a multiple of %u MiB", mib);
		say(refusal->have, "%u MiB", p->request->memory_mib);
		say(refusal->remedy, "--memory %llu",
		    (unsigned long long)enough_mib(p->request));
	}
	place_pages(p);
}

/* --- the rest ------------------------------------------------------------------------ */

static void plan_node(const struct planner *p)
{
	struct resource_plan *const plan = p->plan;

	if (p->request->pages != PAGES_ORDINARY || plan->node < 0 ||
	    node_has_memory(p, &p->machine->nodes[plan->node]))
		return;
	note(p, "node %u has too little free memory: some comes from another one",
	     p->machine->nodes[plan->node].id);
	plan->node = -1;
}

static void plan_lock(const struct planner *p)
{
	const uint64_t have = p->machine->lock_limit / KIB_PER_MIB / KIB_PER_MIB;
	struct resource_refusal *refusal;

	if (!p->request->lock || p->machine->can_raise_limits ||
	    p->machine->lock_limit == TOPOLOGY_UNLIMITED || have >= p->plan->normal_mib ||
	    (refusal = refuse(p, RULE_LOCK_LIMIT)) == NULL)
		return;
	say(refusal->need, "%llu MiB", (unsigned long long)p->plan->normal_mib);
	say(refusal->have, "%llu MiB (ulimit -l)", (unsigned long long)have);
	say(refusal->remedy,
	    "raise the limit (systemd: LimitMEMLOCK=infinity), or take huge "
	    "pages, which are never swapped out");
}

void resources_plan(const struct topology *machine,
		    const struct resource_request *request,
		    const struct resource_taking *takings, size_t num_takings,
		    struct resource_plan *out)
{
	const struct planner planner = { machine, request, takings, num_takings, out };

	*out = (struct resource_plan){ .node = -1, .num_vcpus = request->vcpus };
	plan_processors(&planner);
	plan_memory(&planner);
	plan_pages(&planner);
	plan_node(&planner);
	plan_lock(&planner);
	/* A machine of one node has nothing to choose. */
	if (machine->num_nodes < 2)
		out->node = -1;
}

enum cella_status resources_status(const struct resource_plan *plan,
				   struct cella_error *err)
{
	const struct resource_refusal *const first = &plan->refusals[0];

	if (plan->num_refusals == 0)
		return CELLA_OK;
	if (plan->num_refusals == 1)
		return error_set(err, CELLA_LIMIT, "%s: needs %s, has %s: %s",
				 rules[first->rule].text, first->need, first->have,
				 first->remedy);
	return error_set(err, CELLA_LIMIT,
			 "%s: needs %.60s, has %.60s: %.60s; and %zu more "
			 "(cella enclave plan)",
			 rules[first->rule].text, first->need, first->have, first->remedy,
			 plan->num_refusals - 1);
}
