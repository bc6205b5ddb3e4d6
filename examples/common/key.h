/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A private key on P-384 in a PEM file, as a signer for libcella. A product may put the key
 * into a hardware module or another process instead: the library needs the call-back only.
 */
#ifndef KEY_H
#define KEY_H

#include "sample.h"

#include <cella/keys.h>

/* struct key - an open key; key_close() wipes it. */
struct key {
	void *handle;
	struct cella_signer signer;
};

/* key_open() refuses a file that others than its owner may use. */
bool key_open(const char *path, struct key *out);
void key_close(struct key *key);

/* pin_key() makes a set of the one public key in a PEM file, which the caller frees. */
bool pin_key(const char *path, struct cella_keys **out);

#endif
