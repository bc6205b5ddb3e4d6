/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row per command: what it brings, when it is allowed, what it does. The row is checked
 * before its handler runs.
 */
#include "vm/vtpm_control.h"

#include "vm/vtpm_engine.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

enum { ANY_PHASE = VTPM_OFF | VTPM_RUNNING | VTPM_STOPPED };

/* A request that has passed its row. */
struct request {
	struct in payload;
	int fd;            /* -1 once it is taken */
	struct out *reply; /* behind the result */
};

/* A handler says its result; an error ends everything. */
typedef enum cella_status handler_fn(struct control *c, struct request *r,
				     uint32_t *result, struct cella_error *err);

static uint32_t capabilities(void);

static enum cella_status get_capability(struct control *c UNUSED, struct request *r,
					uint32_t *result UNUSED,
					struct cella_error *err UNUSED)
{
	out_u32be(r->reply, capabilities());
	return CELLA_OK;
}

static enum cella_status init(struct control *c, struct request *r, uint32_t *result,
			      struct cella_error *err)
{
	const uint32_t flags = in_u32be(&r->payload, "init_flags");
	enum cella_status status;

	if (flags != 0) {
		*result = CONTROL_BAD_PARAMETER;
		return error_set(err, CELLA_UNSUPPORTED,
				 "control: CMD_INIT: flags 0x%x: there is no state to "
				 "go on from",
				 flags);
	}
	status = c->actions->launch(c->context, err);
	*result = status == CELLA_OK ? 0 : CONTROL_FAIL;
	if (status == CELLA_OK)
		c->phase = VTPM_RUNNING;
	return status;
}

static enum cella_status shut_down(struct control *c, struct request *r UNUSED,
				   uint32_t *result UNUSED,
				   struct cella_error *err UNUSED)
{
	c->is_over = true;
	return CELLA_OK;
}

static enum cella_status get_established(struct control *c, struct request *r,
					 uint32_t *result UNUSED, struct cella_error *err)
{
	bool bit = false;

	TRY(c->actions->established(c->context, &bit, err));
	out_u8(r->reply, bit ? 1 : 0);
	out_zeros(r->reply, 3); /* as the compiler aligns the peer's struct */
	return CELLA_OK;
}

/* One byte, and as many again as the peer's struct is aligned to. */
static bool read_locality(struct request *r, uint8_t *out, uint32_t *result)
{
	*out = in_u8(&r->payload, "locality");
	in_skip(&r->payload, 3, "locality.pad");
	if (*out <= VTPM_LOCALITY_MAX)
		return true;
	*result = CONTROL_BAD_LOCALITY;
	return false;
}

static enum cella_status set_locality(struct control *c, struct request *r,
				      uint32_t *result, struct cella_error *err UNUSED)
{
	uint8_t locality;

	if (read_locality(r, &locality, result))
		c->actions->set_locality(c->context, locality);
	return CELLA_OK;
}

static enum cella_status reset_established(struct control *c, struct request *r,
					   uint32_t *result,
					   struct cella_error *err UNUSED)
{
	uint8_t locality;

	if (!read_locality(r, &locality, result))
		return CELLA_OK;
	/* A TPM that refuses is not broken. */
	if (c->actions->reset_established(c->context, locality, NULL) != CELLA_OK)
		*result = CONTROL_FAIL;
	return CELLA_OK;
}

static enum cella_status stop(struct control *c, struct request *r UNUSED,
			      uint32_t *result UNUSED, struct cella_error *err UNUSED)
{
	if (c->phase == VTPM_RUNNING) {
		c->actions->stop(c->context);
		c->phase = VTPM_STOPPED;
	}
	return CELLA_OK;
}

static enum cella_status set_data_fd(struct control *c, struct request *r,
				     uint32_t *result, struct cella_error *err)
{
	if (c->has_data) {
		*result = CONTROL_BAD_PARAMETER;
		return error_set(err, CELLA_MALFORMED,
				 "control: CMD_SET_DATAFD: there is a data channel");
	}
	c->actions->set_data(c->context, r->fd);
	r->fd = -1;
	c->has_data = true;
	return CELLA_OK;
}

/* The size is the TPM's; whoever asks for another is told that, and may live with it. */
static enum cella_status set_buffer_size(struct control *c, struct request *r,
					 uint32_t *result UNUSED,
					 struct cella_error *err UNUSED)
{
	const uint32_t size = c->actions->buffer_size(c->context);

	in_skip(&r->payload, 4, "buffersize");
	for (int i = 0; i < 3; i++) /* in use, smallest, largest */
		out_u32be(r->reply, size);
	return CELLA_OK;
}

