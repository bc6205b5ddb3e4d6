/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of a measured launch, its prediction, its log (src/evidence/launch*.c).
 */
#include "launch_maker.h"
#include "log_maker.h"

#include "base/encode.h"

/*
 * Folded by Python's hashlib: PCR = H(PCR || H(text)), from zero, PCR0 from 00..04, H(text)
 * of "cella debug" before the others where the launch is for debugging.
 */
static const struct {
	bool debug;
	unsigned pcr;
	const char *sha256;
	const char *sha384;
} golden[] = {
	{ false, 0, "5c71c1984de837f94c9cf3506f1a30a1587d2da4fbd635ddc57cb8ef4f9e0635",
	  "54f51c48a76c269f47f38f4cf3809ab5b52b2c3100034f60"
	  "f2d6842897a2727ea625c0495f76a2464dcc70d64095d59b" },
	{ false, 4, "311ba123acb2d9fbbc9538983a0d11e4cbcbce81c52ca93add4d7eac9e9b5ae0",
	  "99ba75bd4a5a535ee746855ce18fdf040ceb51cd76bd67ab"
	  "e20ba4a518db81e58d5d6897c36bc193a60d67d26eb5abc0" },
	{ false, 8, "8af7b62bf3b26e74abea241b83a5a96a2926e71903e4aec063721f74102573b3",
	  "72c5df8558e9d3bed85175c7241e6d628017d63b80fb7d62"
	  "887811bbcb3acfa86477346655bc5eabef8ed4360ea786e5" },
	{ false, 9, "684098e16e161264aa13c7ec801b2f3f908b4dfd0bb810ff75c7c0eab885c348",
	  "b1cd8f8fdcd37d56730ba1eb4ce698014d97ff1294e43bce"
	  "cc0148885e0e6884c989ca7dc72b76776b6b2f36ca975a35" },
	{ false, 11, "8327f2689ac91cb737a92980a8e735bf6512ecedcbca4617a5a55384e52ed6e3",
	  "156220bc7a149765a9afb30ab989da60b6e56868927b1520"
	  "e507dffaa81516db68b29e14c9515b35c0cdfcd37f2318a7" },
	{ false, 12, "fcfc6caf212175919ba6f4fbce254d5cc454f2db46830f6e2662dbf9fe30ffc2",
	  "e2ad58e7a1a9fdb1dcd72ae5858372974416919245e567ea"
	  "8f717937e8b914f644320b0f88dcfca2d7a83b5ee6c832dd" },
	{ false, 13, "140f79ab6061e1e05e01dcdc2067bfdc42a23428dda7ff9a151c0749de6a4945",
	  "7b4fb463e570fb0cdd74a49100a9a8154191b45deef10c59"
	  "d0da4e9af823dcf3b8230ea891fcfb1c7da427a27d8830e9" },
	{ true, 0, "5c71c1984de837f94c9cf3506f1a30a1587d2da4fbd635ddc57cb8ef4f9e0635",
	  "54f51c48a76c269f47f38f4cf3809ab5b52b2c3100034f60"
	  "f2d6842897a2727ea625c0495f76a2464dcc70d64095d59b" },
	{ true, 4, "7b7c23a7bf3befeae02835db4178a45ca690319b6cb93e827c8ec002a494ee34",
	  "dca50395184c5da167a56f4d3db4125f992b2f71c5257b80"
	  "5db13941c6f55a06c95bd0212a69f54b79129bd44f1ec43a" },
	{ true, 8, "29422783e39f577b95b5833a1f1040969e7b5f6d6fcb69e7fbdf22a9dcd006fc",
	  "692aee6486806c81c48152d9e56cbc9eb22580f96f3315fa"
	  "93782856f3665828be4655cc1ec89e7d013200d27301d78f" },
	{ true, 9, "0c47ab3186656c57faef190c1dad9da01140f756976f1795c9eb2dfb11975d1a",
	  "d14039146a32bcc87066e3f5b4409a96aee84ca8ac61a257"
	  "30440b9e8dadc3b7d64d0f57dfa6bbb01777306fbccd970f" },
	{ true, 11, "371442abaf9afd2145c1b3db95b19819c05401d163c45713ed10773aaf7d6096",
	  "a1a1b6d981eafecb26e9d636b78cd9595eeb63a05d764419"
	  "7c483ab98e231364b0f85128768736656faf9b43175c7d82" },
	{ true, 12, "d3edc41abd65bacef7f2d3e1fd9bd75c7d7c53b7fdb0217efd318cd61656c754",
	  "5eba61134b1a303e108b0afb7246b98e1663d63d94156059"
	  "96bfa7196476df7f50106229165a943b821b30a753dba080" },
	{ true, 13, "61b892cef7554ccc49b6338cd296629692b28063d3edcb9767f967559d69e32e",
	  "263626f78fcb037656d4f9d00a8d71cfd8d342658454332a"
	  "ecf15e3ccb0f0859b4b1d05fea967ee10600223bcd5ccd44" },
};

