/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A group that distributes memory must have no processes of its own: the supervisor moves
 * into a group beside that of its Enclave VM before controllers are handed down, and back
 * when they are taken away.
 */
#include "vm/resource_steps.h"

#include "guest/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROOT_PATH_MAX = 512 };

#define MIB (UINT64_C(1) << 20)

/* --- making them --------------------------------------------------------------------- */

static struct resource_step *add(struct resource_steps *out, enum resource_step_kind kind)
{
	struct resource_step *const step = &out->items[out->num_items++];

	*step = (struct resource_step){ .kind = kind };
	return step;
}

static void add_folder(struct resource_steps *out, const char *path)
{
	struct resource_step *const step = add(out, STEP_FOLDER);

	snprintf(step->path, sizeof step->path, "%s", path);
}

static struct resource_step *add_write(struct resource_steps *out, const char *folder,
				       const char *file, const char *format, ...)
	PRINTF(4, 5);

static struct resource_step *add_write(struct resource_steps *out, const char *folder,
				       const char *file, const char *format, ...)
{
	struct resource_step *const step = add(out, STEP_WRITE);
	va_list args;

	snprintf(step->path, sizeof step->path, "%.*s/%s", TOPOLOGY_PATH_MAX + 40, folder,
		 file);
	va_start(args, format);
	vsnprintf(step->text, sizeof step->text, format, args);
	va_end(args);
	return step;
}

/* "+cpuset +memory": those that the group has been given. */
static void write_controllers(const struct topology_cgroup *group, char sign, char *text,
			      size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (int i = 0; i < NUM_CONTROLLERS && len < size; i++)
		if (group->has[i])
			len += (size_t)snprintf(
				text + len, size - len, "%s%c%s", len > 0 ? " " : "",
				sign,
				topology_controller_name((enum topology_controller)i));
}

static void add_division(const struct topology_cgroup *group, const char *supervisor,
			 struct resource_steps *out)
{
	char text[TOPOLOGY_TEXT_MAX];
	struct resource_step *step;

	add_folder(out, supervisor);
	step = add_write(out, supervisor, "cgroup.procs", "0");
	snprintf(step->undo_path, sizeof step->undo_path, "%s/cgroup.procs", group->path);
	snprintf(step->undo_text, sizeof step->undo_text, "0");
	write_controllers(group, '+', text, sizeof text);
	step = add_write(out, group->path, "cgroup.subtree_control", "%s", text);
	snprintf(step->undo_path, sizeof step->undo_path, "%s", step->path);
	write_controllers(group, '-', step->undo_text, sizeof step->undo_text);
}

static void add_limits(const struct topology *machine, const struct resource_plan *plan,
		       const char *folder, struct resource_steps *out)
{
	const bool *const has = machine->cgroup.has;
	const struct cpus cpus = cpus_either(&plan->guest, &plan->rest);
	const uint64_t most = plan->most_mib * MIB;
	const unsigned weight = plan->num_vcpus * RESOURCE_WEIGHT;
	char list[CPUS_TEXT_MAX];

	if (has[CONTROLLER_CPUSET])
		add_write(out, folder, "cpuset.cpus", "%s",
			  cpus_text(&cpus, list, sizeof list));
	if (has[CONTROLLER_CPUSET] && plan->node >= 0)
		add_write(out, folder, "cpuset.mems", "%u",
			  machine->nodes[plan->node].id);
	if (has[CONTROLLER_CPU])
		add_write(out, folder, "cpu.weight", "%u",
			  weight < RESOURCE_MAX_WEIGHT ? weight : RESOURCE_MAX_WEIGHT);
	if (has[CONTROLLER_MEMORY]) {
		add_write(out, folder, "memory.max", "%llu", (unsigned long long)most);
		/* What a guest holds is not to be found on a disk. */
		add_write(out, folder, "memory.swap.max", "0");
	}
	if (has[CONTROLLER_PIDS])
		add_write(out, folder, "pids.max", "%u",
			  RESOURCE_MORE_TASKS + plan->num_vcpus);
}

static const char *why_none(const struct topology_cgroup *group)
{
	for (int i = 0; i < NUM_CONTROLLERS && group->is_ours; i++)
		if (group->has[i])
			return NULL;
	return group->is_ours ? "it has been given no controllers" : group->why_not;
}

