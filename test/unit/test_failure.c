/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failures: each class from a record that asks for it, records as files, counts of the
 * kernel's (src/vm/failure*.c, src/vm/oom.c).
 */
#include "support.h"

#include "vm/failure_record.h"
#include "vm/oom.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION \
	"{\"version\":1,\"name\":\"e\",\"time\":\"2026-01-01T00:00:00Z\",\"lasted_s\":3,"
#define STATE(state) "\"state\":\"" state "\","
#define CAUSE(cause) "\"cause\":\"" cause "\","
#define FACTS(facts) "\"facts\":[" facts "],"
#define END(reason, number, detail) \
	"\"end\":{\"reason\":\"" reason "\",\"number\":" #number ",\"detail\":\"" detail \
	"\"},"
#define CONSOLE(text) "\"console\":\"" text "\","
#define PROCESS(name, how, number, words) \
	"{\"name\":\"" name "\",\"how\":\"" how "\",\"number\":" #number \
	",\"words\":\"" words "\"}"
#define PROCESSES(list) "\"processes\":[" list "]}"

#define PREPARING(cause) VERSION STATE("preparing") CAUSE(cause) FACTS("") PROCESSES("")
#define BOOTING VERSION STATE("booting") CAUSE("no heartbeat")
#define RUNNING VERSION STATE("running") CAUSE("the guest ended without a word")
#define MEASURED FACTS("\"measured\"")
#define SAID(reason, number, detail) \
	BOOTING FACTS("\"measured\",\"driver\",\"spoke\",\"guest-reset\"") \
		END(reason, number, detail) PROCESSES(PROCESS("QEMU", "exited", 0, ""))
#define WROTE(text) \
	BOOTING FACTS("\"measured\",\"no-driver\",\"guest-reset\"") CONSOLE(text) \
		PROCESSES(PROCESS("QEMU", "exited", 0, ""))
