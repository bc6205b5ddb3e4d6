/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "vm/vsock/vhost_user.h"
#include "vsock_driver.h"

#include <fcntl.h>
#include <unistd.h>

#include <sys/eventfd.h>

static const uint8_t config[VHOST_CONFIG_LEN] = { DRIVER_CID };

/* What a test has said so far. */
struct world {
	struct driver driver;
	struct vhost vhost;
	struct vhost_answer answer;
	struct cella_error err;
};

static void make(struct world *w)
{
	memset(w, 0, sizeof *w);
	driver_init(&w->driver);
	vhost_init(&w->vhost, config);
}

static void unmake(struct world *w)
{
	vhost_done(&w->vhost);
	driver_done(&w->driver);
}

/* Says something whole: header, payload, descriptors (which become the message's). */
static enum cella_status say_with(struct world *w, uint32_t request, uint32_t flags,
				  const void *payload, uint32_t len, const int *fds,
				  size_t num_fds)
{
	const uint32_t header[3] = { request, flags, len };
	struct vhost_message message = { 0 };
	enum cella_status status;

	w->err = (struct cella_error){ 0 };
	for (size_t i = 0; i < num_fds; i++)
		message.fds[i] = fds[i];
	message.num_fds = num_fds;
	status = vhost_read_header((const uint8_t *)header, &message, &w->err);
	if (status == CELLA_OK) {
		if (len > 0)
			memcpy(message.payload, payload, len);
		status = vhost_handle(&w->vhost, &message, &w->answer, &w->err);
	}
	vhost_message_done(&message);
	return status;
}

static enum cella_status say(struct world *w, uint32_t request, const void *payload,
			     uint32_t len)
{
	return say_with(w, request, 1, payload, len, NULL, 0);
}

static enum cella_status say_u64(struct world *w, uint32_t request, uint64_t value)
{
	return say(w, request, &value, sizeof value);
}

static enum cella_status say_ring(struct world *w, uint32_t request, uint32_t ring,
				  uint32_t value)
{
	const uint32_t numbers[2] = { ring, value };

	return say(w, request, numbers, sizeof numbers);
}

static enum cella_status say_fd(struct world *w, uint32_t request, uint64_t ring, int fd)
{
	return say_with(w, request, 1, &ring, sizeof ring, &fd, 1);
}

/* The memory table of the driver's halves. */
static enum cella_status say_memory(struct world *w, uint32_t num, size_t num_fds)
{
	struct {
		uint32_t num, padding;
		struct memory_region regions[2];
	} table = { .num = num };
	const int fds[2] = { fcntl(w->driver.memfd, F_DUPFD_CLOEXEC, 0),
			     fcntl(w->driver.memfd, F_DUPFD_CLOEXEC, 0) };

	driver_regions(&w->driver, table.regions);
	if (num_fds < 2)
		close(fds[1]);
	return say_with(w, VHOST_SET_MEM_TABLE, 9, &table, sizeof table, fds, num_fds);
}

static enum cella_status say_address(struct world *w, uint32_t ring, uint32_t flags,
				     uint64_t shift)
{
	const struct driver_queue *const q = &w->driver.queues[ring % 2];
	const struct {
		uint32_t ring, flags;
		uint64_t desc, used, avail, log;
	} payload = { ring,
		      flags,
		      driver_user(&w->driver, q->desc) + shift,
		      driver_user(&w->driver, q->used),
		      driver_user(&w->driver, q->avail),
		      0 };

	return say(w, VHOST_SET_VRING_ADDR, &payload, sizeof payload);
}

static uint64_t answered(const struct world *w)
{
	uint64_t value;

	CHECK_TRUE(w->answer.is_due);
	CHECK_INT(sizeof value, w->answer.len);
	memcpy(&value, w->answer.payload, sizeof value);
	return value;
}

#define SAY(status, expression) \
	do { \
		const enum cella_status said_ = (expression); \
		if (said_ != (status)) \
			fail_msg("%s: %s: %s (%s)", check_case, #expression, \
				 cella_status_name(said_), w.err.text); \
	} while (0)

