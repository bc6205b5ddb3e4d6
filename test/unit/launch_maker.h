/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The launch of an enclave that does not exist, for tests.
 */
#ifndef TEST_LAUNCH_MAKER_H
#define TEST_LAUNCH_MAKER_H

#include "evidence/launch.h"

#define MADE_KERNEL "kernel bytes"
#define MADE_CMDLINE "console=ttyS0 quiet"
#define MADE_RAMDISK1 "first ramdisk"
#define MADE_RAMDISK2 "second ramdisk"
#define MADE_SIGNER "certificate"

/* These end the process when they fail: for want of memory alone. */
struct launch_digest made_digest(struct cella_bytes bytes);
struct launch_image made_image(void);
struct launch_config made_config(bool debug);
struct launch_plan made_plan(bool debug, struct arena *arena);
struct out made_launch_log(bool debug);

#endif