#define DIED(process, number) \
	VERSION STATE("running") CAUSE(process ": killed by signal " #number) MEASURED \
	PROCESSES(PROCESS("cella-vsock", "exited", 0, \
			  "cella-vsock: front-end-left") "," PROCESS(process, \
								     "signalled", \
								     number, ""))
#define GAVE_UP(facts, process, number, words) \
	BOOTING FACTS(facts) PROCESSES(PROCESS(process, "exited", number, words))

/* As they were seen, but for what was cut. */
static const struct {
	const char *class;
	const char *evidence;
	const char *record;
} rows[] = {
	{ "supervisor-lost", "the supervisor left its folder behind",
	  VERSION STATE("failed")
		  CAUSE("the supervisor ended without a word, and left its folder")
			  FACTS("\"lost\"") PROCESSES("") },
	{ "signature-expired", "cellad: image: signature: valid: not after 2025-01-01",
	  PREPARING("image: signature: valid: not after 2025-01-01") },
	{ "bad-signature", "covers_image",
	  PREPARING("image: signature: covers_image: it is of another image") },
	{ "bad-signature", "eif: signature",
	  PREPARING("eif: signature: there are 2, not one") },
	{ "image-broken", "it is damaged",
	  PREPARING(
		  "eif: header.crc32: 05dda477, but the file's is 64e7e976: it is damaged") },
	{ "image-broken", "NUL", PREPARING("image: command line: has a NUL byte") },
	{ "image-foreign", "arm64",
	  PREPARING("image: is for arm64; this host runs x86-64") },
	{ "host-memory", "copying",
	  PREPARING("image: copying into memory: Cannot allocate memory") },
	{ "host-refuses", "Too many",
	  PREPARING("ramdisk in memory: Too many open files") },
	{ "host-memory", "phys-bits",
	  GAVE_UP("\"no-driver\"", "QEMU", 1,
		  "qemu-system-x86_64: Address space limit 0xffffffffff < 0x2077fffffff "
		  "phys-bits too low (40)") },
	{ "host-memory", "set up guest memory",
	  GAVE_UP("\"no-driver\"", "QEMU", 1,
		  "qemu-system-x86_64: cannot set up guest memory 'memory': Cannot allocate "
		  "memory") },
	{ "host-limit", "File too large",
	  PREPARING("image: copying into memory: File too large") },
	{ "image-unreadable", "Input/output", PREPARING("image: Input/output error") },
	{ "no-space", "No space",
	  PREPARING("/run/cella/e/control: No space left on device") },
	{ "host-clock", "the host's certificate is valid",
	  VERSION STATE("booting") CAUSE(
		  "clock: 1970-01-01T00:00:10Z, but the host's certificate is valid from "
		  "2026-01-01T00:00:00Z") FACTS("")
		  PROCESSES(PROCESS("cella-vtpm", "exited", 1,
				    "cella-vtpm: vtpm: the "
				    "supervisor does not certify the key")) },
	{ "program-missing", "/nope", PREPARING("QEMU: there is no program /nope") },
	{ "host-refuses", "its namespaces",
	  PREPARING("QEMU: its namespaces: Operation not permitted") },
	{ "host-refuses", "executing",
	  PREPARING("QEMU: executing it: Permission denied") },
	{ "oom-killed", "QEMU: killed by signal 9",
	  VERSION STATE("running") CAUSE("QEMU: killed by signal 9")
		  FACTS("\"measured\",\"beat\",\"oom-host\"")
			  PROCESSES(PROCESS("QEMU", "signalled", 9, "")) },
	{ "suspended", "QEMU saw the guest suspend",
	  VERSION STATE("running") CAUSE("the guest suspended its machine")
		  FACTS("\"measured\",\"beat\",\"suspended\"")
			  PROCESSES(PROCESS("QEMU", "ended", 0, "")) },
	{ "suspended", "second CMD_INIT",
	  VERSION STATE("running") CAUSE("cella-vtpm: exited with status 1")
		  MEASURED PROCESSES(PROCESS(
			  "cella-vtpm", "exited", 1,
			  "cella-vtpm: control: a second CMD_INIT: the guest was reset or "
			  "suspended, and its launch cannot be measured again")) },
	{ "sandbox", "cella-vsock: killed by signal 31", DIED("cella-vsock", 31) },
	{ "crashed", "QEMU: killed by signal 11", DIED("QEMU", 11) },
	{ "killed", "cella-vtpm: killed by signal 9", DIED("cella-vtpm", 9) },
	{ "killed", "QEMU: killed by signal 15", DIED("QEMU", 15) },
	{ "accelerator", "failed to initialize kvm",
	  GAVE_UP("\"no-driver\"", "QEMU", 1,
		  "qemu-system-x86_64: failed to initialize kvm: Permission denied") },
	{ "accelerator", "invalid accelerator",
	  GAVE_UP("\"no-driver\"", "QEMU", 1,
		  "qemu-system-x86_64: invalid accelerator hvf") },
	{ "queue-broken", "cella-vsock: exited with status 5",
	  GAVE_UP("\"measured\"", "cella-vsock", 5,
		  "cella-vsock: guest-queue: a chain that loops; driver seen") },
	{ "vsock-lost", "status 3",
	  GAVE_UP("\"measured\"", "cella-vsock", 3, "cella-vsock: set-up: no seccomp") },
	{ "tpm", "cella-vtpm: exited with status 1",
	  GAVE_UP("", "cella-vtpm", 1, "cella-vtpm: launch: a log of no launch") },
	{ "qemu-refuses", "QEMU: exited with status 1",
	  GAVE_UP("\"no-driver\"", "QEMU", 1,
		  "qemu-system-x86_64: -device vhost-user-vsock-pci,chardev=vsock: "
		  "'vhost-user-vsock-pci' is not a valid device model name") },
	{ "kernel-refused", "initrd is too large",
	  GAVE_UP("", "QEMU", 1,
		  "qemu: initrd is too large, cannot support.(max: 0, need 1958912)") },
	{ "not-measured", "did not come in time",
	  BOOTING FACTS("\"late\",\"no-driver\"")
		  PROCESSES(PROCESS("QEMU", "ended", 0, "")) },
	{ "not-measured", "reset",
	  BOOTING FACTS("\"guest-reset\"") PROCESSES(PROCESS("QEMU", "exited", 0, "")) },
	{ "qemu-lost", "status 1", GAVE_UP("\"measured\"", "QEMU", 1, "qemu: fatal") },
	{ "qemu-lost", "QEMU's answer",
	  VERSION STATE("running") CAUSE("QEMU's answer: is no JSON")
		  MEASURED PROCESSES("") },
	{ "init-mount", "the guest: mount 19: mounting /dev",
	  SAID("mount", 19, "mounting /dev: No such device") },
	{ "init-policy", "guest.json",
	  SAID("policy", 2, "/cella/guest.json: no such file") },
	{ "init-module", "vsock.ko",
	  SAID("module", 8, "loading vsock.ko: Exec format error") },
	{ "init-module", "Unknown symbol",
	  WROTE("[    1.2] vsock: Unknown symbol virtio_transport_init (err -2)\\n[   1.3] x") },
	{ "init-lockdown", "modules_disabled", SAID("lockdown", 30, "modules_disabled") },
	{ "init-channel", "the guest: channel 97: vsock",
	  SAID("channel", 97, "vsock: Address family not supported by protocol") },
	{ "init-tpm", "/dev/tpmrm0", SAID("tpm", 2, "/dev/tpmrm0: No such file") },
	{ "init-application", "the guest: application 2: /nope",
	  SAID("application", 2, "/nope: executing it: No such file or directory") },
	/* What a guest says as its detail is not what its host says. */
	{ "init-application", "Cannot allocate memory",
	  VERSION STATE("booting") CAUSE(
		  "the guest could not start the application "
		  "(application 12): executing it: Cannot allocate memory")
		  MEASURED END("application", 12, "executing it: Cannot allocate memory")
			  PROCESSES("") },
	{ "init-failed", "the guest: internal 0", SAID("internal", 0, "") },
	{ "application-exited", "the guest: exited 3", SAID("exited", 3, "") },
	{ "application-killed", "the guest: killed 9", SAID("killed", 9, "") },
	{ "kernel-no-init", "No working init",
	  WROTE("[    1.5] Kernel panic - not syncing: No working init found.  Try passing "
		"init= option to kernel.") },
	{ "ramdisk-broken", "unpacking failed",
	  WROTE("[    0.5] Initramfs unpacking failed: write error\\n[    1.0] Kernel panic") },
	{ "guest-memory", "deadlocked",
	  WROTE("[    0.5] Kernel panic - not syncing: System is deadlocked on memory") },
	{ "guest-memory", "needs 141 MiB",
	  PREPARING(
		  "resources: memory for the image to start: needs 141 MiB, has 96 MiB: "
		  "--memory 141") },
	{ "host-resources", "needs 4, has 2",
	  PREPARING("resources: a machine of 4 processors, to take whole cores: needs 4, "
		    "has 2: --cores shared, or a larger machine") },
	{ "kernel-panic", "Attempted to kill init",
	  WROTE("[    1.5] Kernel panic - not syncing: Attempted to kill init! exitcode=0x600") },
	{ "kernel-panic", "QEMU saw",
	  BOOTING FACTS("\"measured\",\"no-driver\",\"guest-reset\",\"panicked\"")
		  PROCESSES("") },
	{ "init-foreign", "the guest's last line",
	  VERSION STATE("booting")
		  CAUSE("the guest's last line: does not begin with \\\"end\\\"")
			  FACTS("\"measured\",\"spoke\"") PROCESSES("") },
	{ "guest-lies", "the guest's last line",
	  VERSION STATE("running") CAUSE("the guest's last line is too long")
		  FACTS("\"measured\",\"spoke\",\"beat\"") PROCESSES("") },
	{ "no-driver", "reset",
	  BOOTING FACTS("\"measured\",\"no-driver\",\"guest-reset\"")
		  PROCESSES(PROCESS("QEMU", "exited", 0, "")) },
	{ "init-silent", "reset",
	  BOOTING FACTS("\"measured\",\"driver\",\"guest-reset\"")
		  PROCESSES(PROCESS("QEMU", "exited", 0, "")) },
	{ "boot-hangs", "in time",
	  BOOTING FACTS("\"measured\",\"no-driver\",\"late\"")
		  PROCESSES(PROCESS("QEMU", "ended", 0, "")) },
	{ "init-hangs", "in time",
	  BOOTING FACTS("\"measured\",\"driver\",\"late\"")
		  PROCESSES(PROCESS("QEMU", "ended", 0, "")) },
	{ "guest-ended", "reset",
	  RUNNING FACTS("\"measured\",\"driver\",\"beat\",\"guest-reset\"")
		  PROCESSES(PROCESS("QEMU", "exited", 0, "")) },
	{ "unknown", "", VERSION STATE("running") CAUSE("?") FACTS("") PROCESSES("") },
};

static struct failure failure;

static void read_row(size_t i)
{
	struct cella_error err = { 0 };

	CASE(rows[i].class);
	CHECK_OK(failure_parse(bytes_from_text(rows[i].record), &failure, &err));
}

static void each_record_has_its_class(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char evidence[FAILURE_EVIDENCE_MAX];

		read_row(i);
		CHECK_TEXT(rows[i].class, failure_classify(&failure, evidence)->code);
		CHECK_TEXT_HAS(evidence, rows[i].evidence);
		if (rows[i].evidence[0] == '\0')
			CHECK_TEXT("", evidence);
	}
}

