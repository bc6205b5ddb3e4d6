/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root of a simulated platform: of a libdcap_quoteprov that is never installed.
 */
#include "compat/quoteprov_place.h"

#include "appraise/trust_root.h"
#include "fetch/files.h"

#include <string.h>

enum { ROOT_FILE_MAX = 64 << 10 };

enum cella_status quoteprov_root(uint8_t out[64], struct cella_error *err)
{
	struct trust_root *root CLEANUP(trust_root_cleanup) = NULL;
	struct out bytes CLEANUP(out_done) = { 0 };

	TRY(file_read(getenv("TEST_ROOT"), ROOT_FILE_MAX, &bytes, err));
	TRY(trust_root_find(CELLA_ROOT_GIVEN, out_view(&bytes), NULL, &root, err));
	memcpy(out, root->point, sizeof root->point);
	return CELLA_OK;
}

const char *quoteprov_fetch(void)
{
	return getenv("TEST_FETCH");
}
