/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vhost-user protocol: rules of admission, and what requests do.
 */
#include "vm/vsock/vhost_user.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
	FLAG_VERSION_MASK = 3,
	FLAG_VERSION = 1,
	FLAG_REPLY = 4,
	FLAG_NEED_REPLY = 8,
	FLAGS_KNOWN = FLAG_VERSION_MASK | FLAG_REPLY | FLAG_NEED_REPLY,

	U64_LEN = 8,
	STATE_LEN = 8,    /* ring number, value */
	ADDRESS_LEN = 40, /* ring number, flags, four addresses */
	REGION_LEN = 32,
	TABLE_HEAD_LEN = 8,
	CONFIG_HEAD_LEN = 12,
};

#define FD_INDEX_MASK UINT64_C(0xff)
#define FD_NONE UINT64_C(0x100)

/* Everything about one request. */
struct call {
	struct vhost *vhost;
	struct vhost_message *message;
	struct vhost_answer *answer;
	size_t pos;              /* in the payload, whose size was checked */
	struct vhost_ring *ring; /* that it names */
};

/* --- payloads: numbers in this machine's order --------------------------------------- */

static uint32_t take_u32(struct call *call)
{
	uint32_t value;

	memcpy(&value, call->message->payload + call->pos, sizeof value);
	call->pos += sizeof value;
	return value;
}

static uint64_t take_u64(struct call *call)
{
	uint64_t value;

	memcpy(&value, call->message->payload + call->pos, sizeof value);
	call->pos += sizeof value;
	return value;
}

static void answer_bytes(struct call *call, const void *bytes, size_t len)
{
	call->answer->is_due = true;
	memcpy(call->answer->payload + call->answer->len, bytes, len);
	call->answer->len += (uint32_t)len;
}

static void answer_u64(struct call *call, uint64_t value)
{
	answer_bytes(call, &value, sizeof value);
}

/* --- features ------------------------------------------------------------------------ */

static enum cella_status check_features(uint64_t wanted, uint64_t offered,
					const char *what, struct cella_error *err)
{
	if ((wanted & ~offered) == 0)
		return CELLA_OK;
	return error_set(err, CELLA_UNSUPPORTED, "%s: %#llx was not offered, only %#llx",
			 what, (unsigned long long)(wanted & ~offered),
			 (unsigned long long)offered);
}

static enum cella_status get_features(struct call *call, struct cella_error *err)
{
	(void)err;
	answer_u64(call, VHOST_FEATURES);
	return CELLA_OK;
}

static enum cella_status set_features(struct call *call, struct cella_error *err)
{
	const uint64_t features = take_u64(call);

	TRY(check_features(features, VHOST_FEATURES, "features", err));
	if ((features & VIRTIO_F_VERSION_1) == 0)
		return error_set(err, CELLA_UNSUPPORTED,
				 "features %#llx: a driver without VERSION_1",
				 (unsigned long long)features);
	call->vhost->features = features;
	call->vhost->has_features = true;
	return CELLA_OK;
}

static enum cella_status get_protocol_features(struct call *call, struct cella_error *err)
{
	(void)err;
	answer_u64(call, VHOST_PROTOCOL_FEATURES);
	return CELLA_OK;
}

static enum cella_status set_protocol_features(struct call *call, struct cella_error *err)
{
	const uint64_t features = take_u64(call);

	TRY(check_features(features, VHOST_PROTOCOL_FEATURES, "protocol features", err));
	call->vhost->protocol_features = features;
	return CELLA_OK;
}

static enum cella_status get_queue_num(struct call *call, struct cella_error *err)
{
	(void)err;
	answer_u64(call, VHOST_MAX_RINGS);
	return CELLA_OK;
}

static enum cella_status set_owner(struct call *call, struct cella_error *err)
{
	if (call->vhost->has_owner)
		return error_set(err, CELLA_MALFORMED, "it has been said before");
	call->vhost->has_owner = true;
	return CELLA_OK;
}

/* Out of use: it means that all rings are disabled. */
static enum cella_status reset_owner(struct call *call, struct cella_error *err)
{
	(void)err;
	for (size_t i = 0; i < VHOST_MAX_RINGS; i++)
		call->vhost->rings[i].is_enabled = false;
	call->vhost->changes++;
	return CELLA_OK;
}

/* The configuration space is read-only: the CID. */
static enum cella_status get_config(struct call *call, struct cella_error *err)
{
	const uint32_t offset = take_u32(call);
	const uint32_t size = take_u32(call);

