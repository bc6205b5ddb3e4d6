/* SPDX-License-Identifier: Apache-2.0 */
#include "machine_maker.h"

#include "support.h"
#include "vm/cpus.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		CHECK_TRUE(mkdir(path, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
}

void made_file(const char *root, const char *path, const char *text)
{
	char whole[2 * MADE_PATH_MAX];
	FILE *file;

	snprintf(whole, sizeof whole, "%s%s", root, path);
	make_folders(whole);
	file = fopen(whole, "w");
	CHECK_TRUE(file != NULL);
	CHECK_TRUE(fputs(text, file) >= 0);
	CHECK_INT(0, fclose(file));
}

/* The path is "before NUL after": the number goes between. */
static void made_number(const char *root, const char *format, unsigned number,
			const char *text)
{
	char path[MADE_PATH_MAX];

	snprintf(path, sizeof path, "%.100s%u%s", format, number,
		 strchr(format, '\0') + 1);
	made_file(root, path, text);
}

static void write_core(const char *root, const struct made_core *core)
{
	struct cpus threads = { { 0 } };
	struct cella_error err = { 0 };
	char text[64];

	CHECK_OK(cpus_read(bytes_from_text(core->threads), "threads", &threads, &err));
	for (unsigned cpu = cpus_next(&threads, 0); cpu < CPUS_MAX;
	     cpu = cpus_next(&threads, cpu + 1)) {
		snprintf(text, sizeof text, "%s\n", core->threads);
		made_number(root,
			    "/sys/devices/system/cpu/cpu\0/topology/"
			    "thread_siblings_list",
			    cpu, text);
		snprintf(text, sizeof text, "%d\n", core->id);
		made_number(root, "/sys/devices/system/cpu/cpu\0/topology/core_id", cpu,
			    text);
		snprintf(text, sizeof text, "%d\n", core->package);
		made_number(root,
			    "/sys/devices/system/cpu/cpu\0/topology/"
			    "physical_package_id",
			    cpu, text);
	}
}

static void write_node_cpus(const char *root, const struct made_machine *machine,
			    unsigned node)
{
	struct cpus online = { { 0 } };
	struct cpus cpus = { { 0 } };
	struct cella_error err = { 0 };
	char text[1024] = "\n";

	CHECK_OK(cpus_read(bytes_from_text(machine->online), "online", &online, &err));
	for (const struct made_core *core = machine->cores; core->threads != NULL;
	     core++) {
		struct cpus threads = { { 0 } };

		if (core->node != node)
			continue;
		CHECK_OK(cpus_read(bytes_from_text(core->threads), "threads", &threads,
				   &err));
		cpus = cpus_either(&cpus, &threads);
	}
	cpus = cpus_both(&cpus, &online);
	if (cpus_count(&cpus) > 0)
		cpus_text(&cpus, text, sizeof text);
	made_number(root, "/sys/devices/system/node/node\0/cpulist", node, text);
}

static void write_node(const char *root, const struct made_machine *machine,
		       unsigned node)
{
	const unsigned free_mib = machine->free_mib != 0 ? machine->free_mib
							 : machine->node_mib;
	char text[256];

	write_node_cpus(root, machine, node);
	snprintf(text, sizeof text,
		 "\nNode %u MemTotal:  %u kB\nNode %u MemFree:  %u kB\n"
		 "Node %u Active(file):  1024 kB\n",
		 node, machine->node_mib * 1024, node, free_mib * 1024, node);
	made_number(root, "/sys/devices/system/node/node\0/meminfo", node, text);
	snprintf(text, sizeof text, "%u\n", machine->pages_2m[node]);
	made_number(root,
		    "/sys/devices/system/node/node\0/hugepages/hugepages-2048kB/"
		    "nr_hugepages",
		    node, text);
	made_number(root,
		    "/sys/devices/system/node/node\0/hugepages/hugepages-2048kB/"
		    "free_hugepages",
		    node, text);
	snprintf(text, sizeof text, "%u\n", machine->pages_1g[node]);
	made_number(root,
		    "/sys/devices/system/node/node\0/hugepages/hugepages-1048576kB/"
		    "nr_hugepages",
		    node, text);
	made_number(root,
		    "/sys/devices/system/node/node\0/hugepages/hugepages-1048576kB/"
		    "free_hugepages",
		    node, text);
}