void resource_steps_make(const struct topology *machine, const struct resource_plan *plan,
			 const char *name, struct resource_steps *out)
{
	const struct topology_cgroup *const group = &machine->cgroup;
	const char *const why = plan->num_refusals > 0 ? "nothing is to be started"
						       : why_none(group);
	char supervisor[RESOURCE_PATH_MAX];
	char enclave[RESOURCE_PATH_MAX];

	*out = (struct resource_steps){ .num_items = 0 };
	if (why != NULL) {
		snprintf(out->why_not, sizeof out->why_not, "%s", why);
		return;
	}
	snprintf(out->folder, sizeof out->folder, "%s", group->path);
	snprintf(supervisor, sizeof supervisor, "%s/cella-%.*s.supervisor", group->path,
		 RUN_NAME_MAX, name);
	snprintf(enclave, sizeof enclave, "%s/cella-%.*s.enclave", group->path,
		 RUN_NAME_MAX, name);
	add_division(group, supervisor, out);
	add_folder(out, enclave);
	add_limits(machine, plan, enclave, out);
	snprintf(out->procs, sizeof out->procs, "%.*s/cgroup.procs",
		 TOPOLOGY_PATH_MAX + 40, enclave);
}

void resource_step_text(const struct resource_steps *steps,
			const struct resource_step *step, struct out *out)
{
	const char *const path = step->path + strlen(steps->folder) + 1;

	if (step->kind == STEP_FOLDER)
		out_format(out, "mkdir %s\n", path);
	else
		out_format(out, "echo %s >%s\n", step->text, path);
}

/* --- carrying them out --------------------------------------------------------------- */

/* Only a tree of files lets files be made; control groups have theirs. */
static enum cella_status write_file(const char *root, const char *path, const char *text,
				    struct cella_error *err)
{
	char whole[ROOT_PATH_MAX];
	const int flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW |
			  (root[0] != '\0' ? O_CREAT | O_TRUNC : 0);
	int fd CLEANUP_CLOSE = -1;

	if (snprintf(whole, sizeof whole, "%s%s", root, path) >= ROOT_PATH_MAX)
		return error_set(err, CELLA_LIMIT, "%.100s: too long a path", path);
	fd = open(whole, flags, 0600);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return error_errno(err, errno, "%s", path);
	return CELLA_OK;
}

static enum cella_status make_folder(const char *root, const char *path,
				     struct cella_error *err)
{
	char whole[ROOT_PATH_MAX];

	if (snprintf(whole, sizeof whole, "%s%s", root, path) >= ROOT_PATH_MAX)
		return error_set(err, CELLA_LIMIT, "%.100s: too long a path", path);
	/* One that a supervisor which was killed has left behind will do. */
	if (mkdir(whole, 0755) != 0 && errno != EEXIST)
		return error_errno(err, errno, "%s", path);
	return CELLA_OK;
}

static enum cella_status do_step(const char *root, const struct resource_step *step,
				 struct cella_error *err)
{
	if (step->kind == STEP_FOLDER)
		return make_folder(root, step->path, err);
	return write_file(root, step->path, step->text, err);
}

/* What cannot be taken back is left: it holds nothing. */
static void undo_step(const char *root, const struct resource_step *step)
{
	char whole[ROOT_PATH_MAX];

	if (step->kind == STEP_FOLDER &&
	    snprintf(whole, sizeof whole, "%s%s", root, step->path) < ROOT_PATH_MAX)
		rmdir(whole);
	if (step->undo_path[0] != '\0' &&
	    write_file(root, step->undo_path, step->undo_text, NULL) != CELLA_OK)
		return;
}

void resource_steps_undo(const char *root, const struct resource_steps *steps,
			 size_t num_done)
{
	while (num_done > 0)
		undo_step(root, &steps->items[--num_done]);
}

enum cella_status resource_steps_do(const char *root, const struct resource_steps *steps,
				    struct cella_error *err)
{
	for (size_t i = 0; i < steps->num_items; i++) {
		const enum cella_status status = do_step(root, &steps->items[i], err);

		if (status == CELLA_OK)
			continue;
		resource_steps_undo(root, steps, i);
		return status;
	}
	return CELLA_OK;
}
