/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking what the rules allow. Refusals come before any process; what follows is taken as far
 * as this process may, and what it may not do is told and no reason to fail: a guest that is
 * not pinned runs as well. The threads of vCPUs are found by the names that QEMU gives them:
 * nothing is asked of QEMU for it.
 */
#include "vm/evm.h"

#include "base/json.h"
#include "base/number.h"
#include "guest/io.h"
#include "vm/resource_report.h"
#include "vm/takings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TASK_PATH_MAX = 64, COMM_MAX = 32, MAX_TASKS = 4096 };

_Static_assert(CPUS_MAX == CPU_SETSIZE, "a set of processors is one of the kernel's");
_Static_assert((int)RESOURCES_MAX_VCPUS == (int)EVM_MAX_VCPUS, "a processor a vCPU");

static const char *const effect_names[] = {
	[EVM_EFFECT_GROUP] = "control_group",
	[EVM_EFFECT_REST] = "processes_pinned",
	[EVM_EFFECT_VCPUS] = "vcpus_pinned",
};
_Static_assert(ARRAY_LEN(effect_names) == EVM_NUM_EFFECTS, "a name an effect");

static void fail_effect(struct evm *evm, enum evm_effect effect, const char *why)
{
	evm->resources.effects[effect] = EFFECT_FAILED;
	snprintf(evm->resources.why_not[effect], TOPOLOGY_TEXT_MAX, "%.*s",
		 TOPOLOGY_TEXT_MAX - 1, why);
}

/* --- planning ------------------------------------------------------------------------ */

/* What any machine can give: sharing, with nothing special about it. */
static bool asks_for_nothing(const struct resource_request *request)
{
	return request->cores == CORES_SHARED && !request->pin && !request->lock &&
	       request->pages == PAGES_ORDINARY;
}

/* A machine that tells nothing of itself still runs what asks for nothing. */
static enum cella_status read_machine(struct evm *evm, struct topology *out,
				      bool *is_known, struct cella_error *err)
{
	struct cella_error failure = { 0 };

	*is_known = topology_read(NULL, out, &failure) == CELLA_OK;
	if (*is_known)
		return CELLA_OK;
	if (asks_for_nothing(&evm->options.resources)) {
		snprintf(evm->resources.why_none, sizeof evm->resources.why_none, "%.*s",
			 RESOURCES_TEXT_MAX - 1, failure.text);
		return CELLA_OK;
	}
	return error_set(err, failure.status, "what this machine has: %.160s",
			 failure.text);
}

static void tell_qemu(const struct topology *machine, struct evm *evm)
{
	const struct resource_request *const request = &evm->options.resources;
	const struct resource_plan *const plan = &evm->resources.plan;

	evm->options.memory = (struct qemu_memory){
		.page_mib = page_size_mib(request->pages),
		.has_node = plan->node >= 0,
		.node = plan->node >= 0 ? machine->nodes[plan->node].id : 0,
		.lock = request->lock,
	};
}

static enum cella_status plan(struct evm *evm, const struct topology *machine,
			      struct cella_error *err)
{
	struct evm_resources *const out = &evm->resources;
	struct takings *takings CLEANUP_FREE = calloc(1, sizeof *takings);
	int lock CLEANUP_CLOSE = -1;

	if (takings == NULL)
		return error_nomem(err);
	TRY(takings_lock(evm->options.base, &lock, err));
	TRY(takings_read(evm->options.base, evm->options.name, takings, err));
	resources_plan(machine, &evm->options.resources, takings->items,
		       takings->num_items, &out->plan);
	TRY(resources_status(&out->plan, err));
	resource_steps_make(machine, &out->plan, evm->options.name, &out->steps);
	TRY(takings_write(&evm->dir, &out->plan, err));
	tell_qemu(machine, evm);
	out->has_plan = true;
	return CELLA_OK;
}

/* --- taking -------------------------------------------------------------------------- */

