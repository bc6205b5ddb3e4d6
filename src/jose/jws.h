/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Web Signatures in the compact form (RFC 7515): ES256 and ES384 only. The algorithm
 * belongs to the key; the header can merely agree. Keys in headers are refused, except
 * where a format (Intel's policies) identifies its signer that way.
 */
#ifndef JOSE_JWS_H
#define JOSE_JWS_H

#include "jose/jwk.h"

enum { JWS_MAX_LEN = 4 << 20 };

/* struct jws - a parsed token; views point into the caller's text or owned memory. */
struct jws {
	struct cella_bytes signing_input;  /* header '.' payload, as received */
	struct cella_bytes signature_text; /* base64url, as received */
	struct cella_bytes payload;        /* decoded */
	enum crypto_curve curve;           /* of the header's alg */
	const char *type;                  /* typ, or NULL */
	json_t *header;
	uint8_t signature[CRYPTO_POINT_MAX];
	size_t signature_len;
	uint8_t *memory;
};

enum jws_header_key { JWS_KEY_REFUSED, JWS_KEY_ALLOWED };

/*
 * jws_parse() takes a token apart without believing it. CELLA_UNSUPPORTED for another
 * algorithm ("none" and HS256 among them); CELLA_MALFORMED for anything else: not three
 * parts, other characters, a header that names keys, critical or unknown processing.
 */
enum cella_status jws_parse(struct cella_bytes text, enum jws_header_key header_key,
			    const char *what, struct jws *out,
			    struct cella_error *err) MUST_CHECK;
void jws_done(struct jws *jws);

/* jws_check() checks the signature; a key on another curve than alg's is a bad one. */
enum cella_status jws_check(const struct jws *jws, const struct crypto_key *key,
			    bool *good, struct cella_error *err) MUST_CHECK;

/*
 * jws_sign() writes header '.' payload '.' signature. CELLA_USAGE when the header's alg is
 * not the signer's. The signer's work is checked before it is handed out: CELLA_INTERNAL
 * when it does not verify. The caller frees *text.
 */
enum cella_status jws_sign(const json_t *header, struct cella_bytes payload,
			   const struct cella_signer *signer, char **text,
			   struct cella_error *err) MUST_CHECK;

static inline void jws_cleanup(struct jws *jws)
{
	jws_done(jws);
}

#endif
