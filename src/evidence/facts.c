/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of facts and their names.
 */
#include "evidence/facts.h"

static const char *const fact_names[] = {
	[CELLA_FACT_NONE] = "",
	[CELLA_FACT_QUOTE_VERSION] = "quote_version",
	[CELLA_FACT_ATT_KEY_TYPE] = "att_key_type",
	[CELLA_FACT_TEE_TYPE] = "tee_type",
	[CELLA_FACT_QE_SVN] = "qe_svn",
	[CELLA_FACT_PCE_SVN] = "pce_svn",
	[CELLA_FACT_VENDOR_ID] = "vendor_id",
	[CELLA_FACT_USER_DATA] = "user_data",
	[CELLA_FACT_BODY_TYPE] = "body_type",
	[CELLA_FACT_CPU_SVN] = "cpu_svn",
	[CELLA_FACT_MISCSELECT] = "miscselect",
	[CELLA_FACT_ISV_EXT_PROD_ID] = "isv_ext_prod_id",
	[CELLA_FACT_SGX_ATTRIBUTES] = "sgx_attributes",
	[CELLA_FACT_MRENCLAVE] = "mrenclave",
	[CELLA_FACT_MRSIGNER] = "mrsigner",
	[CELLA_FACT_CONFIG_ID] = "config_id",
	[CELLA_FACT_ISV_PROD_ID] = "isv_prod_id",
	[CELLA_FACT_ISV_SVN] = "isv_svn",
	[CELLA_FACT_CONFIG_SVN] = "config_svn",
	[CELLA_FACT_ISV_FAMILY_ID] = "isv_family_id",
	[CELLA_FACT_TEE_TCB_SVN] = "tee_tcb_svn",
	[CELLA_FACT_MR_SEAM] = "mr_seam",
	[CELLA_FACT_MRSIGNER_SEAM] = "mrsigner_seam",
	[CELLA_FACT_SEAM_ATTRIBUTES] = "seam_attributes",
	[CELLA_FACT_TD_ATTRIBUTES] = "td_attributes",
	[CELLA_FACT_XFAM] = "xfam",
	[CELLA_FACT_MR_TD] = "mr_td",
	[CELLA_FACT_MR_CONFIG_ID] = "mr_config_id",
	[CELLA_FACT_MR_OWNER] = "mr_owner",
	[CELLA_FACT_MR_OWNER_CONFIG] = "mr_owner_config",
	[CELLA_FACT_RTMR0] = "rtmr0",
	[CELLA_FACT_RTMR1] = "rtmr1",
	[CELLA_FACT_RTMR2] = "rtmr2",
	[CELLA_FACT_RTMR3] = "rtmr3",
	[CELLA_FACT_TEE_TCB_SVN2] = "tee_tcb_svn2",
	[CELLA_FACT_MR_SERVICETD] = "mr_servicetd",
	[CELLA_FACT_VMID] = "vmid",
	[CELLA_FACT_TD_ID] = "td_id",
	[CELLA_FACT_DEV_INFO] = "dev_info",
	[CELLA_FACT_INIT_SERVTD_HASH] = "init_servtd_hash",
	[CELLA_FACT_INIT_SERVTD_ATTR] = "init_servtd_attr",
	[CELLA_FACT_INIT_CPUSVN] = "init_cpusvn",
	[CELLA_FACT_INIT_TEE_TCB_SVN] = "init_tee_tcb_svn",
	[CELLA_FACT_INIT_TEE_FMSPC] = "init_tee_fmspc",
	[CELLA_FACT_CUR_SERVTD_HASH] = "cur_servtd_hash",
	[CELLA_FACT_CUR_SERVTD_ATTR] = "cur_servtd_attr",
	[CELLA_FACT_MISCSELECT_MASK] = "miscselect_mask",
	[CELLA_FACT_SGX_ATTRIBUTES_MASK] = "sgx_attributes_mask",
	[CELLA_FACT_REPORT_DATA] = "report_data",
	[CELLA_FACT_QE_MISCSELECT] = "qe_miscselect",
	[CELLA_FACT_QE_ATTRIBUTES] = "qe_attributes",
	[CELLA_FACT_QE_MRENCLAVE] = "qe_mrenclave",
	[CELLA_FACT_QE_MRSIGNER] = "qe_mrsigner",
	[CELLA_FACT_QE_ISV_PROD_ID] = "qe_isv_prod_id",
	[CELLA_FACT_QE_ISV_SVN] = "qe_isv_svn",
	[CELLA_FACT_CERT_DATA_TYPE] = "cert_data_type",
	[CELLA_FACT_PPID] = "ppid",
	[CELLA_FACT_FMSPC] = "fmspc",
	[CELLA_FACT_PCE_ID] = "pce_id",
	[CELLA_FACT_PCK_CPU_SVN] = "pck_cpu_svn",
	[CELLA_FACT_PCK_TCB_COMPONENTS] = "pck_tcb_components",
	[CELLA_FACT_PCK_PCE_SVN] = "pck_pce_svn",
	[CELLA_FACT_SGX_TYPE] = "sgx_type",
	[CELLA_FACT_PLATFORM_INSTANCE_ID] = "platform_instance_id",
	[CELLA_FACT_DYNAMIC_PLATFORM] = "dynamic_platform",
	[CELLA_FACT_CACHED_KEYS] = "cached_keys",
	[CELLA_FACT_SMT_ENABLED] = "smt_enabled",
	[CELLA_FACT_PCK_CA] = "pck_ca",
	[CELLA_FACT_TCB_STATUS] = "tcb_status",
	[CELLA_FACT_TCB_STATUS_LAUNCH] = "tcb_status_launch",
	[CELLA_FACT_TCB_STATUS_CURRENT] = "tcb_status_current",
	[CELLA_FACT_PLATFORM_TCB_STATUS] = "platform_tcb_status",
	[CELLA_FACT_MODULE_TCB_STATUS] = "module_tcb_status",
	[CELLA_FACT_QE_TCB_STATUS] = "qe_tcb_status",
	[CELLA_FACT_TCB_DATE] = "tcb_date",
	[CELLA_FACT_PLATFORM_TCB_DATE] = "platform_tcb_date",
	[CELLA_FACT_MODULE_TCB_DATE] = "module_tcb_date",
	[CELLA_FACT_QE_TCB_DATE] = "qe_tcb_date",
	[CELLA_FACT_TCB_DATE_CURRENT] = "tcb_date_current",
	[CELLA_FACT_ADVISORY_IDS] = "advisory_ids",
	[CELLA_FACT_ADVISORY_IDS_CURRENT] = "advisory_ids_current",
	[CELLA_FACT_TCB_EVAL_NUM] = "tcb_eval_num",
	[CELLA_FACT_QE_TCB_EVAL_NUM] = "qe_tcb_eval_num",
	[CELLA_FACT_EARLIEST_ISSUE_DATE] = "earliest_issue_date",
	[CELLA_FACT_LATEST_ISSUE_DATE] = "latest_issue_date",
	[CELLA_FACT_EARLIEST_EXPIRATION_DATE] = "earliest_expiration_date",
	[CELLA_FACT_QE_EARLIEST_ISSUE_DATE] = "qe_earliest_issue_date",
	[CELLA_FACT_QE_LATEST_ISSUE_DATE] = "qe_latest_issue_date",
	[CELLA_FACT_QE_EARLIEST_EXPIRATION_DATE] = "qe_earliest_expiration_date",
	[CELLA_FACT_PCK_CRL_NUM] = "pck_crl_num",
	[CELLA_FACT_ROOT_CA_CRL_NUM] = "root_ca_crl_num",
	[CELLA_FACT_ROOT_KEY_ID] = "root_key_id",
	[CELLA_FACT_EVM_PCR0] = "evm_pcr0",
	[CELLA_FACT_EVM_PCR1] = "evm_pcr1",
	[CELLA_FACT_EVM_PCR2] = "evm_pcr2",
	[CELLA_FACT_EVM_PCR3] = "evm_pcr3",
	[CELLA_FACT_EVM_PCR4] = "evm_pcr4",
	[CELLA_FACT_EVM_PCR5] = "evm_pcr5",
	[CELLA_FACT_EVM_PCR6] = "evm_pcr6",
	[CELLA_FACT_EVM_PCR7] = "evm_pcr7",
	[CELLA_FACT_EVM_PCR8] = "evm_pcr8",
	[CELLA_FACT_EVM_PCR9] = "evm_pcr9",
	[CELLA_FACT_EVM_PCR10] = "evm_pcr10",
	[CELLA_FACT_EVM_PCR11] = "evm_pcr11",
	[CELLA_FACT_EVM_PCR12] = "evm_pcr12",
	[CELLA_FACT_EVM_PCR13] = "evm_pcr13",
	[CELLA_FACT_EVM_PCR14] = "evm_pcr14",
	[CELLA_FACT_EVM_PCR15] = "evm_pcr15",
	[CELLA_FACT_EVM_KERNEL] = "evm_kernel",
	[CELLA_FACT_EVM_CMDLINE] = "evm_cmdline",
	[CELLA_FACT_EVM_IMAGE] = "evm_image",
	[CELLA_FACT_EVM_SIGNER] = "evm_signer",
	[CELLA_FACT_EVM_MACHINE] = "evm_machine",
	[CELLA_FACT_EVM_VCPUS] = "evm_vcpus",
	[CELLA_FACT_EVM_MEMORY_MIB] = "evm_memory_mib",
	[CELLA_FACT_EVM_DEBUG] = "evm_debug",
	[CELLA_FACT_EVM_TO_GUEST] = "evm_to_guest",
	[CELLA_FACT_EVM_FROM_GUEST] = "evm_from_guest",
	[CELLA_FACT_EVM_FORWARD] = "evm_forward",
	[CELLA_FACT_EVM_EGRESS] = "evm_egress",
	[CELLA_FACT_EVM_STRENGTH] = "evm_strength",
	[CELLA_FACT_EVM_ROOT] = "evm_root",
};
_Static_assert(ARRAY_LEN(fact_names) == CELLA_FACT_COUNT, "a name per fact");