static void enter_group(struct evm *evm)
{
	struct evm_resources *const resources = &evm->resources;
	struct cella_error err = { 0 };

	if (resources->steps.num_items == 0) {
		fail_effect(evm, EVM_EFFECT_GROUP, resources->steps.why_not);
		return;
	}
	resources->has_group = resource_steps_do("", &resources->steps, &err) == CELLA_OK;
	if (resources->has_group)
		resources->effects[EVM_EFFECT_GROUP] = EFFECT_APPLIED;
	else
		fail_effect(evm, EVM_EFFECT_GROUP, err.text);
}

static void fill_set(const struct cpus *cpus, cpu_set_t *out)
{
	CPU_ZERO(out);
	for (unsigned cpu = cpus_next(cpus, 0); cpu < CPUS_MAX;
	     cpu = cpus_next(cpus, cpu + 1))
		CPU_SET(cpu, out);
}

/* Who is started inherits it. */
static void leave_processors(struct evm *evm)
{
	struct evm_resources *const resources = &evm->resources;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof resources->before, &resources->before) != 0) {
		fail_effect(evm, EVM_EFFECT_REST, strerror(errno));
		return;
	}
	fill_set(&resources->plan.rest, &set);
	if (CPU_EQUAL(&set, &resources->before))
		return;
	if (sched_setaffinity(0, sizeof set, &set) == 0)
		resources->effects[EVM_EFFECT_REST] = EFFECT_APPLIED;
	else
		fail_effect(evm, EVM_EFFECT_REST, strerror(errno));
}

static enum cella_status take_all(struct evm *evm, struct cella_error *err)
{
	struct topology *machine CLEANUP_FREE = calloc(1, sizeof *machine);
	bool is_known = false;

	if (machine == NULL)
		return error_nomem(err);
	TRY(read_machine(evm, machine, &is_known, err));
	if (!is_known)
		return CELLA_OK;
	TRY(plan(evm, machine, err));
	enter_group(evm);
	leave_processors(evm);
	if (evm->resources.plan.is_pinned)
		evm->resources.effects[EVM_EFFECT_VCPUS] = EFFECT_PENDING;
	return CELLA_OK;
}

/* Whatever is wrong here is wrong with the host: the image's faults have statuses of their own. */
enum cella_status evm_resources_take(struct evm *evm, struct cella_error *err)
{
	struct cella_error failure = { 0 };
	enum cella_status status = take_all(evm, &failure);

	if (status == CELLA_OK)
		return CELLA_OK;
	if (status != CELLA_NOMEM && status != CELLA_MISSING)
		status = CELLA_IO;
	return error_set(err, status, "resources: %.220s", failure.text);
}

void evm_resources_return(struct evm *evm)
{
	struct evm_resources *const resources = &evm->resources;

	if (resources->effects[EVM_EFFECT_REST] == EFFECT_APPLIED &&
	    sched_setaffinity(0, sizeof resources->before, &resources->before) != 0)
		fail_effect(evm, EVM_EFFECT_REST, strerror(errno));
	if (resources->has_group)
		resource_steps_undo("", &resources->steps, resources->steps.num_items);
	resources->has_group = false;
}

/* --- threads ------------------------------------------------------------------------- */

/* "CPU 3/TCG", "CPU 0/KVM" */
static bool is_vcpu(char comm[COMM_MAX], unsigned *number)
{
	static const char start[] = "CPU ";
	char *const slash = strchr(comm, '/');
	uint64_t value = 0;

	if (slash == NULL || strncmp(comm, start, sizeof start - 1) != 0)
		return false;
	*slash = '\0';
	if (number_read(comm + sizeof start - 1, EVM_MAX_VCPUS - 1, &value, "vCPU",
			NULL) != CELLA_OK)
		return false;
	*number = (unsigned)value;
	return true;
}

static bool read_comm(int folder, const char *task, char comm[COMM_MAX])
{
	char path[TASK_PATH_MAX];
	int fd CLEANUP_CLOSE = -1;
	ssize_t got;

	if (snprintf(path, sizeof path, "%.20s/comm", task) >= TASK_PATH_MAX)
		return false;
	fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
	got = fd >= 0 ? read(fd, comm, COMM_MAX - 1) : -1;
	if (got <= 0)
		return false;
	comm[got] = '\0';
	comm[strcspn(comm, "\n")] = '\0';
	return true;
}

