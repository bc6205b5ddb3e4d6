/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the doctor learns by asking: quoting services, caching services, KVM, root; and how it
 * says so.
 */
#include "doctor_tree.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* --- quoting services ---------------------------------------------------------------- */

static int listen_at(const char *path)
{
	struct sockaddr_un place = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(place.sun_path, sizeof place.sun_path, "%s", path);
	assert_int_equal(0, bind(fd, (const struct sockaddr *)&place, sizeof place));
	assert_int_equal(0, listen(fd, 1));
	return fd;
}

static void quoting_service_is_tried(void **state)
{
	static const struct file edits[MAX_EDITS] = { { CONFIG_TSM, NULL } };
	struct doctor_request request;
	struct finding finding;
	char address[80];
	int fd;

	(void)state;
	tree_make(edits);
	request = tree_request();
	snprintf(address, sizeof address, "unix:%s/qgs", tree_folder);
	request.qgs = address;
	finding = tree_look_for(&request, "qgs.reachable");
	check_finding(&finding, DOCTOR_FAIL, "/qgs: No such file", "/etc/qgs.conf");
	CHECK_INT(DOCTOR_UNKNOWN, tree_look_for(&request, "quote.path").state);

	fd = listen_at(address + strlen("unix:"));
	finding = tree_look_for(&request, "qgs.reachable");
	check_finding(&finding, DOCTOR_OK, "/qgs: accepts connections", NULL);
	finding = tree_look_for(&request, "quote.path");
	check_finding(&finding, DOCTOR_OK, "quoting service", NULL);
	close(fd);
	unlink(address + strlen("unix:"));

	request.qgs = "tcp:name.invalid:1";
	finding = tree_look_for(&request, "qgs.reachable");
	check_finding(&finding, DOCTOR_UNKNOWN, "looks none up", "IP address");
	request.resolve = resolve_by_system;
	CHECK_INT(DOCTOR_FAIL, tree_look_for(&request, "qgs.reachable").state);
}

/* --- freshness ----------------------------------------------------------------------- */

static void fetch_well(const void *context, const struct pccs_facts *pccs,
		       struct fresh_facts *out)
{
	out->fetched = strcmp(pccs->url, context) == 0 ? KNOWN_YES : KNOWN_NO;
	out->num_documents = 2;
	out->documents[0] = (struct fresh_document){ "TCB info", 1780000000, 1800000000 };
	out->documents[1] =
		(struct fresh_document){ "identity", 1780000000, 1790000000 + 86400 };
}

static void fetch_and_die(const void *context UNUSED,
			  const struct pccs_facts *pccs UNUSED, struct fresh_facts *out)
{
	out->fetched = KNOWN_YES;
	abort();
}

static void fetch_in_vain(const void *context UNUSED,
			  const struct pccs_facts *pccs UNUSED, struct fresh_facts *out)
{
	out->fetched = KNOWN_NO;
	out->status = CELLA_MALFORMED;
	snprintf(out->why, sizeof out->why, "a web page");
}

static void fetch_with_nothing(const void *context UNUSED,
			       const struct pccs_facts *pccs UNUSED,
			       struct fresh_facts *out)
{
	out->fetched = KNOWN_NO;
	out->status = CELLA_UNSUPPORTED;
	snprintf(out->why, sizeof out->why, "there is no program");
}

static int listen_on_loopback(unsigned *port)
{
	struct sockaddr_in place = { .sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof place;
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(0, bind(fd, (const struct sockaddr *)&place, sizeof place));
	assert_int_equal(0, listen(fd, 8));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&place, &len));
	*port = ntohs(place.sin_port);
	return fd;
}

