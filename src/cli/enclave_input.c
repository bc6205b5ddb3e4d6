/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images and folders for commands about enclaves.
 */
#include "cli/enclave_input.h"

#include "cli/source.h"
#include "fetch/files.h"

#include <stdio.h>

enum { CACHE_PATH_MAX = 4096 };

enum cella_status enclave_cache_folder(const char *name, struct out *path,
				       struct cella_error *err)
{
	char cache[CACHE_PATH_MAX];

	if (!source_cache(cache, sizeof cache))
		return error_set(err, CELLA_MISSING,
				 "there is no folder to keep things in: neither "
				 "XDG_CACHE_HOME nor HOME is set");
	out_format(path, "%s/%s", cache, name);
	return out_status(path, err);
}

enum cella_status enclave_read(const char *path, struct out *file, struct eif *out,
			       struct cella_error *err)
{
	enum cella_status status;

	TRY(file_read(path, EIF_MAX, file, err));
	status = eif_parse(out_view(file), out, err);
	if (status != CELLA_OK)
		error_prefix(err, "%s", path);
	return status;
}
