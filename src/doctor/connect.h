/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is somebody there? A connection is made within a deadline and closed again; nothing is
 * sent.
 *
 * Link-local addresses, where clouds keep their metadata services, and vsock, which may
 * lead to whatever hosts this machine, are touched only with leave.
 */
#ifndef DOCTOR_CONNECT_H
#define DOCTOR_CONNECT_H

#include "collect/address.h"

enum {
	CONNECT_TIMEOUT_S = 3, /* names are resolved within it, too */
	PLACES_MAX = 8,
};

enum contact_state {
	CONTACT_NOT_TRIED,
	CONTACT_MADE,
	CONTACT_FAILED,    /* sys_errno */
	CONTACT_NO_NAME,   /* the name does not resolve */
	CONTACT_NO_LOOKUP, /* nobody here looks names up */
	CONTACT_LATE,      /* the deadline passed */
	CONTACT_NOT_LET,   /* an address that may not be touched from here */
};

struct contact {
	struct address address;
	enum contact_state state;
	int sys_errno;
};

/* Where a name leads. */
struct places {
	struct place items[PLACES_MAX];
	size_t num_items;
};

/* Looks a name up, however long that takes; no places when there is none. */
typedef void resolve_fn(const char *host, uint32_t port, struct places *out);

/* resolve_by_system() asks as the C library does. */
resolve_fn resolve_by_system;

/*
 * contact_make() tries contact->address. may_touch gives leave for link-local addresses;
 * without it the state is CONTACT_NOT_LET. vsock addresses are for the caller to refuse.
 * resolve is run in a process of its own; NULL: only addresses of digits can be tried.
 */
void contact_make(struct contact *contact, bool may_touch, int64_t timeout_s,
		  resolve_fn *resolve);

#endif
