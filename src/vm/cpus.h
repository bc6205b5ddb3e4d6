/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of processors, in the kernel's form for people: "0-3,8".
 */
#ifndef VM_CPUS_H
#define VM_CPUS_H

#include "base/bytes.h"

enum { CPUS_MAX = 1024, CPUS_WORD_BITS = 64, CPUS_TEXT_MAX = 4096 };

struct cpus {
	uint64_t words[CPUS_MAX / CPUS_WORD_BITS];
};

void cpus_add(struct cpus *cpus, unsigned cpu);
bool cpus_has(const struct cpus *cpus, unsigned cpu);
size_t cpus_count(const struct cpus *cpus);

/* cpus_next() is the first processor of the set from this one on; CPUS_MAX: there is none. */
unsigned cpus_next(const struct cpus *cpus, unsigned from);

/* Sets of sets: what is in both, in either, in the first alone. */
struct cpus cpus_both(const struct cpus *a, const struct cpus *b);
struct cpus cpus_either(const struct cpus *a, const struct cpus *b);
struct cpus cpus_without(const struct cpus *a, const struct cpus *b);
bool cpus_are_equal(const struct cpus *a, const struct cpus *b);
bool cpus_contain(const struct cpus *all, const struct cpus *some);

/*
 * cpus_read() reads a list: ascending numbers and ranges, separated by commas, and nothing
 * else; an empty text is an empty set. CELLA_MALFORMED; CELLA_LIMIT for a processor beyond
 * CPUS_MAX. Errors begin with what.
 */
enum cella_status cpus_read(struct cella_bytes text, const char *what, struct cpus *out,
			    struct cella_error *err) MUST_CHECK;

/* cpus_write() writes the list as cpus_read() reads it. */
void cpus_write(const struct cpus *cpus, struct out *out);

/* cpus_text() is the same in a buffer, cut off to fit; "none" for an empty set. */
const char *cpus_text(const struct cpus *cpus, char *text, size_t size);

#endif
