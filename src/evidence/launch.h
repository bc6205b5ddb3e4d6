/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measured launch of an Enclave VM: what the host extends into the vTPM before the
 * first instruction of the guest, in this order.
 *
 *   PCR0   H-CRTM over the runtime's identity: version of this plan, machine
 *   PCR4, 8, 9, 11, 12, 13: the debug event first, if the launch is one for debugging
 *   PCR4   the kernel
 *   PCR8   its command line
 *   PCR9   the initial ramdisks, an event each
 *   PCR11  the whole image: kernel, command line and ramdisks, one after the other
 *   PCR12  the certificate of whoever signed the image; nothing for one that is not signed
 *   PCR13  what the host decides: vCPUs, memory, debugging, ways in and out
 *
 * The guest itself extends PCR10 (its kernel's IMA), PCR14 (`cella measure`) and PCR15.
 *
 * The plan is the one truth about these PCRs: it predicts their values, and it is written
 * as the event log (crypto-agile, banks SHA-256 and SHA-384) that the vTPM executes and
 * that evidence carries. Nothing in it depends on the host: no path, time or host name.
 */
#ifndef EVIDENCE_LAUNCH_H
#define EVIDENCE_LAUNCH_H

#include "base/arena.h"
#include "base/ports.h"
#include "crypto/crypto.h"
#include "evidence/event_log.h"

enum {
	LAUNCH_FORMAT =
		1, /* in PCR0: a plan that measures otherwise has another number */
	LAUNCH_LOCALITY = 4,
	LAUNCH_MAX_RAMDISKS = 30, /* EIF: 32 sections, of which two are others */
	LAUNCH_MAX_EVENTS = 48,
	LAUNCH_CMDLINE_MAX = 4096,
	LAUNCH_MAX_FORWARDS = 16,
	LAUNCH_MAX_EGRESS = 64,
	LAUNCH_TEXT_MAX = 272, /* of the machine's name, of one way in or out */
	LAUNCH_NUM_PCRS = 16,  /* PCR0 to PCR15: what evidence is quoted over */
};

enum launch_pcr {
	LAUNCH_PCR_RUNTIME = 0,
	LAUNCH_PCR_KERNEL = 4,
	LAUNCH_PCR_CMDLINE = 8,
	LAUNCH_PCR_RAMDISKS = 9,
	LAUNCH_PCR_IMA = 10, /* the guest's kernel, if it has IMA */
	LAUNCH_PCR_IMAGE = 11,
	LAUNCH_PCR_SIGNER = 12,
	LAUNCH_PCR_CONFIG = 13,
	LAUNCH_PCR_APPLICATION = 14, /* the guest's own: `cella measure` */
	LAUNCH_PCR_USER = 15,
};

/*
 * Texts of the events. The runtime's, the debug event's and the config's are what is
 * measured; so is the command line, after its prefix. The others name what was measured.
 */
#define LAUNCH_MACHINE_FORMAT "cella launch %d\nmachine %s\n"
#define LAUNCH_DEBUG_TEXT "cella debug"
#define LAUNCH_KERNEL_TEXT "cella kernel"
#define LAUNCH_CMDLINE_PREFIX "kernel_cmdline: "
#define LAUNCH_RAMDISK_PREFIX "cella ramdisk "
#define LAUNCH_IMAGE_TEXT "cella image"
#define LAUNCH_SIGNER_TEXT "cella signing certificate"

/* A digest per bank. */
struct launch_digest {
	uint8_t sha256[SHA256_LEN];
	uint8_t sha384[SHA384_LEN];
};

/* launch_digest_of() hashes the concatenation of num_parts views. */
enum cella_status launch_digest_of(const struct cella_bytes *parts, size_t num_parts,
				   struct launch_digest *out,
				   struct cella_error *err) MUST_CHECK;

/* What the image contributes: digests of the sections' bytes. */
struct launch_image {
	struct launch_digest kernel;
	struct cella_bytes cmdline; /* the section's bytes, which the log tells */
	struct launch_digest ramdisks[LAUNCH_MAX_RAMDISKS];
	size_t num_ramdisks;
	struct launch_digest whole; /* kernel || cmdline || ramdisks */
	bool is_signed;
	struct launch_digest signer; /* of the certificate's DER */
};

/* Texts in any order, of which some may be there twice. */
struct launch_texts {
	const char *const *items;
	size_t num_items;
};

/*
 * What the host decides. The ways in and out are all that there are: a guest has no network
 * but its vsock ports. Where to an application may is written in lower case, addresses in
 * their one form (vm/network.h makes it).
 */
struct launch_config {
	unsigned vcpus;
	unsigned memory_mib;
	bool debug;
	struct ports to_guest;   /* ports of the guest that its host may reach */
	struct ports from_guest; /* ports of the host that the guest may reach */
	struct launch_texts
		forward; /* "127.0.0.1:8080:5000": the host's, the guest's port */
	struct launch_texts
		egress; /* "example.org:443": what the host connects it with */
};

/*
 * launch_texts_settle() writes a list sorted and without repetitions; out has room for
 * num_items. It returns how many there are.
 */
size_t launch_texts_settle(const struct launch_texts *texts, const char **out);

/* launch_config_write() appends the canonical text, which PCR13 is measured from. */
enum cella_status launch_config_write(const struct launch_config *config, struct out *out,
				      struct cella_error *err) MUST_CHECK;

/* launch_config_read() reads it; only what launch_config_write() writes is read. */
enum cella_status launch_config_read(struct cella_bytes text, struct arena *arena,
				     struct launch_config *out,
				     struct cella_error *err) MUST_CHECK;

struct launch_event {
	unsigned pcr;
	uint32_t type;
	struct launch_digest digest;
	struct cella_bytes data;
};

/* struct launch_plan - the events in the order of measuring. The first is the H-CRTM's. */
struct launch_plan {
	struct launch_event events[LAUNCH_MAX_EVENTS];
	size_t num_events;
};

/*
 * launch_plan_make() makes the plan for a machine type ("q35"). config may be NULL: then
 * PCR13 is not told, and with it not whether the launch is for debugging; for predictions
 * only. Texts that are made live in the arena; the command line is borrowed.
 * CELLA_LIMIT and CELLA_USAGE name what cannot be measured.
 */
enum cella_status launch_plan_make(const char *machine, const struct launch_image *image,
				   const struct launch_config *config,
				   struct arena *arena, struct launch_plan *out,
				   struct cella_error *err) MUST_CHECK;

/* PCR0 to PCR15 of both banks. */
struct launch_pcrs {
	struct launch_digest pcr[LAUNCH_NUM_PCRS];
};

/* launch_predict() folds the events into the values that the PCRs have at the start. */
enum cella_status launch_predict(const struct launch_plan *plan, struct launch_pcrs *out,
				 struct cella_error *err) MUST_CHECK;

/* launch_log_write() appends the event log. */
enum cella_status launch_log_write(const struct launch_plan *plan, struct out *out,
				   struct cella_error *err) MUST_CHECK;

/* What a log of a launch tells. */
struct launch_told {
	const char *machine;
	struct launch_image image;
	struct launch_config config;
	size_t num_events; /* of the log; those that follow are the guest's */
};

/* launch_pcr_is_guests() is true for the PCRs that the guest extends, not the host. */
bool launch_pcr_is_guests(unsigned pcr);

/*
 * launch_log_read() reads back what a plan was made of, and refuses every log that does not
 * begin, byte for byte, with the log that launch_log_write() writes of it: other hashes,
 * another order, a PCR too many, a text that is not what its digest is of, debugging that
 * is told in one place and not in the others. The events that follow may be of PCR10,
 * PCR14 and PCR15 alone, which are the guest's; those of PCR14 are tagged events of applications,
 * whose digests are of what they say. CELLA_MALFORMED names the event. What is told lives in
 * the arena and in the log.
 */
enum cella_status launch_log_read(const struct cella_event_log *log, struct arena *arena,
				  struct launch_told *out,
				  struct cella_error *err) MUST_CHECK;

#endif
