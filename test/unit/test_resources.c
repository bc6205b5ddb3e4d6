/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an Enclave VM may take: machines of many kinds, each told as its kernel would, and
 * the rules upon machines that chance has made.
 */
#include "support.h"

#include "base/json.h"
#include "golden.h"
#include "machine_maker.h"
#include "vm/resource_needs.h"
#include "vm/resource_report.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_RULES = 6, MAX_MACHINES = 20, RANDOM_MACHINES = 3000 };

/* --- machines ------------------------------------------------------------------------ */

/* Threads of a core are half of the machine apart, as most kernels number them. */
static const struct made_machine smt8 = {
	.online = "0-7",
	.cores = { { "0,4", 0, 0, 0 },
		   { "1,5", 1, 0, 0 },
		   { "2,6", 2, 0, 0 },
		   { "3,7", 3, 0, 0 } },
	.num_nodes = 1,
	.node_mib = 16384,
	.group = "/system.slice/cella-enclave.service",
	.controllers = "cpuset cpu io memory pids",
	.memory_max = "max",
	.cpu_max = "max 100000",
};

static const struct made_machine one_thread = {
	.online = "0-3",
	.cores = { { "0", 0, 0, 0 },
		   { "1", 1, 0, 0 },
		   { "2", 2, 0, 0 },
		   { "3", 3, 0, 0 } },
	.num_nodes = 1,
	.node_mib = 8192,
};

static const struct made_machine two_sockets = {
	.online = "0-15",
	.cores = { { "0,8", 0, 0, 0 },
		   { "1,9", 1, 0, 0 },
		   { "2,10", 2, 0, 0 },
		   { "3,11", 3, 0, 0 },
		   { "4,12", 0, 1, 1 },
		   { "5,13", 1, 1, 1 },
		   { "6,14", 2, 1, 1 },
		   { "7,15", 3, 1, 1 } },
	.num_nodes = 2,
	.node_mib = 32768,
	.pages_2m = { 16, 1024 },
	.pages_1g = { 0, 4 },
	.group = "/enclaves",
	.controllers = "cpuset memory",
};

/* Processor 3 is offline: its sibling says that it is alone. */
static const struct made_machine offline = {
	.online = "0-2,4-7",
	.cores = { { "0,4", 0, 0, 0 },
		   { "1,5", 1, 0, 0 },
		   { "2,6", 2, 0, 0 },
		   { "7", 3, 0, 0 } },
	.num_nodes = 1,
	.node_mib = 8192,
};

static const struct made_machine odd_numbers = {
	.online = "0-1,4-5,10-11",
	.cores = { { "0-1", 0, 0, 0 }, { "4-5", 2, 0, 0 }, { "10-11", 9, 0, 0 } },
	.num_nodes = 1,
	.node_mib = 8192,
};

static const struct made_machine one_core = {
	.online = "0-1",
	.cores = { { "0-1", 0, 0, 0 } },
	.num_nodes = 1,
	.node_mib = 2048,
};

static const struct made_machine one_cpu = {
	.online = "0",
	.cores = { { "0", 0, 0, 0 } },
	.node_mib = 2048,
};

/* A part of a large machine: half a core is not in it. */
static const struct made_machine container = {
	.online = "0-15",
	.allowed = "3-7,11-15",
	.cores = { { "0,8", 0, 0, 0 },
		   { "1,9", 1, 0, 0 },
		   { "2,10", 2, 0, 0 },
		   { "3,11", 3, 0, 0 },
		   { "4,12", 4, 0, 0 },
		   { "5,13", 5, 0, 0 },
		   { "6,14", 6, 0, 0 },
		   { "7,15", 7, 0, 0 } },
	.num_nodes = 1,
	.node_mib = 65536,
	.group = "/docker/0123",
	.controllers = "cpuset cpu memory pids",
	.memory_max = "1073741824",
	.memory_current = "268435456",
	.cpu_max = "150000 100000",
};

static const struct made_machine no_controllers = {
	.online = "0-7",
	.cores = { { "0-1", 0, 0, 0 },
		   { "2-3", 1, 0, 0 },
		   { "4-5", 2, 0, 0 },
		   { "6-7", 3, 0, 0 } },
	.num_nodes = 1,
	.node_mib = 8192,
	.group = "/user.slice/user-1000.slice/session-1.scope",
	.controllers = "",
	.lock_limit = "8388608",
};

