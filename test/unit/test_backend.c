/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Back-ends: which is chosen and why, what is started, and what follows when it does not come
 * to life. CELLAD names the supervisor, which is the mock's guest, too.
 */
#include "support.h"

#include "evidence/eif.h"
#include "golden.h"
#include "guest/io.h"
#include "vm/control.h"
#include "vm/evm.h"
#include "vm/failure_record.h"
#include "vm/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_SECONDS = 120 };

/* --- choosing ------------------------------------------------------------------------ */

static void names_are_known(void **state)
{
	static const char *const names[] = { "auto", "tcg", "kvm", "tdx", "mock" };
	static const char *const others[] = { "", "TCG", "kvm ", "xen" };
	struct backend_choice choice = { 0 };
	struct cella_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		CHECK_TRUE(backend_is_name(names[i]));
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		CASE(others[i]);
		CHECK_TRUE(!backend_is_name(others[i]));
		CHECK_STATUS(CELLA_USAGE, backend_choose(others[i], &choice, &err));
		CHECK_TRUE(choice.backend == NULL);
	}
}

/* Whatever this machine is: KVM is taken if, and only if, its probe is content. */
static void auto_follows_the_probe(void **state)
{
	char found[BACKEND_TEXT_MAX] = "";
	struct backend_choice choice = { 0 };
	struct cella_error refusal = { 0 };
	struct cella_error err = { 0 };
	const bool has_kvm = backend_kvm.probe(found, &refusal) == CELLA_OK;

	(void)state;
	CHECK_OK(backend_choose("auto", &choice, &err));
	CHECK_TRUE(choice.backend == (has_kvm ? &backend_kvm : &backend_tcg));
	CHECK_TRUE(choice.fallback == (has_kvm ? &backend_tcg : NULL));
	CHECK_TEXT_HAS(choice.reason, has_kvm ? found : refusal.text);
	/* By name there is no other to fall back to. */
	if (has_kvm) {
		CHECK_OK(backend_choose("kvm", &choice, &err));
		CHECK_TRUE(choice.fallback == NULL);
	} else {
		CHECK_STATUS(refusal.status, backend_choose("kvm", &choice, &err));
		CHECK_TEXT(refusal.text, err.text);
	}
}

static void others_are_taken_by_name_alone(void **state)
{
	struct backend_choice choice = { 0 };
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(backend_choose("tcg", &choice, &err));
	CHECK_TRUE(choice.backend == &backend_tcg && choice.fallback == NULL);
	CHECK_TEXT_HAS(choice.reason, "asked for");
	CHECK_OK(backend_choose("mock", &choice, &err));
	CHECK_TRUE(choice.backend == &backend_mock && choice.fallback == NULL);
	CHECK_TRUE(backend_mock.evidence == NULL);
}

static void a_fallback_is_told_with_its_cause_and_is_the_last(void **state)
{
	struct backend_choice choice = { .backend = &backend_kvm,
					 .fallback = &backend_tcg };

	(void)state;
	backend_fall_back(&choice, "QEMU: killed by signal 6");
	CHECK_TRUE(choice.backend == &backend_tcg && choice.fallback == NULL);
	CHECK_TEXT("kvm was tried and failed: QEMU: killed by signal 6", choice.reason);
}

/* --- what is started ----------------------------------------------------------------- */

/* An image that parses; nothing could boot it. */
static int make_image_of(const char *metadata)
{
	static const struct cella_bytes kernel = { .data = (const uint8_t *)"kernel",
						   .len = 6 };
	struct eif parts = {
		.kernel = kernel,
		.cmdline = bytes_from_text("quiet panic=-1"),
		.metadata = bytes_from_text(metadata),
		.default_memory = 64 << 20,
		.default_cpus = 1,
		.ramdisks = { bytes_from_text("ramdisk") },
		.num_ramdisks = 1,
	};
	struct out file CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	struct cella_bytes view;
	int fd = -1;

	CHECK_OK(eif_write(&parts, &file, &err));
	view = out_view(&file);
	CHECK_OK(sealed_make("image", &view, 1, &fd, &err));
	return fd;
}

