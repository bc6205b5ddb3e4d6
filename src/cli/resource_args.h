/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an enclave may be given of its machine: the options that `run` and `plan` share.
 */
#ifndef CLI_RESOURCE_ARGS_H
#define CLI_RESOURCE_ARGS_H

#include "cli/cli.h"
#include "vm/argv.h"
#include "vm/resources.h"

struct resource_args {
	const char *cores;
	const char *hugepages;
	struct moment keep;
	bool mem_lock;
	bool pin;
};

/* The rows for it, given where it is. */
#define RESOURCE_OPTIONS(offset) \
	{ "cores", \
	  0, \
	  "WHICH", \
	  OPTION_TEXT, \
	  (offset) + offsetof(struct resource_args, cores), \
	  "shared processors, whole cores of its own, or those of a list as 2-3; shared" }, \
		{ "pin", \
		  0, \
		  NULL, \
		  OPTION_FLAG, \
		  (offset) + offsetof(struct resource_args, pin), \
		  "keep each of its processors on one of the machine's" }, \
		{ "hugepages", \
		  0, \
		  "SIZE", \
		  OPTION_TEXT, \
		  (offset) + offsetof(struct resource_args, hugepages), \
		  "have its memory in huge pages: 2M, 1G or no; no" }, \
		{ "mem-lock", \
		  0, \
		  NULL, \
		  OPTION_FLAG, \
		  (offset) + offsetof(struct resource_args, mem_lock), \
		  "lock its memory, lest it be swapped out" }, \
	{ \
		"keep-memory", 0, "MIB", OPTION_NUMBER, \
			(offset) + offsetof(struct resource_args, keep), \
			"leave the machine so much memory; 512" \
	}

/* resource_args_read() reads them into a request. CELLA_USAGE. */
enum cella_status resource_args_read(const struct resource_args *args,
				     struct resource_request *out,
				     struct cella_error *err) MUST_CHECK;

/* resource_number_read() reads a number within limits, if it is given. CELLA_USAGE. */
enum cella_status resource_number_read(const struct moment *given, const char *name,
				       unsigned least, unsigned most, unsigned *out,
				       struct cella_error *err) MUST_CHECK;

/* resource_args_add() hands them on to a supervisor. */
void resource_args_add(const struct resource_args *args, struct argv *out);

#endif
