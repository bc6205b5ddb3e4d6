/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of an enclave that did not end as it should, and what that means.
 *
 * A record holds what was seen, never what it means: that is decided when it is read, by one
 * table of classes, in the order of which the first that fits counts. So a record that came
 * from another machine, or from an older cella, is judged anew.
 */
#ifndef VM_FAILURE_H
#define VM_FAILURE_H

#include <jansson.h>

#include "vm/run_dir.h"
#include "vm/state.h"

enum {
	FAILURE_VERSION = 1,
	FAILURE_MAX_PROCESSES = 8,
	FAILURE_MAX_SIGNS = 12,
	FAILURE_PROCESS_MAX = 32,
	FAILURE_CAUSE_MAX = 512,
	FAILURE_WORDS_MAX = 1024,
	FAILURE_CONSOLE_MAX = 4096,
	FAILURE_EVIDENCE_MAX = 400,
	FAILURE_FILE_MAX = 256 << 10,
	FAILURE_MAX_KEPT = 64, /* records below one folder; the oldest go */
};

/* What either was, or was not. */
enum failure_fact {
	FAILURE_MEASURED,    /* the launch, by the TPM: QEMU was about to begin */
	FAILURE_DRIVER,      /* the guest's driver of vsock was there, says cella-vsock */
	FAILURE_NO_DRIVER,   /* it never was */
	FAILURE_SPOKE,       /* the guest connected to the heartbeat's port */
	FAILURE_BEAT,        /* and sent its byte */
	FAILURE_PANICKED,    /* says QEMU */
	FAILURE_SUSPENDED,   /* says QEMU */
	FAILURE_LATE,        /* there was no heartbeat in time */
	FAILURE_GUEST_RESET, /* QEMU ended by itself, without a mistake: the guest did */
	FAILURE_OOM_OWN,  /* the kernel killed for memory, in the supervisor's cgroup */
	FAILURE_OOM_HOST, /* somewhere on this machine */
	FAILURE_LOST,     /* the supervisor itself: found when its leftovers were */
	FAILURE_NUM_FACTS,
};

enum failure_how { FAILURE_RAN, FAILURE_EXITED, FAILURE_SIGNALLED, FAILURE_NUM_HOWS };

/* A process: one that ran was ended by its supervisor. */
struct failure_process {
	char name[FAILURE_PROCESS_MAX];
	enum failure_how how;
	unsigned number; /* status or signal */
	char words[FAILURE_WORDS_MAX];
};

struct failure {
	char name[RUN_NAME_MAX + 1];
	int64_t time; /* of its end: seconds since 1970, as the host's clock had it */
	uint32_t lasted_s;    /* since its start */
	enum evm_state state; /* in which it broke */
	uint32_t vcpus;
	uint32_t memory_mib;
	bool debug;
	unsigned facts; /* bits */
	char cause[FAILURE_CAUSE_MAX];
	char end[FAILURE_PROCESS_MAX]; /* the reason that the guest gave, or "" */
	uint32_t end_number;
	char end_detail[FAILURE_CAUSE_MAX];
	struct failure_process processes[FAILURE_MAX_PROCESSES];
	size_t num_processes;
	char console[FAILURE_CONSOLE_MAX]; /* its end, of debugging only */
};

static inline bool failure_has(const struct failure *failure, enum failure_fact fact)
{
	return (failure->facts & (1U << fact)) != 0;
}

static inline void failure_set(struct failure *failure, enum failure_fact fact)
{
	failure->facts |= 1U << fact;
}

/* failure_fact_name() is its name in records; failure_fact_text() is for people. */
const char *failure_fact_name(enum failure_fact fact);
const char *failure_fact_text(enum failure_fact fact);

/* --- classes ------------------------------------------------------------------------- */

/* Where a text is looked for, or what else is asked. */
enum sign_kind {
	SIGN_NONE,    /* no row, or the facts alone */
	SIGN_CAUSE,   /* what the supervisor said */
	SIGN_CONSOLE, /* what the guest's kernel wrote */
	SIGN_WORDS,   /* what a process said last */
	SIGN_SIGNAL,  /* a process was ended by the signal number, 0: by any */
	SIGN_STATUS,  /* a process exited with the status number, 0: with any but 0 */
	SIGN_END,     /* the reason that the guest gave */
	SIGN_NUM_KINDS,
};

/* All of a row must hold. */
struct failure_sign {
	enum sign_kind kind;
	const char *text;    /* part of it; of SIGN_END the whole */
	const char *process; /* NULL: any */
	unsigned number;
	unsigned states; /* bits; 0: any */
	unsigned facts;  /* that must be there */
	unsigned lacks;  /* that must not */
};

struct failure_class {
	const char *code;
	const char *meaning;
	const char *remedy;
	struct failure_sign signs[FAILURE_MAX_SIGNS]; /* any of them */
};

/* failure_class_at() is a row of the table, in its order; NULL behind its end. */
const struct failure_class *failure_class_at(size_t index);

/*
 * failure_classify() finds the class, which is never NULL: the last fits everything. The
 * line that gave it away is copied to evidence, or "".
 */
const struct failure_class *failure_classify(const struct failure *failure,
					     char evidence[FAILURE_EVIDENCE_MAX]);

/* failure_sign_write() says what a sign asks for: `while booting: QEMU says "kvm"`. */
void failure_sign_write(const struct failure_sign *sign, struct out *out);

/* failure_process_end() says how a process ended: "exited with status 1". */
void failure_process_end(const struct failure_process *process, struct out *out);

#endif