/* No row of the table is dead, and each says all that it has to. */
static void each_class_has_a_record(void **state UNUSED)
{
	const struct failure_class *class;

	for (size_t i = 0; (class = failure_class_at(i)) != NULL; i++) {
		bool is_there = false;

		CASE(class->code);
		for (size_t j = 0; j < ARRAY_LEN(rows); j++)
			is_there = is_there || strcmp(rows[j].class, class->code) == 0;
		CHECK_TRUE(is_there);
		CHECK_TRUE(class->meaning[0] != '\0' && class->remedy[0] != '\0');
		for (size_t j = 0; j < i; j++)
			CHECK_TRUE(strcmp(failure_class_at(j)->code, class->code) != 0);
	}
}

static void records_are_written_as_they_are_read(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static struct failure again;
		struct cella_error err = { 0 };
		json_t *json = NULL;
		json_t *same = NULL;
		char *text;

		read_row(i);
		CHECK_OK(failure_json(&failure, &json, &err));
		text = json_dumps(json, 0);
		CHECK_OK(failure_parse(bytes_from_text(text), &again, &err));
		CHECK_OK(failure_json(&again, &same, &err));
		CHECK_TRUE(json_equal(json, same));
		json_decref(same);
		json_decref(json);
		free(text);
	}
}