	if (size != call->message->payload_len - CONFIG_HEAD_LEN)
		return error_set(err, CELLA_MALFORMED,
				 "size: %u with %u bytes of payload", size,
				 call->message->payload_len);
	if (offset > VHOST_CONFIG_LEN || size > VHOST_CONFIG_LEN - offset) {
		/* Nothing there: an answer without a payload says so. */
		call->answer->is_due = true;
		return CELLA_OK;
	}
	answer_bytes(call, call->message->payload, CONFIG_HEAD_LEN);
	answer_bytes(call, call->vhost->config + offset, size);
	return CELLA_OK;
}

/* --- memory -------------------------------------------------------------------------- */

static enum cella_status locate_ring(const struct vhost *vhost, struct vhost_ring *ring,
				     size_t index, struct cella_error *err)
{
	enum cella_status status;

	if (!ring->has_address)
		return CELLA_OK;
	status = ring_locate(&ring->ring, &vhost->memory, ring->num, &ring->address, err);
	if (status != CELLA_OK)
		error_prefix(err, "ring %zu", index);
	return status;
}

/* Rings that exist already are looked for in the new memory. */
static enum cella_status set_mem_table(struct call *call, struct cella_error *err)
{
	struct vhost *const vhost = call->vhost;
	struct memory_region regions[MEMORY_MAX_REGIONS] = { 0 };
	struct memory made = { 0 };
	const uint32_t num = take_u32(call);

	(void)take_u32(call);
	if (num == 0 || num > MEMORY_MAX_REGIONS || num != call->message->num_fds ||
	    call->message->payload_len != TABLE_HEAD_LEN + num * REGION_LEN)
		return error_set(err, CELLA_MALFORMED,
				 "%u regions in %u bytes with %zu descriptors", num,
				 call->message->payload_len, call->message->num_fds);
	for (uint32_t i = 0; i < num; i++) {
		regions[i].guest_addr = take_u64(call);
		regions[i].size = take_u64(call);
		regions[i].user_addr = take_u64(call);
		regions[i].mmap_offset = take_u64(call);
	}
	TRY(memory_map(regions, call->message->fds, num, &made, err));
	memory_unmap(&vhost->memory);
	vhost->memory = made;
	vhost->changes++;
	for (size_t i = 0; i < VHOST_MAX_RINGS; i++)
		TRY(locate_ring(vhost, &vhost->rings[i], i, err));
	return CELLA_OK;
}

/* --- rings --------------------------------------------------------------------------- */

static enum cella_status set_vring_num(struct call *call, struct cella_error *err)
{
	const uint32_t num = take_u32(call);

	if (num == 0 || num > RING_MAX_NUM || (num & (num - 1)) != 0)
		return error_set(err, CELLA_MALFORMED, "%u is no power of two up to %d",
				 num, RING_MAX_NUM);
	call->ring->num = (uint16_t)num;
	call->ring->has_address = false;
	return CELLA_OK;
}

static enum cella_status set_vring_addr(struct call *call, struct cella_error *err)
{
	struct ring_address at;

	if (take_u32(call) != 0)
		return error_set(err, CELLA_UNSUPPORTED,
				 "flags: a log, which was not offered");
	at.desc = take_u64(call);
	at.used = take_u64(call);
	at.avail = take_u64(call);
	TRY(ring_locate(&call->ring->ring, &call->vhost->memory, call->ring->num, &at,
			err));
	call->ring->address = at;
	call->ring->has_address = true;
	return CELLA_OK;
}

static enum cella_status set_vring_base(struct call *call, struct cella_error *err)
{
	const uint32_t base = take_u32(call);

	if (base > UINT16_MAX)
		return error_set(err, CELLA_MALFORMED, "%u is no index of a ring", base);
	call->ring->base = (uint16_t)base;
	return CELLA_OK;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static enum cella_status get_vring_base(struct call *call, struct cella_error *err)
{
	struct vhost_ring *const ring = call->ring;
	uint32_t number;
	uint32_t base;

	(void)err;
	if (ring->is_started)
		ring->base = ring->ring.next_avail;
	ring->is_started = false;
	close_fd(&ring->kick);
	call->vhost->changes++;
	number = (uint32_t)(ring - call->vhost->rings);
	base = ring->base;
	answer_bytes(call, &number, sizeof number);
	answer_bytes(call, &base, sizeof base);
	return CELLA_OK;
}

static enum cella_status set_vring_enable(struct call *call, struct cella_error *err)
{
	const uint32_t value = take_u32(call);

