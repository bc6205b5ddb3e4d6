/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "guest/policy.h"

#include <stdlib.h>

#define APP "\"application\":{\"argv\":[\"/server\"]}"

static void everything_is_read(void **state)
{
	struct cella_error err = { 0 };
	struct guest_policy policy = { 0 };

	(void)state;
	CHECK_OK(guest_policy_parse(
		bytes_from("{\"log\":\"full\",\"attest\":true,"
			   "\"modules\":[\"/cella/a.ko\",\"/cella/b.ko\"],"
			   "\"application\":{\"argv\":[\"/server\",\"-x\"],"
			   "\"env\":[\"A=b\"],\"cwd\":\"/srv\",\"root\":\"/rootfs\","
			   "\"uid\":1000,\"gid\":1001}}"),
		&policy, &err));
	CHECK_INT(GUEST_LOG_FULL, policy.log);
	CHECK_TRUE(policy.attest);
	CHECK_INT(2, policy.modules.num_items);
	CHECK_TEXT("/cella/b.ko", policy.modules.items[1]);
	CHECK_TEXT("-x", policy.argv.items[1]);
	CHECK_TEXT(NULL, policy.argv.items[2]);
	CHECK_TEXT("A=b", policy.env.items[0]);
	CHECK_TEXT("/srv", policy.cwd);
	CHECK_TEXT("/rootfs", policy.root);
	CHECK_INT(1000, policy.uid);
	CHECK_INT(1001, policy.gid);
	guest_policy_done(&policy);
}

static void what_is_not_said_is_off(void **state)
{
	struct cella_error err = { 0 };
	struct guest_policy policy = { 0 };

	(void)state;
	CHECK_OK(guest_policy_parse(bytes_from("{" APP "}"), &policy, &err));
	CHECK_INT(GUEST_LOG_OFF, policy.log);
	CHECK_TRUE(!policy.attest);
	CHECK_INT(0, policy.modules.num_items);
	CHECK_TEXT(NULL, policy.env.items[0]);
	CHECK_TEXT("/", policy.cwd);
	CHECK_TEXT("/", policy.root);
	guest_policy_done(&policy);
}

#define APPLICATION(members) "{\"application\":{" members "}}"

static const struct {
	const char *text;
	enum cella_status status;
	const char *part;
} refused[] = {
	{ "[]", CELLA_MALFORMED, "expected an object" },
	{ "{", CELLA_MALFORMED, "guest policy" },
	{ "{}", CELLA_MALFORMED, "application" },
	{ "{" APP ",\"console\":true}", CELLA_UNSUPPORTED, "\"console\"" },
	{ "{" APP ",\"log\":\"all\"}", CELLA_MALFORMED, "log: expected off" },
	{ "{" APP ",\"log\":true}", CELLA_MALFORMED, "log" },
	{ "{" APP ",\"attest\":\"yes\"}", CELLA_MALFORMED, "attest: expected true" },
	{ "{" APP ",\"attest\":1}", CELLA_MALFORMED, "attest: expected true" },
	{ "{" APP ",\"modules\":[1]}", CELLA_MALFORMED, "modules" },
	{ "{" APP ",\"modules\":[\"a.ko\"]}", CELLA_MALFORMED, "modules[0]: expected" },
	{ "{" APP "," APP "}", CELLA_MALFORMED, "guest policy" },
	{ APPLICATION("\"argv\":[]"), CELLA_MALFORMED, "argv: is empty" },
	{ APPLICATION("\"argv\":[\"\"]"), CELLA_MALFORMED, "argv[0]: is empty" },
	{ APPLICATION("\"argv\":[\"/a\"],\"cwd\":\"srv\"}"), CELLA_MALFORMED, "guest" },
	{ APPLICATION("\"argv\":[\"/a\"],\"cwd\":\"srv\""), CELLA_MALFORMED, "cwd" },
	{ APPLICATION("\"argv\":[\"/a\"],\"root\":\"r\""), CELLA_MALFORMED, "root" },
	{ APPLICATION("\"argv\":[\"/a\"],\"env\":[\"A\"]"), CELLA_MALFORMED, "env[0]" },
	{ APPLICATION("\"argv\":[\"/a\"],\"uid\":-1"), CELLA_MALFORMED, "uid" },
	{ APPLICATION("\"argv\":[\"/a\"],\"gid\":2147483648"), CELLA_LIMIT, "gid" },
	{ APPLICATION("\"argv\":[\"/a\"],\"user\":1"), CELLA_UNSUPPORTED, "\"user\"" },
	{ APPLICATION("\"argv\":[\"/a\\u0000b\"]"), CELLA_MALFORMED, "guest policy" },
};

static void what_is_wrong_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct cella_error err = { 0 };
		struct guest_policy policy = { 0 };

		CASE(refused[i].text);
		CHECK_STATUS(refused[i].status,
			     guest_policy_parse(bytes_from_text(refused[i].text), &policy,
						&err));
		CHECK_TEXT_HAS(err.text, refused[i].part);
		CHECK_TRUE(policy.document == NULL);
	}
}

static void too_many_are_refused(void **state)
{
	struct cella_error err = { 0 };
	struct guest_policy policy = { 0 };
	struct out text CLEANUP(out_done) = { 0 };

	(void)state;
	out_text(&text, "{" APP ",\"modules\":[\"/m\"");
	for (size_t i = 0; i < GUEST_MAX_MODULES; i++)
		out_text(&text, ",\"/m\"");
	out_text(&text, "]}");
	CHECK_STATUS(CELLA_LIMIT, guest_policy_parse(out_view(&text), &policy, &err));
	CHECK_TEXT_HAS(err.text, "129 elements, at most 128");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_read),
		cmocka_unit_test(what_is_not_said_is_off),
		cmocka_unit_test(what_is_wrong_is_refused),
		cmocka_unit_test(too_many_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
