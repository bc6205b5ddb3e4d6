/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trust root of a command line.
 */
#include "cli/trust.h"

#include "appraise/trust_root.h"
#include "fetch/files.h"

#include <string.h>

enum { ROOT_FILE_MAX = 64 << 10 };

enum cella_status trusted_key(const char *path, uint8_t out[64], struct cella_error *err)
{
	struct trust_root *root CLEANUP(trust_root_cleanup) = NULL;
	struct out bytes CLEANUP(out_done) = { 0 };

	if (path != NULL)
		TRY(file_read(path, ROOT_FILE_MAX, &bytes, err));
	if (trust_root_find(path == NULL ? CELLA_ROOT_INTEL : CELLA_ROOT_GIVEN,
			    out_view(&bytes), NULL, &root, err) != CELLA_OK) {
		error_prefix(err, "%s", path != NULL ? path : "trust root");
		return err->status;
	}
	memcpy(out, root->point, sizeof root->point);
	return CELLA_OK;
}
