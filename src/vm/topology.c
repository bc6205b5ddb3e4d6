/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processors, memory and limits from /sys and /proc. These files are believed only as far as
 * they agree with each other: a tree of files may come from anywhere, and what is taken from
 * it decides what an Enclave VM may use.
 */
#include "vm/topology.h"

#include "base/encode.h"
#include "base/number.h"
#include "doctor/lines.h"
#include "vm/topology_files.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define CPU_FOLDER "/sys/devices/system/cpu"
#define NODE_FOLDER "/sys/devices/system/node"
#define PAGES_FOLDER "/sys/kernel/mm"

enum { CAP_SYS_RESOURCE_BIT = 24, CAPABILITY_BYTES = 8 };

static void out_cleanup(struct out *out)
{
	out_done(out);
}

/* --- files --------------------------------------------------------------------------- */

bool topology_is_unknown(enum cella_status status)
{
	return status == CELLA_MISSING || status == CELLA_IO;
}

enum cella_status topology_file(const struct system *sys, const char *path,
				struct out *text, struct cella_error *err)
{
	const int failure = system_read(sys, path, TOPOLOGY_FILE_MAX + 1, text);
	struct cella_bytes trimmed;

	if (failure == ENOENT || failure == ENOTDIR)
		return error_set(err, CELLA_MISSING, "%s: there is no such file", path);
	if (failure != 0)
		return error_errno(err, failure, "%s", path);
	if (text->len > TOPOLOGY_FILE_MAX)
		return error_set(err, CELLA_LIMIT, "%s: more than %d bytes", path,
				 TOPOLOGY_FILE_MAX);
	trimmed = text_trim(out_view(text));
	if (trimmed.len > 0)
		memmove(text->data, trimmed.data, trimmed.len);
	text->len = trimmed.len;
	return CELLA_OK;
}

enum cella_status topology_file_number(const struct system *sys, const char *path,
				       uint64_t *out, struct cella_error *err)
{
	const int failure = system_number(sys, path, out);

	if (failure == ENOENT || failure == ENOTDIR) {
		*out = 0;
		return CELLA_OK;
	}
	if (failure == EINVAL)
		return error_set(err, CELLA_MALFORMED, "%s: expected a number", path);
	return failure == 0 ? CELLA_OK : error_errno(err, failure, "%s", path);
}

enum cella_status topology_file_cpus(const struct system *sys, const char *path,
				     struct cpus *out, struct cella_error *err)
{
	struct out text CLEANUP(out_cleanup) = { 0 };

	TRY(topology_file(sys, path, &text, err));
	return cpus_read(out_view(&text), path, out, err);
}

/* A number that may be -1 or missing, which both mean that there is none. */
static enum cella_status read_id(const struct system *sys, unsigned cpu, const char *name,
				 int *out, struct cella_error *err)
{
	char path[SYSTEM_PATH_MAX];
	char text[16];
	uint64_t value = 0;
	int failure;

	*out = -1;
	if (!path_join(path, CPU_FOLDER "/cpu%u/topology/%s", cpu, name))
		return error_set(err, CELLA_LIMIT, "%s: too long a path", name);
	failure = system_text(sys, path, text, sizeof text);
	if (failure == ENOENT || failure == ENOTDIR || strcmp(text, "-1") == 0)
		return CELLA_OK;
	if (failure != 0)
		return error_errno(err, failure, "%s", path);
	TRY(number_read(text, INT_MAX, &value, path, err));
	*out = (int)value;
	return CELLA_OK;
}

/* --- cores --------------------------------------------------------------------------- */

const struct topology_core *topology_core_of(const struct topology *topology,
					     unsigned cpu)
{
	for (size_t i = 0; i < topology->num_cores; i++)
		if (cpus_has(&topology->cores[i].threads, cpu))
			return &topology->cores[i];
	return NULL;
}

