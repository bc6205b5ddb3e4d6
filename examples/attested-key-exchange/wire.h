/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages over a UNIX socket: a length of four bytes, big endian, and that many bytes.
 */
#ifndef WIRE_H
#define WIRE_H

#include "sample.h"

/* Both give a connection up that is silent for this long. */
enum { SILENCE_MAX_S = 30 };

/*
 * wire_listen() makes a socket that only this user can connect to, and says so on standard
 * output; -1 on failure.
 */
int wire_listen(const char *path);
int wire_accept(int listener);
int wire_connect(const char *path);

bool wire_send(int fd, const void *data, size_t len);
bool wire_receive(int fd, size_t max_len, struct buffer *out);

#endif
