/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One Enclave VM and its supervisor's view of it.
 *
 * Theory of operation: the image is copied once into a sealed file in memory; digests, and
 * the files that QEMU boots, are taken from that copy. The launch's log goes to cella-vtpm,
 * which executes it before the guest's first instruction; then cella-vsock and QEMU start.
 * From there on one loop hears all of them: a byte of the guest makes it running, and the
 * end of any process is the end of all.
 */
#ifndef VM_EVM_H
#define VM_EVM_H

#include "evidence/eif.h"
#include "evidence/eif_signature.h"
#include "evidence/launch.h"
#include "guest/channel.h"
#include "guest/ring.h"
#include "vm/backend.h"
#include "vm/child.h"
#include "vm/evm_resources.h"
#include "vm/failure.h"
#include "vm/host_key.h"
#include "vm/oom.h"
#include "vm/qemu.h"
#include "vm/run_dir.h"
#include "vm/state.h"
#include "vm/tpm_state.h"

#include <jansson.h>

enum {
	EVM_MIN_MEMORY_MIB = 96,
	EVM_USUAL_MEMORY_MIB = 128,
	EVM_MAX_MEMORY_MIB = 1 << 20,
	EVM_MAX_VCPUS = 64,
	EVM_MAX_CLIENTS = 16,
	EVM_MAX_FOLLOWERS = 4,
	EVM_ERRORS_LEN = 1024,
	EVM_CAUSE_LEN = 512,
	EVM_METADATA_MAX = 8 << 10, /* told of an image; it has to fit into an answer */
	EVM_MIN_CID = 4,            /* 2 and 3 are the host */
};

/* What somebody wants. Texts and descriptors are borrowed. */
struct evm_options {
	const char *name;
	const char *base; /* of the run folder */
	int image;
	unsigned vcpus;
	unsigned memory_mib;               /* 0: what the ramdisks need */
	struct resource_request resources; /* vCPUs and memory are those above */
	struct qemu_memory memory;         /* which follows from them */
	uint32_t cid;
	bool debug;
	struct backend_choice backend;
	const char *firmware; /* of a trust domain; NULL otherwise */
	const char *host;     /* where the host's key is, for a second start; or NULL */
	const char *qemu;
	const char *mock; /* cellad itself */
	const char *vtpm;
	const char *vsock;
	const char *forward; /* the program cella-forward */
	/* The folder where the TPM's state is kept; NULL: nowhere. */
	const char *tpm_state;
	const uint8_t *secret;     /* HOST_SECRET_LEN bytes, for that */
	struct launch_config ways; /* in and out (network_read()); nothing else of it */
	const struct eif_certs *trusted; /* whose images may start; NULL: anybody's */
	unsigned boot_seconds;
	unsigned stop_seconds;
	const char *notify; /* a service manager's socket, or NULL */
	int ready; /* told its states, a line of JSON each, until it runs; -1: nobody */
};

/* The machine: QEMU, or the mock in its place. */
enum evm_child { EVM_VTPM, EVM_VSOCK, EVM_FORWARD, EVM_QEMU, EVM_NUM_CHILDREN };

/*
 * What the image says of itself and would measure elsewhere: nothing obeys it. It is hashed
 * when somebody first asks, not while it starts.
 */
struct evm_image {
	struct eif_nitro nitro;
	bool has_nitro;
	uint8_t nitro_pcr8[SHA384_LEN];
	bool is_signed;
	size_t first_ramdisk; /* bytes of the ramdisks' file that are the first's */
	size_t cmdline_len; /* of the image's own command line, with which the launch's begins */
	char *metadata; /* NULL: there is none, or too much */
};

/* What is measured and booted: sealed files, and what they will measure to. */
struct evm_launch {
	struct evm_image image;
	int log;
	int kernel;
	int ramdisk;
	int firmware; /* of a trust domain; -1: none */
	char *cmdline;
	uint8_t image_sha384[SHA384_LEN]; /* of what PCR11 is extended with */
	struct launch_pcrs predicted;
	bool is_signed;
	uint8_t identity[SHA256_LEN]; /* of the signer, or of the image */
};

#define EVM_LAUNCH_NONE \
	((struct evm_launch){ .log = -1, .kernel = -1, .ramdisk = -1, .firmware = -1 })

/* How far the end has been pushed. */
enum evm_push { EVM_PUSH_NONE, EVM_PUSH_ASKED, EVM_PUSH_QUIT, EVM_PUSH_KILLED };

