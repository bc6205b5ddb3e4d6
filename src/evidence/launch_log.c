/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan as an event log in the crypto-agile form (TCG PC Client Platform Firmware
 * Profile): the header, the locality of the H-CRTM sequence, then an event each.
 *
 * Reading collects what the log tells, makes the plan of it anew, and compares: so there is
 * one place that says what a good log is, the one that writes it.
 */
#include "evidence/launch.h"

#include <stdio.h>
#include <string.h>

static const struct event_hash banks[] = { { CELLA_HASH_SHA256, SHA256_LEN },
					   { CELLA_HASH_SHA384, SHA384_LEN } };
enum { LEGACY_DIGEST_LEN = 20, NUM_FIRST_EVENTS = 1 };

static void write_header(struct out *out)
{
	static const uint8_t client_2_0_2[] = { 0, 0, 0, 0, 0, 2, 0, 2 };
	static const char signature[16] = "Spec ID Event03";

	out_u32le(out, 0);
	out_u32le(out, EV_NO_ACTION);
	out_zeros(out, LEGACY_DIGEST_LEN);
	out_u32le(out, (uint32_t)(sizeof signature + sizeof client_2_0_2 + 4 +
				  4 * ARRAY_LEN(banks) + 1));
	out_bytes(out, signature, sizeof signature);
	out_bytes(out, client_2_0_2, sizeof client_2_0_2);
	out_u32le(out, ARRAY_LEN(banks));
	for (size_t i = 0; i < ARRAY_LEN(banks); i++) {
		out_u16le(out, banks[i].id);
		out_u16le(out, banks[i].len);
	}
	out_u8(out, 0); /* no vendor's data */
}

static void write_event(struct out *out, const struct launch_event *event)
{
	out_u32le(out, event->pcr);
	out_u32le(out, event->type);
	out_u32le(out, ARRAY_LEN(banks));
	out_u16le(out, CELLA_HASH_SHA256);
	out_bytes(out, event->digest.sha256, SHA256_LEN);
	out_u16le(out, CELLA_HASH_SHA384);
	out_bytes(out, event->digest.sha384, SHA384_LEN);
	out_u32le(out, (uint32_t)event->data.len);
	out_bytes(out, event->data.data, event->data.len);
}

enum cella_status launch_log_write(const struct launch_plan *plan, struct out *out,
				   struct cella_error *err)
{
	static const char locality[] = "StartupLocality\0\4";
	static const struct launch_event first = {
		.pcr = 0,
		.type = EV_NO_ACTION,
		.data = { (const uint8_t *)locality, sizeof locality - 1 },
	};

	_Static_assert(LAUNCH_LOCALITY == 4, "as the text ends");
	write_header(out);
	write_event(out, &first);
	for (size_t i = 0; i < plan->num_events; i++)
		write_event(out, &plan->events[i]);
	return out_status(out, err);
}

/* --- reading ------------------------------------------------------------------------- */

/* What is told so far. */
struct collector {
	const struct cella_event_log *log;
	struct arena *arena;
	struct launch_told *told;
	bool has_config;
};

static struct launch_digest digest_of(const struct cella_event_log *log,
				      const struct event *event)
{
	struct launch_digest digest;

	memcpy(digest.sha256, event_digest(log, event, 0).data, SHA256_LEN);
	memcpy(digest.sha384, event_digest(log, event, 1).data, SHA384_LEN);
	return digest;
}

/* The text of the runtime, with the machine's name as its last word. */
static enum cella_status take_machine(struct collector *c, const struct event *event,
				      struct cella_error *err)
{
	char before[64];
	const int len = snprintf(before, sizeof before, LAUNCH_MACHINE_FORMAT,
				 LAUNCH_FORMAT, "") -
			1; /* but its line's end */

	if (len < 0 || event->data.len < (size_t)len + 1 ||
	    memcmp(event->data.data, before, (size_t)len) != 0)
		return error_set(err, CELLA_MALFORMED,
				 "launch: event %zu: is not the identity of a runtime of "
				 "version %d",
				 event->number, LAUNCH_FORMAT);
	c->told->machine = arena_copy(c->arena, event->data.data + len,
				      event->data.len - (size_t)len - 1);
	return arena_status(c->arena, err);
}

