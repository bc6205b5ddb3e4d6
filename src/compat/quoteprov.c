/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libdcap_quoteprov.so.1: what the vendor's quoting and verifying libraries ask of a quote
 * provider, from cella's cache and from the configured PCS or PCCS. A document is handed on
 * only if it is what was asked for, and signed up to the vendor's root.
 *
 * The library is a guest: it prints nothing, and leaves signals, children and descriptors of
 * the process alone. Each call stands for itself, so threads share no more than the logger.
 */
#pragma GCC visibility push(default)
#include "compat/quoteprov.h"
#pragma GCC visibility pop

#include "compat/quoteprov_parts.h"

#include <string.h>

_Static_assert(sizeof(sgx_ql_qve_collateral_t) == 8 + 14 * sizeof(void *),
	       "the interface's layout");

enum { TEE_SGX = 0, TEE_TDX = 0x81, MAJOR_VERSION = 3 };

static void builder_cleanup(struct cella_collateral_builder **builder)
{
	cella_collateral_builder_free(*builder);
}

/* The fetcher has asked for one of each. */
static enum cella_status check_set(const struct cella_collateral *set,
				   struct cella_error *err)
{
	if (set->num_root_crls == 1 && set->num_pck_crls == 1 &&
	    set->num_tcb_infos == 1 && set->num_identities == 1)
		return CELLA_OK;
	return error_set(err, CELLA_MALFORMED, "the set of documents is not complete");
}

static enum cella_status copy_set(const struct session *session,
				  const struct cella_collateral *set,
				  sgx_ql_qve_collateral_t *out, struct cella_error *err)
{
	out->major_version = MAJOR_VERSION;
	out->minor_version = parts_are_hex(session) ? 0 : 1;
	TRY(check_set(set, err));
	TRY(parts_check(session, set, err));
	TRY(part_copy_crl(session, set->root_crls[0], &out->root_ca_crl,
			  &out->root_ca_crl_size, err));
	TRY(part_copy_crl(session, set->pck_crls[0], &out->pck_crl, &out->pck_crl_size,
			  err));
	TRY(part_copy_chain(set->pck_crls[0]->issuer, &out->pck_crl_issuer_chain,
			    &out->pck_crl_issuer_chain_size, err));
	TRY(part_copy_signed(&set->tcb_infos[0]->doc, &out->tcb_info, &out->tcb_info_size,
			     &out->tcb_info_issuer_chain,
			     &out->tcb_info_issuer_chain_size, err));
	return part_copy_signed(&set->identities[0]->doc, &out->qe_identity,
				&out->qe_identity_size, &out->qe_identity_issuer_chain,
				&out->qe_identity_issuer_chain_size, err);
}

static enum cella_status fetch_set(struct session *session,
				   const struct platform *platform,
				   struct cella_collateral **out, struct cella_error *err)
{
	struct cella_collateral_builder *builder CLEANUP(builder_cleanup) = NULL;

	TRY(cella_collateral_builder_new(&builder, err));
	TRY(fetcher_add(session->fetcher, platform, session->edition, builder, err));
	return cella_collateral_builder_finish(builder, out, err);
}

static quote3_error_t get_collateral(const struct platform *platform,
				     sgx_ql_qve_collateral_t *out)
{
	struct cella_collateral *set CLEANUP(collateral_cleanup) = NULL;
	struct session session CLEANUP(session_close) = { .fetcher = NULL };
	struct cella_error err = { 0 };
	const quote3_error_t opened = session_open(
		SERVICE_OF_COLLATERAL, SGX_QL_NO_QUOTE_COLLATERAL_DATA, &session);

	if (opened != SGX_QL_SUCCESS)
		return opened;
	if (fetch_set(&session, platform, &set, &err) != CELLA_OK ||
	    copy_set(&session, set, out, &err) != CELLA_OK)
		return session_fail(&session, &err);
	return SGX_QL_SUCCESS;
}

static quote3_error_t get_for(const struct platform *platform,
			      sgx_ql_qve_collateral_t **out)
{
	sgx_ql_qve_collateral_t *const collateral = calloc(1, sizeof *collateral);
	quote3_error_t number;

	if (collateral == NULL)
		return log_refuse(SGX_QL_ERROR_OUT_OF_MEMORY, "no memory");
	number = get_collateral(platform, collateral);
	if (number != SGX_QL_SUCCESS) {
		sgx_ql_free_quote_verification_collateral(collateral);
		return number;
	}
	collateral->tee_type = platform->tee == TCB_TEE_TDX ? TEE_TDX : TEE_SGX;
	*out = collateral;
	return SGX_QL_SUCCESS;
}

