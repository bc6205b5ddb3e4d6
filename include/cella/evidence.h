/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence: SGX and TDX quotes, TD reports, SGX reports, evidence of Enclave VMs. Parsing tells what the bytes
 * say; whether to believe them is verify.h's question.
 */
#ifndef CELLA_EVIDENCE_H
#define CELLA_EVIDENCE_H

#include <stdbool.h>

#include <cella/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The largest evidence that is accepted, in bytes. */
#define CELLA_EVIDENCE_MAX ((size_t)1 << 20)

/*
 * enum cella_fact - what evidence, or a verdict on it, can say. Byte strings are in wire
 * order. The comments give the type where it is not bytes.
 */
enum cella_fact {
	CELLA_FACT_NONE = 0,

	/* quote header */
	CELLA_FACT_QUOTE_VERSION, /* number */
	CELLA_FACT_ATT_KEY_TYPE,  /* number */
	CELLA_FACT_TEE_TYPE,      /* number: 0 SGX, 0x81 TDX */
	CELLA_FACT_QE_SVN,        /* number, version 3 only */
	CELLA_FACT_PCE_SVN,       /* number, version 3 only */
	CELLA_FACT_VENDOR_ID,
	CELLA_FACT_USER_DATA,
	CELLA_FACT_BODY_TYPE, /* number, version 5 only */

	/* SGX report body */
	CELLA_FACT_CPU_SVN,
	CELLA_FACT_MISCSELECT, /* number */
	CELLA_FACT_ISV_EXT_PROD_ID,
	CELLA_FACT_SGX_ATTRIBUTES,
	CELLA_FACT_MRENCLAVE,
	CELLA_FACT_MRSIGNER,
	CELLA_FACT_CONFIG_ID,
	CELLA_FACT_ISV_PROD_ID, /* number */
	CELLA_FACT_ISV_SVN,     /* number */
	CELLA_FACT_CONFIG_SVN,  /* number */
	CELLA_FACT_ISV_FAMILY_ID,

	/* TD report body */
	CELLA_FACT_TEE_TCB_SVN,
	CELLA_FACT_MR_SEAM,
	CELLA_FACT_MRSIGNER_SEAM,
	CELLA_FACT_SEAM_ATTRIBUTES,
	CELLA_FACT_TD_ATTRIBUTES,
	CELLA_FACT_XFAM,
	CELLA_FACT_MR_TD,
	CELLA_FACT_MR_CONFIG_ID,
	CELLA_FACT_MR_OWNER,
	CELLA_FACT_MR_OWNER_CONFIG,
	CELLA_FACT_RTMR0,
	CELLA_FACT_RTMR1,
	CELLA_FACT_RTMR2,
	CELLA_FACT_RTMR3,
	CELLA_FACT_TEE_TCB_SVN2, /* TD 1.5 */
	CELLA_FACT_MR_SERVICETD, /* TD 1.5 */
	CELLA_FACT_VMID, /* number, TD 1.5 extended; and so the rest of the group */
	CELLA_FACT_TD_ID,
	CELLA_FACT_DEV_INFO,
	CELLA_FACT_INIT_SERVTD_HASH,
	CELLA_FACT_INIT_SERVTD_ATTR,
	CELLA_FACT_INIT_CPUSVN,
	CELLA_FACT_INIT_TEE_TCB_SVN,
	CELLA_FACT_INIT_TEE_FMSPC,
	CELLA_FACT_CUR_SERVTD_HASH,
	CELLA_FACT_CUR_SERVTD_ATTR,

	/* what a signed enclave fixes beside its identity (sigstruct.h) */
	CELLA_FACT_MISCSELECT_MASK, /* number */
	CELLA_FACT_SGX_ATTRIBUTES_MASK,

	/* both bodies */
	CELLA_FACT_REPORT_DATA,

	/* the quoting enclave's own report */
	CELLA_FACT_QE_MISCSELECT, /* number */
	CELLA_FACT_QE_ATTRIBUTES,
	CELLA_FACT_QE_MRENCLAVE,
	CELLA_FACT_QE_MRSIGNER,
	CELLA_FACT_QE_ISV_PROD_ID, /* number */
	CELLA_FACT_QE_ISV_SVN,     /* number */
	CELLA_FACT_CERT_DATA_TYPE, /* number: the innermost certification data */

