/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QEMU's control protocol as a stream: request after request, to the first that ends it. A
 * byte before each says whether a descriptor comes along, and whether the launch succeeds.
 */
#include "fuzz.h"

#include "vm/vtpm_control.h"
#include "vm/vtpm_engine.h"

#include <fcntl.h>
#include <unistd.h>

enum { WITH_FD = 1, LAUNCH_FAILS = 2, REPLY_MAX = 16 };

struct world {
	int launches;
	int data_fds;
	bool launch_fails;
	bool is_running;
};

static enum cella_status launch(void *context, struct cella_error *err)
{
	struct world *const w = context;

	MUST(w->launches++ == 0);
	if (w->launch_fails)
		return error_set(err, CELLA_INTERNAL, "as the input says");
	w->is_running = true;
	return CELLA_OK;
}

static void stop(void *context)
{
	struct world *const w = context;

	MUST(w->is_running);
	w->is_running = false;
}

static void set_locality(void *context, uint8_t locality)
{
	MUST(((struct world *)context)->is_running && locality <= VTPM_LOCALITY_MAX);
}

static enum cella_status established(void *context, bool *out, struct cella_error *err)
{
	(void)err;
	MUST(((struct world *)context)->is_running);
	*out = true;
	return CELLA_OK;
}

static enum cella_status reset_established(void *context, uint8_t locality,
					   struct cella_error *err)
{
	MUST(((struct world *)context)->is_running && locality <= VTPM_LOCALITY_MAX);
	return locality == 3 ? CELLA_OK : error_set(err, CELLA_INTERNAL, "refused");
}

static uint32_t buffer_size(void *context)
{
	(void)context;
	return VTPM_COMMAND_MAX;
}

static void set_data(void *context, int fd)
{
	struct world *const w = context;

	MUST(w->data_fds++ == 0 && w->launches == 0);
	close(fd);
}

static const struct control_actions actions = {
	launch, stop, set_locality, established, reset_established, buffer_size, set_data
};

/* Takes one request off the stream; false where it ends, or everything does. */
static bool one(struct control *control, struct world *w, struct cella_bytes *rest,
		struct out *reply)
{
	struct cella_error err = { 0 };
	bool has_fd = false;
	size_t len = 0;
	uint8_t how;
	int fd;

	if (rest->len < 1 + CONTROL_COMMAND_LEN)
		return false;
	how = rest->data[0];
	*rest = bytes_slice(*rest, 1, rest->len - 1);
	if (control_request_len(*rest, &len, &has_fd, &err) != CELLA_OK)
		len = CONTROL_COMMAND_LEN; /* it must refuse that by itself, too */
	MUST(len <= CONTROL_REQUEST_MAX);
	if (len > rest->len)
		return false;
	w->launch_fails = (how & LAUNCH_FAILS) != 0;
	fd = (how & WITH_FD) != 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
	if (control_handle(control, bytes_slice(*rest, 0, len), fd, reply, &err) !=
	    CELLA_OK) {
		MUST(err.text[0] != '\0');
		return false;
	}
	MUST(reply->len >= 4 && reply->len <= REPLY_MAX);
	MUST((control->phase == VTPM_RUNNING) == w->is_running);
	*rest = bytes_slice(*rest, len, rest->len - len);
	return !control->is_over;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cella_bytes rest = bytes_of(data, size);
	struct out reply CLEANUP(out_done) = { 0 };
	struct world world = { 0 };
	struct control control;

	control_begin(&control, &actions, &world);
	while (one(&control, &world, &rest, &reply))
		;
	MUST(world.launches <= 1 && world.data_fds <= 1);
	return 0;
}
