/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cores of a machine, a line each, and what becomes of their processors. Cores that are
 * alike, side by side, are one line: a picture of 128 of them would be none.
 */
#include "vm/resource_report.h"

#include <stdio.h>
#include <string.h>

enum { FEW = 3, INDENT = 11, CELL_MAX = 24, CELL_WIDTH = 12 };

static const char *const use_names[] = {
	[CPU_CLOSED] = "closed", [CPU_FREE] = "free",     [CPU_KEPT] = "kept",
	[CPU_OTHER] = "other",   [CPU_SHARED] = "shared", [CPU_VCPU] = "vCPU",
	[CPU_IDLE] = "idle",
};
_Static_assert(ARRAY_LEN(use_names) == NUM_CPU_USES, "a name a use");

const char *cpu_use_name(enum cpu_use use)
{
	return use_names[use];
}

static bool is_vcpu(const struct resource_plan *plan, unsigned cpu, unsigned *number)
{
	for (unsigned i = 0; i < plan->num_vcpus && plan->is_pinned; i++)
		if (plan->vcpu_cpus[i] == cpu) {
			*number = i;
			return true;
		}
	return false;
}

enum cpu_use resource_cpu_use(const struct resource_report *report, unsigned cpu,
			      unsigned *number)
{
	const struct resource_plan *const plan = report->plan;

	*number = 0;
	if (cpus_has(&plan->others, cpu))
		return CPU_OTHER;
	if (!cpus_has(&report->machine->allowed, cpu))
		return CPU_CLOSED;
	if (is_vcpu(plan, cpu, number))
		return CPU_VCPU;
	if (cpus_has(&plan->taken, cpu))
		return CPU_IDLE;
	if (cpus_has(&plan->kept, cpu))
		return CPU_KEPT;
	return report->request->cores == CORES_SHARED ? CPU_SHARED : CPU_FREE;
}

static const char *owner_of(const struct takings *takings, unsigned cpu)
{
	for (size_t i = 0; i < takings->num_items; i++)
		if (cpus_has(&takings->items[i].cpus, cpu))
			return takings->items[i].name;
	return "other";
}

/* "vCPU 3", "kept", "db": what stands beside a processor's number. */
static void label_of(const struct resource_report *report, unsigned cpu,
		     char label[CELL_MAX])
{
	unsigned number = 0;
	const enum cpu_use use = resource_cpu_use(report, cpu, &number);

	if (use == CPU_VCPU)
		snprintf(label, CELL_MAX, "vCPU %u", number);
	else if (use == CPU_OTHER)
		snprintf(label, CELL_MAX, "%.20s", owner_of(report->takings, cpu));
	else
		snprintf(label, CELL_MAX, "%s", use_names[use]);
}

/* --- cores that are alike ------------------------------------------------------------ */

/* The use that all processors of a core have, and no other tells more. */
static bool is_uniform(const struct resource_report *report,
		       const struct topology_core *core, char label[CELL_MAX])
{
	unsigned cpu = cpus_next(&core->threads, 0);
	unsigned number = 0;

	if (resource_cpu_use(report, cpu, &number) == CPU_VCPU)
		return false;
	label_of(report, cpu, label);
	for (; cpu < CPUS_MAX; cpu = cpus_next(&core->threads, cpu + 1)) {
		char other[CELL_MAX];

		label_of(report, cpu, other);
		if (strcmp(label, other) != 0)
			return false;
	}
	return true;
}

static bool is_same_place(const struct topology_core *a, const struct topology_core *b)
{
	return a->package == b->package && a->node == b->node;
}

/* How many cores from here on are alike. */
static size_t run_of(const struct resource_report *report, size_t start)
{
	const struct topology *const machine = report->machine;
	const struct topology_core *const first = &machine->cores[start];
	char label[CELL_MAX];
	size_t num = 1;

	if (!is_uniform(report, first, label))
		return 1;
	while (start + num < machine->num_cores) {
		const struct topology_core *const core = &machine->cores[start + num];
		char other[CELL_MAX];

		if (!is_same_place(first, core) || !is_uniform(report, core, other) ||
		    strcmp(label, other) != 0)
			break;
		num++;
	}
	return num;
}

/* --- lines --------------------------------------------------------------------------- */

static void draw_place(const struct topology *machine, const struct topology_core *core,
		       struct out *out)
{
	const char *separator = "";

	out_format(out, "%*s", INDENT, "");
	if (core->package >= 0) {
		out_format(out, "package %d", core->package);
		separator = ", ";
	}
	if (core->node >= 0)
		out_format(out, "%snode %u", separator, machine->nodes[core->node].id);
	out_text(out, "\n");
}

static void draw_core(const struct resource_report *report,
		      const struct topology_core *core, struct out *out)
{
	char name[CELL_MAX] = "core";

	if (core->id >= 0)
		snprintf(name, sizeof name, "core %d", core->id);
	out_format(out, "%*s%-*s", INDENT, "", CELL_WIDTH, name);
	for (unsigned cpu = cpus_next(&core->threads, 0); cpu < CPUS_MAX;) {
		const unsigned next = cpus_next(&core->threads, cpu + 1);
		char label[CELL_MAX];

		label_of(report, cpu, label);
		if (next < CPUS_MAX)
			out_format(out, "%4u %-*s", cpu, CELL_WIDTH, label);
		else
			out_format(out, "%4u %s", cpu, label);
		cpu = next;
	}
	out_text(out, "\n");
}

static void draw_run(const struct resource_report *report, size_t start, size_t num,
		     struct out *out)
{
	const struct topology_core *const cores = report->machine->cores;
	struct cpus all = { { 0 } };
	char label[CELL_MAX];
	char list[64];

	for (size_t i = start; i < start + num; i++)
		all = cpus_either(&all, &cores[i].threads);
	label_of(report, cpus_next(&all, 0), label);
	out_format(out, "%*s%-*s %s: %s\n", INDENT, "", CELL_WIDTH + 3, "...",
		   cpus_text(&all, list, sizeof list), label);
}

/* Where which threads share a core is not known. */
static void draw_flat(const struct resource_report *report, struct out *out)
{
	char list[64];

	out_format(out, "%*sprocessors %s\n", INDENT, "",
		   cpus_text(&report->machine->online, list, sizeof list));
}

void resource_report_picture(const struct resource_report *report, struct out *out)
{
	const struct topology *const machine = report->machine;
	const struct topology_core *const cores = machine->cores;
	bool has_places = false;

	if (machine->num_cores == 0)
		draw_flat(report, out);
	for (size_t i = 1; i < machine->num_cores; i++)
		has_places = has_places || !is_same_place(&cores[0], &cores[i]);
	for (size_t i = 0; i < machine->num_cores;) {
		const size_t num = run_of(report, i);

		if (has_places && (i == 0 || !is_same_place(&cores[i - 1], &cores[i])))
			draw_place(machine, &cores[i], out);
		if (num > FEW) {
			draw_run(report, i, num, out);
			i += num;
		} else {
			draw_core(report, &cores[i++], out);
		}
	}
}
