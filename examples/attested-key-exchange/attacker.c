/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attacker MODE LISTEN ENCLAVE RECORD: sits between client and enclave.
 *
 *   relay        passes everything on, and records the enclave's answer in a file
 *   replay       answers with the recorded answer: a genuine quote, of another exchange
 *   swap-enclave passes the genuine quote on, with a key of its own beside it
 *   swap-client  tells the enclave a key of its own instead of the client's
 *   tamper       passes everything on, with one bit of the sealed message changed
 *
 * A relay learns nothing but lengths; the others the client refuses. This program is here
 * to show that, and serves one client.
 */
#include "session.h"
#include "wire.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum mode { RELAY, REPLAY, SWAP_ENCLAVE, SWAP_CLIENT, TAMPER, NUM_MODES };

static const char *const mode_names[NUM_MODES] = { "relay", "replay", "swap-enclave",
						   "swap-client", "tamper" };

static bool find_mode(const char *name, enum mode *out)
{
	for (int i = 0; i < NUM_MODES; i++) {
		if (strcmp(mode_names[i], name) == 0) {
			*out = (enum mode)i;
			return true;
		}
	}
	say("there is no mode %s", name);
	return false;
}

/* Overwrites a public key with one whose private half we have. */
static bool put_own_key(uint8_t place[PUBLIC_KEY_LEN])
{
	struct exchange_key key = { NULL, { 0 } };

	if (!exchange_key_new(&key))
		return false;
	memcpy(place, key.public_key, PUBLIC_KEY_LEN);
	exchange_key_free(&key);
	return true;
}

static bool pass(int from, int to, size_t max_len, bool changed)
{
	BUFFER message = { NULL, 0 };

	if (!wire_receive(from, max_len, &message))
		return false;
	if (changed && message.len > 0)
		message.data[0] ^= 1;
	return wire_send(to, message.data, message.len);
}

/* Has the enclave answer, or takes the answer of another time. */
static bool get_answer(enum mode mode, int enclave, const struct buffer *hello,
		       const char *record, struct buffer *out)
{
	if (mode == REPLAY)
		return read_file(record, ANSWER_MAX, out);
	if (mode == SWAP_CLIENT &&
	    (hello->len != HELLO_LEN || !put_own_key(hello->data + NONCE_LEN)))
		return false;
	if (!wire_send(enclave, hello->data, hello->len) ||
	    !wire_receive(enclave, ANSWER_MAX, out))
		return false;
	if (mode == SWAP_ENCLAVE && out->len > PUBLIC_KEY_LEN)
		return put_own_key(out->data);
	return mode != RELAY || write_file(record, out->data, out->len);
}

static bool sit_between(enum mode mode, int client, int enclave, const char *record)
{
	BUFFER hello = { NULL, 0 };
	BUFFER answer = { NULL, 0 };

	if (!wire_receive(client, HELLO_LEN, &hello) ||
	    !get_answer(mode, enclave, &hello, record, &answer) ||
	    !wire_send(client, answer.data, answer.len))
		return false;
	if (!pass(client, enclave, SEALED_MAX, mode == TAMPER)) {
		say("the client did not fall for it");
		return true;
	}
	return pass(enclave, client, SEALED_MAX, false);
}

int main(int argc, char **argv)
{
	enum mode mode;
	int listener;
	int client;
	int enclave;
	bool done;

	if (argc != 5 || !find_mode(argv[1], &mode)) {
		say("usage: %s MODE LISTEN ENCLAVE RECORD", argv[0]);
		return EXIT_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	listener = wire_listen(argv[2]);
	if (listener < 0)
		return EXIT_UNDECIDED;
	client = wire_accept(listener);
	enclave = wire_connect(argv[3]);
	done = client >= 0 && enclave >= 0 && sit_between(mode, client, enclave, argv[4]);
	close(enclave);
	close(client);
	close(listener);
	unlink(argv[2]);
	return done ? EXIT_YES : EXIT_UNDECIDED;
}
