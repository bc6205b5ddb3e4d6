/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A validator for the part of JSON Schema (draft 2020-12) that this project's schemas use.
 * A keyword that it does not know is a fault of the schema: nothing is silently unchecked.
 */
#ifndef TEST_SCHEMA_H
#define TEST_SCHEMA_H

#include <stdbool.h>

#include <jansson.h>

struct schema_fault {
	char where[200]; /* "/checks/3/id" */
	char text[200];
};

/* schema_accepts() validates a value; *fault tells the first fault. */
bool schema_accepts(const json_t *schema, const json_t *value,
		    struct schema_fault *fault);

#endif
