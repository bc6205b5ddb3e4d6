/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading machines: what is in the files arrives, and files that lie, or are no such files,
 * are refused by name. What a machine need not have may be missing.
 */
#include "support.h"

#include "machine_maker.h"
#include "vm/topology.h"
#include "vm/topology_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CPU "/sys/devices/system/cpu"
#define NODE "/sys/devices/system/node"
#define GROUP "/sys/fs/cgroup"

static const struct made_machine good = {
	.online = "0-7",
	.allowed = "0-5",
	.cores = { { "0,4", 0, 0, 0 },
		   { "1,5", 1, 0, 0 },
		   { "2,6", 0, 1, 1 },
		   { "3,7", 1, 1, 1 } },
	.num_nodes = 2,
	.node_mib = 4096,
	.free_mib = 1024,
	.pages_2m = { 3, 5 },
	.pages_1g = { 0, 2 },
	.group = "/a/b",
	.controllers = "cpuset cpu io memory hugetlb pids rdma",
	.memory_max = "2147483648",
	.memory_current = "1073741824",
	.cpu_max = "250000 100000",
	.lock_limit = "8388608",
	.capabilities = "000001ffffffffff",
};

static void check_list(const char *expected, const struct cpus *cpus)
{
	char text[CPUS_TEXT_MAX];

	CHECK_TEXT(expected, cpus_text(cpus, text, sizeof text));
}

/* --- lists of processors ------------------------------------------------------------- */

static void lists_have_one_form(void **state)
{
	static const char *const texts[] = { "0", "1023", "0-1", "0-3,8,10-11",
					     "5,7,9-1023" };
	struct cpus cpus = { { 0 } };
	struct cella_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		CASE(texts[i]);
		CHECK_OK(cpus_read(bytes_from_text(texts[i]), "list", &cpus, &err));
		check_list(texts[i], &cpus);
	}
	CHECK_OK(cpus_read(bytes_from(""), "list", &cpus, &err));
	CHECK_INT(0, cpus_count(&cpus));
	check_list("none", &cpus);
}