static int make_image(void)
{
	return make_image_of("{}");
}

static char *planned(const struct backend *backend, const struct evm_options *given)
{
	struct evm_options options = *given;
	struct argv argv CLEANUP(argv_done) = { 0 };
	struct out text CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	char *made = NULL;

	options.backend.backend = backend;
	CHECK_OK(backend_plan(&options, &argv, &err));
	for (size_t i = 0; i < argv.num_items; i++)
		out_format(&text, "%s\n", argv.items[i]);
	CHECK_OK(out_take_text(&text, &made, &err));
	return made;
}

static void a_plan_is_what_would_be_started(void **state)
{
	int image CLEANUP_CLOSE = make_image();
	struct evm_options options = {
		.image = -1, .vcpus = 2, .memory_mib = 256, .qemu = "qemu-system-x86_64"
	};
	char *without CLEANUP_FREE = planned(&backend_tcg, &options);
	char *with CLEANUP_FREE = NULL;

	(void)state;
	CHECK_TEXT_HAS(without, "\n(the image's command line)\n");
	CHECK_TEXT_HAS(without, "\n/proc/self/fd/3\n");
	options.image = image;
	with = planned(&backend_kvm, &options);
	CHECK_TEXT_HAS(with, "\nquiet panic=-1\n");
	CHECK_TEXT_HAS(with, "accel=kvm");
	CHECK_TEXT_HAS(with, "\n256M\n");
}

/* Golden: of hardware that this was never run on. */
static void a_trust_domain_has_its_command_line(void **state)
{
	int image CLEANUP_CLOSE = make_image();
	struct evm_options options = { .image = image,
				       .vcpus = 2,
				       .memory_mib = 2048,
				       .firmware = "/proc/self/exe", /* any file */
				       .qemu = "qemu-system-x86_64" };
	char *text CLEANUP_FREE = planned(&backend_tdx, &options);

	(void)state;
	golden_check("vm/qemu-tdx.txt", text);
}

/* What is told of an image has to fit into an answer, however long it is when written. */
static void metadata_are_told_if_there_is_room(void **state)
{
	char small[EVM_METADATA_MAX + 1];
	char large[EVM_METADATA_MAX + 1] = "[4e-5";
	const struct {
		const char *text;
		const char *told;
	} rows[] = {
		{ "{}", "{}" },   { "{ \"a\": 1 }", "{\"a\":1}" },
		{ "none", NULL }, { small, small },
		{ large, NULL },
	};

	(void)state;
	memcpy(small, "[\"", 2);
	memset(small + 2, 'a', sizeof small - 5);
	memcpy(small + sizeof small - 3, "\"]", 3);
	for (size_t at = strlen(large); at + sizeof ",4e-5]" <= sizeof large;
	     at = strlen(large))
		memcpy(large + at, ",4e-5", sizeof ",4e-5");
	memcpy(large + strlen(large), "]", 2);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct evm_launch launch CLEANUP(evm_launch_done) = EVM_LAUNCH_NONE;
		int image CLEANUP_CLOSE = make_image_of(rows[i].text);
		struct evm_options options = { .image = image,
					       .backend = { .backend = &backend_tcg } };
		struct cella_error err = { 0 };

		CHECK_OK(evm_prepare(&options, &launch, &err));
		if (rows[i].told == NULL)
			CHECK_TRUE(launch.image.metadata == NULL);
		else
			CHECK_TEXT(rows[i].told, launch.image.metadata);
	}
}

static void a_trust_domain_needs_firmware(void **state)
{
	const struct evm_options options = { .image = -1,
					     .backend = { .backend = &backend_tdx } };
	struct argv argv CLEANUP(argv_done) = { 0 };
	struct cella_error err = { 0 };

	(void)state;
	CHECK_STATUS(CELLA_USAGE, backend_plan(&options, &argv, &err));
	CHECK_TEXT_HAS(err.text, "--firmware");
}

/* --- back-ends that fail ------------------------------------------------------------- */

