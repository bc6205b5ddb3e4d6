/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a supervisor, and hearing of it. It is this program again, so that what a service
 * starts is what `cella enclave run` starts; it ends when the service does.
 */
#include "vm/keeper_parts.h"

#include "base/json.h"
#include "guest/io.h"
#include "vm/argv.h"
#include "vm/evm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHUNK = 4096, MAX_LEFT = 64, EXIT_NOT_STARTED = 1 };

/* --- starting ------------------------------------------------------------------------ */

static void add(struct argv *argv, const char *option, const char *value)
{
	argv_add(argv, "%s", option);
	argv_add(argv, "%s", value);
}

static void add_number(struct argv *argv, const char *option, uint64_t value)
{
	argv_add(argv, "%s", option);
	argv_add(argv, "%llu", (unsigned long long)value);
}

static void add_words(struct argv *argv, const char *option, const char *text)
{
	const char *word = NULL;

	for (size_t len; (len = enclave_conf_word(&text, &word)) > 0;) {
		argv_add(argv, "%s", option);
		argv_add(argv, "%.*s", (int)len, word);
	}
}

static void add_if(struct argv *argv, const char *option, const char *value)
{
	if (value != NULL)
		add(argv, option, value);
}

static void add_number_if(struct argv *argv, const char *option, uint64_t value)
{
	if (value != 0)
		add_number(argv, option, value);
}

static void add_flag_if(struct argv *argv, const char *option, bool is_wanted)
{
	if (is_wanted)
		argv_add(argv, "%s", option);
}

static void add_machine(struct argv *out, const struct enclave_conf *conf)
{
	add(out, "--backend", conf->backend);
	add_if(out, "--firmware", conf->firmware);
	add(out, "--qemu", conf->qemu);
	add_number_if(out, "--vcpus", conf->vcpus);
	add_number_if(out, "--memory", conf->memory_mib);
	add_number_if(out, "--cid", conf->cid);
	add(out, "--cores", conf->cpus);
	add(out, "--hugepages", conf->hugepages);
	add_number(out, "--keep-memory", conf->keep_memory);
	add_flag_if(out, "--pin", conf->pin);
	add_flag_if(out, "--mem-lock", conf->mem_lock);
	add_flag_if(out, "--debug", conf->debug);
}

static void add_ways(struct argv *out, const struct enclave_conf *conf)
{
	add(out, "--to-guest", conf->ports_in);
	add(out, "--from-guest", conf->ports_out);
	add_words(out, "--forward", conf->forward);
	add_words(out, "--egress", conf->egress);
}

static enum cella_status make_argv(const struct keeper *keeper, int states,
				   struct argv *out, struct cella_error *err)
{
	const struct enclave_conf *const conf = &keeper->conf;

	argv_add(out, "cellad");
	add(out, "--name", keeper->options.name);
	add(out, "--image", conf->image);
	add(out, "--host", conf->host);
	add(out, "--run-dir", keeper->base);
	add_if(out, "--trusted-signers", conf->trusted_signers);
	add_if(out, "--tpm-state", conf->tpm_state);
	add_machine(out, conf);
	add_ways(out, conf);
	add_number(out, "--boot-timeout", conf->boot_timeout);
	add_number(out, "--stop-timeout", conf->stop_timeout);
	add_number(out, "--ready", (uint64_t)states);
	return argv_status(out, err);
}

/* A session of its own: what is meant for the service's group is not for it. */
static _Noreturn void become_supervisor(const struct argv *argv, int states, int words,
					pid_t parent)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t empty;

	sigemptyset(&empty);
	setsid();
	if (sigprocmask(SIG_SETMASK, &empty, NULL) != 0 || null < 0 ||
	    dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(words, STDERR_FILENO) < 0 || fcntl(states, F_SETFD, 0) != 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent ||
	    unsetenv("NOTIFY_SOCKET") != 0)
		_exit(EXIT_NOT_STARTED);
	execv("/proc/self/exe", argv->items);
	dprintf(STDERR_FILENO, "cannot be started: %s\n", strerror(errno));
	_exit(EXIT_NOT_STARTED);
}

static enum cella_status open_pipe(int *read_end, int *write_end, struct cella_error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_errno(err, errno, "pipe");
	*read_end = ends[0];
	*write_end = ends[1];
	if (fcntl(*read_end, F_SETFL, O_NONBLOCK) != 0)
		return error_errno(err, errno, "pipe");
	return CELLA_OK;
}

enum cella_status life_start(struct keeper *keeper, struct cella_error *err)
{
	struct life life CLEANUP(life_done) = LIFE_NONE;
	struct argv argv CLEANUP(argv_done) = { 0 };
	const pid_t self = getpid();
	int states CLEANUP_CLOSE = -1;
	int words CLEANUP_CLOSE = -1;

