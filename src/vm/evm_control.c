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

static enum cella_status put_nitro(json_t *root, const struct evm_image *image,
				   struct cella_error *err)
{
	json_t *const nitro = json_object();

	TRY(json_put(root, "nitro", nitro, err));
	TRY(json_put(nitro, "PCR0", json_hex(bytes_of(image->nitro.pcr0, SHA384_LEN)),
		     err));
	TRY(json_put(nitro, "PCR1", json_hex(bytes_of(image->nitro.pcr1, SHA384_LEN)),
		     err));
	TRY(json_put(nitro, "PCR2", json_hex(bytes_of(image->nitro.pcr2, SHA384_LEN)),
		     err));
	if (!image->is_signed)
		return CELLA_OK;
	return json_put(nitro, "PCR8", json_hex(bytes_of(image->nitro_pcr8, SHA384_LEN)),
			err);
}

/* What the image is, and says of itself. */
static enum cella_status put_image(json_t *root, const struct evm_image *image,
				   struct cella_error *err)
{
	json_t *metadata = NULL;

	if (image->has_nitro)
		TRY(put_nitro(root, image, err));
	if (image->metadata == NULL ||
	    json_parse(bytes_of(image->metadata, strlen(image->metadata)), "metadata",
		       &metadata, NULL) != CELLA_OK)
		return CELLA_OK;
	return json_put(root, "metadata", metadata, err);
}

/* The accelerator is what evidence shows as the host's claim. */
static enum cella_status put_backend(json_t *root, const struct backend_choice *choice,
				     struct cella_error *err)
{
	const struct backend *const backend = choice->backend;

	TRY(json_put(root, "backend", json_string(backend->name), err));
	TRY(json_put(root, "backend_reason", json_string(choice->reason), err));
	TRY(json_put(root, "evidence",
		     backend->evidence != NULL ? json_string(backend->evidence)
					       : json_null(),
		     err));
	return json_put(root, "accelerator", json_string(backend->name), err);
}

static enum cella_status put_texts(json_t *root, const char *name,
				   const struct launch_texts *texts,
				   struct cella_error *err)
{
	json_t *const array = json_array();

	TRY(json_put(root, name, array, err));
	for (size_t i = 0; i < texts->num_items; i++)
		TRY(json_add(array, json_string(texts->items[i]), err));
	return CELLA_OK;
}

static enum cella_status put_options(json_t *root, const struct evm_options *options,
				     struct cella_error *err)
{
	TRY(json_put(root, "name", json_string(options->name), err));
	TRY(json_put(root, "cid", json_integer(options->cid), err));
	TRY(json_put(root, "vcpus", json_integer(options->vcpus), err));
	TRY(json_put(root, "memory_mib", json_integer(options->memory_mib), err));
	TRY(json_put(root, "debug", json_boolean(options->debug), err));
	TRY(put_texts(root, "forward", &options->ways.forward, err));
	TRY(put_texts(root, "egress", &options->ways.egress, err));
	return put_backend(root, &options->backend, err);
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

/* What this host did not give: the rest holds without it, and nobody need guess. */
static enum cella_status put_lacks(json_t *root, const struct evm *evm,
				   struct cella_error *err)
{
	json_t *const warnings = json_array();

	TRY(json_put(root, "warnings", warnings, err));
	for (int i = 0; i < EVM_NUM_CHILDREN; i++)
		if (evm->children[i].lacks[0] != '\0')
			TRY(json_add(warnings, json_string(evm->children[i].lacks), err));
	return CELLA_OK;
}

enum cella_status evm_status(const struct evm *evm, struct out *out,
			     struct cella_error *err)
{
	json_t *root CLEANUP_JSON = json_object();
	char *text CLEANUP_FREE = NULL;

	TRY(put_options(root, &evm->options, err));
	TRY(json_put(root, "state", json_string(evm_state_name(evm->state)), err));
	TRY(json_put(root, "tpm_state",
		     json_string(evm->tpm.file == NULL   ? "ephemeral"
				 : evm->tpm.was_restored ? "restored"
							 : "new"),
		     err));
	TRY(json_put(root, "pid", json_integer(getpid()), err));
	TRY(json_put(root, "folder", json_string(evm->dir.path), err));
	TRY(put_processes(root, evm, err));
	TRY(put_lacks(root, evm, err));
	TRY(evm_resources_put(evm, root, err));
	if (evm->launch.cmdline != NULL) {
		TRY(json_put(root, "predicted_pcrs", pcrs_json(&evm->launch.predicted),
			     err));
		TRY(put_image(root, &evm->launch.image, err));
	}
	if (evm->cause[0] != '\0')
		TRY(json_put(root, "cause", json_string(evm->cause), err));
	if (evm->failure_class != NULL)
		TRY(json_put(root, "class", json_string(evm->failure_class), err));
	TRY(json_write(root, false, &text, err));
	out_text(out, text);
	return out_status(out, err);
}

/* --- requests ------------------------------------------------------------------------ */

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
	/* What cannot be found out is left out. */
	if (evm->state == EVM_RUNNING)
		(void)!evm_launch_hash(&evm->launch, NULL);
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

/* A place for one more; of those that have left, if need be. */
static int *find_follower(struct evm *evm)
{
	char byte;

	for (int i = 0; i < EVM_MAX_FOLLOWERS; i++) {
		int *const fd = &evm->followers[i];

		if (*fd >= 0 && recv(*fd, &byte, sizeof byte, MSG_DONTWAIT) == 0)
			io_close(fd);
		if (*fd < 0)
			return fd;
	}
	return NULL;
}

/* Who reads too slowly misses something, as with what was kept. */
static void answer_follow(struct evm *evm, struct evm_client *client)
{
	int *const place = find_follower(evm);

	answer_console(evm, client);
	if (place != NULL)
		*place = io_take(&client->fd);
}

void evm_control_console(struct evm *evm, struct cella_bytes bytes)
{
	for (int i = 0; i < EVM_MAX_FOLLOWERS; i++)
		if (evm->followers[i] >= 0)
			say(evm->followers[i], bytes);
}

static const struct {
	const char *name;
	void (*answer)(struct evm *evm, struct evm_client *client);
} requests[] = {
	{ "status", answer_status },
	{ "stop", answer_stop },
	{ "console", answer_console },
	{ "console follow", answer_follow },
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

	if (fd < 0 || !control_is_heard(fd))
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
	for (int i = 0; i < EVM_MAX_FOLLOWERS; i++)
		io_close(&evm->followers[i]);
}
