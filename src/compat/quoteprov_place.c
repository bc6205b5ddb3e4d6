/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel's root, and the program that was installed with this library: neither the folder of
 * the program that uses it nor a variable leads to another.
 */
#include "compat/quoteprov_place.h"

#include "appraise/trust_root.h"

#include <string.h>

enum cella_status quoteprov_root(uint8_t out[64], struct cella_error *err)
{
	struct trust_root *root CLEANUP(trust_root_cleanup) = NULL;

	TRY(trust_root_find(CELLA_ROOT_INTEL, bytes_of(NULL, 0), NULL, &root, err));
	memcpy(out, root->point, sizeof root->point);
	return CELLA_OK;
}

const char *quoteprov_fetch(void)
{
	return CELLA_LIBEXECDIR "/cella-fetch";
}