	/* the platform, from its certificate: only verdicts have these and the rest */
	CELLA_FACT_PPID,
	CELLA_FACT_FMSPC,
	CELLA_FACT_PCE_ID,
	CELLA_FACT_PCK_CPU_SVN,
	CELLA_FACT_PCK_TCB_COMPONENTS,
	CELLA_FACT_PCK_PCE_SVN, /* number */
	CELLA_FACT_SGX_TYPE, /* number: 0 standard, 1 scalable, 2 scalable with integrity */
	CELLA_FACT_PLATFORM_INSTANCE_ID,
	CELLA_FACT_DYNAMIC_PLATFORM, /* bool */
	CELLA_FACT_CACHED_KEYS,      /* bool */
	CELLA_FACT_SMT_ENABLED,      /* bool */
	CELLA_FACT_PCK_CA,           /* text: "platform" or "processor" */

	/* trusted computing base */
	CELLA_FACT_TCB_STATUS,           /* text: the converged status */
	CELLA_FACT_TCB_STATUS_LAUNCH,    /* text: by tee_tcb_svn */
	CELLA_FACT_TCB_STATUS_CURRENT,   /* text: by tee_tcb_svn2, TD 1.5 */
	CELLA_FACT_PLATFORM_TCB_STATUS,  /* text: before convergence */
	CELLA_FACT_MODULE_TCB_STATUS,    /* text: TDX module, when it has an identity */
	CELLA_FACT_QE_TCB_STATUS,        /* text */
	CELLA_FACT_TCB_DATE,             /* time: the oldest of the levels that matched */
	CELLA_FACT_PLATFORM_TCB_DATE,    /* time */
	CELLA_FACT_MODULE_TCB_DATE,      /* time */
	CELLA_FACT_QE_TCB_DATE,          /* time */
	CELLA_FACT_TCB_DATE_CURRENT,     /* time: of the evaluation by tee_tcb_svn2 */
	CELLA_FACT_ADVISORY_IDS,         /* texts */
	CELLA_FACT_ADVISORY_IDS_CURRENT, /* texts: of the evaluation by tee_tcb_svn2 */
	CELLA_FACT_TCB_EVAL_NUM,         /* number: the lower of the two documents' */
	CELLA_FACT_QE_TCB_EVAL_NUM,      /* number */

	/* collateral */
	CELLA_FACT_EARLIEST_ISSUE_DATE,         /* time */
	CELLA_FACT_LATEST_ISSUE_DATE,           /* time */
	CELLA_FACT_EARLIEST_EXPIRATION_DATE,    /* time */
	CELLA_FACT_QE_EARLIEST_ISSUE_DATE,      /* time */
	CELLA_FACT_QE_LATEST_ISSUE_DATE,        /* time */
	CELLA_FACT_QE_EARLIEST_EXPIRATION_DATE, /* time */
	CELLA_FACT_PCK_CRL_NUM,                 /* number */
	CELLA_FACT_ROOT_CA_CRL_NUM,             /* number */
	CELLA_FACT_ROOT_KEY_ID,                 /* SHA-384 of the root's public key */

	/* an Enclave VM: its PCRs of SHA-256, and what the log of its launch tells */
	CELLA_FACT_EVM_PCR0,
	CELLA_FACT_EVM_PCR1,
	CELLA_FACT_EVM_PCR2,
	CELLA_FACT_EVM_PCR3,
	CELLA_FACT_EVM_PCR4,
	CELLA_FACT_EVM_PCR5,
	CELLA_FACT_EVM_PCR6,
	CELLA_FACT_EVM_PCR7,
	CELLA_FACT_EVM_PCR8,
	CELLA_FACT_EVM_PCR9,
	CELLA_FACT_EVM_PCR10,
	CELLA_FACT_EVM_PCR11,
	CELLA_FACT_EVM_PCR12,
	CELLA_FACT_EVM_PCR13,
	CELLA_FACT_EVM_PCR14,
	CELLA_FACT_EVM_PCR15,
	CELLA_FACT_EVM_KERNEL,     /* SHA-256, and so the next three */
	CELLA_FACT_EVM_CMDLINE,    /* of the command line */
	CELLA_FACT_EVM_IMAGE,      /* of kernel, command line, ramdisks */
	CELLA_FACT_EVM_SIGNER,     /* of the signer's certificate, if there is one */
	CELLA_FACT_EVM_MACHINE,    /* text */
	CELLA_FACT_EVM_VCPUS,      /* number */
	CELLA_FACT_EVM_MEMORY_MIB, /* number */
	CELLA_FACT_EVM_DEBUG,      /* bool */
	CELLA_FACT_EVM_TO_GUEST,   /* texts: its ports that the host may reach */
	CELLA_FACT_EVM_FROM_GUEST, /* texts: the host's ports that it may reach */
	CELLA_FACT_EVM_FORWARD,    /* texts: "127.0.0.1:8080:5000", ways in */
	CELLA_FACT_EVM_EGRESS,     /* texts: "example.org:443", ways out */
	CELLA_FACT_EVM_STRENGTH,   /* text: "host"; of a verdict, as its root says */
	CELLA_FACT_EVM_ROOT,       /* text: the root's name, likewise */

