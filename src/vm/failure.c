/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the class of a failure, and the words for what it was found by.
 */
#include "vm/failure.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	const char *text;
} facts[] = {
	[FAILURE_MEASURED] = { "measured", "the TPM had measured the launch" },
	[FAILURE_DRIVER] = { "driver", "the guest's driver of vsock was loaded" },
	[FAILURE_NO_DRIVER] = { "no-driver", "the guest's driver of vsock never came" },
	[FAILURE_SPOKE] = { "spoke", "the guest connected to its supervisor" },
	[FAILURE_BEAT] = { "beat", "the guest's heartbeat had come" },
	[FAILURE_PANICKED] = { "panicked", "QEMU saw the guest's kernel panic" },
	[FAILURE_SUSPENDED] = { "suspended", "QEMU saw the guest suspend" },
	[FAILURE_LATE] = { "late", "the heartbeat did not come in time" },
	[FAILURE_GUEST_RESET] = { "guest-reset",
				  "QEMU ended with the guest, which reset" },
	[FAILURE_OOM_OWN] = { "oom-own", "the kernel killed for memory in this cgroup" },
	[FAILURE_OOM_HOST] = { "oom-host", "the kernel killed for memory on this host" },
	[FAILURE_LOST] = { "lost", "the supervisor left its folder behind" },
};
_Static_assert(ARRAY_LEN(facts) == FAILURE_NUM_FACTS, "a row a fact");

const char *failure_fact_name(enum failure_fact fact)
{
	return facts[fact].name;
}

const char *failure_fact_text(enum failure_fact fact)
{
	return facts[fact].text;
}

void failure_process_end(const struct failure_process *process, struct out *out)
{
	if (process->how == FAILURE_RAN)
		out_text(out, "ran until its supervisor ended it");
	else
		out_format(out, "%s %u",
			   process->how == FAILURE_EXITED ? "exited with status"
							  : "killed by signal",
			   process->number);
}

/* --- matching ------------------------------------------------------------------------ */

/* Copies the line of a text that has a part. False when there is none. */
static bool find_line(const char *text, const char *part, const char *who,
		      char evidence[FAILURE_EVIDENCE_MAX])
{
	const char *const found = strstr(text, part);
	const char *start = found;

	if (found == NULL)
		return false;
	while (start > text && start[-1] != '\n')
		start--;
	snprintf(evidence, FAILURE_EVIDENCE_MAX, "%s: %.*s", who,
		 (int)strcspn(start, "\n"), start);
	return true;
}

static bool is_meant(const struct failure_sign *sign,
		     const struct failure_process *process)
{
	return sign->process == NULL || strcmp(sign->process, process->name) == 0;
}

static bool has_words(const struct failure *failure, const struct failure_sign *sign,
		      char evidence[FAILURE_EVIDENCE_MAX])
{
	for (size_t i = 0; i < failure->num_processes; i++) {
		const struct failure_process *const process = &failure->processes[i];

		if (is_meant(sign, process) &&
		    find_line(process->words, sign->text, process->name, evidence))
			return true;
	}
	return false;
}

static bool is_end_of(const struct failure_sign *sign,
		      const struct failure_process *process)
{
	const enum failure_how how = sign->kind == SIGN_SIGNAL ? FAILURE_SIGNALLED
							       : FAILURE_EXITED;

	return is_meant(sign, process) && process->how == how && process->number != 0 &&
	       (sign->number == 0 || sign->number == process->number);
}

static bool has_end(const struct failure *failure, const struct failure_sign *sign,
		    char evidence[FAILURE_EVIDENCE_MAX])
{
	for (size_t i = 0; i < failure->num_processes; i++) {
		const struct failure_process *const process = &failure->processes[i];
		struct out how CLEANUP(out_done) = { 0 };

		if (!is_end_of(sign, process))
			continue;
		failure_process_end(process, &how);
		snprintf(evidence, FAILURE_EVIDENCE_MAX, "%s: %.*s", process->name,
			 (int)how.len, (const char *)how.data);
		return true;
	}
	return false;
}

static bool said_end(const struct failure *failure, const struct failure_sign *sign,
		     char evidence[FAILURE_EVIDENCE_MAX])
{
	if (strcmp(failure->end, sign->text) != 0)
		return false;
	snprintf(evidence, FAILURE_EVIDENCE_MAX, "the guest: %s %u%s%.200s", failure->end,
		 failure->end_number, failure->end_detail[0] != '\0' ? ": " : "",
		 failure->end_detail);
	return true;
}

