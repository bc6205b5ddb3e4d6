/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file, or those of a folder.
 */
#include "vm/signers.h"

#include "guest/io.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

static enum cella_status add_file(const char *path, enum owned_by who,
				  struct eif_certs *out, struct cella_error *err)
{
	struct out pem CLEANUP(out_done) = { 0 };
	struct eif_certs certs = { .num_certs = 0 };

	TRY(owned_read(path, who, SIGNERS_MAX_LEN, &pem, err));
	TRY(eif_certs_parse(out_view(&pem), path, &certs, err));
	if (certs.num_certs > EIF_MAX_CERTS - out->num_certs) {
		eif_certs_done(&certs);
		return error_set(err, CELLA_LIMIT, "%.90s: more than %d certificates",
				 path, EIF_MAX_CERTS);
	}
	for (size_t i = 0; i < certs.num_certs; i++)
		out->certs[out->num_certs++] = certs.certs[i];
	return CELLA_OK;
}

static void close_folder(DIR **folder)
{
	if (*folder != NULL)
		closedir(*folder);
}

static enum cella_status add_folder(const char *path, int fd, enum owned_by who,
				    struct eif_certs *out, struct cella_error *err)
{
	int copy CLEANUP_CLOSE = fd;
	DIR *folder CLEANUP(close_folder) = fdopendir(copy);
	const struct dirent *entry;
	unsigned num = 0;

	if (folder == NULL)
		return error_errno(err, errno, "%.90s", path);
	copy = -1; /* it is the folder's now */
	while ((entry = readdir(folder)) != NULL) {
		char file[PATH_MAX];

		if (entry->d_name[0] == '.')
			continue;
		if (++num > SIGNERS_MAX_FILES ||
		    snprintf(file, sizeof file, "%s/%s", path, entry->d_name) >=
			    (int)sizeof file)
			return error_set(err, CELLA_LIMIT,
					 "%.90s: more than %d files, or too long names",
					 path, SIGNERS_MAX_FILES);
		TRY(add_file(file, who, out, err));
	}
	return CELLA_OK;
}

static enum cella_status read_any(const char *path, enum owned_by who,
				  struct eif_certs *out, struct cella_error *err)
{
	int fd CLEANUP_CLOSE = -1;
	struct stat st;

	TRY(owned_open(path, who, &fd, err));
	if (fstat(fd, &st) != 0)
		return error_errno(err, errno, "%.90s", path);
	if (!S_ISDIR(st.st_mode))
		return add_file(path, who, out, err);
	return add_folder(path, io_take(&fd), who, out, err);
}

enum cella_status signers_read(const char *path, enum owned_by who, struct eif_certs *out,
			       struct cella_error *err)
{
	struct eif_certs certs CLEANUP(eif_certs_done) = { .num_certs = 0 };

	TRY(read_any(path, who, &certs, err));
	if (certs.num_certs == 0)
		return error_set(err, CELLA_MISSING, "%.90s: holds no certificate", path);
	*out = certs;
	certs.num_certs = 0;
	return CELLA_OK;
}
