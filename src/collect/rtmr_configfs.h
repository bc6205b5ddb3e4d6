/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers behind configfs (tsm/rtmrs), as some clouds' kernels before Linux 6.16 have
 * them: a folder in it is tied to a register by its file `index`, once, and only one can be;
 * what is written to its file `digest` extends the register, and reading that tells it.
 */
#ifndef COLLECT_RTMR_CONFIGFS_H
#define COLLECT_RTMR_CONFIGFS_H

#include "crypto/crypto.h"

/*
 * rtmr_configfs_read() reads a register through the entry that somebody has made for it. False where
 * there is none: to read is no reason to make one.
 */
bool rtmr_configfs_read(const char *folder, unsigned reg, uint8_t out[SHA384_LEN]);

/*
 * rtmr_configfs_extend() extends a register, and sees to it that it was: the kernel takes in what
 * is written when the file is closed, and cannot tell of failure. Makes the entry where
 * nobody has, and leaves it to others, who would have to share it anyway.
 */
enum cella_status rtmr_configfs_extend(const char *folder, unsigned reg,
				       const uint8_t digest[SHA384_LEN],
				       struct cella_error *err) MUST_CHECK;

#endif
