/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting applications. Root's own tree is the application's here; who is not root learns
 * that he cannot give it any.
 */
#include "support.h"

#include "guest/application.h"
#include "guest/io.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct guest_policy policy_of(const char *text)
{
	struct cella_error err = { 0 };
	struct guest_policy policy = { 0 };

	CHECK_OK(guest_policy_parse(bytes_from_text(text), &policy, &err));
	return policy;
}

static int end_of(pid_t pid)
{
	int status = 0;

	CHECK_INT(pid, waitpid(pid, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const struct {
	const char *policy;
	const char *part;
	int sys_errno;
} failures[] = {
	{ "{\"application\":{\"argv\":[\"/nowhere\"]}}", "/nowhere: executing it",
	  ENOENT },
	{ "{\"application\":{\"argv\":[\"/etc/passwd\"]}}", "executing it", EACCES },
	{ "{\"application\":{\"argv\":[\"/bin/true\"],\"cwd\":\"/nowhere\"}}",
	  "its working directory", ENOENT },
	{ "{\"application\":{\"argv\":[\"/bin/true\"],\"root\":\"/nowhere\"}}",
	  "its root", ENOENT },
};

static void what_fails_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
		struct guest_policy policy CLEANUP(guest_policy_done) =
			policy_of(failures[i].policy);
		struct cella_error err = { 0 };
		pid_t pid = 0;
		int output = -1;

		CASE(failures[i].policy);
		CHECK_STATUS(CELLA_IO, application_start(&policy, &pid, &output, &err));
		CHECK_INT(0, pid);
		CHECK_INT(-1, output);
		CHECK_TEXT_HAS(err.text, geteuid() == 0 ? failures[i].part : "its root");
		if (geteuid() == 0)
			CHECK_INT(failures[i].sys_errno, err.sys_errno);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

static void it_is_who_and_where_policy_says(void **state)
{
	struct guest_policy policy CLEANUP(guest_policy_done) = policy_of(
		"{\"log\":\"full\",\"application\":{\"argv\":[\"sh\",\"-c\","
		"\"id -u; id -g; id -G; pwd; echo $A >&2; read x; echo $x; exit 3\"],"
		"\"env\":[\"A=b c\",\"PATH=/usr/bin:/bin\"],\"cwd\":\"/tmp\","
		"\"uid\":65533,\"gid\":65532}}");
	const struct deadline deadline = deadline_in(60);
	struct cella_error err = { 0 };
	struct out text CLEANUP(out_done) = { 0 };
	pid_t pid = 0;
	int output = -1;

	(void)state;
	CHECK_OK(application_start(&policy, &pid, &output, &err));
	CHECK_OK(io_read_all(output, 4096, &text, &deadline, "output", &err));
	out_u8(&text, 0);
	CHECK_TEXT("65533\n65532\n65532\n/tmp\nb c\n\n", (const char *)text.data);
	CHECK_INT(3, end_of(pid));
	close(output);
}

/* Whatever the policy does not let out is not even read. */
static void without_a_full_log_there_is_no_output(void **state)
{
	struct guest_policy policy CLEANUP(guest_policy_done) = policy_of(
		"{\"log\":\"coded\",\"application\":{\"argv\":[\"/bin/echo\",\"secret\"]}}");
	struct cella_error err = { 0 };
	pid_t pid = 0;
	int output = -1;

	(void)state;
	CHECK_OK(application_start(&policy, &pid, &output, &err));
	CHECK_INT(-1, output);
	CHECK_INT(0, end_of(pid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fails_is_told),
		ROOT_TEST(it_is_who_and_where_policy_says),
		ROOT_TEST(without_a_full_log_there_is_no_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
