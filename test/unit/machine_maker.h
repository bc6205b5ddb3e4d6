/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees of files that stand for machines: what the kernel tells of processors, memory and
 * control groups, written from a short description.
 */
#ifndef TEST_MACHINE_MAKER_H
#define TEST_MACHINE_MAKER_H

#include <stddef.h>
#include <stdint.h>

enum { MADE_MAX_CORES = 80, MADE_MAX_NODES = 4, MADE_PATH_MAX = 400 };

struct made_core {
	const char *threads; /* NULL: ends the list */
	int id;
	int package;
	unsigned node;
};

struct made_machine {
	const char *online;
	const char *allowed; /* NULL: all that are online */
	struct made_core cores[MADE_MAX_CORES];
	unsigned num_nodes; /* 0: a kernel without nodes */
	unsigned node_mib;  /* of each */
	unsigned free_mib;  /* of each; 0: all of it */
	unsigned pages_2m[MADE_MAX_NODES];
	unsigned pages_1g[MADE_MAX_NODES];
	const char *group; /* of this process; NULL: none */
	const char *controllers;
	const char *memory_max;
	const char *memory_current;
	const char *cpu_max;
	const char *lock_limit; /* NULL: unlimited */
	const char *capabilities;
};

/* made_machine_write() makes the tree in a new folder, whose path is returned. */
void made_machine_write(const struct made_machine *machine, char root[MADE_PATH_MAX]);

/* made_file() writes a file of it, whatever was there. */
void made_file(const char *root, const char *path, const char *text);

/* made_machine_remove() removes it. */
void made_machine_remove(const char *root);

#endif