static void signs_are_told(void **state UNUSED)
{
	static const struct {
		struct failure_sign sign;
		const char *text;
	} cases[] = {
		{ { .kind = SIGN_CAUSE, .text = "eif:", .states = 1U << EVM_PREPARING },
		  "while preparing: the cause has \"eif:\"" },
		{ { .kind = SIGN_WORDS,
		    .text = "kvm",
		    .process = "QEMU",
		    .states = 1U << EVM_BOOTING | 1U << EVM_RUNNING },
		  "while booting or running: QEMU says \"kvm\"" },
		{ { .kind = SIGN_SIGNAL, .number = 9, .facts = 1U << FAILURE_OOM_OWN },
		  "a process was killed by signal 9, oom-own" },
		{ { .kind = SIGN_SIGNAL }, "a process was killed by any signal" },
		{ { .kind = SIGN_STATUS,
		    .process = "QEMU",
		    .lacks = 1U << FAILURE_MEASURED },
		  "QEMU exited with another status than 0, not measured" },
		{ { .kind = SIGN_END, .text = "tpm" }, "the guest says \"end tpm\"" },
		{ { .kind = SIGN_CONSOLE, .text = "panic" },
		  "the console has \"panic\"" },
		{ { .facts = 1U << FAILURE_LATE | 1U << FAILURE_DRIVER },
		  "driver, late" },
		{ { .kind = SIGN_NONE }, "nothing else fits" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct out out CLEANUP(out_done) = { 0 };

		CASE(cases[i].text);
		failure_sign_write(&cases[i].sign, &out);
		CHECK_BYTES(cases[i].text, strlen(cases[i].text), out_view(&out));
	}
}

static const struct {
	enum cella_status status;
	const char *part;
	const char *text;
} bad[] = {
	{ CELLA_MALFORMED, "version", "{}" },
	{ CELLA_UNSUPPORTED, "version 2", "{\"version\":2}" },
	{ CELLA_MALFORMED, "name", "{\"version\":1}" },
	{ CELLA_MALFORMED, "state",
	  VERSION STATE("asleep") CAUSE("") FACTS("") PROCESSES("") },
	{ CELLA_MALFORMED, "facts",
	  VERSION STATE("booting") CAUSE("") FACTS("1") PROCESSES("") },
	{ CELLA_MALFORMED, "how",
	  VERSION STATE("booting") CAUSE("") FACTS("")
		  PROCESSES(PROCESS("QEMU", "vanished", 0, "")) },
	{ CELLA_MALFORMED, "processes",
	  VERSION STATE("booting") CAUSE("") FACTS("") PROCESSES("1") },
	{ CELLA_USAGE, "no name",
	  "{\"version\":1,\"name\":\"../e\",\"time\":\"2026-01-01T00:00:00Z\",\"lasted_s\":0," STATE(
		  "booting") CAUSE("") FACTS("") PROCESSES("") },
	{ CELLA_LIMIT, "9 processes",
	  VERSION STATE("booting") CAUSE("") FACTS("") PROCESSES("1,1,1,1,1,1,1,1,1") },
};

static void bad_records_are_refused(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct cella_error err = { 0 };

		CASE(bad[i].part);
		CHECK_STATUS(bad[i].status,
			     failure_parse(bytes_from_text(bad[i].text), &failure, &err));
		CHECK_TEXT_HAS(err.text, bad[i].part);
	}
}

