/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A split virtqueue, seen from the device: virtio 1.2, section 2.7.
 *
 * Everything in it belongs to the guest, which changes it whenever it likes. An index or a
 * descriptor is read once, into a local copy; the copy is judged, and the copy is used. A
 * queue that breaks its format is broken for good: the reason is kept, and nothing more is
 * taken from it.
 *
 * Neither indirect descriptors nor event indexes are offered. While the device works it
 * asks the driver not to be notified, which saves most of the notifications.
 */
#ifndef VM_VSOCK_RING_H
#define VM_VSOCK_RING_H

#include "vm/vsock/memory.h"

enum {
	RING_MAX_NUM = 1024,
	RING_MAX_PARTS = 1024, /* what sendmsg() takes */
};

/* struct ring_address - where its three parts are, in addresses of the front-end. */
struct ring_address {
	uint64_t desc;
	uint64_t avail;
	uint64_t used;
};

struct ring {
	uint16_t num;
	uint8_t *desc;
	uint8_t *avail;
	uint8_t *used;
	uint16_t next_avail; /* what the device takes next */
	uint16_t next_used;  /* what it will publish */
	uint16_t published;
	const char *broken; /* why, or NULL */
};

/* struct chain - descriptors that belong together, in parts of this process's memory. */
struct chain {
	uint16_t head;
	size_t num_parts;
	size_t len;
	struct iovec parts[RING_MAX_PARTS];
};

enum chain_access { CHAIN_READABLE, CHAIN_WRITABLE };

/*
 * ring_locate() finds the parts of a ring of num entries in memory. CELLA_MALFORMED: num is
 * no power of two up to RING_MAX_NUM, an address lies outside or is not aligned.
 */
enum cella_status ring_locate(struct ring *ring, const struct memory *memory,
			      uint16_t num, const struct ring_address *at,
			      struct cella_error *err) MUST_CHECK;

/* ring_start() begins at an index: that of the available ring that comes next. */
void ring_start(struct ring *ring, uint16_t next_avail);

/* ring_available() is how many chains wait; 0 when there are none or the ring is broken. */
uint16_t ring_available(struct ring *ring);

/*
 * ring_peek() looks at the chain that stands `ahead` chains behind the next one, which must
 * be available. False when it breaks the format: the ring is broken then.
 */
bool ring_peek(struct ring *ring, const struct memory *memory, uint16_t ahead,
	       enum chain_access access, struct chain *out);

/* ring_finish() takes the next chain, and gives it back with len bytes written. */
void ring_finish(struct ring *ring, uint16_t head, uint32_t len);

/*
 * ring_publish() shows the driver what was given back since the last time. True when it
 * wants to be interrupted for it.
 */
bool ring_publish(struct ring *ring);

/*
 * ring_quiet() asks the driver to notify no more, or to do so again. After the latter the
 * caller looks once more whether something is available.
 */
void ring_quiet(struct ring *ring, bool quiet);

/* parts_read() and parts_write() copy from and to the start of parts that are that long. */
void parts_read(const struct iovec *parts, void *out, size_t len);
void parts_write(const struct iovec *parts, const void *data, size_t len);

/*
 * chain_slice() appends the parts of a chain from an offset, len bytes of them, which it
 * must have, to an array that holds *num parts and takes max. False: it takes no more.
 */
bool chain_slice(const struct chain *chain, size_t offset, size_t len,
		 struct iovec *parts, size_t *num, size_t max);

#endif
