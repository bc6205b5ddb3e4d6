/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella-vtpm as a process (CELLA_VTPM names it), between a QEMU and a supervisor that this
 * test plays: a launch, what the guest then finds, and how each breach of a protocol ends.
 */
#include "launch_maker.h"
#include "support.h"

#include "base/encode.h"
#include "collect/tpm.h"
#include "standin/vtpm_peer.h"
#include "vm/vtpm_launch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	ENDED_WELL = 0,
	ENDED_BADLY = 1,
	TPM_RC_INITIALIZE = 0x100,
	TPM_RC_FAILURE = 0x101
};

static const char certificate[] = "what the supervisor says of the key";

/* The supervisor: keeps the key it was asked about. */
static void certify(void *context, struct cella_bytes public_area, struct out *out)
{
	struct out *const kept = context;

	if (kept != NULL)
		out_bytes(kept, public_area.data, public_area.len);
	out_bytes(out, certificate, sizeof certificate);
}

static void refuse(void *context, struct cella_bytes public_area, struct out *out)
{
	(void)context;
	(void)public_area;
	(void)out;
}

static void certify_too_long(void *context, struct cella_bytes public_area,
			     struct out *out)
{
	(void)context;
	(void)public_area;
	out_zeros(out, VTPM_CERTIFICATE_MAX + 1);
}

static struct vtpm_peer started(bool debug)
{
	struct out log CLEANUP(out_done) = made_launch_log(debug);
	struct vtpm_peer peer;

	CHECK_TRUE(peer_start(getenv("CELLA_VTPM"), out_view(&log), &peer));
	return peer;
}

/* As QEMU does it. */
static struct vtpm_peer launched(bool debug)
{
	struct vtpm_peer peer = started(debug);

	CHECK_INT(0, peer_set_data(&peer));
	CHECK_INT(0, peer_init(&peer, certify, NULL));
	return peer;
}

/* Runs a command that is begun; its answer behind the header; *in ends with it. */
static uint32_t run(struct vtpm_peer *peer, struct out *command,
		    uint8_t answer[PEER_MESSAGE_MAX], struct in *in)
{
	size_t len;
	uint32_t code;

	command->data[4] = (uint8_t)(command->len >> 8);
	command->data[5] = (uint8_t)command->len;
	len = peer_tpm(peer, out_view(command), answer);
	CHECK_TRUE(len >= 10);
	in_init(in, bytes_of(answer, len), "answer");
	in_skip(in, 6, "header");
	code = in_u32be(in, "code");
	return code;
}

static void read_pcr(struct vtpm_peer *peer, uint16_t hash, unsigned pcr, uint8_t *out,
		     size_t len)
{
	struct out command CLEANUP(out_done) = { 0 };
	uint8_t answer[PEER_MESSAGE_MAX];
	const uint32_t mask = UINT32_C(1) << pcr;
	struct in in;

	tpm_begin(&command, TPM_TAG_NO_SESSIONS, 0x17e);
	out_u32be(&command, 1);
	out_u16be(&command, hash);
	out_u8(&command, 3);
	for (int i = 0; i < 3; i++)
		out_u8(&command, (uint8_t)(mask >> 8 * i));
	CHECK_INT(0, run(peer, &command, answer, &in));
	in_skip(&in, 4 + 4 + 2 + 1 + 3, "selection");
	CHECK_INT(1, in_u32be(&in, "count"));
	CHECK_INT(len, in_u16be(&in, "size"));
	in_copy(&in, out, len, "value");
	CHECK_TRUE(in.failed == NULL);
}

/* --- the launch ---------------------------------------------------------------------- */

