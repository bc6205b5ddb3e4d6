/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of ports that may be connected to: "9000,7001-7003", "any" or "none".
 */
#ifndef BASE_PORTS_H
#define BASE_PORTS_H

#include "base/bytes.h"

enum { PORTS_MAX_RANGES = 64 };

struct port_range {
	uint32_t first;
	uint32_t last;
};

/* Zero admits nothing. */
struct ports {
	struct port_range ranges[PORTS_MAX_RANGES];
	size_t num;
};

/* ports_read() reads a list. CELLA_USAGE says what is wrong with it. */
enum cella_status ports_read(const char *text, struct ports *out, const char *what,
			     struct cella_error *err) MUST_CHECK;

/* ports_add() adds a range to a list. CELLA_USAGE when there is no room, or it is none. */
enum cella_status ports_add(struct ports *ports, uint64_t first, uint64_t last,
			    const char *what, struct cella_error *err) MUST_CHECK;

bool ports_admit(const struct ports *ports, uint32_t port);

/*
 * ports_settle() sorts the ranges and joins those that touch: two lists that admit the same
 * become equal.
 */
void ports_settle(struct ports *ports);

/* ports_write() appends a settled list, as ports_read() reads it. */
void ports_write(const struct ports *ports, struct out *out);

#endif
