/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SGX extension of a PCK certificate, 1.2.840.113741.1.13.1 (Intel SGX PCK Certificate
 * and CRL Profile Specification, section 1.3.5): which platform this is and at which TCB
 * it is registered.
 */
#ifndef COLLATERAL_PCK_EXT_H
#define COLLATERAL_PCK_EXT_H

#include "base/bytes.h"

enum { TCB_COMPONENTS = 16, FMSPC_LEN = 6, PCE_ID_LEN = 2, PPID_LEN = 16 };

enum pck_sgx_type { PCK_SGX_STANDARD, PCK_SGX_SCALABLE, PCK_SGX_SCALABLE_INTEGRITY };

struct pck_ext {
	uint8_t ppid[PPID_LEN];
	uint8_t components[TCB_COMPONENTS];
	uint16_t pce_svn;
	uint8_t cpu_svn[16];
	uint8_t pce_id[PCE_ID_LEN];
	uint8_t fmspc[FMSPC_LEN];
	enum pck_sgx_type sgx_type;
	bool is_platform; /* issued by the platform CA: has what follows */
	uint8_t platform_instance_id[16];
	bool dynamic_platform;
	bool cached_keys;
	bool smt_enabled;
};

/*
 * pck_ext_parse() parses the extension's contents: five elements in a certificate of the
 * processor CA, seven in one of the platform CA, in the order of the specification.
 */
enum cella_status pck_ext_parse(struct cella_bytes extension, bool is_platform,
				struct pck_ext *out, struct cella_error *err) MUST_CHECK;

#endif
