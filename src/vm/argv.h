/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command line in the making.
 */
#ifndef VM_ARGV_H
#define VM_ARGV_H

#include "base/attr.h"
#include "base/error.h"

#include <stdbool.h>

enum { ARGV_MAX = 256 };

/* struct argv - owns its texts; argv_done() frees them. items ends with NULL. */
struct argv {
	char *items[ARGV_MAX + 1];
	size_t num_items;
	bool failed;
};

void argv_add(struct argv *argv, const char *format, ...) PRINTF(2, 3);

/* argv_status() is CELLA_NOMEM or CELLA_LIMIT when anything was not added. */
enum cella_status argv_status(const struct argv *argv,
			      struct cella_error *err) MUST_CHECK;

void argv_done(struct argv *argv);

#endif
