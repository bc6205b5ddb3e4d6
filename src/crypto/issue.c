/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECDSA signatures with a choice of hash, in DER.
 */
#include "crypto/issue.h"

#include "crypto/ossl.h"

enum { DER_SIGNATURE_MAX = 128 };

static const EVP_MD *digest(enum sim_issue_hash hash)
{
	switch (hash) {
	case SIM_ISSUE_SHA256:
		return EVP_sha256();
	case SIM_ISSUE_SHA384:
		return EVP_sha384();
	case SIM_ISSUE_SHA1:
		return EVP_sha1();
	}
	return NULL;
}

enum cella_status sim_issue_signature(const struct private_key *key,
				      enum sim_issue_hash hash,
				      struct cella_bytes message, struct out *out,
				      struct cella_error *err)
{
	uint8_t der[DER_SIGNATURE_MAX];
	size_t len = sizeof der;
	EVP_MD_CTX *ctx;
	bool done;

	TRY(ossl_begin(err));
	ctx = EVP_MD_CTX_new();
	done = ctx != NULL &&
	       EVP_DigestSignInit(ctx, NULL, digest(hash), NULL,
				  private_key_handle(key)) == 1 &&
	       EVP_DigestSign(ctx, der, &len, message.data, message.len) == 1;
	EVP_MD_CTX_free(ctx);
	if (!done)
		return ossl_failure(err, CELLA_INTERNAL, "issuer's key cannot sign");
	out_bytes(out, der, len);
	return out_status(out, err);
}
