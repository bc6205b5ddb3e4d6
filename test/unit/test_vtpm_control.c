/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QEMU's control protocol (src/vm/vtpm_control.c), without sockets and without a TPM.
 */
#include "support.h"

#include "vm/vtpm_control.h"

#include <fcntl.h>
#include <unistd.h>

/* What the commands caused. */
struct seen {
	int launches, stops, localities, resets, data_fds;
	uint8_t locality;
	enum cella_status launch_status;
	enum cella_status established_status;
};

static enum cella_status launch(void *context, struct cella_error *err)
{
	struct seen *const seen = context;

	seen->launches++;
	if (seen->launch_status != CELLA_OK)
		err->status = seen->launch_status;
	return seen->launch_status;
}

static void stop(void *context)
{
	((struct seen *)context)->stops++;
}

static void set_locality(void *context, uint8_t locality)
{
	struct seen *const seen = context;

	seen->localities++;
	seen->locality = locality;
}

static enum cella_status established(void *context, bool *out, struct cella_error *err)
{
	const struct seen *const seen = context;

	*out = true;
	if (seen->established_status != CELLA_OK)
		err->status = seen->established_status;
	return seen->established_status;
}

static enum cella_status reset_established(void *context, uint8_t locality,
					   struct cella_error *err UNUSED)
{
	struct seen *const seen = context;

	seen->resets++;
	return locality == 3 ? CELLA_OK : CELLA_INTERNAL;
}

static uint32_t buffer_size(void *context UNUSED)
{
	return 4096;
}

static void set_data(void *context, int fd)
{
	((struct seen *)context)->data_fds++;
	close(fd);
}

static const struct control_actions actions = {
	launch, stop, set_locality, established, reset_established, buffer_size, set_data
};

#define OK "\0\0\0\0"
#define BAD_ORDINAL "\0\0\0\x0a"
#define REQUEST(text) bytes_from(text)

