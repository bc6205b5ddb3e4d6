/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys: JWK, JWK sets, PEM keys and certificates; and private ones in PEM. */
#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct private_key *private_key = NULL;
	struct cella_keys *keys = NULL;
	struct cella_error err = { 0 };
	size_t num;

	MUST(cella_keys_new(&keys, NULL) == CELLA_OK);
	if (fuzz_failed(cella_keys_add(keys, data, size, &err), &err, size)) {
		MUST(cella_keys_count(keys) == 0);
	} else {
		num = cella_keys_count(keys);
		for (size_t i = 0; i < num; i++)
			MUST(strlen(cella_keys_thumbprint(keys, i)) == 43);
		/* The same keys once more are the same keys. */
		MUST(cella_keys_add(keys, data, size, &err) == CELLA_OK);
		MUST(cella_keys_count(keys) >= num);
	}
	cella_keys_free(keys);
	if (private_key_parse(bytes_of(data, size), &private_key, &err) == CELLA_OK)
		MUST(private_key_point(private_key).len > 0);
	private_key_free(private_key);
	return 0;
}
