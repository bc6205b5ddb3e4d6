/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bump allocator for objects that die together: a verdict's texts, a document's levels.
 * Failure sticks; ask arena_status() once at the end.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/bytes.h"

struct arena {
	struct arena_chunk *chunks;
	bool failed;
};

/* arena_alloc() returns zeroed memory for count objects of size bytes, or NULL. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);

/* arena_text() formats a text; it returns "" when memory ran out, never NULL. */
const char *arena_text(struct arena *arena, const char *format, ...) PRINTF(2, 3);

/* arena_copy() copies a text of len characters and terminates it. */
const char *arena_copy(struct arena *arena, const void *text, size_t len);

/* arena_out() copies a text that was built; its failure is the arena's. */
const char *arena_out(struct arena *arena, const struct out *text);

/* arena_hex() returns a view's lower-case hexadecimal digits. */
const char *arena_hex(struct arena *arena, struct cella_bytes bytes);

enum cella_status arena_status(const struct arena *arena,
			       struct cella_error *err) MUST_CHECK;

/* arena_done() frees everything. */
void arena_done(struct arena *arena);

#endif