	if (value > 1)
		return error_set(err, CELLA_MALFORMED, "%u is neither 0 nor 1", value);
	call->ring->is_enabled = value == 1;
	call->vhost->changes++;
	return CELLA_OK;
}

/* Takes the descriptor that travels with a ring's number; -1 when there is none. */
static enum cella_status take_fd(struct call *call, int *out, struct cella_error *err)
{
	const uint64_t value = take_u64(call);
	const bool has_none = (value & FD_NONE) != 0;
	int fd;

	if (has_none != (call->message->num_fds == 0) ||
	    (value & ~(FD_INDEX_MASK | FD_NONE)) != 0)
		return error_set(err, CELLA_MALFORMED, "%#llx with %zu descriptors",
				 (unsigned long long)value, call->message->num_fds);
	if (has_none) {
		*out = -1;
		return CELLA_OK;
	}
	fd = call->message->fds[0];
	/* Whatever it is, this process does not wait for it. */
	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		return error_errno(err, errno, "descriptor of ring");
	*out = fd;
	call->message->fds[0] = -1;
	return CELLA_OK;
}

/* It starts the ring. */
static enum cella_status set_vring_kick(struct call *call, struct cella_error *err)
{
	struct vhost_ring *const ring = call->ring;
	int fd = -1;

	if (!ring->has_address)
		return error_set(err, CELLA_MALFORMED, "the ring has no address yet");
	TRY(take_fd(call, &fd, err));
	if (fd < 0)
		return error_set(err, CELLA_UNSUPPORTED, "a ring that is to be polled");
	close_fd(&ring->kick);
	ring->kick = fd;
	ring_start(&ring->ring, ring->base);
	ring->is_started = true;
	call->vhost->changes++;
	/* Without protocol features there is no other way to enable it. */
	if ((call->vhost->features & VHOST_F_PROTOCOL_FEATURES) == 0)
		ring->is_enabled = true;
	return CELLA_OK;
}

static enum cella_status set_vring_call(struct call *call, struct cella_error *err)
{
	int fd = -1;

	TRY(take_fd(call, &fd, err));
	close_fd(&call->ring->call);
	call->ring->call = fd;
	return CELLA_OK;
}

static enum cella_status set_vring_err(struct call *call, struct cella_error *err)
{
	int fd = -1;

