/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classes and keys of policies, as Intel's appraisal engine names them; and those of Enclave
 * VMs, of which it knows nothing.
 */
#include "appraise/policy_key.h"

#include "base/encode.h"

#include <string.h>

#define PLATFORM_FLAGS \
	{ \
		"tcb_status", "expiration_date", "earliest_accepted_tcb_level_date_tag", \
			"accepted_tcb_level_date_tag", "tcb_eval_num", \
			"platform_provider_id", "dynamic_platform", "cached_keys", \
			"smt_enabled", "advisory_ids", "sgx_types" \
	}
#define TD_FLAGS \
	{ \
		"attributes", "xfam", "mrconfigid", "mrowner", "mrownerconfig", "mrtd", \
			"rtmr0", "rtmr1", "rtmr2", "rtmr3", "mrservicetd" \
	}

const struct policy_class policy_classes[CLASS_COUNT] = {
	[CLASS_SGX_PLATFORM] = { "3123ec35-8d38-4ea5-87a5-d6c48b567570", "SGX platform",
				 SLOT_PLATFORM, false, "SGX Platform TCB", "description",
				 "Strict SGX platform", "", PLATFORM_FLAGS },
	/* "miscselcect" is the engine's own spelling. */
	[CLASS_SGX_ENCLAVE] = { "bef7cb8c-31aa-42c1-854c-10db005d5c41",
				"SGX enclave",
				SLOT_TENANT,
				false,
				"Application Enclave TCB",
				"description",
				"Application Enclave TCB",
				"sgx_",
				{ "miscselcect", "attributes", "ce_attributes",
				  "mrenclave", "mrsigner", "isvprod_id", "isvsvn",
				  "configid", "configsvn", "isvextprodid",
				  "isvfamilyid" } },
	[CLASS_TDX_PLATFORM_10] = { "9eec018b-7481-4b1c-8e1a-9f7c0c8c777f",
				    "TDX platform 1.0", SLOT_PLATFORM, true,
				    "TDX Platform TCB", "description",
				    "Strict TDX platform 1.0", "", PLATFORM_FLAGS },
	[CLASS_TDX_PLATFORM_15] = { "f708b97f-0fb2-4e6b-8b03-8a5bcd1221d3",
				    "TDX platform 1.5", SLOT_PLATFORM, true,
				    "TDX Platform TCB", "description",
				    "Strict TDX platform 1.5", "", PLATFORM_FLAGS },
	[CLASS_TDQE] = { "3769258c-75e6-4bc7-8d72-d2b0e224cad2",
			 "TD quoting enclave",
			 SLOT_QE,
			 true,
			 "RAW TDX QE Report",
			 "Description",
			 "Strict TD quoting enclave",
			 "td_qe_",
			 { "tcb_status", "expiration_date",
			   "earliest_accepted_tcb_level_date_tag",
			   "accepted_tcb_level_date_tag", "tcb_eval_num" } },
	[CLASS_TD_10] = { "a1e4ee9c-a12e-48ac-bed0-e3f89297f687", "guest TD 1.0",
			  SLOT_TENANT, true, "Application TD TCB", "Description",
			  "Application TD TCB 1.0", "td_", TD_FLAGS },
	[CLASS_TD_15] = { "45b734fc-aa4e-4c3d-ad28-e43d08880e68", "guest TD 1.5",
			  SLOT_TENANT, true, "Application TD TCB", "Description",
			  "Application TD TCB 1.5", "td_", TD_FLAGS },
	[CLASS_EVM] = { "6d2f4ab1-6f0f-4c0e-9a55-4f3ee2c6d0b7",
			"Enclave VM",
			SLOT_TENANT,
			false,
			"Enclave VM",
			"description",
			"Enclave VM",
			"evm_",
			{ "kernel",   "cmdline",    "image",   "signer", "pcr0",
			  "pcr1",     "pcr2",       "pcr3",    "pcr4",   "pcr5",
			  "pcr6",     "pcr7",       "pcr8",    "pcr9",   "pcr10",
			  "pcr11",    "pcr12",      "pcr13",   "pcr14",  "pcr15",
			  "to_guest", "from_guest", "forward", "egress", "strength",
			  "root" },
			true },
};

