/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that stands for a guest where there is none.
 */
#ifndef VM_MOCK_GUEST_H
#define VM_MOCK_GUEST_H

#include "base/error.h"

/* The word that makes cellad one. */
#define MOCK_GUEST "mock-guest"

/*
 * mock_guest() says that it lives, answers those who connect, and returns when it is asked to
 * stop. Its arguments are three descriptors: a socket that listens for the host's programs,
 * the connection that carries the heartbeat, and one on which any byte, and its end, means
 * to quit.
 */
enum cella_status mock_guest(char *const *argv, struct cella_error *err) MUST_CHECK;

#endif
