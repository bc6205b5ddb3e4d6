/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last bytes of a stream, for readers who come late or read slowly. Whoever writes never
 * waits: a reader who is too slow loses the oldest bytes.
 */
#ifndef GUEST_RING_H
#define GUEST_RING_H

#include "base/bytes.h"

enum { RING_LEN = 64 << 10 };

struct ring {
	uint8_t data[RING_LEN];
	uint64_t written; /* since its beginning */
};

void ring_add(struct ring *ring, struct cella_bytes bytes);

/*
 * ring_next() views what a reader who has had *position bytes may have next, in one piece; an
 * empty view when there is nothing yet. *position jumps over what is lost; the reader adds
 * what he took.
 */
struct cella_bytes ring_next(const struct ring *ring, uint64_t *position);

#endif