#define EVM CLASS_BIT(CLASS_EVM)
#define ENCLAVE CLASS_BIT(CLASS_SGX_ENCLAVE)
#define TD (CLASS_BIT(CLASS_TD_10) | CLASS_BIT(CLASS_TD_15))
#define PLATFORM \
	(CLASS_BIT(CLASS_SGX_PLATFORM) | CLASS_BIT(CLASS_TDX_PLATFORM_10) | \
	 CLASS_BIT(CLASS_TDX_PLATFORM_15))
#define CURRENT (PLATFORM | CLASS_BIT(CLASS_TDQE))

#define OTHER_WORKLOAD \
	"this is another workload, or it was changed on purpose: sign a new policy"
#define OTHER_LAUNCH "launch it as the policy says, or sign a new policy"
#define OTHER_HOST "run it on a host that the policy names, or sign a new policy"
#define UPDATE_PLATFORM \
	"update the platform's firmware and microcode, or use another host"
#define FETCH_NEWER "fetch newer collateral"
#define OTHER_PLATFORM "use a platform that the policy allows, or sign a new policy"

/* BYTES(name, classes, fact, length, has_mask, flag, demand, remedy) */
#define BYTES(name, classes, fact, len, has_mask, flag, demand, remedy) \
	{ \
		name, "policy." name, NULL, classes, CONDITION_BYTES, CELLA_FACT_##fact, \
			CELLA_FACT_NONE, len, has_mask, flag, demand, remedy \
	}
/* OTHER(name, classes, kind, fact, qe_fact, flag, demand, remedy) */
#define OTHER(name, classes, kind, fact, qe_fact, flag, demand, remedy) \
	{ \
		name, "policy." name, NULL, classes, CONDITION_##kind, \
			CELLA_FACT_##fact, CELLA_FACT_##qe_fact, 0, false, flag, demand, \
			remedy \
	}

/* EVENTS(name, classes, fact, length, flag, demand) */
#define EVENTS(name, classes, fact, len, flag, demand) \
	{ \
		name, "policy." name, NULL, classes, CONDITION_EVENTS, \
			CELLA_FACT_##fact, CELLA_FACT_NONE, len, false, flag, demand, \
			OTHER_WORKLOAD \
	}

