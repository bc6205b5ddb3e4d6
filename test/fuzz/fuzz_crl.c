/* SPDX-License-Identifier: Apache-2.0 */
/* Revocation lists in DER, or in PEM. */
#include "fuzz.h"

#include "base/encode.h"
#include "crypto/crypto.h"

#include <string.h>

static int compare(const struct crypto_serial *a, const struct crypto_serial *b)
{
	return a->len != b->len ? a->len - b->len : memcmp(a->bytes, b->bytes, a->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cella_bytes der = bytes_of(data, size);
	struct out decoded CLEANUP(out_done) = { 0 };
	struct crypto_crl *crl = NULL;
	struct cella_error err = { 0 };
	bool found = false;

	if (text_is_pem(der)) {
		if (pem_next(&der, "X509 CRL", &decoded, &found, NULL) != CELLA_OK)
			return 0;
		der = out_view(&decoded);
	}
	if (fuzz_failed(crypto_crl_parse(der, &crl, &err), &err, der.len))
		return 0;
	MUST(bytes_equal(crl->der, der));
	MUST(fuzz_inside(crl->signed_part.tbs, crl->der.data, crl->der.len));
	for (size_t i = 1; i < crl->num_revoked; i++)
		MUST(compare(&crl->revoked[i - 1], &crl->revoked[i]) <= 0);
	crypto_crl_free(crl);
	return 0;
}