static void pcrs_are_as_predicted(void **state)
{
	(void)state;
	for (unsigned debug = 0; debug < 2; debug++) {
		struct arena arena CLEANUP(arena_done) = { 0 };
		const struct launch_plan plan = made_plan(debug != 0, &arena);
		struct vtpm_peer peer = launched(debug != 0);
		struct cella_error err = { 0 };
		struct launch_pcrs expected;

		CHECK_OK(launch_predict(&plan, &expected, &err));
		for (unsigned i = 0; i < LAUNCH_NUM_PCRS; i++) {
			uint8_t value[SHA384_LEN];

			read_pcr(&peer, CELLA_HASH_SHA256, i, value, SHA256_LEN);
			CHECK_BYTES(expected.pcr[i].sha256, SHA256_LEN,
				    bytes_of(value, SHA256_LEN));
			read_pcr(&peer, CELLA_HASH_SHA384, i, value, SHA384_LEN);
			CHECK_BYTES(expected.pcr[i].sha384, SHA384_LEN,
				    bytes_of(value, SHA384_LEN));
		}
		CHECK_INT(ENDED_WELL, peer_end(&peer));
	}
}

/* A bank that nothing was measured in would look like another launch. */
static void there_is_no_other_bank(void **state)
{
	static const uint16_t hashes[] = { 0x0004, 0x000d };
	struct vtpm_peer peer = launched(false);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hashes); i++) {
		struct out command CLEANUP(out_done) = { 0 };
		uint8_t answer[PEER_MESSAGE_MAX];
		struct in in;

		tpm_begin(&command, TPM_TAG_NO_SESSIONS, 0x17e);
		out_u32be(&command, 1);
		out_u16be(&command, hashes[i]);
		out_bytes(&command, "\3\1\0\0", 4);
		CHECK_INT(0, run(&peer, &command, answer, &in));
		in_skip(&in, 4 + 4 + 2 + 1 + 3, "selection");
		CHECK_INT(0, in_u32be(&in, "count"));
	}
	CHECK_INT(ENDED_WELL, peer_end(&peer));
}

static void the_key_is_restricted_and_p256(void **state)
{
	static const char head[] =
		"\x00\x23\x00\x0b\x00\x05\x04\x72\x00\x00\x00\x10\x00\x18"
		"\x00\x0b\x00\x03\x00\x10";
	struct vtpm_peer peer = started(false);
	struct out key CLEANUP(out_done) = { 0 };
	struct out command CLEANUP(out_done) = { 0 };
	uint8_t answer[PEER_MESSAGE_MAX];
	struct in in;

	(void)state;
	CHECK_INT(0, peer_set_data(&peer));
	CHECK_INT(0, peer_init(&peer, certify, &key));
	CHECK_INT(90, key.len);
	CHECK_BYTES(head, sizeof head - 1, bytes_of(key.data + 2, sizeof head - 1));
	/* The one behind the persistent handle is the one that was certified. */
	tpm_begin(&command, TPM_TAG_NO_SESSIONS, 0x173);
	out_u32be(&command, (uint32_t)VTPM_AK_HANDLE);
	CHECK_INT(0, run(&peer, &command, answer, &in));
	CHECK_BYTES(key.data, key.len, in_bytes(&in, key.len, "public"));
	CHECK_INT(ENDED_WELL, peer_end(&peer));
}

static void read_index(struct vtpm_peer *peer, uint32_t index, size_t len,
		       struct out *out)
{
	for (size_t offset = 0; offset < len; offset += 512) {
		const size_t chunk = len - offset < 512 ? len - offset : 512;
		struct out command CLEANUP(out_done) = { 0 };
		uint8_t answer[PEER_MESSAGE_MAX];
		struct in in;

		tpm_begin(&command, TPM_TAG_SESSIONS, 0x14e);
		out_u32be(&command, index);
		out_u32be(&command, index);
		tpm_put_empty_auth(&command);
		out_u16be(&command, (uint16_t)chunk);
		out_u16be(&command, (uint16_t)offset);
		CHECK_INT(0, run(peer, &command, answer, &in));
		in_skip(&in, 4, "parameters");
		CHECK_INT(chunk, in_u16be(&in, "size"));
		out_bytes(out, in_bytes(&in, chunk, "data").data, chunk);
	}
}

