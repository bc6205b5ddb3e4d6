/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done for one connection, in a process of its own.
 */
#ifndef VM_FORWARD_SERVE_H
#define VM_FORWARD_SERVE_H

#include "vm/forward/target.h"

struct addrinfo;
struct ifaddrs;

enum { SERVE_SETUP_S = 30 /* until bytes flow */ };

/*
 * serve_publish() connects a program of the outside with a port of the guest, by way of the
 * base socket. It returns when it is over; an error is one of the set-up.
 */
enum cella_status serve_publish(int client, const char *base, uint32_t port,
				struct cella_error *err) MUST_CHECK;

/*
 * serve_egress() reads a guest's request CONNECT, and connects it if the target is listed, to
 * an address that was checked. A refusal is an error, and told to the guest, too.
 */
enum cella_status serve_egress(int client, const struct targets *allowed,
			       struct cella_error *err) MUST_CHECK;

/*
 * egress_check() finds the first of the addresses of a target that may be connected to; those
 * of this machine's interfaces may not.
 * CELLA_USAGE: there is none, err tells of the last; CELLA_IO: it has no address at all.
 */
enum cella_status egress_check(const struct targets *allowed, const struct target *target,
			       const struct addrinfo *found,
			       const struct ifaddrs *interfaces, union address *out,
			       struct cella_error *err) MUST_CHECK;

#endif
