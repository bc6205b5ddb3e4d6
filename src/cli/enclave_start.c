/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor's standard error leads here until it runs: it tells its states on it, and
 * why it cannot begin.
 */
#include "cli/enclave_start.h"

#include "base/json.h"
#include "cli/enclave_args.h"
#include "guest/io.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 64 << 10 };

struct hearing {
	const struct common_args *common;
	enum enclave_telling telling;
	struct out words; /* its last */
	json_t *status;   /* once it lasts */
};

static void hearing_done(struct hearing *hearing)
{
	out_done(&hearing->words);
	json_decref(hearing->status);
}

enum cella_status enclave_execute(const struct argv *argv, struct cella_error *err)
{
	execvp(argv->items[0], argv->items);
	return error_errno(err, errno, "%s", argv->items[0]);
}

static _Noreturn void become_supervisor(const struct argv *argv, int tell)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct cella_error err = { 0 };

	if (setsid() < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 || dup2(tell, STDERR_FILENO) < 0)
		_exit(EXIT_UNDECIDED);
	if (enclave_execute(argv, &err) != CELLA_OK)
		dprintf(STDERR_FILENO, "%s\n", err.text);
	_exit(EXIT_UNDECIDED);
}

/* --- what it says -------------------------------------------------------------------- */

static enum cella_status hear_words(struct hearing *hearing, struct cella_bytes line,
				    struct cella_error *err)
{
	static const char self[] = "cella: ";
	const size_t skip = line.len >= sizeof self - 1 &&
					    memcmp(line.data, self, sizeof self - 1) == 0
				    ? sizeof self - 1
				    : 0;

	if (line.len == 0)
		return CELLA_OK;
	hearing->words.len = 0;
	out_bytes(&hearing->words, line.data + skip, line.len - skip);
	if (hearing->telling == ENCLAVE_TELLS_WORDS && skip > 0)
		note(hearing->common, "%.*s", (int)hearing->words.len,
		     (const char *)hearing->words.data);
	return out_status(&hearing->words, err);
}

static bool is_one_of(const char *text, const char *const names[], size_t num)
{
	for (size_t i = 0; i < num; i++)
		if (strcmp(text, names[i]) == 0)
			return true;
	return false;
}

static enum cella_status hear_state(struct hearing *hearing, struct cella_bytes line,
				    struct cella_error *err)
{
	static const char *const lasting[] = { "running", "waiting", "stopped" };
	json_t *status CLEANUP_JSON = NULL;
	const json_t *warnings;
	const char *name;
	const char *state;

	TRY(enclave_status_parse(line, &status, err));
	name = enclave_status_text(status, "name");
	state = enclave_status_text(status, "state");
	if (strcmp(state, "failed") == 0)
		return error_set(err, CELLA_IO, "%s: %s", name,
				 enclave_status_text(status, "cause"));
	if (strcmp(state, "stopped") == 0 && hearing->telling == ENCLAVE_TELLS_STATES)
		return error_set(err, CELLA_IO, "%s: was stopped before it was ready",
				 name);
	if (strcmp(state, "running") == 0 && hearing->telling == ENCLAVE_TELLS_STATES)
		note(hearing->common, "%s: running by %s (%s)", name,
		     enclave_status_text(status, "backend"),
		     enclave_status_text(status, "backend_reason"));
	warnings = json_object_get(status, "warnings");
	for (size_t i = 0; i < json_array_size(warnings); i++)
		note(hearing->common, "warning: %s",
		     json_string_value(json_array_get(warnings, i)));
	if (is_one_of(state, lasting, ARRAY_LEN(lasting)))
		hearing->status = take(&status);
	else if (hearing->telling == ENCLAVE_TELLS_STATES)
		note(hearing->common, "%s: %s", name, state);
	return CELLA_OK;
}

/* It ends without a state that lasts: what it said last is why. */
static enum cella_status explain(const struct hearing *hearing,
				 const struct deadline *deadline, struct cella_error *err)
{
	if (deadline_left_ms(deadline) == 0)
		return error_set(err, CELLA_IO,
				 "is not ready in time, and goes on starting: see cella "
				 "enclave list");
	if (hearing->words.len == 0)
		return error_set(err, CELLA_IO, "cellad: ends without a word");
	return error_set(err, CELLA_IO, "%.*s", (int)hearing->words.len,
			 (const char *)hearing->words.data);
}

static enum cella_status await(struct hearing *hearing, int fd, int64_t seconds,
			       struct cella_error *err)
{
	const struct deadline deadline = deadline_in(seconds);

	while (hearing->status == NULL) {
		struct out line CLEANUP(out_done) = { 0 };
		struct cella_bytes view;

		if (io_read_line(fd, LINE_MAX_LEN, &line, &deadline, "cellad", NULL) !=
		    CELLA_OK)
			return explain(hearing, &deadline, err);
		view = out_view(&line);
		if (view.len > 0 && view.data[0] == '{')
			TRY(hear_state(hearing, view, err));
		else
			TRY(hear_words(hearing, view, err));
	}
	return CELLA_OK;
}

/* --- who does not want to wait any more ---------------------------------------------- */

/* For the handler, which has nothing else. */
static volatile sig_atomic_t starting;

/* The supervisor ends what has begun, and tells so. */
static void stop_it(int number UNUSED)
{
	kill((pid_t)starting, SIGTERM);
}

/* The first interruption is the supervisor's; by the second one, this process ends. */
static void pass_on_interruptions(pid_t pid)
{
	static const int numbers[] = { SIGINT, SIGTERM };
	const struct sigaction action = { .sa_handler = stop_it,
					  .sa_flags = (int)SA_RESETHAND | SA_RESTART };
	struct sigaction kept;

	starting = pid;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (sigaction(numbers[i], NULL, &kept) == 0 && kept.sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
}

enum cella_status enclave_start(const struct common_args *common, const struct argv *argv,
				enum enclave_telling telling, int64_t seconds,
				json_t **status, struct cella_error *err)
{
	struct hearing hearing CLEANUP(hearing_done) = { .common = common,
							 .telling = telling };
	int hear CLEANUP_CLOSE = -1;
	int tell CLEANUP_CLOSE = -1;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_errno(err, errno, "pipe");
	hear = ends[0];
	tell = ends[1];
	pid = fork();
	if (pid < 0)
		return error_errno(err, errno, "fork");
	if (pid == 0)
		become_supervisor(argv, tell);
	io_close(&tell);
	if (telling == ENCLAVE_TELLS_STATES)
		pass_on_interruptions(pid);
	TRY(await(&hearing, hear, seconds, err));
	*status = take(&hearing.status);
	return CELLA_OK;
}