/* Each node has two cores: six processors are in none. */
static const struct made_machine small_nodes = {
	.online = "0-15",
	.cores = { { "0-1", 0, 0, 0 },
		   { "2-3", 1, 0, 0 },
		   { "4-5", 2, 0, 1 },
		   { "6-7", 3, 0, 1 },
		   { "8-9", 0, 1, 2 },
		   { "10-11", 1, 1, 2 },
		   { "12-13", 2, 1, 3 },
		   { "14-15", 3, 1, 3 } },
	.num_nodes = 4,
	.node_mib = 4096,
	.free_mib = 2048,
};

/* Of the family that the Enclave document names: 4 vCPUs, 16 GiB. */
static const struct made_machine instance = {
	.online = "0-3",
	.cores = { { "0-1", 0, 0, 0 }, { "2-3", 1, 0, 0 } },
	.num_nodes = 1,
	.node_mib = 15360,
	.group = "/system.slice/cella-enclave.service",
	.controllers = "cpuset cpu memory pids",
};

/* In a sandbox that shows no topology. */
static const struct made_machine flat = {
	.online = "0-7",
	.node_mib = 8192,
};

/* Two packages of four nodes, 64 cores; threads are 64 apart. */
static char server_threads[64][8];

static struct made_machine server(void)
{
	struct made_machine machine = {
		.online = "0-127",
		.num_nodes = 4,
		.node_mib = 65536,
		.pages_1g = { 8, 8, 8, 8 },
	};

	for (unsigned i = 0; i < 64; i++) {
		snprintf(server_threads[i], sizeof server_threads[i], "%u,%u", i, i + 64);
		machine.cores[i] = (struct made_core){ server_threads[i], (int)(i % 32),
						       (int)(i / 32), i / 16 };
	}
	return machine;
}

/* --- what is asked of them ----------------------------------------------------------- */

struct row {
	const char *name; /* of the golden file */
	const struct made_machine *machine;
	const char *cores;
	unsigned vcpus;
	unsigned memory_mib;
	enum page_size pages;
	bool lock;
	bool pin;
	const char *others; /* taken by another one */
	unsigned others_mib;
	const char *kept;
	const char *taken;
	const char *rest;
	int node;
	enum resource_rule refused[MAX_RULES]; /* ends with NUM_RULES */
};

#define NOTHING \
	{ \
		NUM_RULES \
	}

static struct made_machine big;

