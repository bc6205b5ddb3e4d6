/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often the kernel has killed a process for lack of memory: a count that rises while a
 * process dies by SIGKILL says by whom.
 */
#ifndef VM_OOM_H
#define VM_OOM_H

#include <stdint.h>

/* Both are 0 where the kernel does not tell. */
struct oom_count {
	uint64_t own;  /* in this process's cgroup and below (cgroup2's memory.events) */
	uint64_t host; /* on the whole machine (/proc/vmstat) */
};

/* oom_count() asks; root is the file systems' root, "" for this machine's. */
struct oom_count oom_count(const char *root);

#endif
