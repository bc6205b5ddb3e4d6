/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella sim: the simulator, which is a program of its own.
 */
#include "cli/commands.h"

#include "collect/program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Becomes cella-sim; returns only when that fails. */
static int forward(int argc, char **argv)
{
	char path[PROGRAM_PATH_MAX];
	char **args CLEANUP_FREE = calloc((size_t)argc + 2, sizeof *args);
	struct cella_error err = { 0 };

	if (args == NULL) {
		error_nomem(&err);
		return fail(&err);
	}
	program_find("cella-sim", path);
	args[0] = path;
	memcpy(args + 1, argv, (size_t)argc * sizeof *argv);
	execvp(path, args);
	error_errno(&err, errno, "%s", path);
	return fail(&err);
}

const struct command cmd_sim = {
	.name = "sim",
	.operands = "COMMAND …",
	.summary = "Simulate a platform (runs cella-sim)",
	.forward = forward,
};