static enum cella_status check_siblings(const struct topology *out, unsigned cpu,
					const struct cpus *threads, const char *path,
					struct cella_error *err)
{
	if (!cpus_has(threads, cpu))
		return error_set(err, CELLA_MALFORMED,
				 "%s: expected processor %u among those of its core",
				 path, cpu);
	for (size_t i = 0; i < out->num_cores; i++) {
		const struct cpus both = cpus_both(&out->cores[i].threads, threads);

		if (cpus_count(&both) > 0 &&
		    !cpus_are_equal(&out->cores[i].threads, threads))
			return error_set(err, CELLA_MALFORMED,
					 "%s: contradicts what processor %u says of its "
					 "core",
					 path, cpus_next(&both, 0));
	}
	return CELLA_OK;
}

static enum cella_status read_core(const struct system *sys, unsigned cpu,
				   struct topology *out, struct cella_error *err)
{
	struct topology_core core = { .node = -1 };
	char path[SYSTEM_PATH_MAX];

	if (!path_join(path, CPU_FOLDER "/cpu%u/topology/thread_siblings_list", cpu))
		return error_set(err, CELLA_LIMIT, "cpu%u: too long a path", cpu);
	TRY(topology_file_cpus(sys, path, &core.threads, err));
	TRY(check_siblings(out, cpu, &core.threads, path, err));
	if (topology_core_of(out, cpu) != NULL)
		return CELLA_OK;
	TRY(read_id(sys, cpu, "core_id", &core.id, err));
	TRY(read_id(sys, cpu, "physical_package_id", &core.package, err));
	out->cores[out->num_cores++] = core;
	return CELLA_OK;
}

/* Without the folders of topology, nothing is known of any core. */
static enum cella_status read_cores(const struct system *sys, struct topology *out,
				    struct cella_error *err)
{
	for (unsigned cpu = cpus_next(&out->online, 0); cpu < CPUS_MAX;
	     cpu = cpus_next(&out->online, cpu + 1)) {
		const enum cella_status status = read_core(sys, cpu, out, err);

		if (topology_is_unknown(status)) {
			out->num_cores = 0;
			return CELLA_OK;
		}
		TRY(status);
	}
	out->has_cores = true;
	return CELLA_OK;
}

/* --- nodes --------------------------------------------------------------------------- */

/* folder: of a node, or of the machine. */
static enum cella_status read_pages(const struct system *sys, const char *folder,
				    struct topology_pages pages[NUM_PAGE_SIZES],
				    struct cella_error *err)
{
	for (int size = PAGES_2M; size < NUM_PAGE_SIZES; size++) {
		const unsigned kib = page_size_mib((enum page_size)size) * 1024;
		char path[SYSTEM_PATH_MAX];

		if (!path_join(path, "%s/hugepages/hugepages-%ukB/nr_hugepages", folder,
			       kib))
			return error_set(err, CELLA_LIMIT, "%s: too long a path", folder);
		TRY(topology_file_number(sys, path, &pages[size].total, err));
		if (path_join(path, "%s/hugepages/hugepages-%ukB/free_hugepages", folder,
			      kib))
			TRY(topology_file_number(sys, path, &pages[size].free, err));
		if (pages[size].free > pages[size].total)
			return error_set(err, CELLA_MALFORMED,
					 "%s: more pages are free than there are", path);
	}
	return CELLA_OK;
}

static enum cella_status read_reserved(const struct system *sys, struct topology *out,
				       struct cella_error *err)
{
	for (int size = PAGES_2M; size < NUM_PAGE_SIZES; size++) {
		char path[SYSTEM_PATH_MAX];

		if (path_join(path,
			      PAGES_FOLDER "/hugepages/hugepages-%ukB/resv_hugepages",
			      page_size_mib((enum page_size)size) * 1024))
			TRY(topology_file_number(sys, path, &out->reserved[size], err));
	}
	return CELLA_OK;
}

/* What the cache of files holds is given back when it is needed. */
static enum cella_status read_node_memory(const struct system *sys, const char *path,
					  struct topology_node *out,
					  struct cella_error *err)
{
	static const char *const parts[] = { "MemFree", "Active(file)",
					     "Inactive(file)" };
	struct out text CLEANUP(out_cleanup) = { 0 };

