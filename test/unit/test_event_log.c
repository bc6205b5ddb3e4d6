/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading event logs (src/evidence/event_log.c).
 */
#include "log_maker.h"

enum { FIRST_EVENT = 65, EVENT_DATA = FIRST_EVENT + 4 + 4 + 4 + 2 + 48 + 4 };

static struct out small_log(void)
{
	struct out log = { 0 };

	log_start_cc(&log);
	log_add_cc(&log, 1, EV_SEPARATOR, bytes_from("\0\0\0\0"));
	log_add_cc(&log, 4, EV_EVENT_TAG, bytes_from("LEAA\3\0\0\0a b"));
	return log;
}

static void good_logs_tell_their_events(void **state)
{
	struct out bytes = small_log();
	struct cella_event_log *const log = log_parse(&bytes);

	(void)state;
	CHECK_INT(CELLA_EVENT_LOG_CC, cella_event_log_kind(log));
	CHECK_INT(2, cella_event_log_num_events(log));
	CHECK_INT(FIRST_EVENT, log->events[0].offset);
	CHECK_INT(1, log->events[0].index);
	CHECK_INT(EV_SEPARATOR, log->events[0].type);
	CHECK_BYTES("\0\0\0\0", 4, log->events[0].data);
	CHECK_INT(4, log->events[1].index);
	CHECK_BYTES("LEAA\3\0\0\0a b", 11, log->events[1].data);
	CHECK_INT(bytes.len, log->end);
	CHECK_TRUE(log->ends_in_fill);
	cella_event_log_unref(log);
	out_done(&bytes);
}