const char *cella_fact_name(enum cella_fact fact)
{
	return fact > CELLA_FACT_NONE && fact < CELLA_FACT_COUNT ? fact_names[fact]
								 : NULL;
}

void facts_set_bytes(struct cella_facts *facts, enum cella_fact fact,
		     struct cella_bytes bytes)
{
	facts->values[fact] = (struct fact_value){ .type = FACT_BYTES, .bytes = bytes };
}

void facts_set_number(struct cella_facts *facts, enum cella_fact fact, uint64_t number)
{
	facts->values[fact] =
		(struct fact_value){ .type = FACT_NUMBER, .number = number };
}

void facts_set_bool(struct cella_facts *facts, enum cella_fact fact, bool truth)
{
	facts->values[fact] = (struct fact_value){ .type = FACT_BOOL, .truth = truth };
}

void facts_set_time(struct cella_facts *facts, enum cella_fact fact, int64_t time)
{
	facts->values[fact] = (struct fact_value){ .type = FACT_TIME, .time = time };
}

void facts_set_text(struct cella_facts *facts, enum cella_fact fact, const char *text)
{
	facts->values[fact] = (struct fact_value){ .type = FACT_TEXT, .text = text };
}

void facts_set_texts(struct cella_facts *facts, enum cella_fact fact,
		     const char *const *items, size_t num_items)
{
	facts->values[fact] =
		(struct fact_value){ .type = FACT_TEXTS, .texts = { items, num_items } };
}