static enum cella_status take_kernel(struct collector *c, const struct event *event,
				     struct cella_error *err UNUSED)
{
	c->told->image.kernel = digest_of(c->log, event);
	return CELLA_OK;
}

static enum cella_status take_cmdline(struct collector *c, const struct event *event,
				      struct cella_error *err)
{
	const size_t len = strlen(LAUNCH_CMDLINE_PREFIX);

	if (event->data.len < len)
		return error_set(err, CELLA_MALFORMED,
				 "launch: event %zu: is no command line", event->number);
	c->told->image.cmdline = bytes_slice(event->data, len, event->data.len - len);
	return CELLA_OK;
}

static enum cella_status take_ramdisk(struct collector *c, const struct event *event,
				      struct cella_error *err)
{
	struct launch_image *const image = &c->told->image;

	if (image->num_ramdisks == LAUNCH_MAX_RAMDISKS)
		return error_set(err, CELLA_LIMIT,
				 "launch: event %zu: more than %d ramdisks",
				 event->number, LAUNCH_MAX_RAMDISKS);
	image->ramdisks[image->num_ramdisks++] = digest_of(c->log, event);
	return CELLA_OK;
}

static enum cella_status take_image(struct collector *c, const struct event *event,
				    struct cella_error *err UNUSED)
{
	c->told->image.whole = digest_of(c->log, event);
	return CELLA_OK;
}

static enum cella_status take_signer(struct collector *c, const struct event *event,
				     struct cella_error *err UNUSED)
{
	c->told->image.signer = digest_of(c->log, event);
	c->told->image.is_signed = true;
	return CELLA_OK;
}

static enum cella_status take_config(struct collector *c, const struct event *event,
				     struct cella_error *err)
{
	c->has_config = true;
	return launch_config_read(event->data, c->arena, &c->told->config, err);
}

/* By PCR: what the events there tell, the debug event apart. */
static const struct {
	uint32_t type;
	enum cella_status (*collect)(struct collector *c, const struct event *event,
				     struct cella_error *err);
} collectors[LAUNCH_NUM_PCRS] = {
	[LAUNCH_PCR_RUNTIME] = { EV_EFI_HCRTM_EVENT, take_machine },
	[LAUNCH_PCR_KERNEL] = { EV_IPL, take_kernel },
	[LAUNCH_PCR_CMDLINE] = { EV_IPL, take_cmdline },
	[LAUNCH_PCR_RAMDISKS] = { EV_IPL, take_ramdisk },
	[LAUNCH_PCR_IMAGE] = { EV_IPL, take_image },
	[LAUNCH_PCR_SIGNER] = { EV_IPL, take_signer },
	[LAUNCH_PCR_CONFIG] = { EV_PLATFORM_CONFIG_FLAGS, take_config },
};

bool launch_pcr_is_guests(unsigned pcr)
{
	return pcr == LAUNCH_PCR_IMA || pcr == LAUNCH_PCR_APPLICATION ||
	       pcr == LAUNCH_PCR_USER;
}

static bool is_guests(const struct event *event)
{
	return launch_pcr_is_guests(event->index);
}

static enum cella_status collect(struct collector *c, const struct event *event,
				 struct cella_error *err)
{
	if (event->index < LAUNCH_NUM_PCRS && event->type == EV_ACTION)
		return CELLA_OK; /* the debug event, or found to be none when compared */
	if (event->index >= LAUNCH_NUM_PCRS || collectors[event->index].collect == NULL ||
	    collectors[event->index].type != event->type)
		return error_set(err, CELLA_MALFORMED,
				 "launch: event %zu: PCR%u, type 0x%x: the host measures "
				 "no such thing",
				 event->number, event->index, event->type);
	return collectors[event->index].collect(c, event, err);
}

static enum cella_status take_all(struct collector *c, struct cella_error *err)
{
	size_t i = NUM_FIRST_EVENTS;

	for (; i < c->log->num_events && !is_guests(&c->log->events[i]); i++) {
		if (i >= NUM_FIRST_EVENTS + LAUNCH_MAX_EVENTS)
			return error_set(err, CELLA_LIMIT,
					 "launch: more than %d events of the host's",
					 LAUNCH_MAX_EVENTS);
		TRY(collect(c, &c->log->events[i], err));
	}
	c->told->num_events = i;
	return CELLA_OK;
}

