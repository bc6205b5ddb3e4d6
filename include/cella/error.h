/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statuses and errors.
 *
 * An *error* means that a question could not be answered: the input is malformed,
 * something is missing, memory ran out. It never means "no": the answer to a question
 * about evidence is a verdict (verify.h). Statuses are for branching, texts for people.
 */
#ifndef CELLA_ERROR_H
#define CELLA_ERROR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CELLA_MUST_CHECK __attribute__((warn_unused_result))
#define CELLA_EXPORT __attribute__((visibility("default")))
#else
#define CELLA_MUST_CHECK
#define CELLA_EXPORT
#endif

enum cella_status {
	CELLA_OK = 0,
	CELLA_MALFORMED,   /* the input breaks its format; offset says where */
	CELLA_UNSUPPORTED, /* well formed, but a kind that cella does not know */
	CELLA_MISSING,     /* something that is needed was not given */
	CELLA_LIMIT,       /* larger, deeper or more than a documented limit */
	CELLA_IO,          /* a file or a stream failed; sys_errno says how */
	CELLA_NOMEM,       /* memory ran out */
	CELLA_USAGE,       /* the caller broke the contract of a function */
	CELLA_INTERNAL,    /* cella or a library below it failed */
};

/*
 * struct cella_error - what went wrong, in a fixed-size struct that the caller owns, so
 * that reporting cannot fail. It is written only by a function that fails; its text
 * names the object, the field, what was expected and what was found, and is never
 * secret. Every err parameter of this library may be NULL.
 */
struct cella_error {
	enum cella_status status;
	int sys_errno; /* 0 unless the operating system failed */
	size_t offset; /* bytes from the start of the input, when it was input */
	char text[232];
};

/*
 * struct cella_bytes - a borrowed view of bytes. It owns nothing; each function that
 * returns one says how long the bytes stay.
 */
struct cella_bytes {
	const uint8_t *data;
	size_t len;
};

/* cella_status_name() returns a status's name in lower case, "malformed" for instance. */
CELLA_EXPORT const char *cella_status_name(enum cella_status status);

/* cella_version() returns the library's version, "0.1.0" for instance. */
CELLA_EXPORT const char *cella_version(void);

/* cella_free() frees a text or a buffer that a function of this library allocated. */
CELLA_EXPORT void cella_free(void *memory);

#ifdef __cplusplus
}
#endif
#endif
