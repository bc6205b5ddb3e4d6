/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is written into control groups, carried out upon a tree of files; and what running
 * Enclave VMs tell of what they have taken.
 */
#include "support.h"

#include "fetch/files.h"
#include "guest/io.h"
#include "machine_maker.h"
#include "vm/failure_record.h"
#include "vm/resource_needs.h"
#include "vm/resource_steps.h"
#include "vm/takings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUP "/sys/fs/cgroup/system.slice/cella-enclave.service"
#define SUPERVISOR GROUP "/cella-web.supervisor"
#define ENCLAVE GROUP "/cella-web.enclave"

static const struct made_machine machine = {
	.online = "0-7",
	.cores = { { "0,4", 0, 0, 0 },
		   { "1,5", 1, 0, 0 },
		   { "2,6", 0, 1, 1 },
		   { "3,7", 1, 1, 1 } },
	.num_nodes = 2,
	.node_mib = 8192,
	.group = "/system.slice/cella-enclave.service",
	.controllers = "cpuset cpu io memory pids",
};

struct tree {
	char root[MADE_PATH_MAX];
	struct topology topology;
	struct resource_plan plan;
	struct resource_steps steps;
};

static struct tree *tree_new(const struct made_machine *made)
{
	struct tree *const tree = calloc(1, sizeof *tree);
	struct resource_request request = {
		.cores = CORES_WHOLE, .vcpus = 2, .memory_mib = 512, .code_mib = 1024
	};
	struct cella_error err = { 0 };

	made_machine_write(made, tree->root);
	CHECK_OK(topology_read(tree->root, &tree->topology, &err));
	resources_plan(&tree->topology, &request, NULL, 0, &tree->plan);
	CHECK_INT(0, tree->plan.num_refusals);
	resource_steps_make(&tree->topology, &tree->plan, "web", &tree->steps);
	return tree;
}

static void tree_free(struct tree *tree)
{
	made_machine_remove(tree->root);
	free(tree);
}

/* What is in a file of the tree; NULL: there is none. */
static const char *text_of(const struct tree *tree, const char *path)
{
	static char text[CPUS_TEXT_MAX];
	char whole[2 * MADE_PATH_MAX];
	struct out bytes CLEANUP(out_done) = { 0 };

	snprintf(whole, sizeof whole, "%s%s", tree->root, path);
	if (file_read(whole, sizeof text - 1, &bytes, NULL) != CELLA_OK)
		return NULL;
	snprintf(text, sizeof text, "%.*s", (int)bytes.len,
		 bytes.len > 0 ? (const char *)bytes.data : "");
	return text;
}

static void limits_are_written(void **state)
{
	static const struct {
		const char *path;
		const char *text;
	} rows[] = {
		{ SUPERVISOR "/cgroup.procs", "0" },
		{ GROUP "/cgroup.subtree_control", "+cpuset +cpu +memory +pids" },
		{ ENCLAVE "/cpuset.cpus", "0-7" },
		{ ENCLAVE "/cpuset.mems", "0" },
		{ ENCLAVE "/cpu.weight", "200" },
		{ ENCLAVE "/memory.max", "1879048192" }, /* 512 + 256 + 1024 MiB */
		{ ENCLAVE "/memory.swap.max", "0" },
		{ ENCLAVE "/pids.max", "130" },
	};
	struct tree *const tree = tree_new(&machine);
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(resource_steps_do(tree->root, &tree->steps, &err));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CASE(rows[i].path);
		CHECK_TEXT(rows[i].text, text_of(tree, rows[i].path));
	}
	CHECK_TEXT(ENCLAVE "/cgroup.procs", tree->steps.procs);
	tree_free(tree);
}

/* Backwards: controllers are taken away before this process moves back. */
static void all_is_taken_back(void **state)
{
	struct tree *const tree = tree_new(&machine);
	struct cella_error err = { 0 };

	(void)state;
	made_file(tree->root, GROUP "/cgroup.procs", "");
	CHECK_OK(resource_steps_do(tree->root, &tree->steps, &err));
	CHECK_TEXT("", text_of(tree, GROUP "/cgroup.procs"));
	resource_steps_undo(tree->root, &tree->steps, tree->steps.num_items);
	CHECK_TEXT("-cpuset -cpu -memory -pids",
		   text_of(tree, GROUP "/cgroup.subtree_control"));
	CHECK_TEXT("0", text_of(tree, GROUP "/cgroup.procs"));
	tree_free(tree);
}

