/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest's init logs of what it measures is what verifiers read (src/guest/measure.c).
 */
#include "launch_maker.h"
#include "support.h"

#include "evidence/aael.h"
#include "guest/measure.h"

/* TPML_DIGEST_VALUES, with SHA-384 first where it is asked for. */
static void put_digests(struct out *out, struct cella_bytes data, bool reversed)
{
	const struct launch_digest digest = made_digest(data);

	out_u32be(out, 3);
	out_u16be(out, 4); /* SHA-1, of a bank that is off */
	out_zeros(out, 20);
	for (int i = 0; i < 2; i++)
		if ((i == 0) == reversed) {
			out_u16be(out, CELLA_HASH_SHA384);
			out_bytes(out, digest.sha384, SHA384_LEN);
		} else {
			out_u16be(out, CELLA_HASH_SHA256);
			out_bytes(out, digest.sha256, SHA256_LEN);
		}
}

static void what_is_logged_is_read(void **state)
{
	(void)state;
	for (int reversed = 0; reversed < 2; reversed++) {
		struct out log CLEANUP(out_done) = made_launch_log(false);
		struct out data CLEANUP(out_done) = { 0 };
		struct out digests CLEANUP(out_done) = { 0 };
		struct cella_event_log *parsed CLEANUP(event_log_cleanup) = NULL;
		struct arena arena CLEANUP(arena_done) = { 0 };
		struct launch_told told;
		struct cella_error err = { 0 };
		struct in in;

		CHECK_OK(measure_data(bytes_from("cella measure-file x /y z"), &data,
				      &err));
		put_digests(&digests, out_view(&data), reversed == 1);
		in_init(&in, out_view(&digests), "digests");
		CHECK_OK(measure_entry(out_view(&data), &in, &log, &err));
		CHECK_OK(cella_event_log_parse(log.data, log.len, &parsed, &err));
		CHECK_OK(launch_log_read(parsed, &arena, &told, &err));
		CHECK_INT(parsed->num_events - 1, told.num_events);
	}
}

/* One event has one digest, wherever it is measured. */
static void it_is_measured_as_in_trust_domains(void **state)
{
	const struct aael event = { "cella", "measure-file", "sha384:00 /etc/app" };
	struct out expected CLEANUP(out_done) = { 0 };
	struct out data CLEANUP(out_done) = { 0 };
	uint8_t digest[SHA384_LEN];
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(aael_write(&event, &expected, digest, &err));
	CHECK_OK(measure_data(bytes_from("cella measure-file sha384:00 /etc/app"), &data,
			      &err));
	CHECK_BYTES(expected.data, expected.len, out_view(&data));
	CHECK_INT(MEASURE_AAEL_TAG, AAEL_TAG);
	CHECK_INT(MEASURE_PCR, LAUNCH_PCR_APPLICATION);
}

static void other_texts_are_refused(void **state)
{
	static char longest[GUEST_MEASURE_MAX + 1];
	struct out data CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };

	(void)state;
	CHECK_STATUS(CELLA_MALFORMED, measure_data(bytes_from(""), &data, &err));
	CHECK_STATUS(CELLA_MALFORMED, measure_data(bytes_from("a b"), &data, &err));
	CHECK_STATUS(CELLA_MALFORMED, measure_data(bytes_from("a b c\t"), &data, &err));
	CHECK_STATUS(CELLA_MALFORMED, measure_data(bytes_from("a b c\0"), &data, &err));
	CHECK_STATUS(CELLA_MALFORMED, measure_data(bytes_from("a b c\x7f"), &data, &err));
	CHECK_INT(0, data.len);
	memset(longest, ' ', sizeof longest);
	CHECK_OK(measure_data(bytes_of(longest, sizeof longest - 1), &data, &err));
	CHECK_INT(1024, data.len);
	CHECK_STATUS(CELLA_LIMIT,
		     measure_data(bytes_of(longest, sizeof longest), &data, &err));
}

static void a_tpm_of_other_banks_is_refused(void **state)
{
	struct out log CLEANUP(out_done) = { 0 };
	struct out digests CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	struct in in;

	(void)state;
	put_digests(&digests, bytes_from("x"), false);
	for (size_t len = 0; len < digests.len; len++) {
		in_init(&in, bytes_of(digests.data, len), "digests");
		CHECK_STATUS(CELLA_MALFORMED,
			     measure_entry(bytes_from("x"), &in, &log, &err));
	}
	digests.data[3] = 2; /* without SHA-384 */
	in_init(&in, out_view(&digests), "digests");
	CHECK_STATUS(CELLA_MALFORMED, measure_entry(bytes_from("x"), &in, &log, &err));
	digests.data[3] = 5;
	in_init(&in, out_view(&digests), "digests");
	CHECK_STATUS(CELLA_MALFORMED, measure_entry(bytes_from("x"), &in, &log, &err));
	digests.data[3] = 3;
	digests.data[5] = 5; /* no hash at all */
	in_init(&in, out_view(&digests), "digests");
	CHECK_STATUS(CELLA_MALFORMED, measure_entry(bytes_from("x"), &in, &log, &err));
	CHECK_INT(0, log.len);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_logged_is_read),
		cmocka_unit_test(it_is_measured_as_in_trust_domains),
		cmocka_unit_test(other_texts_are_refused),
		cmocka_unit_test(a_tpm_of_other_banks_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
