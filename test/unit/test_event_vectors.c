/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real event logs: what they replay to, and the quote that one of them belongs to.
 */
#include "log_maker.h"

#include <cella/verify.h>

#include "base/encode.h"
#include "base/json.h"
#include "evidence/aael.h"
#include "evidence/evidence.h"

static struct cella_event_log *log_read(const char *name)
{
	struct out bytes = vector_read(name);
	struct cella_event_log *const log = log_parse(&bytes);

	out_done(&bytes);
	return log;
}

static void real_logs_are_read(void **state)
{
	static const struct {
		const char *name;
		size_t num_events;
		size_t end;
	} rows[] = {
		{ "ccel/aael-alibabacloud.ccel", 87, 11707 },
		{ "ccel/tdshim.ccel", 5, 9822 },
		{ "ccel/ovmf.ccel", 20, 2120 },
		{ "ccel/grub.ccel", 37, 15130 },
		{ "ccel/gcp.ccel", 21, 20349 },
		{ "ccel/grub-gke.ccel", 35, 21897 },
		{ "ccel/gcp-cos113.ccel", 43, 18101 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct out bytes = vector_read(rows[i].name);
		struct cella_event_log *log;

		CASE(rows[i].name);
		log = log_parse(&bytes);
		CHECK_INT(CELLA_EVENT_LOG_CC, cella_event_log_kind(log));
		CHECK_INT(rows[i].num_events, log->num_events);
		CHECK_INT(rows[i].end, log->end);
		CHECK_TRUE(log->ends_in_fill);
		log_use(log);
		cella_event_log_unref(log);
		out_done(&bytes);
	}
}

static void no_byte_of_a_real_log_does_harm(void **state)
{
	struct out bytes = { 0 };

	(void)state;
	bytes = vector_read("ccel/ovmf.ccel");
	log_check_prefixes_and_bytes(bytes_slice(out_view(&bytes), 0, 2200));
	out_done(&bytes);
}

static void the_real_table_fits_its_log(void **state)
{
	struct out bytes = { 0 };
	struct out table = { 0 };
	struct cella_event_log *log;
	struct cella_error err = { 0 };

	(void)state;
	bytes = vector_read("ccel/gcp-cos113.ccel");
	table = vector_read("ccel/gcp-cos113.ccel-table");
	log = log_parse(&bytes);
	CHECK_OK(cella_event_log_check_table(log, table.data, table.len, &err));
	cella_event_log_unref(log);
	out_done(&table);
	out_done(&bytes);
}

static void replays_arrive_where_they_must(void **state)
{
	static const struct {
		const char *name;
		const char *rtmrs[NUM_RTMRS]; /* first bytes; "": all zeros */
	} rows[] = {
		{ "ccel/aael-alibabacloud.ccel",
		  { "b796e1", "3b0b90", "35f280", "5e4ecd" } },
		{ "ccel/tdshim.ccel", { "2dc712", "0fa3be", "", "" } },
		{ "ccel/ovmf.ccel", { "8566f9", "775b9f", "94eaf7", "" } },
		{ "ccel/grub.ccel", { "cec0a1", "6c289e", "08919d", "" } },
		{ "ccel/gcp.ccel", { "330098", "204d49", "", "" } },
		{ "ccel/grub-gke.ccel", { "bc9945", "c17cb2", "334aeb", "" } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_event_log *const log = log_read(rows[i].name);

		CASE(rows[i].name);
		for (unsigned reg = 0; reg < NUM_RTMRS; reg++) {
			uint8_t value[CELLA_REGISTER_MAX];
			char hex[2 * CELLA_REGISTER_MAX + 1];
			struct cella_error err = { 0 };
			size_t len = 0;

			CHECK_OK(cella_event_log_replay(log, CELLA_HASH_SHA384, reg,
							value, &len, &err));
			CHECK_INT(48, len);
			hex[6] = '\0';
			if (*rows[i].rtmrs[reg] == '\0')
				CHECK_TRUE(bytes_are_zero(bytes_of(value, len)));
			else
				CHECK_TEXT(rows[i].rtmrs[reg],
					   (hex_format(bytes_of(value, 3), hex), hex));
		}
		cella_event_log_unref(log);
	}
}

static void a_log_matches_its_quote_alone(void **state)
{
	static const struct {
		const char *log;
		bool match;
	} rows[] = {
		{ "ccel/gcp-cos113.ccel", true },
		{ "ccel/gcp.ccel", false },
		{ "ccel/aael-alibabacloud.ccel", false },
	};
	struct out bytes = vector_read("tdx/tdx-v4-gcp-cos113.quote");
	struct cella_evidence *quote = NULL;
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(cella_evidence_parse(bytes.data, bytes.len, &quote, &err));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_event_log *const log = log_read(rows[i].log);
		bool match = !rows[i].match;
		char *text = NULL;

		CASE(rows[i].log);
		CHECK_OK(cella_event_log_compare(log, cella_evidence_facts(quote), NULL,
						 false, &text, &match, &err));
		CHECK_INT(rows[i].match, match);
		CHECK_TEXT_HAS(text, rows[i].match ? "matches the evidence"
						   : "DIFFERS from the evidence");
		cella_free(text);
		cella_event_log_unref(log);
	}
	cella_evidence_unref(quote);
	out_done(&bytes);
}

/* Without collateral nothing is accepted; a foreign log is refused all the same. */
static void verification_asks_the_log(void **state)
{
	static const struct {
		const char *log;
		enum cella_result result;
	} rows[] = {
		{ "ccel/gcp-cos113.ccel", CELLA_UNDECIDED },
		{ "ccel/gcp.ccel", CELLA_REJECTED },
	};
	struct out bytes = vector_read("tdx/tdx-v4-gcp-cos113.quote");
	struct cella_evidence *quote = NULL;
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(cella_evidence_parse(bytes.data, bytes.len, &quote, &err));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_event_log *const log = log_read(rows[i].log);
		const struct cella_verify_options options = {
			.size = sizeof options,
			.time_choice = CELLA_TIME_AT,
			.time = time_at("2026-02-25T00:00:00Z"),
			.root_choice = CELLA_ROOT_INTEL,
			.report_data_expect = CELLA_EXPECT_ANY,
			.policy_expect = CELLA_EXPECT_ANY,
			.event_log = log,
		};
		struct cella_verdict *verdict = NULL;

		CASE(rows[i].log);
		CHECK_OK(cella_verify(quote, NULL, &options, &verdict, &err));
		cella_event_log_unref(log); /* the verdict has its own reference */
		CHECK_INT(rows[i].result, cella_verdict_result(verdict));
		cella_verdict_free(verdict);
	}
	cella_evidence_unref(quote);
	out_done(&bytes);
}