/* Whoever fetches is asked once the PCCS takes connections, and never waited for in vain. */
static void pccs_is_asked(void **state)
{
	unsigned port = 0;
	const int fd = listen_on_loopback(&port);
	char url[64];
	char text[128];
	const struct file edits[MAX_EDITS] = { { QCNL, text } };
	struct doctor_request request;
	struct finding finding;

	(void)state;
	CASE("PCCS");
	snprintf(url, sizeof url, "https://127.0.0.1:%u/sgx/certification/v4/", port);
	snprintf(text, sizeof text, "PCCS_URL=%s\n", url);
	tree_make(edits);
	request = tree_request();
	request.context = url;
	finding = tree_look_for(&request, "pccs.reachable");
	check_finding(&finding, DOCTOR_OK, "accepts connections", NULL);
	finding = tree_look_for(&request, "pccs.fresh");
	check_finding(&finding, DOCTOR_UNKNOWN, "this program fetches nothing",
		      "cella doctor");
	request.fetch = fetch_well;
	finding = tree_look_for(&request, "pccs.fresh");
	check_finding(&finding, DOCTOR_WARN, "expires 2026-09-22T", "refresh");
	check_finding(&finding, DOCTOR_WARN, "identity, issued 2026-05-28T", "refresh");
	request.fetch = fetch_and_die;
	finding = tree_look_for(&request, "pccs.fresh");
	check_finding(&finding, DOCTOR_FAIL,
		      "could not be fetched: the process that fetches was killed",
		      "path");
	request.fetch = fetch_in_vain;
	finding = tree_look_for(&request, "pccs.fresh");
	check_finding(&finding, DOCTOR_FAIL, "could not be fetched: a web page", "path");
	request.fetch = fetch_with_nothing;
	finding = tree_look_for(&request, "pccs.fresh");
	check_finding(&finding, DOCTOR_UNKNOWN, "there is no program", NULL);

	CASE("another PCCS than the configured one");
	snprintf(text, sizeof text, "PCCS_URL=https://127.0.0.1:1/\n");
	tree_make(edits);
	CHECK_INT(DOCTOR_FAIL, tree_look_for(&request, "pccs.reachable").state);
	request.pccs = url;
	CHECK_INT(DOCTOR_OK, tree_look_for(&request, "pccs.reachable").state);
	finding = tree_look_for(&request, "pccs.configured");
	check_finding(&finding, DOCTOR_OK, url, NULL);
	request.pccs = NULL;

	CASE("one that is not to be asked");
	snprintf(text, sizeof text, "{\"pccs_url\":\"%s\",\"local_cache_only\":true}",
		 url);
	tree_make(edits);
	request.fetch = fetch_and_die;
	finding = tree_look_for(&request, "pccs.fresh");
	check_finding(&finding, DOCTOR_NOT_APPLICABLE, "local_cache_only", NULL);

	CASE("one that is gone");
	close(fd);
	finding = tree_look_for(&request, "pccs.fresh");
	check_finding(&finding, DOCTOR_NOT_APPLICABLE, "not asked", NULL);
	tree_make(tree_no_edits);
}

static void freshness(void **state)
{
	static const struct {
		int64_t from, left;
		enum doctor_state state;
		const char *found;
	} cases[] = {
		{ 0, -1, DOCTOR_FAIL, "expired 2026-09-21T14:13:19Z, 0 days ago" },
		{ -1, -86400 * 12, DOCTOR_FAIL, ", 12 days ago" },
		{ -1, 0, DOCTOR_WARN, "expires 2026-09-21T14:13:20Z, in 0 days" },
		{ -1, 3 * 86400 - 1, DOCTOR_WARN, ", in 2 days" },
		{ -1, 3 * 86400, DOCTOR_OK, "expires first: 2026-09-24T14:13:20Z" },
		{ 1, 3 * 86400, DOCTOR_FAIL, "is of the future" },
	};
	struct facts *const facts = facts_new();

	(void)state;
	facts->pccs.known = true;
	facts->clock.now = 1790000000;
	facts->fresh.fetched = KNOWN_YES;
	facts->fresh.num_documents = 2;
	facts->fresh.documents[1] = (struct fresh_document){ "list", 1, 1850000000 };
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct finding finding;

		facts->fresh.documents[0] = (struct fresh_document){
			"identity",
			facts->clock.now + cases[i].from,
			facts->clock.now + cases[i].left,
		};
		finding = tree_find(facts, "pccs.fresh");
		CASE(finding.found);
		CHECK_INT(cases[i].state, finding.state);
		CHECK_TEXT_HAS(finding.found, cases[i].found);
		CHECK_TEXT_HAS(finding.found, "identity, issued 2026-09-21T14:13:");
	}
	facts_free(facts);
}

/* --- KVM, from what a probe can bring ------------------------------------------------- */