/* What a guest's kernel wrote reaches no terminal as it is. */
static void nothing_odd_is_printed(void **state UNUSED)
{
	struct cella_error err = { 0 };

	CHECK_OK(failure_parse(bytes_from_text(WROTE("a\\u001b[2Jb\\r\\nc\\u00e4")),
			       &failure, &err));
	CHECK_TEXT("a?[2Jb?\nc??", failure.console);
}

/* --- files --------------------------------------------------------------------------- */

static enum cella_status count_record(void *context, const struct failure *found,
				      struct cella_error *err UNUSED)
{
	CHECK_TEXT("e", found->name);
	++*(int *)context;
	return CELLA_OK;
}

static void make_base(char base[RUN_PATH_MAX])
{
	snprintf(base, RUN_PATH_MAX, "/tmp/cella-failure-XXXXXX");
	CHECK_TRUE(mkdtemp(base) != NULL);
}

static void records_are_kept_and_forgotten(void **state UNUSED)
{
	struct cella_error err = { 0 };
	char base[RUN_PATH_MAX];
	char path[RUN_PATH_MAX];
	struct stat st;
	int num = 0;

	make_base(base);
	read_row(0);
	CHECK_OK(failure_path(base, "e", path, &err));
	CHECK_STATUS(CELLA_MISSING, failure_read(path, &failure, &err));
	CHECK_OK(failure_leave(base, &failure, &err));
	CHECK_INT(0, stat(path, &st));
	CHECK_INT(0600, st.st_mode & 07777);
	CHECK_OK(failure_read(path, &failure, &err));
	CHECK_OK(failure_leave(base, &failure, &err));
	CHECK_OK(failure_list(base, count_record, &num, &err));
	CHECK_INT(1, num);
	failure_forget(base, "e");
	CHECK_INT(-1, access(path, F_OK));
	CHECK_INT(0, rmdir(base));
}