static void predicted_values_are_those_computed_elsewhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(golden); i++) {
		struct arena arena CLEANUP(arena_done) = { 0 };
		const struct launch_plan made = made_plan(golden[i].debug, &arena);
		struct cella_error err = { 0 };
		struct launch_pcrs pcrs;
		char text[2 * SHA384_LEN + 1];

		CHECK_OK(launch_predict(&made, &pcrs, &err));
		hex_format(bytes_of(pcrs.pcr[golden[i].pcr].sha256, SHA256_LEN), text);
		CHECK_TEXT(golden[i].sha256, text);
		hex_format(bytes_of(pcrs.pcr[golden[i].pcr].sha384, SHA384_LEN), text);
		CHECK_TEXT(golden[i].sha384, text);
	}
}

static void what_is_not_measured_stays_zero(void **state)
{
	static const unsigned zero[] = { 1, 2, 3, 5, 6, 7, 10, 14, 15 };
	struct arena arena CLEANUP(arena_done) = { 0 };
	const struct launch_plan made = made_plan(true, &arena);
	struct cella_error err = { 0 };
	struct launch_pcrs pcrs;

	(void)state;
	CHECK_OK(launch_predict(&made, &pcrs, &err));
	for (size_t i = 0; i < ARRAY_LEN(zero); i++)
		CHECK_TRUE(bytes_are_zero(
			bytes_of(&pcrs.pcr[zero[i]], sizeof pcrs.pcr[zero[i]])));
}

static void the_log_replays_to_the_prediction(void **state)
{
	static const uint16_t hashes[] = { CELLA_HASH_SHA256, CELLA_HASH_SHA384 };
	struct cella_error err = { 0 };

	(void)state;
	for (unsigned debug = 0; debug < 2; debug++) {
		struct arena arena CLEANUP(arena_done) = { 0 };
		const struct launch_plan made = made_plan(debug != 0, &arena);
		struct out bytes CLEANUP(out_done) = made_launch_log(debug != 0);
		struct cella_event_log *log CLEANUP(event_log_cleanup) =
			log_parse(&bytes);
		struct launch_pcrs pcrs;

		CHECK_OK(launch_predict(&made, &pcrs, &err));
		CHECK_INT(CELLA_EVENT_LOG_TPM, log->kind);
		for (unsigned i = 0; i < 2 * LAUNCH_NUM_PCRS; i++) {
			const struct launch_digest *const pcr = &pcrs.pcr[i / 2];
			uint8_t value[CELLA_REGISTER_MAX];
			size_t len = 0;

			CHECK_OK(cella_event_log_replay(log, hashes[i % 2], i / 2, value,
							&len, &err));
			CHECK_BYTES(value, len,
				    i % 2 == 0 ? bytes_of(pcr->sha256, SHA256_LEN)
					       : bytes_of(pcr->sha384, SHA384_LEN));
		}
	}
}