static enum cella_status accept_all(char found[BACKEND_TEXT_MAX],
				    struct cella_error *err UNUSED)
{
	backend_say(found, "yes");
	return CELLA_OK;
}

static enum cella_status start_script(struct evm *evm, const char *script,
				      struct cella_error *err)
{
	struct argv argv CLEANUP(argv_done) = { 0 };
	const struct child_spec spec = { .name = "QEMU", .argv = &argv };

	argv_add(&argv, "/bin/sh");
	argv_add(&argv, "-c");
	argv_add(&argv, "%s", script);
	return child_start(&spec, &evm->children[EVM_QEMU], err);
}

static enum cella_status start_dying(struct evm *evm, struct cella_error *err)
{
	return start_script(evm, "echo KVM is no good >&2; kill -6 $$", err);
}

static enum cella_status start_mute(struct evm *evm, struct cella_error *err)
{
	return start_script(evm, "exec sleep 1000", err);
}

/* When there is a file "go". */
static enum cella_status start_dying_later(struct evm *evm, struct cella_error *err)
{
	char script[256];

	snprintf(script, sizeof script,
		 "until rm %s/go 2>/dev/null; do sleep 0.05; done; kill -6 $$",
		 evm->options.base);
	return start_script(evm, script, err);
}

/* At its console. */
static enum cella_status start_talking(struct evm *evm, struct cella_error *err)
{
	static const char words[] = "a second life\n";
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0 ||
	    send(ends[1], words, strlen(words), 0) != (ssize_t)strlen(words))
		return error_errno(err, errno, "its console");
	close(ends[1]);
	evm->serial = ends[0];
	return start_script(evm, "exec sleep 1000", err);
}

static unsigned wait_long(const struct evm_options *options UNUSED)
{
	return PATIENCE_SECONDS;
}

static unsigned wait_little(const struct evm_options *options UNUSED)
{
	return 1;
}

static const struct backend dying = {
	.name = "dying",
	.probe = accept_all,
	.start = start_dying,
	.wait = wait_long,
	.stop = evm_quit_machine,
};

static const struct backend mute = {
	.name = "mute",
	.probe = accept_all,
	.start = start_mute,
	.wait = wait_little,
	.stop = evm_quit_machine,
};

static const struct backend dying_later = {
	.name = "dying later",
	.probe = accept_all,
	.start = start_dying_later,
	.wait = wait_long,
	.stop = evm_quit_machine,
};

static const struct backend talking = {
	.name = "talking",
	.probe = accept_all,
	.start = start_talking,
	.wait = wait_long,
	.stop = evm_quit_machine,
};

struct life {
	char base[64];
	char host[80];
	int image;
	pid_t pid;
	int words; /* what the supervisor tells and says */
};

