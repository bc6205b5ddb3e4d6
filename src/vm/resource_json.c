/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan as JSON. Sets of processors are texts, as the kernel writes them.
 */
#include "vm/resource_report.h"

#include "base/json.h"

#include <stdio.h>

static json_t *cpus_json(const struct cpus *cpus)
{
	struct out text CLEANUP(out_done) = { 0 };

	cpus_write(cpus, &text);
	return text.failed ? NULL
			   : json_stringn(text.len > 0 ? (const char *)text.data : "",
					  text.len);
}

static enum cella_status put_number(json_t *object, const char *name, uint64_t value,
				    struct cella_error *err)
{
	return json_put(object, name, json_integer((json_int_t)value), err);
}

static enum cella_status put_text(json_t *object, const char *name, const char *value,
				  struct cella_error *err)
{
	return json_put(object, name, json_string(value), err);
}

/* --- the machine --------------------------------------------------------------------- */

static enum cella_status put_cpu(const struct resource_report *report, unsigned cpu,
				 json_t *array, struct cella_error *err)
{
	const struct topology_core *const core = topology_core_of(report->machine, cpu);
	json_t *const item = json_object();
	unsigned number = 0;
	const enum cpu_use use = resource_cpu_use(report, cpu, &number);

	TRY(json_add(array, item, err));
	TRY(put_number(item, "cpu", cpu, err));
	TRY(put_text(item, "use", cpu_use_name(use), err));
	if (use == CPU_VCPU)
		TRY(put_number(item, "vcpu", number, err));
	if (core == NULL)
		return CELLA_OK;
	TRY(json_put(item, "siblings", cpus_json(&core->threads), err));
	TRY(json_put(item, "core", json_integer(core->id), err));
	TRY(json_put(item, "package", json_integer(core->package), err));
	if (core->node >= 0)
		TRY(put_number(item, "node", report->machine->nodes[core->node].id, err));
	return CELLA_OK;
}

static enum cella_status put_node(const struct topology_node *node, json_t *array,
				  struct cella_error *err)
{
	json_t *const item = json_object();

	TRY(json_add(array, item, err));
	TRY(put_number(item, "node", node->id, err));
	TRY(json_put(item, "cpus", cpus_json(&node->cpus), err));
	TRY(put_number(item, "memory_mib", node->total_kib / 1024, err));
	TRY(put_number(item, "free_mib", node->free_kib / 1024, err));
	TRY(put_number(item, "pages_2M_free", node->pages[PAGES_2M].free, err));
	return put_number(item, "pages_1G_free", node->pages[PAGES_1G].free, err);
}

static enum cella_status put_machine(const struct resource_report *report, json_t *root,
				     struct cella_error *err)
{
	const struct topology *const machine = report->machine;
	json_t *const object = json_object();
	json_t *const cpus = json_array();
	json_t *const nodes = json_array();

	TRY(json_put(root, "machine", object, err));
	TRY(put_number(object, "memory_mib", machine->total_kib / 1024, err));
	TRY(put_number(object, "available_mib", machine->available_kib / 1024, err));
	TRY(json_put(object, "online", cpus_json(&machine->online), err));
	TRY(json_put(object, "allowed", cpus_json(&machine->allowed), err));
	TRY(json_put(object, "cpus", cpus, err));
	for (unsigned cpu = cpus_next(&machine->online, 0); cpu < CPUS_MAX;
	     cpu = cpus_next(&machine->online, cpu + 1))
		TRY(put_cpu(report, cpu, cpus, err));
	TRY(json_put(object, "nodes", nodes, err));
	for (size_t i = 0; i < machine->num_nodes; i++)
		TRY(put_node(&machine->nodes[i], nodes, err));
	return CELLA_OK;
}

static enum cella_status put_takings(const struct takings *takings, json_t *root,
				     struct cella_error *err)
{
	json_t *const array = json_array();

	TRY(json_put(root, "running", array, err));
	for (size_t i = 0; i < takings->num_items; i++) {
		const struct resource_taking *const taking = &takings->items[i];
		json_t *const item = json_object();

		TRY(json_add(array, item, err));
		TRY(put_text(item, "name", taking->name, err));
		TRY(json_put(item, "cpus", cpus_json(&taking->cpus), err));
		TRY(put_number(item, "memory_mib", taking->memory_mib, err));
	}
	return CELLA_OK;
}

/* --- the plan ------------------------------------------------------------------------ */

static enum cella_status put_request(const struct resource_request *request, json_t *root,
				     struct cella_error *err)
{
	TRY(put_text(root, "cores", resource_cores_name(request->cores), err));
	TRY(put_number(root, "vcpus", request->vcpus, err));
	TRY(put_number(root, "memory_mib", request->memory_mib, err));
	TRY(put_text(root, "hugepages", page_size_name(request->pages), err));
	TRY(json_put(root, "mem_lock", json_boolean(request->lock), err));
	return put_number(root, "keep_memory_mib", request->keep_mib, err);
}

