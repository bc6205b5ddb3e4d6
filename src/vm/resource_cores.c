/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation. Processors are shared, or they are taken. Who takes some takes whole
 * cores: what runs on the other thread of a core could watch it. A core that is taken is no
 * other Enclave VM's, and the first core that this process may use stays with the machine,
 * with a stated amount of memory; so there must be at least four processors. Sharing needs
 * one processor, and isolates less, which is said.
 */
#include "vm/resource_rules.h"

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

	if (cpus_count(&away) >= plan->num_vcpus)
		plan->guest = away;
	assign(plan, &plan->guest);
}

static void check_left(const struct planner *p)
{
	struct resource_refusal *refusal;

	if (cpus_contain(&p->plan->others, &p->machine->allowed) &&
	    (refusal = rule_refuse(p, RULE_CPUS_LEFT)) != NULL) {
		rule_say(refusal->need, "1");
		rule_say(refusal->have, "0");
		rule_say(refusal->remedy, "stop an enclave that has taken whole cores");
	}
}

static void share(const struct planner *p)
{
	struct resource_plan *const plan = p->plan;

	plan->guest = cpus_without(&p->machine->allowed, &plan->others);
	plan->rest = plan->guest;
	rule_note(
		p,
		"processors are shared: what else runs on them can slow it down, and tell from "
		"timing what it does; --cores whole takes cores of its own");
	check_left(p);
	if (p->request->pin && cpus_count(&plan->guest) > 0)
		pin_shared(p);
	if (plan->num_vcpus > cpus_count(&plan->guest))
		rule_note(p, "there are more vCPUs (%u) than processors (%zu) for them",
			  plan->num_vcpus, cpus_count(&plan->guest));
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
		if (rule_node_has_memory(p, &machine->nodes[n]))
			return cpus;
		if (second < 0)
			second = (int)n;
	}
	return gather(p, second, enough);
}

static void refuse_small(const struct planner *p)
{
	const struct cpus all = gather(p, -1, CPUS_MAX);
	struct resource_refusal *const refusal = rule_refuse(p, RULE_CORES_ENOUGH);
	char list[RULE_LIST_MAX];

	if (refusal == NULL)
		return;
	rule_say(refusal->need, "%u on whole cores", p->plan->num_vcpus);
	rule_say(refusal->have, "none that is free");
	if (cpus_count(&all) > 0)
		rule_say(refusal->have, "%zu: %s", cpus_count(&all),
			 cpus_text(&all, list, sizeof list));
	if (cpus_count(&all) > 0)
		rule_say(refusal->remedy, "--cpus %zu, or --cores shared",
			 cpus_count(&all));
	else
		rule_say(refusal->remedy, "--cores shared");
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
	    (refusal = rule_refuse(p, RULE_CORES_ALLOWED)) != NULL) {
		rule_say_cpus(refusal->need, "", list);
		rule_say_cpus(refusal->have, "", &p->machine->allowed);
		rule_say_cpus(refusal->remedy, "leave out ", &unusable);
	}
	if (cpus_count(&kept) > 0 &&
	    (refusal = rule_refuse(p, RULE_CORES_KEPT)) != NULL) {
		rule_say_cpus(refusal->need, "a list without ", &p->plan->kept);
		rule_say_cpus(refusal->have, "", list);
		rule_say_cpus(refusal->remedy, "leave out ", &kept);
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
	    (refusal = rule_refuse(p, RULE_CORES_WHOLE)) == NULL)
		return;
	{
		const struct cpus missing = cpus_without(&whole, list);

		rule_say_cpus(refusal->need, "", &whole);
		rule_say_cpus(refusal->have, "", list);
		rule_say_cpus(refusal->remedy, "add ", &missing);
	}
}

static void check_list_is_free(const struct planner *p)
{
	struct resource_refusal *refusal;

	for (size_t i = 0; i < p->num_takings; i++) {
		const struct cpus both =
			cpus_both(&p->request->list, &p->takings[i].cpus);

		if (cpus_count(&both) == 0 ||
		    (refusal = rule_refuse(p, RULE_CORES_OTHERS)) == NULL)
			continue;
		rule_say_cpus(refusal->need, "", &p->request->list);
		rule_say_cpus(refusal->have, "taken: ", &both);
		rule_say(refusal->remedy, "stop %s, or leave them out",
			 p->takings[i].name);
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
	if (plan->num_vcpus > num &&
	    (refusal = rule_refuse(p, RULE_CORES_ENOUGH)) != NULL) {
		rule_say(refusal->need, "%u", plan->num_vcpus);
		rule_say(refusal->have, "%zu in the list", num);
		rule_say(refusal->remedy, "--cpus %zu, or a longer list", num);
	}
	plan->taken = p->request->list;
}

/* --- both ---------------------------------------------------------------------------- */

static void check_machine(const struct planner *p)
{
	const size_t num = cpus_count(&p->machine->allowed);
	struct resource_refusal *refusal;

	if (!p->machine->has_cores &&
	    (refusal = rule_refuse(p, RULE_CORES_KNOWN)) != NULL) {
		rule_say(refusal->need, "/sys/devices/system/cpu/cpu*/topology");
		rule_say(refusal->have, "no such files");
		rule_say(refusal->remedy, "--cores shared");
	}
	if (num < RESOURCES_MIN_CPUS &&
	    (refusal = rule_refuse(p, RULE_CORES_MACHINE)) != NULL) {
		rule_say(refusal->need, "%d", RESOURCES_MIN_CPUS);
		rule_say(refusal->have, "%zu", num);
		rule_say(refusal->remedy, "--cores shared, or a larger machine");
	}
}

static void note_what_stays(const struct planner *p)
{
	struct resource_plan *const plan = p->plan;
	const size_t idle = cpus_count(&plan->taken) - plan->num_vcpus;
	int node = -1;
	bool spreads = false;

	if (cpus_count(&plan->taken) > plan->num_vcpus)
		rule_note(
			p,
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
		rule_note(
			p,
			"its processors are in several nodes: some of its memory is far "
			"from some of them");
	plan->node = spreads ? -1 : node;
	rule_note(
		p,
		"nothing here keeps other programs of the machine off its processors: kernel "
		"parameters or the service manager do (isolcpus=, AllowedCPUs=)");
}

/* They were told other processors when they started, and do not hear of this. */
static void note_sharers(const struct planner *p)
{
	size_t num = 0;
	const char *first = "";

	for (size_t i = 0; i < p->num_takings; i++)
		if (cpus_count(&p->takings[i].cpus) == 0) {
			first = num == 0 ? p->takings[i].name : first;
			num++;
		}
	if (num > 0)
		rule_note(p,
			  "until it is started again, %s%s, whose processors are shared, "
			  "may run on its cores, too",
			  first, num > 1 ? " and others" : "");
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
	note_sharers(p);
}

void rules_of_cores(const struct planner *p)
{
	const struct topology_cgroup *const group = &p->machine->cgroup;

	p->plan->others = taken_by_others(p);
	if (p->request->cores == CORES_SHARED)
		share(p);
	else
		take_cores(p);
	if (group->period_us != 0 &&
	    group->quota_us < (uint64_t)p->plan->num_vcpus * group->period_us)
		rule_note(
			p,
			"cpu.max gives it %llu.%02llu processors' time, less than it has vCPUs",
			(unsigned long long)(group->quota_us / group->period_us),
			(unsigned long long)(group->quota_us * 100 / group->period_us %
					     100));
}
