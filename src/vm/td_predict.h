/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a trust domain measures that boots a kernel, a command line and a ramdisk by a firmware
 * of the TDVF kind, started by QEMU. MRTD is the firmware's; RTMR1 has the kernel; RTMR2 its
 * command line and ramdisk. RTMR0 depends on memory, devices and QEMU's tables, and RTMR3 is
 * the guest's: neither is predicted.
 *
 * Not run on hardware. The kernel's digest is what its own signature says, and the order of
 * events is that of real logs; MRTD is as the specifications say, and was compared with none.
 */
#ifndef VM_TD_PREDICT_H
#define VM_TD_PREDICT_H

#include "crypto/crypto.h"

struct td_digest {
	uint8_t bytes[SHA384_LEN];
};

/*
 * td_firmware_mrtd() tells the MRTD that a firmware's file leads to, on Linux 6.16 and later,
 * which adds a page and extends the measurement by it before the next. CELLA_MALFORMED and
 * CELLA_UNSUPPORTED name what the file lacks.
 */
enum cella_status td_firmware_mrtd(struct cella_bytes firmware, struct td_digest *out,
				   struct cella_error *err) MUST_CHECK;

/* td_kernel_digest() is the Authenticode digest of a kernel with an EFI stub. */
enum cella_status td_kernel_digest(struct cella_bytes kernel, enum crypto_hash hash,
				   uint8_t *out, struct cella_error *err) MUST_CHECK;

/* The digests of what RTMR1 and RTMR2 are extended with, but for firmware's markers. */
struct td_events {
	struct td_digest kernel;
	struct td_digest cmdline; /* in UTF-16, with what the firmware adds to it */
	struct td_digest ramdisk;
};

/* td_events_of() digests them. */
enum cella_status td_events_of(struct cella_bytes kernel, struct cella_bytes cmdline,
			       const struct cella_bytes *ramdisks, size_t num_ramdisks,
			       struct td_events *out, struct cella_error *err) MUST_CHECK;

struct td_rtmrs {
	struct td_digest rtmr1;
	struct td_digest rtmr2;
};

/* td_fold() folds them, in the order of a direct boot. */
enum cella_status td_fold(const struct td_events *events, struct td_rtmrs *out,
			  struct cella_error *err) MUST_CHECK;

#endif
