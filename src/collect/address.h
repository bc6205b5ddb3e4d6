/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where services are: unix:PATH, tcp:HOST:PORT, vsock:CID:PORT, or host and port of an URL.
 * Nothing is looked up here.
 */
#ifndef COLLECT_ADDRESS_H
#define COLLECT_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <linux/vm_sockets.h>

#include "base/bytes.h"

enum { ADDRESS_HOST_MAX = 256 };

enum address_kind { ADDRESS_NONE, ADDRESS_UNIX, ADDRESS_TCP, ADDRESS_VSOCK };

struct address {
	enum address_kind kind;
	char host[ADDRESS_HOST_MAX]; /* a name or digits; or the path */
	uint32_t cid;
	uint32_t port;
};

/* struct place - an address as the kernel takes it. */
struct place {
	socklen_t len;
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_vm vm;
	} at;
};

/*
 * address_read() reads an address; an IPv6 one stands in brackets. CELLA_USAGE for anything
 * else; what names it in errors.
 */
enum cella_status address_read(const char *text, struct address *out, const char *what,
			       struct cella_error *err) MUST_CHECK;

/* address_of_url() takes host and port of an http or https URL. CELLA_USAGE, too. */
enum cella_status address_of_url(const char *url, struct address *out, const char *what,
				 struct cella_error *err) MUST_CHECK;

/* address_format() writes an address as address_read() takes it. */
void address_format(const struct address *address, struct out *out);

/* address_place() is false, and *out untouched, for a host that is a name. */
bool address_place(const struct address *address, struct place *out);

#endif
