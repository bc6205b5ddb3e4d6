/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared helpers of the unit tests.
 */
#include "support.h"

#include "fetch/files.h"

#include <stdio.h>

struct out vector_read(const char *name)
{
	struct cella_error err = { 0 };
	struct out bytes = { 0 };
	char path[512];

	snprintf(path, sizeof path, "%s/%s", getenv("CELLA_VECTORS"), name);
	CHECK_OK(file_read(path, 4 << 20, &bytes, &err));
	return bytes;
}

bool has_vectors(void)
{
	const char *const folder = getenv("CELLA_VECTORS");

	if (folder != NULL && *folder != '\0')
		return true;
	puts("1..0 # SKIP CELLA_VECTORS is not set");
	return false;
}