	TRY(take_fd(call, &fd, err));
	close_fd(&call->ring->err);
	call->ring->err = fd;
	return CELLA_OK;
}

static enum cella_status set_backend_req_fd(struct call *call, struct cella_error *err)
{
	(void)err;
	close_fd(&call->vhost->requests);
	call->vhost->requests = call->message->fds[0];
	call->message->fds[0] = -1;
	return CELLA_OK;
}

/* --- rules --------------------------------------------------------------------------- */

enum names_ring { NO_RING, RING_U32, RING_FD };

/* What must have been said, and what must not be, before a request. */
enum {
	AFTER_OWNER = 1,
	AFTER_FEATURES = 2,
	AFTER_MEMORY = 4,
	RING_STOPPED = 8,
	ALL_STOPPED = 16,
};

static const struct rule {
	const char *name;
	enum cella_status (*handle)(struct call *call, struct cella_error *err);
	uint16_t payload_min;
	uint16_t payload_max;
	uint8_t fds_min;
	uint8_t fds_max;
	enum names_ring ring;
	unsigned demands;
} rules[] = {
	[VHOST_GET_FEATURES] = { "GET_FEATURES", get_features, 0, 0, 0, 0, NO_RING, 0 },
	[VHOST_SET_FEATURES] = { "SET_FEATURES", set_features, U64_LEN, U64_LEN, 0, 0,
				 NO_RING, AFTER_OWNER | ALL_STOPPED },
	[VHOST_SET_OWNER] = { "SET_OWNER", set_owner, 0, 0, 0, 0, NO_RING, 0 },
	[VHOST_RESET_OWNER] = { "RESET_OWNER", reset_owner, 0, 0, 0, 0, NO_RING, 0 },
	[VHOST_SET_MEM_TABLE] = { "SET_MEM_TABLE", set_mem_table,
				  TABLE_HEAD_LEN + REGION_LEN, VHOST_MAX_PAYLOAD, 1,
				  VHOST_MAX_FDS, NO_RING, AFTER_OWNER },
	[VHOST_SET_VRING_NUM] = { "SET_VRING_NUM", set_vring_num, STATE_LEN, STATE_LEN, 0,
				  0, RING_U32, AFTER_OWNER | RING_STOPPED },
	[VHOST_SET_VRING_ADDR] = { "SET_VRING_ADDR", set_vring_addr, ADDRESS_LEN,
				   ADDRESS_LEN, 0, 0, RING_U32,
				   AFTER_OWNER | AFTER_MEMORY | RING_STOPPED },
	[VHOST_SET_VRING_BASE] = { "SET_VRING_BASE", set_vring_base, STATE_LEN, STATE_LEN,
				   0, 0, RING_U32, AFTER_OWNER | RING_STOPPED },
	[VHOST_GET_VRING_BASE] = { "GET_VRING_BASE", get_vring_base, STATE_LEN, STATE_LEN,
				   0, 0, RING_U32, AFTER_OWNER },
	[VHOST_SET_VRING_KICK] = { "SET_VRING_KICK", set_vring_kick, U64_LEN, U64_LEN, 0,
				   1, RING_FD,
				   AFTER_OWNER | AFTER_FEATURES | AFTER_MEMORY |
					   RING_STOPPED },
	[VHOST_SET_VRING_CALL] = { "SET_VRING_CALL", set_vring_call, U64_LEN, U64_LEN, 0,
				   1, RING_FD, AFTER_OWNER },
	[VHOST_SET_VRING_ERR] = { "SET_VRING_ERR", set_vring_err, U64_LEN, U64_LEN, 0, 1,
				  RING_FD, AFTER_OWNER },
	[VHOST_GET_PROTOCOL_FEATURES] = { "GET_PROTOCOL_FEATURES", get_protocol_features,
					  0, 0, 0, 0, NO_RING, 0 },
	[VHOST_SET_PROTOCOL_FEATURES] = { "SET_PROTOCOL_FEATURES", set_protocol_features,
					  U64_LEN, U64_LEN, 0, 0, NO_RING, ALL_STOPPED },
	[VHOST_GET_QUEUE_NUM] = { "GET_QUEUE_NUM", get_queue_num, 0, 0, 0, 0, NO_RING,
				  0 },
	[VHOST_SET_VRING_ENABLE] = { "SET_VRING_ENABLE", set_vring_enable, STATE_LEN,
				     STATE_LEN, 0, 0, RING_U32,
				     AFTER_OWNER | AFTER_FEATURES },
	[VHOST_SET_BACKEND_REQ_FD] = { "SET_BACKEND_REQ_FD", set_backend_req_fd, 0, 0, 1,
				       1, NO_RING, 0 },
	[VHOST_GET_CONFIG] = { "GET_CONFIG", get_config, CONFIG_HEAD_LEN,
			       CONFIG_HEAD_LEN + VHOST_MAX_PAYLOAD / 2, 0, 0, NO_RING,
			       0 },
};

const char *vhost_request_name(uint32_t request)
{
	return request < ARRAY_LEN(rules) ? rules[request].name : NULL;
}

enum cella_status vhost_read_header(const uint8_t bytes[VHOST_HEADER_LEN],
				    struct vhost_message *out, struct cella_error *err)
{
	uint32_t numbers[3];
	const char *name;

	memcpy(numbers, bytes, sizeof numbers);
	name = vhost_request_name(numbers[0]);
	if (name == NULL)
		return error_set(err, CELLA_UNSUPPORTED, "request %u is not admitted",
				 numbers[0]);
	if ((numbers[1] & FLAG_VERSION_MASK) != FLAG_VERSION ||
	    (numbers[1] & ~(uint32_t)FLAGS_KNOWN) != 0 || (numbers[1] & FLAG_REPLY) != 0)
		return error_set(err, CELLA_MALFORMED,
				 "%s: flags %#x are not those of a request of version 1",
				 name, numbers[1]);
	if (numbers[2] < rules[numbers[0]].payload_min ||
	    numbers[2] > rules[numbers[0]].payload_max)
		return error_set(err, CELLA_MALFORMED,
				 "%s: %u bytes of payload, not %u to %u", name,
				 numbers[2], rules[numbers[0]].payload_min,
				 rules[numbers[0]].payload_max);
	out->request = numbers[0];
	out->flags = numbers[1];
	out->payload_len = numbers[2];
	return CELLA_OK;
}

static bool any_started(const struct vhost *vhost)
{
	for (size_t i = 0; i < VHOST_MAX_RINGS; i++)
		if (vhost->rings[i].is_started)
			return true;
	return false;
}

static const char *check_demands(const struct call *call, unsigned demands)
{
	const struct vhost *const v = call->vhost;
	const unsigned fails =
		(v->has_owner ? 0U : AFTER_OWNER) |
		(v->has_features ? 0U : AFTER_FEATURES) |
		(v->memory.num > 0 ? 0U : AFTER_MEMORY) |
		(call->ring != NULL && call->ring->is_started ? RING_STOPPED : 0U) |
		(any_started(v) ? ALL_STOPPED : 0U);

	if ((demands & fails & AFTER_OWNER) != 0)
		return "comes before SET_OWNER";
	if ((demands & fails & AFTER_FEATURES) != 0)
		return "comes before SET_FEATURES";
	if ((demands & fails & AFTER_MEMORY) != 0)
		return "comes before SET_MEM_TABLE";
	if ((demands & fails & RING_STOPPED) != 0)
		return "is about a ring that runs";
	if ((demands & fails & ALL_STOPPED) != 0)
		return "comes while a ring runs";
	return NULL;
}

/* The number of a ring stands first in the payload, as 32 bits or the lowest of 64. */
static enum cella_status find_ring(struct call *call, enum names_ring how,
				   struct cella_error *err)
{
	uint32_t index;