/* Every part has its own PCR, so that a policy can say which part it is about. */
static void each_part_changes_its_own_pcrs(void **state)
{
	enum { PARTS = 6 };
	static const uint32_t expected[PARTS] = {
		1 << LAUNCH_PCR_KERNEL, 1 << LAUNCH_PCR_CMDLINE, 1 << LAUNCH_PCR_RAMDISKS,
		1 << LAUNCH_PCR_IMAGE,  1 << LAUNCH_PCR_SIGNER,  1 << LAUNCH_PCR_CONFIG,
	};
	struct arena arena CLEANUP(arena_done) = { 0 };
	const struct launch_plan before = made_plan(false, &arena);
	struct cella_error err = { 0 };
	struct launch_pcrs a, b;

	(void)state;
	CHECK_OK(launch_predict(&before, &a, &err));
	for (unsigned part = 0; part < PARTS; part++) {
		struct launch_image what = made_image();
		struct launch_config how = made_config(false);
		struct launch_digest *const digests[PARTS] = {
			&what.kernel, NULL, &what.ramdisks[1], &what.whole, &what.signer
		};
		struct launch_plan after;
		uint32_t changed = 0;

		if (digests[part] != NULL)
			*digests[part] = made_digest(bytes_from("another"));
		else if (part == 1)
			what.cmdline = bytes_from(MADE_CMDLINE " ");
		else
			how.vcpus++;
		CHECK_OK(launch_plan_make("q35", &what, &how, &arena, &after, &err));
		CHECK_OK(launch_predict(&after, &b, &err));
		for (unsigned i = 0; i < LAUNCH_NUM_PCRS; i++)
			if (memcmp(&a.pcr[i], &b.pcr[i], sizeof a.pcr[i]) != 0)
				changed |= UINT32_C(1) << i;
		CHECK_INT(expected[part], changed);
	}
}

static void without_a_config_only_pcr13_is_not_told(void **state)
{
	const struct launch_image what = made_image();
	struct arena arena CLEANUP(arena_done) = { 0 };
	const struct launch_plan with = made_plan(false, &arena);
	struct cella_error err = { 0 };
	struct launch_plan without;
	struct launch_pcrs a, b;

	(void)state;
	CHECK_OK(launch_plan_make("q35", &what, NULL, &arena, &without, &err));
	CHECK_OK(launch_predict(&with, &a, &err));
	CHECK_OK(launch_predict(&without, &b, &err));
	CHECK_TRUE(bytes_are_zero(bytes_of(&b.pcr[LAUNCH_PCR_CONFIG], sizeof b.pcr[0])));
	b.pcr[LAUNCH_PCR_CONFIG] = a.pcr[LAUNCH_PCR_CONFIG];
	CHECK_BYTES(&a, sizeof a, bytes_of(&b, sizeof b));
}

static void what_cannot_be_measured_is_refused(void **state)
{
	static char long_text[LAUNCH_CMDLINE_MAX + 1];
	static const char *const bad_ways[] = {
		"a:1\n", "a b:1", "A:1", "none", "", "a:1\nvcpus 1",
	};
	struct arena arena CLEANUP(arena_done) = { 0 };
	struct launch_image what = made_image();
	struct launch_config how = made_config(false);
	struct cella_error err = { 0 };
	struct launch_plan out;

	(void)state;
	CHECK_STATUS(CELLA_USAGE, launch_plan_make("", &what, &how, &arena, &out, &err));
	CHECK_STATUS(CELLA_USAGE,
		     launch_plan_make("q35\n", &what, &how, &arena, &out, &err));
	what.cmdline = bytes_of("a\0b", 3);
	CHECK_STATUS(CELLA_USAGE,
		     launch_plan_make("q35", &what, &how, &arena, &out, &err));
	what.cmdline = bytes_of(long_text, sizeof long_text);
	CHECK_STATUS(CELLA_LIMIT,
		     launch_plan_make("q35", &what, &how, &arena, &out, &err));
	what = made_image();
	what.num_ramdisks = LAUNCH_MAX_RAMDISKS + 1;
	CHECK_STATUS(CELLA_LIMIT,
		     launch_plan_make("q35", &what, &how, &arena, &out, &err));
	what = made_image();
	how.vcpus = 0;
	CHECK_STATUS(CELLA_USAGE,
		     launch_plan_make("q35", &what, &how, &arena, &out, &err));
	for (size_t i = 0; i < 2 * ARRAY_LEN(bad_ways); i++) {
		how = made_config(false);
		CASE(bad_ways[i / 2]);
		*(i % 2 == 0 ? &how.egress : &how.forward) =
			(struct launch_texts){ &bad_ways[i / 2], 1 };
		CHECK_STATUS(CELLA_USAGE,
			     launch_plan_make("q35", &what, &how, &arena, &out, &err));
	}
}

/* --- reading back -------------------------------------------------------------------- */