static void other_lists_are_refused(void **state)
{
	static const struct {
		const char *text;
		enum cella_status status;
		size_t offset;
	} bad[] = {
		{ ",", CELLA_MALFORMED, 0 },     { "0,", CELLA_MALFORMED, 2 },
		{ "0,,1", CELLA_MALFORMED, 2 },  { "1-0", CELLA_MALFORMED, 0 },
		{ "1,1", CELLA_MALFORMED, 2 },   { "0-3,2", CELLA_MALFORMED, 4 },
		{ "0-", CELLA_MALFORMED, 2 },    { "-1", CELLA_MALFORMED, 0 },
		{ "01", CELLA_MALFORMED, 0 },    { "0 1", CELLA_MALFORMED, 1 },
		{ "0-1-2", CELLA_MALFORMED, 3 }, { "0-10:1/2", CELLA_MALFORMED, 4 },
		{ "1024", CELLA_LIMIT, 0 },      { "0-4294967295", CELLA_LIMIT, 2 },
		{ "0\n", CELLA_MALFORMED, 1 },   { "0x1", CELLA_MALFORMED, 1 },
	};
	struct cpus cpus = { { 42 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct cella_error err = { 0 };

		CASE(bad[i].text);
		CHECK_ERROR(bad[i].status, bad[i].offset, "list: ",
			    cpus_read(bytes_from_text(bad[i].text), "list", &cpus, &err));
		CHECK_INT(42, cpus.words[0]);
	}
}

/* --- good machines ------------------------------------------------------------------- */

static struct topology *read_good(const struct made_machine *machine, char *root)
{
	struct topology *const topology = malloc(sizeof *topology);
	struct cella_error err = { 0 };

	made_machine_write(machine, root);
	CHECK_OK(topology_read(root, topology, &err));
	return topology;
}

static void what_is_told_arrives(void **state)
{
	char root[MADE_PATH_MAX];
	struct topology *t CLEANUP_FREE = read_good(&good, root);

	(void)state;
	check_list("0-7", &t->online);
	check_list("0-5", &t->allowed);
	CHECK_INT(4, t->num_cores);
	check_list("2,6", &t->cores[2].threads);
	CHECK_INT(0, t->cores[2].id);
	CHECK_INT(1, t->cores[2].package);
	CHECK_INT(1, t->cores[2].node);
	CHECK_INT(2, t->num_nodes);
	CHECK_INT(4096 * 1024, t->nodes[1].total_kib);
	CHECK_INT(1025 * 1024, t->nodes[1].free_kib);
	CHECK_INT(5, t->nodes[1].pages[PAGES_2M].free);
	CHECK_INT(2, t->nodes[1].pages[PAGES_1G].total);
	CHECK_INT(8192 * 1024, t->total_kib);
	CHECK_INT(2048 * 1024, t->available_kib);
	CHECK_INT(8388608, t->lock_limit);
	CHECK_TRUE(t->can_raise_limits);
	CHECK_TEXT("/sys/fs/cgroup/a/b", t->cgroup.path);
	CHECK_INT(1024 * 1024, t->cgroup.memory_left_kib);
	CHECK_INT(250000, t->cgroup.quota_us);
	CHECK_TRUE(t->cgroup.is_ours);
	for (int i = 0; i < NUM_CONTROLLERS; i++)
		CHECK_TRUE(t->cgroup.has[i]);
	made_machine_remove(root);
}

static void the_tightest_level_counts(void **state)
{
	char root[MADE_PATH_MAX];
	struct topology *t CLEANUP_FREE = read_good(&good, root);
	struct cella_error err = { 0 };

	(void)state;
	made_file(root, GROUP "/a/memory.max", "1600000000\n");
	made_file(root, GROUP "/a/memory.current", "1599000000\n");
	made_file(root, GROUP "/a/cpu.max", "max 100000\n");
	made_file(root, GROUP "/cpu.max", "50000 50000\n");
	CHECK_OK(topology_read(root, t, &err));
	CHECK_INT(1000000 / 1024, t->cgroup.memory_left_kib);
	CHECK_INT(50000, t->cgroup.quota_us);
	CHECK_INT(50000, t->cgroup.period_us);
	made_machine_remove(root);
}

/* What it may lack, and what is believed then. */
static void much_may_be_missing(void **state)
{
	static const char *const missing[] = {
		"/proc/self/status",
		"/proc/self/limits",
		"/proc/self/cgroup",
		GROUP "/cgroup.controllers",
		GROUP "/a/b/memory.max",
		GROUP "/a/b/cpuset.cpus.effective",
		NODE "/online",
		CPU "/cpu3/topology/thread_siblings_list",
		CPU "/cpu3/topology/core_id",
		CPU "/cpu3/topology/physical_package_id",
		NODE "/node0/hugepages/hugepages-2048kB/nr_hugepages",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(missing); i++) {
		char root[MADE_PATH_MAX];
		char path[2 * MADE_PATH_MAX];
		struct cella_error err = { 0 };
		struct topology *t CLEANUP_FREE = read_good(&good, root);

		CASE(missing[i]);
		snprintf(path, sizeof path, "%s%s", root, missing[i]);
		CHECK_INT(0, unlink(path));
		/* Fewer pages in all than are free would be another lie. */
		made_file(root, NODE "/node0/hugepages/hugepages-2048kB/free_hugepages",
			  "0\n");
		CHECK_OK(topology_read(root, t, &err));
		CHECK_INT(0, err.status);
		CHECK_INT(strstr(missing[i], "siblings") == NULL, t->has_cores);
		CHECK_INT(strstr(missing[i], "node/online") != NULL ? 1 : 2,
			  t->num_nodes);
		made_machine_remove(root);
	}
}

static void some_must_be_there(void **state)
{
	static const char *const needed[] = { CPU "/online", "/proc/meminfo",
					      NODE "/node1/cpulist",
					      NODE "/node1/meminfo" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		char root[MADE_PATH_MAX];
		char path[2 * MADE_PATH_MAX];
		struct cella_error err = { 0 };
		struct topology *t CLEANUP_FREE = read_good(&good, root);

		CASE(needed[i]);
		snprintf(path, sizeof path, "%s%s", root, needed[i]);
		CHECK_INT(0, unlink(path));
		CHECK_ERROR(CELLA_MISSING, 0, needed[i], topology_read(root, t, &err));
		made_machine_remove(root);
	}
}

static void a_group_is_not_always_ours(void **state)
{
	char root[MADE_PATH_MAX];
	char path[2 * MADE_PATH_MAX];
	struct cella_error err = { 0 };
	struct topology *t CLEANUP_FREE = read_good(&good, root);

	(void)state;
	snprintf(path, sizeof path, "%s" GROUP "/a/b/cgroup.subtree_control", root);
	CHECK_INT(0, chmod(path, 0444));
	CHECK_OK(topology_read(root, t, &err));
	CHECK_TRUE(!t->cgroup.is_ours);
	CHECK_TEXT("it belongs to another user", t->cgroup.why_not);
	snprintf(path, sizeof path, "%s" GROUP "/a/b/cgroup.events", root);
	CHECK_INT(0, unlink(path));
	CHECK_OK(topology_read(root, t, &err));
	CHECK_TEXT_HAS(t->cgroup.why_not, "root of all");
	made_file(root, "/proc/self/cgroup", "0::/../elsewhere\n");
	CHECK_OK(topology_read(root, t, &err));
	CHECK_TEXT("", t->cgroup.path);
	CHECK_TEXT_HAS(t->cgroup.why_not, "no control group");
	made_machine_remove(root);
}

/* --- hostile ones -------------------------------------------------------------------- */

static const struct {
	const char *path;
	const char *text;
	enum cella_status status;
	const char *part; /* of the error */
} lies[] = {
	{ CPU "/online", "", CELLA_MALFORMED, "no processor" },
	{ CPU "/online", "0-7,", CELLA_MALFORMED, CPU "/online" },
	{ CPU "/online", "all\n", CELLA_MALFORMED, CPU "/online" },
	{ CPU "/online", "0-1048576\n", CELLA_LIMIT, CPU "/online" },
	{ CPU "/cpu0/topology/thread_siblings_list", "4\n", CELLA_MALFORMED,
	  "expected processor 0" },
	{ CPU "/cpu0/topology/thread_siblings_list", "0-7\n", CELLA_MALFORMED,
	  "contradicts" },
	{ CPU "/cpu4/topology/thread_siblings_list", "4\n", CELLA_MALFORMED,
	  "contradicts what processor 4 says" },
	{ CPU "/cpu4/topology/thread_siblings_list", "-\n", CELLA_MALFORMED, "cpu4" },
	{ CPU "/cpu1/topology/core_id", "x\n", CELLA_MALFORMED, "core_id" },
	{ CPU "/cpu1/topology/core_id", "99999999999\n", CELLA_MALFORMED, "core_id" },
	{ NODE "/online", "0-64\n", CELLA_LIMIT, "a node beyond 63" },
	{ NODE "/online", "", CELLA_MALFORMED, "expected a node" },
	{ NODE "/node1/cpulist", "1-3\n", CELLA_MALFORMED,
	  "processor 1 is in node 0 already" },
	{ NODE "/node1/cpulist", "3,6-7\n", CELLA_OK, NULL },
	{ NODE "/node0/cpulist", "0-1,4\n", CELLA_OK, NULL },
	{ NODE "/node1/meminfo", "Node 1 MemTotal: 1 GB\n", CELLA_MALFORMED, "MemTotal" },
	{ NODE "/node1/meminfo",
	  "Node 1 MemTotal: 9223372036854775807 kB\n"
	  "Node 1 MemFree: 9223372036854775807 kB\n",
	  CELLA_LIMIT, "too much" },
	{ NODE "/node1/hugepages/hugepages-2048kB/free_hugepages", "6\n", CELLA_MALFORMED,
	  "more pages are free" },
	{ NODE "/node1/hugepages/hugepages-2048kB/nr_hugepages", "-1\n", CELLA_MALFORMED,
	  "expected a number" },
	{ "/proc/meminfo", "MemTotal: 12 kB\n", CELLA_MISSING, "MemAvailable" },
	{ "/proc/meminfo", "MemTotal:\nMemAvailable: 1 kB\n", CELLA_MALFORMED,
	  "/proc/meminfo" },
	{ "/proc/meminfo", "MemTotal: 99999999999999999999999 kB\n", CELLA_MALFORMED,
	  "/proc/meminfo" },
	{ "/proc/meminfo", "MemTotal: 1 kB extra\n", CELLA_MALFORMED, "MemTotal" },
	{ "/proc/self/status", "Cpus_allowed_list:\t8-9\n", CELLA_MALFORMED,
	  "no processor" },
	{ "/proc/self/status", "Cpus_allowed_list:\t0,x\n", CELLA_MALFORMED,
	  "Cpus_allowed_list" },
	{ "/proc/self/limits", "Max locked memory  many bytes\n", CELLA_MALFORMED,
	  "/proc/self/limits" },
	{ "/proc/self/cgroup", "0::a/b\n", CELLA_MALFORMED, "below the root" },
	{ "/proc/self/cgroup", "0::/a/../b\n", CELLA_MALFORMED, "below the root" },
	{ "/proc/self/cgroup", "0::/a/\033[2J\n", CELLA_MALFORMED, "below the root" },
	{ "/proc/self/cgroup", "0::/nowhere\n", CELLA_OK, NULL },
	{ GROUP "/a/b/memory.max", "lots\n", CELLA_MALFORMED, "memory.max" },
	{ GROUP "/a/b/cpu.max", "max\n", CELLA_MALFORMED, "cpu.max" },
	{ GROUP "/a/b/cpu.max", "1 0\n", CELLA_MALFORMED, "a period of 0" },
	{ GROUP "/a/b/cpuset.cpus.effective", "6-\n", CELLA_MALFORMED, "effective" },
	{ GROUP "/a/b/cpuset.cpus.effective", "6-7\n", CELLA_MALFORMED, "no processor" },
};

static void lies_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
		char root[MADE_PATH_MAX];
		struct cella_error err = { 0 };
		struct topology *t CLEANUP_FREE = read_good(&good, root);

		CASE(lies[i].text);
		made_file(root, lies[i].path, lies[i].text);
		t->num_cores = 4242;
		if (lies[i].status == CELLA_OK)
			CHECK_OK(topology_read(root, t, &err));
		else
			CHECK_ERROR(lies[i].status, err.offset, lies[i].part,
				    topology_read(root, t, &err));
		/* Untouched, unless it was believed. */
		CHECK_INT(lies[i].status == CELLA_OK ? 4 : 4242, t->num_cores);
		made_machine_remove(root);
	}
}

