/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bump allocator.
 */
#include "base/arena.h"

#include "base/encode.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CHUNK_LEN = 4096, ALIGNMENT = _Alignof(max_align_t) };

struct arena_chunk {
	struct arena_chunk *next;
	size_t used;
	size_t len;
	_Alignas(max_align_t) uint8_t data[];
};

static struct arena_chunk *chunk_new(struct arena *arena, size_t needed)
{
	const size_t len = needed > CHUNK_LEN ? needed : CHUNK_LEN;
	struct arena_chunk *const chunk = malloc(sizeof *chunk + len);

	if (chunk == NULL) {
		arena->failed = true;
		return NULL;
	}
	*chunk = (struct arena_chunk){ .next = arena->chunks, .len = len };
	arena->chunks = chunk;
	return chunk;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
	struct arena_chunk *chunk = arena->chunks;
	size_t needed;
	void *memory;

	if (arena->failed || (size > 0 && count > (SIZE_MAX / 4) / size)) {
		arena->failed = true;
		return NULL;
	}
	needed = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (chunk == NULL || chunk->len - chunk->used < needed)
		chunk = chunk_new(arena, needed);
	if (chunk == NULL)
		return NULL;
	memory = chunk->data + chunk->used;
	chunk->used += needed;
	return memset(memory, 0, needed);
}

const char *arena_text(struct arena *arena, const char *format, ...)
{
	char small[256];
	va_list args;
	va_list again;
	char *text;
	int needed;

	va_start(args, format);
	va_copy(again, args);
	needed = vsnprintf(small, sizeof small, format, args);
	va_end(args);
	text = needed < 0 ? NULL : arena_alloc(arena, (size_t)needed + 1, 1);
	if (text != NULL && (size_t)needed < sizeof small)
		memcpy(text, small, (size_t)needed);
	else if (text != NULL)
		vsnprintf(text, (size_t)needed + 1, format, again);
	va_end(again);
	return text != NULL ? text : "";
}

const char *arena_copy(struct arena *arena, const void *text, size_t len)
{
	char *const copy = arena_alloc(arena, len + 1, 1);

	if (copy == NULL)
		return "";
	if (len > 0)
		memcpy(copy, text, len);
	return copy;
}

const char *arena_out(struct arena *arena, const struct out *text)
{
	arena->failed = arena->failed || text->failed;
	return arena_copy(arena, text->data, text->len);
}

const char *arena_hex(struct arena *arena, struct cella_bytes bytes)
{
	char *const text = arena_alloc(arena, 2 * bytes.len + 1, 1);

	return text != NULL ? hex_format(bytes, text) : "";
}

enum cella_status arena_status(const struct arena *arena, struct cella_error *err)
{
	return arena->failed ? error_nomem(err) : CELLA_OK;
}

void arena_done(struct arena *arena)
{
	while (arena->chunks != NULL) {
		struct arena_chunk *const chunk = arena->chunks;

		arena->chunks = chunk->next;
		free(chunk);
	}
	*arena = (struct arena){ 0 };
}