	TRY(topology_file(sys, path, &text, err));
	TRY(topology_field(out_view(&text), "MemTotal", path, &out->total_kib, err));
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		uint64_t kib = 0;
		const enum cella_status status =
			topology_field(out_view(&text), parts[i], path, &kib, err);

		if (status != CELLA_MISSING)
			TRY(status);
		if (kib > INT64_MAX / 4)
			return error_set(err, CELLA_LIMIT, "%s: %s: too much", path,
					 parts[i]);
		out->free_kib += kib;
	}
	return CELLA_OK;
}

static enum cella_status read_node(const struct system *sys, unsigned id,
				   struct topology *out, struct cella_error *err)
{
	struct topology_node *const node = &out->nodes[out->num_nodes];
	char folder[SYSTEM_PATH_MAX];
	char path[SYSTEM_PATH_MAX];

	*node = (struct topology_node){ .id = id };
	if (!path_join(folder, NODE_FOLDER "/node%u", id) ||
	    !path_join(path, NODE_FOLDER "/node%u/cpulist", id))
		return error_set(err, CELLA_LIMIT, "node%u: too long a path", id);
	TRY(topology_file_cpus(sys, path, &node->cpus, err));
	for (size_t i = 0; i < out->num_nodes; i++) {
		const struct cpus both = cpus_both(&out->nodes[i].cpus, &node->cpus);

		if (cpus_count(&both) > 0)
			return error_set(err, CELLA_MALFORMED,
					 "%s: processor %u is in node %u already", path,
					 cpus_next(&both, 0), out->nodes[i].id);
	}
	if (path_join(path, NODE_FOLDER "/node%u/meminfo", id))
		TRY(read_node_memory(sys, path, node, err));
	TRY(read_pages(sys, folder, node->pages, err));
	out->num_nodes++;
	return CELLA_OK;
}

/* A machine without nodes is one node. */
static enum cella_status make_node(const struct system *sys, struct topology *out,
				   struct cella_error *err)
{
	out->nodes[0] = (struct topology_node){
		.cpus = out->online,
		.total_kib = out->total_kib,
		.free_kib = out->available_kib,
	};
	out->num_nodes = 1;
	return read_pages(sys, PAGES_FOLDER, out->nodes[0].pages, err);
}

static enum cella_status read_nodes(const struct system *sys, struct topology *out,
				    struct cella_error *err)
{
	static const char path[] = NODE_FOLDER "/online";
	struct cpus ids = { { 0 } };
	const enum cella_status status = topology_file_cpus(sys, path, &ids, err);

	if (topology_is_unknown(status))
		return make_node(sys, out, err);
	TRY(status);
	if (cpus_next(&ids, TOPOLOGY_MAX_NODES) < CPUS_MAX)
		return error_set(err, CELLA_LIMIT, "%s: a node beyond %d", path,
				 TOPOLOGY_MAX_NODES - 1);
	for (unsigned id = cpus_next(&ids, 0); id < CPUS_MAX;
	     id = cpus_next(&ids, id + 1))
		TRY(read_node(sys, id, out, err));
	if (out->num_nodes == 0)
		return error_set(err, CELLA_MALFORMED, "%s: expected a node", path);
	return CELLA_OK;
}

/* A core in two nodes cannot be; one in none has memory from anywhere. */
static enum cella_status place_cores(struct topology *out, struct cella_error *err)
{
	for (size_t i = 0; i < out->num_cores; i++) {
		struct topology_core *const core = &out->cores[i];

		for (size_t n = 0; n < out->num_nodes; n++) {
			const struct cpus both =
				cpus_both(&core->threads, &out->nodes[n].cpus);

			if (cpus_count(&both) == 0)
				continue;
			if (core->node >= 0)
				return error_set(err, CELLA_MALFORMED,
						 "processor %u: its core is in two nodes",
						 cpus_next(&core->threads, 0));
			core->node = (int)n;
		}
		if (core->node < 0 && out->num_nodes == 1)
			core->node = 0;
	}
	return CELLA_OK;
}

/* --- what this process may use ------------------------------------------------------- */