/* However many fail: what is kept is bounded, and what was half written goes. */
static void the_oldest_records_go(void **state UNUSED)
{
	struct cella_error err = { 0 };
	char base[RUN_PATH_MAX];
	char path[RUN_PATH_MAX];

	make_base(base);
	read_row(0);
	CHECK_OK(run_path(base, "n0.last.json.AbCdEf", path, &err));
	fclose(fopen(path, "we"));
	for (int i = 0; i < FAILURE_MAX_KEPT + 3; i++) {
		snprintf(failure.name, sizeof failure.name, "n%d", i);
		CHECK_OK(failure_leave(base, &failure, &err));
	}
	CHECK_INT(-1, access(path, F_OK));
	for (int i = 0, num = 0; i < FAILURE_MAX_KEPT + 3; i++) {
		snprintf(failure.name, sizeof failure.name, "n%d", i);
		CHECK_OK(failure_path(base, failure.name, path, &err));
		num += access(path, F_OK) == 0;
		CHECK_TRUE(num <= FAILURE_MAX_KEPT);
		if (i == FAILURE_MAX_KEPT + 2)
			CHECK_INT(FAILURE_MAX_KEPT, num);
		failure_forget(base, failure.name);
	}
	CHECK_INT(0, rmdir(base));
}

/* --- what the kernel killed ---------------------------------------------------------- */

static void put(const char *root, const char *path, const char *text)
{
	char whole[256];
	FILE *file;

	snprintf(whole, sizeof whole, "%s%s", root, path);
	for (char *slash = whole + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL;
	     slash++) {
		*slash = '\0';
		mkdir(whole, 0700);
		*slash = '/';
	}
	file = fopen(whole, "we");
	CHECK_TRUE(file != NULL);
	fputs(text, file);
	fclose(file);
}

static void the_kernel_counts(void **state UNUSED)
{
	static const char *const left[] = { "sys/fs/cgroup/a/b/memory.events",
					    "sys/fs/cgroup/a/b",
					    "sys/fs/cgroup/a",
					    "sys/fs/cgroup",
					    "sys/fs",
					    "sys",
					    "proc/self/cgroup",
					    "proc/self",
					    "proc/vmstat",
					    "proc" };
	char root[RUN_PATH_MAX];
	struct oom_count count;

	make_base(root);
	count = oom_count(root);
	CHECK_INT(0, count.own);
	CHECK_INT(0, count.host);
	put(root, "/proc/vmstat", "nr_free_pages 1\noom_kill 12\noom_kill_x 4\n");
	put(root, "/proc/self/cgroup", "1:cpu:/x\n0::/a/b\n");
	put(root, "/sys/fs/cgroup/a/b/memory.events", "low 0\noom 3\noom_kill 7\n");
	count = oom_count(root);
	CHECK_INT(7, count.own);
	CHECK_INT(12, count.host);
	for (size_t i = 0; i < ARRAY_LEN(left); i++) {
		char path[256];

		snprintf(path, sizeof path, "%s/%s", root, left[i]);
		CHECK_INT(0, remove(path));
	}
	CHECK_INT(0, rmdir(root));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_record_has_its_class),
		cmocka_unit_test(each_class_has_a_record),
		cmocka_unit_test(records_are_written_as_they_are_read),
		cmocka_unit_test(signs_are_told),
		cmocka_unit_test(bad_records_are_refused),
		cmocka_unit_test(nothing_odd_is_printed),
		cmocka_unit_test(records_are_kept_and_forgotten),
		cmocka_unit_test(the_oldest_records_go),
		cmocka_unit_test(the_kernel_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
