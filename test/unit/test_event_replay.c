/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replay of event logs (src/evidence/event_replay.c) and comparison with registers
 * (src/evidence/event_compare.c).
 */
#include "log_maker.h"

#include "crypto/crypto.h"
#include "evidence/facts.h"

static const char *const application[] = { "LEAA\1\0\0\0a", "LEAA\1\0\0\0b",
					   "LEAA\1\0\0\0c" };
enum { APPLICATION_LEN = 9 };

static struct cella_bytes event_data(size_t i)
{
	return bytes_of(application[i], APPLICATION_LEN);
}

/* SHA-384 twice over, away from the code under test. */
static void extend(uint8_t value[SHA384_LEN], struct cella_bytes data)
{
	uint8_t digest[SHA384_LEN];
	const struct cella_bytes parts[] = { bytes_of(value, SHA384_LEN),
					     bytes_of(digest, SHA384_LEN) };
	struct cella_error err = { 0 };
	uint8_t next[SHA384_LEN];

	CHECK_OK(crypto_digest(CRYPTO_SHA384, &data, 1, digest, &err));
	CHECK_OK(crypto_digest(CRYPTO_SHA384, parts, 2, next, &err));
	memcpy(value, next, SHA384_LEN);
}

static struct out application_log(void)
{
	struct out log = { 0 };

	log_start_cc(&log);
	log_add_cc(&log, 0, EV_ACTION, bytes_from("of MRTD: extends no RTMR"));
	log_add_cc(&log, 4, EV_NO_ACTION, bytes_from("extends nothing"));
	for (size_t i = 0; i < ARRAY_LEN(application); i++)
		log_add_cc(&log, 4, EV_EVENT_TAG, event_data(i));
	return log;
}

static void registers_are_chains_of_digests(void **state)
{
	struct out bytes = application_log();
	struct cella_event_log *const log = log_parse(&bytes);
	uint8_t expected[SHA384_LEN] = { 0 };
	uint8_t value[CELLA_REGISTER_MAX];
	struct cella_error err = { 0 };
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(application); i++)
		extend(expected, event_data(i));
	CHECK_OK(cella_event_log_replay(log, CELLA_HASH_SHA384, 3, value, &len, &err));
	CHECK_BYTES(expected, SHA384_LEN, bytes_of(value, len));
	CHECK_OK(cella_event_log_replay(log, CELLA_HASH_SHA384, 0, value, &len, &err));
	CHECK_TRUE(bytes_are_zero(bytes_of(value, len)));
	CHECK_STATUS(CELLA_USAGE, cella_event_log_replay(log, CELLA_HASH_SHA384, 4, value,
							 &len, &err));
	CHECK_STATUS(CELLA_MISSING, cella_event_log_replay(log, CELLA_HASH_SHA256, 0,
							   value, &len, &err));
	cella_event_log_unref(log);
	out_done(&bytes);
}

/* --- divergences --------------------------------------------------------------------- */

/* The register as these events, in this order, leave it. */
static void register_of(const char *events, uint8_t value[SHA384_LEN])
{
	memset(value, 0, SHA384_LEN);
	for (; *events != '\0'; events++)
		extend(value, event_data((size_t)(*events - 'a')));
}

static void divergences_are_found(void **state)
{
	static const struct {
		const char *events; /* that the register has; the log has abc */
		enum register_finding finding;
		enum register_divergence divergence;
		size_t number; /* of the event in the log */
	} rows[] = {
		{ "abc", REGISTER_MATCHES, DIVERGENCE_UNKNOWN, 0 },
		{ "", REGISTER_DIFFERS, DIVERGENCE_STOPS, 2 },
		{ "a", REGISTER_DIFFERS, DIVERGENCE_STOPS, 3 },
		{ "ab", REGISTER_DIFFERS, DIVERGENCE_STOPS, 4 },
		{ "bc", REGISTER_DIFFERS, DIVERGENCE_MISSING, 2 },
		{ "ac", REGISTER_DIFFERS, DIVERGENCE_MISSING, 3 },
		{ "acb", REGISTER_DIFFERS, DIVERGENCE_UNKNOWN, 0 },
		{ "abcc", REGISTER_DIFFERS, DIVERGENCE_UNKNOWN, 0 },
	};
	struct out bytes = application_log();
	struct cella_event_log *const log = log_parse(&bytes);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct register_replay replay = { 0 };
		struct cella_error err = { 0 };
		uint8_t actual[SHA384_LEN];

		CASE(rows[i].events);
		register_of(rows[i].events, actual);
		CHECK_OK(register_replay(log, 0, 3, bytes_of(actual, SHA384_LEN), &replay,
					 &err));
		CHECK_INT(rows[i].finding, replay.finding);
		CHECK_INT(rows[i].divergence, replay.divergence);
		CHECK_INT(3, replay.num_events);
		CHECK_INT(rows[i].number > 0, replay.event != NULL);
		if (replay.event != NULL)
			CHECK_INT(rows[i].number, replay.event->number);
	}
	cella_event_log_unref(log);
	out_done(&bytes);
}

