/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request leaves open, and what of it an image decides.
 */
#ifndef VM_RESOURCE_NEEDS_H
#define VM_RESOURCE_NEEDS_H

#include "evidence/eif.h"
#include "vm/resources.h"

enum { RESOURCE_LEAST_MEMORY_MIB = 96, RESOURCE_USUAL_MEMORY_MIB = 128 };

/*
 * resource_needs() sets the image's sizes, and vCPUs and memory where they are 0: the
 * processors of a list, or one; the memory that the image starts with. image may be NULL.
 */
void resource_needs(const struct eif *image, struct resource_request *request);

#endif
