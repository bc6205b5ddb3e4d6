/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-384 piece by piece, by OpenSSL's primitive as in verify.c.
 */
#include "crypto/hasher.h"

#include "crypto/ossl.h"

#include <openssl/sha.h>

struct sha384_hasher {
	SHA512_CTX ctx;
};

enum cella_status sha384_new(struct sha384_hasher **out, struct cella_error *err)
{
	struct sha384_hasher *const hasher = calloc(1, sizeof *hasher);

	if (hasher == NULL)
		return error_nomem(err);
	SHA384_Init(&hasher->ctx);
	*out = hasher;
	return CELLA_OK;
}

void sha384_add(struct sha384_hasher *hasher, struct cella_bytes bytes)
{
	SHA384_Update(&hasher->ctx, bytes.data, bytes.len);
}

void sha384_finish(struct sha384_hasher *hasher, uint8_t out[SHA384_LEN])
{
	SHA384_Final(out, &hasher->ctx);
}

void sha384_free(struct sha384_hasher *hasher)
{
	free(hasher);
}
