/* SPDX-License-Identifier: Apache-2.0 */
#include "simulated.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_MAX = 1 << 20, MAX_ARGS = 8 };

bool simulated_platform(char path[PATH_MAX])
{
	struct stat st;

	if (!own_path("simulated-platform", path) || stat(path, &st) != 0)
		return false;
	say("SIMULATED: %s stands in for real hardware and proves nothing", path);
	return true;
}

static bool wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fails("cella sim", NULL);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		say("cella sim failed");
		return false;
	}
	return true;
}

/* Starts a program with its standard output into a file descriptor; there is no shell. */
static bool start(char *const *args, int output, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int failure = posix_spawn_file_actions_init(&actions);

	if (failure == 0) {
		failure = posix_spawn_file_actions_adddup2(&actions, output, 1);
		if (failure == 0)
			failure =
				posix_spawn(pid, args[0], &actions, NULL, args, environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	errno = failure;
	return failure == 0 || fails(args[0], NULL);
}

static bool run_cella(const char *const *args, struct buffer *out)
{
	BUFFER output = { NULL, 0 };
	int ends[2];
	pid_t pid = -1;
	bool done;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return fails("pipe", NULL);
	done = start((char *const *)args, ends[1], &pid);
	close(ends[1]);
	done = done && read_fd(ends[0], "cella sim", OUTPUT_MAX, &output);
	close(ends[0]);
	if (pid > 0)
		done = wait_for(pid) && done;
	if (!done)
		return false;
	*out = output;
	output = (struct buffer){ NULL, 0 };
	return true;
}

static bool ask(const char *what, const char *platform, const uint8_t report_data[64],
		const char *kind, struct buffer *out)
{
	/* The Makefile says where the command is. */
	const char *args[MAX_ARGS] = { CELLA_COMMAND, "sim", what, platform };
	char hex[2 * 64 + sizeof "--report-data="] = "--report-data=";
	size_t num_args = 4;

	for (size_t i = 0; report_data != NULL && i < 64; i++)
		sprintf(hex + strlen(hex), "%02x", report_data[i]);
	if (report_data != NULL)
		args[num_args++] = hex;
	if (kind != NULL)
		args[num_args++] = kind;
	args[num_args] = NULL;
	return run_cella(args, out);
}

bool simulated_report(const char *platform, const uint8_t report_data[64],
		      struct buffer *out)
{
	return ask("report", platform, report_data, NULL, out);
}

bool simulated_quote(const char *platform, const uint8_t report_data[64],
		     struct buffer *out)
{
	/* The kind that TDX 1.5 instances make. */
	return ask("quote", platform, report_data, "--kind=tdx-v5", out);
}

bool simulated_collateral(const char *platform, struct buffer *out)
{
	return ask("collateral", platform, NULL, NULL, out);
}

bool simulated_root(const char *platform, struct buffer *out)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "%s/root.pem", platform) >= (int)sizeof path) {
		say("%s: the path is too long", platform);
		return false;
	}
	return read_file(path, OUTPUT_MAX, out);
}
