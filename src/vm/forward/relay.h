/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes between two sockets, both ways, until both ways have ended.
 */
#ifndef VM_FORWARD_RELAY_H
#define VM_FORWARD_RELAY_H

#include "base/bytes.h"

/*
 * relay() passes on what comes, and its end; neither side's slowness makes it hold more than
 * one buffer for each way. It returns when both ways have ended.
 */
void relay(int left, int right);

#endif