/* A bounded end of what a child wrote to standard error. */
struct evm_errors {
	char text[EVM_ERRORS_LEN];
	size_t len;
};

/* Where the TPM's state comes from and goes to. */
struct evm_tpm {
	struct tpm_state *file; /* NULL: nowhere */
	int memory;             /* shared with cella-vtpm; -1: none */
	uint8_t *shared;        /* the same */
	bool was_restored;
};

/* One at the control socket: it has not asked yet, or it waits for the end. */
struct evm_client {
	int fd; /* -1: none */
	bool waits;
	uint64_t number; /* in the order in which they came */
};

struct evm {
	struct evm_options options;
	enum evm_state state;
	struct run_dir dir;
	struct evm_resources resources;
	struct evm_launch launch;
	struct host_key *key; /* forgotten once the attestation key is certified */
	struct child children[EVM_NUM_CHILDREN];
	struct evm_errors errors[EVM_NUM_CHILDREN];
	int signals;
	int control; /* listens */
	struct evm_client clients[EVM_MAX_CLIENTS];
	uint64_t num_clients; /* that ever came */
	/* Have the console as it is written; -1: none. */
	int followers[EVM_MAX_FOLLOWERS];
	int heart;   /* listens: port 9000 */
	int guest;   /* the connection on it */
	int certify; /* to cella-vtpm, SOCK_SEQPACKET */
	struct evm_tpm tpm;
	int qmp;
	int serial; /* the guest's console, of debugging */
	int asking; /* the request to stop, on its way */
	struct ring console;
	struct out qmp_line;
	uint8_t guest_line[GUEST_END_MAX];
	size_t guest_line_len;
	bool has_greeted;    /* the heartbeat's byte has come */
	bool has_negotiated; /* with QEMU */
	bool has_end;
	struct guest_end end;
	bool was_certified;
	bool has_panicked;
	bool has_suspended;
	bool has_spoken; /* the guest has connected */
	bool is_late;
	bool is_refused; /* by what this machine has */
	bool is_told;
	bool falls_back; /* the back-end failed, and another one is next */
	enum evm_push push;
	int64_t due_ms; /* when something must have happened; 0: never */
	int64_t since_ms;
	enum evm_state broke_in;   /* the state that failure ended */
	enum evm_state end_in;     /* that in which the guest said why it ends */
	const char *failure_class; /* once it has failed and left its record */
	struct oom_count oom;      /* at its start */
	char cause[EVM_CAUSE_LEN];
};

/*
 * evm_prepare() reads the image and makes what is measured of it; memory_mib is set, where it
 * was not. CELLA_MALFORMED, CELLA_UNSUPPORTED or CELLA_LIMIT when it is the image's fault, or
 * that of who signed it.
 */
enum cella_status evm_prepare(struct evm_options *options, struct evm_launch *out,
			      struct cella_error *err) MUST_CHECK;
void evm_launch_done(struct evm_launch *launch);

/* evm_launch_hash() finds out what the image would measure as a Nitro Enclave, once. */
enum cella_status evm_launch_hash(struct evm_launch *launch,
				  struct cella_error *err) MUST_CHECK;

/* evm_tpm_open() finds the TPM's state, where one is kept, and readies what is shared. */
enum cella_status evm_tpm_open(struct evm *evm, struct cella_error *err) MUST_CHECK;

/* evm_tpm_answer() answers cella-vtpm; CELLA_MISSING when that has ended. */
enum cella_status evm_tpm_answer(const struct evm *evm, struct cella_bytes answer,
				 struct cella_error *err) MUST_CHECK;

/* evm_tpm_keep() keeps the state that cella-vtpm has left, and tells it. */
enum cella_status evm_tpm_keep(struct evm *evm, struct cella_error *err) MUST_CHECK;
void evm_tpm_close(struct evm *evm);

/* evm_start() opens the sockets and has the back-end start the processes. */
enum cella_status evm_start(struct evm *evm, struct cella_error *err) MUST_CHECK;

/* What back-ends start: QEMU with its helpers, or the mock's guest alone. */
enum cella_status evm_start_machine(struct evm *evm, struct cella_error *err) MUST_CHECK;
enum cella_status evm_start_mock(struct evm *evm, struct cella_error *err) MUST_CHECK;

/* evm_quit_machine() tells what runs the guest to quit. */
void evm_quit_machine(struct evm *evm);