/* The sequence of QEMU 7.2 up to the driver's start. */
static void as_qemu_does(void **state UNUSED)
{
	struct world w;
	const uint32_t get_config[5] = { 0, 8, 0, 0, 0 };

	make(&w);
	SAY(CELLA_OK, say(&w, VHOST_GET_FEATURES, NULL, 0));
	CHECK_TRUE(answered(&w) == VHOST_FEATURES);
	SAY(CELLA_OK, say(&w, VHOST_GET_PROTOCOL_FEATURES, NULL, 0));
	CHECK_INT(0x229, answered(&w));
	SAY(CELLA_OK, say_u64(&w, VHOST_SET_PROTOCOL_FEATURES, 0x229));
	for (unsigned i = 0; i < 2; i++) { /* the second takes the first one's place */
		const int fd = eventfd(0, EFD_CLOEXEC);

		SAY(CELLA_OK, say_with(&w, VHOST_SET_BACKEND_REQ_FD, 9, NULL, 0, &fd, 1));
		CHECK_INT(0, answered(&w));
	}
	SAY(CELLA_OK, say(&w, VHOST_GET_QUEUE_NUM, NULL, 0));
	CHECK_TRUE(answered(&w) >= 2);
	SAY(CELLA_OK, say(&w, VHOST_SET_OWNER, NULL, 0));
	SAY(CELLA_OK, say(&w, VHOST_GET_FEATURES, NULL, 0));
	for (uint32_t ring = 0; ring < 2; ring++) {
		SAY(CELLA_OK,
		    say_fd(&w, VHOST_SET_VRING_CALL, ring, eventfd(0, EFD_CLOEXEC)));
		SAY(CELLA_OK,
		    say_fd(&w, VHOST_SET_VRING_ERR, ring, eventfd(0, EFD_CLOEXEC)));
	}
	SAY(CELLA_OK, say(&w, VHOST_GET_CONFIG, get_config, sizeof get_config));
	CHECK_INT(20, w.answer.len);
	CHECK_BYTES(config, sizeof config, bytes_of(w.answer.payload + 12, 8));
	SAY(CELLA_OK, say_u64(&w, VHOST_SET_FEATURES, UINT64_C(0x340000000)));
	CHECK_TRUE(!w.answer.is_due);
	SAY(CELLA_OK, say_memory(&w, 2, 2));
	CHECK_INT(0, answered(&w)); /* it wants to know */
	for (uint32_t ring = 0; ring < 2; ring++) {
		SAY(CELLA_OK, say_ring(&w, VHOST_SET_VRING_NUM, ring, DRIVER_NUM));
		SAY(CELLA_OK, say_ring(&w, VHOST_SET_VRING_BASE, ring, 0));
		SAY(CELLA_OK, say_address(&w, ring, 0, 0));
		SAY(CELLA_OK,
		    say_fd(&w, VHOST_SET_VRING_KICK, ring, eventfd(0, EFD_CLOEXEC)));
		CHECK_TRUE(!vhost_is_running(&w.vhost, ring));
	}
	for (uint32_t ring = 0; ring < 2; ring++)
		SAY(CELLA_OK, say_ring(&w, VHOST_SET_VRING_ENABLE, ring, 1));
	CHECK_TRUE(vhost_is_running(&w.vhost, 0) && vhost_is_running(&w.vhost, 1));
	w.vhost.rings[1].ring.next_avail = 77;
	SAY(CELLA_OK, say_ring(&w, VHOST_GET_VRING_BASE, 1, 0));
	CHECK_TRUE(!vhost_is_running(&w.vhost, 1));
	CHECK_BYTES("\1\0\0\0\115\0\0\0", 8, bytes_of(w.answer.payload, w.answer.len));
	unmake(&w);
}

/* --- rules --------------------------------------------------------------------------- */

/* How far the set-up has come before something is said. */
enum stage { NEW, OWNED, FEATURED, MAPPED, ADDRESSED, STARTED };

static void reach(struct world *w, enum stage stage)
{
	make(w);
	if (stage >= OWNED)
		CHECK_INT(CELLA_OK, say(w, VHOST_SET_OWNER, NULL, 0));
	if (stage >= FEATURED)
		CHECK_INT(CELLA_OK, say_u64(w, VHOST_SET_FEATURES, VHOST_FEATURES));
	if (stage >= MAPPED)
		CHECK_INT(CELLA_OK, say_memory(w, 2, 2));
	if (stage >= ADDRESSED) {
		CHECK_INT(CELLA_OK, say_ring(w, VHOST_SET_VRING_NUM, 0, DRIVER_NUM));
		CHECK_INT(CELLA_OK, say_address(w, 0, 0, 0));
	}
	if (stage >= STARTED)
		CHECK_INT(CELLA_OK,
			  say_fd(w, VHOST_SET_VRING_KICK, 0, eventfd(0, EFD_CLOEXEC)));
}

/* Said in the form of 8 bytes: a number, or a ring and a value. */
#define PAIR(ring, value) ((uint64_t)(value) << 32 | (ring))