static const struct row rows[] = {
	{ "smt-whole", &smt8, "whole", 2, 512, .kept = "0,4", .taken = "1,5",
	  .rest = "0,2-4,6-7", .node = -1, .refused = NOTHING },
	{ "smt-idle", &smt8, "whole", 3, 512, .kept = "0,4", .taken = "1-2,5-6",
	  .rest = "0,3-4,7", .node = -1, .refused = NOTHING },
	{ "smt-all", &smt8, "whole", 6, 512, .kept = "0,4", .taken = "1-3,5-7",
	  .rest = "0,4", .node = -1, .refused = NOTHING },
	{ "smt-more", &smt8, "whole", 7, 512, .kept = "0,4", .taken = "", .rest = NULL,
	  .node = -1, .refused = { RULE_CORES_ENOUGH, NUM_RULES } },
	{ "smt-listed", &smt8, "2-3,6-7", 0, 512, .kept = "0,4", .taken = "2-3,6-7",
	  .rest = "0-1,4-5", .node = -1, .refused = NOTHING },
	{ "smt-half", &smt8, "2-3,6", 0, 512, .kept = "0,4", .taken = "", .rest = NULL,
	  .node = -1, .refused = { RULE_CORES_WHOLE, NUM_RULES } },
	{ "smt-kept", &smt8, "0-1,4-5", 5, 512, .kept = "0,4", .taken = "", .rest = NULL,
	  .node = -1, .refused = { RULE_CORES_KEPT, RULE_CORES_ENOUGH, NUM_RULES } },
	{ "smt-offline", &smt8, "8-9", 0, 512, .kept = "0,4", .taken = "", .rest = NULL,
	  .node = -1, .refused = { RULE_CORES_ALLOWED, NUM_RULES } },
	{ "smt-beside", &smt8, "whole", 2, 512, .others = "1,5", .others_mib = 768,
	  .kept = "0,4", .taken = "2,6", .rest = "0,3-4,7", .node = -1,
	  .refused = NOTHING },
	{ "smt-sharer", &smt8, "whole", 2, 512, .others = "", .others_mib = 768,
	  .kept = "0,4", .taken = "1,5", .rest = "0,2-4,6-7", .node = -1,
	  .refused = NOTHING },
	{ "smt-others", &smt8, "1-2,5-6", 0, 512, .others = "1,5", .others_mib = 768,
	  .kept = "0,4", .taken = "", .rest = NULL, .node = -1,
	  .refused = { RULE_CORES_OTHERS, NUM_RULES } },
	{ "smt-shared", &smt8, "shared", 2, 512, .others = "1,5", .others_mib = 768,
	  .kept = "", .taken = "", .rest = "0,2-4,6-7", .node = -1, .refused = NOTHING },
	{ "smt-pinned", &smt8, "shared", 2, 512, .pin = true, .kept = "", .taken = "",
	  .rest = "0-7", .node = -1, .refused = NOTHING },
	{ "one-thread", &one_thread, "whole", 2, 512, .kept = "0", .taken = "1-2",
	  .rest = "0,3", .node = -1, .refused = NOTHING },
	{ "two-sockets", &two_sockets, "whole", 4, 1024, .pages = PAGES_2M, .kept = "0,8",
	  .taken = "4-5,12-13", .rest = "0-3,6-11,14-15", .node = 1, .refused = NOTHING },
	{ "two-sockets-1G", &two_sockets, "whole", 2, 6144, .pages = PAGES_1G,
	  .kept = "0,8", .taken = "1,9", .rest = "0,2-8,10-15", .node = 0,
	  .refused = { RULE_PAGES_FREE, NUM_RULES } },
	{ "two-sockets-far", &two_sockets, "1,9", 2, 512, .pages = PAGES_2M,
	  .kept = "0,8", .taken = "1,9", .rest = "0,2-8,10-15", .node = -1,
	  .refused = NOTHING },
	{ "offline", &offline, "whole", 3, 512, .kept = "0,4", .taken = "1-2,5-6",
	  .rest = "0,4,7", .node = -1, .refused = NOTHING },
	{ "odd-numbers", &odd_numbers, "whole", 4, 512, .kept = "0-1",
	  .taken = "4-5,10-11", .rest = "0-1", .node = -1, .refused = NOTHING },
	{ "one-core", &one_core, "whole", 2, 512, .kept = "0-1", .taken = "",
	  .rest = NULL, .node = -1,
	  .refused = { RULE_CORES_MACHINE, RULE_CORES_ENOUGH, NUM_RULES } },
	{ "one-core-shared", &one_core, "shared", 2, 512, .pin = true, .kept = "",
	  .taken = "", .rest = "0-1", .node = -1, .refused = NOTHING },
	{ "one-cpu", &one_cpu, "shared", 1, 128, .kept = "", .taken = "", .rest = "0",
	  .node = -1, .refused = NOTHING },
	{ "one-cpu-twice", &one_cpu, "shared", 2, 1400, .pin = true, .kept = "",
	  .taken = "", .rest = "0", .node = -1,
	  .refused = { RULE_MEMORY_KEPT, NUM_RULES } },
	{ "container", &container, "whole", 2, 256, .kept = "3,11", .taken = "4,12",
	  .rest = "3,5-7,11,13-15", .node = -1, .refused = NOTHING },
	{ "container-memory", &container, "2-3,10-11", 0, 600, .kept = "3,11",
	  .taken = "", .rest = NULL, .node = -1,
	  .refused = { RULE_CORES_KEPT, RULE_CORES_ALLOWED, RULE_MEMORY_GROUP,
		       NUM_RULES } },
	{ "no-controllers", &no_controllers, "whole", 2, 512, .lock = true, .kept = "0-1",
	  .taken = "2-3", .rest = "0-1,4-7", .node = -1,
	  .refused = { RULE_LOCK_LIMIT, NUM_RULES } },
	{ "pages-short", &no_controllers, "shared", 1, 129, .pages = PAGES_2M, .kept = "",
	  .taken = "", .rest = "0-7", .node = -1,
	  .refused = { RULE_PAGES_MULTIPLE, RULE_PAGES_FREE, NUM_RULES } },
	{ "small-nodes", &small_nodes, "whole", 4, 1024, .kept = "0-1", .taken = "4-7",
	  .rest = "0-3,8-15", .node = 1, .refused = NOTHING },
	{ "small-nodes-spread", &small_nodes, "whole", 6, 1024, .kept = "0-1",
	  .taken = "2-7", .rest = "0-1,8-15", .node = -1, .refused = NOTHING },
	{ "small-nodes-memory", &small_nodes, "whole", 2, 3000, .kept = "0-1",
	  .taken = "2-3", .rest = "0-1,4-15", .node = -1, .refused = NOTHING },
	{ "instance", &instance, "whole", 2, 8192, .kept = "0-1", .taken = "2-3",
	  .rest = "0-1", .node = -1, .refused = NOTHING },
	{ "instance-second", &instance, "whole", 2, 8192, .others = "2-3",
	  .others_mib = 8448, .kept = "0-1", .taken = "", .rest = NULL, .node = -1,
	  .refused = { RULE_CORES_ENOUGH, RULE_MEMORY_KEPT, NUM_RULES } },
	{ "flat", &flat, "whole", 2, 512, .kept = "0", .taken = "", .rest = NULL,
	  .node = -1, .refused = { RULE_CORES_KNOWN, NUM_RULES } },
	{ "flat-shared", &flat, "shared", 2, 8000, .kept = "", .taken = "", .rest = "0-7",
	  .node = -1, .refused = { RULE_MEMORY_KEPT, RULE_MEMORY_AVAILABLE, NUM_RULES } },
	{ "server", &big, "whole", 32, 8192, .pages = PAGES_1G, .kept = "0,64",
	  .taken = "16-31,80-95", .rest = "0-15,32-79,96-127", .node = 1,
	  .refused = NOTHING },
};

