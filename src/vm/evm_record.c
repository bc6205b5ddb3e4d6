/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a supervisor knows of the failure of its enclave: for the cause that it tells, and for
 * the record that outlives it.
 */
#include "vm/evm.h"

#include "vm/failure_record.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

/* The end of a text, from the beginning of a line where it was cut. */
static void copy_end(char *out, size_t size, const char *text, size_t len)
{
	const char *start = text;

	if (len >= size) {
		start = text + len - (size - 1);
		len = size - 1;
		const char *const line = memchr(start, '\n', len);

		if (line != NULL) {
			len -= (size_t)(line + 1 - start);
			start = line + 1;
		}
	}
	memcpy(out, start, len);
	out[len] = '\0';
	for (char *nul; (nul = memchr(out, '\0', len)) != NULL;)
		*nul = '?';
}

static bool says(const struct failure_process *process, const char *text)
{
	return strstr(process->words, text) != NULL;
}

static void tell_process(const struct evm *evm, enum evm_child which, struct failure *out)
{
	const struct child *const child = &evm->children[which];
	struct failure_process *const process = &out->processes[out->num_processes];

	if (child->pid == 0)
		return;
	out->num_processes++;
	snprintf(process->name, sizeof process->name, "%s", child->name);
	copy_end(process->words, sizeof process->words, evm->errors[which].text,
		 evm->errors[which].len);
	if (child->has_ended && !child->was_killed) {
		const bool by_signal = WIFSIGNALED(child->status);

		process->how = by_signal ? FAILURE_SIGNALLED : FAILURE_EXITED;
		process->number = (unsigned)(by_signal ? WTERMSIG(child->status)
						       : WEXITSTATUS(child->status));
	}
	if (which == EVM_VSOCK && says(process, "driver never seen"))
		failure_set(out, FAILURE_NO_DRIVER);
	if (which == EVM_VSOCK && says(process, "driver seen"))
		failure_set(out, FAILURE_DRIVER);
	if (which == EVM_QEMU && process->how == FAILURE_EXITED && process->number == 0)
		failure_set(out, FAILURE_GUEST_RESET);
}

static void tell_facts(const struct evm *evm, struct failure *out)
{
	const struct oom_count now = oom_count("");
	const struct {
		bool holds;
		enum failure_fact fact;
	} facts[] = {
		{ evm->was_certified, FAILURE_MEASURED },
		{ evm->has_spoken, FAILURE_SPOKE },
		{ evm->has_greeted, FAILURE_BEAT },
		{ evm->has_panicked, FAILURE_PANICKED },
		{ evm->has_suspended, FAILURE_SUSPENDED },
		{ evm->is_late, FAILURE_LATE },
		{ now.own > evm->oom.own, FAILURE_OOM_OWN },
		{ now.host > evm->oom.host, FAILURE_OOM_HOST },
	};

	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		if (facts[i].holds)
			failure_set(out, facts[i].fact);
}

/* The ring's end, in one piece. */
static void tell_console(const struct evm *evm, struct failure *out)
{
	const struct ring *const ring = &evm->console;
	uint64_t position = ring->written > FAILURE_CONSOLE_MAX - 1
				    ? ring->written - (FAILURE_CONSOLE_MAX - 1)
				    : 0;
	struct cella_bytes next;
	size_t len = 0;

	while ((next = ring_next(ring, &position)).len > 0) {
		copy_end(out->console + len, sizeof out->console - len,
			 (const char *)next.data, next.len);
		len = strlen(out->console);
		position += next.len;
	}
}

/* A guest that cannot reach its host has said why it ends to its kernel. */
static bool find_end(const struct failure *failure, struct guest_end *out)
{
	static const char name[] = "cella-init: ";
	const char *const found = strstr(failure->console, name);
	const char *const line = found != NULL ? found + sizeof name - 1 : NULL;

	return line != NULL && guest_end_read(bytes_of(line, strcspn(line, "\r\n")), out,
					      NULL) == CELLA_OK;
}

static void tell_end(const struct evm *evm, struct failure *out)
{
	struct guest_end end = evm->end;

	if (!evm->has_end && !find_end(out, &end))
		return;
	snprintf(out->end, sizeof out->end, "%s", guest_reason_name(end.reason));
	snprintf(out->end_detail, sizeof out->end_detail, "%s", end.detail);
	out->end_number = end.number;
}

/* A guest that says that it ends is being stopped from there on: that is not what counts. */
static enum evm_state state_of(const struct evm *evm)
{
	if (evm->has_end)
		return evm->end_in;
	return evm->state == EVM_FAILED ? evm->broke_in : evm->state;
}

void evm_failure(const struct evm *evm, struct failure *out)
{
	memset(out, 0, sizeof *out);
	snprintf(out->name, sizeof out->name, "%s", evm->options.name);
	snprintf(out->cause, sizeof out->cause, "%s", evm->cause);
	out->time = (int64_t)time(NULL);
	out->lasted_s = (uint32_t)((evm_now_ms() - evm->since_ms) / 1000);
	out->state = state_of(evm);
	out->vcpus = evm->options.vcpus;
	out->memory_mib = evm->options.memory_mib;
	out->debug = evm->options.debug;
	for (int i = 0; i < EVM_NUM_CHILDREN; i++)
		tell_process(evm, (enum evm_child)i, out);
	tell_facts(evm, out);
	tell_console(evm, out);
	tell_end(evm, out);
}

void evm_diagnose(struct evm *evm)
{
	static struct failure failure;
	char evidence[FAILURE_EVIDENCE_MAX];

	if (evm->cause[0] != '\0')
		return;
	evm_failure(evm, &failure);
	snprintf(evm->cause, sizeof evm->cause, "no heartbeat%s: %s",
		 evm->is_late ? " in time" : "",
		 failure_classify(&failure, evidence)->meaning);
}

/* Only who holds the name's folder speaks for the name. */
void evm_leave_record(struct evm *evm)
{
	static struct failure failure;
	char evidence[FAILURE_EVIDENCE_MAX];
	struct cella_error err = { 0 };

	if (evm->dir.lock < 0)
		return;
	if (evm->state == EVM_STOPPED) {
		failure_forget(evm->options.base, evm->options.name);
		return;
	}
	for (int i = 0; i < EVM_NUM_CHILDREN; i++)
		evm_hear_out(evm, (enum evm_child)i, 0);
	evm_failure(evm, &failure);
	evm->failure_class = failure_classify(&failure, evidence)->code;
	/* Who is told the states hears of the failure itself by them. */
	if (failure_leave(evm->options.base, &failure, &err) != CELLA_OK &&
	    evm->options.ready < 0)
		fprintf(stderr, "cellad: the record of this failure: %s\n", err.text);
}