static bool is_there(const struct tree *tree, const char *path)
{
	char whole[2 * MADE_PATH_MAX];

	snprintf(whole, sizeof whole, "%s%s", tree->root, path);
	return access(whole, F_OK) == 0;
}

/* Each step in turn cannot be done: a folder stands where its file should be. */
static void a_failure_takes_back_what_was_done(void **state)
{
	struct tree *const plain = tree_new(&machine);
	const size_t num = plain->steps.num_items;

	(void)state;
	for (size_t i = 0; i < num; i++) {
		struct tree *const tree = tree_new(&machine);
		const struct resource_step *const step = &tree->steps.items[i];
		struct cella_error err = { 0 };
		char path[2 * MADE_PATH_MAX];

		if (step->kind == STEP_FOLDER) {
			tree_free(tree);
			continue;
		}
		CASE(step->path);
		snprintf(path, sizeof path, "%s/x", step->path);
		if (is_there(tree, step->path)) {
			char whole[2 * MADE_PATH_MAX];

			snprintf(whole, sizeof whole, "%s%s", tree->root, step->path);
			CHECK_INT(0, unlink(whole));
		}
		made_file(tree->root, path, "");
		CHECK_STATUS(CELLA_IO, resource_steps_do(tree->root, &tree->steps, &err));
		CHECK_TEXT_HAS(err.text, step->path);
		CHECK_INT(EISDIR, err.sys_errno);
		if (i > 2) /* the supervisor had moved: it is back */
			CHECK_TEXT("0", text_of(tree, GROUP "/cgroup.procs"));
		tree_free(tree);
	}
	tree_free(plain);
}

static void without_a_group_nothing_is_written(void **state)
{
	struct made_machine bare = machine;
	struct tree *tree;

	(void)state;
	bare.controllers = "io rdma";
	tree = tree_new(&bare);
	CHECK_INT(0, tree->steps.num_items);
	CHECK_TEXT("it has been given no controllers", tree->steps.why_not);
	tree_free(tree);
	bare.group = NULL;
	tree = tree_new(&bare);
	CHECK_INT(0, tree->steps.num_items);
	CHECK_TEXT_HAS(tree->steps.why_not, "there is no control group");
	tree_free(tree);
}

static void only_controllers_that_were_given_are_used(void **state)
{
	struct made_machine few = machine;
	struct tree *tree;
	struct cella_error err = { 0 };

	(void)state;
	few.controllers = "memory pidsx cpusets";
	tree = tree_new(&few);
	CHECK_OK(resource_steps_do(tree->root, &tree->steps, &err));
	CHECK_TEXT("+memory", text_of(tree, GROUP "/cgroup.subtree_control"));
	CHECK_TRUE(!is_there(tree, ENCLAVE "/pids.max"));
	CHECK_TRUE(!is_there(tree, ENCLAVE "/cpuset.cpus"));
	CHECK_TRUE(is_there(tree, ENCLAVE "/memory.max"));
	tree_free(tree);
}

/* --- takings ------------------------------------------------------------------------- */

static void takings_have_one_form(void **state)
{
	static const char *const bad[] = { "",
					   "cpus 1\n",
					   "memory 1\ncpus 1\n",
					   "cpus 1\nmemory 1\nmore\n",
					   "cpus x\nmemory 1\n",
					   "cpus 1024\nmemory 1\n",
					   "cpus 1\nmemory -1\n",
					   "cpus 1\nmemory 11111111111111111111\n" };
	struct resource_taking taking = { .memory_mib = 42 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct cella_error err = { 0 };
		const enum cella_status status =
			taking_parse(bytes_from_text(bad[i]), "taken", &taking, &err);

		CASE(bad[i]);
		CHECK_TRUE(status != CELLA_OK);
		CHECK_TEXT_HAS(err.text, "taken");
		CHECK_INT(42, taking.memory_mib);
	}
}

/* A folder of one that runs, as far as others can see: it is locked. */
static void run_one(const char *base, const char *name, const char *cpus, uint64_t mib,
		    struct run_dir *out)
{
	struct resource_plan plan = { .normal_mib = mib };
	struct cella_error err = { 0 };

