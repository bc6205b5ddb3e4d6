/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs inside an Enclave VM and what it may tell: /cella/guest.json, a file of the first
 * ramdisk and therefore measured. Every member is known, and of its type, or the guest stops.
 *
 *   {"log": "off" | "coded" | "full",
 *    "attest": true,
 *    "modules": ["/cella/modules/virtio.ko", ...],
 *    "application": {"argv": ["/server", ...], "env": ["PATH=/bin", ...], "cwd": "/",
 *                    "root": "/rootfs", "uid": 1000, "gid": 1000}}
 *
 * Only argv is needed: the log is off, attest false and the rest empty, "/" or 0 otherwise.
 */
#ifndef GUEST_POLICY_H
#define GUEST_POLICY_H

#include <jansson.h>

#include "base/bytes.h"

#define GUEST_POLICY_PATH "/cella/guest.json"

enum {
	GUEST_POLICY_MAX_LEN = 256 << 10,
	GUEST_MAX_MODULES = 128,
	GUEST_MAX_TEXTS = 1024, /* arguments, or variables of the environment */
	GUEST_MAX_ID = 0x7fffffff,
};

/* What of the guest its host may read. */
enum guest_log {
	GUEST_LOG_OFF,
	GUEST_LOG_CODED, /* codes of a fixed list, and numbers */
	GUEST_LOG_FULL,  /* what the application writes, too */
};

/* struct guest_texts - a list as execve() wants it: items[num_items] is NULL. */
struct guest_texts {
	const char **items;
	size_t num_items;
};

/* struct guest_policy - its texts live in the document; guest_policy_done() frees it. */
struct guest_policy {
	enum guest_log log;
	bool attest;
	struct guest_texts modules;
	struct guest_texts argv;
	struct guest_texts env;
	const char *cwd;
	const char *root; /* the application's tree becomes its whole one */
	uint32_t uid;
	uint32_t gid;
	json_t *document;
};

/*
 * guest_policy_parse() reads the file. CELLA_MALFORMED for what is no policy, CELLA_UNSUPPORTED
 * for a member that it does not know, CELLA_LIMIT for too many elements.
 */
enum cella_status guest_policy_parse(struct cella_bytes text, struct guest_policy *out,
				     struct cella_error *err) MUST_CHECK;

void guest_policy_done(struct guest_policy *policy);

#endif