/* Two boots of one image on one platform: shim, disk and kernel differ, in this order. */
static void two_logs_differ_first_where_they_do(void **state)
{
	struct cella_event_log *const log = log_read("ccel/gcp.ccel");
	struct cella_event_log *const other = log_read("ccel/grub-gke.ccel");
	struct cella_error err = { 0 };
	char *text = NULL;
	bool match = true;

	(void)state;
	CHECK_OK(cella_event_log_compare(log, NULL, other, false, &text, &match, &err));
	CHECK_TRUE(!match);
	CHECK_TEXT_HAS(
		text,
		"this log:  event 1 (offset 173, digest 6c1819b299e7...): firmware, claimed: "
		"Fv(48DB5E17-707C-472D-91CD-1613E7EF51B0)");
	CHECK_TEXT_HAS(
		text,
		"reference: event 3 (offset 753, digest 7ed4f33833d3...): firmware");
	CHECK_TEXT_HAS(
		text,
		"this log:  event 16 (offset 19250, digest 150de7cb5074...): partitions, disk ");
	CHECK_TEXT_HAS(
		text,
		"this log:  no more events\n"
		"    reference: event 20 (offset 20606, digest 2fdc85315776...): kernel");
	cella_free(text);
	cella_event_log_unref(log);
	cella_event_log_unref(other);
}

/* An agent's events are those that cella writes, byte for byte. */
static void agents_write_as_cella_does(void **state)
{
	static const struct aael rows[] = {
		{ "coco.com", "some-operation", "some-content" },
		{ "coco.com", "some-operation",
		  "{\"key\": \"value\", \"nested-key\": {\"sub-key\": \"value\"}}" },
	};
	struct out bytes = vector_read("ccel/aael-alibabacloud.ccel");
	struct cella_event_log *const log = log_parse(&bytes);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct event *const event = &log->events[85 + i];
		struct cella_error err = { 0 };
		struct out data = { 0 };
		struct out entry = { 0 };
		uint8_t digest[SHA384_LEN];

		CASE(rows[i].content);
		CHECK_OK(aael_write(&rows[i], &data, digest, &err));
		event_log_write_event(&entry, CC_INDEX_RTMR3, EV_EVENT_TAG, digest,
				      out_view(&data));
		CHECK_BYTES(entry.data, entry.len,
			    bytes_of(log->data + event->offset, entry.len));
		out_done(&entry);
		out_done(&data);
	}
	cella_event_log_unref(log);
	out_done(&bytes);
}

/* What a log's description says of an event. */
struct described {
	const char *log;
	size_t number;
	const char *reg;
	const char *part;
	bool covers;
	const char *text;
};

