/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a service tells: its events, its state to a service manager and to who started it,
 * all of it to who asks.
 */
#include "vm/keeper_parts.h"

#include "base/json.h"
#include "guest/io.h"
#include "vm/notify.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	NOTICE_LEN = 600,
	PCR_IMAGE = 11,
	PCR_DIGITS_TOLD = 16,
	PATIENCE_SECONDS = 30, /* of a service manager, beyond what the file allows */
};

/* --- texts --------------------------------------------------------------------------- */

static bool is_utf8(const char *text)
{
	json_t *json CLEANUP_JSON = json_string(text);

	return json != NULL;
}

void keeper_clean(char *text)
{
	const bool is_foreign = !is_utf8(text);

	for (char *c = text; *c != '\0'; c++)
		if (iscntrl((unsigned char)*c) ||
		    (is_foreign && !isprint((unsigned char)*c)))
			*c = '?';
}

/* --- events -------------------------------------------------------------------------- */

void keeper_say(struct keeper *keeper, const char *format, ...)
{
	struct keeper_event *const event =
		&keeper->events[keeper->num_events % KEEPER_MAX_EVENTS];
	va_list args;

	va_start(args, format);
	vsnprintf(event->text, sizeof event->text, format, args);
	va_end(args);
	keeper_clean(event->text);
	event->time = (int64_t)time(NULL);
	keeper->num_events++;
	/* Who started it may have left: that is no matter. */
	fprintf(stderr, "cella: %s: %s\n", keeper->options.name, event->text);
}

static enum cella_status put_events(const struct keeper *keeper, json_t *root,
				    struct cella_error *err)
{
	const size_t num = keeper->num_events;
	json_t *const array = json_array();

	TRY(json_put(root, "events", array, err));
	for (size_t i = num > KEEPER_MAX_EVENTS ? num - KEEPER_MAX_EVENTS : 0; i < num;
	     i++) {
		const struct keeper_event *const event =
			&keeper->events[i % KEEPER_MAX_EVENTS];
		json_t *const item = json_object();

		TRY(json_add(array, item, err));
		TRY(json_put(item, "time", json_time(event->time), err));
		TRY(json_put(item, "text", json_string(event->text), err));
	}
	return CELLA_OK;
}

/* --- status -------------------------------------------------------------------------- */

/* What the enclave itself tells, as its supervisor said when it started. */
static enum cella_status put_life(const struct keeper *keeper, json_t *root,
				  struct cella_error *err)
{
	static const char *const members[] = {
		"cid",     "vcpus",          "memory_mib",     "debug",
		"backend", "backend_reason", "warnings",       "egress",
		"forward", "folder",         "predicted_pcrs",
	};
	const struct life *const life = &keeper->life;

	for (size_t i = 0; i < ARRAY_LEN(members) && life->status != NULL; i++) {
		json_t *const value = json_object_get(life->status, members[i]);

		if (value != NULL)
			TRY(json_put(root, members[i], json_incref(value), err));
	}
	if (life->pid != 0)
		TRY(json_put(root, "supervisor", json_integer(life->pid), err));
	return CELLA_OK;
}

static enum cella_status put_text(json_t *root, const char *name, const char *text,
				  struct cella_error *err)
{
	return text[0] == '\0' ? CELLA_OK : json_put(root, name, json_string(text), err);
}

enum cella_status keeper_status(const struct keeper *keeper, struct out *out,
				struct cella_error *err)
{
	json_t *root CLEANUP_JSON = json_object();
	char *text CLEANUP_FREE = NULL;

	TRY(json_put(root, "name", json_string(keeper->options.name), err));
	TRY(json_put(root, "state", json_string(keeper_state_name(keeper->state)), err));
	TRY(json_put(root, "service", json_true(), err));
	TRY(json_put(root, "since", json_time(keeper->since), err));
	TRY(json_put(root, "pid", json_integer(getpid()), err));
	TRY(json_put(root, "conf", json_string(keeper->options.conf), err));
	TRY(json_put(root, "image", json_string(keeper->conf.image), err));
	TRY(json_put(root, "restart",
		     json_string(restart_policy_name(keeper->conf.restart)), err));
	TRY(json_put(root, "starts", json_integer(keeper->num_starts), err));
	TRY(json_put(root, "failures", json_integer(keeper->failures), err));
	if (keeper->state == KEEPER_WAITING)
		TRY(put_text(root, "waits_for", keeper->waits_for, err));
	TRY(put_text(root, "cause", keeper->cause, err));
	TRY(put_life(keeper, root, err));
	TRY(put_events(keeper, root, err));
	TRY(json_write(root, false, &text, err));
	out_text(out, text);
	return out_status(out, err);
}