/* Each row changes one byte of the small log, or cuts it, or appends to it. */
static void broken_logs_name_the_place(void **state)
{
	static const struct {
		const char *name;
		size_t at;
		uint8_t value;
		size_t cut; /* 0: whole */
		enum cella_status status;
		size_t offset;
		const char *text;
	} rows[] = {
		{ "empty", 0, 0, SIZE_MAX, CELLA_MALFORMED, 0, "header.index" },
		{ "first event of another type", 4, 1, 0, CELLA_UNSUPPORTED, 4,
		  "header.type: is not EV_NO_ACTION" },
		{ "another signature", 46, 'x', 0, CELLA_MALFORMED, 32,
		  "header.signature: is not" },
		{ "header data too long", 31, 1, 0, CELLA_MALFORMED, 32, "header.data" },
		{ "header data too short", 28, 32, 0, CELLA_MALFORMED, 64,
		  "header.vendor_info_size" },
		{ "no hash", 56, 0, 0, CELLA_MALFORMED, 56, "header.num_algorithms" },
		{ "six hashes", 56, 6, 0, CELLA_MALFORMED, 56, "header.num_algorithms" },
		{ "another length of SHA-384", 62, 32, 0, CELLA_MALFORMED, 62,
		  "header.algorithms.size" },
		{ "hash without bytes", 62, 0, 0, CELLA_MALFORMED, 62,
		  "header.algorithms.size" },
		{ "vendor info beyond the header", 64, 1, 0, CELLA_MALFORMED, 65,
		  "header.vendor_info" },
		{ "no digest", FIRST_EVENT + 8, 0, 0, CELLA_MALFORMED, FIRST_EVENT + 8,
		  "event 0: event log: num_digests" },
		{ "two digests", FIRST_EVENT + 8, 2, 0, CELLA_MALFORMED, FIRST_EVENT + 8,
		  "num_digests: is not the number" },
		{ "digest of another hash", FIRST_EVENT + 12, 0x0b, 0, CELLA_MALFORMED,
		  FIRST_EVENT + 12, "digest.algorithm: is not in the header's list" },
		{ "data of 4 GiB", EVENT_DATA - 1, 0xff, 0, CELLA_MALFORMED, EVENT_DATA,
		  "data: needs 4278190084 bytes" },
		{ "cut in the digest", 0, 0, FIRST_EVENT + 30, CELLA_MALFORMED,
		  FIRST_EVENT + 14, "event 0: event log: digest: needs 48 bytes" },
		{ "cut in the second event", 0, 0, EVENT_DATA + 4 + 9, CELLA_MALFORMED,
		  EVENT_DATA + 4 + 8, "event 1: event log: num_digests" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct out bytes = small_log();
		struct cella_event_log *log = NULL;
		struct cella_error err = { 0 };

		CASE(rows[i].name);
		if (rows[i].at > 0)
			bytes.data[rows[i].at] = rows[i].value;
		if (rows[i].cut > 0)
			bytes.len = rows[i].cut == SIZE_MAX ? 0 : rows[i].cut;
		CHECK_ERROR(rows[i].status, rows[i].offset, rows[i].text,
			    cella_event_log_parse(bytes.data, bytes.len, &log, &err));
		CHECK_TRUE(log == NULL);
		out_done(&bytes);
	}
}

static void a_hash_stands_in_the_table_once(void **state)
{
	static const uint16_t twice[] = { CELLA_HASH_SHA384, CELLA_HASH_SHA384 };
	struct out bytes = { 0 };
	struct cella_event_log *log = NULL;
	struct cella_error err = { 0 };

	(void)state;
	log_start(&bytes, twice, 2);
	CHECK_ERROR(CELLA_MALFORMED, 64, "header.algorithms.id: ",
		    cella_event_log_parse(bytes.data, bytes.len, &log, &err));
	out_done(&bytes);
}

/* Two digests of one hash in place of one of each. */
static void a_digest_is_there_once(void **state)
{
	static const uint16_t table[] = { CELLA_HASH_SHA256, 0x0012 };
	static const uint16_t twice[] = { CELLA_HASH_SHA256, CELLA_HASH_SHA256 };
	struct out bytes = { 0 };
	struct cella_event_log *log = NULL;
	struct cella_error err = { 0 };

	(void)state;
	log_start(&bytes, table, 2);
	bytes.data[66] = 32; /* the length of SM3, which the maker does not know */
	log_add(&bytes, twice, 2, 0, EV_ACTION, bytes_from("x"), bytes_from("x"));
	CHECK_ERROR(CELLA_MALFORMED, 69 + 12 + 34, "digest.algorithm: ",
		    cella_event_log_parse(bytes.data, bytes.len, &log, &err));
	out_done(&bytes);
}

static void fill_ends_a_log(void **state)
{
	static const struct {
		const char *name;
		struct cella_bytes tail;
		bool is_fill;
	} rows[] = {
		{ "nothing", { NULL, 0 }, true },
		{ "ones",
		  { (const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9 },
		  true },
		{ "zeros", { (const uint8_t *)"\0\0\0\0\0\0\0\0\0\0", 10 }, true },
		{ "few ones", { (const uint8_t *)"\xff\xff", 2 }, true },
		{ "one zero", { (const uint8_t *)"\0", 1 }, true },
		{ "remains after ones",
		  { (const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\1", 9 },
		  false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct out bytes = small_log();
		const size_t end = bytes.len;
		struct cella_event_log *log;

		CASE(rows[i].name);
		out_bytes(&bytes, rows[i].tail.data, rows[i].tail.len);
		log = log_parse(&bytes);
		CHECK_INT(2, log->num_events);
		CHECK_INT(end, log->end);
		CHECK_INT(rows[i].is_fill, log->ends_in_fill);
		cella_event_log_unref(log);
		out_done(&bytes);
	}
}

static void kinds_are_told_by_hashes_and_indices(void **state)
{
	static const uint16_t both[] = { CELLA_HASH_SHA256, CELLA_HASH_SHA384 };
	static const struct {
		const char *name;
		size_t num_hashes; /* the last ones of both */
		uint32_t index;
		enum cella_event_log_kind kind;
	} rows[] = {
		{ "SHA-384, RTMR3", 1, 4, CELLA_EVENT_LOG_CC },
		{ "SHA-384, PCR5", 1, 5, CELLA_EVENT_LOG_TPM },
		{ "two hashes", 2, 1, CELLA_EVENT_LOG_TPM },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const uint16_t *const hashes = both + 2 - rows[i].num_hashes;
		struct out bytes = { 0 };
		struct cella_event_log *log;

		CASE(rows[i].name);
		log_start(&bytes, hashes, rows[i].num_hashes);
		log_add(&bytes, hashes, rows[i].num_hashes, rows[i].index, EV_ACTION,
			bytes_from("x"), bytes_from("x"));
		log = log_parse(&bytes);
		CHECK_INT(rows[i].kind, cella_event_log_kind(log));
		cella_event_log_unref(log);
		out_done(&bytes);
	}
}

static void limits_are_kept(void **state)
{
	static uint8_t huge[1];
	struct out bytes = { 0 };
	struct cella_event_log *log = NULL;
	struct cella_error err = { 0 };

	(void)state;
	CHECK_STATUS(CELLA_LIMIT,
		     cella_event_log_parse(huge, CELLA_EVENT_LOG_MAX + 1, &log, &err));
	log_start_cc(&bytes);
	for (size_t i = 0; i < CELLA_EVENT_LOG_EVENTS_MAX; i++)
		log_add_cc(&bytes, 1, EV_ACTION, bytes_of(NULL, 0));
	log = log_parse(&bytes);
	CHECK_INT(CELLA_EVENT_LOG_EVENTS_MAX, log->num_events);
	cella_event_log_unref(log);
	log = NULL;
	log_add_cc(&bytes, 1, EV_ACTION, bytes_of(NULL, 0));
	CHECK_STATUS(CELLA_LIMIT,
		     cella_event_log_parse(bytes.data, bytes.len, &log, &err));
	out_done(&bytes);
	CHECK_STATUS(CELLA_USAGE, cella_event_log_parse(NULL, 1, &log, &err));
	CHECK_STATUS(CELLA_USAGE, cella_event_log_parse("", 0, NULL, &err));
}

static void no_prefix_and_no_byte_does_harm(void **state)
{
	struct out bytes = small_log();

	(void)state;
	log_check_prefixes_and_bytes(out_view(&bytes));
	out_done(&bytes);
}

/* --- the ACPI table ------------------------------------------------------------------ */

static void write_table(uint8_t table[57], uint8_t cc_type, uint64_t area_len)
{
	unsigned sum = 0;

	memset(table, 0, 57);
	memcpy(table, "CCEL\x38\0\0\0\1", 9);
	table[36] = cc_type;
	for (int i = 0; i < 8; i++)
		table[40 + i] = (uint8_t)(area_len >> 8 * i);
	for (int i = 0; i < 56; i++)
		sum += table[i];
	table[9] = (uint8_t)(0x100 - (sum & 0xff));
}

static void tables_are_checked(void **state)
{
	static const struct {
		const char *name;
		uint8_t cc_type;
		uint64_t area_len;
		size_t at; /* a byte that is changed */
		size_t len;
		enum cella_status status;
		const char *text;
	} rows[] = {
		{ "good", 2, 65536, 0, 56, CELLA_OK, NULL },
		{ "of SEV", 1, 65536, 0, 56, CELLA_UNSUPPORTED, "cc_type: expected 2" },
		{ "area too small", 2, 100, 0, 56, CELLA_MALFORMED, "do not fit" },
		{ "another signature", 2, 65536, 3, 56, CELLA_MALFORMED, "signature" },
		{ "another length", 2, 65536, 4, 56, CELLA_MALFORMED, "length" },
		{ "checksum", 2, 65536, 20, 56, CELLA_MALFORMED, "checksum" },
		{ "short", 2, 65536, 0, 55, CELLA_MALFORMED, "length" },
		{ "long", 2, 65536, 0, 57, CELLA_MALFORMED, "length" },
		{ "empty", 2, 65536, 0, 0, CELLA_MALFORMED, "signature" },
	};
	struct out bytes = small_log();
	struct cella_event_log *const log = log_parse(&bytes);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		uint8_t table[57];

		CASE(rows[i].name);
		write_table(table, rows[i].cc_type, rows[i].area_len);
		table[rows[i].at] ^= rows[i].at > 0 ? 0x10 : 0;
		CHECK_STATUS(rows[i].status,
			     cella_event_log_check_table(log, table, rows[i].len, &err));
		if (rows[i].text != NULL)
			CHECK_TEXT_HAS(err.text, rows[i].text);
	}
	cella_event_log_unref(log);
	out_done(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_logs_tell_their_events),
		cmocka_unit_test(broken_logs_name_the_place),
		cmocka_unit_test(a_hash_stands_in_the_table_once),
		cmocka_unit_test(a_digest_is_there_once),
		cmocka_unit_test(fill_ends_a_log),
		cmocka_unit_test(kinds_are_told_by_hashes_and_indices),
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(no_prefix_and_no_byte_does_harm),
		cmocka_unit_test(tables_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