static void write_memory(const char *root, const struct made_machine *machine)
{
	const unsigned nodes = machine->num_nodes > 0 ? machine->num_nodes : 1;
	const unsigned free_mib = machine->free_mib != 0 ? machine->free_mib
							 : machine->node_mib;
	char text[256];

	snprintf(text, sizeof text,
		 "MemTotal:       %u kB\nMemFree:        1 kB\nMemAvailable:   %u kB\n",
		 nodes * machine->node_mib * 1024, nodes * free_mib * 1024);
	made_file(root, "/proc/meminfo", text);
}

static void write_own(const char *root, const struct made_machine *machine)
{
	char text[512];

	snprintf(text, sizeof text, "Name:\tcella\nCapEff:\t%s\nCpus_allowed_list:\t%s\n",
		 machine->capabilities != NULL ? machine->capabilities
					       : "0000000000000000",
		 machine->allowed != NULL ? machine->allowed : machine->online);
	made_file(root, "/proc/self/status", text);
	snprintf(
		text, sizeof text,
		"Limit                     Soft Limit           Hard Limit           Units\n"
		"Max locked memory         %-20s unlimited            bytes\n",
		machine->lock_limit != NULL ? machine->lock_limit : "unlimited");
	made_file(root, "/proc/self/limits", text);
}

static void write_group(const char *root, const struct made_machine *machine)
{
	static const char mount[] = "/sys/fs/cgroup";
	const struct {
		const char *name;
		const char *text;
	} files[] = {
		{ "cgroup.controllers", machine->controllers },
		{ "cgroup.procs", "1\n" },
		{ "cgroup.subtree_control", "" },
		{ "cgroup.events", "populated 1\n" },
		{ "cpuset.cpus.effective", machine->allowed },
		{ "memory.max", machine->memory_max },
		{ "memory.current", machine->memory_current },
		{ "cpu.max", machine->cpu_max },
	};
	char text[MADE_PATH_MAX];

	snprintf(text, sizeof text, "12:cpuset:/old\n0::%s\n", machine->group);
	made_file(root, "/proc/self/cgroup", text);
	snprintf(text, sizeof text, "%s/cgroup.controllers", mount);
	made_file(root, text, machine->controllers);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if (files[i].text == NULL)
			continue;
		snprintf(text, sizeof text, "%s%s/%s", mount, machine->group,
			 files[i].name);
		made_file(root, text, files[i].text);
	}
}

void made_machine_write(const struct made_machine *machine, char root[MADE_PATH_MAX])
{
	const char *const folder = getenv("TMPDIR");
	char text[16];

	snprintf(root, MADE_PATH_MAX, "%s/cella-machine-XXXXXX",
		 folder != NULL ? folder : "/tmp");
	CHECK_TRUE(mkdtemp(root) != NULL);
	made_file(root, "/sys/devices/system/cpu/online", machine->online);
	for (const struct made_core *core = machine->cores; core->threads != NULL; core++)
		write_core(root, core);
	write_memory(root, machine);
	write_own(root, machine);
	for (unsigned node = 0; node < machine->num_nodes; node++)
		write_node(root, machine, node);
	snprintf(text, sizeof text, "0-%u\n", machine->num_nodes - 1);
	if (machine->num_nodes > 0)
		made_file(root, "/sys/devices/system/node/online",
			  machine->num_nodes == 1 ? "0\n" : text);
	if (machine->group != NULL)
		write_group(root, machine);
}

static int remove_one(const char *path, const struct stat *st UNUSED, int type UNUSED,
		      struct FTW *walk UNUSED)
{
	return remove(path);
}

void made_machine_remove(const char *root)
{
	CHECK_INT(0, nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS));
}