/* True for a vCPU's thread that is now where it belongs. */
static bool pin_task(struct evm *evm, int folder, const char *task)
{
	const struct resource_plan *const plan = &evm->resources.plan;
	char comm[COMM_MAX];
	unsigned vcpu = 0;
	uint64_t id = 0;
	cpu_set_t set;

	if (number_read(task, INT32_MAX, &id, "task", NULL) != CELLA_OK ||
	    !read_comm(folder, task, comm) || !is_vcpu(comm, &vcpu) ||
	    vcpu >= plan->num_vcpus)
		return false;
	CPU_ZERO(&set);
	CPU_SET(plan->vcpu_cpus[vcpu], &set);
	return sched_setaffinity((pid_t)id, sizeof set, &set) == 0;
}

static void close_folder(DIR **folder)
{
	if (*folder != NULL)
		closedir(*folder);
}

static unsigned pin_tasks(struct evm *evm)
{
	char path[TASK_PATH_MAX];
	DIR *folder CLEANUP(close_folder) = NULL;
	const struct dirent *entry;
	unsigned num_tasks = 0;
	unsigned num = 0;

	snprintf(path, sizeof path, "/proc/%d/task", (int)evm->children[EVM_QEMU].pid);
	folder = opendir(path);
	if (folder == NULL)
		return 0;
	while ((entry = readdir(folder)) != NULL && num_tasks++ < MAX_TASKS)
		num += pin_task(evm, dirfd(folder), entry->d_name) ? 1 : 0;
	return num;
}

/* Once QEMU has greeted, its threads are there; once the guest speaks, they must be. */
void evm_resources_pin(struct evm *evm)
{
	enum effect_state *const effect = &evm->resources.effects[EVM_EFFECT_VCPUS];
	char why[TOPOLOGY_TEXT_MAX];
	unsigned num;

	if (*effect != EFFECT_PENDING)
		return;
	num = pin_tasks(evm);
	if (num == evm->resources.plan.num_vcpus) {
		*effect = EFFECT_APPLIED;
	} else if (evm->has_greeted) {
		snprintf(why, sizeof why, "%u of %u threads of vCPUs could be pinned",
			 num, evm->resources.plan.num_vcpus);
		fail_effect(evm, EVM_EFFECT_VCPUS, why);
	}
}

/* --- telling ------------------------------------------------------------------------- */

static enum cella_status put_effects(const struct evm_resources *resources, json_t *root,
				     struct cella_error *err)
{
	json_t *const applied = json_array();
	json_t *const failed = json_object();
	enum cella_status status = json_put(root, "applied", applied, err);

	if (status != CELLA_OK) {
		json_decref(failed);
		return status;
	}
	TRY(json_put(root, "not_applied", failed, err));
	for (int i = 0; i < EVM_NUM_EFFECTS; i++) {
		if (resources->effects[i] == EFFECT_APPLIED)
			TRY(json_add(applied, json_string(effect_names[i]), err));
		if (resources->effects[i] == EFFECT_FAILED)
			TRY(json_put(failed, effect_names[i],
				     json_string(resources->why_not[i]), err));
	}
	return CELLA_OK;
}

enum cella_status evm_resources_put(const struct evm *evm, json_t *root,
				    struct cella_error *err)
{
	const struct evm_resources *const resources = &evm->resources;
	json_t *object;

	if (!resources->has_plan && resources->why_none[0] == '\0')
		return CELLA_OK;
	object = json_object();
	TRY(json_put(root, "resources", object, err));
	if (!resources->has_plan)
		return json_put(object, "not_checked", json_string(resources->why_none),
				err);
	TRY(resource_plan_json(&evm->options.resources, &resources->plan, object, err));
	return put_effects(resources, object, err);
}
