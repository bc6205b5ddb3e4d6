/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the end of a process means. Processes end one after the other: what counts is which
 * of them began, and whether that was to be expected.
 */
#include "vm/evm.h"

#include "guest/io.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SETTLE_MS = 2 * 1000, /* between the end of a helper and that of who ended it */
	TALK_MS = 5 * 1000,   /* who talks for longer is not listened to */
};

/* It ends with QEMU, and says then how far the guest had come. */
void evm_hear_back_end(struct evm *evm)
{
	evm_hear_out(evm, EVM_VSOCK, SETTLE_MS);
}

/* What a guest was refused, somebody should be able to read; lines of it are rationed. */
static void pass_words_on(const struct evm *evm, const char *bytes, size_t len)
{
	if (evm->options.ready < 0 && write(STDERR_FILENO, bytes, len) < 0)
		return; /* nobody reads them */
}

/* The last of what a process says is what it dies of. */
void evm_hear_errors(struct evm *evm, enum evm_child which)
{
	struct evm_errors *const errors = &evm->errors[which];
	char bytes[EVM_ERRORS_LEN / 2];
	const ssize_t got = read(evm->children[which].errors, bytes, sizeof bytes);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		io_close(&evm->children[which].errors);
		return;
	}
	if (which == EVM_FORWARD)
		pass_words_on(evm, bytes, (size_t)got);
	if (errors->len + (size_t)got > sizeof errors->text) {
		const size_t drop = errors->len + (size_t)got - sizeof errors->text;

		memmove(errors->text, errors->text + drop, errors->len - drop);
		errors->len -= drop;
	}
	memcpy(errors->text + errors->len, bytes, (size_t)got);
	errors->len += (size_t)got;
}

/* Hears what it has said already, or says within a time from its last word; not for ever. */
void evm_hear_out(struct evm *evm, enum evm_child which, int patience_ms)
{
	const int64_t end_ms = evm_now_ms() + TALK_MS;

	while (evm->children[which].errors >= 0 && evm_now_ms() < end_ms) {
		struct pollfd ready = { .fd = evm->children[which].errors,
					.events = POLLIN };

		if (poll(&ready, 1, patience_ms) <= 0)
			return;
		evm_hear_errors(evm, which);
	}
}

/* The last line, without control characters. */
static void last_words(const struct evm_errors *errors, char out[CHILD_TEXT_MAX])
{
	size_t end = errors->len;
	size_t start;
	size_t len = 0;

	while (end > 0 && errors->text[end - 1] == '\n')
		end--;
	start = end;
	while (start > 0 && errors->text[start - 1] != '\n')
		start--;
	for (; start < end && len < CHILD_TEXT_MAX - 1; start++) {
		const char c = errors->text[start];

		if (c >= ' ' && c <= '~')
			out[len++] = c;
	}
	out[len] = '\0';
}

void evm_blame_child(struct evm *evm, enum evm_child which)
{
	char how[CHILD_TEXT_MAX];
	char words[CHILD_TEXT_MAX];

	evm_hear_out(evm, which, 0);
	child_end_text(&evm->children[which], how);
	last_words(&evm->errors[which], words);
	evm_blame(evm, "%s%s%s", how, words[0] != '\0' ? ": " : "", words);
}

static bool was_well(const struct child *child)
{
	return WIFEXITED(child->status) && WEXITSTATUS(child->status) == 0;
}

/* True for one whose end explains those of the others. */
static bool is_culprit(const struct evm *evm, enum evm_child which)
{
	const struct child *const child = &evm->children[which];

	if (!child->has_ended || child->was_killed)
		return false;
	return !was_well(child) || which == EVM_QEMU;
}

/* Somebody wanted it, or the application had done its work. */
static bool was_expected(const struct evm *evm)
{
	if (!evm->has_end)
		return evm->push != EVM_PUSH_NONE;
	return evm->end.reason == GUEST_END_STOPPED ||
	       (evm->end.reason == GUEST_END_EXITED && evm->end.number == 0);
}

static void blame_guest(struct evm *evm)
{
	const struct guest_end *const end = &evm->end;

	if (evm->has_end) {
		evm_blame(evm, "%s (%s %u)%s%s", guest_reason_text(end->reason),
			  guest_reason_name(end->reason), end->number,
			  end->detail[0] != '\0' ? ": " : "", end->detail);
		return;
	}
	if (evm->state != EVM_BOOTING) {
		evm_blame(evm, "the guest ended without a word");
		return;
	}
	evm_hear_back_end(evm);
	evm_diagnose(evm);
}

/* QEMU has ended with the guest, or was killed since it did not. */
static void conclude(struct evm *evm)
{
	if (was_expected(evm)) {
		evm_step(evm, EVM_ENDED);
		return;
	}
	blame_guest(evm);
	evm_break_off(evm);
}

static void judge_ends(struct evm *evm)
{
	if (is_culprit(evm, EVM_QEMU) && was_well(&evm->children[EVM_QEMU])) {
		conclude(evm);
		return;
	}
	for (int i = 0; i < EVM_NUM_CHILDREN; i++)
		if (is_culprit(evm, (enum evm_child)i)) {
			evm_blame_child(evm, (enum evm_child)i);
			evm_break_off(evm);
			return;
		}
}

/* QEMU, killed since it did not quit: its helpers end with it. */
static bool was_pushed(const struct evm *evm)
{
	return evm->push == EVM_PUSH_KILLED && evm->children[EVM_QEMU].has_ended;
}

void evm_hear_child(struct evm *evm, enum evm_child which)
{
	child_reap(&evm->children[which]);
	io_close(&evm->children[which].pidfd);
	if (was_pushed(evm))
		conclude(evm);
	else
		judge_ends(evm);
	/* A helper that ended well did so since QEMU is about to be gone. */
	if (!evm->falls_back && !evm_state_is_over(evm->state))
		evm->due_ms = evm_now_ms() + SETTLE_MS;
}
