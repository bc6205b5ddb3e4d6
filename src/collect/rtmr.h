/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register for applications, RTMR3: of this TD, or of a simulated platform.
 */
#ifndef COLLECT_RTMR_H
#define COLLECT_RTMR_H

#include "crypto/crypto.h"

/* struct rtmr_place - where the register is. Borrowed. */
struct rtmr_place {
	const char *sysroot; /* in place of "/"; "" for this machine */
	const char *sim_dir; /* a simulated platform, or NULL */
};

/* rtmr3_find() is CELLA_MISSING, and says why, where there is no register to extend. */
enum cella_status rtmr3_find(const struct rtmr_place *place,
			     struct cella_error *err) MUST_CHECK;

/*
 * rtmr_read() reads RTMR0 to RTMR3 where the kernel has files for them: on this machine, or
 * below the sysroot.
 */
enum cella_status rtmr_read(const char *sysroot, unsigned reg, bool *known,
			    uint8_t out[SHA384_LEN], struct cella_error *err) MUST_CHECK;

/*
 * rtmr_extend() extends a register of this machine, or below the sysroot, by a digest:
 * through the kernel's measurement file, or, where there is none, through the device. *how
 * names the way. CELLA_MISSING where there is neither: this is no TD, or its kernel has no
 * way to extend a register. err->sys_errno is what the kernel said.
 */
enum cella_status rtmr_extend(const char *sysroot, unsigned reg,
			      const uint8_t digest[SHA384_LEN], const char **how,
			      struct cella_error *err) MUST_CHECK;

/*
 * rtmr3_read() reads the register. *known is false where it cannot be read without
 * changing it: older kernels have no file for it.
 */
enum cella_status rtmr3_read(const struct rtmr_place *place, bool *known,
			     uint8_t out[SHA384_LEN], struct cella_error *err) MUST_CHECK;

/*
 * rtmr3_extend() extends the register, as rtmr_extend() does, or that of the simulated
 * platform.
 */
enum cella_status rtmr3_extend(const struct rtmr_place *place,
			       const uint8_t digest[SHA384_LEN], const char **how,
			       struct cella_error *err) MUST_CHECK;

#endif