/* One exchange: what is sent in which phase, what comes back. */
static const struct exchange {
	const char *name;
	enum vtpm_phase phase;
	bool with_fd;
	struct cella_bytes request;
	struct cella_bytes reply;
	enum cella_status status;
	enum vtpm_phase after;
} exchanges[] = {
#define ROW(name, phase, fd, request, reply, status, after) \
	{ \
		name, phase, fd, { (const uint8_t *)(request), sizeof(request) - 1 }, \
			{ (const uint8_t *)(reply), sizeof(reply) - 1 }, status, after \
	}
	ROW("capabilities", VTPM_OFF, false, "\0\0\0\1", "\0\0\0\0\0\0\x34\x8f", CELLA_OK,
	    VTPM_OFF),
	ROW("capabilities_running", VTPM_RUNNING, false, "\0\0\0\1",
	    "\0\0\0\0\0\0\x34\x8f", CELLA_OK, VTPM_RUNNING),
	ROW("init", VTPM_OFF, false, "\0\0\0\2\0\0\0\0", OK, CELLA_OK, VTPM_RUNNING),
	ROW("init_from_old_state", VTPM_OFF, false, "\0\0\0\2\0\0\0\1", "\0\0\0\3",
	    CELLA_UNSUPPORTED, VTPM_OFF),
	ROW("second_init", VTPM_RUNNING, false, "\0\0\0\2\0\0\0\0", BAD_ORDINAL,
	    CELLA_USAGE, VTPM_RUNNING),
	ROW("init_after_stop", VTPM_STOPPED, false, "\0\0\0\2\0\0\0\0", BAD_ORDINAL,
	    CELLA_USAGE, VTPM_STOPPED),
	ROW("init_short", VTPM_OFF, false, "\0\0\0\2\0\0\0", "\0\0\0\3", CELLA_MALFORMED,
	    VTPM_OFF),
	ROW("init_long", VTPM_OFF, false, "\0\0\0\2\0\0\0\0\0", "\0\0\0\3",
	    CELLA_MALFORMED, VTPM_OFF),
	ROW("init_with_fd", VTPM_OFF, true, "\0\0\0\2\0\0\0\0", "\0\0\0\3",
	    CELLA_MALFORMED, VTPM_OFF),
	ROW("established_off", VTPM_OFF, false, "\0\0\0\4", BAD_ORDINAL, CELLA_OK,
	    VTPM_OFF),
	ROW("established", VTPM_RUNNING, false, "\0\0\0\4", OK "\1\0\0\0", CELLA_OK,
	    VTPM_RUNNING),
	ROW("locality_off", VTPM_OFF, false, "\0\0\0\5\0\0\0\0", BAD_ORDINAL, CELLA_OK,
	    VTPM_OFF),
	ROW("locality_0", VTPM_RUNNING, false, "\0\0\0\5\0\0\0\0", OK, CELLA_OK,
	    VTPM_RUNNING),
	ROW("locality_3_pad_is_ignored", VTPM_RUNNING, false, "\0\0\0\5\3\xff\xff\xff",
	    OK, CELLA_OK, VTPM_RUNNING),
	ROW("locality_4_is_the_hosts", VTPM_RUNNING, false, "\0\0\0\5\4\0\0\0",
	    "\0\0\0\x3d", CELLA_OK, VTPM_RUNNING),
	ROW("locality_255", VTPM_RUNNING, false, "\0\0\0\5\xff\0\0\0", "\0\0\0\x3d",
	    CELLA_OK, VTPM_RUNNING),
	ROW("locality_unpadded", VTPM_RUNNING, false, "\0\0\0\5\0", "\0\0\0\3",
	    CELLA_MALFORMED, VTPM_RUNNING),
	ROW("hash_start_is_not_qemus", VTPM_OFF, false, "\0\0\0\6", BAD_ORDINAL,
	    CELLA_UNSUPPORTED, VTPM_OFF),
	ROW("hash_data_is_not_qemus", VTPM_RUNNING, false, "\0\0\0\7\0\0\0\1x",
	    BAD_ORDINAL, CELLA_UNSUPPORTED, VTPM_RUNNING),
	ROW("hash_end_is_not_qemus", VTPM_RUNNING, false, "\0\0\0\x08", BAD_ORDINAL,
	    CELLA_UNSUPPORTED, VTPM_RUNNING),
	ROW("cancel_is_not_served", VTPM_RUNNING, false, "\0\0\0\x09", BAD_ORDINAL,
	    CELLA_UNSUPPORTED, VTPM_RUNNING),
	ROW("store_volatile_is_not_served", VTPM_RUNNING, false, "\0\0\0\x0a",
	    BAD_ORDINAL, CELLA_UNSUPPORTED, VTPM_RUNNING),
	ROW("reset_established", VTPM_RUNNING, false, "\0\0\0\x0b\3\0\0\0", OK, CELLA_OK,
	    VTPM_RUNNING),
	ROW("reset_established_refused_by_the_tpm", VTPM_RUNNING, false,
	    "\0\0\0\x0b\0\0\0\0", "\0\0\0\x09", CELLA_OK, VTPM_RUNNING),
	ROW("reset_established_4", VTPM_RUNNING, false, "\0\0\0\x0b\4\0\0\0",
	    "\0\0\0\x3d", CELLA_OK, VTPM_RUNNING),
	ROW("state_is_not_given", VTPM_RUNNING, false, "\0\0\0\x0c\0\0\0\0\0\0\0\1\0\0\0",
	    BAD_ORDINAL, CELLA_UNSUPPORTED, VTPM_RUNNING),
	ROW("state_is_not_taken", VTPM_OFF, false, "\0\0\0\x0d", BAD_ORDINAL,
	    CELLA_UNSUPPORTED, VTPM_OFF),
	ROW("stop_off", VTPM_OFF, false, "\0\0\0\x0e", OK, CELLA_OK, VTPM_OFF),
	ROW("stop", VTPM_RUNNING, false, "\0\0\0\x0e", OK, CELLA_OK, VTPM_STOPPED),
	ROW("stop_twice", VTPM_STOPPED, false, "\0\0\0\x0e", OK, CELLA_OK, VTPM_STOPPED),
	ROW("get_config_is_not_served", VTPM_OFF, false, "\0\0\0\x0f", BAD_ORDINAL,
	    CELLA_UNSUPPORTED, VTPM_OFF),
	ROW("data", VTPM_OFF, true, "\0\0\0\x10", OK, CELLA_OK, VTPM_OFF),
	ROW("data_without_fd", VTPM_OFF, false, "\0\0\0\x10", "\0\0\0\3", CELLA_MALFORMED,
	    VTPM_OFF),
	ROW("data_running", VTPM_RUNNING, true, "\0\0\0\x10", BAD_ORDINAL, CELLA_USAGE,
	    VTPM_RUNNING),
	ROW("buffer_size", VTPM_OFF, false, "\0\0\0\x11\0\0\0\0",
	    OK "\0\0\x10\0\0\0\x10\0\0\0\x10\0", CELLA_OK, VTPM_OFF),
	ROW("buffer_size_any", VTPM_STOPPED, false, "\0\0\0\x11\xff\xff\xff\xff",
	    OK "\0\0\x10\0\0\0\x10\0\0\0\x10\0", CELLA_OK, VTPM_STOPPED),
	ROW("buffer_size_running", VTPM_RUNNING, false, "\0\0\0\x11\0\0\x10\0",
	    BAD_ORDINAL, CELLA_OK, VTPM_RUNNING),
	ROW("info_is_not_served", VTPM_OFF, false, "\0\0\0\x12", BAD_ORDINAL,
	    CELLA_UNSUPPORTED, VTPM_OFF),
	ROW("lock_is_not_served", VTPM_OFF, false, "\0\0\0\x13", BAD_ORDINAL,
	    CELLA_UNSUPPORTED, VTPM_OFF),
	ROW("zero", VTPM_OFF, false, "\0\0\0\0", BAD_ORDINAL, CELLA_UNSUPPORTED,
	    VTPM_OFF),
	ROW("beyond_the_table", VTPM_OFF, false, "\0\0\0\x14", BAD_ORDINAL,
	    CELLA_UNSUPPORTED, VTPM_OFF),
	ROW("huge", VTPM_OFF, true, "\xff\xff\xff\xff", BAD_ORDINAL, CELLA_UNSUPPORTED,
	    VTPM_OFF),
	ROW("little_endian", VTPM_OFF, false, "\1\0\0\0", BAD_ORDINAL, CELLA_UNSUPPORTED,
	    VTPM_OFF),
	ROW("empty", VTPM_OFF, false, "", BAD_ORDINAL, CELLA_UNSUPPORTED, VTPM_OFF),
	ROW("shutdown", VTPM_RUNNING, false, "\0\0\0\3", OK, CELLA_OK, VTPM_RUNNING),
};