	if (how == NO_RING)
		return CELLA_OK;
	if (how == RING_U32) {
		index = take_u32(call);
	} else {
		index = (uint32_t)(take_u64(call) & FD_INDEX_MASK);
		call->pos = 0;
	}
	if (index >= VHOST_MAX_RINGS)
		return error_set(err, CELLA_MALFORMED, "ring %u of %d", index,
				 VHOST_MAX_RINGS);
	call->ring = &call->vhost->rings[index];
	return CELLA_OK;
}

static enum cella_status admit(struct call *call, const struct rule *rule,
			       struct cella_error *err)
{
	const size_t num_fds = call->message->num_fds;
	const char *wrong;

	if (num_fds < rule->fds_min || num_fds > rule->fds_max)
		return error_set(err, CELLA_MALFORMED, "%zu descriptors, not %u to %u",
				 num_fds, rule->fds_min, rule->fds_max);
	TRY(find_ring(call, rule->ring, err));
	wrong = check_demands(call, rule->demands);
	if (wrong != NULL)
		return error_set(err, CELLA_MALFORMED, "%s", wrong);
	return rule->handle(call, err);
}

enum cella_status vhost_handle(struct vhost *vhost, struct vhost_message *message,
			       struct vhost_answer *answer, struct cella_error *err)
{
	struct call call = { .vhost = vhost, .message = message, .answer = answer };
	enum cella_status status;

	answer->is_due = false;
	answer->len = 0;
	status = admit(&call, &rules[message->request], err);
	if (status != CELLA_OK) {
		error_prefix(err, "%s", rules[message->request].name);
		return status;
	}
	if (!answer->is_due && (message->flags & FLAG_NEED_REPLY) != 0 &&
	    (vhost->protocol_features & VHOST_PROTOCOL_REPLY_ACK) != 0)
		answer_u64(&call, 0);
	return CELLA_OK;
}

size_t vhost_write_answer(uint32_t request, const struct vhost_answer *answer,
			  uint8_t out[VHOST_HEADER_LEN + VHOST_MAX_PAYLOAD])
{
	const uint32_t numbers[3] = { request, FLAG_VERSION | FLAG_REPLY, answer->len };

	memcpy(out, numbers, sizeof numbers);
	memcpy(out + sizeof numbers, answer->payload, answer->len);
	return sizeof numbers + answer->len;
}

void vhost_message_done(struct vhost_message *message)
{
	for (size_t i = 0; i < message->num_fds; i++)
		close_fd(&message->fds[i]);
	message->num_fds = 0;
}

/* --- as a whole ---------------------------------------------------------------------- */

void vhost_init(struct vhost *vhost, const uint8_t config[VHOST_CONFIG_LEN])
{
	*vhost = (struct vhost){ 0 };
	memcpy(vhost->config, config, VHOST_CONFIG_LEN);
	vhost->requests = -1;
	for (size_t i = 0; i < VHOST_MAX_RINGS; i++)
		vhost->rings[i].kick = vhost->rings[i].call = vhost->rings[i].err = -1;
}

void vhost_done(struct vhost *vhost)
{
	for (size_t i = 0; i < VHOST_MAX_RINGS; i++) {
		close_fd(&vhost->rings[i].kick);
		close_fd(&vhost->rings[i].call);
		close_fd(&vhost->rings[i].err);
	}
	close_fd(&vhost->requests);
	memory_unmap(&vhost->memory);
}

bool vhost_is_running(const struct vhost *vhost, size_t ring)
{
	return vhost->rings[ring].is_started && vhost->rings[ring].is_enabled;
}
