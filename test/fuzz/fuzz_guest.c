/* SPDX-License-Identifier: Apache-2.0 */
/* What guest and host of an Enclave VM tell each other: the policy, last lines, QMP. */
#include "fuzz.h"

#include "guest/channel.h"
#include "guest/policy.h"
#include "vm/qmp.h"

/* What is understood says the same when it is written again. */
static void check_end(struct cella_bytes line)
{
	struct cella_error err = { 0 };
	struct guest_end end = { 0 };
	struct guest_end again = { 0 };
	struct out out CLEANUP(out_done) = { 0 };

	if (fuzz_failed(guest_end_read(line, &end, &err), &err, line.len))
		return;
	guest_end_write(&end, &out);
	MUST(out.len > 0 && out.len <= GUEST_END_MAX);
	MUST(guest_end_read(bytes_of(out.data, out.len - 1), &again, NULL) == CELLA_OK);
	MUST(again.reason == end.reason && again.number == end.number);
	MUST(strcmp(again.detail, end.detail) == 0);
}

static void check_policy(struct cella_bytes text)
{
	struct guest_policy policy CLEANUP(guest_policy_done) = { 0 };
	struct cella_error err = { 0 };

	if (fuzz_failed(guest_policy_parse(text, &policy, &err), &err, text.len))
		return;
	MUST(policy.argv.num_items > 0 &&
	     policy.argv.items[policy.argv.num_items] == NULL);
	MUST(policy.env.items[policy.env.num_items] == NULL);
	MUST(policy.cwd[0] == '/' && policy.root[0] == '/');
	for (size_t i = 0; i < policy.modules.num_items; i++)
		MUST(policy.modules.items[i][0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum qmp_event event = QMP_EVENT_NONE;
	struct cella_error err = { 0 };

	check_end(bytes_of(data, size));
	check_policy(bytes_of(data, size));
	fuzz_failed(qmp_read(bytes_of(data, size), &event, &err), &err, size);
	return 0;
}