static enum cella_status put_vcpus(const struct resource_plan *plan, json_t *root,
				   struct cella_error *err)
{
	json_t *const array = json_array();

	TRY(json_put(root, "vcpu_cpus", array, err));
	for (unsigned i = 0; i < plan->num_vcpus; i++)
		TRY(json_add(array, json_integer(plan->vcpu_cpus[i]), err));
	return CELLA_OK;
}

static enum cella_status put_notes(const struct resource_plan *plan, json_t *root,
				   struct cella_error *err)
{
	json_t *const array = json_array();

	TRY(json_put(root, "notes", array, err));
	for (size_t i = 0; i < plan->num_notes; i++)
		TRY(json_add(array, json_string(plan->notes[i]), err));
	return CELLA_OK;
}

enum cella_status resource_plan_json(const struct resource_request *request,
				     const struct resource_plan *plan, json_t *root,
				     struct cella_error *err)
{
	TRY(put_request(request, root, err));
	TRY(json_put(root, "taken", cpus_json(&plan->taken), err));
	TRY(json_put(root, "kept", cpus_json(&plan->kept), err));
	TRY(json_put(root, "guest", cpus_json(&plan->guest), err));
	TRY(json_put(root, "rest", cpus_json(&plan->rest), err));
	if (plan->is_pinned)
		TRY(put_vcpus(plan, root, err));
	TRY(put_number(root, "beside_mib", plan->beside_mib, err));
	TRY(put_number(root, "huge_pages", plan->num_pages, err));
	return put_notes(plan, root, err);
}

static enum cella_status put_refusals(const struct resource_plan *plan, json_t *root,
				      struct cella_error *err)
{
	json_t *const array = json_array();

	TRY(json_put(root, "refusals", array, err));
	for (size_t i = 0; i < plan->num_refusals; i++) {
		const struct resource_refusal *const refusal = &plan->refusals[i];
		json_t *const item = json_object();

		TRY(json_add(array, item, err));
		TRY(put_text(item, "rule", resource_rule_id(refusal->rule), err));
		TRY(put_text(item, "text", resource_rule_text(refusal->rule), err));
		TRY(put_text(item, "need", refusal->need, err));
		TRY(put_text(item, "have", refusal->have, err));
		TRY(put_text(item, "remedy", refusal->remedy, err));
	}
	return CELLA_OK;
}

static enum cella_status put_steps(const struct resource_steps *steps, json_t *root,
				   struct cella_error *err)
{
	json_t *const object = json_object();
	json_t *const array = json_array();

	TRY(json_put(root, "control_group", object, err));
	if (steps->num_items == 0)
		TRY(put_text(object, "why_not", steps->why_not, err));
	TRY(json_put(object, "steps", array, err));
	for (size_t i = 0; i < steps->num_items; i++) {
		const struct resource_step *const step = &steps->items[i];
		json_t *const item = json_object();

		TRY(json_add(array, item, err));
		TRY(put_text(item, step->kind == STEP_FOLDER ? "mkdir" : "write",
			     step->path, err));
		if (step->kind == STEP_WRITE)
			TRY(put_text(item, "text", step->text, err));
	}
	return CELLA_OK;
}

static enum cella_status put_argv(const struct argv *argv, json_t *root,
				  struct cella_error *err)
{
	json_t *const array = json_array();

	TRY(json_put(root, "command", array, err));
	for (size_t i = 0; i < argv->num_items; i++)
		TRY(json_add(array, json_string(argv->items[i]), err));
	return CELLA_OK;
}

static enum cella_status fill(const struct resource_report *report, json_t *root,
			      struct cella_error *err)
{
	json_t *const plan = json_object();

	TRY(put_text(root, "format", "cella-enclave-plan-1", err));
	TRY(put_text(root, "name", report->name, err));
	TRY(json_put(root, "possible", json_boolean(report->plan->num_refusals == 0),
		     err));
	TRY(put_refusals(report->plan, root, err));
	TRY(json_put(root, "plan", plan, err));
	TRY(resource_plan_json(report->request, report->plan, plan, err));
	TRY(put_steps(report->steps, root, err));
	TRY(put_text(root, "config", report->config, err));
	TRY(put_text(root, "pcr13", report->pcr13, err));
	TRY(put_text(root, "backend", report->backend, err));
	TRY(put_text(root, "backend_reason", report->backend_reason, err));
	if (report->argv != NULL)
		TRY(put_argv(report->argv, root, err));
	TRY(put_takings(report->takings, root, err));
	return put_machine(report, root, err);
}

enum cella_status resource_report_json(const struct resource_report *report, json_t **out,
				       struct cella_error *err)
{
	json_t *root CLEANUP_JSON = json_object();

	TRY(fill(report, root, err));
	*out = take(&root);
	return CELLA_OK;
}