static void the_guest_finds_certificate_and_log(void **state)
{
	struct out log CLEANUP(out_done) = made_launch_log(true);
	struct out found CLEANUP(out_done) = { 0 };
	struct vtpm_peer peer = launched(true);

	(void)state;
	read_index(&peer, VTPM_NV_CERTIFICATE, sizeof certificate, &found);
	CHECK_BYTES(certificate, sizeof certificate, out_view(&found));
	found.len = 0;
	CHECK_TRUE(log.len < VTPM_NV_INDEX_LEN);
	read_index(&peer, VTPM_NV_LOG, log.len, &found);
	CHECK_BYTES(log.data, log.len, out_view(&found));
	CHECK_INT(ENDED_WELL, peer_end(&peer));
}

static void a_long_log_takes_several_indices(void **state)
{
	static char cmdline[LAUNCH_CMDLINE_MAX];
	struct arena arena CLEANUP(arena_done) = { 0 };
	struct launch_image image = made_image();
	const struct launch_config config = made_config(true);
	struct out log CLEANUP(out_done) = { 0 };
	struct out found CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	struct launch_plan plan;
	struct vtpm_peer peer;
	size_t offset;

	(void)state;
	memset(cmdline, 'x', sizeof cmdline);
	image.cmdline = bytes_of(cmdline, sizeof cmdline);
	image.num_ramdisks = LAUNCH_MAX_RAMDISKS;
	CHECK_OK(launch_plan_make("q35", &image, &config, &arena, &plan, &err));
	CHECK_OK(launch_log_write(&plan, &log, &err));
	CHECK_TRUE(peer_start(getenv("CELLA_VTPM"), out_view(&log), &peer));
	CHECK_INT(0, peer_set_data(&peer));
	CHECK_INT(0, peer_init(&peer, certify, NULL));
	for (offset = 0; offset < log.len; offset += VTPM_NV_INDEX_LEN) {
		const size_t left = log.len - offset;

		read_index(&peer, VTPM_NV_LOG + (uint32_t)(offset / VTPM_NV_INDEX_LEN),
			   left < VTPM_NV_INDEX_LEN ? left : VTPM_NV_INDEX_LEN, &found);
	}
	CHECK_TRUE(offset > 2 * VTPM_NV_INDEX_LEN);
	CHECK_BYTES(log.data, log.len, out_view(&found));
	CHECK_INT(ENDED_WELL, peer_end(&peer));
}

/* --- what the guest cannot undo ------------------------------------------------------ */

static const struct {
	const char *name;
	const char *hex; /* a whole command */
	bool refused;
} guests[] = {
	{ "pcr_reset_0",
	  "80020000001b0000013d00000000"
	  "00000009400000090000000000",
	  true },
	{ "pcr_reset_4",
	  "80020000001b0000013d00000004"
	  "00000009400000090000000000",
	  true },
	{ "pcr_reset_13",
	  "80020000001b0000013d0000000d"
	  "00000009400000090000000000",
	  true },
	{ "startup_again", "80010000000c000001440000", true },
	{ "banks_again",
	  "8002000000290000012b4000000c00000009400000090000000000"
	  "000000010004"
	  "03ffffff00000000",
	  true },
	{ "certificate_undefined",
	  "80020000001f000001224000000c01c101d0"
	  "00000009400000090000000000",
	  true },
	{ "certificate_undefined_by_owner",
	  "80020000001f000001224000000101c101d0"
	  "00000009400000090000000000",
	  true },
	{ "certificate_overwritten",
	  "80020000002400000137"
	  "4000000c01c101d0"
	  "00000009400000090000000000"
	  "00014100"
	  "00",
	  true },
	{ "log_overwritten_by_itself",
	  "80020000002400000137"
	  "01c101d801c101d8"
	  "00000009400000090000000000"
	  "00014100"
	  "00",
	  true },
	{ "platform_opened",
	  "80020000002000000121"
	  "4000000c"
	  "00000009400000090000000000"
	  "4000000c01",
	  true },
	{ "self_test", "80010000000b0000014301", false },
};