static const struct {
	const char *name;
	enum stage stage;
	uint32_t request;
	uint64_t payload;
	enum cella_status status;
	const char *says;
} numbers[] = {
	{ "owner first", NEW, VHOST_SET_FEATURES, VHOST_FEATURES, CELLA_MALFORMED,
	  "SET_FEATURES: comes before SET_OWNER" },
	{ "feature that was not offered", OWNED, VHOST_SET_FEATURES,
	  VHOST_FEATURES | UINT64_C(1) << 28, CELLA_UNSUPPORTED, "0x10000000 was not" },
	{ "indirect and event index", OWNED, VHOST_SET_FEATURES,
	  VHOST_FEATURES | UINT64_C(1) << 29, CELLA_UNSUPPORTED, "0x20000000 was not" },
	{ "a legacy driver", OWNED, VHOST_SET_FEATURES, VHOST_F_PROTOCOL_FEATURES,
	  CELLA_UNSUPPORTED, "without VERSION_1" },
	{ "features while it runs", STARTED, VHOST_SET_FEATURES, VHOST_FEATURES,
	  CELLA_MALFORMED, "while a ring runs" },
	{ "protocol feature that was not offered", NEW, VHOST_SET_PROTOCOL_FEATURES, 2,
	  CELLA_UNSUPPORTED, "protocol features: 0x2" },
	{ "ring that is not", OWNED, VHOST_SET_VRING_NUM, PAIR(3, 128), CELLA_MALFORMED,
	  "ring 3 of 3" },
	{ "ring far away", OWNED, VHOST_SET_VRING_NUM, PAIR(UINT32_MAX, 128),
	  CELLA_MALFORMED, "ring 4294967295" },
	{ "number of entries", OWNED, VHOST_SET_VRING_NUM, PAIR(0, 96), CELLA_MALFORMED,
	  "96 is no power" },
	{ "no entries", OWNED, VHOST_SET_VRING_NUM, PAIR(0, 0), CELLA_MALFORMED,
	  "0 is no power" },
	{ "far too many", OWNED, VHOST_SET_VRING_NUM, PAIR(0, 65536 + 128),
	  CELLA_MALFORMED, "is no power" },
	{ "number while it runs", STARTED, VHOST_SET_VRING_NUM, PAIR(0, 64),
	  CELLA_MALFORMED, "a ring that runs" },
	{ "the number of another ring", STARTED, VHOST_SET_VRING_NUM, PAIR(1, 64),
	  CELLA_OK, "" },
	{ "base", OWNED, VHOST_SET_VRING_BASE, PAIR(0, 65535), CELLA_OK, "" },
	{ "base beyond indexes", OWNED, VHOST_SET_VRING_BASE, PAIR(0, 65536),
	  CELLA_MALFORMED, "65536 is no index" },
	{ "base while it runs", STARTED, VHOST_SET_VRING_BASE, PAIR(0, 1),
	  CELLA_MALFORMED, "a ring that runs" },
	{ "enable before features", OWNED, VHOST_SET_VRING_ENABLE, PAIR(0, 1),
	  CELLA_MALFORMED, "before SET_FEATURES" },
	{ "enable", FEATURED, VHOST_SET_VRING_ENABLE, PAIR(0, 1), CELLA_OK, "" },
	{ "neither on nor off", FEATURED, VHOST_SET_VRING_ENABLE, PAIR(0, 2),
	  CELLA_MALFORMED, "2 is neither" },
	{ "the base of a ring that never ran", OWNED, VHOST_GET_VRING_BASE, PAIR(2, 0),
	  CELLA_OK, "" },
	{ "kick without a descriptor", ADDRESSED, VHOST_SET_VRING_KICK, 0,
	  CELLA_MALFORMED, "0 with 0 descriptors" },
	{ "kick by polling", ADDRESSED, VHOST_SET_VRING_KICK, 0x100, CELLA_UNSUPPORTED,
	  "to be polled" },
	{ "kick of a ring without address", MAPPED, VHOST_SET_VRING_KICK, 0x100,
	  CELLA_MALFORMED, "no address yet" },
	{ "kick before memory", FEATURED, VHOST_SET_VRING_KICK, 0x100, CELLA_MALFORMED,
	  "before SET_MEM_TABLE" },
	{ "no call", OWNED, VHOST_SET_VRING_CALL, 0x101, CELLA_OK, "" },
	{ "unknown bits", OWNED, VHOST_SET_VRING_CALL, 0x301, CELLA_MALFORMED, "0x301" },
	{ "the call of a ring that is not", OWNED, VHOST_SET_VRING_CALL, 0x103,
	  CELLA_MALFORMED, "ring 3" },
};

