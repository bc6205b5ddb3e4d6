/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate chains in PEM: any role, and once more from what was understood. */
#include "fuzz.h"

#include "base/encode.h"
#include "collateral/cert_chain.h"
#include "collateral/describe.h"

#include <string.h>

static void describe(const struct cert_chain *chain)
{
	struct out text CLEANUP(out_done) = { 0 };
	json_t *list CLEANUP_JSON = json_array();

	MUST(chain_describe_text(chain, &text, NULL) == CELLA_OK);
	MUST(chain_describe(chain, list, NULL) == CELLA_OK);
	MUST(json_array_size(list) == chain->num_certs);
}

static void parse_again(const struct cert_chain *chain)
{
	struct cert_chain again CLEANUP(cert_chain_done) = { 0 };
	struct out pem CLEANUP(out_done) = { 0 };

	for (size_t i = 0; i < chain->num_certs; i++)
		pem_write(&pem, "CERTIFICATE", chain->certs[i]->x509->der);
	MUST(cert_chain_parse(out_view(&pem), NULL, 0, "written", &again, NULL) ==
	     CELLA_OK);
	MUST(again.num_certs == chain->num_certs);
	for (size_t i = 0; i < chain->num_certs; i++)
		MUST(memcmp(again.certs[i]->x509->sha256, chain->certs[i]->x509->sha256,
			    SHA256_LEN) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cert_chain chain CLEANUP(cert_chain_done) = { 0 };
	struct cella_error err = { 0 };

	if (fuzz_failed(cert_chain_parse(bytes_of(data, size), NULL, 0, "chain", &chain,
					 &err),
			&err, size))
		return 0;
	MUST(chain.num_certs > 0 && chain.num_certs <= CHAIN_MAX_CERTS);
	for (int role = CHAIN_PCK; role <= CHAIN_ROOT; role++) {
		const char *fault = NULL;
		size_t at = 0;

		MUST(cert_chain_check(&chain, (enum chain_role)role, &fault, &at, &err) ==
		     CELLA_OK);
		MUST(fault == NULL || at <= chain.num_certs);
	}
	describe(&chain);
	parse_again(&chain);
	return 0;
}