/* --- a service manager --------------------------------------------------------------- */

static const char *pcr_text(const struct keeper *keeper)
{
	const json_t *const pcrs = json_object_get(keeper->life.status, "predicted_pcrs");
	const char *const text = json_string_value(json_array_get(pcrs, PCR_IMAGE));

	return text != NULL ? text : "";
}

static void write_notice(const struct keeper *keeper, char out[NOTICE_LEN])
{
	const unsigned long long start = keeper->conf.boot_timeout + PATIENCE_SECONDS;
	const unsigned long long stop = keeper->conf.stop_timeout + PATIENCE_SECONDS;

	switch (keeper->state) {
	case KEEPER_WAITING:
		snprintf(out, NOTICE_LEN, "READY=1\nSTATUS=waiting: %s",
			 keeper->waits_for);
		return;
	case KEEPER_STARTING:
		snprintf(out, NOTICE_LEN, "STATUS=starting\nEXTEND_TIMEOUT_USEC=%llu",
			 start * 1000000);
		return;
	case KEEPER_RUNNING:
		snprintf(out, NOTICE_LEN, "READY=1\nSTATUS=running %s, PCR11 %.*s...",
			 keeper->conf.image, PCR_DIGITS_TOLD, pcr_text(keeper));
		return;
	case KEEPER_PAUSING:
		snprintf(out, NOTICE_LEN,
			 "STATUS=starts again soon: %s\nEXTEND_TIMEOUT_USEC=%llu",
			 keeper->failures > 0 ? keeper->cause : "its work is done",
			 (keeper->conf.restart_delay + KEEPER_LONGEST_PAUSE_MS / 1000 +
			  start) *
				 1000000);
		return;
	case KEEPER_STOPPING:
		snprintf(out, NOTICE_LEN, "%sSTATUS=stopping\nEXTEND_TIMEOUT_USEC=%llu",
			 keeper->wants_end ? "STOPPING=1\n" : "", stop * 1000000);
		return;
	case KEEPER_STOPPED:
		snprintf(out, NOTICE_LEN, "STATUS=stopped");
		return;
	case KEEPER_FAILED:
		snprintf(out, NOTICE_LEN, "STATUS=failed: %s", keeper->cause);
		return;
	case KEEPER_NUM_STATES:
		out[0] = '\0';
	}
}

/* A service manager that cannot be told will see for itself. */
static void tell_manager(const struct keeper *keeper)
{
	char notice[NOTICE_LEN];

	write_notice(keeper, notice);
	if (notify_send(keeper->options.notify, notice, NULL) != CELLA_OK)
		return;
}

/* --- who started it, and who asked --------------------------------------------------- */

static void tell_starter(struct keeper *keeper, struct cella_bytes line)
{
	if (keeper->is_told || keeper->options.ready < 0)
		return;
	keeper->is_told = keeper_state_is_settled(keeper->state);
	if (write(keeper->options.ready, line.data, line.len) < 0)
		return; /* who asked is gone */
}

void keeper_enter(struct keeper *keeper, enum keeper_state state)
{
	struct out line CLEANUP(out_done) = { 0 };

	if (state != keeper->state)
		keeper->since = (int64_t)time(NULL);
	keeper->state = state;
	tell_manager(keeper);
	if (keeper_status(keeper, &line, NULL) != CELLA_OK)
		return;
	out_u8(&line, '\n');
	if (out_status(&line, NULL) == CELLA_OK)
		tell_starter(keeper, out_view(&line));
}

void keeper_settle(struct keeper *keeper)
{
	struct out text CLEANUP(out_done) = { 0 };

	if (!keeper_state_is_settled(keeper->state) ||
	    keeper_status(keeper, &text, NULL) != CELLA_OK)
		return;
	for (int i = 0; i < KEEPER_MAX_CLIENTS; i++) {
		if (keeper->clients[i] >= 0 &&
		    send(keeper->clients[i], text.data, text.len,
			 MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			continue; /* it is the client's loss */
	}
	for (int i = 0; i < KEEPER_MAX_CLIENTS; i++)
		io_close(&keeper->clients[i]);
}
