/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to a service, every step of which ends in time.
 */
#ifndef COLLECT_PEER_H
#define COLLECT_PEER_H

#include "collect/address.h"
#include "collect/deadline.h"

struct peer {
	int fd;           /* -1 when there is none */
	const char *name; /* in messages: its address; borrowed */
	struct deadline deadline;
};

/* What struct peer is before it is connected. */
#define PEER_NONE ((struct peer){ .fd = -1 })

/*
 * peer_connect() connects to "unix:PATH", "tcp:ADDRESS:PORT" or "vsock:CID:PORT". Nothing is
 * looked up: a TCP address is of digits, one of IPv6 in brackets. CELLA_USAGE for anything
 * else; CELLA_IO when nobody answers.
 */
enum cella_status peer_connect(const char *text, const struct deadline *deadline,
			       struct peer *out, struct cella_error *err) MUST_CHECK;

/* peer_connect_to() connects to a place, which errors call by that name. */
enum cella_status peer_connect_to(const struct place *place, const char *name,
				  const struct deadline *deadline, struct peer *out,
				  struct cella_error *err) MUST_CHECK;

/* peer_close() closes; nothing for a peer that was not connected. */
void peer_close(struct peer *peer);

enum cella_status peer_send(const struct peer *peer, struct cella_bytes bytes,
			    struct cella_error *err) MUST_CHECK;

/* peer_receive() receives what there is, at most max_len bytes; none at the end. */
enum cella_status peer_receive(const struct peer *peer, void *buffer, size_t max_len,
			       size_t *out_len, struct cella_error *err) MUST_CHECK;

/*
 * peer_receive_all() appends exactly len bytes to out. CELLA_IO, with how many came, when the
 * peer closes before.
 */
enum cella_status peer_receive_all(const struct peer *peer, size_t len, const char *what,
				   struct out *out, struct cella_error *err) MUST_CHECK;

#endif