	CELLA_FACT_COUNT
};

/* struct cella_facts - a set of facts. It lives as long as the object it came from. */
struct cella_facts;

/* cella_fact_name() returns a fact's name, "mr_td" for instance; NULL for no such fact. */
CELLA_EXPORT const char *cella_fact_name(enum cella_fact fact);

/*
 * The getters return false, and leave *out untouched, when the set has no such fact or it
 * has another type. Texts and bytes live as long as the set.
 */
CELLA_EXPORT bool cella_facts_get(const struct cella_facts *facts, enum cella_fact fact,
				  struct cella_bytes *out);
CELLA_EXPORT bool cella_facts_get_number(const struct cella_facts *facts,
					 enum cella_fact fact, uint64_t *out);
CELLA_EXPORT bool cella_facts_get_bool(const struct cella_facts *facts,
				       enum cella_fact fact, bool *out);
CELLA_EXPORT bool cella_facts_get_time(const struct cella_facts *facts,
				       enum cella_fact fact, int64_t *out);
CELLA_EXPORT bool cella_facts_get_text(const struct cella_facts *facts,
				       enum cella_fact fact, const char **out);
CELLA_EXPORT bool cella_facts_get_texts(const struct cella_facts *facts,
					enum cella_fact fact, const char *const **out,
					size_t *num_texts);

enum cella_evidence_kind {
	CELLA_EVIDENCE_UNKNOWN = 0,
	CELLA_EVIDENCE_SGX_QUOTE,
	CELLA_EVIDENCE_TDX_QUOTE,
	CELLA_EVIDENCE_TD_REPORT,  /* 1024 bytes, checkable by the same CPU only */
	CELLA_EVIDENCE_SGX_REPORT, /* 384 or 432 bytes, likewise */
	CELLA_EVIDENCE_EVM,        /* of an Enclave VM: JSON, doc/evidence-evm.md */
};

/* struct cella_evidence - parsed evidence: immutable, shareable between threads. */
struct cella_evidence;

/*
 * cella_evidence_parse() parses evidence of any kind and keeps a copy of it.
 * CELLA_MALFORMED, with the field and its offset, when it breaks its format;
 * CELLA_UNSUPPORTED for a version or a kind that cella does not know; CELLA_LIMIT above
 * CELLA_EVIDENCE_MAX. The caller releases *out with cella_evidence_unref().
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_evidence_parse(const void *data, size_t len, struct cella_evidence **out,
		     struct cella_error *err);

/* cella_evidence_ref() returns evidence, once more. */
CELLA_EXPORT struct cella_evidence *cella_evidence_ref(struct cella_evidence *evidence);
/* cella_evidence_unref() gives one reference back; NULL is fine. */
CELLA_EXPORT void cella_evidence_unref(struct cella_evidence *evidence);

CELLA_EXPORT enum cella_evidence_kind
cella_evidence_kind(const struct cella_evidence *evidence);

/* cella_evidence_bytes() borrows the copy of the input. */
CELLA_EXPORT struct cella_bytes
cella_evidence_bytes(const struct cella_evidence *evidence);

CELLA_EXPORT const struct cella_facts *
cella_evidence_facts(const struct cella_evidence *evidence);

struct cella_event_log; /* event_log.h */

/*
 * cella_evidence_event_log() borrows the event log that evidence carries, an Enclave VM's does;
 * NULL when there is none with the registers that are quoted.
 */
CELLA_EXPORT const struct cella_event_log *
cella_evidence_event_log(const struct cella_evidence *evidence);

/*
 * cella_evidence_pck_chain() borrows the PEM chain that certifies the platform, as the
 * quote carries it; empty when it carries none.
 */
CELLA_EXPORT struct cella_bytes
cella_evidence_pck_chain(const struct cella_evidence *evidence);

/*
 * cella_evidence_describe() writes every field with its offset, name and value, in wire
 * order and, for measurements, in the reversed order that Intel's tools print: as text,
 * or as JSON. The caller frees *text with cella_free().
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_evidence_describe(const struct cella_evidence *evidence, bool as_json, char **text,
			struct cella_error *err);

#ifdef __cplusplus
}
#endif
#endif
