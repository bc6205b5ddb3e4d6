/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts that must stay as they are.
 */
#include "golden.h"

#include "support.h"

#include "fetch/files.h"

#include <stdio.h>

enum { GOLDEN_MAX = 1 << 20 };

static void make_path(char *out, size_t size, const char *folder, const char *name)
{
	const char *const golden = getenv("CELLA_GOLDEN");

	if (golden == NULL)
		fail_msg("CELLA_GOLDEN does not name the folder test/golden");
	snprintf(out, size, "%s/%s%s", golden, folder, name);
}

void golden_check(const char *name, const char *text)
{
	struct out expected CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	char path[512];

	make_path(path, sizeof path, "", name);
	if (getenv("UPDATE_GOLDEN") != NULL) {
		CHECK_OK(file_write(path, bytes_of(text, strlen(text)), 0644, &err));
		return;
	}
	CHECK_OK(file_read(path, GOLDEN_MAX, &expected, &err));
	if (expected.len != strlen(text) ||
	    (expected.len > 0 && memcmp(expected.data, text, expected.len) != 0))
		fail_msg("%s differs (UPDATE_GOLDEN=1 rewrites it); now:\n%s", name,
			 text);
}

char *source_text(const char *name)
{
	struct out bytes CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	char path[512];
	char *text = NULL;

	make_path(path, sizeof path, "../", name);
	CHECK_OK(file_read(path, GOLDEN_MAX, &bytes, &err));
	CHECK_OK(out_take_text(&bytes, &text, &err));
	return text;
}