	TRY(open_pipe(&life.states, &states, err));
	TRY(open_pipe(&life.words, &words, err));
	TRY(make_argv(keeper, states, &argv, err));
	life.pid = fork();
	if (life.pid < 0) {
		life.pid = 0;
		return error_errno(err, errno, "a supervisor");
	}
	if (life.pid == 0)
		become_supervisor(&argv, states, words, self);
	life.pidfd = (int)syscall(SYS_pidfd_open, life.pid, 0);
	if (life.pidfd < 0)
		return error_errno(err, errno, "a supervisor: pidfd");
	fcntl(life.pidfd, F_SETFD, FD_CLOEXEC);
	keeper->life = life;
	life = LIFE_NONE;
	return CELLA_OK;
}

/* --- hearing ------------------------------------------------------------------------- */

static void take_status(struct life *life)
{
	json_t *status CLEANUP_JSON = NULL;

	if (json_parse(out_view(&life->line), "a supervisor's state", &status, NULL) !=
		    CELLA_OK ||
	    !json_is_object(status))
		return;
	json_decref(life->status);
	life->status = take(&status);
}

const char *life_state(const struct life *life)
{
	const char *const text =
		json_string_value(json_object_get(life->status, "state"));

	return text != NULL ? text : "";
}

/* The last line that says anything, without its program's name and control characters. */
static void take_words(struct life *life)
{
	static const char self[] = "cellad: ";
	const size_t skip =
		life->word.len > sizeof self - 1 &&
				memcmp(life->word.data, self, sizeof self - 1) == 0
			? sizeof self - 1
			: 0;
	size_t len = 0;

	if (life->word.len == skip)
		return;
	for (size_t i = skip; i < life->word.len && len < sizeof life->cause - 1; i++)
		if (life->word.data[i] >= ' ' && life->word.data[i] <= '~')
			life->cause[len++] = (char)life->word.data[i];
	life->cause[len] = '\0';
}

/* Takes what has come; false when no whole line has. */
static bool hear(struct life *life, int *fd, struct out *line,
		 void (*take_line)(struct life *life))
{
	uint8_t bytes[CHUNK];
	const ssize_t got = read(*fd, bytes, sizeof bytes);
	bool has_line = false;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got <= 0)
		io_close(fd);
	for (ssize_t i = 0; i < got; i++) {
		if (bytes[i] == '\n') {
			take_line(life);
			line->len = 0;
			has_line = true;
		} else if (line->len < KEEPER_LINE_MAX) {
			out_u8(line, bytes[i]);
		}
	}
	return has_line;
}

bool life_hear_states(struct life *life)
{
	return hear(life, &life->states, &life->line, take_status);
}

void life_hear_words(struct life *life)
{
	hear(life, &life->words, &life->word, take_words);
}

/* --- ending -------------------------------------------------------------------------- */

/* What it still said is in the pipes, of which nobody else has an end. */
static void hear_out(struct life *life)
{
	for (int i = 0; i < MAX_LEFT && life->states >= 0; i++)
		life_hear_states(life);
	for (int i = 0; i < MAX_LEFT && life->words >= 0; i++)
		life_hear_words(life);
}

static void explain_signal(struct life *life, int signal_number)
{
	if (life->cause[0] == '\0')
		snprintf(life->cause, sizeof life->cause,
			 "its supervisor was killed by signal %d", signal_number);
}

enum life_end life_reap(struct life *life)
{
	const bool has_run = life->running_ms != 0;
	int status = 0;

	hear_out(life);
	while (waitpid(life->pid, &status, 0) < 0 && errno == EINTR)
		;
	life->pid = 0;
	if (WIFSIGNALED(status)) {
		explain_signal(life, WTERMSIG(status));
		return LIFE_FAILED;
	}
	if (WEXITSTATUS(status) == 0)
		return LIFE_ENDED;
	if (life->cause[0] == '\0')
		snprintf(life->cause, sizeof life->cause,
			 "its supervisor ended with status %d", WEXITSTATUS(status));
	return WEXITSTATUS(status) == KEEPER_EXIT_IMAGE && !has_run ? LIFE_REFUSED
								    : LIFE_FAILED;
}

void life_done(struct life *life)
{
	if (life->pid != 0) {
		kill(life->pid, SIGKILL);
		while (waitpid(life->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	io_close(&life->pidfd);
	io_close(&life->states);
	io_close(&life->words);
	out_done(&life->line);
	out_done(&life->word);
	json_decref(life->status);
	*life = LIFE_NONE;
}