/* --- each of them -------------------------------------------------------------------- */

struct made {
	struct topology machine;
	struct resource_request request;
	struct takings takings;
	struct resource_plan plan;
	struct resource_steps steps;
};

/* A tree is many files: each machine's is made and read once. */
static struct {
	const struct made_machine *made;
	struct topology *machine;
} known[MAX_MACHINES];

static void read_machine(const struct made_machine *made, struct topology *out)
{
	struct cella_error err = { 0 };
	char root[MADE_PATH_MAX];
	size_t i = 0;

	while (i < MAX_MACHINES && known[i].made != NULL && known[i].made != made)
		i++;
	CHECK_TRUE(i < MAX_MACHINES);
	if (known[i].made == NULL) {
		known[i].machine = malloc(sizeof *known[i].machine);
		made_machine_write(made, root);
		CHECK_OK(topology_read(root, known[i].machine, &err));
		made_machine_remove(root);
		known[i].made = made;
	}
	*out = *known[i].machine;
}

static int forget_machines(void **state)
{
	(void)state;
	for (size_t i = 0; i < MAX_MACHINES; i++)
		free(known[i].machine);
	return 0;
}

static void plan_row(const struct row *row, struct made *out)
{
	struct cella_error err = { 0 };

	CASE(row->name);
	*out = (struct made){
		.request = { .vcpus = row->vcpus,
			     .memory_mib = row->memory_mib,
			     .image_mib = 16,
			     .least_mib = 100,
			     .keep_mib = RESOURCES_KEEP_MIB,
			     .pages = row->pages,
			     .lock = row->lock,
			     .pin = row->pin },
	};
	CHECK_OK(resource_cores_read(row->cores, &out->request, &err));
	resource_needs(NULL, &out->request);
	read_machine(row->machine, &out->machine);
	if (row->others != NULL) {
		struct resource_taking *const taking = &out->takings.items[0];

		out->takings.num_items = 1;
		snprintf(taking->name, sizeof taking->name, "other");
		taking->memory_mib = row->others_mib;
		CHECK_OK(cpus_read(bytes_from_text(row->others), "others", &taking->cpus,
				   &err));
	}
	resources_plan(&out->machine, &out->request, out->takings.items,
		       out->takings.num_items, &out->plan);
	resource_steps_make(&out->machine, &out->plan, "web", &out->steps);
}