static _Noreturn void supervise(const struct life *life,
				const struct backend_choice *choice, int words)
{
	struct host_key *key = NULL;
	struct cella_error err = { 0 };
	const struct evm_options options = {
		.name = "e",
		.base = life->base,
		.image = life->image,
		.vcpus = 1,
		.cid = 77,
		.backend = *choice,
		.host = life->host,
		.mock = getenv("CELLAD"),
		.boot_seconds = PATIENCE_SECONDS,
		.stop_seconds = PATIENCE_SECONDS,
		.ready = words,
	};

	/* A test that fails leaves nobody behind, and what fails here is no test. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGSEGV, SIG_DFL);
	if (host_key_load(life->host, &key, &err) != CELLA_OK)
		_exit(2);
	dup2(words, STDERR_FILENO);
	if (evm_run(&options, &key, &err) == CELLA_OK)
		_exit(0);
	dprintf(words, "%s\n", err.text);
	_exit(1);
}

static void begin(struct life *life, const struct backend_choice *choice)
{
	struct cella_error err = { 0 };
	int ends[2];

	*life = (struct life){ .image = make_image() };
	snprintf(life->base, sizeof life->base, "/tmp/cella-backend.XXXXXX");
	CHECK_TRUE(mkdtemp(life->base) != NULL);
	snprintf(life->host, sizeof life->host, "%s/host", life->base);
	CHECK_INT(0, mkdir(life->host, 0700));
	CHECK_OK(host_key_make(life->host, (int64_t)time(NULL), &err));
	CHECK_INT(0, pipe(ends));
	life->pid = fork();
	CHECK_TRUE(life->pid >= 0);
	if (life->pid == 0)
		supervise(life, choice, ends[1]);
	close(ends[1]);
	life->words = ends[0];
}

/* All that was said until a line has this word, or until the end. */
static void hear(const struct life *life, const char *word, struct out *out)
{
	const struct deadline deadline = deadline_in(PATIENCE_SECONDS);
	struct cella_error err = { 0 };

	for (;;) {
		struct out line CLEANUP(out_done) = { 0 };

		if (io_read_line(life->words, 64 << 10, &line, &deadline, "words",
				 &err) != CELLA_OK)
			break;
		out_bytes(out, line.data, line.len);
		out_u8(out, '\n');
		if (word != NULL && memmem(line.data, line.len, word, strlen(word)))
			break;
	}
	out_u8(out, 0);
	CHECK_OK(out_status(out, &err));
}

static int end(struct life *life)
{
	char path[128];
	int status = 0;

	CHECK_INT(life->pid, waitpid(life->pid, &status, 0));
	close(life->words);
	close(life->image);
	snprintf(path, sizeof path, "%s/host-key.pem", life->host);
	CHECK_INT(0, unlink(path));
	snprintf(path, sizeof path, "%s/host-ca.pem", life->host);
	CHECK_INT(0, unlink(path));
	CHECK_INT(0, rmdir(life->host));
	/* Of the enclave nothing is left but the record of a failure. */
	failure_forget(life->base, "e");
	CHECK_INT(0, rmdir(life->base));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void falls_back(const struct backend *first, const char *cause)
{
	const struct backend_choice choice = { .backend = first,
					       .fallback = &backend_mock };
	const struct deadline deadline = deadline_in(PATIENCE_SECONDS);
	struct out words CLEANUP(out_done) = { 0 };
	struct out answer CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	struct life life;

	begin(&life, &choice);
	hear(&life, "\"running\"", &words);
	CHECK_TEXT_HAS((const char *)words.data, cause);
	CHECK_TEXT_HAS((const char *)words.data, "going on with mock");
	CHECK_TEXT_HAS((const char *)words.data, "\"backend\":\"mock\"");
	CHECK_TEXT_HAS((const char *)words.data, "\"backend_reason\":");
	CHECK_OK(control_ask(life.base, "e", "stop", &deadline, &answer, &err));
	out_u8(&answer, 0);
	CHECK_TEXT_HAS((const char *)answer.data, "\"stopped\"");
	CHECK_INT(0, end(&life));
}

static void one_that_dies_is_followed_by_its_fallback(void **state)
{
	(void)state;
	falls_back(&dying, "dying was tried and failed: QEMU: killed by signal 6: KVM is "
			   "no good");
}

static void so_is_one_that_gives_no_heartbeat(void **state)
{
	(void)state;
	falls_back(&mute, "mute was tried and failed: no heartbeat in time");
}

/* Asks for the console, and to be told what comes. */
static int follow(const struct life *life)
{
	static const char request[] = "console follow";
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "%s/e/control", life->base);
	CHECK_INT(0, connect(fd, (const struct sockaddr *)&at, sizeof at));
	CHECK_INT((int)strlen(request), send(fd, request, strlen(request), 0));
	return fd;
}

/* A datagram has what was written at once. */
static void hear_console(int fd, const char *expected)
{
	const struct deadline deadline = deadline_in(PATIENCE_SECONDS);
	struct cella_error err = { 0 };
	char text[64] = "";
	size_t len = 0;

	CHECK_OK(io_read_some(fd, text, sizeof text - 1, &len, &deadline, "console",
			      &err));
	CHECK_TEXT(expected, text);
}

static void ask(const struct life *life, const char *request)
{
	const struct deadline deadline = deadline_in(PATIENCE_SECONDS);
	struct out answer CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };

	CHECK_OK(control_ask(life->base, "e", request, &deadline, &answer, &err));
}

