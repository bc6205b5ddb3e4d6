/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral.h"

#include "simulated.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#define DEFAULT_COLLATERAL "collateral"

enum { MAX_FILES = 64 };

static bool add_document(struct cella_collateral_builder *builder, const char *path)
{
	BUFFER bytes = { NULL, 0 };
	struct cella_error err;

	if (!read_file(path, CELLA_COLLATERAL_PART_MAX, &bytes))
		return false;
	if (cella_collateral_builder_add(builder, path, bytes.data, bytes.len, &err) !=
	    CELLA_OK)
		return fails("collateral", &err);
	return true;
}

static bool add_entry(struct cella_collateral_builder *builder, const char *path,
		      const char *name)
{
	char file[PATH_MAX];

	if (snprintf(file, sizeof file, "%s/%s", path, name) < (int)sizeof file)
		return add_document(builder, file);
	say("%s: the path is too long", path);
	return false;
}

static bool add_entries(struct cella_collateral_builder *builder, const char *path,
			DIR *dir)
{
	const struct dirent *entry;
	size_t num_files = 0;

	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (++num_files > MAX_FILES) {
			say("%s: more than %d files", path, MAX_FILES);
			return false;
		}
		if (!add_entry(builder, path, entry->d_name))
			return false;
	}
	if (num_files == 0)
		say("%s: has no files", path);
	return num_files > 0;
}

static bool add_directory(struct cella_collateral_builder *builder, const char *path)
{
	DIR *const dir = opendir(path);
	bool done;

	if (dir == NULL)
		return fails(path, NULL);
	done = add_entries(builder, path, dir);
	closedir(dir);
	return done;
}

static bool add_simulated(struct cella_collateral_builder *builder, const char *platform)
{
	BUFFER bytes = { NULL, 0 };
	struct cella_error err;

	if (!simulated_collateral(platform, &bytes))
		return false;
	if (cella_collateral_builder_add(builder, "cella sim collateral", bytes.data,
					 bytes.len, &err) != CELLA_OK)
		return fails("collateral", &err);
	return true;
}

static bool add_collateral(struct cella_collateral_builder *builder, const char *path,
			   const char *platform)
{
	char own[PATH_MAX];
	struct stat st;

	if (path == NULL && platform[0] != '\0')
		return add_simulated(builder, platform);
	if (path == NULL && !own_path(DEFAULT_COLLATERAL, own))
		return false;
	if (path == NULL)
		path = own;
	if (stat(path, &st) != 0) {
		fails(path, NULL);
		say("without collateral nothing can be accepted: give the signed documents "
		    "about the platform with -collateral FILE|DIR");
		return false;
	}
	return S_ISDIR(st.st_mode) ? add_directory(builder, path)
				   : add_document(builder, path);
}

bool collateral_read(const char *path, const char *platform,
		     struct cella_collateral **out)
{
	struct cella_collateral_builder *builder = NULL;
	struct cella_error err;
	bool done;

	if (cella_collateral_builder_new(&builder, &err) != CELLA_OK)
		return fails("collateral", &err);
	done = add_collateral(builder, path, platform);
	if (done && cella_collateral_builder_finish(builder, out, &err) != CELLA_OK)
		done = fails("collateral", &err);
	cella_collateral_builder_free(builder);
	return done;
}
