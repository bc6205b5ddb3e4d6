/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "guest/channel.h"
#include "guest/ring.h"

#include <stdlib.h>

static const struct {
	const char *line;
	struct guest_end end;
} lines[] = {
	{ "end stopped 0", { GUEST_END_STOPPED, 0, "" } },
	{ "end exited 3", { GUEST_END_EXITED, 3, "" } },
	{ "end killed 4294967295", { GUEST_END_KILLED, 4294967295U, "" } },
	{ "end module 2 /m.ko: No such file",
	  { GUEST_END_MODULE, 2, "/m.ko: No such file" } },
};

static void ends_are_written_and_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct cella_error err = { 0 };
		struct out out CLEANUP(out_done) = { 0 };
		struct guest_end end = { 0 };

		CASE(lines[i].line);
		guest_end_write(&lines[i].end, &out);
		CHECK_INT('\n', out.data[out.len - 1]);
		CHECK_BYTES(lines[i].line, strlen(lines[i].line),
			    bytes_of(out.data, out.len - 1));
		CHECK_OK(guest_end_read(bytes_from_text(lines[i].line), &end, &err));
		CHECK_INT(lines[i].end.reason, end.reason);
		CHECK_INT(lines[i].end.number, end.number);
		CHECK_TEXT(lines[i].end.detail, end.detail);
	}
}

static void every_reason_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < GUEST_END_NUM; i++)
		for (int j = 0; j < i; j++)
			CHECK_TRUE(strcmp(guest_reason_name(i), guest_reason_name(j)) !=
				   0);
}

static void a_line_of_a_guest_is_hostile(void **state)
{
	static const char *const bad[] = {
		"",
		"end",
		"end ",
		"end exited",
		"end exited ",
		"end exited -1",
		"end exited 1x",
		"end exited 4294967296",
		"end Exited 1",
		"begin exited 1",
		"end exited 1 \x1b[2J",
		"end exited 1\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct cella_error err = { 0 };
		struct guest_end end = { 0 };

		CASE(bad[i]);
		CHECK_TRUE(guest_end_read(bytes_from_text(bad[i]), &end, &err) !=
			   CELLA_OK);
		CHECK_INT(GUEST_END_UNKNOWN, end.reason);
		CHECK_TRUE(err.text[0] != '\0');
	}
}

static void a_long_line_is_refused(void **state)
{
	struct cella_error err = { 0 };
	struct guest_end end = { 0 };
	struct out line CLEANUP(out_done) = { 0 };

	(void)state;
	out_text(&line, "end module 2 ");
	while (line.len < strlen("end module 2 ") + GUEST_DETAIL_MAX)
		out_u8(&line, 'x');
	CHECK_STATUS(CELLA_LIMIT, guest_end_read(out_view(&line), &end, &err));
	while (line.len < GUEST_END_MAX)
		out_u8(&line, 'x');
	CHECK_STATUS(CELLA_LIMIT, guest_end_read(out_view(&line), &end, &err));
}

static void what_cannot_be_printed_is_replaced(void **state)
{
	const struct guest_end end = { GUEST_END_POLICY, 0, "a\nb\x1b" };
	struct out out CLEANUP(out_done) = { 0 };

	(void)state;
	guest_end_write(&end, &out);
	CHECK_BYTES("end policy 0 a?b?\n", strlen("end policy 0 a?b?\n"), out_view(&out));
}

static void a_ring_gives_what_it_was_given(void **state)
{
	static struct ring ring;
	uint64_t position = 0;
	struct cella_bytes next;

	(void)state;
	CHECK_INT(0, ring_next(&ring, &position).len);
	ring_add(&ring, bytes_from("abc"));
	next = ring_next(&ring, &position);
	CHECK_BYTES("abc", 3, next);
	position += 2;
	next = ring_next(&ring, &position);
	CHECK_BYTES("c", 1, next);
}

static void a_slow_reader_loses_the_oldest(void **state)
{
	static struct ring ring;
	static uint8_t bytes[RING_LEN + 100];
	uint64_t position = 0;
	struct cella_bytes next;
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i % 251);
	ring_add(&ring, bytes_of(bytes, sizeof bytes));
	while ((next = ring_next(&ring, &position)).len > 0) {
		CHECK_BYTES(bytes + 100 + len, next.len, next);
		position += next.len;
		len += next.len;
	}
	CHECK_INT(RING_LEN, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_are_written_and_read),
		cmocka_unit_test(every_reason_has_a_name_of_its_own),
		cmocka_unit_test(a_line_of_a_guest_is_hostile),
		cmocka_unit_test(a_long_line_is_refused),
		cmocka_unit_test(what_cannot_be_printed_is_replaced),
		cmocka_unit_test(a_ring_gives_what_it_was_given),
		cmocka_unit_test(a_slow_reader_loses_the_oldest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