static void the_guest_cannot_undo_the_launch(void **state)
{
	struct arena arena CLEANUP(arena_done) = { 0 };
	const struct launch_plan plan = made_plan(false, &arena);
	struct vtpm_peer peer = launched(false);
	struct out found CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	struct launch_pcrs expected;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(guests); i++) {
		struct out command CLEANUP(out_done) = { 0 };
		uint8_t answer[PEER_MESSAGE_MAX];
		struct in in;
		uint32_t code;

		CASE(guests[i].name);
		CHECK_OK(hex_append(bytes_from_text(guests[i].hex), &command, "command",
				    &err));
		code = run(&peer, &command, answer, &in);
		CHECK_INT(guests[i].refused, code != 0);
		/* Refused for what it asks, not for how it is written. */
		CHECK_TRUE(code != 0x142 && (code & 0xbf) != 0x95 &&
			   (code & 0xbf) != 0x9a);
	}
	CHECK_OK(launch_predict(&plan, &expected, &err));
	for (unsigned i = 0; i < LAUNCH_NUM_PCRS; i++) {
		uint8_t value[SHA256_LEN];

		read_pcr(&peer, CELLA_HASH_SHA256, i, value, SHA256_LEN);
		CHECK_BYTES(expected.pcr[i].sha256, SHA256_LEN,
			    bytes_of(value, SHA256_LEN));
	}
	read_index(&peer, VTPM_NV_CERTIFICATE, sizeof certificate, &found);
	CHECK_BYTES(certificate, sizeof certificate, out_view(&found));
	CHECK_INT(ENDED_WELL, peer_end(&peer));
}

/* --- life ---------------------------------------------------------------------------- */

static uint32_t ask_random(struct vtpm_peer *peer)
{
	struct out command CLEANUP(out_done) = { 0 };
	uint8_t answer[PEER_MESSAGE_MAX];
	struct in in;

	tpm_begin(&command, TPM_TAG_NO_SESSIONS, 0x17b);
	out_u16be(&command, 8);
	return run(peer, &command, answer, &in);
}

static void before_init_the_tpm_is_not_started(void **state)
{
	struct vtpm_peer peer = started(false);

	(void)state;
	CHECK_INT(0, peer_set_data(&peer));
	CHECK_INT(TPM_RC_INITIALIZE, ask_random(&peer));
	CHECK_INT(0, peer_init(&peer, certify, NULL));
	CHECK_INT(0, ask_random(&peer));
	CHECK_TRUE(peer_control(&peer, 0x0e, NULL));
	CHECK_INT(0, peer_result(&peer));
	CHECK_INT(TPM_RC_FAILURE, ask_random(&peer));
	CHECK_INT(ENDED_WELL, peer_end(&peer));
}

/* A guest that suspends to RAM makes QEMU ask for this. */
static void a_second_init_is_the_end(void **state)
{
	static const uint32_t no_flags = 0;

	(void)state;
	for (unsigned stop_first = 0; stop_first < 2; stop_first++) {
		struct vtpm_peer peer = launched(false);
		uint8_t rest;

		if (stop_first != 0) {
			CHECK_TRUE(peer_control(&peer, 0x0e, NULL));
			CHECK_INT(0, peer_result(&peer));
		}
		CHECK_TRUE(peer_control(&peer, 0x02, &no_flags));
		CHECK_INT(0x0a, peer_result(&peer));
		CHECK_INT(0, peer_receive(peer.control, &rest, 1));
		CHECK_INT(ENDED_BADLY, peer_end(&peer));
	}
}

static void shutdown_ends_it_well(void **state)
{
	struct vtpm_peer peer = launched(false);
	uint8_t rest;

	(void)state;
	CHECK_TRUE(peer_control(&peer, 0x03, NULL));
	CHECK_INT(0, peer_result(&peer));
	CHECK_INT(0, peer_receive(peer.control, &rest, 1));
	CHECK_INT(ENDED_WELL, peer_end(&peer));
}

