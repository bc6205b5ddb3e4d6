/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor's loop: what its guest, QEMU, a client, the console and other processes say,
 * in any order and in any pieces. An input is a list of: who, and whether he hangs up (a
 * byte), how many bytes he says (a byte), those bytes.
 */
#include "fuzz.h"

#include "guest/io.h"
#include "vm/evm.h"
#include "vm/failure_record.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GUEST, QEMU, CLIENT, CONSOLE, ERRORS, NUM_PEERS, HANGS_UP = 0x80 };

static struct evm evm;
static int peers[NUM_PEERS];

/* The supervisor's end of a peer's connection. */
static int *end_of(int who)
{
	switch (who) {
	case GUEST:
		return &evm.guest;
	case QEMU:
		return &evm.qmp;
	case CLIENT:
		return &evm.clients[0].fd;
	case CONSOLE:
		return &evm.serial;
	default:
		return &evm.children[EVM_VSOCK].errors;
	}
}

static void join(int who)
{
	const int type = who == CLIENT ? SOCK_SEQPACKET : SOCK_STREAM;
	int ends[2];

	MUST(socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
	peers[who] = ends[0];
	*end_of(who) = ends[1];
}

static void begin(void)
{
	static const struct evm_options options = { .name = "fuzz",
						    .base = "/nonexistent",
						    .ready = -1 };
	struct host_key *none = NULL;

	evm_init(&evm, &options, &none);
	evm.state = EVM_BOOTING;
	evm.children[EVM_VSOCK].name = "cella-vsock";
	evm.signals = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	for (int who = 0; who < NUM_PEERS; who++)
		join(who);
}

/* There is always something to hear, so that nothing is waited for. */
static void turn(void)
{
	static const uint64_t one = 1;

	MUST(write(evm.signals, &one, sizeof one) == sizeof one);
	MUST(evm_turn(&evm, NULL) == CELLA_OK);
}

/* He who was hung up on comes again, where others may. */
static void act(uint8_t how, struct cella_bytes says)
{
	const int who = (how & ~HANGS_UP) % NUM_PEERS;

	if (says.len > 0 && send(peers[who], says.data, says.len, MSG_NOSIGNAL) < 0)
		io_close(&peers[who]);
	if ((how & HANGS_UP) != 0)
		io_close(&peers[who]);
	for (int i = 0; i < 2 && !evm_state_is_over(evm.state); i++)
		turn();
	if (who == CLIENT && evm.clients[0].fd < 0) {
		io_close(&peers[who]);
		join(who);
	}
}

static void check_told(void)
{
	static struct failure failure, again;
	char evidence[FAILURE_EVIDENCE_MAX];
	struct out status CLEANUP(out_done) = { 0 };
	json_t *json = NULL;
	char *text = NULL;
	const char *code;

	MUST(evm_status(&evm, &status, NULL) == CELLA_OK);
	MUST(!evm.has_greeted || evm.state != EVM_BOOTING);
	MUST(evm.state != EVM_RUNNING || evm.has_greeted);
	MUST(evm.state != EVM_FAILED || evm.cause[0] != '\0');
	evm_failure(&evm, &failure);
	code = failure_classify(&failure, evidence)->code;
	MUST(failure_json(&failure, &json, NULL) == CELLA_OK);
	MUST(json_write(json, false, &text, NULL) == CELLA_OK);
	MUST(failure_parse(bytes_of(text, strlen(text)), &again, NULL) == CELLA_OK);
	MUST(strcmp(failure_classify(&again, evidence)->code, code) == 0);
	json_decref(json);
	free(text);
}

static void check_record(struct cella_bytes text)
{
	static struct failure failure;
	char evidence[FAILURE_EVIDENCE_MAX];
	struct cella_error err = { 0 };

	if (failure_parse(text, &failure, &err) == CELLA_OK)
		MUST(failure_classify(&failure, evidence) != NULL);
	else
		MUST(err.text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at = 0;

	begin();
	while (size - at >= 2 && !evm_state_is_over(evm.state)) {
		const uint8_t how = data[at];
		const size_t left = size - at - 2;
		const size_t len = data[at + 1] < left ? data[at + 1] : left;

		act(how, bytes_of(data + at + 2, len));
		at += 2 + len;
	}
	check_told();
	evm_done(&evm);
	for (int who = 0; who < NUM_PEERS; who++)
		io_close(&peers[who]);
	check_record(bytes_of(data, size));
	return 0;
}