static const struct described events[] = {
	{ "ccel/aael-alibabacloud.ccel", 0, "RTMR0", "platform tables", false,
	  "TdxTable" },
	{ "ccel/aael-alibabacloud.ccel", 2, "RTMR0", "variables", true,
	  "variable SecureBoot: off" },
	{ "ccel/aael-alibabacloud.ccel", 3, "RTMR0", "variables", true,
	  "variable PK: empty" },
	{ "ccel/aael-alibabacloud.ccel", 7, "RTMR0", "markers", true,
	  "the firmware hands over" },
	{ "ccel/aael-alibabacloud.ccel", 11, "RTMR0", "platform tables", false,
	  "etc/acpi/tables" },
	{ "ccel/aael-alibabacloud.ccel", 12, "RTMR1", "boot order", true,
	  "variable BootOrder: 0005, 0000, 0001, 0002, 0003, 0004" },
	{ "ccel/aael-alibabacloud.ccel", 13, "RTMR1", "boot order", true,
	  "variable Boot0005: \"Alibaba Cloud Linux\" at HD(" },
	{ "ccel/aael-alibabacloud.ccel", 27, "RTMR1", "boot loader", false,
	  "\\EFI\\alinux\\grubx64.efi" },
	{ "ccel/aael-alibabacloud.ccel", 31, "RTMR2", "boot commands", true,
	  "grub_cmd set pager=1" },
	{ "ccel/aael-alibabacloud.ccel", 79, "RTMR2", "kernel", false,
	  "grub_linuxefi Kernel" },
	{ "ccel/aael-alibabacloud.ccel", 80, "RTMR2", "command line", true,
	  "grub_kernel_cmdline (hd0,gpt3)/boot/vmlinuz-5.10.134-19.1.al8.x86_64 root=" },
	{ "ccel/aael-alibabacloud.ccel", 82, "RTMR2", "initrd", false,
	  "grub_linuxefi Initrd" },
	{ "ccel/aael-alibabacloud.ccel", 85, "RTMR3", "application", true,
	  "coco.com some-operation some-content" },
	{ "ccel/tdshim.ccel", 4, "RTMR1", "command line", true,
	  "td_payload_info: root=/dev/vda1 console=hvc0 rw" },
	{ "ccel/ovmf.ccel", 11, "RTMR1", "kernel", false,
	  "the kernel that QEMU was given" },
	{ "ccel/ovmf.ccel", 16, "RTMR2", "command line", false,
	  "the Linux EFI stub: LOADED_IMAGE::LoadOptions" },
	{ "ccel/ovmf.ccel", 17, "RTMR2", "initrd", false,
	  "the Linux EFI stub: Linux initrd" },
	{ "ccel/gcp-cos113.ccel", 16, "RTMR1", "partitions", true, "12 partitions: " },
	{ "ccel/gcp-cos113.ccel", 38, "RTMR2", "boot commands", true,
	  "grub_cmd: linux /syslinux/vmlinuz.A init=" },
	{ "ccel/gcp-cos113.ccel", 40, "RTMR2", "command line", true,
	  "kernel_cmdline: /syslinux/vmlinuz.A init=" },
	{ "ccel/grub-gke.ccel", 0, "none", "other", false,
	  "SP800-155 Event3: extends nothing" },
	{ "ccel/grub-gke.ccel", 24, "RTMR2", "command line", false, ".cmdline" },
	{ "ccel/grub-gke.ccel", 32, "RTMR1", "kernel", false,
	  "the kernel in a unified kernel image" },
	{ "ccel/grub.ccel", 2, "RTMR0", "variables", true, "variable SecureBoot: on" },
	{ "ccel/grub.ccel", 32, "RTMR1", "kernel", false, "an image from memory" },
};

static json_t *description_of(const char *name)
{
	struct cella_event_log *const log = log_read(name);
	struct cella_error err = { 0 };
	json_t *root = NULL;
	char *text = NULL;

	CHECK_OK(cella_event_log_describe(log, true, &text, &err));
	CHECK_OK(json_parse(bytes_from_text(text), name, &root, &err));
	cella_free(text);
	cella_event_log_unref(log);
	return root;
}

static void events_are_told_in_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		json_t *const root = description_of(events[i].log);
		const json_t *const e =
			json_array_get(json_object_get(root, "events"), events[i].number);

		CASE(events[i].text);
		CHECK_TEXT(events[i].reg,
			   json_string_value(json_object_get(e, "register")));
		CHECK_TEXT(events[i].part, json_string_value(json_object_get(e, "part")));
		CHECK_TEXT_HAS(json_string_value(json_object_get(e, "text")),
			       events[i].text);
		CHECK_INT(events[i].covers,
			  json_is_true(json_object_get(e, "digest_covers_text")));
		json_decref(root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_logs_are_read),
		cmocka_unit_test(no_byte_of_a_real_log_does_harm),
		cmocka_unit_test(the_real_table_fits_its_log),
		cmocka_unit_test(replays_arrive_where_they_must),
		cmocka_unit_test(a_log_matches_its_quote_alone),
		cmocka_unit_test(verification_asks_the_log),
		cmocka_unit_test(two_logs_differ_first_where_they_do),
		cmocka_unit_test(agents_write_as_cella_does),
		cmocka_unit_test(events_are_told_in_words),
	};

	if (!has_folder("CELLA_VECTORS"))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
