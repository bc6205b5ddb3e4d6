/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is somebody there? A connection is made within a deadline and closed again; nothing is
 * sent. Addresses are unix:PATH, tcp:HOST:PORT, vsock:CID:PORT, or those of an URL.
 *
 * Link-local addresses, where clouds keep their metadata services, and vsock, which may
 * lead to whatever hosts this machine, are touched only with leave.
 */
#ifndef DOCTOR_CONNECT_H
#define DOCTOR_CONNECT_H

#include "base/bytes.h"

enum {
	ADDRESS_HOST_MAX = 256,
	CONNECT_DEADLINE_MS = 3000, /* names are resolved within it, too */
};

enum address_kind { ADDRESS_NONE, ADDRESS_UNIX, ADDRESS_TCP, ADDRESS_VSOCK };

struct address {
	enum address_kind kind;
	char host[ADDRESS_HOST_MAX]; /* or the path */
	uint32_t cid;
	uint32_t port;
};

/* address_read() reads an address; what names it in errors. */
enum cella_status address_read(const char *text, struct address *out, const char *what,
			       struct cella_error *err) MUST_CHECK;

/* address_of_url() takes host and port of an http or https URL. */
enum cella_status address_of_url(const char *url, struct address *out, const char *what,
				 struct cella_error *err) MUST_CHECK;

enum contact_state {
	CONTACT_NOT_TRIED,
	CONTACT_MADE,
	CONTACT_FAILED,  /* sys_errno */
	CONTACT_NO_NAME, /* the name does not resolve */
	CONTACT_LATE,    /* the deadline passed */
	CONTACT_NOT_LET, /* an address that may not be touched from here */
};

struct contact {
	struct address address;
	enum contact_state state;
	int sys_errno;
};

/*
 * contact_make() tries contact->address. may_touch gives leave for link-local addresses;
 * without it the state is CONTACT_NOT_LET. vsock addresses are for the caller to refuse.
 */
void contact_make(struct contact *contact, bool may_touch, int deadline_ms);

/* address_format() writes an address as address_read() takes it. */
void address_format(const struct address *address, struct out *out);

#endif
