/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCB information of version 3 (PCS API version 4, "Get TCB Info"): the security levels of
 * one family of platforms, for SGX or for TDX.
 */
#ifndef COLLATERAL_TCB_INFO_H
#define COLLATERAL_TCB_INFO_H

#include "collateral/pck_ext.h"
#include "collateral/tcb.h"

enum tcb_tee { TCB_TEE_SGX, TCB_TEE_TDX };

struct tcb_component {
	uint8_t svn;
	const char *category; /* "BIOS", "OS/VMM"; NULL when the document does not say */
	const char *type;     /* "TDX Module"; likewise */
};

struct tcb_level {
	struct tcb_component sgx[TCB_COMPONENTS];
	struct tcb_component tdx[TCB_COMPONENTS];
	uint16_t pce_svn;
	struct tcb_standing standing;
};

/* What identifies a TDX module: its signer and its attributes under a mask. */
struct tdx_module {
	const char *id; /* "TDX_01"; NULL for the module of version 0 */
	uint8_t mrsigner[48];
	uint8_t attributes[8];
	uint8_t attributes_mask[8];
	struct isv_level *levels; /* falling; none for the module of version 0 */
	size_t num_levels;
};

/* struct tcb_info - one document; owns the parsed JSON that its texts point into. */
struct tcb_info {
	enum tcb_tee tee;
	int64_t issue_date;
	int64_t next_update;
	uint8_t fmspc[FMSPC_LEN];
	uint8_t pce_id[PCE_ID_LEN];
	uint32_t evaluation_number;
	struct tdx_module module; /* TDX: version 0 */
	struct tdx_module *modules;
	size_t num_modules;
	struct tcb_level *levels; /* falling: SGX components, PCE SVN, TDX components */
	size_t num_levels;
	json_t *json;
	struct arena arena;
};

/* tcb_info_parse() parses the inner object, the bytes that are signed. */
enum cella_status tcb_info_parse(struct cella_bytes text, struct tcb_info *out,
				 struct cella_error *err) MUST_CHECK;
void tcb_info_done(struct tcb_info *info);

/* tcb_info_module() finds the identity of a TDX module's major version; NULL if none. */
const struct tdx_module *tcb_info_module(const struct tcb_info *info, uint8_t major);

#endif