	CHECK_OK(run_dir_make(base, name, out, &err));
	CHECK_OK(cpus_read(bytes_from_text(cpus), "cpus", &plan.taken, &err));
	CHECK_OK(takings_write(out, &plan, &err));
}

static void those_that_run_are_counted(void **state)
{
	char base[] = "/tmp/cella-takings-XXXXXX";
	struct takings *takings CLEANUP_FREE = calloc(1, sizeof *takings);
	struct run_dir first = RUN_DIR_NONE;
	struct run_dir second = RUN_DIR_NONE;
	struct run_dir silent = RUN_DIR_NONE;
	struct cella_error err = { 0 };
	int lock = -1;

	(void)state;
	CASE("takings");
	CHECK_TRUE(mkdtemp(base) != NULL);
	run_one(base, "first", "2-3", 700, &first);
	run_one(base, "second", "", 400, &second);
	CHECK_OK(run_dir_make(base, "silent", &silent, &err));
	CHECK_OK(takings_lock(base, &lock, &err));
	CHECK_OK(takings_read(base, "second", takings, &err));
	io_close(&lock);
	CHECK_INT(1, takings->num_items);
	CHECK_TEXT("first", takings->items[0].name);
	CHECK_INT(700, takings->items[0].memory_mib);
	CHECK_TRUE(cpus_has(&takings->items[0].cpus, 3));
	/* What a supervisor that was killed has left takes nothing. */
	io_close(&first.lock);
	CHECK_OK(takings_read(base, "", takings, &err));
	CHECK_INT(1, takings->num_items);
	CHECK_TEXT("second", takings->items[0].name);
	CHECK_INT(400, takings->items[0].memory_mib);
	run_dir_remove(&second);
	run_dir_remove(&silent);
	made_machine_remove(base); /* with the record of the one that was lost */
}

static void one_plans_at_a_time(void **state)
{
	char base[] = "/tmp/cella-takings-XXXXXX";
	struct cella_error err = { 0 };
	int lock = -1;
	int other = -1;

	(void)state;
	CHECK_TRUE(mkdtemp(base) != NULL);
	CHECK_OK(takings_lock(base, &lock, &err));
	CHECK_STATUS(CELLA_LIMIT, takings_lock(base, &other, &err));
	CHECK_TEXT_HAS(err.text, "another enclave is being planned");
	io_close(&lock);
	CHECK_OK(takings_lock(base, &other, &err));
	io_close(&other);
	CHECK_INT(0, rmdir(base));
}

/* --- what is left open --------------------------------------------------------------- */

static void what_is_open_is_decided(void **state)
{
	static const uint8_t bytes[5 << 20];
	struct eif *image CLEANUP_FREE = calloc(1, sizeof *image);
	struct resource_request request = { .cores = CORES_LISTED };
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(cpus_read(bytes_from("2-3,6-7"), "list", &request.list, &err));
	resource_needs(NULL, &request);
	CHECK_INT(4, request.vcpus);
	CHECK_INT(128, request.memory_mib);
	/* Ramdisks that are no archives have no needs that are known. */
	image->kernel = bytes_of(bytes, 3 << 20);
	image->ramdisks[0] = bytes_of(bytes, 5 << 20);
	image->ramdisks[1] = bytes_of(bytes, 5 << 20);
	image->num_ramdisks = 2;
	request = (struct resource_request){ .vcpus = 0 };
	resource_needs(image, &request);
	CHECK_INT(1, request.vcpus);
	CHECK_INT(14, request.image_mib);
	CHECK_TRUE(request.memory_mib >= 128 && request.memory_mib >= request.least_mib);
	request.memory_mib = 100;
	resource_needs(image, &request);
	CHECK_INT(100, request.memory_mib);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_written),
		cmocka_unit_test(all_is_taken_back),
		cmocka_unit_test(a_failure_takes_back_what_was_done),
		cmocka_unit_test(without_a_group_nothing_is_written),
		cmocka_unit_test(only_controllers_that_were_given_are_used),
		cmocka_unit_test(takings_have_one_form),
		cmocka_unit_test(those_that_run_are_counted),
		cmocka_unit_test(one_plans_at_a_time),
		cmocka_unit_test(what_is_open_is_decided),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