/* Of facts alone: the first that counts. */
static bool tell_facts(const struct failure_sign *sign,
		       char evidence[FAILURE_EVIDENCE_MAX])
{
	evidence[0] = '\0';
	for (int i = FAILURE_NUM_FACTS - 1; i >= 0; i--)
		if ((sign->facts & (1U << i)) != 0) {
			snprintf(evidence, FAILURE_EVIDENCE_MAX, "%s", facts[i].text);
			break;
		}
	return true;
}

static bool fits(const struct failure *failure, const struct failure_sign *sign,
		 char evidence[FAILURE_EVIDENCE_MAX])
{
	if (sign->states != 0 && (sign->states & (1U << failure->state)) == 0)
		return false;
	if ((failure->facts & sign->facts) != sign->facts ||
	    (failure->facts & sign->lacks) != 0)
		return false;
	switch (sign->kind) {
	case SIGN_NONE:
		return tell_facts(sign, evidence);
	case SIGN_CAUSE: /* which a guest that gives a reason has written */
		return failure->end[0] == '\0' &&
		       find_line(failure->cause, sign->text, "cellad", evidence);
	case SIGN_CONSOLE:
		return find_line(failure->console, sign->text, "console", evidence);
	case SIGN_WORDS:
		return has_words(failure, sign, evidence);
	case SIGN_SIGNAL:
	case SIGN_STATUS:
		return has_end(failure, sign, evidence);
	case SIGN_END:
		return said_end(failure, sign, evidence);
	case SIGN_NUM_KINDS:
		break;
	}
	return false;
}

/* A row that asks for nothing stands at an array's end, or is that of the last class. */
static bool is_empty(const struct failure_sign *sign)
{
	return sign->kind == SIGN_NONE && sign->facts == 0;
}

const struct failure_class *failure_classify(const struct failure *failure,
					     char evidence[FAILURE_EVIDENCE_MAX])
{
	const struct failure_class *class = failure_class_at(0);

	evidence[0] = '\0';
	for (size_t i = 1; class != NULL; i++) {
		for (size_t j = 0; j < FAILURE_MAX_SIGNS && !is_empty(&class->signs[j]);
		     j++)
			if (fits(failure, &class->signs[j], evidence))
				return class;
		if (failure_class_at(i) == NULL)
			break;
		class = failure_class_at(i);
	}
	return class;
}

/* --- what a sign asks for ------------------------------------------------------------ */

static void write_states(unsigned states, struct out *out)
{
	const char *between = "while ";

	for (int i = 0; i < EVM_NUM_STATES; i++)
		if ((states & (1U << i)) != 0) {
			out_format(out, "%s%s", between,
				   evm_state_name((enum evm_state)i));
			between = " or ";
		}
	if (states != 0)
		out_text(out, ": ");
}

static void write_facts(unsigned which, const char *between, const char *no,
			struct out *out)
{
	for (int i = 0; i < FAILURE_NUM_FACTS; i++)
		if ((which & (1U << i)) != 0) {
			out_format(out, "%s%s%s", between, no, facts[i].name);
			between = ", ";
		}
}

static void write_what(const struct failure_sign *sign, struct out *out)
{
	const char *const who = sign->process != NULL ? sign->process : "a process";

	switch (sign->kind) {
	case SIGN_NONE:
	case SIGN_NUM_KINDS:
		break;
	case SIGN_CAUSE:
		out_format(out, "the cause has \"%s\"", sign->text);
		break;
	case SIGN_CONSOLE:
		out_format(out, "the console has \"%s\"", sign->text);
		break;
	case SIGN_WORDS:
		out_format(out, "%s says \"%s\"", who, sign->text);
		break;
	case SIGN_SIGNAL:
		out_format(out, "%s was killed by ", who);
		if (sign->number == 0)
			out_text(out, "any signal");
		else
			out_format(out, "signal %u", sign->number);
		break;
	case SIGN_STATUS:
		out_format(out, "%s exited with ", who);
		if (sign->number == 0)
			out_text(out, "another status than 0");
		else
			out_format(out, "status %u", sign->number);
		break;
	case SIGN_END:
		out_format(out, "the guest says \"end %s\"", sign->text);
		break;
	}
}

void failure_sign_write(const struct failure_sign *sign, struct out *out)
{
	write_states(sign->states, out);
	if (is_empty(sign)) {
		out_text(out, "nothing else fits");
		return;
	}
	write_what(sign, out);
	write_facts(sign->facts, sign->kind != SIGN_NONE ? ", " : "", "", out);
	write_facts(sign->lacks, ", ", "not ", out);
}