static void without_a_certificate_there_is_no_launch(void **state)
{
	static peer_certify_fn *const certifiers[] = { refuse, certify_too_long };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(certifiers); i++) {
		struct vtpm_peer peer = started(false);

		CHECK_INT(0, peer_set_data(&peer));
		CHECK_TRUE(peer_init(&peer, certifiers[i], NULL) != 0);
		CHECK_INT(ENDED_BADLY, peer_end(&peer));
	}
}

static void it_does_not_outlive_its_supervisor(void **state)
{
	struct vtpm_peer peer = launched(false);
	uint8_t rest;

	(void)state;
	close(peer.supervisor);
	peer.supervisor = -1;
	CHECK_INT(0, peer_receive(peer.control, &rest, 1));
	CHECK_INT(ENDED_BADLY, peer_end(&peer));
}

/* --- breaches ------------------------------------------------------------------------ */

static const struct {
	const char *name;
	const char *bytes;
	size_t len;
	size_t num_fds;
	int end;
} breaches[] = {
	{ "unknown_command", "\0\0\0\x14", 4, 0, ENDED_BADLY },
	{ "hash_start", "\0\0\0\6", 4, 0, ENDED_BADLY },
	{ "half_a_command", "\0\0", 2, 0, ENDED_BADLY },
	{ "half_a_payload", "\0\0\0\2\0", 5, 0, ENDED_BADLY },
	{ "two_descriptors", "\0\0\0\x10", 4, 2, ENDED_BADLY },
	{ "eight_descriptors", "\0\0\0\x10", 4, 8, ENDED_BADLY },
	{ "descriptor_with_another_command", "\0\0\0\1", 4, 1, ENDED_BADLY },
	{ "no_descriptor", "\0\0\0\x10", 4, 0, ENDED_BADLY },
	{ "flags", "\0\0\0\2\xff\xff\xff\xff", 8, 0, ENDED_BADLY },
	{ "nothing_at_all", "", 0, 0, ENDED_WELL },
	{ "several_at_once", "\0\0\0\1\0\0\0\x0e\0\0\0\1", 12, 0, ENDED_WELL },
};

static void breaches_of_the_control_protocol_end_it(void **state)
{
	static const int fds[8] = { 0, 0, 0, 0, 0, 0, 0, 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(breaches); i++) {
		struct vtpm_peer peer = started(false);
		uint8_t answers[64];

		CASE(breaches[i].name);
		if (breaches[i].len > 0)
			CHECK_TRUE(peer_send(&peer,
					     bytes_of(breaches[i].bytes, breaches[i].len),
					     fds, breaches[i].num_fds));
		CHECK_INT(0, shutdown(peer.control, SHUT_WR));
		peer_receive(peer.control, answers, sizeof answers);
		CHECK_INT(breaches[i].end, peer_end(&peer));
	}
}

static void requests_may_come_byte_by_byte(void **state)
{
	static const uint8_t capability[] = { 0, 0, 0, 1 };
	struct vtpm_peer peer = started(false);
	uint8_t answer[8];

	(void)state;
	for (size_t i = 0; i < sizeof capability; i++)
		CHECK_TRUE(peer_send(&peer, bytes_of(capability + i, 1), NULL, 0));
	CHECK_INT(sizeof answer, peer_receive(peer.control, answer, sizeof answer));
	CHECK_BYTES("\0\0\0\0\0\0\x34\x8f", 8, bytes_of(answer, sizeof answer));
	CHECK_INT(ENDED_WELL, peer_end(&peer));
}

static const struct {
	const char *name;
	uint32_t size;
} sizes[] = {
	{ "size_0", 0 },
	{ "size_9", 9 },
	{ "size_4097", 4097 },
	{ "size_huge", UINT32_MAX },
};

static void impossible_sizes_end_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct vtpm_peer peer = launched(false);
		struct out command CLEANUP(out_done) = { 0 };
		uint8_t answer[PEER_MESSAGE_MAX];

		CASE(sizes[i].name);
		out_u16be(&command, 0x8001);
		out_u32be(&command, sizes[i].size);
		CHECK_INT(0, peer_tpm(&peer, out_view(&command), answer));
		CHECK_INT(ENDED_BADLY, peer_end(&peer));
	}
}