static void a_digest_that_is_not_the_data_s_is_named(void **state)
{
	struct out bytes = application_log();
	struct register_replay replay = { 0 };
	struct cella_event_log *log = NULL;
	struct cella_error err = { 0 };
	uint8_t actual[SHA384_LEN];

	(void)state;
	bytes.data[bytes.len - APPLICATION_LEN - 4 - 1] ^= 1; /* of the last digest */
	log = log_parse(&bytes);
	register_of("abc", actual);
	CHECK_OK(register_replay(log, 0, 3, bytes_of(actual, SHA384_LEN), &replay, &err));
	CHECK_INT(REGISTER_DIFFERS, replay.finding);
	CHECK_INT(DIVERGENCE_DIGEST, replay.divergence);
	CHECK_INT(4, replay.event->number);
	cella_event_log_unref(log);
	out_done(&bytes);
}

/* --- comparison ---------------------------------------------------------------------- */

static void set_rtmrs(struct cella_facts *facts, uint8_t values[NUM_RTMRS][SHA384_LEN])
{
	for (unsigned reg = 0; reg < NUM_RTMRS; reg++)
		facts_set_bytes(facts, rtmr_fact(reg), bytes_of(values[reg], SHA384_LEN));
}

/* A log matches only when it has events of some register, and differs from none. */
static void a_comparison_needs_something_to_match(void **state)
{
	static const struct {
		const char *name;
		bool empty; /* the log has no events */
		const char *rtmr3;
		uint8_t rtmr0; /* its first byte; the log does not tell of it */
		bool match;
		const char *text;
	} rows[] = {
		{ "all events", false, "abc", 0, true, "3 events, matches the evidence" },
		{ "an untold register", false, "abc", 1, true,
		  "the log tells nothing of this register" },
		{ "an event too few", false, "ab", 0, false,
		  "the register was read before, or never got, event 4 (offset 386, digest " },
		{ "no events, no registers", true, "", 0, false,
		  "the log has no events of the evidence's registers" },
		{ "no events", true, "abc", 0, false,
		  "the log has no events of the evidence's registers" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t values[NUM_RTMRS][SHA384_LEN] = { { rows[i].rtmr0 } };
		struct cella_facts *const facts = calloc(1, sizeof *facts);
		struct out bytes = { 0 };
		struct cella_event_log *log;
		struct cella_error err = { 0 };
		bool match = !rows[i].match;
		char *text = NULL;

		CASE(rows[i].name);
		assert_non_null(facts);
		if (rows[i].empty)
			log_start_cc(&bytes);
		else
			bytes = application_log();
		log = log_parse(&bytes);
		register_of(rows[i].rtmr3, values[3]);
		set_rtmrs(facts, values);
		CHECK_OK(cella_event_log_compare(log, facts, NULL, false, &text, &match,
						 &err));
		CHECK_INT(rows[i].match, match);
		CHECK_TEXT_HAS(text, rows[i].text);
		cella_free(text);
		CHECK_OK(cella_event_log_compare(log, facts, NULL, true, &text, &match,
						 &err));
		CHECK_TEXT_HAS(text,
			       rows[i].match ? "\"match\": true" : "\"match\": false");
		cella_free(text);
		cella_event_log_unref(log);
		out_done(&bytes);
		free(facts);
	}
}

static void evidence_of_another_kind_is_no_answer(void **state)
{
	static const uint16_t sha256 = CELLA_HASH_SHA256;
	struct cella_facts *const facts = calloc(1, sizeof *facts);
	struct out cc_bytes = application_log();
	struct out tpm_bytes = { 0 };
	struct cella_event_log *const cc = log_parse(&cc_bytes);
	struct cella_event_log *tpm;
	struct cella_error err = { 0 };
	bool match = false;
	char *text = NULL;

	(void)state;
	assert_non_null(facts);
	log_start(&tpm_bytes, &sha256, 1);
	tpm = log_parse(&tpm_bytes);
	CHECK_STATUS(CELLA_UNSUPPORTED, cella_event_log_compare(cc, facts, NULL, false,
								&text, &match, &err));
	CHECK_STATUS(CELLA_UNSUPPORTED, cella_event_log_compare(tpm, facts, NULL, false,
								&text, &match, &err));
	CHECK_STATUS(CELLA_UNSUPPORTED,
		     cella_event_log_compare(cc, NULL, tpm, false, &text, &match, &err));
	cella_event_log_unref(tpm);
	cella_event_log_unref(cc);
	out_done(&tpm_bytes);
	out_done(&cc_bytes);
	free(facts);
}

/* --- TPMs ---------------------------------------------------------------------------- */

static void pcrs_start_as_a_tpm_starts_them(void **state)
{
	static const uint16_t hashes[] = { 0x0004, CELLA_HASH_SHA256, CELLA_HASH_SHA384 };
	static const struct {
		unsigned reg;
		uint8_t first;
		uint8_t last;
	} rows[] = { { 0, 0, 3 },        { 1, 0, 0 },        { 16, 0, 0 },
		     { 17, 0xff, 0xff }, { 22, 0xff, 0xff }, { 23, 0, 0 } };
	struct out bytes = { 0 };
	struct cella_event_log *log;
	struct cella_error err = { 0 };

	(void)state;
	log_start(&bytes, hashes, 3);
	log_add(&bytes, hashes, 3, 0, EV_NO_ACTION, bytes_of(NULL, 0),
		bytes_from("StartupLocality\0\3"));
	log = log_parse(&bytes);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t value[CELLA_REGISTER_MAX];
		size_t len = 0;

		CHECK_OK(cella_event_log_replay(log, CELLA_HASH_SHA256, rows[i].reg,
						value, &len, &err));
		CHECK_INT(SHA256_LEN, len);
		CHECK_INT(rows[i].first, value[0]);
		CHECK_INT(rows[i].last, value[len - 1]);
		CHECK_OK(cella_event_log_replay(log, CELLA_HASH_SHA384, rows[i].reg,
						value, &len, &err));
		CHECK_INT(SHA384_LEN, len);
		CHECK_INT(rows[i].last, value[len - 1]);
	}
	cella_event_log_unref(log);
	out_done(&bytes);
}

