/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "base/ports.h"
#include "vm/vsock/packet.h"

/* Offsets as virtio 1.2 has them in section 5.10.6. */
static const uint8_t header[PACKET_HEADER_LEN] = {
	1, 2, 3, 4, 5, 6, 7, 8, 2, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0,    0x80, 0x28, 0x23,
	0, 0, 0, 0, 1, 0, 1, 0, 5, 0, 3, 0, 0, 0, 0, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,
};

static void takes_headers_apart(void **state UNUSED)
{
	struct packet packet;
	uint8_t again[PACKET_HEADER_LEN];

	packet_read(header, &packet);
	CHECK_TRUE(packet.src_cid == UINT64_C(0x0807060504030201));
	CHECK_INT(2, packet.dst_cid);
	CHECK_INT(0x80000009, packet.src_port);
	CHECK_INT(9000, packet.dst_port);
	CHECK_INT(65536, packet.len);
	CHECK_INT(PACKET_STREAM, packet.type);
	CHECK_INT(PACKET_RW, packet.op);
	CHECK_INT(PACKET_SHUT_BOTH, packet.flags);
	CHECK_INT(262144, packet.buf_alloc);
	CHECK_INT(UINT32_MAX, packet.fwd_cnt);
	packet_write(&packet, again);
	CHECK_BYTES(header, sizeof header, bytes_of(again, sizeof again));
}

static void names_operations(void **state UNUSED)
{
	CHECK_TEXT("REQUEST", packet_op_name(PACKET_REQUEST));
	CHECK_TEXT("CREDIT_REQUEST", packet_op_name(PACKET_CREDIT_REQUEST));
	CHECK_TEXT("unknown", packet_op_name(PACKET_NUM_OPS));
	CHECK_TEXT("unknown", packet_op_name(UINT16_MAX));
}

static void lists_of_ports(void **state UNUSED)
{
	static const struct {
		const char *text;
		enum cella_status status;
		uint32_t in, out;
	} rows[] = {
		{ "9000", CELLA_OK, 9000, 9001 },
		{ "9000,7001-7003", CELLA_OK, 7002, 7004 },
		{ "7001-7003", CELLA_OK, 7003, 7000 },
		{ "any", CELLA_OK, 4294967294, 4294967295 },
		{ "0", CELLA_OK, 0, 1 },
		{ "", CELLA_USAGE, 0, 0 },
		{ "1,", CELLA_USAGE, 0, 0 },
		{ ",1", CELLA_USAGE, 0, 0 },
		{ "3-2", CELLA_USAGE, 0, 0 },
		{ "-2", CELLA_USAGE, 0, 0 },
		{ "2-", CELLA_USAGE, 0, 0 },
		{ "1 ,2", CELLA_USAGE, 0, 0 },
		{ "4294967295", CELLA_USAGE, 0, 0 },
		{ "1-2-3", CELLA_USAGE, 0, 0 },
		{ "99999999999999999999999999999999999999999", CELLA_USAGE, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		struct ports ports = { 0 };

		CASE(rows[i].text);
		CHECK_STATUS(rows[i].status,
			     ports_read(rows[i].text, &ports, "--to-guest", &err));
		if (rows[i].status != CELLA_OK) {
			CHECK_INT(0, ports.num);
			CHECK_INT(rows[i].status, err.status);
			continue;
		}
		CHECK_TRUE(ports_admit(&ports, rows[i].in));
		CHECK_TRUE(!ports_admit(&ports, rows[i].out));
	}
}

static void nothing_is_admitted_unless_said(void **state UNUSED)
{
	struct cella_error err = { 0 };
	struct ports ports = { 0 };

	CHECK_TRUE(!ports_admit(&ports, 0));
	CHECK_OK(ports_read("none", &ports, "--to-guest", &err));
	CHECK_TRUE(!ports_admit(&ports, 0));
}

static void too_many_ranges(void **state UNUSED)
{
	struct cella_error err = { 0 };
	struct ports ports = { 0 };
	char text[PORTS_MAX_RANGES * 2 + 2];

	for (size_t i = 0; i <= PORTS_MAX_RANGES; i++)
		memcpy(text + i * 2, "1,", 2);
	text[PORTS_MAX_RANGES * 2 - 1] = '\0';
	CHECK_OK(ports_read(text, &ports, "--to-guest", &err));
	CHECK_INT(PORTS_MAX_RANGES, ports.num);
	text[PORTS_MAX_RANGES * 2 - 1] = ',';
	text[PORTS_MAX_RANGES * 2 + 1] = '\0';
	CHECK_STATUS(CELLA_USAGE, ports_read(text, &ports, "--to-guest", &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_headers_apart),
		cmocka_unit_test(names_operations),
		cmocka_unit_test(lists_of_ports),
		cmocka_unit_test(nothing_is_admitted_unless_said),
		cmocka_unit_test(too_many_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
