/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a plan to what is written into the tree of control groups: two groups below that of
 * the supervisor, one for itself and one for the Enclave VM's processes. The same list is
 * shown, and carried out.
 */
#ifndef VM_RESOURCE_STEPS_H
#define VM_RESOURCE_STEPS_H

#include "vm/resources.h"

enum {
	RESOURCE_MAX_STEPS = 16,
	RESOURCE_PATH_MAX = TOPOLOGY_PATH_MAX + 64,
	RESOURCE_MORE_TASKS = 128, /* threads of an Enclave VM besides its vCPUs' */
	RESOURCE_MAX_WEIGHT = 10000,
	RESOURCE_WEIGHT = 100, /* of one vCPU: that of a group with nothing said */
};

enum resource_step_kind { STEP_FOLDER, STEP_WRITE };

struct resource_step {
	enum resource_step_kind kind;
	char path[RESOURCE_PATH_MAX];
	char text[CPUS_TEXT_MAX];
	/* What takes it back: of a folder, its removal; else this write, if there is one. */
	char undo_path[RESOURCE_PATH_MAX];
	char undo_text[TOPOLOGY_TEXT_MAX];
};

/* struct resource_steps - large. Without any, why_not says why. */
struct resource_steps {
	struct resource_step items[RESOURCE_MAX_STEPS];
	size_t num_items;
	char procs[RESOURCE_PATH_MAX];  /* which processes of the Enclave VM enter by */
	char folder[TOPOLOGY_PATH_MAX]; /* below which all of it happens */
	char why_not[TOPOLOGY_TEXT_MAX];
};

void resource_steps_make(const struct topology *machine, const struct resource_plan *plan,
			 const char *name, struct resource_steps *out);

/* resource_step_text() appends a step as a shell would do it in the folder. */
void resource_step_text(const struct resource_steps *steps,
			const struct resource_step *step, struct out *out);

/*
 * resource_steps_do() carries them out below root, "" for this machine. Those that were done
 * are taken back when one fails: CELLA_IO.
 */
enum cella_status resource_steps_do(const char *root, const struct resource_steps *steps,
				    struct cella_error *err) MUST_CHECK;

/* resource_steps_undo() takes the first num_done back, as far as that goes. */
void resource_steps_undo(const char *root, const struct resource_steps *steps,
			 size_t num_done);

#endif
