/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key exchange in which a quote proves whose key it is.
 *
 *   client -> enclave   hello:   nonce, client's X25519 key
 *   enclave -> client   answer:  enclave's X25519 key, quote
 *   client -> enclave   message, sealed
 *   enclave -> client   receipt, sealed
 *
 * The quote's report data binds the nonce and both keys, by the rule of
 * cella_report_data(). The keys that seal come out of HKDF, salted with the hash of hello
 * and answer, one for each direction; each is used once.
 *
 * Nobody authenticates the client: whoever sends a hello gets an answer.
 */
#ifndef SESSION_H
#define SESSION_H

#include "sample.h"

enum {
	NONCE_LEN = 32,
	PUBLIC_KEY_LEN = 32,
	HELLO_LEN = NONCE_LEN + PUBLIC_KEY_LEN,
	ANSWER_MAX = PUBLIC_KEY_LEN + (1 << 20),
	SEALED_MAX = 65536,
	SEAL_KEY_LEN = 32,
	SEAL_TAG_LEN = 16,
	MESSAGE_MAX = SEALED_MAX - SEAL_TAG_LEN,
	SESSION_NAME_LEN = 8,
};

struct hello {
	uint8_t nonce[NONCE_LEN];
	uint8_t client_key[PUBLIC_KEY_LEN];
};
_Static_assert(sizeof(struct hello) == HELLO_LEN, "no padding");

/* struct exchange_key - an ephemeral key pair; exchange_key_free() wipes it. */
struct exchange_key {
	void *handle;
	uint8_t public_key[PUBLIC_KEY_LEN];
};

bool exchange_key_new(struct exchange_key *out);
void exchange_key_free(struct exchange_key *key);

/* bind_keys() computes the report data of the quote in the answer. */
bool bind_keys(const struct hello *hello, const uint8_t enclave_key[PUBLIC_KEY_LEN],
	       uint8_t report_data[64]);

/*
 * The keys that seal, one for each direction; session_wipe() wipes them. Both sides find
 * the same name only if they agree on the keys, of which it tells nothing.
 */
struct session {
	uint8_t to_enclave[SEAL_KEY_LEN];
	uint8_t to_client[SEAL_KEY_LEN];
	uint8_t name[SESSION_NAME_LEN];
};
_Static_assert(sizeof(struct session) == 2 * SEAL_KEY_LEN + SESSION_NAME_LEN,
	       "no padding");

/*
 * session_new() agrees on the keys: own is the one side's key pair, peer the other side's
 * public key. answer is the whole answer as it was sent.
 */
bool session_new(const struct exchange_key *own, const uint8_t peer[PUBLIC_KEY_LEN],
		 const struct hello *hello, const struct buffer *answer,
		 struct session *out);
void session_wipe(struct session *session);

/* session_print() prints the name, once the other side has shown that it has the keys. */
void session_print(const struct session *session);

/* seal() encrypts and authenticates; unseal() refuses whatever was changed. */
bool seal(const uint8_t key[SEAL_KEY_LEN], const void *text, size_t len,
	  struct buffer *out);
bool unseal(const uint8_t key[SEAL_KEY_LEN], const struct buffer *sealed,
	    struct buffer *out);

#endif