static void check_cpus(const char *expected, const struct cpus *cpus)
{
	struct out text CLEANUP(out_done) = { 0 };

	if (expected == NULL)
		return;
	cpus_write(cpus, &text);
	out_u8(&text, '\0');
	CHECK_TEXT(expected, (const char *)text.data);
}

static void check_refusals(const struct row *row, const struct resource_plan *plan)
{
	size_t num = 0;

	while (row->refused[num] != NUM_RULES) {
		bool found = false;

		for (size_t i = 0; i < plan->num_refusals; i++)
			found = found || plan->refusals[i].rule == row->refused[num];
		if (!found)
			fail_msg("%s: not refused by %s", row->name,
				 resource_rule_id(row->refused[num]));
		num++;
	}
	for (size_t i = num; i < plan->num_refusals; i++)
		print_message("# %s: %s\n", row->name,
			      resource_rule_id(plan->refusals[i].rule));
	CHECK_INT(num, plan->num_refusals);
}

static void every_machine_gives_what_it_may(void **state)
{
	struct made *const made = malloc(sizeof *made);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		plan_row(&rows[i], made);
		check_refusals(&rows[i], &made->plan);
		check_cpus(rows[i].kept, &made->plan.kept);
		check_cpus(rows[i].taken, &made->plan.taken);
		check_cpus(rows[i].rest, &made->plan.rest);
		CHECK_INT(rows[i].node, made->plan.node);
	}
	free(made);
}

static void every_rule_refuses_something(void **state)
{
	struct made *const made = malloc(sizeof *made);
	bool seen[NUM_RULES] = { false };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		plan_row(&rows[i], made);
		for (size_t r = 0; r < made->plan.num_refusals; r++)
			seen[made->plan.refusals[r].rule] = true;
	}
	/* Those that no machine above has: see below. */
	seen[RULE_CPUS_LEFT] = seen[RULE_MEMORY_IMAGE] = seen[RULE_BACKEND] = true;
	for (int rule = 0; rule < NUM_RULES; rule++)
		if (!seen[rule])
			fail_msg("no row is refused by %s",
				 resource_rule_id((enum resource_rule)rule));
	free(made);
}

static void report_of(const char *name, const struct made *made, char **text, char **json)
{
	const struct resource_report report = {
		.name = "web",
		.machine = &made->machine,
		.request = &made->request,
		.takings = &made->takings,
		.plan = &made->plan,
		.steps = &made->steps,
		.config = "cella config 1\nvcpus 2\n",
		.pcr13 = "00112233",
		.backend = "tcg",
		.backend_reason = "",
	};
	struct out out CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	json_t *root CLEANUP_JSON = NULL;

	CASE(name);
	CHECK_OK(resource_report_text(&report, &out, &err));
	CHECK_OK(out_take_text(&out, text, &err));
	CHECK_OK(resource_report_json(&report, &root, &err));
	CHECK_OK(json_write(root, true, json, &err));
}

/* One file for all texts: they are to be read side by side. */
static void what_is_told_is_known(void **state)
{
	struct made *const made = malloc(sizeof *made);
	struct out all CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	char *texts CLEANUP_FREE = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text CLEANUP_FREE = NULL;
		char *json CLEANUP_FREE = NULL;

		plan_row(&rows[i], made);
		report_of(rows[i].name, made, &text, &json);
		out_format(&all, "=== %s ===\n%s\n", rows[i].name, text);
		if (strcmp(rows[i].name, "two-sockets") == 0 ||
		    strcmp(rows[i].name, "instance-second") == 0) {
			char name[64];

			snprintf(name, sizeof name, "enclave/%s.json", rows[i].name);
			golden_check(name, json);
		}
	}
	CHECK_OK(out_take_text(&all, &texts, &err));
	golden_check("enclave/plans.txt", texts);
	free(made);
}

/* --- what no machine above has ------------------------------------------------------- */

static struct topology *made_topology(const struct made_machine *machine)
{
	struct topology *const topology = malloc(sizeof *topology);

	read_machine(machine, topology);
	return topology;
}

static void others_may_have_taken_all(void **state)
{
	struct topology *machine CLEANUP_FREE = made_topology(&instance);
	const struct resource_request request = { .vcpus = 1, .memory_mib = 128 };
	struct resource_taking taking = { .name = "all", .cpus = machine->allowed };
	struct resource_plan plan;

	(void)state;
	resources_plan(machine, &request, &taking, 1, &plan);
	CHECK_INT(1, plan.num_refusals);
	CHECK_INT(RULE_CPUS_LEFT, plan.refusals[0].rule);
}

