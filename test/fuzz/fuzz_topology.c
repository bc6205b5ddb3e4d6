/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kernel tells of its machine: each grammar by itself, and a tree of files of which
 * the input has several, up to a plan.
 */
#include "fuzz.h"

#include "vm/resources.h"
#include "vm/takings.h"
#include "vm/topology.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* In the order of the input's parts; folders stand before what is in them. */
static const char *const paths[] = {
	"/sys/devices/system/cpu/online",
	"/proc/meminfo",
	"/proc/self/status",
	"/proc/self/cgroup",
	"/proc/self/limits",
	"/sys/devices/system/cpu/cpu0/topology/thread_siblings_list",
	"/sys/devices/system/cpu/cpu1/topology/thread_siblings_list",
	"/sys/devices/system/cpu/cpu1/topology/core_id",
	"/sys/devices/system/node/online",
	"/sys/devices/system/node/node0/cpulist",
	"/sys/devices/system/node/node0/meminfo",
	"/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages",
	"/sys/fs/cgroup/cgroup.controllers",
	"/sys/fs/cgroup/memory.max",
	"/sys/fs/cgroup/cpu.max",
};

static char root[] = "/tmp/cella-fuzz-topology-XXXXXX";

static void for_folders(const char *path, int (*act)(const char *folder))
{
	char whole[256];

	snprintf(whole, sizeof whole, "%s%s", root, path);
	for (char *slash = strchr(whole + sizeof root, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)act(whole);
		*slash = '/';
	}
}

static int make_folder(const char *folder)
{
	return mkdir(folder, 0700);
}

static void remove_tree(void)
{
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		char whole[256];

		snprintf(whole, sizeof whole, "%s%s", root, paths[i]);
		unlink(whole);
	}
	/* The deepest first: as often as they are deep. */
	for (size_t depth = 0; depth < 8; depth++)
		for (size_t i = 0; i < ARRAY_LEN(paths); i++)
			for_folders(paths[i], rmdir);
	rmdir(root);
}

static void write_file(const char *path, struct cella_bytes text)
{
	char whole[256];
	FILE *file;

	snprintf(whole, sizeof whole, "%s%s", root, path);
	if (text.len == 0) {
		unlink(whole);
		return;
	}
	for_folders(path, make_folder);
	file = fopen(whole, "w");
	MUST(file != NULL && fwrite(text.data, 1, text.len, file) == text.len);
	MUST(fclose(file) == 0);
}

static void check_plan(const struct topology *machine)
{
	const struct resource_request request = { .cores = CORES_WHOLE,
						  .vcpus = 1,
						  .memory_mib = 128 };
	struct resource_plan plan;

	MUST(cpus_contain(&machine->online, &machine->allowed));
	for (size_t i = 0; i < machine->num_cores; i++)
		for (size_t j = 0; j < i; j++) {
			const struct cpus both = cpus_both(&machine->cores[i].threads,
							   &machine->cores[j].threads);

			MUST(cpus_count(&both) == 0);
		}
	resources_plan(machine, &request, NULL, 0, &plan);
	MUST(plan.num_refusals > 0 || cpus_count(&plan.taken) > 0);
	MUST(cpus_contain(&machine->allowed, &plan.taken));
	MUST(plan.num_refusals > 0 || plan.normal_mib <= machine->available_kib / 1024);
}

static void check_tree(struct cella_bytes rest, size_t size)
{
	struct topology *machine CLEANUP_FREE = malloc(sizeof *machine);
	struct cella_error err = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		write_file(paths[i], fuzz_part(&rest));
	if (!fuzz_failed(topology_read(root, machine, &err), &err, size))
		check_plan(machine);
}

static void check_grammars(struct cella_bytes text)
{
	struct cella_error err = { 0 };
	struct out again CLEANUP(out_done) = { 0 };
	struct resource_taking taking = { .memory_mib = 0 };
	struct cpus cpus = { { 0 } };
	char path[TOPOLOGY_PATH_MAX];
	uint64_t value = 0;

	if (!fuzz_failed(cpus_read(text, "list", &cpus, &err), &err, text.len)) {
		/* The shortest form is not the only one: what is written is read alike. */
		struct cpus same = { { 0 } };

		cpus_write(&cpus, &again);
		MUST(cpus_read(out_view(&again), "list", &same, NULL) == CELLA_OK);
		MUST(cpus_are_equal(&cpus, &same));
	}
	fuzz_failed(topology_field(text, "MemTotal", "meminfo", &value, &err), &err,
		    text.len);
	fuzz_failed(topology_limit(text, "limit", &value, &err), &err, text.len);
	fuzz_failed(topology_lock_limit(text, "limits", &value, &err), &err, text.len);
	fuzz_failed(taking_parse(text, "taken", &taking, &err), &err, text.len);
	if (!fuzz_failed(topology_cgroup_path(text, "cgroup", path, &err), &err,
			 text.len))
		MUST(path[0] == '/' && strstr(path, "/../") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_begun;

	if (!is_begun) {
		MUST(mkdtemp(root) != NULL);
		MUST(atexit(remove_tree) == 0);
		is_begun = true;
	}
	check_grammars(bytes_of(data, size));
	check_tree(bytes_of(data, size), size);
	return 0;
}
