/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a supervisor hears of its TPM, its guest and QEMU, and what each word means. None of
 * them is waited for, and none is believed beyond its own.
 */
#include "vm/evm.h"

#include "guest/io.h"
#include "vm/qmp.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
	CHUNK = 4096,
	END_MS = 10 * 1000, /* from the guest's last line to its reset */
};

/* --- the attestation key ------------------------------------------------------------- */

/* CELLA_MISSING: it has ended, which tells more than its silence. */
static enum cella_status certify(struct evm *evm, struct cella_error *err)
{
	struct out certificate CLEANUP(out_done) = { 0 };
	uint8_t area[1024];
	const ssize_t got = recv(evm->certify, area, sizeof area, MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return CELLA_OK;
	if (got <= 0)
		return error_set(err, CELLA_MISSING, "cella-vtpm: asks for nothing more");
	if (evm->was_certified && evm->tpm.file != NULL && got == 1)
		return evm_tpm_keep(evm, err);
	if (evm->was_certified)
		return error_set(err, CELLA_MALFORMED,
				 "cella-vtpm: asks for a second certificate");
	TRY(host_key_certify(evm->key, bytes_of(area, (size_t)got), evm->options.name,
			     (int64_t)time(NULL), &certificate, err));
	evm->was_certified = true;
	/* Nothing that the guest may do from now on is near the key. */
	host_key_free(take(&evm->key));
	return evm_tpm_answer(evm, out_view(&certificate), err);
}

void evm_hear_vtpm(struct evm *evm)
{
	struct cella_error err = { 0 };
	const enum cella_status status = certify(evm, &err);

	if (status == CELLA_OK)
		return;
	if (status != CELLA_MISSING)
		evm_blame(evm, "%s", err.text);
	io_close(&evm->certify);
}

/* --- the guest ----------------------------------------------------------------------- */

static void hear_of_end(struct evm *evm, struct cella_bytes line)
{
	struct cella_error err = { 0 };

	if (guest_end_read(line, &evm->end, &err) != CELLA_OK) {
		evm_blame(evm, "%s", err.text);
		evm_break_off(evm);
		return;
	}
	evm->has_end = true;
	evm->end_in = evm->state;
	evm->due_ms = evm_now_ms() + END_MS;
	evm_step(evm, EVM_STOP);
	io_close(&evm->guest); /* the guest waits for it */
}

static void take_byte(struct evm *evm, uint8_t byte)
{
	const uint8_t answer = GUEST_HEARTBEAT;

	if (byte == GUEST_HEARTBEAT && !evm->has_greeted && evm->guest_line_len == 0) {
		evm->has_greeted = true;
		evm->due_ms = evm->state == EVM_BOOTING ? 0 : evm->due_ms;
		evm_resources_pin(evm);
		evm_step(evm, EVM_HEARTBEAT);
		if (send(evm->guest, &answer, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1)
			evm_tell_state(evm);
	} else if (byte == '\n') {
		hear_of_end(evm, bytes_of(evm->guest_line, evm->guest_line_len));
	} else if (evm->guest_line_len == sizeof evm->guest_line) {
		evm_blame(evm, "the guest's last line is too long");
		evm_break_off(evm);
	} else {
		evm->guest_line[evm->guest_line_len++] = byte;
	}
}

void evm_hear_guest(struct evm *evm)
{
	uint8_t bytes[GUEST_END_MAX];
	const ssize_t got = recv(evm->guest, bytes, sizeof bytes, MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0)
		io_close(&evm->guest); /* what this means, the end of QEMU tells */
	for (ssize_t i = 0; i < got && evm->guest >= 0 && !evm_is_done_with(evm); i++)
		take_byte(evm, bytes[i]);
}

/* One guest, one connection: another one is nobody's. */
void evm_welcome_guest(struct evm *evm)
{
	int fd CLEANUP_CLOSE = accept4(evm->heart, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0 || evm->guest >= 0 || evm->has_greeted || evm->has_end)
		return;
	evm->guest = io_take(&fd);
	evm->has_spoken = true;
}

/* --- QEMU ---------------------------------------------------------------------------- */

static void tell_qemu(struct evm *evm, enum qmp_command command)
{
	const char *const line = qmp_command(command);

	if (evm->qmp >= 0 &&
	    send(evm->qmp, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		io_close(&evm->qmp);
}

/* Once, and before anything else: QEMU refuses other commands until then. */
static void negotiate(struct evm *evm)
{
	if (!evm->has_negotiated)
		tell_qemu(evm, QMP_CAPABILITIES);
	evm->has_negotiated = true;
}

/* QEMU need not have greeted yet: it hears one command after the other. */
void evm_quit_machine(struct evm *evm)
{
	negotiate(evm);
	tell_qemu(evm, QMP_QUIT);
}

/*
 * Asleep, it would be there and not run, for ever; on waking, QEMU begins the TPM anew, which
 * cella-vtpm refuses.
 */
static void hear_of_sleep(struct evm *evm)
{
	evm->has_suspended = true;
	evm_blame(evm,
		  "the guest suspended its machine: on waking, its TPM would begin anew");
	evm_break_off(evm);
}

static void take_qmp_line(struct evm *evm)
{
	enum qmp_event event = QMP_EVENT_NONE;
	struct cella_error err = { 0 };

	if (qmp_read(out_view(&evm->qmp_line), &event, &err) != CELLA_OK) {
		evm_blame(evm, "%s", err.text);
		evm_break_off(evm);
	}
	if (event == QMP_EVENT_GREETING) {
		evm_resources_pin(evm);
		negotiate(evm);
	}
	if (event == QMP_EVENT_PANICKED)
		evm->has_panicked = true;
	if (event == QMP_EVENT_SUSPENDED)
		hear_of_sleep(evm);
}

void evm_hear_qemu(struct evm *evm)
{
	uint8_t bytes[CHUNK];
	const ssize_t got = recv(evm->qmp, bytes, sizeof bytes, MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0)
		io_close(&evm->qmp);
	for (ssize_t i = 0; i < got; i++) {
		if (bytes[i] == '\n') {
			take_qmp_line(evm);
			evm->qmp_line.len = 0;
		} else if (evm->qmp_line.len < QMP_LINE_MAX) {
			out_u8(&evm->qmp_line, bytes[i]);
		}
	}
}

void evm_hear_console(struct evm *evm)
{
	uint8_t bytes[CHUNK];
	const ssize_t got = recv(evm->serial, bytes, sizeof bytes, MSG_DONTWAIT);

	if (got > 0) {
		ring_add(&evm->console, bytes_of(bytes, (size_t)got));
		evm_control_console(evm, bytes_of(bytes, (size_t)got));
	} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		io_close(&evm->serial);
	}
}
