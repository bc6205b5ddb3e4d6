/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiler attributes and the cleanup idiom, under short names.
 */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

#include <stdlib.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define COLD __attribute__((cold))
#define UNUSED __attribute__((unused))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* CLEANUP(fn) runs fn(&variable) when the variable goes out of scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* CLEANUP_FREE frees a malloc'ed pointer at the end of its scope. */
#define CLEANUP_FREE CLEANUP(cleanup_free)

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

/* take(&p) hands a pointer over: returns it and leaves NULL behind. */
#define take(pointer) \
	({ \
		__typeof__(*(pointer)) taken_ = *(pointer); \
		*(pointer) = NULL; \
		taken_; \
	})

/* TRY(expr) returns from the calling function with the status of expr unless it is OK. */
#define TRY(expr) \
	do { \
		const enum cella_status try_status_ = (expr); \
		if (try_status_ != CELLA_OK) \
			return try_status_; \
	} while (0)

#endif