const struct policy_key policy_keys[] = {
	OTHER("accepted_tcb_status", CURRENT, STATUSES, TCB_STATUS, QE_TCB_STATUS,
	      "tcb_status", "every part of the TCB status is one of", UPDATE_PLATFORM),
	OTHER("collateral_grace_period", CURRENT, GRACE, NONE, NONE, "expiration_date",
	      "collateral counts after its expiry for", FETCH_NEWER),
	OTHER("platform_grace_period", CURRENT, PLATFORM_GRACE, TCB_DATE, QE_TCB_DATE,
	      "earliest_accepted_tcb_level_date_tag",
	      "an out-of-date TCB level counts, from its date on, for", UPDATE_PLATFORM),
	OTHER("min_tcb_level_date", CURRENT, MIN_DATE, TCB_DATE, QE_TCB_DATE,
	      "accepted_tcb_level_date_tag", "the TCB level is of", UPDATE_PLATFORM),
	OTHER("min_eval_num", CURRENT, MIN_EVAL, TCB_EVAL_NUM, QE_TCB_EVAL_NUM,
	      "tcb_eval_num", "the collateral's evaluation number is at least",
	      FETCH_NEWER),
	OTHER("rejected_advisory_ids", PLATFORM, ADVISORIES, ADVISORY_IDS, NONE,
	      "advisory_ids", "the advisories that apply are", UPDATE_PLATFORM),
	BYTES("accepted_platform_provider_ids", PLATFORM, PPID, 16, false,
	      "platform_provider_id", "the platform's provisioning id (PPID) is",
	      OTHER_PLATFORM),
	OTHER("accepted_sgx_types", PLATFORM, NUMBER, SGX_TYPE, NONE, "sgx_types",
	      "the platform's SGX type is (0 standard, 1 scalable, 2 with integrity)",
	      OTHER_PLATFORM),
	OTHER("allow_dynamic_platform", PLATFORM, FLAG, DYNAMIC_PLATFORM, NONE,
	      "dynamic_platform",
	      "packages may be added to the platform later:", OTHER_PLATFORM),
	{ "allow_dynamic_plaform", "policy.allow_dynamic_platform",
	  "allow_dynamic_platform", PLATFORM, CONDITION_FLAG, CELLA_FACT_DYNAMIC_PLATFORM,
	  CELLA_FACT_NONE, 0, false, "dynamic_platform",
	  "packages may be added to the platform later:", OTHER_PLATFORM },
	OTHER("allow_cached_keys", PLATFORM, FLAG, CACHED_KEYS, NONE, "cached_keys",
	      "the vendor may keep the platform's root keys:", OTHER_PLATFORM),
	OTHER("allow_smt_enabled", PLATFORM, FLAG, SMT_ENABLED, NONE, "smt_enabled",
	      "hyper-threading may be enabled:", OTHER_PLATFORM),

	BYTES("sgx_miscselect", ENCLAVE, MISCSELECT, 4, true, "miscselcect",
	      "MISCSELECT is", OTHER_LAUNCH),
	BYTES("sgx_attributes", ENCLAVE, SGX_ATTRIBUTES, 16, true, "attributes",
	      "the enclave's attributes are", OTHER_LAUNCH),
	/* Quotes do not carry CE attributes: the condition never holds. */
	BYTES("sgx_ce_attributes", ENCLAVE, NONE, 16, true, "ce_attributes",
	      "the enclave's CE attributes are",
	      "leave sgx_ce_attributes out: quotes do not carry them"),
	BYTES("sgx_mrenclave", ENCLAVE, MRENCLAVE, 32, false, "mrenclave",
	      "the enclave's code and data (MRENCLAVE) are", OTHER_WORKLOAD),
	BYTES("sgx_mrsigner", ENCLAVE, MRSIGNER, 32, false, "mrsigner",
	      "the enclave's signer (MRSIGNER) is", OTHER_WORKLOAD),
	OTHER("sgx_isvprodid", ENCLAVE, NUMBER, ISV_PROD_ID, NONE, "isvprod_id",
	      "the enclave's product number is", OTHER_WORKLOAD),
	OTHER("sgx_isvsvn_min", ENCLAVE, NUMBER_MIN, ISV_SVN, NONE, "isvsvn",
	      "the enclave's security version is at least", "deploy a newer version"),
	BYTES("sgx_configid", ENCLAVE, CONFIG_ID, 64, false, "configid",
	      "the enclave's configuration is", OTHER_LAUNCH),
	OTHER("sgx_configsvn_min", ENCLAVE, NUMBER_MIN, CONFIG_SVN, NONE, "configsvn",
	      "the configuration's security version is at least",
	      "deploy a newer configuration"),
	BYTES("sgx_isvextprodid", ENCLAVE, ISV_EXT_PROD_ID, 16, false, "isvextprodid",
	      "the enclave's extended product id is", OTHER_WORKLOAD),
	BYTES("sgx_isvfamilyid", ENCLAVE, ISV_FAMILY_ID, 16, false, "isvfamilyid",
	      "the enclave's family is", OTHER_WORKLOAD),

	BYTES("tdx_attributes", TD, TD_ATTRIBUTES, 8, true, "attributes",
	      "the TD's attributes are", OTHER_LAUNCH),
	BYTES("tdx_xfam", TD, XFAM, 8, true, "xfam",
	      "the TD's extended CPU features (XFAM) are", OTHER_LAUNCH),
	BYTES("tdx_mrtd", TD, MR_TD, 48, false, "mrtd",
	      "the TD's initial memory, its firmware (MRTD), is", OTHER_WORKLOAD),
	BYTES("tdx_mrconfigid", TD, MR_CONFIG_ID, 48, false, "mrconfigid",
	      "the TD's configuration, as its launcher gave it (MRCONFIGID), is",
	      OTHER_LAUNCH),
	BYTES("tdx_mrowner", TD, MR_OWNER, 48, false, "mrowner",
	      "the TD's owner, as its launcher gave it (MROWNER), is", OTHER_LAUNCH),
	BYTES("tdx_mrownerconfig", TD, MR_OWNER_CONFIG, 48, false, "mrownerconfig",
	      "the owner's configuration, as the launcher gave it (MROWNERCONFIG), is",
	      OTHER_LAUNCH),
	BYTES("tdx_rtmr0", TD, RTMR0, 48, false, "rtmr0",
	      "what the firmware measured of its configuration (RTMR0) is",
	      OTHER_WORKLOAD),
	BYTES("tdx_rtmr1", TD, RTMR1, 48, false, "rtmr1",
	      "what the firmware measured of the kernel or boot loader (RTMR1) is",
	      OTHER_WORKLOAD),
	BYTES("tdx_rtmr2", TD, RTMR2, 48, false, "rtmr2",
	      "what the boot loader measured of the system (RTMR2) is", OTHER_WORKLOAD),
	BYTES("tdx_rtmr3", TD, RTMR3, 48, false, "rtmr3",
	      "what the system measured of its applications (RTMR3) is", OTHER_WORKLOAD),
	EVENTS("tdx_rtmr0_events", TD, RTMR0, 48, "rtmr0",
	       "what the firmware measured of its configuration (RTMR0) is"),
	EVENTS("tdx_rtmr1_events", TD, RTMR1, 48, "rtmr1",
	       "what the firmware measured of the kernel or boot loader (RTMR1) is"),
	EVENTS("tdx_rtmr2_events", TD, RTMR2, 48, "rtmr2",
	       "what the boot loader measured of the system (RTMR2) is"),
	EVENTS("tdx_rtmr3_events", TD, RTMR3, 48, "rtmr3",
	       "what the system measured of its applications (RTMR3) is"),
	BYTES("tdx_mrservicetd", TD, MR_SERVICETD, 48, false, "mrservicetd",
	      "the bound service TDs are", OTHER_LAUNCH),
	BYTES("evm_kernel", EVM, EVM_KERNEL, 32, false, "kernel",
	      "the kernel (SHA-256) is", OTHER_WORKLOAD),
	BYTES("evm_cmdline", EVM, EVM_CMDLINE, 32, false, "cmdline",
	      "the kernel's command line (SHA-256) is", OTHER_WORKLOAD),
	BYTES("evm_image", EVM, EVM_IMAGE, 32, false, "image",
	      "the image: kernel, command line and ramdisks (SHA-256), is",
	      OTHER_WORKLOAD),
	BYTES("evm_signer", EVM, EVM_SIGNER, 32, false, "signer",
	      "the image's signer (SHA-256 of the certificate) is", OTHER_WORKLOAD),
	BYTES("evm_pcr0", EVM, EVM_PCR0, 32, false, "pcr0",
	      "the identity of the runtime (PCR0) is", OTHER_WORKLOAD),
	BYTES("evm_pcr1", EVM, EVM_PCR1, 32, false, "pcr1",
	      "what nobody measures (PCR1) is", OTHER_WORKLOAD),
	BYTES("evm_pcr2", EVM, EVM_PCR2, 32, false, "pcr2",
	      "what nobody measures (PCR2) is", OTHER_WORKLOAD),
	BYTES("evm_pcr3", EVM, EVM_PCR3, 32, false, "pcr3",
	      "what nobody measures (PCR3) is", OTHER_WORKLOAD),
	BYTES("evm_pcr4", EVM, EVM_PCR4, 32, false, "pcr4", "the kernel (PCR4) is",
	      OTHER_WORKLOAD),
	BYTES("evm_pcr5", EVM, EVM_PCR5, 32, false, "pcr5",
	      "what nobody measures (PCR5) is", OTHER_WORKLOAD),
	BYTES("evm_pcr6", EVM, EVM_PCR6, 32, false, "pcr6",
	      "what nobody measures (PCR6) is", OTHER_WORKLOAD),
	BYTES("evm_pcr7", EVM, EVM_PCR7, 32, false, "pcr7",
	      "what nobody measures (PCR7) is", OTHER_WORKLOAD),
	BYTES("evm_pcr8", EVM, EVM_PCR8, 32, false, "pcr8", "the command line (PCR8) is",
	      OTHER_WORKLOAD),
	BYTES("evm_pcr9", EVM, EVM_PCR9, 32, false, "pcr9",
	      "the initial ramdisks (PCR9) is", OTHER_WORKLOAD),
	BYTES("evm_pcr10", EVM, EVM_PCR10, 32, false, "pcr10",
	      "what the guest's kernel measured (PCR10) is", OTHER_WORKLOAD),
	BYTES("evm_pcr11", EVM, EVM_PCR11, 32, false, "pcr11",
	      "the whole image (PCR11) is", OTHER_WORKLOAD),
	BYTES("evm_pcr12", EVM, EVM_PCR12, 32, false, "pcr12", "the signer (PCR12) is",
	      OTHER_WORKLOAD),
	BYTES("evm_pcr13", EVM, EVM_PCR13, 32, false, "pcr13",
	      "the host's configuration (PCR13) is", OTHER_WORKLOAD),
	BYTES("evm_pcr14", EVM, EVM_PCR14, 32, false, "pcr14",
	      "what the guest measured of its applications (PCR14) is", OTHER_WORKLOAD),
	EVENTS("evm_pcr14_events", EVM, EVM_PCR14, 32, "pcr14",
	       "what the guest measured of its applications (PCR14) is"),
	BYTES("evm_pcr15", EVM, EVM_PCR15, 32, false, "pcr15",
	      "the application's own (PCR15) is", OTHER_WORKLOAD),
	OTHER("evm_to_guest", EVM, TEXTS, EVM_TO_GUEST, NONE, "to_guest",
	      "the ports of the guest that its host may reach are", OTHER_LAUNCH),
	OTHER("evm_from_guest", EVM, TEXTS, EVM_FROM_GUEST, NONE, "from_guest",
	      "the ports of the host that the guest may reach are", OTHER_LAUNCH),
	OTHER("evm_forward", EVM, TEXTS, EVM_FORWARD, NONE, "forward",
	      "what is forwarded to the guest is", OTHER_LAUNCH),
	OTHER("evm_egress", EVM, TEXTS, EVM_EGRESS, NONE, "egress",
	      "what the guest may connect to outside is", OTHER_LAUNCH),
	OTHER("evm_strength", EVM, NAME, EVM_STRENGTH, NONE, "strength",
	      "what vouches for the enclave has the strength", OTHER_HOST),
	OTHER("evm_root", EVM, NAME, EVM_ROOT, NONE, "root",
	      "the root that vouches for the enclave is", OTHER_HOST),
	{ "tdx _mrservicetd", "policy.tdx_mrservicetd", "tdx_mrservicetd", TD,
	  CONDITION_BYTES, CELLA_FACT_MR_SERVICETD, CELLA_FACT_NONE, 48, false,
	  "mrservicetd", "the bound service TDs are", OTHER_LAUNCH },
};
const size_t num_policy_keys = ARRAY_LEN(policy_keys);

