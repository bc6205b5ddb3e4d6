/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What carries a guest: emulation, KVM, a trust domain, or, for tests of what uses enclaves,
 * nothing but the pretence of one. A row each; all but the last are one machine of QEMU's.
 *
 * What is measured does not depend on the row: an image has the same PCRs under emulation and
 * under KVM. Which one it is, is the host's word, as everything about the host is.
 */
#ifndef VM_BACKEND_H
#define VM_BACKEND_H

#include "vm/argv.h"

struct evm;
struct evm_options;
struct qemu_plan;

enum { BACKEND_TEXT_MAX = 320 };

struct backend {
	const char *name;
	/* What its guests prove themselves by: "vtpm", "td"; NULL: they cannot. */
	const char *evidence;
	const char *device; /* of the host's, which QEMU opens; or NULL */
	/*
	 * Can this host? CELLA_OK says by what that is known; CELLA_UNSUPPORTED, CELLA_MISSING
	 * and CELLA_IO say why not. Takes a bounded time, whatever the host is like.
	 */
	enum cella_status (*probe)(char found[BACKEND_TEXT_MAX], struct cella_error *err);
	/* The command line of what runs the guest. */
	enum cella_status (*plan)(const struct qemu_plan *machine, struct argv *out,
				  struct cella_error *err);
	/* Starts all of its processes. */
	enum cella_status (*start)(struct evm *evm, struct cella_error *err);
	/* How long its heartbeat may take, in seconds. */
	unsigned (*wait)(const struct evm_options *options);
	/* Ends it without the guest's help. */
	void (*stop)(struct evm *evm);
};

extern const struct backend backend_tcg;
extern const struct backend backend_kvm;
extern const struct backend backend_tdx;
extern const struct backend backend_mock;

/* What was chosen. The text says why. */
struct backend_choice {
	const struct backend *backend;
	const struct backend *fallback; /* when it does not come to life; or NULL */
	char reason[BACKEND_TEXT_MAX];
};

#define BACKEND_NAMES "auto, tcg, kvm, tdx or mock"

/* backend_is_name() is true for one of these. */
bool backend_is_name(const char *name);

/*
 * backend_choose() finds the one of that name, and has it probed; "auto" takes KVM if its
 * probe runs a guest, and emulation otherwise. Trust domains and the mock are never chosen
 * but by name. CELLA_USAGE for a name that is none; else the probe's refusal.
 */
enum cella_status backend_choose(const char *name, struct backend_choice *out,
				 struct cella_error *err) MUST_CHECK;

/* backend_say() sets a text, cut where it is too long. */
void backend_say(char text[BACKEND_TEXT_MAX], const char *format, ...) PRINTF(2, 3);

/* backend_fall_back() takes the fallback, once; the cause goes into the reason. */
void backend_fall_back(struct backend_choice *choice, const char *cause);

/*
 * backend_plan() makes the command line that these options would start, with descriptors
 * numbered from 3 in the order of QEMU's use; nothing is started. options->backend was
 * chosen. Without an image (-1), its command line is a placeholder.
 */
enum cella_status backend_plan(const struct evm_options *options, struct argv *out,
			       struct cella_error *err) MUST_CHECK;

#endif
