/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cella-unpack may still ask of the kernel once it reads foreign bytes.
 */
#ifndef VM_UNPACK_SANDBOX_H
#define VM_UNPACK_SANDBOX_H

#include <stdbool.h>

/* sandbox_enter() is false when it could not be entered; the reason is on standard error. */
bool sandbox_enter(void);

#endif