const struct policy_class *policy_class_find(const char *uuid)
{
	for (size_t i = 0; i < CLASS_COUNT; i++)
		if (text_equal_any_case(policy_classes[i].uuid, uuid))
			return &policy_classes[i];
	return NULL;
}

enum policy_class_id policy_class_id(const struct policy_class *class)
{
	return (enum policy_class_id)(class - policy_classes);
}

int policy_class_flag(const struct policy_class *class, const char *flag)
{
	for (int i = 0; class->flags[i] != NULL; i++)
		if (strcmp(class->flags[i], flag) == 0)
			return i;
	return -1;
}

const struct policy_key *policy_key_find(const struct policy_class *class,
					 const char *name)
{
	for (size_t i = 0; i < num_policy_keys; i++)
		if ((policy_keys[i].classes & CLASS_BIT(policy_class_id(class))) != 0 &&
		    strcmp(policy_keys[i].name, name) == 0)
			return &policy_keys[i];
	return NULL;
}

const struct policy_key *policy_key_of_mask(const struct policy_class *class,
					    const char *name)
{
	for (size_t i = 0; i < num_policy_keys; i++) {
		const struct policy_key *const key = &policy_keys[i];
		const size_t len = strlen(key->name);

		if (key->has_mask && strncmp(name, key->name, len) == 0 &&
		    strcmp(name + len, "_mask") == 0)
			return policy_key_find(class, key->name);
	}
	return NULL;
}

enum cella_fact policy_key_fact(const struct policy_key *key, enum policy_slot slot)
{
	return slot == SLOT_QE ? key->qe_fact : key->fact;
}

bool policy_name_is_comment(const char *name)
{
	return name[0] == '#' || strcmp(name, "user_data") == 0;
}