static void an_image_says_what_it_needs(void **state)
{
	struct topology *machine CLEANUP_FREE = made_topology(&instance);
	struct resource_request request = {
		.vcpus = 1, .memory_mib = 128, .least_mib = 131, .pages = PAGES_ORDINARY
	};
	struct resource_plan plan;
	struct cella_error err = { 0 };

	(void)state;
	resources_plan(machine, &request, NULL, 0, &plan);
	CHECK_INT(1, plan.num_refusals);
	CHECK_INT(RULE_MEMORY_IMAGE, plan.refusals[0].rule);
	CHECK_TEXT("--memory 131", plan.refusals[0].remedy);
	CHECK_STATUS(CELLA_MISSING, resources_status(&plan, &err));
	CHECK_TEXT("memory for the image to start: needs 131 MiB, has 128 MiB: "
		   "--memory 131",
		   err.text);
	/* Together with huge pages, what is proposed serves both. */
	request.pages = PAGES_2M;
	resources_plan(machine, &request, NULL, 0, &plan);
	CHECK_TEXT("--memory 132", plan.refusals[0].remedy);
	CHECK_STATUS(CELLA_MISSING, resources_status(&plan, &err));
	CHECK_TEXT_HAS(err.text, "and 1 more (cella enclave plan)");
	/* A remedy that is long is whole. */
	request = (struct resource_request){ .vcpus = 1, .memory_mib = 999999 };
	resources_plan(machine, &request, NULL, 0, &plan);
	CHECK_STATUS(CELLA_MISSING, resources_status(&plan, &err));
	CHECK_TEXT_HAS(err.text, "or keep less (--keep-memory); and ");
	CHECK_TEXT_HAS(err.text, " more (cella enclave plan)");
}

static void more_is_kept_where_that_is_asked_for(void **state)
{
	struct topology *machine CLEANUP_FREE = made_topology(&instance);
	struct resource_request request = { .vcpus = 1,
					    .memory_mib = 1024,
					    .keep_mib = 15360 - 1024 - 256 };
	struct resource_plan plan;

	(void)state;
	resources_plan(machine, &request, NULL, 0, &plan);
	CHECK_INT(0, plan.num_refusals);
	request.keep_mib++;
	resources_plan(machine, &request, NULL, 0, &plan);
	CHECK_INT(1, plan.num_refusals);
	CHECK_INT(RULE_MEMORY_KEPT, plan.refusals[0].rule);
	CHECK_TEXT_HAS(plan.refusals[0].remedy, "--memory 1023");
}

static void who_may_raise_limits_may_lock(void **state)
{
	static struct made_machine machine;
	struct topology *topology CLEANUP_FREE = NULL;
	const struct resource_request request = { .vcpus = 1,
						  .memory_mib = 128,
						  .lock = true };
	struct resource_plan plan;

	(void)state;
	machine = no_controllers;
	machine.capabilities = "0000000001000000";
	topology = made_topology(&machine);
	resources_plan(topology, &request, NULL, 0, &plan);
	CHECK_INT(0, plan.num_refusals);
}

static void requests_are_words(void **state)
{
	static const char *const bad[] = {
		"",   "all", "1,0",  "0,0",          "2-",
		"-2", " 1",  "1024", "1-9999999999", "whole,2"
	};
	struct resource_request request = { .vcpus = 0 };
	enum page_size pages = PAGES_ORDINARY;
	struct cella_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CASE(bad[i]);
		CHECK_STATUS(CELLA_USAGE, resource_cores_read(bad[i], &request, &err));
		CHECK_TEXT_HAS(err.text, "--cores");
		CHECK_STATUS(CELLA_USAGE, page_size_read(bad[i], &pages, &err));
	}
	CHECK_OK(page_size_read("1G", &pages, &err));
	CHECK_INT(PAGES_1G, pages);
}

/* --- chance -------------------------------------------------------------------------- */

static uint64_t dice = 20261122;

static unsigned roll(unsigned sides)
{
	dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(dice >> 33) % sides;
}