/* What is no file, or has no end, keeps nobody waiting. */
static void no_file_is_waited_for(void **state)
{
	char root[MADE_PATH_MAX];
	char path[2 * MADE_PATH_MAX];
	struct cella_error err = { 0 };
	struct topology *t CLEANUP_FREE = read_good(&good, root);
	struct out huge CLEANUP(out_done) = { 0 };
	char *text CLEANUP_FREE = NULL;

	(void)state;
	snprintf(path, sizeof path, "%s/proc/meminfo", root);
	CHECK_INT(0, unlink(path));
	CHECK_INT(0, mkfifo(path, 0600));
	CHECK_STATUS(CELLA_IO, topology_read(root, t, &err));
	CHECK_INT(0, unlink(path));
	CHECK_INT(0, symlink("meminfo", path));
	CHECK_STATUS(CELLA_IO, topology_read(root, t, &err));
	CHECK_INT(0, unlink(path));
	CHECK_INT(0, symlink("/dev/zero", path));
	CHECK_TRUE(topology_is_unknown(topology_read(root, t, &err)));
	CHECK_INT(0, unlink(path));
	while (huge.len <= TOPOLOGY_FILE_MAX)
		out_text(&huge, "Filler: 1 kB\n");
	CHECK_OK(out_take_text(&huge, &text, &err));
	made_file(root, "/proc/meminfo", text);
	CHECK_ERROR(CELLA_LIMIT, 0, "/proc/meminfo", topology_read(root, t, &err));
	made_machine_remove(root);
}

