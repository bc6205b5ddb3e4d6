/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding and running programs.
 */
#include "collect/program.h"

#include "base/close.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_USAGE = 2 };

static bool join(char path[PROGRAM_PATH_MAX], const char *dir, size_t dir_len,
		 const char *name)
{
	return snprintf(path, PROGRAM_PATH_MAX, "%.*s/%s", (int)dir_len, dir, name) <
		       PROGRAM_PATH_MAX &&
	       access(path, X_OK) == 0;
}

void program_find(const char *name, char path[PROGRAM_PATH_MAX])
{
	char self[PROGRAM_PATH_MAX];
	const ssize_t len = readlink("/proc/self/exe", self, sizeof self);
	const char *const slash = len > 0 ? memrchr(self, '/', (size_t)len) : NULL;

	if (slash != NULL && join(path, self, (size_t)(slash - self), name))
		return;
	if (join(path, CELLA_LIBEXECDIR, strlen(CELLA_LIBEXECDIR), name))
		return;
	snprintf(path, PROGRAM_PATH_MAX, "%s", name);
}

bool program_search(const char *name, char path[PROGRAM_PATH_MAX])
{
	const char *folder = getenv("PATH");

	program_find(name, path);
	if (strchr(path, '/') != NULL)
		return true;
	while (folder != NULL) {
		const size_t len = strcspn(folder, ":");

		if (join(path, len > 0 ? folder : ".", len > 0 ? len : 1, name))
			return true;
		folder = folder[len] == ':' ? folder + len + 1 : NULL;
	}
	return false;
}

enum cella_status program_start(char *const argv[], int input, int output, pid_t *pid,
				struct cella_error *err)
{
	posix_spawn_file_actions_t actions;
	int failure = posix_spawn_file_actions_init(&actions);

	if (failure != 0)
		return error_nomem(err);
	failure = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	if (failure == 0 && input != STDIN_FILENO)
		failure = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	if (failure == 0)
		failure = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (failure == ENOENT)
		return error_set(err, CELLA_MISSING,
				 "%s: there is no such program beside cella or in PATH",
				 argv[0]);
	return failure == 0 ? CELLA_OK : error_errno(err, failure, "%s", argv[0]);
}

static enum cella_status read_all(int fd, size_t max_len, struct out *out,
				  struct cella_error *err)
{
	const size_t start = out->len;
	uint8_t buffer[16384];

	for (;;) {
		const ssize_t got = read(fd, buffer, sizeof buffer);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, errno, "a program's output");
		if (got == 0)
			return out_status(out, err);
		if ((size_t)got > max_len - (out->len - start))
			return error_set(err, CELLA_LIMIT,
					 "a program's output: longer than %zu bytes",
					 max_len);
		out_bytes(out, buffer, (size_t)got);
	}
}

enum cella_status program_await(pid_t pid, const char *name, struct cella_error *err)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "%s", name);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return CELLA_OK;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_USAGE)
		return error_set(err, CELLA_USAGE, "%s did not accept its arguments",
				 name);
	return error_set(err, CELLA_IO, "%s failed", name);
}

enum cella_status program_run(char *const argv[], size_t max_len, struct out *out,
			      struct cella_error *err)
{
	int ends[2] = { -1, -1 };
	enum cella_status read_status;
	enum cella_status end_status;
	pid_t pid = -1;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_errno(err, errno, "a pipe");
	int reading CLEANUP_CLOSE = ends[0];
	int writing CLEANUP_CLOSE = ends[1];
	TRY(program_start(argv, STDIN_FILENO, writing, &pid, err));
	close(writing);
	writing = -1;
	read_status = read_all(reading, max_len, out, err);
	/* Whoever still writes must not wait for us. */
	close(reading);
	reading = -1;
	end_status = program_await(pid, argv[0], read_status == CELLA_OK ? err : NULL);
	return read_status != CELLA_OK ? read_status : end_status;
}
