/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz harness over files, or over all files of folders, once each: for tests, and
 * for looking at one input in a debugger. It prints how many there were; a harness that
 * finds something aborts, and the last line of the output names the file.
 */
#include "fuzz.h"

#include "fetch/files.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

enum { INPUT_MAX = 64 << 20 };

static size_t num_inputs;

/* On the heap with its exact length, so that sanitizers see its end. */
static void replay_file(const char *path)
{
	struct out bytes CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	uint8_t *copy;

	printf("# %s\n", path);
	fflush(stdout);
	if (file_read(path, INPUT_MAX, &bytes, &err) != CELLA_OK) {
		fprintf(stderr, "%s\n", err.text);
		exit(2);
	}
	copy = malloc(bytes.len > 0 ? bytes.len : 1);
	MUST(copy != NULL);
	if (bytes.len > 0)
		memcpy(copy, bytes.data, bytes.len);
	LLVMFuzzerTestOneInput(copy, bytes.len);
	free(copy);
	num_inputs++;
}

static void replay_path(const char *path)
{
	struct dirent **entries = NULL;
	const int num = scandir(path, &entries, NULL, alphasort);

	if (num < 0)
		replay_file(path);
	for (int i = 0; i < num; i++) {
		char inner[4096];

		snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			replay_file(inner);
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay_path(argv[i]);
	printf("%zu inputs\n", num_inputs);
	return num_inputs > 0 ? 0 : 2;
}