static void each_request_has_its_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(exchanges); i++) {
		const struct exchange *const row = &exchanges[i];
		const int fd = row->with_fd ? open("/dev/null", O_RDONLY | O_CLOEXEC)
					    : -1;
		struct out reply CLEANUP(out_done) = { 0 };
		struct cella_error err = { 0 };
		struct seen seen = { 0 };
		struct control control;

		CASE(row->name);
		control_begin(&control, &actions, &seen);
		control.phase = row->phase;
		CHECK_STATUS(row->status,
			     control_handle(&control, row->request, fd, &reply, &err));
		CHECK_BYTES(row->reply.data, row->reply.len, out_view(&reply));
		CHECK_INT(row->after, control.phase);
		/* What came along is used or closed. */
		CHECK_TRUE(fd < 0 || fcntl(fd, F_GETFD) < 0);
		CHECK_TRUE(control.is_over == (strcmp(row->name, "shutdown") == 0));
	}
}

static void what_a_request_causes_happens_once(void **state)
{
	struct out reply CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	struct seen seen = { 0 };
	struct control control;

	(void)state;
	control_begin(&control, &actions, &seen);
	CHECK_OK(control_handle(&control, REQUEST("\0\0\0\2\0\0\0\0"), -1, &reply, &err));
	CHECK_OK(control_handle(&control, REQUEST("\0\0\0\5\2\0\0\0"), -1, &reply, &err));
	CHECK_OK(control_handle(&control, REQUEST("\0\0\0\5\4\0\0\0"), -1, &reply, &err));
	CHECK_INT(1, seen.localities);
	CHECK_INT(2, seen.locality);
	CHECK_OK(control_handle(&control, REQUEST("\0\0\0\x0e"), -1, &reply, &err));
	CHECK_OK(control_handle(&control, REQUEST("\0\0\0\x0e"), -1, &reply, &err));
	CHECK_STATUS(CELLA_USAGE, control_handle(&control, REQUEST("\0\0\0\2\0\0\0\0"),
						 -1, &reply, &err));
	CHECK_TEXT_HAS(err.text, "second CMD_INIT");
	CHECK_INT(1, seen.launches);
	CHECK_INT(1, seen.stops);
}