static void rules_for_numbers(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		struct world w;

		CASE(numbers[i].name);
		reach(&w, numbers[i].stage);
		SAY(numbers[i].status,
		    say_u64(&w, numbers[i].request, numbers[i].payload));
		CHECK_TEXT_HAS(w.err.text, numbers[i].says);
		unmake(&w);
	}
}

static void headers(void **state UNUSED)
{
	static const struct {
		const char *name;
		uint32_t numbers[3];
		enum cella_status status;
		const char *says;
	} rows[] = {
		{ "good", { VHOST_GET_FEATURES, 1, 0 }, CELLA_OK, "" },
		{ "wants an answer", { VHOST_SET_OWNER, 9, 0 }, CELLA_OK, "" },
		{ "no request", { 0, 1, 0 }, CELLA_UNSUPPORTED, "request 0 " },
		{ "a log", { 6, 1, 8 }, CELLA_UNSUPPORTED, "request 6 " },
		{ "inflight", { 31, 1, 0 }, CELLA_UNSUPPORTED, "request 31" },
		{ "far away", { UINT32_MAX, 1, 0 }, CELLA_UNSUPPORTED, "not admitted" },
		{ "version 0",
		  { VHOST_GET_FEATURES, 0, 0 },
		  CELLA_MALFORMED,
		  "0 are not" },
		{ "version 2", { VHOST_GET_FEATURES, 2, 0 }, CELLA_MALFORMED, "0x2" },
		{ "an answer", { VHOST_GET_FEATURES, 5, 0 }, CELLA_MALFORMED, "0x5" },
		{ "unknown flags",
		  { VHOST_GET_FEATURES, 17, 0 },
		  CELLA_MALFORMED,
		  "0x11" },
		{ "payload too long",
		  { VHOST_SET_FEATURES, 1, 9 },
		  CELLA_MALFORMED,
		  "9 bytes of payload, not 8 to 8" },
		{ "payload too short",
		  { VHOST_SET_FEATURES, 1, 7 },
		  CELLA_MALFORMED,
		  "7" },
		{ "a payload of 4 GiB",
		  { VHOST_SET_MEM_TABLE, 1, UINT32_MAX },
		  CELLA_MALFORMED,
		  "4294967295 bytes" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct vhost_message message = { 0 };
		struct cella_error err = { 0 };

		CASE(rows[i].name);
		CHECK_STATUS(rows[i].status,
			     vhost_read_header((const uint8_t *)rows[i].numbers, &message,
					       &err));
		CHECK_TEXT_HAS(err.text, rows[i].says);
	}
}

static void owner_twice(void **state UNUSED)
{
	struct world w;

	reach(&w, OWNED);
	SAY(CELLA_MALFORMED, say(&w, VHOST_SET_OWNER, NULL, 0));
	SAY(CELLA_OK, say(&w, VHOST_RESET_OWNER, NULL, 0));
	unmake(&w);
}

static void memory_tables(void **state UNUSED)
{
	struct world w;
	uint8_t zeros[40] = { 0 };
	int fd;

	reach(&w, OWNED);
	SAY(CELLA_MALFORMED, say_memory(&w, 2, 1));
	CHECK_TEXT_HAS(w.err.text, "2 regions in 72 bytes with 1 descriptors");
	SAY(CELLA_MALFORMED, say_memory(&w, 1, 1));
	SAY(CELLA_MALFORMED, say_memory(&w, UINT32_MAX, 2));
	SAY(CELLA_MALFORMED, say(&w, VHOST_SET_MEM_TABLE, zeros, sizeof zeros));
	CHECK_TEXT_HAS(w.err.text, "0 descriptors, not 1 to 8");
	zeros[0] = 1;
	fd = fcntl(w.driver.memfd, F_DUPFD_CLOEXEC, 0);
	SAY(CELLA_MALFORMED,
	    say_with(&w, VHOST_SET_MEM_TABLE, 1, zeros, sizeof zeros, &fd, 1));
	CHECK_TEXT_HAS(w.err.text, "region 0: is empty");
	CHECK_INT(0, w.vhost.memory.num);
	CHECK_INT(-1, fcntl(fd, F_GETFD)); /* what nobody takes is closed */
	unmake(&w);
}

/* Rings that run are found again in a new table; one that they are not in is refused. */
static void memory_changes_while_it_runs(void **state UNUSED)
{
	struct world w;

	reach(&w, STARTED);
	w.vhost.rings[0].ring.next_avail = 9;
	SAY(CELLA_OK, say_memory(&w, 2, 2));
	CHECK_TRUE(w.vhost.rings[0].ring.desc == w.vhost.memory.mappings[0].data);
	CHECK_INT(9, w.vhost.rings[0].ring.next_avail);
	w.vhost.rings[0].address.desc = 0;
	SAY(CELLA_MALFORMED, say_memory(&w, 2, 2));
	CHECK_TEXT_HAS(w.err.text, "ring 0: descriptor table");
	unmake(&w);
}

static void addresses(void **state UNUSED)
{
	struct world w;

	reach(&w, MAPPED);
	SAY(CELLA_MALFORMED, say_address(&w, 0, 0, 0));
	CHECK_TEXT_HAS(w.err.text, "ring size: 0");
	SAY(CELLA_OK, say_ring(&w, VHOST_SET_VRING_NUM, 0, DRIVER_NUM));
	SAY(CELLA_UNSUPPORTED, say_address(&w, 0, 1, 0));
	SAY(CELLA_MALFORMED, say_address(&w, 0, 0, 8));
	SAY(CELLA_MALFORMED, say_address(&w, 0, 0, UINT64_C(1) << 46));
	SAY(CELLA_MALFORMED, say_address(&w, 3, 0, 0));
	SAY(CELLA_OK, say_address(&w, 0, 0, 0));
	/* Another size, and the address has to be said again. */
	SAY(CELLA_OK, say_ring(&w, VHOST_SET_VRING_NUM, 0, 1024));
	SAY(CELLA_MALFORMED,
	    say_fd(&w, VHOST_SET_VRING_KICK, 0, eventfd(0, EFD_CLOEXEC)));
	unmake(&w);
	reach(&w, STARTED);
	SAY(CELLA_MALFORMED, say_address(&w, 0, 0, 0));
	unmake(&w);
}

static void configuration(void **state UNUSED)
{
	static const struct {
		uint32_t offset, size, payload;
		enum cella_status status;
		uint32_t answer;
	} rows[] = {
		{ 0, 8, 20, CELLA_OK, 20 },
		{ 4, 4, 16, CELLA_OK, 16 },
		{ 8, 0, 12, CELLA_OK, 12 },
		{ 1, 8, 20, CELLA_OK, 0 },
		{ UINT32_MAX, 8, 20, CELLA_OK, 0 },
		{ 0, 9, 20, CELLA_MALFORMED, 0 },
		{ 0, UINT32_MAX, 12, CELLA_MALFORMED, 0 },
		{ 0, 100, 112, CELLA_OK, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const uint32_t payload[28] = { rows[i].offset, rows[i].size };
		struct world w;

		make(&w);
		SAY(rows[i].status, say(&w, VHOST_GET_CONFIG, payload, rows[i].payload));
		if (rows[i].status == CELLA_OK) {
			CHECK_TRUE(w.answer.is_due);
			CHECK_INT(rows[i].answer, w.answer.len);
		}
		unmake(&w);
	}
}

/* QEMU says it again and again: the one before is closed. */
static void calls_are_closed(void **state UNUSED)
{
	struct world w;
	const int first = eventfd(0, EFD_CLOEXEC);

	reach(&w, OWNED);
	SAY(CELLA_OK, say_fd(&w, VHOST_SET_VRING_CALL, 0, first));
	CHECK_INT(first, w.vhost.rings[0].call);
	CHECK_TRUE((fcntl(first, F_GETFL) & O_NONBLOCK) != 0);
	SAY(CELLA_OK, say_fd(&w, VHOST_SET_VRING_CALL, 0, eventfd(0, EFD_CLOEXEC)));
	CHECK_INT(-1, fcntl(first, F_GETFD));
	SAY(CELLA_OK, say_u64(&w, VHOST_SET_VRING_CALL, 0x100));
	CHECK_INT(-1, w.vhost.rings[0].call);
	unmake(&w);
}

static void answers(void **state UNUSED)
{
	struct vhost_answer answer = { .len = 8 };
	uint8_t bytes[VHOST_HEADER_LEN + VHOST_MAX_PAYLOAD];

	memset(answer.payload, 7, 8);
	CHECK_INT(20, vhost_write_answer(VHOST_GET_FEATURES, &answer, bytes));
	CHECK_BYTES("\1\0\0\0\5\0\0\0\10\0\0\0\7\7\7\7\7\7\7\7", 20, bytes_of(bytes, 20));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_qemu_does),
		cmocka_unit_test(rules_for_numbers),
		cmocka_unit_test(headers),
		cmocka_unit_test(owner_twice),
		cmocka_unit_test(memory_tables),
		cmocka_unit_test(memory_changes_while_it_runs),
		cmocka_unit_test(addresses),
		cmocka_unit_test(configuration),
		cmocka_unit_test(calls_are_closed),
		cmocka_unit_test(answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
