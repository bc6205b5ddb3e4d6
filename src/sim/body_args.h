/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options that choose what a simulated TD or enclave measures, one per field of its body.
 */
#ifndef SIM_BODY_ARGS_H
#define SIM_BODY_ARGS_H

#include "cli/cli.h"
#include "evidence/field.h"

/* F(option, field of the layout, help); the member is named as the field. */
#define SIM_TD_FIELDS(F) \
	F("mr-td", mr_td, "the TD's initial contents") \
	F("mr-config-id", mr_config_id, "the owner's configuration") \
	F("mr-owner", mr_owner, "the owner") \
	F("mr-owner-config", mr_owner_config, "the owner's other configuration") \
	F("rtmr0", rtmr0, "runtime measurement register 0") \
	F("rtmr1", rtmr1, "runtime measurement register 1") \
	F("rtmr2", rtmr2, "runtime measurement register 2") \
	F("rtmr3", rtmr3, "runtime measurement register 3") \
	F("mr-servicetd", mr_servicetd, "the bound service TDs") \
	F("mr-seam", mr_seam, "the TDX module") \
	F("attributes", td_attributes, "the TD's attributes; 0x…: as a number") \
	F("xfam", xfam, "extended features; 0x…: as a number") \
	F("tee-tcb-svn", tee_tcb_svn, "the module's SVNs at launch") \
	F("tee-tcb-svn2", tee_tcb_svn2, "the module's SVNs now")

#define SIM_ENCLAVE_FIELDS(F) \
	F("mrenclave", mrenclave, "the enclave") \
	F("mrsigner", mrsigner, "its signer") \
	F("sgx-attributes", attributes, "the enclave's attributes") \
	F("isv-prod-id", isv_prod_id, "its product; a number") \
	F("isv-svn", isv_svn, "its SVN; a number") \
	F("config-id", config_id, "its configuration") \
	F("config-svn", config_svn, "its configuration's SVN; a number")

#define SIM_BODY_MEMBER(option, field, help) const char *field;

struct sim_td_args {
	SIM_TD_FIELDS(SIM_BODY_MEMBER)
};
struct sim_enclave_args {
	SIM_ENCLAVE_FIELDS(SIM_BODY_MEMBER)
};

/* A row of a command's option table; its arguments have members td and enclave. */
#define SIM_TD_OPTION(option, field, help) \
	{ option, 0, "HEX", OPTION_TEXT, ARG(td.field), help },
#define SIM_ENCLAVE_OPTION(option, field, help) \
	{ option, 0, "VALUE", OPTION_TEXT, ARG(enclave.field), help },

/* The fields that options name, applied to a body of a layout. CELLA_USAGE otherwise. */
enum cella_status sim_td_args_apply(const struct sim_td_args *args,
				    const struct layout *layout, uint8_t *body,
				    struct cella_error *err) MUST_CHECK;
enum cella_status sim_enclave_args_apply(const struct sim_enclave_args *args,
					 const struct layout *layout, uint8_t *body,
					 struct cella_error *err) MUST_CHECK;

#endif