static void a_launch_that_fails_is_the_end(void **state)
{
	struct out reply CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	struct seen seen = { .launch_status = CELLA_INTERNAL };
	struct control control;

	(void)state;
	control_begin(&control, &actions, &seen);
	CHECK_STATUS(CELLA_INTERNAL, control_handle(&control, REQUEST("\0\0\0\2\0\0\0\0"),
						    -1, &reply, &err));
	CHECK_BYTES("\0\0\0\x09", 4, out_view(&reply));
	CHECK_INT(VTPM_OFF, control.phase);
}

static void a_tpm_that_does_not_answer_is_the_end(void **state)
{
	struct out reply CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	struct seen seen = { .established_status = CELLA_INTERNAL };
	struct control control;

	(void)state;
	control_begin(&control, &actions, &seen);
	control.phase = VTPM_RUNNING;
	CHECK_STATUS(CELLA_INTERNAL,
		     control_handle(&control, REQUEST("\0\0\0\4"), -1, &reply, &err));
	CHECK_BYTES("\0\0\0\x09", 4, out_view(&reply));
}

static void there_is_one_data_channel(void **state)
{
	const int first = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct out reply CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	struct seen seen = { 0 };
	struct control control;
	int second;

	(void)state;
	control_begin(&control, &actions, &seen);
	CHECK_OK(control_handle(&control, REQUEST("\0\0\0\x10"), first, &reply, &err));
	second = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CHECK_STATUS(CELLA_MALFORMED, control_handle(&control, REQUEST("\0\0\0\x10"),
						     second, &reply, &err));
	CHECK_INT(1, seen.data_fds);
	CHECK_TRUE(fcntl(second, F_GETFD) < 0);
}

static void lengths_are_known_from_the_command_alone(void **state)
{
	static const struct {
		struct cella_bytes begun;
		size_t len;
		bool has_fd;
	} rows[] = {
		{ { (const uint8_t *)"\0\0\0\1", 4 }, 4, false },
		{ { (const uint8_t *)"\0\0\0\2", 4 }, 8, false },
		{ { (const uint8_t *)"\0\0\0\5\1", 5 }, 8, false },
		{ { (const uint8_t *)"\0\0\0\x10", 4 }, 4, true },
		{ { (const uint8_t *)"\0\0\0\x11", 4 }, 8, false },
	};
	struct cella_error err = { 0 };
	bool has_fd = false;
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK_OK(control_request_len(rows[i].begun, &len, &has_fd, &err));
		CHECK_INT(rows[i].len, len);
		CHECK_INT(rows[i].has_fd, has_fd);
	}
	CHECK_STATUS(CELLA_UNSUPPORTED,
		     control_request_len(REQUEST("\0\0\0\6"), &len, &has_fd, &err));
	CHECK_STATUS(CELLA_MALFORMED,
		     control_request_len(REQUEST("\0\0\0"), &len, &has_fd, &err));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_request_has_its_answer),
		cmocka_unit_test(what_a_request_causes_happens_once),
		cmocka_unit_test(a_launch_that_fails_is_the_end),
		cmocka_unit_test(a_tpm_that_does_not_answer_is_the_end),
		cmocka_unit_test(there_is_one_data_channel),
		cmocka_unit_test(lengths_are_known_from_the_command_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