/*
 * evm_init() is one that has not begun; the host's key is taken over. evm_turn() waits for
 * whatever comes next, and hears it. evm_done() ends what there is of it, leaves its record,
 * and tells who waits.
 */
void evm_init(struct evm *evm, const struct evm_options *options, struct host_key **key);
enum cella_status evm_turn(struct evm *evm, struct cella_error *err) MUST_CHECK;
void evm_done(struct evm *evm);

/*
 * evm_run() is an Enclave VM's whole life. CELLA_OK when it stopped as it should; otherwise
 * the error is the cause, with evm_prepare()'s status for an image that cannot be started. The host's key is taken over.
 */
enum cella_status evm_run(const struct evm_options *options, struct host_key **key,
			  struct cella_error *err) MUST_CHECK;

/*
 * evm_resources_take() plans, refuses, and takes what the options ask for, before any process
 * starts: CELLA_MISSING for what is not to be had, CELLA_IO. evm_resources_return() gives it
 * back after all have ended.
 */
enum cella_status evm_resources_take(struct evm *evm, struct cella_error *err) MUST_CHECK;
void evm_resources_return(struct evm *evm);

/* evm_resources_pin() puts the threads of vCPUs where they belong, once there are any. */
void evm_resources_pin(struct evm *evm);

/* evm_resources_put() adds what was taken, and what could not be, to the status. */
enum cella_status evm_resources_put(const struct evm *evm, json_t *root,
				    struct cella_error *err) MUST_CHECK;

/* evm_status() writes the JSON object that `list` shows, one line. */
enum cella_status evm_status(const struct evm *evm, struct out *out,
			     struct cella_error *err) MUST_CHECK;

/*
 * evm_control_welcome() takes a client of the control socket, in place of the one that has
 * been silent for longest where there is no room; evm_control_hear() takes its request.
 */
void evm_control_welcome(struct evm *evm);
void evm_control_hear(struct evm *evm, struct evm_client *client);

/* evm_control_console() passes on what the guest's console has just written. */
void evm_control_console(struct evm *evm, struct cella_bytes bytes);

/* evm_control_farewell() tells clients that wait how it ended. */
void evm_control_farewell(struct evm *evm);

/* evm_ask_to_stop() begins to end it. */
void evm_ask_to_stop(struct evm *evm);

/* evm_now_ms() is the time by which things are due: CLOCK_MONOTONIC. */
int64_t evm_now_ms(void);

/* evm_blame() keeps a cause, unless there is one: what follows the first are its effects. */
void evm_blame(struct evm *evm, const char *format, ...) PRINTF(2, 3);

/* evm_blame_child() blames a process by how it ended and what it said last. */
void evm_blame_child(struct evm *evm, enum evm_child which);

/* evm_step() steps to the state that follows; evm_break_off() to that of failure. */
void evm_step(struct evm *evm, enum evm_event event);
void evm_break_off(struct evm *evm);

/* evm_tell_state() tells who started this process, until the enclave runs or never will. */
void evm_tell_state(struct evm *evm);

/* evm_is_done_with() is true when nothing counts that is still to be heard of its processes. */
bool evm_is_done_with(const struct evm *evm);

/* What the loop calls when there is something to be heard (evm_hear.c). */
void evm_hear_vtpm(struct evm *evm);
void evm_hear_guest(struct evm *evm);
void evm_welcome_guest(struct evm *evm);
void evm_hear_qemu(struct evm *evm);
void evm_hear_console(struct evm *evm);

/*
 * evm_hear_errors() takes what a process writes to standard error; evm_hear_out() what it has
 * written already, or writes within a time from its last word; evm_hear_child() hears its end.
 */
void evm_hear_errors(struct evm *evm, enum evm_child which);
void evm_hear_out(struct evm *evm, enum evm_child which, int patience_ms);
void evm_hear_child(struct evm *evm, enum evm_child which);

/* evm_hear_back_end() hears cella-vsock's last words, once QEMU has ended. */
void evm_hear_back_end(struct evm *evm);

/* evm_failure() tells all that is known of a failure. */
void evm_failure(const struct evm *evm, struct failure *out);

/* evm_diagnose() says why no heartbeat came, into cause, as far as what is left tells. */
void evm_diagnose(struct evm *evm);

/* evm_leave_record() leaves the record of a failure, or removes that of an earlier one. */
void evm_leave_record(struct evm *evm);

#endif
