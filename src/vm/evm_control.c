/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: a datagram asks, datagrams answer. Only the user who started the
 * Enclave VM, and root, are heard.
 */
#include "vm/evm.h"

#include "base/json.h"
#include "guest/io.h"
#include "vm/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- what it is ---------------------------------------------------------------------- */

static json_t *pcrs_json(const struct launch_pcrs *pcrs)
{
	json_t *const array = json_array();

	for (int i = 0; i < LAUNCH_NUM_PCRS; i++)
		if (json_array_append_new(array, json_hex(bytes_of(pcrs->pcr[i].sha256,
								   SHA256_LEN))) != 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static enum cella_status put_options(json_t *root, const struct evm_options *options,
				     struct cella_error *err)
{
	TRY(json_put(root, "name", json_string(options->name), err));
	TRY(json_put(root, "cid", json_integer(options->cid), err));
	TRY(json_put(root, "vcpus", json_integer(options->vcpus), err));
	TRY(json_put(root, "memory_mib", json_integer(options->memory_mib), err));
	TRY(json_put(root, "debug", json_boolean(options->debug), err));
	return json_put(root, "accelerator",
			json_string(accelerator_name(ACCELERATOR_TCG)), err);
}

/* Who wants to pin or watch them finds them here. */
static enum cella_status put_processes(json_t *root, const struct evm *evm,
				       struct cella_error *err)
{
	json_t *const processes = json_object();

	TRY(json_put(root, "processes", processes, err));
	for (int i = 0; i < EVM_NUM_CHILDREN; i++)
		if (evm->children[i].pid != 0 && !evm->children[i].has_ended)
			TRY(json_put(processes, evm->children[i].name,
				     json_integer(evm->children[i].pid), err));
	return CELLA_OK;
}

enum cella_status evm_status(const struct evm *evm, struct out *out,
			     struct cella_error *err)
{
	json_t *root CLEANUP_JSON = json_object();
	char *text CLEANUP_FREE = NULL;

	TRY(put_options(root, &evm->options, err));
	TRY(json_put(root, "state", json_string(evm_state_name(evm->state)), err));
	TRY(json_put(root, "pid", json_integer(getpid()), err));
	TRY(json_put(root, "folder", json_string(evm->dir.path), err));
	TRY(put_processes(root, evm, err));
	if (evm->launch.cmdline != NULL)
		TRY(json_put(root, "predicted_pcrs", pcrs_json(&evm->launch.predicted),
			     err));
	if (evm->cause[0] != '\0')
		TRY(json_put(root, "cause", json_string(evm->cause), err));
	if (evm->failure_class != NULL)
		TRY(json_put(root, "class", json_string(evm->failure_class), err));
	TRY(json_write(root, false, &text, err));
	out_text(out, text);
	return out_status(out, err);
}

/* --- requests ------------------------------------------------------------------------ */

static bool is_heard(int fd)
{
	struct ucred peer = { 0 };
	socklen_t len = sizeof peer;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       (peer.uid == geteuid() || peer.uid == 0);
}

static void say(int fd, struct cella_bytes bytes)
{
	if (send(fd, bytes.data, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return; /* it is the client's loss */
}

static void say_status(struct evm *evm, int fd)
{
	struct out text CLEANUP(out_done) = { 0 };

	if (evm_status(evm, &text, NULL) == CELLA_OK)
		say(fd, out_view(&text));
}

static void drop(struct evm_client *client)
{
	io_close(&client->fd);
	client->waits = false;
}

static void answer_status(struct evm *evm, struct evm_client *client)
{
	say_status(evm, client->fd);
}

/* Who asks to stop hears twice: that it is being stopped, and how that went. */
static void answer_stop(struct evm *evm, struct evm_client *client)
{
	evm_ask_to_stop(evm);
	say_status(evm, client->fd);
	client->waits = true;
}

static void answer_console(struct evm *evm, struct evm_client *client)
{
	uint64_t position = 0;
	struct cella_bytes next;

	while ((next = ring_next(&evm->console, &position)).len > 0) {
		if (next.len > CONTROL_ANSWER_MAX)
			next.len = CONTROL_ANSWER_MAX;
		say(client->fd, next);
		position += next.len;
	}
}

static const struct {
	const char *name;
	void (*answer)(struct evm *evm, struct evm_client *client);
} requests[] = {
	{ "status", answer_status },
	{ "stop", answer_stop },
	{ "console", answer_console },
};

/* One that waits for the end has said what it wants: what else comes from it is its leaving. */
void evm_control_hear(struct evm *evm, struct evm_client *client)
{
	char request[CONTROL_REQUEST_MAX];
	const ssize_t got = recv(client->fd, request, sizeof request, MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	for (size_t i = 0; i < ARRAY_LEN(requests) && got > 0 && !client->waits; i++)
		if ((size_t)got == strlen(requests[i].name) &&
		    memcmp(requests[i].name, request, (size_t)got) == 0)
			requests[i].answer(evm, client);
	if (got <= 0 || !client->waits)
		drop(client);
}

/* A free place, or that of the one that has been silent for longest; or NULL. */
static struct evm_client *find_place(struct evm *evm)
{
	struct evm_client *oldest = NULL;

	for (int i = 0; i < EVM_MAX_CLIENTS; i++) {
		struct evm_client *const client = &evm->clients[i];

		if (client->fd < 0)
			return client;
		if (!client->waits && (oldest == NULL || client->number < oldest->number))
			oldest = client;
	}
	return oldest;
}

/* Nobody is waited for: a client that says nothing is in nobody's way. */
void evm_control_welcome(struct evm *evm)
{
	int fd CLEANUP_CLOSE = accept4(evm->control, NULL, NULL, SOCK_CLOEXEC);
	struct evm_client *place;

	if (fd < 0 || !is_heard(fd))
		return;
	place = find_place(evm);
	if (place == NULL)
		return;
	/* It may have asked already. */
	if (place->fd >= 0)
		evm_control_hear(evm, place);
	if (place->fd >= 0 && place->waits)
		return;
	drop(place);
	*place = (struct evm_client){ .fd = io_take(&fd), .number = evm->num_clients++ };
}

void evm_control_farewell(struct evm *evm)
{
	for (int i = 0; i < EVM_MAX_CLIENTS; i++) {
		if (evm->clients[i].fd >= 0 && evm->clients[i].waits)
			say_status(evm, evm->clients[i].fd);
		drop(&evm->clients[i]);
	}
}