/* A folder that leads into itself is as good as none. */
static void a_circle_of_links_is_none(void **state)
{
	char root[MADE_PATH_MAX];
	char path[2 * MADE_PATH_MAX];
	struct cella_error err = { 0 };
	struct topology *t CLEANUP_FREE = read_good(&good, root);

	(void)state;
	made_file(root, CPU "/cpu8/unused", "");
	made_file(root, CPU "/online", "0-8\n");
	snprintf(path, sizeof path, "%s" CPU "/cpu8/topology", root);
	CHECK_INT(0, symlink("topology", path));
	CHECK_OK(topology_read(root, t, &err));
	CHECK_TRUE(!t->has_cores);
	made_machine_remove(root);
}

static void this_machine_is_understood(void **state)
{
	struct topology *t CLEANUP_FREE = malloc(sizeof *t);
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(topology_read(NULL, t, &err));
	CHECK_TRUE(cpus_count(&t->allowed) > 0);
	CHECK_TRUE(cpus_contain(&t->online, &t->allowed));
	CHECK_TRUE(t->total_kib >= t->available_kib);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_have_one_form),
		cmocka_unit_test(other_lists_are_refused),
		cmocka_unit_test(what_is_told_arrives),
		cmocka_unit_test(the_tightest_level_counts),
		cmocka_unit_test(much_may_be_missing),
		cmocka_unit_test(some_must_be_there),
		cmocka_unit_test(a_group_is_not_always_ours),
		cmocka_unit_test(lies_are_refused),
		cmocka_unit_test(no_file_is_waited_for),
		cmocka_unit_test(a_circle_of_links_is_none),
		cmocka_unit_test(this_machine_is_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