/* The init of a guest measures what it says, and nothing else: "domain operation content". */
static enum cella_status check_measured(const struct cella_event_log *log,
					const struct event *event,
					struct cella_error *err)
{
	struct launch_digest expected;
	struct launch_digest found;
	struct in in;

	in_init(&in, event->data, "event");
	if (event->type != EV_EVENT_TAG || in_u32le(&in, "tag") != AAEL_TAG ||
	    in_u32le(&in, "length") != in_left(&in) || in_status(&in, NULL) != CELLA_OK)
		return error_set(err, CELLA_MALFORMED,
				 "launch: event %zu: PCR14: is not what a guest measures",
				 event->number);
	TRY(launch_digest_of(&event->data, 1, &expected, err));
	found = digest_of(log, event);
	if (memcmp(&expected, &found, sizeof found) != 0)
		return error_set(
			err, CELLA_MALFORMED,
			"launch: event %zu: PCR14: its digests are not of what it "
			"says",
			event->number);
	return CELLA_OK;
}

static enum cella_status check_guests(const struct cella_event_log *log, size_t first,
				      struct cella_error *err)
{
	for (size_t i = first; i < log->num_events; i++) {
		const struct event *const event = &log->events[i];

		if (!is_guests(event))
			return error_set(err, CELLA_MALFORMED,
					 "launch: event %zu: PCR%u: after the launch the "
					 "guest extends PCR10, 14 and 15 alone",
					 i, event->index);
		if (event->index == LAUNCH_PCR_APPLICATION)
			TRY(check_measured(log, event, err));
	}
	return CELLA_OK;
}

static enum cella_status check_banks(const struct cella_event_log *log,
				     struct cella_error *err)
{
	bool same = log->num_hashes == ARRAY_LEN(banks);

	for (size_t i = 0; same && i < ARRAY_LEN(banks); i++)
		same = log->hashes[i].id == banks[i].id;
	if (!same)
		return error_set(err, CELLA_MALFORMED,
				 "launch: the log's hashes are not SHA-256 and SHA-384");
	return CELLA_OK;
}

/* The log that the plan's is to be compared with ends where the guest's events start. */
static struct cella_bytes launch_part(const struct cella_event_log *log,
				      size_t num_events)
{
	return bytes_of(log->data, num_events < log->num_events
					   ? log->events[num_events].offset
					   : log->len);
}

/* What cannot be launched is the log's fault here, not the caller's. */
static enum cella_status make_again(const struct collector *c, struct launch_plan *out,
				    struct cella_error *err)
{
	struct cella_error why = { 0 };
	const enum cella_status status = launch_plan_make(
		c->told->machine, &c->told->image, &c->told->config, c->arena, out, &why);

	if (status == CELLA_OK)
		return CELLA_OK;
	return error_set(err, status == CELLA_USAGE ? CELLA_MALFORMED : status, "%s",
			 why.text);
}

static enum cella_status compare(const struct collector *c, struct cella_error *err)
{
	const struct cella_bytes found = launch_part(c->log, c->told->num_events);
	struct out expected CLEANUP(out_done) = { 0 };
	struct launch_plan plan;
	size_t same = 0;

	TRY(make_again(c, &plan, err));
	TRY(launch_log_write(&plan, &expected, err));
	while (same < found.len && same < expected.len &&
	       found.data[same] == expected.data[same])
		same++;
	if (same < found.len || same < expected.len)
		return error_at(err, CELLA_MALFORMED, same,
				"launch: byte %zu: is not what a launch of what the log "
				"tells has in its log",
				same);
	return CELLA_OK;
}

enum cella_status launch_log_read(const struct cella_event_log *log, struct arena *arena,
				  struct launch_told *out, struct cella_error *err)
{
	struct launch_told told = { .machine = NULL };
	struct collector c = { log, arena, &told, false };

	TRY(check_banks(log, err));
	TRY(take_all(&c, err));
	if (told.machine == NULL || !c.has_config)
		return error_set(err, CELLA_MALFORMED,
				 "launch: the log has no event of %s",
				 told.machine == NULL ? "the H-CRTM" : "the config");
	TRY(compare(&c, err));
	TRY(check_guests(log, told.num_events, err));
	*out = told;
	return CELLA_OK;
}
