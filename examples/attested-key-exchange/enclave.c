/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave [-1] SOCKET: the side that proves what it is. It answers each client with a new
 * key and a quote that binds it, and takes one sealed message. -1: serve one client only.
 */
#include "evidence.h"
#include "session.h"
#include "wire.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool receive_hello(int fd, struct hello *out)
{
	BUFFER message = { NULL, 0 };

	if (!wire_receive(fd, HELLO_LEN, &message))
		return false;
	if (message.len != HELLO_LEN) {
		say("a hello of %zu bytes, not %d", message.len, HELLO_LEN);
		return false;
	}
	memcpy(out, message.data, HELLO_LEN);
	return true;
}

/* Public key, quote. */
static bool make_answer(const struct hello *hello, const struct exchange_key *key,
			struct buffer *out)
{
	uint8_t report_data[64];
	BUFFER quote = { NULL, 0 };
	struct buffer answer;

	if (!bind_keys(hello, key->public_key, report_data) ||
	    !td_quote(report_data, &quote))
		return false;
	answer.len = PUBLIC_KEY_LEN + quote.len;
	answer.data = malloc(answer.len);
	if (answer.data == NULL)
		return fails("answer", NULL);
	memcpy(answer.data, key->public_key, PUBLIC_KEY_LEN);
	memcpy(answer.data + PUBLIC_KEY_LEN, quote.data, quote.len);
	*out = answer;
	return true;
}

/* The receipt shows the client that the enclave could read the message. */
static bool take_message(int fd, const struct session *session)
{
	BUFFER sealed = { NULL, 0 };
	BUFFER message = { NULL, 0 };
	BUFFER receipt = { NULL, 0 };
	char text[64];

	if (!wire_receive(fd, SEALED_MAX, &sealed) ||
	    !unseal(session->to_enclave, &sealed, &message))
		return false;
	session_print(session);
	snprintf(text, sizeof text, "%zu bytes received", message.len);
	printf("a client's message: %s\n", text);
	fflush(stdout);
	return seal(session->to_client, text, strlen(text), &receipt) &&
	       wire_send(fd, receipt.data, receipt.len);
}

static bool exchange(int fd, const struct hello *hello, const struct exchange_key *key)
{
	struct session session = { .to_enclave = { 0 } };
	BUFFER answer = { NULL, 0 };
	bool done;

	if (!make_answer(hello, key, &answer) ||
	    !wire_send(fd, answer.data, answer.len) ||
	    !session_new(key, hello->client_key, hello, &answer, &session))
		return false;
	done = take_message(fd, &session);
	session_wipe(&session);
	return done;
}

static bool serve(int fd)
{
	struct exchange_key key = { NULL, { 0 } };
	struct hello hello;
	bool done;

	if (!receive_hello(fd, &hello) || !exchange_key_new(&key))
		return false;
	done = exchange(fd, &hello, &key);
	exchange_key_free(&key);
	return done;
}

static bool serve_next(int listener)
{
	const int fd = wire_accept(listener);
	bool done;

	if (fd < 0)
		return false;
	done = serve(fd);
	close(fd);
	return done;
}

int main(int argc, char **argv)
{
	const bool once = argc == 3 && strcmp(argv[1], "-1") == 0;
	int listener;
	bool done;

	if (argc != 2 && !once) {
		say("usage: %s [-1] SOCKET", argv[0]);
		return EXIT_USAGE;
	}
	signal(SIGPIPE, SIG_IGN); /* a client that hangs up is no reason to end */
	listener = wire_listen(argv[argc - 1]);
	if (listener < 0)
		return EXIT_UNDECIDED;
	do {
		done = serve_next(listener);
	} while (!once);
	close(listener);
	unlink(argv[argc - 1]);
	return done ? EXIT_YES : EXIT_UNDECIDED;
}
