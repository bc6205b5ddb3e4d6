/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what people write to what is measured.
 */
#include "vm/network.h"

#include "base/number.h"
#include "guest/channel.h"
#include "vm/forward/target.h"

#include <string.h>

/* --- addresses ----------------------------------------------------------------------- */

/* The same address has one text: one of version 4 within version 6 is itself. */
static void unmap(union address *address)
{
	const struct in6_addr within = address->in6.sin6_addr;
	const in_port_t port = address->in6.sin6_port;

	if (address->any.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&within))
		return;
	memset(address, 0, sizeof *address);
	address->in.sin_family = AF_INET;
	address->in.sin_port = port;
	memcpy(&address->in.sin_addr, &within.s6_addr[12], sizeof address->in.sin_addr);
}

static const char *target_text(struct target *target, struct arena *arena)
{
	char text[ADDRESS_TEXT_LEN];

	if (!target->is_address)
		return arena_text(arena, "%s:%u", target->name, target->port);
	unmap(&target->address);
	return arena_text(arena, "%s", address_write(&target->address, text));
}

/* A mistake in what somebody wrote is no malformed input. */
static enum cella_status wrong(struct cella_error *err)
{
	if (err != NULL)
		err->status = CELLA_USAGE;
	return CELLA_USAGE;
}

/* --- ways ---------------------------------------------------------------------------- */

struct reader {
	struct arena *arena;
	struct launch_config *config;
	struct cella_error *err;
};

/* [ address ":" ] port ":" port */
static enum cella_status read_forward(const struct reader *r, const char *text,
				      const char **out)
{
	const char *const colon = strrchr(text, ':');
	struct target target = { 0 };
	uint64_t port = 0;
	const char *at;

	if (colon == NULL)
		return error_set(r->err, CELLA_USAGE,
				 "--forward: \"%.60s\": expected PORT:GUEST-PORT", text);
	at = arena_copy(r->arena, text, (size_t)(colon - text));
	if (strchr(at, ':') == NULL)
		at = arena_text(r->arena, "127.0.0.1:%s", at);
	TRY(arena_status(r->arena, r->err));
	if (target_read(bytes_of(at, strlen(at)), &target, "--forward", r->err) !=
		    CELLA_OK ||
	    number_read(colon + 1, UINT32_MAX - 1, &port, "--forward", r->err) !=
		    CELLA_OK)
		return wrong(r->err);
	if (!target.is_address)
		return error_set(r->err, CELLA_USAGE,
				 "--forward: \"%.60s\" is no address of this machine",
				 target.name);
	*out = arena_text(r->arena, "%s:%llu", target_text(&target, r->arena),
			  (unsigned long long)port);
	return ports_add(&r->config->to_guest, port, port, "--forward", r->err);
}

static enum cella_status read_egress(const struct reader *r, const char *text,
				     const char **out)
{
	struct target target = { 0 };

	if (target_read(bytes_of(text, strlen(text)), &target, "--egress", r->err) !=
	    CELLA_OK)
		return wrong(r->err);
	*out = target_text(&target, r->arena);
	return CELLA_OK;
}

typedef enum cella_status read_way_fn(const struct reader *r, const char *text,
				      const char **out);

/* Reads each, and leaves them sorted, none twice. */
static enum cella_status read_ways(const struct reader *r,
				   const struct launch_texts *given, size_t max,
				   const char *name, read_way_fn *read_way,
				   struct launch_texts *out)
{
	const char **items;
	const char **settled;

	if (given->num_items > max)
		return error_set(r->err, CELLA_USAGE, "%s: %zu, at most %zu", name,
				 given->num_items, max);
	items = arena_alloc(r->arena, given->num_items, sizeof *items);
	settled = arena_alloc(r->arena, given->num_items, sizeof *settled);
	TRY(arena_status(r->arena, r->err));
	for (size_t i = 0; i < given->num_items; i++)
		TRY(read_way(r, given->items[i], &items[i]));
	TRY(arena_status(r->arena, r->err));
	out->items = settled;
	out->num_items = launch_texts_settle(
		&(struct launch_texts){ items, given->num_items }, settled);
	return CELLA_OK;
}

/* One port of the host leads to one of the guest. Neighbours, since they are sorted. */
static enum cella_status check_forwards(const struct launch_texts *forward,
					struct cella_error *err)
{
	for (size_t i = 1; i < forward->num_items; i++) {
		const char *const text = forward->items[i];
		const size_t len = (size_t)(strrchr(text, ':') - text) + 1;

		if (strncmp(forward->items[i - 1], text, len) == 0)
			return error_set(
				err, CELLA_USAGE,
				"--forward: %.*s leads to two ports of the guest",
				(int)len - 1, text);
	}
	return CELLA_OK;
}

/* --- the whole ----------------------------------------------------------------------- */

static enum cella_status add_needed(struct launch_config *config, struct cella_error *err)
{
	TRY(ports_add(&config->to_guest, GUEST_PORT_CONTROL, GUEST_PORT_ATTEST,
		      "--to-guest", err));
	TRY(ports_add(&config->from_guest, GUEST_PORT_HEARTBEAT, GUEST_PORT_HEARTBEAT,
		      "--from-guest", err));
	if (config->egress.num_items == 0)
		return CELLA_OK;
	return ports_add(&config->from_guest, GUEST_PORT_EGRESS, GUEST_PORT_EGRESS,
			 "--from-guest", err);
}

_Static_assert(GUEST_PORT_LOG > GUEST_PORT_CONTROL && GUEST_PORT_LOG < GUEST_PORT_ATTEST,
	       "one range");

enum cella_status network_read(const struct network_args *args, struct arena *arena,
			       struct launch_config *out, struct cella_error *err)
{
	struct launch_config config = *out;
	const struct reader r = { arena, &config, err };

	TRY(ports_read(args->to_guest != NULL ? args->to_guest : "any", &config.to_guest,
		       "--to-guest", err));
	TRY(ports_read(args->from_guest != NULL ? args->from_guest : "none",
		       &config.from_guest, "--from-guest", err));
	TRY(read_ways(&r, &args->forward, LAUNCH_MAX_FORWARDS, "--forward", read_forward,
		      &config.forward));
	TRY(check_forwards(&config.forward, err));
	TRY(read_ways(&r, &args->egress, LAUNCH_MAX_EGRESS, "--egress", read_egress,
		      &config.egress));
	TRY(add_needed(&config, err));
	ports_settle(&config.to_guest);
	ports_settle(&config.from_guest);
	*out = config;
	return CELLA_OK;
}

const char *network_published(const char *forward, struct arena *arena)
{
	const char *const colon = strrchr(forward, ':');

	return arena_text(arena, "%.*s=%s", (int)(colon - forward), forward, colon + 1);
}