static void roll_machine(struct topology *out)
{
	const unsigned threads = 1 + roll(3);
	const unsigned num_cores = 1 + roll(12);
	const unsigned gap = roll(2);
	unsigned next = roll(3);

	*out = (struct topology){ .has_cores = true,
				  .num_nodes = 1 + roll(3),
				  .lock_limit = TOPOLOGY_UNLIMITED,
				  .total_kib = (1 + roll(8192)) * UINT64_C(1024) };
	out->available_kib = roll((unsigned)(out->total_kib));
	out->cgroup.memory_left_kib = roll(2) == 0 ? TOPOLOGY_UNLIMITED
						   : roll(4096) * UINT64_C(1024);
	for (unsigned i = 0; i < num_cores; i++) {
		struct topology_core *const core = &out->cores[out->num_cores++];

		core->node = (int)roll((unsigned)out->num_nodes);
		for (unsigned t = 0; t < threads; t++, next += 1 + gap * roll(2)) {
			cpus_add(&core->threads, next);
			cpus_add(&out->online, next);
			if (roll(8) != 0)
				cpus_add(&out->allowed, next);
			cpus_add(&out->nodes[core->node].cpus, next);
		}
	}
	if (cpus_count(&out->allowed) == 0)
		out->allowed = out->online;
	for (size_t i = 0; i < out->num_nodes; i++) {
		out->nodes[i].free_kib = roll(4096) * UINT64_C(1024);
		out->nodes[i].pages[PAGES_2M].free = roll(512);
		out->nodes[i].pages[PAGES_2M].total = out->nodes[i].pages[PAGES_2M].free +
						      roll(8);
	}
}

static void roll_request(const struct topology *machine, struct resource_request *out)
{
	*out = (struct resource_request){ .cores = (enum resource_cores)roll(3),
					  .vcpus = 1 + roll(8),
					  .memory_mib = 96 + roll(1024),
					  .image_mib = roll(64),
					  .least_mib = roll(256),
					  .keep_mib = roll(1024),
					  .pages = (enum page_size)roll(2),
					  .pin = roll(2) == 0 };
	for (size_t i = 0; i < machine->num_cores; i++)
		if (roll(2) == 0)
			out->list = cpus_either(&out->list, &machine->cores[i].threads);
	if (roll(4) == 0)
		cpus_add(&out->list, roll(40));
	if (cpus_count(&out->list) == 0)
		cpus_add(&out->list, 1);
}

static void roll_takings(const struct topology *machine, struct takings *out)
{
	out->num_items = roll(3);
	for (size_t i = 0; i < out->num_items; i++) {
		out->items[i] =
			(struct resource_taking){ .name = "x", .memory_mib = roll(1024) };
		if (roll(2) == 0)
			out->items[i].cpus =
				machine->cores[roll((unsigned)machine->num_cores)]
					.threads;
	}
}

static bool meet(const struct cpus *a, const struct cpus *b)
{
	const struct cpus both = cpus_both(a, b);

	return cpus_count(&both) > 0;
}

/* What must hold of cores that are taken. */
static void check_taken(const struct made *made)
{
	const struct resource_plan *const plan = &made->plan;
	struct cpus used = { { 0 } };

	CHECK_TRUE(cpus_count(&made->machine.allowed) >= RESOURCES_MIN_CPUS);
	CHECK_TRUE(!meet(&plan->taken, &plan->kept));
	CHECK_TRUE(!meet(&plan->taken, &plan->others));
	CHECK_TRUE(!meet(&plan->taken, &plan->rest));
	CHECK_TRUE(cpus_contain(&made->machine.allowed, &plan->taken));
	for (size_t i = 0; i < made->machine.num_cores; i++) {
		const struct cpus *const threads = &made->machine.cores[i].threads;

		CHECK_TRUE(!meet(threads, &plan->taken) ||
			   cpus_contain(&plan->taken, threads));
	}
	for (unsigned i = 0; i < plan->num_vcpus; i++) {
		CHECK_TRUE(cpus_has(&plan->taken, plan->vcpu_cpus[i]));
		CHECK_TRUE(!cpus_has(&used, plan->vcpu_cpus[i]));
		cpus_add(&used, plan->vcpu_cpus[i]);
	}
}