static const struct row {
	const char *name; /* NULL: not served */
	handler_fn *handle;
	uint32_t capability;
	uint8_t payload_len;
	uint8_t phases;
	bool has_fd;
} rows[CONTROL_NUM_COMMANDS] = {
	[CONTROL_GET_CAPABILITY] = { "CMD_GET_CAPABILITY", get_capability, 0, 0,
				     ANY_PHASE, false },
	[CONTROL_INIT] = { "CMD_INIT", init, CONTROL_CAN_INIT, 4, VTPM_OFF, false },
	[CONTROL_SHUTDOWN] = { "CMD_SHUTDOWN", shut_down, CONTROL_CAN_SHUTDOWN, 0,
			       ANY_PHASE, false },
	[CONTROL_GET_ESTABLISHED] = { "CMD_GET_TPMESTABLISHED", get_established,
				      CONTROL_CAN_GET_ESTABLISHED, 0, VTPM_RUNNING,
				      false },
	[CONTROL_SET_LOCALITY] = { "CMD_SET_LOCALITY", set_locality,
				   CONTROL_CAN_SET_LOCALITY, 4, VTPM_RUNNING, false },
	[CONTROL_RESET_ESTABLISHED] = { "CMD_RESET_TPMESTABLISHED", reset_established,
					CONTROL_CAN_RESET_ESTABLISHED, 4, VTPM_RUNNING,
					false },
	[CONTROL_STOP] = { "CMD_STOP", stop, CONTROL_CAN_STOP, 0, ANY_PHASE, false },
	[CONTROL_SET_DATA_FD] = { "CMD_SET_DATAFD", set_data_fd, CONTROL_CAN_SET_DATA_FD,
				  0, VTPM_OFF, true },
	[CONTROL_SET_BUFFER_SIZE] = { "CMD_SET_BUFFERSIZE", set_buffer_size,
				      CONTROL_CAN_SET_BUFFER_SIZE, 4,
				      VTPM_OFF | VTPM_STOPPED, false },
};

static uint32_t capabilities(void)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		mask |= rows[i].capability;
	return mask;
}

static const struct row *find_row(uint32_t command)
{
	if (command >= ARRAY_LEN(rows) || rows[command].name == NULL)
		return NULL;
	return &rows[command];
}

void control_begin(struct control *control, const struct control_actions *actions,
		   void *context)
{
	*control = (struct control){ .actions = actions,
				     .context = context,
				     .phase = VTPM_OFF };
}

enum cella_status control_request_len(struct cella_bytes begun, size_t *out_len,
				      bool *out_has_fd, struct cella_error *err)
{
	const struct row *row;
	uint32_t command;
	struct in in;

	in_init(&in, begun, "control");
	command = in_u32be(&in, "command");
	TRY(in_status(&in, err));
	row = find_row(command);
	if (row == NULL)
		return error_set(err, CELLA_UNSUPPORTED,
				 "control: command 0x%x: is not served", command);
	*out_len = CONTROL_COMMAND_LEN + row->payload_len;
	*out_has_fd = row->has_fd;
	return CELLA_OK;
}

/* What is said to a command that may not come now; a second CMD_INIT is the end. */
static enum cella_status refuse(const struct control *c, const struct row *row,
				struct cella_error *err)
{
	if (row->handle == init)
		return error_set(err, CELLA_USAGE,
				 "control: a second CMD_INIT: the guest was reset or "
				 "suspended, and its launch cannot be measured again");
	if (row->handle == set_data_fd)
		return error_set(err, CELLA_USAGE, "control: %s: not in phase %d",
				 row->name, c->phase);
	return CELLA_OK;
}

static void put_result(struct out *reply, uint32_t result)
{
	reply->len = 0;
	out_u32be(reply, result);
}

static enum cella_status obey(struct control *c, const struct row *row, struct request *r,
			      struct cella_error *err)
{
	uint32_t result = 0;
	enum cella_status status;

	put_result(r->reply, 0);
	if ((row->phases & (unsigned)c->phase) == 0) {
		put_result(r->reply, CONTROL_BAD_ORDINAL);
		return refuse(c, row, err);
	}
	status = row->handle(c, r, &result, err);
	if (status != CELLA_OK && result == 0)
		result = CONTROL_FAIL;
	if (result != 0)
		put_result(r->reply, result);
	TRY(status);
	TRY(in_status(&r->payload, err));
	return out_status(r->reply, err);
}

enum cella_status control_handle(struct control *control, struct cella_bytes request,
				 int fd, struct out *reply, struct cella_error *err)
{
	struct request r = { .fd = fd, .reply = reply };
	const struct row *row;
	enum cella_status status;
	struct in in;

	in_init(&in, request, "control");
	row = find_row(in_u32be(&in, "command"));
	reply->len = 0;
	if (row == NULL) {
		status = error_set(err, CELLA_UNSUPPORTED,
				   "control: a command that is not served");
		put_result(reply, CONTROL_BAD_ORDINAL);
	} else if (in_left(&in) != row->payload_len || row->has_fd != (fd >= 0)) {
		status = error_set(err, CELLA_MALFORMED,
				   "control: %s: %zu bytes of payload, %s descriptor; "
				   "expected %u and %s",
				   row->name, in_left(&in), fd >= 0 ? "a" : "no",
				   row->payload_len, row->has_fd ? "one" : "none");
		put_result(reply, CONTROL_BAD_PARAMETER);
	} else {
		r.payload = in_sub(&in, row->payload_len, "payload");
		status = obey(control, row, &r, err);
	}
	if (r.fd >= 0)
		close(r.fd);
	return status;
}
