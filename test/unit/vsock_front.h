/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A front-end and its guest, for tests of the program cella-vsock: starts it, says what QEMU
 * says, and plays the driver.
 */
#ifndef TEST_VSOCK_FRONT_H
#define TEST_VSOCK_FRONT_H

#include "vsock_driver.h"

#include <sys/types.h>

struct front {
	struct driver driver;
	int kick[DRIVER_NUM_QUEUES];
	int call[DRIVER_NUM_QUEUES];
	int fd;   /* to cella-vsock */
	int said; /* what it says on standard error */
	pid_t pid;
	char folder[64];
	char text[512]; /* what it has said, once it has ended */
};

/*
 * front_start() starts the program that CELLA_VSOCK names, or `program`, with more options
 * (NULL at the end), and connects.
 */
void front_start(struct front *front, const char *program, const char *const *options);

/* front_say() sends one message; front_hear() gets the answer's payload, of that length. */
void front_say(struct front *front, uint32_t request, const void *payload, uint32_t len,
	       const int *fds, size_t num_fds);
void front_hear(struct front *front, void *payload, uint32_t len);

/* front_drive() says all that is needed for the driver to work. */
void front_drive(struct front *front);

/* front_drive_again() gives it the rings of a driver that comes back. */
void front_drive_again(struct front *front);

/* front_stop_rings() has the rings stopped, as when the guest resets its device. */
void front_stop_rings(struct front *front);

/* front_kick() notifies of a queue if the device wants to be. */
void front_kick(struct front *front, unsigned queue);

/* front_listen() listens at a port of the host; front_dial() connects to the base socket. */
int front_listen(struct front *front, uint32_t port);
int front_dial(struct front *front);

/* front_finish() hangs up, waits, and returns the exit status, -1 for a signal. */
int front_finish(struct front *front);

/* front_wait() waits for its end without hanging up. */
int front_wait(struct front *front);

#endif
