/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control protocol between QEMU's `tpmdev emulator` and a TPM (as QEMU 7.2 and later
 * speak it on a UNIX stream socket). Big endian. A request is a command number and the
 * payload of that command; the answer begins with a TPM result, 0 for success.
 *
 * The TPM's life: off, then running since the first CMD_INIT, then perhaps stopped. There
 * is no second CMD_INIT: it would set the PCRs back that were measured before the guest's
 * first instruction. A guest can cause one (suspend to RAM), and that ends the TPM.
 *
 * Nothing here touches a socket or a TPM: what the commands cause is called through a
 * table, so that the protocol can be tested, and fuzzed, by itself.
 */
#ifndef VM_VTPM_CONTROL_H
#define VM_VTPM_CONTROL_H

#include "base/bytes.h"

enum control_command {
	CONTROL_GET_CAPABILITY = 0x01,
	CONTROL_INIT = 0x02,
	CONTROL_SHUTDOWN = 0x03,
	CONTROL_GET_ESTABLISHED = 0x04,
	CONTROL_SET_LOCALITY = 0x05,
	CONTROL_RESET_ESTABLISHED = 0x0b,
	CONTROL_STOP = 0x0e,
	CONTROL_SET_DATA_FD = 0x10,
	CONTROL_SET_BUFFER_SIZE = 0x11,
	CONTROL_NUM_COMMANDS = 0x14,
};

/* Bits of CMD_GET_CAPABILITY: these, which QEMU wants of a TPM 2.0, and no other. */
enum {
	CONTROL_CAN_INIT = 1 << 0,
	CONTROL_CAN_SHUTDOWN = 1 << 1,
	CONTROL_CAN_GET_ESTABLISHED = 1 << 2,
	CONTROL_CAN_SET_LOCALITY = 1 << 3,
	CONTROL_CAN_RESET_ESTABLISHED = 1 << 7,
	CONTROL_CAN_STOP = 1 << 10,
	CONTROL_CAN_SET_DATA_FD = 1 << 12,
	CONTROL_CAN_SET_BUFFER_SIZE = 1 << 13,
};

/* Results of the TPM 1.2 kind, as this protocol has them. */
enum {
	CONTROL_BAD_PARAMETER = 0x03,
	CONTROL_FAIL = 0x09,
	CONTROL_BAD_ORDINAL = 0x0a,
	CONTROL_BAD_LOCALITY = 0x3d,
};

enum {
	CONTROL_COMMAND_LEN = 4,
	CONTROL_REQUEST_MAX = 8, /* the longest of those that are served */
};

enum vtpm_phase {
	VTPM_OFF = 1 << 0,
	VTPM_RUNNING = 1 << 1,
	VTPM_STOPPED = 1 << 2,
};

struct control_actions {
	/* The launch; its failure ends everything. */
	enum cella_status (*launch)(void *context, struct cella_error *err);
	void (*stop)(void *context);
	void (*set_locality)(void *context, uint8_t locality);
	enum cella_status (*established)(void *context, bool *out,
					 struct cella_error *err);
	enum cella_status (*reset_established)(void *context, uint8_t locality,
					       struct cella_error *err);
	uint32_t (*buffer_size)(void *context);
	/* Takes the descriptor over. */
	void (*set_data)(void *context, int fd);
};

struct control {
	const struct control_actions *actions;
	void *context;
	enum vtpm_phase phase;
	bool has_data;
	bool is_over; /* CMD_SHUTDOWN: answered, then all ends well */
};

void control_begin(struct control *control, const struct control_actions *actions,
		   void *context);

/*
 * control_request_len() is the length of the request that begins with these bytes, 4 at
 * least, and whether a descriptor comes with it. CELLA_UNSUPPORTED for a command that is
 * not served: of its length nothing is known, so nothing after it can be read.
 */
enum cella_status control_request_len(struct cella_bytes begun, size_t *out_len,
				      bool *out_has_fd,
				      struct cella_error *err) MUST_CHECK;

/*
 * control_handle() obeys one request, of just the right length, and replaces reply by the
 * answer. fd is what came with it, or -1; it is taken over in any case. A refusal that the
 * peer can live with is in the answer alone. After an error the answer, if there is one,
 * is sent, and everything ends.
 */
enum cella_status control_handle(struct control *control, struct cella_bytes request,
				 int fd, struct out *reply,
				 struct cella_error *err) MUST_CHECK;

#endif
