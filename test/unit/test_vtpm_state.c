/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella-vtpm with a state that is kept (CELLA_VTPM names it): what survives, what is made
 * anew, and what ends it.
 */
#include "launch_maker.h"
#include "support.h"

#include "collect/tpm.h"
#include "standin/vtpm_peer.h"
#include "vm/tpm_state.h"
#include "vm/vtpm_launch.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	ENDED_WELL = 0,
	ENDED_BADLY = 1,
	CC_EVICT = 0x120,
	CC_CHANGE_AUTH = 0x129,
	CC_NV_DEFINE = 0x12a,
	CC_NV_WRITE = 0x137,
	CC_NV_READ = 0x14e,
	CC_READ_PUBLIC = 0x173,
	OWNER = 0x40000001,
	INDEX = 0x01500001,
};

static const char *certificate = "one certificate";

static void certify(void *context, struct cella_bytes public_area, struct out *out)
{
	struct out *const key = context;

	if (key != NULL) {
		key->len = 0;
		out_bytes(key, public_area.data, public_area.len);
	}
	out_text(out, certificate);
}

static int new_memory(void)
{
	const int fd = memfd_create("state", MFD_CLOEXEC);

	CHECK_INT(0, ftruncate(fd, TPM_STATE_MEMORY_LEN));
	return fd;
}

static struct vtpm_peer started(int memory)
{
	struct out log CLEANUP(out_done) = made_launch_log(false);
	struct vtpm_peer peer;

	CHECK_TRUE(peer_start_kept(getenv("CELLA_VTPM"), out_view(&log), memory, &peer));
	return peer;
}

static struct vtpm_peer launched(int memory, struct out *key)
{
	struct vtpm_peer peer = started(memory);

	CHECK_INT(0, peer_set_data(&peer));
	CHECK_INT(0, peer_init(&peer, certify, key));
	return peer;
}

/* Runs a command that is begun; its code, *in behind it. */
static uint32_t run(struct vtpm_peer *peer, struct out *command,
		    uint8_t answer[PEER_MESSAGE_MAX], struct in *in)
{
	size_t len;

	command->data[4] = (uint8_t)(command->len >> 8);
	command->data[5] = (uint8_t)command->len;
	len = peer_tpm(peer, out_view(command), answer);
	if (len < 10)
		return UINT32_MAX;
	in_init(in, bytes_of(answer, len), "answer");
	in_skip(in, 6, "header");
	return in_u32be(in, "code");
}

static uint32_t define(struct vtpm_peer *peer, uint32_t index)
{
	struct out command CLEANUP(out_done) = { 0 };
	uint8_t answer[PEER_MESSAGE_MAX];
	struct in in;

	tpm_begin(&command, TPM_TAG_SESSIONS, CC_NV_DEFINE);
	out_u32be(&command, OWNER);
	tpm_put_empty_auth(&command);
	out_u16be(&command, 0);
	out_u16be(&command, 14);
	out_u32be(&command, index);
	out_u16be(&command, TPM_ALG_SHA256);
	out_u32be(&command, 0x02040004); /* by its password, which none guesses */
	out_u16be(&command, 0);
	out_u16be(&command, 4);
	return run(peer, &command, answer, &in);
}

static uint32_t write_index(struct vtpm_peer *peer, const char text[4])
{
	struct out command CLEANUP(out_done) = { 0 };
	uint8_t answer[PEER_MESSAGE_MAX];
	struct in in;

	tpm_begin(&command, TPM_TAG_SESSIONS, CC_NV_WRITE);
	out_u32be(&command, INDEX);
	out_u32be(&command, INDEX);
	tpm_put_empty_auth(&command);
	out_u16be(&command, 4);
	out_bytes(&command, text, 4);
	out_u16be(&command, 0); /* offset */
	return run(peer, &command, answer, &in);
}

static uint32_t read_index(struct vtpm_peer *peer, uint32_t index, size_t len,
			   struct out *out)
{
	struct out command CLEANUP(out_done) = { 0 };
	uint8_t answer[PEER_MESSAGE_MAX];
	uint32_t code;
	struct in in;

