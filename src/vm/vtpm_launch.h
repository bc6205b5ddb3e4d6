/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The launch of the guest, as its TPM sees it: everything between power-on and the guest's
 * first command.
 */
#ifndef VM_VTPM_LAUNCH_H
#define VM_VTPM_LAUNCH_H

#include "evidence/launch.h"

/* Where the guest finds what evidence is made of: the numbers that Azure's vTPM uses. */
enum {
	VTPM_AK_HANDLE = 0x81000003,
	VTPM_NV_CERTIFICATE = 0x01c101d0,
	VTPM_NV_LOG = 0x01c101d8, /* and the indices after it, until there is none */
	VTPM_NV_LOG_MAX = 16,     /* indices */
	VTPM_NV_INDEX_LEN = 2048, /* bytes of each but the last */
	VTPM_CERTIFICATE_MAX = 2048,
	VTPM_PUBLIC_MAX = 512, /* TPM2B_PUBLIC of the attestation key */
	VTPM_LAUNCH_MAX = VTPM_NV_LOG_MAX * VTPM_NV_INDEX_LEN,
};

/*
 * Asks for a certificate of the attestation key: public_area is its TPM2B_PUBLIC, DER comes
 * back.
 */
typedef enum cella_status vtpm_certify_fn(void *context, struct cella_bytes public_area,
					  struct out *certificate,
					  struct cella_error *err);

struct vtpm_launch {
	struct cella_bytes log; /* which the guest finds */
	struct launch_plan plan;
	bool is_restored; /* the TPM has lived before: what was left for guests is removed */
	vtpm_certify_fn *certify;
	void *context;
};

/*
 * vtpm_launch_read() makes the plan of a launch's log, nothing of the guest's in it. The
 * plan's texts live in the arena.
 */
enum cella_status vtpm_launch_read(struct cella_bytes bytes, struct arena *arena,
				   struct launch_plan *out,
				   struct cella_error *err) MUST_CHECK;

/*
 * vtpm_launch_run() powers the TPM on and measures: H-CRTM, TPM2_Startup, the extends; then
 * the attestation key, its certificate and the log, and the platform hierarchy is closed,
 * which could undo these. After an error the TPM must not be used.
 */
enum cella_status vtpm_launch_run(const struct vtpm_launch *launch,
				  struct cella_error *err) MUST_CHECK;

#endif