/* "CapEff:\t000001ffffffffff" */
static bool can_raise(struct cella_bytes status)
{
	static const char name[] = "CapEff:";
	struct cella_bytes line;
	uint8_t rights[CAPABILITY_BYTES] = { 0 };

	while (lines_next(&status, &line)) {
		if (!line_starts_with(line, name))
			continue;
		line = text_trim(
			bytes_slice(line, sizeof name - 1, line.len - (sizeof name - 1)));
		if (hex_read(line, rights, sizeof rights, name, NULL) != CELLA_OK)
			return false;
	}
	/* Most significant byte first. */
	return (rights[CAPABILITY_BYTES - 1 - CAP_SYS_RESOURCE_BIT / 8] >>
			(CAP_SYS_RESOURCE_BIT % 8) &
		1) != 0;
}

static enum cella_status read_allowed(struct cella_bytes status, struct topology *out,
				      struct cella_error *err)
{
	static const char name[] = "Cpus_allowed_list:";
	struct cella_bytes line;
	struct cpus allowed = { { 0 } };

	while (lines_next(&status, &line)) {
		if (!line_starts_with(line, name))
			continue;
		line = text_trim(
			bytes_slice(line, sizeof name - 1, line.len - (sizeof name - 1)));
		TRY(cpus_read(line, "/proc/self/status: Cpus_allowed_list", &allowed,
			      err));
		out->allowed = cpus_both(&out->online, &allowed);
	}
	return CELLA_OK;
}

static enum cella_status read_own(const struct system *sys, struct topology *out,
				  struct cella_error *err)
{
	struct out text CLEANUP(out_cleanup) = { 0 };
	struct out limits CLEANUP(out_cleanup) = { 0 };
	enum cella_status status = topology_file(sys, "/proc/self/status", &text, err);

	out->allowed = out->online;
	if (!topology_is_unknown(status)) {
		TRY(status);
		TRY(read_allowed(out_view(&text), out, err));
		out->can_raise_limits = can_raise(out_view(&text));
	}
	status = topology_file(sys, "/proc/self/limits", &limits, err);
	if (topology_is_unknown(status))
		return CELLA_OK;
	TRY(status);
	status = topology_lock_limit(out_view(&limits), "/proc/self/limits",
				     &out->lock_limit, err);
	return status == CELLA_MISSING ? CELLA_OK : status;
}

static enum cella_status read_memory(const struct system *sys, struct topology *out,
				     struct cella_error *err)
{
	static const char path[] = "/proc/meminfo";
	struct out text CLEANUP(out_cleanup) = { 0 };

	TRY(topology_file(sys, path, &text, err));
	TRY(topology_field(out_view(&text), "MemTotal", path, &out->total_kib, err));
	return topology_field(out_view(&text), "MemAvailable", path, &out->available_kib,
			      err);
}

static enum cella_status read_all(const struct system *sys, struct topology *out,
				  struct cella_error *err)
{
	TRY(topology_file_cpus(sys, CPU_FOLDER "/online", &out->online, err));
	TRY(read_memory(sys, out, err));
	TRY(read_own(sys, out, err));
	TRY(topology_read_cgroup(sys, out, err));
	if (cpus_count(&out->allowed) == 0)
		return error_set(
			err, CELLA_MALFORMED,
			"no processor that is online may be used: see " CPU_FOLDER
			"/online and /proc/self/status");
	TRY(read_cores(sys, out, err));
	TRY(read_nodes(sys, out, err));
	TRY(place_cores(out, err));
	return read_reserved(sys, out, err);
}

enum cella_status topology_read(const char *root, struct topology *out,
				struct cella_error *err)
{
	struct topology *topology CLEANUP_FREE = calloc(1, sizeof *topology);
	struct system sys = { .fd = -1 };
	/* What a machine need not have leaves its mark here, and not in *err. */
	struct cella_error failure = { 0 };
	enum cella_status status;

	if (topology == NULL)
		return error_nomem(err);
	topology->lock_limit = TOPOLOGY_UNLIMITED;
	TRY(system_open(&sys, root, err));
	status = read_all(&sys, topology, &failure);
	system_close(&sys);
	if (status == CELLA_OK)
		*out = *topology;
	else if (err != NULL)
		*err = failure;
	return status;
}
