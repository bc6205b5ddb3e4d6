/* SPDX-License-Identifier: Apache-2.0 */
/* The file of a service: what is read is within its limits, and what is not is explained. */
#include "fuzz.h"

#include "vm/enclave_conf.h"
#include "vm/evm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct enclave_conf conf CLEANUP(enclave_conf_done) = { .text = NULL };
	struct cella_error err = { 0 };

	if (fuzz_failed(enclave_conf_parse(bytes_of(data, size), "f", &conf, &err), &err,
			size)) {
		MUST(conf.text == NULL);
		return 0;
	}
	MUST(conf.image[0] == '/' && conf.host[0] == '/');
	MUST(conf.vcpus <= EVM_MAX_VCPUS);
	MUST(conf.memory_mib == 0 || conf.memory_mib >= EVM_MIN_MEMORY_MIB);
	MUST(conf.cid == 0 || conf.cid >= EVM_MIN_CID);
	MUST(conf.boot_timeout >= 1 && conf.boot_timeout <= ENCLAVE_CONF_MAX_SECONDS);
	MUST(conf.enclaves_max >= 1 && conf.restart <= RESTART_ALWAYS);
	MUST(strcmp(conf.ports_out, "any") != 0 && conf.qemu[0] != '\0');
	return 0;
}
