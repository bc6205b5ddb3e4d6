/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which addresses an enclave's connections to the outside may lead to: those of the public
 * network. The host's own, its neighbours' and its cloud's are not, unless an operator lists
 * them one by one.
 */
#ifndef VM_FORWARD_ADDRESS_H
#define VM_FORWARD_ADDRESS_H

#include "base/bytes.h"

#include <ifaddrs.h>
#include <netinet/in.h>

enum { ADDRESS_TEXT_LEN = 80 };

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/*
 * address_objection() says why an address is not a public one, "loopback" for instance, or
 * NULL. An address that carries one of version 4 is judged by that.
 */
const char *address_objection(const union address *address);

/* address_is_among() is true for that of an interface, whatever the port. */
bool address_is_among(const union address *address, const struct ifaddrs *interfaces);

/* address_literal_read() reads a literal, IPv6 with or without brackets; false for what is none. */
bool address_literal_read(const char *text, uint16_t port, union address *out);

/* address_len() is what system calls want to know. */
socklen_t address_len(const union address *address);

/* address_equal() compares addresses and ports; a mapped address equals its own. */
bool address_equal(const union address *a, const union address *b);

/* address_write() writes "192.0.2.1:80" or "[2001:db8::1]:80", and returns text. */
char *address_write(const union address *address, char text[ADDRESS_TEXT_LEN]);

#endif
