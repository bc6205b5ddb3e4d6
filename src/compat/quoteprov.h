/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface of libdcap_quoteprov.so.1, which quoting and verifying libraries of the
 * vendor's open by name. Names, layouts and numbers are theirs. Nobody includes this but the
 * library: its callers bring declarations of their own.
 */
#ifndef COMPAT_QUOTEPROV_H
#define COMPAT_QUOTEPROV_H

#include <stdint.h>

/* What functions return; only what this library has a use for. */
typedef enum {
	SGX_QL_SUCCESS = 0,
	SGX_QL_ERROR_UNEXPECTED = 0xe001,
	SGX_QL_ERROR_INVALID_PARAMETER = 0xe002,
	SGX_QL_ERROR_OUT_OF_MEMORY = 0xe003,
	SGX_QL_PLATFORM_LIB_UNAVAILABLE = 0xe00e, /* there is no cella-fetch */
	SGX_QL_NO_PLATFORM_CERT_DATA = 0xe011,
	SGX_QL_NETWORK_ERROR = 0xe019,
	SGX_QL_NO_QUOTE_COLLATERAL_DATA = 0xe01b,
	SGX_QL_NO_QVE_IDENTITY_DATA = 0xe037,
	SGX_QL_UNSUPPORTED_MODE = 0xe03e,
	SGX_QL_SERVICE_UNAVAILABLE = 0xe040,
	SGX_QL_UNKNOWN_MESSAGE_RESPONSE = 0xe044, /* another status than those known */
	SGX_QL_ERROR_MESSAGE_PARSING_ERROR = 0xe046,
	SGX_QL_PLATFORM_UNKNOWN = 0xe047,
	SGX_QL_CERTS_UNAVAILABLE = 0xe049,
	SGX_QL_CONFIG_INVALID_JSON = 0xe067,
} quote3_error_t;

typedef enum {
	SGX_QL_LOG_ERROR,
	SGX_QL_LOG_INFO,
	SGX_QL_LOG_DEBUG,
	SGX_QL_LOG_TRACE,
} sgx_ql_log_level_t;

typedef void (*sgx_ql_logging_callback_t)(sgx_ql_log_level_t level, const char *message);

typedef struct {
	uint8_t svn[16];
} sgx_cpu_svn_t;

#pragma pack(push, 1)

/* Whose PCK certificate is asked for. */
typedef struct {
	uint8_t *p_qe3_id;
	uint32_t qe3_id_size; /* 16 */
	sgx_cpu_svn_t *p_platform_cpu_svn;
	uint16_t *p_platform_pce_isv_svn;
	uint8_t *p_encrypted_ppid; /* may be NULL */
	uint32_t encrypted_ppid_size;
	uint8_t crypto_suite;
	uint16_t pce_id;
} sgx_ql_pck_cert_id_t;

typedef struct {
	uint32_t version; /* 1 */
	sgx_cpu_svn_t cert_cpu_svn;
	uint16_t cert_pce_isv_svn;
	uint32_t cert_data_size;
	uint8_t *p_cert_data; /* PEM from the leaf to the root, with a NUL that counts */
} sgx_ql_config_t;

#pragma pack(pop)

/* All texts end with a NUL that counts in their sizes, and so do lists. */
typedef struct {
	uint16_t major_version; /* 3 */
	uint16_t minor_version; /* 1: lists are DER; 0: they are its hexadecimal digits */
	uint32_t tee_type;      /* 0, or 0x81 for TDX */
	char *pck_crl_issuer_chain;
	uint32_t pck_crl_issuer_chain_size;
	char *root_ca_crl;
	uint32_t root_ca_crl_size;
	char *pck_crl;
	uint32_t pck_crl_size;
	char *tcb_info_issuer_chain;
	uint32_t tcb_info_issuer_chain_size;
	char *tcb_info;
	uint32_t tcb_info_size;
	char *qe_identity_issuer_chain;
	uint32_t qe_identity_issuer_chain_size;
	char *qe_identity;
	uint32_t qe_identity_size;
} sgx_ql_qve_collateral_t;

/* A quoting enclave asks for the PCK certificate that certifies it. */
quote3_error_t sgx_ql_get_quote_config(const sgx_ql_pck_cert_id_t *id,
				       sgx_ql_config_t **config);
quote3_error_t sgx_ql_free_quote_config(sgx_ql_config_t *config);

/* A verifier asks for what quotes are judged by; fmspc has 6 bytes, ca is "platform" or
 * "processor". No parameters of anybody's own are known. */
quote3_error_t sgx_ql_get_quote_verification_collateral(const uint8_t *fmspc,
							uint16_t fmspc_size,
							const char *ca,
							sgx_ql_qve_collateral_t **out);
quote3_error_t sgx_ql_get_quote_verification_collateral_with_params(
	const uint8_t *fmspc, uint16_t fmspc_size, const char *ca, const void *params,
	uint16_t params_size, sgx_ql_qve_collateral_t **out);
quote3_error_t
sgx_ql_free_quote_verification_collateral(sgx_ql_qve_collateral_t *collateral);
quote3_error_t tdx_ql_get_quote_verification_collateral(const uint8_t *fmspc,
							uint16_t fmspc_size,
							const char *ca,
							sgx_ql_qve_collateral_t **out);
quote3_error_t tdx_ql_get_quote_verification_collateral_with_params(
	const uint8_t *fmspc, uint16_t fmspc_size, const char *ca, const void *params,
	uint16_t params_size, sgx_ql_qve_collateral_t **out);
quote3_error_t
tdx_ql_free_quote_verification_collateral(sgx_ql_qve_collateral_t *collateral);

/* A verifier's enclave is judged by these. */
quote3_error_t sgx_ql_get_qve_identity(char **identity, uint32_t *identity_size,
				       char **issuer_chain, uint32_t *issuer_chain_size);
quote3_error_t sgx_ql_free_qve_identity(char *identity, char *issuer_chain);
quote3_error_t sgx_ql_get_root_ca_crl(uint8_t **crl, uint16_t *crl_size);
quote3_error_t sgx_ql_free_root_ca_crl(uint8_t *crl);

/* Who wants to know why something failed says so; older callers give no level. */
quote3_error_t sgx_ql_set_logging_callback(sgx_ql_logging_callback_t logger,
					   sgx_ql_log_level_t level);
quote3_error_t sgx_ql_set_logging_function(sgx_ql_logging_callback_t logger);

#endif