static void each_hash_has_its_own_registers(void **state)
{
	static const uint16_t hashes[] = { CELLA_HASH_SHA256, CELLA_HASH_SHA384 };
	static const uint8_t zeros[SHA256_LEN];
	struct out bytes = { 0 };
	struct cella_event_log *log;
	struct cella_error err = { 0 };
	uint8_t digest[SHA256_LEN];
	uint8_t expected[SHA256_LEN];
	uint8_t value[CELLA_REGISTER_MAX];
	size_t len = 0;
	const struct cella_bytes data = bytes_from("kernel");
	const struct cella_bytes parts[] = { bytes_of(zeros, sizeof zeros),
					     bytes_of(digest, sizeof digest) };

	(void)state;
	log_start(&bytes, hashes, 2);
	log_add(&bytes, hashes, 2, 9, EV_IPL, data, data);
	log = log_parse(&bytes);
	CHECK_OK(crypto_sha256(data, digest, &err));
	CHECK_OK(crypto_digest(CRYPTO_SHA256, parts, 2, expected, &err));
	CHECK_OK(cella_event_log_replay(log, CELLA_HASH_SHA256, 9, value, &len, &err));
	CHECK_BYTES(expected, SHA256_LEN, bytes_of(value, len));
	cella_event_log_unref(log);
	out_done(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_are_chains_of_digests),
		cmocka_unit_test(divergences_are_found),
		cmocka_unit_test(a_digest_that_is_not_the_data_s_is_named),
		cmocka_unit_test(a_comparison_needs_something_to_match),
		cmocka_unit_test(evidence_of_another_kind_is_no_answer),
		cmocka_unit_test(pcrs_start_as_a_tpm_starts_them),
		cmocka_unit_test(each_hash_has_its_own_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