static void a_log_tells_what_it_was_made_of(void **state)
{
	(void)state;
	for (unsigned debug = 0; debug < 2; debug++) {
		struct arena arena CLEANUP(arena_done) = { 0 };
		struct out bytes CLEANUP(out_done) = made_launch_log(debug != 0);
		struct cella_event_log *log CLEANUP(event_log_cleanup) =
			log_parse(&bytes);
		const struct launch_image what = made_image();
		struct cella_error err = { 0 };
		struct launch_told told;

		CHECK_OK(launch_log_read(log, &arena, &told, &err));
		CHECK_TEXT("q35", told.machine);
		CHECK_BYTES(MADE_CMDLINE, sizeof MADE_CMDLINE - 1, told.image.cmdline);
		CHECK_INT(2, told.image.num_ramdisks);
		CHECK_TRUE(told.image.is_signed);
		CHECK_BYTES(&what.signer, sizeof what.signer,
			    bytes_of(&told.image.signer, sizeof told.image.signer));
		CHECK_INT(debug, told.config.debug);
		CHECK_INT(2, told.config.vcpus);
		CHECK_INT(256, told.config.memory_mib);
		CHECK_INT(2, told.config.egress.num_items);
		CHECK_TEXT("192.0.2.1:80", told.config.egress.items[0]);
		CHECK_TEXT("example.org:443", told.config.egress.items[1]);
		CHECK_INT(1, told.config.forward.num_items);
		CHECK_TEXT("127.0.0.1:8080:80", told.config.forward.items[0]);
		CHECK_INT(2, told.config.to_guest.num);
		CHECK_TRUE(ports_admit(&told.config.to_guest, 7002));
		CHECK_TRUE(!ports_admit(&told.config.from_guest, 9001));
		CHECK_INT(log->num_events, told.num_events);
	}
}

static enum cella_status read_log(const struct out *bytes, struct cella_error *err)
{
	struct arena arena CLEANUP(arena_done) = { 0 };
	struct cella_event_log *log CLEANUP(event_log_cleanup) = NULL;
	struct launch_told told;

	TRY(cella_event_log_parse(bytes->data, bytes->len, &log, err));
	return launch_log_read(log, &arena, &told, err);
}

static void add_event(struct out *log, unsigned pcr, uint32_t type)
{
	static const uint16_t hashes[] = { CELLA_HASH_SHA256, CELLA_HASH_SHA384 };

	log_add(log, hashes, ARRAY_LEN(hashes), pcr, type, bytes_from("text"),
		bytes_from("text"));
}

static void the_guest_adds_to_its_own_pcrs_alone(void **state)
{
	struct cella_error err = { 0 };

	(void)state;
	CHECK_TRUE(launch_pcr_is_guests(10) && launch_pcr_is_guests(14));
	for (unsigned pcr = 0; pcr < NUM_PCRS; pcr++) {
		/* What PCR14 may have is told below. */
		const enum cella_status expected =
			launch_pcr_is_guests(pcr) && pcr != LAUNCH_PCR_APPLICATION
				? CELLA_OK
				: CELLA_MALFORMED;
		struct out bytes CLEANUP(out_done) = made_launch_log(false);

		add_event(&bytes, pcr, EV_IPL);
		CHECK_STATUS(expected, read_log(&bytes, &err));
		add_event(&bytes, LAUNCH_PCR_USER, EV_IPL);
		CHECK_STATUS(expected, read_log(&bytes, &err));
	}
}

/* As constants; the tag is 0x4141454c, the lowest byte first. */
#define BYTES(literal) \
	{ \
		(const uint8_t *)(literal), sizeof(literal) - 1 \
	}
#define TAG "LEAA"

static const struct {
	const char *name;
	uint32_t type;
	struct cella_bytes data;
	struct cella_bytes hashed;
	enum cella_status status;
	const char *text;
} measured_rows[] = {
	{ "an event", EV_EVENT_TAG, BYTES(TAG "\5\0\0\0a b c"),
	  BYTES(TAG "\5\0\0\0a b c"), CELLA_OK, NULL },
	{ "no tag", EV_EVENT_TAG, BYTES("a b c"), BYTES("a b c"), CELLA_MALFORMED,
	  "is not what a guest measures" },
	{ "another tag", EV_EVENT_TAG, BYTES("XEAA\5\0\0\0a b c"),
	  BYTES("XEAA\5\0\0\0a b c"), CELLA_MALFORMED, "is not what a guest measures" },
	{ "another length", EV_EVENT_TAG, BYTES(TAG "\4\0\0\0a b c"),
	  BYTES(TAG "\4\0\0\0a b c"), CELLA_MALFORMED, "is not what a guest measures" },
	{ "another type", EV_IPL, BYTES(TAG "\5\0\0\0a b c"), BYTES(TAG "\5\0\0\0a b c"),
	  CELLA_MALFORMED, "is not what a guest measures" },
	{ "a lie", EV_EVENT_TAG, BYTES(TAG "\5\0\0\0a b c"), BYTES(TAG "\5\0\0\0a b d"),
	  CELLA_MALFORMED, "its digests are not of what it says" },
};

