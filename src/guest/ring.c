/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of bytes that forgets.
 */
#include "guest/ring.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

void ring_add(struct ring *ring, struct cella_bytes bytes)
{
	while (bytes.len > 0) {
		const size_t at = (size_t)(ring->written % RING_LEN);
		const size_t len = least(bytes.len, RING_LEN - at);

		memcpy(ring->data + at, bytes.data, len);
		ring->written += len;
		bytes = bytes_slice(bytes, len, bytes.len - len);
	}
}

struct cella_bytes ring_next(const struct ring *ring, uint64_t *position)
{
	size_t at;
	size_t left;

	if (*position > ring->written)
		*position = ring->written;
	if (ring->written - *position > RING_LEN)
		*position = ring->written - RING_LEN;
	at = (size_t)(*position % RING_LEN);
	left = (size_t)(ring->written - *position);
	return bytes_of(ring->data + at, least(left, RING_LEN - at));
}
