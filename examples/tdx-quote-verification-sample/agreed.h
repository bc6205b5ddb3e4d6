/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What verifier and relying party have agreed on: names, keys, policies. All files are
 * beside the programs. Where the two run on different machines, the relying party has the
 * public keys and the policies, and got them from people, not from the verifier.
 */
#ifndef AGREED_H
#define AGREED_H

#include "key.h"

#include <cella/policy.h>

/* iss and aud of the tokens: a token for somebody else is none for us. */
#define TOKEN_ISSUER "tdx-quote-verification-sample verifier"
#define TOKEN_AUDIENCE "tdx-quote-verification-sample relying_party"

#define VERIFIER_KEY "keys/verifier.key"
#define VERIFIER_PUBLIC_KEY "keys/verifier.pub"
#define POLICY_PUBLIC_KEY "keys/policy.pub"

/* The tenant's policy and the one for platform and quoting enclave. */
enum { NUM_POLICIES = 2 };

/* struct policies - the policies, and the key of whoever may write them. */
struct policies {
	struct cella_keys *owner;
	struct cella_policy *items[NUM_POLICIES];
};

/*
 * policies_read() reads the policies and pins their owner. Whether he signed them is not
 * asked yet: cella_policy_standing() tells, and cella_verify() refuses if he did not.
 */
bool policies_read(struct policies *out);
void policies_free(struct policies *policies);

/* pin() makes a set of the key in a file beside the program. */
bool pin(const char *name, struct cella_keys **out);

#endif
