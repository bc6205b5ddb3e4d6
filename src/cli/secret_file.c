/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading secrets.
 */
#include "cli/secret_file.h"

#include "fetch/files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

void secret_done(struct out *out)
{
	if (out->data != NULL)
		explicit_bzero(out->data, out->len);
	out_done(out);
}

static enum cella_status check_mode(const char *path, const char *what,
				    struct cella_error *err)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return CELLA_OK;
	if (stat(path, &st) != 0)
		return error_errno(err, errno, "%s", path);
	if (S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
		return error_set(err, CELLA_IO,
				 "%s: %s that others may use (mode %04o): "
				 "'chmod 600' it, or make a new one",
				 path, what, (unsigned)st.st_mode & 07777);
	return CELLA_OK;
}

enum cella_status secret_read(const char *path, const char *what, size_t max_len,
			      struct out *out, struct cella_error *err)
{
	TRY(check_mode(path, what, err));
	return file_read(path, max_len, out, err);
}
