/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text forms of bytes: hexadecimal, base64, base64url, PEM.
 *
 * All readers are strict: every character must belong to the alphabet, padding and the
 * unused bits of the last character must be canonical.
 */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include "base/bytes.h"

/* hex_write() appends lower-case digits; hex_write_upper() upper-case ones. */
void hex_write(struct out *out, struct cella_bytes bytes);
void hex_write_upper(struct out *out, struct cella_bytes bytes);

/* hex_format() writes 2 * len digits and a terminator into text, and returns text. */
char *hex_format(struct cella_bytes bytes, char *text);

/*
 * hex_read() decodes text of either case into exactly out_len bytes.
 * CELLA_MALFORMED names the first character that is wrong, or the length.
 */
enum cella_status hex_read(struct cella_bytes text, uint8_t *out, size_t out_len,
			   const char *what, struct cella_error *err) MUST_CHECK;

/* hex_append() decodes text of any even length into out. */
enum cella_status hex_append(struct cella_bytes text, struct out *out, const char *what,
			     struct cella_error *err) MUST_CHECK;

/* base64_write() appends the padded form, base64url_write() the unpadded URL form. */
void base64_write(struct out *out, struct cella_bytes bytes);
void base64url_write(struct out *out, struct cella_bytes bytes);

/* base64_append() and base64url_append() decode text into out. */
enum cella_status base64_append(struct cella_bytes text, struct out *out,
				const char *what, struct cella_error *err) MUST_CHECK;
enum cella_status base64url_append(struct cella_bytes text, struct out *out,
				   const char *what, struct cella_error *err) MUST_CHECK;

/*
 * pem_next() finds the next "-----BEGIN <label>-----" block of *text, appends its bytes
 * to out, and narrows *text to what follows the block. *found is false when only white
 * space and NUL terminators are left; anything else between blocks is CELLA_MALFORMED.
 * Offsets of errors count from *text, those in base64 from the body without its line ends.
 */
enum cella_status pem_next(struct cella_bytes *text, const char *label, struct out *out,
			   bool *found, struct cella_error *err) MUST_CHECK;

/* pem_write() appends a PEM block with lines of 64 characters. */
void pem_write(struct out *out, const char *label, struct cella_bytes der);

/* text_is_pem() is true when the bytes hold a PEM block of any label. */
bool text_is_pem(struct cella_bytes text);

/* text_trim() drops white space and NUL terminators at both ends of a text. */
struct cella_bytes text_trim(struct cella_bytes text);

/* ascii_lower() puts a letter of ASCII into lower case, whatever the locale. */
static inline char ascii_lower(char c)
{
	if (c < 'A' || c > 'Z')
		return c;
	return "abcdefghijklmnopqrstuvwxyz"[c - 'A'];
}

/*
 * text_equal_any_case() compares texts, letters of ASCII in either case being equal. It
 * does not ask the locale, in some of which "I" and "i" are different letters.
 */
bool text_equal_any_case(const char *a, const char *b);

/* text_starts_any_case() compares the start of a text likewise. */
bool text_starts_any_case(struct cella_bytes text, const char *start);

#endif