/* What must hold of every plan that refuses nothing. */
static void check_plan(const struct made *made)
{
	const struct resource_plan *const plan = &made->plan;
	uint64_t promised = made->request.keep_mib + plan->normal_mib;

	for (size_t i = 0; i < made->takings.num_items; i++)
		promised += made->takings.items[i].memory_mib;
	CHECK_TRUE(promised <= made->machine.total_kib / 1024);
	CHECK_TRUE(plan->normal_mib <= made->machine.available_kib / 1024);
	CHECK_TRUE(plan->normal_mib <= made->machine.cgroup.memory_left_kib / 1024);
	CHECK_TRUE(made->request.memory_mib >= made->request.least_mib);
	CHECK_TRUE(cpus_count(&plan->rest) > 0);
	CHECK_TRUE(!meet(&plan->rest, &plan->others));
	CHECK_TRUE(!meet(&plan->guest, &plan->others));
	if (made->request.pages != PAGES_ORDINARY) {
		uint64_t pages = 0;

		for (size_t i = 0; i < made->machine.num_nodes; i++)
			pages += made->machine.nodes[i].pages[PAGES_2M].free;
		CHECK_INT(made->request.memory_mib, 2 * plan->num_pages);
		CHECK_TRUE(plan->num_pages <= pages);
	}
	if (made->request.cores == CORES_SHARED)
		CHECK_INT(0, cpus_count(&plan->taken));
	else
		check_taken(made);
}

/* What must hold of a refusal. Whole cores are not refused where there are enough. */
static void check_refused(const struct made *made)
{
	for (size_t i = 0; i < made->plan.num_refusals; i++) {
		const struct resource_refusal *const refusal = &made->plan.refusals[i];

		CHECK_TRUE(refusal->need[0] != '\0' && refusal->have[0] != '\0');
		CHECK_TRUE(refusal->remedy[0] != '\0');
		for (size_t j = 0; j < i; j++)
			CHECK_TRUE(made->plan.refusals[j].rule != refusal->rule);
	}
}

static size_t num_free_on_cores(const struct made *made)
{
	size_t num = 0;

	for (size_t i = 0; i < made->machine.num_cores; i++) {
		const struct cpus *const threads = &made->machine.cores[i].threads;

		if (cpus_contain(&made->machine.allowed, threads) &&
		    !meet(threads, &made->plan.kept) &&
		    !meet(threads, &made->plan.others))
			num += cpus_count(threads);
	}
	return num;
}

static bool is_refused_by(const struct resource_plan *plan, enum resource_rule rule)
{
	for (size_t i = 0; i < plan->num_refusals; i++)
		if (plan->refusals[i].rule == rule)
			return true;
	return false;
}

static void no_plan_breaks_a_rule(void **state)
{
	struct made *const made = malloc(sizeof *made);
	unsigned num_plans[3] = { 0 };

	(void)state;
	CASE("chance");
	for (int i = 0; i < RANDOM_MACHINES; i++) {
		roll_machine(&made->machine);
		roll_request(&made->machine, &made->request);
		roll_takings(&made->machine, &made->takings);
		resources_plan(&made->machine, &made->request, made->takings.items,
			       made->takings.num_items, &made->plan);
		check_refused(made);
		if (made->request.cores == CORES_WHOLE)
			CHECK_TRUE(is_refused_by(&made->plan, RULE_CORES_ENOUGH) ==
				   (num_free_on_cores(made) < made->request.vcpus));
		if (made->plan.num_refusals > 0)
			continue;
		check_plan(made);
		num_plans[made->request.cores]++;
	}
	/* Chance must have made plans of each kind, or nothing was tested. */
	for (size_t i = 0; i < ARRAY_LEN(num_plans); i++)
		CHECK_TRUE(num_plans[i] > RANDOM_MACHINES / 200);
	free(made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_machine_gives_what_it_may),
		cmocka_unit_test(every_rule_refuses_something),
		cmocka_unit_test(what_is_told_is_known),
		cmocka_unit_test(others_may_have_taken_all),
		cmocka_unit_test(an_image_says_what_it_needs),
		cmocka_unit_test(more_is_kept_where_that_is_asked_for),
		cmocka_unit_test(who_may_raise_limits_may_lock),
		cmocka_unit_test(requests_are_words),
		cmocka_unit_test(no_plan_breaks_a_rule),
	};

	big = server();
	return cmocka_run_group_tests(tests, NULL, forget_machines);
}
