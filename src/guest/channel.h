/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an Enclave VM and its host say to each other over vsock.
 *
 * Port 9000 of the host: the guest connects once it can do its work and sends the byte 0xB7,
 * which the host returns (as Nitro Enclaves do). The connection stays open; the last thing
 * on it is a line that says why the guest ends. A guest that cannot start sends that line
 * instead of the byte:
 *
 *   end <reason> <number>[ <detail>]\n
 *
 * Port 9443 of the host, where egress is allowed: an HTTP proxy for CONNECT (doc/vsock.md).
 *
 * Ports of the guest, a request line each, answered and closed:
 *   7001 control   health | stop            "ok <state>"
 *   7002 log       (no request)             what the guest's policy lets out
 *   7003 attest    quote <hex>              evidence; see guest/attest.h
 * The application reaches the last at the UNIX socket /run/cella-attest of its tree, where it
 * may also ask:
 *   measure <domain> <operation> <content>    PCR14 is extended, the event logged; "ok"
 * Requests that are refused are answered by "error <text>".
 */
#ifndef GUEST_CHANNEL_H
#define GUEST_CHANNEL_H

#include "base/bytes.h"

#define GUEST_ATTEST_PATH "/run/cella-attest"

enum {
	GUEST_HOST_CID = 2,
	GUEST_PORT_CONTROL = 7001,
	GUEST_PORT_LOG = 7002,
	GUEST_PORT_ATTEST = 7003,
	GUEST_PORT_HEARTBEAT = 9000,
	GUEST_PORT_EGRESS = 9443,
	GUEST_HEARTBEAT = 0xb7,
	GUEST_MEASURE_MAX = 1024 - 8, /* of an event's text: a TPM takes 1024 bytes */
	GUEST_REQUEST_MAX = 1024 + 16,
	GUEST_END_MAX = 256, /* the line, with its end */
	GUEST_DETAIL_MAX = 200,
};

/* Why a guest ends. Zero is what a guest that said nothing leaves behind. */
enum guest_reason {
	GUEST_END_UNKNOWN,
	GUEST_END_STOPPED, /* the host asked for it */
	GUEST_END_EXITED,  /* the application; number is its exit status */
	GUEST_END_KILLED,  /* the application; number is the signal */
	GUEST_END_MOUNT,   /* the rest: it could not start; number is an errno */
	GUEST_END_POLICY,
	GUEST_END_MODULE,
	GUEST_END_LOCKDOWN,
	GUEST_END_CHANNEL,
	GUEST_END_TPM,
	GUEST_END_APPLICATION,
	GUEST_END_INTERNAL,
	GUEST_END_NUM,
};

struct guest_end {
	enum guest_reason reason;
	unsigned number;
	char detail[GUEST_DETAIL_MAX]; /* printable; "" when there is none */
};

/* guest_reason_name() is the word on the wire; guest_reason_text() is for people. */
const char *guest_reason_name(enum guest_reason reason);
const char *guest_reason_text(enum guest_reason reason);

/* guest_end_write() writes the line; what of the detail cannot be printed becomes '?'. */
void guest_end_write(const struct guest_end *end, struct out *out);

/* guest_end_read() reads it, without its line feed. CELLA_MALFORMED. */
enum cella_status guest_end_read(struct cella_bytes line, struct guest_end *out,
				 struct cella_error *err) MUST_CHECK;

#endif
