/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaching addresses. Resolving a name can take any time at all, so that it is done under
 * bounded_run().
 */
#include "doctor/connect.h"

#include "collect/peer.h"
#include "doctor/bounded.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static bool is_link_local_v4(uint32_t address)
{
	/* 169.254.0.0/16, and the one that Alibaba Cloud keeps outside of it. */
	return address >> 16 == 0xa9fe || address == 0x646464c8;
}

/* Addresses of metadata services, in every form that they are written in. */
static bool is_link_local(const struct sockaddr *place)
{
	const struct in6_addr *v6;
	uint32_t v4;

	if (place->sa_family == AF_INET) {
		memcpy(&v4, &((const struct sockaddr_in *)(const void *)place)->sin_addr,
		       sizeof v4);
		return is_link_local_v4(ntohl(v4));
	}
	if (place->sa_family != AF_INET6)
		return false;
	v6 = &((const struct sockaddr_in6 *)(const void *)place)->sin6_addr;
	memcpy(&v4, v6->s6_addr + 12, sizeof v4);
	return IN6_IS_ADDR_LINKLOCAL(v6) ||
	       (IN6_IS_ADDR_V4MAPPED(v6) && is_link_local_v4(ntohl(v4))) ||
	       memcmp(v6->s6_addr, "\xfd\x00\x0e\xc2", 4) == 0;
}

/* A queue that is full takes no connection, and refuses none. */
static bool is_late(int failure)
{
	return failure == ETIMEDOUT || failure == EAGAIN;
}

static void try_place(struct contact *contact, const struct place *place, bool may_touch,
		      const struct deadline *deadline)
{
	struct peer peer CLEANUP(peer_close) = PEER_NONE;
	struct cella_error err = { 0 };

	if (!may_touch && is_link_local(&place->at.any)) {
		contact->state = CONTACT_NOT_LET;
		return;
	}
	contact->sys_errno = 0;
	contact->state = CONTACT_MADE;
	if (peer_connect_to(place, contact->address.host, deadline, &peer, &err) ==
	    CELLA_OK)
		return;
	contact->sys_errno = err.sys_errno;
	contact->state = is_late(err.sys_errno) ? CONTACT_LATE : CONTACT_FAILED;
}

/* What is shared with the process that resolves. */
struct lookup {
	struct places places;
	const struct address *address;
	resolve_fn *resolve;
};

static void run_lookup(void *shared)
{
	struct lookup *const lookup = shared;
	/* In hand until it is certain: a process that is killed leaves no half answer. */
	struct places places = { 0 };

	lookup->resolve(lookup->address->host, lookup->address->port, &places);
	lookup->places = places;
}

static enum contact_state look_up(const struct address *address, resolve_fn *resolve,
				  const struct deadline *deadline, struct places *out)
{
	struct lookup *const lookup = bounded_new(sizeof *lookup);
	enum bounded_end end;

	if (lookup == NULL)
		return CONTACT_NO_NAME;
	lookup->address = address;
	lookup->resolve = resolve;
	end = bounded_run(run_lookup, lookup, deadline_left_ms(deadline));
	*out = lookup->places;
	bounded_free(lookup, sizeof *lookup);
	return end == BOUNDED_LATE ? CONTACT_LATE : CONTACT_NO_NAME;
}

/* The state is that of the last place that was tried. */
void contact_make(struct contact *contact, bool may_touch, int64_t timeout_s,
		  resolve_fn *resolve)
{
	const struct deadline deadline = deadline_in(timeout_s);
	struct places places = { 0 };

	if (address_place(&contact->address, &places.items[0]))
		places.num_items = 1;
	else if (resolve == NULL)
		contact->state = CONTACT_NO_LOOKUP;
	else
		contact->state = look_up(&contact->address, resolve, &deadline, &places);
	for (size_t i = 0; i < places.num_items; i++) {
		try_place(contact, &places.items[i], may_touch, &deadline);
		if (contact->state == CONTACT_MADE || contact->state == CONTACT_NOT_LET)
			return;
	}
}