static quote3_error_t get_checked(enum tcb_tee tee, const uint8_t *fmspc,
				  uint16_t fmspc_size, const char *ca,
				  sgx_ql_qve_collateral_t **out)
{
	struct platform platform = { .tee = tee };

	if (fmspc == NULL || fmspc_size != FMSPC_LEN || ca == NULL || out == NULL)
		return log_refuse(
			SGX_QL_ERROR_INVALID_PARAMETER,
			"collateral: an FMSPC of 6 bytes, a CA and a place are needed");
	if (strcmp(ca, "platform") != 0 && strcmp(ca, "processor") != 0)
		return log_refuse(
			SGX_QL_ERROR_INVALID_PARAMETER,
			"collateral: the CA is neither \"platform\" nor \"processor\"");
	platform.is_platform_ca = strcmp(ca, "platform") == 0;
	memcpy(platform.fmspc, fmspc, FMSPC_LEN);
	return get_for(&platform, out);
}

/* Parameters choose other documents than the usual ones: those are not what was asked for. */
static quote3_error_t check_params(const void *params, uint16_t params_size)
{
	if ((params == NULL) != (params_size == 0))
		return log_refuse(
			SGX_QL_ERROR_INVALID_PARAMETER,
			"collateral: parameters without a size, or a size without");
	if (params != NULL)
		return log_refuse(
			SGX_QL_UNSUPPORTED_MODE,
			"collateral: a service's own parameters are not known here");
	return SGX_QL_SUCCESS;
}

quote3_error_t sgx_ql_get_quote_verification_collateral(const uint8_t *fmspc,
							uint16_t fmspc_size,
							const char *ca,
							sgx_ql_qve_collateral_t **out)
{
	return get_checked(TCB_TEE_SGX, fmspc, fmspc_size, ca, out);
}

quote3_error_t tdx_ql_get_quote_verification_collateral(const uint8_t *fmspc,
							uint16_t fmspc_size,
							const char *ca,
							sgx_ql_qve_collateral_t **out)
{
	return get_checked(TCB_TEE_TDX, fmspc, fmspc_size, ca, out);
}

quote3_error_t sgx_ql_get_quote_verification_collateral_with_params(
	const uint8_t *fmspc, uint16_t fmspc_size, const char *ca, const void *params,
	uint16_t params_size, sgx_ql_qve_collateral_t **out)
{
	const quote3_error_t checked = check_params(params, params_size);

	return checked == SGX_QL_SUCCESS
		       ? get_checked(TCB_TEE_SGX, fmspc, fmspc_size, ca, out)
		       : checked;
}

quote3_error_t tdx_ql_get_quote_verification_collateral_with_params(
	const uint8_t *fmspc, uint16_t fmspc_size, const char *ca, const void *params,
	uint16_t params_size, sgx_ql_qve_collateral_t **out)
{
	const quote3_error_t checked = check_params(params, params_size);

	return checked == SGX_QL_SUCCESS
		       ? get_checked(TCB_TEE_TDX, fmspc, fmspc_size, ca, out)
		       : checked;
}

quote3_error_t
sgx_ql_free_quote_verification_collateral(sgx_ql_qve_collateral_t *collateral)
{
	if (collateral == NULL)
		return SGX_QL_SUCCESS;
	free(collateral->pck_crl_issuer_chain);
	free(collateral->root_ca_crl);
	free(collateral->pck_crl);
	free(collateral->tcb_info_issuer_chain);
	free(collateral->tcb_info);
	free(collateral->qe_identity_issuer_chain);
	free(collateral->qe_identity);
	free(collateral);
	return SGX_QL_SUCCESS;
}

quote3_error_t
tdx_ql_free_quote_verification_collateral(sgx_ql_qve_collateral_t *collateral)
{
	return sgx_ql_free_quote_verification_collateral(collateral);
}

/* --- the logger ---------------------------------------------------------------------- */

quote3_error_t sgx_ql_set_logging_callback(sgx_ql_logging_callback_t logger,
					   sgx_ql_log_level_t level)
{
	log_set(logger, level);
	return SGX_QL_SUCCESS;
}

quote3_error_t sgx_ql_set_logging_function(sgx_ql_logging_callback_t logger)
{
	log_set(logger, SGX_QL_LOG_INFO);
	return SGX_QL_SUCCESS;
}