/* Whatever a command's bytes are, there is an answer, and the next command has one, too. */
static void senseless_commands_are_answered(void **state)
{
	struct vtpm_peer peer = launched(false);

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		struct out command CLEANUP(out_done) = { 0 };
		uint8_t answer[PEER_MESSAGE_MAX];
		struct in in;

		out_u16be(&command, i % 2 == 0 ? 0x8001 : 0x8002);
		out_u32be(&command, 0);
		out_u32be(&command, 0x11f + i);
		for (unsigned j = 0; j < 60 * i; j++)
			out_u8(&command, (uint8_t)(0xff - j * i));
		CHECK_TRUE(run(&peer, &command, answer, &in) != 0);
		CHECK_INT(0, ask_random(&peer));
	}
	CHECK_INT(ENDED_WELL, peer_end(&peer));
}

/* --- what it is started with --------------------------------------------------------- */

static void only_a_launch_of_the_hosts_is_taken(void **state)
{
	struct out log CLEANUP(out_done) = made_launch_log(false);
	static const struct {
		const char *name;
		size_t cut;
		size_t add;
	} rows[] = {
		{ "empty", SIZE_MAX, 0 },
		{ "cut", 1, 0 },
		{ "zeros_behind", 0, 16 },
		{ "too_long", 0, VTPM_LAUNCH_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct out bytes CLEANUP(out_done) = { 0 };
		struct vtpm_peer peer;

		CASE(rows[i].name);
		if (rows[i].cut < log.len)
			out_bytes(&bytes, log.data, log.len - rows[i].cut);
		out_zeros(&bytes, rows[i].add);
		CHECK_TRUE(peer_start(getenv("CELLA_VTPM"), out_view(&bytes), &peer));
		CHECK_INT(UINT32_MAX, peer_set_data(&peer));
		CHECK_INT(ENDED_BADLY, peer_end(&peer));
	}
}

static int number_in(struct vtpm_peer *peer, const char *name)
{
	char path[64];
	char line[256];
	int number = -1;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", (int)peer->pid);
	file = fopen(path, "re");
	CHECK_TRUE(file != NULL);
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			number = (int)(line[strlen(name) + 1] - '0');
	if (file != NULL)
		fclose(file);
	return number;
}

static void it_is_confined_before_it_reads_from_qemu(void **state)
{
	struct vtpm_peer peer = started(false);

	(void)state;
	CHECK_INT(0, peer_set_data(&peer));
	CHECK_INT(2, number_in(&peer, "Seccomp:"));
	CHECK_INT(1, number_in(&peer, "NoNewPrivs:"));
	CHECK_INT(ENDED_WELL, peer_end(&peer));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(pcrs_are_as_predicted),
		cmocka_unit_test(there_is_no_other_bank),
		cmocka_unit_test(the_key_is_restricted_and_p256),
		cmocka_unit_test(the_guest_finds_certificate_and_log),
		cmocka_unit_test(a_long_log_takes_several_indices),
		cmocka_unit_test(the_guest_cannot_undo_the_launch),
		cmocka_unit_test(before_init_the_tpm_is_not_started),
		cmocka_unit_test(a_second_init_is_the_end),
		cmocka_unit_test(shutdown_ends_it_well),
		cmocka_unit_test(without_a_certificate_there_is_no_launch),
		cmocka_unit_test(it_does_not_outlive_its_supervisor),
		cmocka_unit_test(breaches_of_the_control_protocol_end_it),
		cmocka_unit_test(requests_may_come_byte_by_byte),
		cmocka_unit_test(impossible_sizes_end_it),
		cmocka_unit_test(senseless_commands_are_answered),
		cmocka_unit_test(only_a_launch_of_the_hosts_is_taken),
		cmocka_unit_test(it_is_confined_before_it_reads_from_qemu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