static void who_follows_a_console_follows_that_of_the_fallback(void **state)
{
	const struct backend_choice choice = { .backend = &dying_later,
					       .fallback = &talking };
	struct out words CLEANUP(out_done) = { 0 };
	struct life life;
	char path[128];
	int fd CLEANUP_CLOSE = -1;
	int go;

	(void)state;
	begin(&life, &choice);
	hear(&life, "\"booting\"", &words);
	fd = follow(&life);
	ask(&life, "status"); /* it is heard after who came before */
	snprintf(path, sizeof path, "%s/go", life.base);
	go = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK_TRUE(go >= 0);
	close(go);
	hear_console(fd, "a second life\n");
	ask(&life, "stop");
	CHECK_INT(0, end(&life));
}

static void without_a_fallback_it_fails_with_its_cause(void **state)
{
	const struct backend_choice choice = { .backend = &dying };
	struct out words CLEANUP(out_done) = { 0 };
	struct life life;

	(void)state;
	begin(&life, &choice);
	hear(&life, NULL, &words);
	CHECK_TEXT_HAS((const char *)words.data,
		       "QEMU: killed by signal 6: KVM is no good");
	CHECK_TRUE(strstr((const char *)words.data, "going on") == NULL);
	CHECK_INT(1, end(&life));
}

static void a_fallback_that_fails_is_the_end(void **state)
{
	const struct backend_choice choice = { .backend = &mute, .fallback = &dying };
	struct out words CLEANUP(out_done) = { 0 };
	struct life life;

	(void)state;
	begin(&life, &choice);
	hear(&life, NULL, &words);
	CHECK_TEXT_HAS((const char *)words.data, "going on with dying");
	CHECK_TEXT_HAS((const char *)words.data,
		       "QEMU: killed by signal 6: KVM is no good");
	CHECK_INT(1, end(&life));
}

/* There is nothing in it that could be taken for evidence. */
static void a_mock_proves_nothing(void **state)
{
	const struct backend_choice choice = { .backend = &backend_mock };
	const struct deadline deadline = deadline_in(PATIENCE_SECONDS);
	struct out words CLEANUP(out_done) = { 0 };
	struct out answer CLEANUP(out_done) = { 0 };
	struct out stopped CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	struct life life;
	int fd CLEANUP_CLOSE = -1;

	(void)state;
	begin(&life, &choice);
	hear(&life, "\"running\"", &words);
	CHECK_TEXT_HAS((const char *)words.data, "\"evidence\":null");
	CHECK_OK(
		control_connect(life.base, "e", GUEST_PORT_ATTEST, &deadline, &fd, &err));
	CHECK_OK(io_write(fd, bytes_from_text("quote 0011223344556677\n"), &deadline,
			  "mock", &err));
	CHECK_OK(io_read_all(fd, 1 << 16, &answer, &deadline, "mock", &err));
	out_u8(&answer, 0);
	CHECK_TEXT_HAS((const char *)answer.data, "error a mock proves nothing");
	CHECK_OK(control_ask(life.base, "e", "stop", &deadline, &stopped, &err));
	CHECK_INT(0, end(&life));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_known),
		cmocka_unit_test(auto_follows_the_probe),
		cmocka_unit_test(others_are_taken_by_name_alone),
		cmocka_unit_test(a_fallback_is_told_with_its_cause_and_is_the_last),
		cmocka_unit_test(a_plan_is_what_would_be_started),
		cmocka_unit_test(a_trust_domain_has_its_command_line),
		cmocka_unit_test(a_trust_domain_needs_firmware),
		cmocka_unit_test(metadata_are_told_if_there_is_room),
		cmocka_unit_test(one_that_dies_is_followed_by_its_fallback),
		cmocka_unit_test(so_is_one_that_gives_no_heartbeat),
		cmocka_unit_test(who_follows_a_console_follows_that_of_the_fallback),
		cmocka_unit_test(without_a_fallback_it_fails_with_its_cause),
		cmocka_unit_test(a_fallback_that_fails_is_the_end),
		cmocka_unit_test(a_mock_proves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