	tpm_begin(&command, TPM_TAG_SESSIONS, CC_NV_READ);
	out_u32be(&command, index);
	out_u32be(&command, index);
	tpm_put_empty_auth(&command);
	out_u16be(&command, (uint16_t)len);
	out_u16be(&command, 0);
	code = run(peer, &command, answer, &in);
	if (code != 0)
		return code;
	in_skip(&in, 4 + 2, "sizes");
	out->len = 0;
	out_bytes(out, in_bytes(&in, len, "data").data, len);
	CHECK_TRUE(in.failed == NULL);
	return 0;
}

static void evict_key(struct vtpm_peer *peer)
{
	struct out command CLEANUP(out_done) = { 0 };
	uint8_t answer[PEER_MESSAGE_MAX];
	struct in in;

	tpm_begin(&command, TPM_TAG_SESSIONS, CC_EVICT);
	out_u32be(&command, OWNER);
	out_u32be(&command, (uint32_t)VTPM_AK_HANDLE);
	tpm_put_empty_auth(&command);
	out_u32be(&command, (uint32_t)VTPM_AK_HANDLE);
	CHECK_INT(0, run(peer, &command, answer, &in));
}

static void check_key(struct vtpm_peer *peer, const struct out *key)
{
	struct out command CLEANUP(out_done) = { 0 };
	uint8_t answer[PEER_MESSAGE_MAX];
	struct in in;

	tpm_begin(&command, TPM_TAG_NO_SESSIONS, CC_READ_PUBLIC);
	out_u32be(&command, (uint32_t)VTPM_AK_HANDLE);
	CHECK_INT(0, run(peer, &command, answer, &in));
	CHECK_BYTES(key->data, key->len, in_bytes(&in, key->len, "public"));
}

static void read_pcr(struct vtpm_peer *peer, unsigned pcr, uint8_t out[SHA256_LEN])
{
	struct out command CLEANUP(out_done) = { 0 };
	uint8_t answer[PEER_MESSAGE_MAX];
	const uint32_t mask = UINT32_C(1) << pcr;
	struct in in;

	tpm_begin(&command, TPM_TAG_NO_SESSIONS, 0x17e);
	out_u32be(&command, 1);
	out_u16be(&command, CELLA_HASH_SHA256);
	out_u8(&command, 3);
	for (int i = 0; i < 3; i++)
		out_u8(&command, (uint8_t)(mask >> 8 * i));
	CHECK_INT(0, run(peer, &command, answer, &in));
	in_skip(&in, 4 + 4 + 2 + 1 + 3 + 4 + 2, "head");
	in_copy(&in, out, SHA256_LEN, "value");
	CHECK_TRUE(in.failed == NULL);
}

/* --- lives --------------------------------------------------------------------------- */

static void what_the_guest_keeps_survives(void **state)
{
	const int memory = new_memory();
	struct out key CLEANUP(out_done) = { 0 };
	struct out again CLEANUP(out_done) = { 0 };
	struct out read CLEANUP(out_done) = { 0 };
	struct vtpm_peer peer = launched(memory, &key);

	(void)state;
	CHECK_INT(1, peer.num_kept); /* with the launch */
	CHECK_INT(0, define(&peer, INDEX));
	CHECK_INT(0, write_index(&peer, "mine"));
	CHECK_TRUE(peer.num_kept >= 3);
	kill(peer.pid, SIGKILL);
	CHECK_INT(128 + SIGKILL, peer_end(&peer));
	certificate = "another certificate";
	peer = launched(memory, &again);
	CHECK_INT(0, read_index(&peer, INDEX, 4, &read));
	CHECK_BYTES("mine", 4, out_view(&read));
	CHECK_INT(0, read_index(&peer, VTPM_NV_CERTIFICATE, 19, &read));
	CHECK_BYTES("another certificate", 19, out_view(&read));
	CHECK_BYTES(key.data, key.len, out_view(&again));
	check_key(&peer, &again);
	CHECK_INT(ENDED_WELL, peer_end(&peer));
	close(memory);
}

static void each_life_is_measured_anew(void **state)
{
	struct arena arena CLEANUP(arena_done) = { 0 };
	const struct launch_plan plan = made_plan(false, &arena);
	const int memory = new_memory();
	struct cella_error err = { 0 };
	struct launch_pcrs expected;

	(void)state;
	CHECK_OK(launch_predict(&plan, &expected, &err));
	for (int life = 0; life < 3; life++) {
		struct vtpm_peer peer = launched(memory, NULL);

		for (unsigned i = 0; i < LAUNCH_NUM_PCRS; i++) {
			uint8_t value[SHA256_LEN];

			read_pcr(&peer, i, value);
			CHECK_BYTES(expected.pcr[i].sha256, SHA256_LEN,
				    bytes_of(value, SHA256_LEN));
		}
		CHECK_INT(ENDED_WELL, peer_end(&peer));
	}
	close(memory);
}

