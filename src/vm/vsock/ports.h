/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of ports that may be connected to: "9000,7001-7003", "any" or "none".
 */
#ifndef VM_VSOCK_PORTS_H
#define VM_VSOCK_PORTS_H

#include "base/bytes.h"

enum { PORTS_MAX_RANGES = 64 };

/* Zero admits nothing. */
struct ports {
	struct {
		uint32_t first;
		uint32_t last;
	} ranges[PORTS_MAX_RANGES];
	size_t num;
};

/* ports_read() reads a list. CELLA_USAGE says what is wrong with it. */
enum cella_status ports_read(const char *text, struct ports *out, const char *what,
			     struct cella_error *err) MUST_CHECK;

bool ports_admit(const struct ports *ports, uint32_t port);

#endif