static void what_the_guest_measures_is_what_it_says(void **state)
{
	static const uint16_t hashes[] = { CELLA_HASH_SHA256, CELLA_HASH_SHA384 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(measured_rows); i++) {
		struct out bytes CLEANUP(out_done) = made_launch_log(false);
		struct cella_error err = { 0 };

		CASE(measured_rows[i].name);
		log_add(&bytes, hashes, ARRAY_LEN(hashes), LAUNCH_PCR_APPLICATION,
			measured_rows[i].type, measured_rows[i].hashed,
			measured_rows[i].data);
		CHECK_STATUS(measured_rows[i].status, read_log(&bytes, &err));
		if (measured_rows[i].text != NULL)
			CHECK_TEXT_HAS(err.text, measured_rows[i].text);
	}
}

static void debugging_is_told_everywhere_or_nowhere(void **state)
{
	struct out debug CLEANUP(out_done) = made_launch_log(true);
	struct cella_event_log *log CLEANUP(event_log_cleanup) = log_parse(&debug);

	(void)state;
	for (size_t i = 0; i < log->num_events; i++) {
		const size_t from = log->events[i].offset;
		const size_t to = i + 1 < log->num_events ? log->events[i + 1].offset
							  : log->len;
		struct out without CLEANUP(out_done) = { 0 };
		struct cella_error err = { 0 };

		if (log->events[i].type != EV_ACTION)
			continue;
		out_bytes(&without, debug.data, from);
		out_bytes(&without, debug.data + to, debug.len - to);
		CHECK_ERROR(CELLA_MALFORMED, err.offset, "is not what a launch of",
			    read_log(&without, &err));
	}
}

/* A digest that is not told in a text can be any; nothing else can change. */
static void every_change_of_a_byte_is_refused_or_measured(void **state)
{
	struct out good CLEANUP(out_done) = made_launch_log(false);
	struct launch_pcrs pcrs, changed;
	struct arena arena CLEANUP(arena_done) = { 0 };
	const struct launch_plan made = made_plan(false, &arena);
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(launch_predict(&made, &pcrs, &err));
	for (size_t i = 0; i < good.len; i++) {
		struct arena now CLEANUP(arena_done) = { 0 };
		struct cella_event_log *log CLEANUP(event_log_cleanup) = NULL;
		struct launch_plan again;
		struct launch_told told;

		good.data[i] ^= 1;
		if (cella_event_log_parse(good.data, good.len, &log, &err) == CELLA_OK &&
		    launch_log_read(log, &now, &told, &err) == CELLA_OK) {
			CHECK_OK(launch_plan_make(told.machine, &told.image, &told.config,
						  &now, &again, &err));
			CHECK_OK(launch_predict(&again, &changed, &err));
			CHECK_TRUE(memcmp(&pcrs, &changed, sizeof pcrs) != 0);
		}
		good.data[i] ^= 1;
	}
	for (size_t len = 0; len < good.len; len++) {
		const struct out prefix = { .data = good.data, .len = len };

		CHECK_TRUE(read_log(&prefix, &err) != CELLA_OK);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(predicted_values_are_those_computed_elsewhere),
		cmocka_unit_test(what_is_not_measured_stays_zero),
		cmocka_unit_test(the_log_replays_to_the_prediction),
		cmocka_unit_test(each_part_changes_its_own_pcrs),
		cmocka_unit_test(without_a_config_only_pcr13_is_not_told),
		cmocka_unit_test(what_cannot_be_measured_is_refused),
		cmocka_unit_test(a_log_tells_what_it_was_made_of),
		cmocka_unit_test(the_guest_adds_to_its_own_pcrs_alone),
		cmocka_unit_test(what_the_guest_measures_is_what_it_says),
		cmocka_unit_test(debugging_is_told_everywhere_or_nowhere),
		cmocka_unit_test(every_change_of_a_byte_is_refused_or_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