void facts_add_layout(struct cella_facts *facts, const struct layout *layout,
		      struct cella_bytes structure)
{
	for (size_t i = 0; i < layout->num_fields; i++) {
		const struct field *const field = &layout->fields[i];

		if (field->fact == CELLA_FACT_NONE)
			continue;
		if (field->kind == FIELD_NUMBER)
			facts_set_number(facts, field->fact,
					 field_number(field, structure));
		else
			facts_set_bytes(facts, field->fact, field_of(field, structure));
	}
}

static const struct fact_value *find(const struct cella_facts *facts,
				     enum cella_fact fact, enum fact_type type)
{
	if (fact <= CELLA_FACT_NONE || fact >= CELLA_FACT_COUNT ||
	    facts->values[fact].type != type)
		return NULL;
	return &facts->values[fact];
}

enum fact_type fact_type_of(const struct cella_facts *facts, enum cella_fact fact)
{
	return facts->values[fact].type;
}

bool cella_facts_get(const struct cella_facts *facts, enum cella_fact fact,
		     struct cella_bytes *out)
{
	const struct fact_value *const value = find(facts, fact, FACT_BYTES);

	if (value != NULL)
		*out = value->bytes;
	return value != NULL;
}

bool cella_facts_get_number(const struct cella_facts *facts, enum cella_fact fact,
			    uint64_t *out)
{
	const struct fact_value *const value = find(facts, fact, FACT_NUMBER);

	if (value != NULL)
		*out = value->number;
	return value != NULL;
}

bool cella_facts_get_bool(const struct cella_facts *facts, enum cella_fact fact,
			  bool *out)
{
	const struct fact_value *const value = find(facts, fact, FACT_BOOL);

	if (value != NULL)
		*out = value->truth;
	return value != NULL;
}

bool cella_facts_get_time(const struct cella_facts *facts, enum cella_fact fact,
			  int64_t *out)
{
	const struct fact_value *const value = find(facts, fact, FACT_TIME);

	if (value != NULL)
		*out = value->time;
	return value != NULL;
}

bool cella_facts_get_text(const struct cella_facts *facts, enum cella_fact fact,
			  const char **out)
{
	const struct fact_value *const value = find(facts, fact, FACT_TEXT);

	if (value != NULL)
		*out = value->text;
	return value != NULL;
}

bool cella_facts_get_texts(const struct cella_facts *facts, enum cella_fact fact,
			   const char *const **out, size_t *num_texts)
{
	const struct fact_value *const value = find(facts, fact, FACT_TEXTS);

	if (value == NULL)
		return false;
	*out = value->texts.items;
	*num_texts = value->texts.num_items;
	return true;
}