static void probes_of_kvm(void **state)
{
	static const struct {
		struct kvm_probe probe;
		enum doctor_state state;
		const char *found;
	} cases[] = {
		{ { .step = KVM_STEP_STOPPED, .stage = KVM_STAGE_HALT },
		  DOCTOR_OK,
		  "ran a small guest" },
		{ { .step = KVM_STEP_STOPPED,
		    .stage = KVM_STAGE_SYSCALL,
		    .exit_reason = 8 },
		  DOCTOR_FAIL,
		  "stopped at halt, after system calls: it faulted" },
		{ { .step = KVM_STEP_STOPPED, .exit_reason = 4711 },
		  DOCTOR_FAIL,
		  "stopped at real mode, after nothing: it stopped for another reason" },
		{ { .step = KVM_STEP_RUN, .stage = KVM_STAGE_LONG, .is_late = true },
		  DOCTOR_FAIL,
		  "no end in 5 s, after 64-bit mode" },
		{ { .step = KVM_STEP_VM, .sys_errno = ENOMEM },
		  DOCTOR_FAIL,
		  "making a machine: Cannot allocate memory" },
		{ { .step = KVM_STEP_OPEN, .sys_errno = EACCES },
		  DOCTOR_UNKNOWN,
		  "Permission denied" },
		{ { .step = KVM_STEP_UNSUPPORTED }, DOCTOR_UNKNOWN, "no probe" },
		{ { .step = KVM_STEP_NONE }, DOCTOR_UNKNOWN, "not started" },
	};
	struct facts *const facts = facts_new();

	(void)state;
	facts->enclave.known = true;
	facts->kvm_probed = KNOWN_YES;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct finding finding;

		CASE(cases[i].found);
		facts->kvm = cases[i].probe;
		finding = tree_find(facts, "kvm.functional");
		CHECK_TEXT(doctor_state_name(cases[i].state),
			   doctor_state_name(finding.state));
		CHECK_TEXT_HAS(finding.found, cases[i].found);
	}
	facts_free(facts);
}

/* What cannot be read for lack of rights says that root could. */
static void root_would_see_more(void **state)
{
	struct facts *const facts = facts_new();
	struct finding finding;

	(void)state;
	facts->is_own = true;
	facts->log.known = true;
	facts->log.is_named = true;
	facts->log.log_errno = EPERM;
	finding = tree_find(facts, "swiotlb.full");
	CHECK_INT(DOCTOR_UNKNOWN, finding.state);
	CHECK_TEXT("the kernel log", finding.as_root);
	CHECK_TEXT_HAS(finding.remedy, "as root");
	facts->is_root = true;
	finding = tree_find(facts, "swiotlb.full");
	CHECK_INT(DOCTOR_UNKNOWN, finding.state);
	CHECK_TEXT(NULL, finding.as_root);
	facts_free(facts);
}

/* No line of the text is wider than a terminal, and colours come only when asked for. */
static void text_fits_a_terminal(void **state)
{
	static const struct file edits[MAX_EDITS] = {
		{ "var/log/kern.log", FULL("1024") }, { CONFIG_TSM, NULL }
	};
	struct doctor_request request;
	struct diagnosis *const diagnosis = calloc(1, sizeof *diagnosis);
	struct cella_error err = { 0 };
	struct out text = { 0 };
	struct facts *facts;
	size_t width = 0;

	(void)state;
	tree_make(edits);
	request = tree_request();
	facts = tree_look(&request);
	CHECK_OK(diagnose(facts, NULL, diagnosis, &err));
	diagnosis_text(diagnosis, false, &text);
	for (size_t i = 0; i < text.len; i++) {
		width = text.data[i] == '\n' ? 0 : width + 1;
		CHECK_TRUE(width < 80);
		CHECK_TRUE(text.data[i] == '\n' ||
			   (text.data[i] >= ' ' && text.data[i] <= '~'));
	}
	out_u8(&text, 0);
	CHECK_TEXT_HAS((const char *)text.data, "1 failed");
	text.len = 0;
	diagnosis_text(diagnosis, true, &text);
	out_u8(&text, 0);
	CHECK_TEXT_HAS((const char *)text.data, "\033[31mFAIL");
	out_done(&text);
	facts_free(facts);
	free(diagnosis);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quoting_service_is_tried),
		cmocka_unit_test(pccs_is_asked),
		cmocka_unit_test(freshness),
		cmocka_unit_test(probes_of_kvm),
		cmocka_unit_test(root_would_see_more),
		cmocka_unit_test(text_fits_a_terminal),
	};

	return cmocka_run_group_tests(tests, tree_set_up, tree_tear_down);
}