/* What the guest has put where verifiers look is not there in the next life. */
static void nothing_is_left_where_evidence_is(void **state)
{
	const int memory = new_memory();
	struct out key CLEANUP(out_done) = { 0 };
	struct out read CLEANUP(out_done) = { 0 };
	struct vtpm_peer peer = launched(memory, &key);

	(void)state;
	evict_key(&peer);
	CHECK_INT(0, define(&peer, VTPM_NV_LOG + 5));
	CHECK_INT(ENDED_WELL, peer_end(&peer));
	peer = launched(memory, &key);
	check_key(&peer, &key);
	CHECK_TRUE(read_index(&peer, VTPM_NV_LOG + 5, 4, &read) != 0);
	CHECK_INT(ENDED_WELL, peer_end(&peer));
	close(memory);
}

static void an_owner_s_password_is_told(void **state)
{
	const int memory = new_memory();
	struct out command CLEANUP(out_done) = { 0 };
	uint8_t answer[PEER_MESSAGE_MAX];
	struct vtpm_peer peer = launched(memory, NULL);
	struct in in;

	(void)state;
	tpm_begin(&command, TPM_TAG_SESSIONS, CC_CHANGE_AUTH);
	out_u32be(&command, OWNER);
	tpm_put_empty_auth(&command);
	out_u16be(&command, 4);
	out_bytes(&command, "pass", 4);
	CHECK_INT(0, run(&peer, &command, answer, &in));
	CHECK_INT(ENDED_WELL, peer_end(&peer));
	peer = started(memory);
	CHECK_INT(0, peer_set_data(&peer));
	CHECK_TRUE(peer_init(&peer, certify, NULL) != 0);
	CHECK_INT(ENDED_BADLY, peer_end(&peer));
	close(memory);
}

/* --- ends ---------------------------------------------------------------------------- */

static void what_is_not_kept_is_not_answered(void **state)
{
	const int memory = new_memory();
	struct vtpm_peer peer = launched(memory, NULL);

	(void)state;
	peer.keeps = false;
	CHECK_TRUE(define(&peer, INDEX) != 0); /* no answer at all */
	CHECK_INT(ENDED_BADLY, peer_end(&peer));
	peer = started(memory);
	peer.keeps = false;
	CHECK_INT(0, peer_set_data(&peer));
	CHECK_TRUE(peer_init(&peer, certify, NULL) != 0);
	CHECK_INT(ENDED_BADLY, peer_end(&peer));
	close(memory);
}

static void put_length(int memory, uint64_t len)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(len >> 8 * i);
	CHECK_INT(8, pwrite(memory, bytes, 8, 0));
}

static void other_states_are_refused(void **state)
{
	static const uint64_t lengths[] = {
		1, 100, TPM_STATE_MAX, TPM_STATE_MAX + 1, UINT32_MAX, UINT64_MAX
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		const int memory = new_memory();
		struct vtpm_peer peer;

		put_length(memory, lengths[i]);
		peer = started(memory);
		CHECK_INT(ENDED_BADLY, peer_end(&peer));
		close(memory);
	}
}

static void half_a_state_is_refused(void **state)
{
	const int memory = new_memory();
	struct vtpm_peer peer = launched(memory, NULL);

	(void)state;
	CHECK_INT(ENDED_WELL, peer_end(&peer));
	put_length(memory, 1000);
	peer = started(memory);
	CHECK_INT(ENDED_BADLY, peer_end(&peer));
	close(memory);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_guest_keeps_survives),
		cmocka_unit_test(each_life_is_measured_anew),
		cmocka_unit_test(nothing_is_left_where_evidence_is),
		cmocka_unit_test(an_owner_s_password_is_told),
		cmocka_unit_test(what_is_not_kept_is_not_answered),
		cmocka_unit_test(other_states_are_refused),
		cmocka_unit_test(half_a_state_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
