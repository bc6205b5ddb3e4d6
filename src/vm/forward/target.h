/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an enclave wants to, and where it may: names and ports, exactly as they are listed.
 */
#ifndef VM_FORWARD_TARGET_H
#define VM_FORWARD_TARGET_H

#include "vm/forward/address.h"

enum {
	TARGET_NAME_LEN = 256,
	TARGETS_MAX = 64,
	REQUEST_MAX = 4096, /* of the head of a request */
};

struct target {
	char name[TARGET_NAME_LEN]; /* in lower case; an address without brackets */
	uint16_t port;
	bool is_address;
	union address address;
};

struct targets {
	struct target items[TARGETS_MAX];
	size_t num;
};

/*
 * target_read() reads "name:port", "192.0.2.1:port" or "[2001:db8::1]:port". CELLA_MALFORMED
 * says what is wrong. A name has letters, digits, hyphens, underscores and dots, and is no
 * number that libraries would take for an address.
 */
enum cella_status target_read(struct cella_bytes text, struct target *out,
			      const char *what, struct cella_error *err) MUST_CHECK;

/* targets_add() adds one to a list. */
enum cella_status targets_add(struct targets *targets, const char *text, const char *what,
			      struct cella_error *err) MUST_CHECK;

/* targets_have() is true when that very target is listed. */
bool targets_have(const struct targets *targets, const struct target *target);

/* targets_have_address() is true when that address is listed as such, with that port. */
bool targets_have_address(const struct targets *targets, const union address *address);

/*
 * request_read() reads the head of an HTTP request CONNECT, which ends with an empty line.
 * *len is the head's length, 0 while its end has not come. What the other lines say is of no
 * interest.
 */
enum cella_status request_read(struct cella_bytes text, struct target *out, size_t *len,
			       struct cella_error *err) MUST_CHECK;

#endif
