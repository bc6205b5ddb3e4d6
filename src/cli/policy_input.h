/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What commands about policies read from files: policies, the keys of their owners,
 * evidence, and the private key that signs.
 */
#ifndef CLI_POLICY_INPUT_H
#define CLI_POLICY_INPUT_H

#include <cella/policy.h>
#include <cella/sigstruct.h>

#include "cli/cli.h"
#include "crypto/private_key.h"

enum { KEY_FILE_MAX = 64 << 10 };

/* Policies that judge together. */
struct policy_inputs {
	struct cella_keys *owners; /* NULL: nobody is pinned */
	struct cella_policy *policies[CELLA_POLICIES_MAX];
	size_t num_policies;
};

/* keys_read() reads public keys from files; *out is untouched when there is no file. */
enum cella_status keys_read(const struct texts *files, struct cella_keys **out,
			    struct cella_error *err) MUST_CHECK;

static inline void keys_cleanup(struct cella_keys **keys)
{
	cella_keys_free(*keys);
}

/* policies_read() reads policies from files; owners name files of public keys. */
enum cella_status policies_read(const struct texts *files, const struct texts *owners,
				struct policy_inputs *out,
				struct cella_error *err) MUST_CHECK;
void policies_done(struct policy_inputs *inputs);

/* evidence_read() reads evidence of any kind. */
enum cella_status evidence_read(const char *path, struct cella_evidence **out,
				struct cella_error *err) MUST_CHECK;

/*
 * evidence_refused() says of a file that could not be parsed, and why is in err, what it is:
 * of what is no evidence at all, which field of evidence is wrong tells nobody anything.
 */
enum cella_status evidence_refused(const char *path, struct cella_bytes file,
				   struct cella_error *err) MUST_CHECK;

/* What a policy can be written for: evidence, or a signed enclave. One of them is set. */
struct subject {
	struct cella_evidence *evidence;
	struct cella_sigstruct *sigstruct;
};

/* subject_read() reads a quote, a report, or a signed enclave. */
enum cella_status subject_read(const char *path, struct subject *out,
			       struct cella_error *err) MUST_CHECK;
void subject_done(struct subject *subject);
const struct cella_facts *subject_facts(const struct subject *subject);

/* subject_event_log() is the log that it carries, or NULL. */
const struct cella_event_log *subject_event_log(const struct subject *subject);

/*
 * private_key_read() reads a key file. One that others than its owner may read or write is
 * refused with CELLA_IO: a policy is worth no more than its key.
 */
enum cella_status private_key_read(const char *path, struct private_key **out,
				   struct cella_error *err) MUST_CHECK;

/* private_key_create() makes a key and writes it to a file that must not exist yet. */
enum cella_status private_key_create(const char *path, enum crypto_curve curve,
				     struct private_key **out,
				     struct cella_error *err) MUST_CHECK;

static inline void private_key_cleanup(struct private_key **key)
{
	private_key_free(*key);
}

#endif
