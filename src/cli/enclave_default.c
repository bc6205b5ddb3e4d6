/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where it goes.
 */
#include "cli/enclave_default.h"

#include "vm/enclave_conf.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static enum cella_status read_conf(const char *path, struct enclave_conf *out,
				   struct cella_error *err)
{
	const enum owned_by who = path != NULL ? OWNED_BY_CALLER : OWNED_BY_ROOT;
	const char *const file = path != NULL ? path : ENCLAVE_CONF_PATH;
	const enum cella_status status = enclave_conf_read(file, who, out, err);

	if (path == NULL && status == CELLA_MISSING)
		return enclave_conf_parse(bytes_of(NULL, 0), file, out, err);
	return status;
}

enum cella_status enclave_make_folders(const char *path, struct cella_error *err)
{
	char *copy CLEANUP_FREE = strdup(path);

	if (copy == NULL)
		return error_nomem(err);
	for (char *slash = strchr(copy + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0755) != 0 && errno != EEXIST)
			return error_errno(err, errno, "%.100s", copy);
		*slash = '/';
	}
	return CELLA_OK;
}

enum cella_status enclave_default_output(const char *conf, struct out *path,
					 struct cella_error *err)
{
	struct enclave_conf settings CLEANUP(enclave_conf_done) = { .text = NULL };

	TRY(read_conf(conf, &settings, err));
	TRY(enclave_make_folders(settings.image, err));
	out_text(path, settings.image);
	return out_status(path, err);
}
