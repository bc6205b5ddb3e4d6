/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the small files that tell of a machine, for topology.c and topology_cgroup.c.
 */
#ifndef VM_TOPOLOGY_FILES_H
#define VM_TOPOLOGY_FILES_H

#include "doctor/system.h"
#include "vm/topology.h"

enum { TOPOLOGY_FILE_MAX = 64 << 10 };

/*
 * topology_file() appends a file's text, without white space at its ends. CELLA_MISSING when
 * there is none, CELLA_IO when it may not be read, CELLA_LIMIT when it is too long.
 */
enum cella_status topology_file(const struct system *sys, const char *path,
				struct out *text, struct cella_error *err) MUST_CHECK;

/* topology_file_number() reads a file with a number; 0 when there is no such file. */
enum cella_status topology_file_number(const struct system *sys, const char *path,
				       uint64_t *out, struct cella_error *err) MUST_CHECK;

/* topology_file_cpus() reads a file with a list of processors. */
enum cella_status topology_file_cpus(const struct system *sys, const char *path,
				     struct cpus *out,
				     struct cella_error *err) MUST_CHECK;

/* topology_is_unknown() is true for what a machine need not tell. */
bool topology_is_unknown(enum cella_status status);

/* topology_read_cgroup() fills in the control group; out->allowed is narrowed to it. */
enum cella_status topology_read_cgroup(const struct system *sys, struct topology *out,
				       struct cella_error *err) MUST_CHECK;

#endif
