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

#include "base/encode.h"
#include "collateral/bundle.h"
#include "compat/quoteprov_session.h"

#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(sgx_ql_config_t) == 26 + sizeof(void *), "the interface's layout");
_Static_assert(sizeof(sgx_ql_pck_cert_id_t) == 11 + 4 * sizeof(void *),
	       "the interface's layout");
_Static_assert(sizeof(sgx_ql_qve_collateral_t) == 8 + 14 * sizeof(void *),
	       "the interface's layout");

enum {
	CONFIG_VERSION = 1,
	TEE_SGX = 0,
	TEE_TDX = 0x81,
	MAJOR_VERSION = 3,
	ENCRYPTED_PPID_LEN = 384, /* RSA-3072 */
};

static void builder_cleanup(struct cella_collateral_builder **builder)
{
	cella_collateral_builder_free(*builder);
}

/* Something is wrong with the call. */
static quote3_error_t refuse(quote3_error_t number, const char *why)
{
	log_write(SGX_QL_LOG_ERROR, "cella: 0x%04x: %s\n", (unsigned)number, why);
	return number;
}

/* --- what is handed over ------------------------------------------------------------- */

/* Bytes of the caller's own, with a NUL that counts. */
static enum cella_status copy_out(struct cella_bytes bytes, char **out,
				  uint32_t *out_size, struct cella_error *err)
{
	char *const copy = malloc(bytes.len + 1);

	if (copy == NULL)
		return error_nomem(err);
	memcpy(copy, bytes.data, bytes.len);
	copy[bytes.len] = '\0';
	*out = copy;
	*out_size = (uint32_t)bytes.len + 1;
	return CELLA_OK;
}

static bool wants_hex(const struct session *session)
{
	return strcmp(session->config.qcnl.crl_form, "3.0") == 0;
}

/* A list in the form that is configured, whatever the server's was. */
static enum cella_status copy_crl(const struct session *session,
				  const struct crl_doc *doc, char **out,
				  uint32_t *out_size, struct cella_error *err)
{
	struct out hex CLEANUP(out_done) = { 0 };

	if (!wants_hex(session))
		return copy_out(doc->crl->der, out, out_size, err);
	hex_write(&hex, doc->crl->der);
	TRY(out_status(&hex, err));
	return copy_out(out_view(&hex), out, out_size, err);
}

static enum cella_status copy_chain(const struct chain_doc *doc, char **out,
				    uint32_t *out_size, struct cella_error *err)
{
	if (doc == NULL)
		return error_set(err, CELLA_MALFORMED, "the issuer chain is missing");
	return copy_out(bytes_of(doc->text, doc->text_len), out, out_size, err);
}

/* A JSON document and its signers. */
static enum cella_status copy_signed(const struct signed_doc *doc, char **out,
				     uint32_t *out_size, char **chain,
				     uint32_t *chain_size, struct cella_error *err)
{
	TRY(copy_out(bytes_of(doc->text, doc->text_len), out, out_size, err));
	return copy_chain(doc->signer, chain, chain_size, err);
}

/* The fetcher has asked for one of each, and found them good. */
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
	out->minor_version = wants_hex(session) ? 0 : 1;
	TRY(check_set(set, err));
	TRY(copy_crl(session, set->root_crls[0], &out->root_ca_crl,
		     &out->root_ca_crl_size, err));
	TRY(copy_crl(session, set->pck_crls[0], &out->pck_crl, &out->pck_crl_size, err));
	TRY(copy_chain(set->pck_crls[0]->issuer, &out->pck_crl_issuer_chain,
		       &out->pck_crl_issuer_chain_size, err));
	TRY(copy_signed(&set->tcb_infos[0]->doc, &out->tcb_info, &out->tcb_info_size,
			&out->tcb_info_issuer_chain, &out->tcb_info_issuer_chain_size,
			err));
	return copy_signed(&set->identities[0]->doc, &out->qe_identity,
			   &out->qe_identity_size, &out->qe_identity_issuer_chain,
			   &out->qe_identity_issuer_chain_size, err);
}

/* --- collateral ---------------------------------------------------------------------- */

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
		return refuse(SGX_QL_ERROR_OUT_OF_MEMORY, "no memory");
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
		return refuse(
			SGX_QL_ERROR_INVALID_PARAMETER,
			"collateral: an FMSPC of 6 bytes, a CA and a place are needed");
	if (strcmp(ca, "platform") != 0 && strcmp(ca, "processor") != 0)
		return refuse(
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
		return refuse(SGX_QL_ERROR_INVALID_PARAMETER,
			      "collateral: parameters without a size, or a size without");
	if (params != NULL)
		return refuse(
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

/* --- single documents ---------------------------------------------------------------- */

static enum cella_status fetch_one(struct session *session, struct pcs_question *question,
				   enum pcs_kind kind,
				   struct cella_collateral_builder *builder,
				   struct out *response, struct cella_error *err)
{
	question->kind = kind;
	question->edition = session->edition;
	TRY(fetcher_get(session->fetcher, question, response, err));
	return cella_collateral_builder_add(builder, pcs_name(kind), response->data,
					    response->len, err);
}

static enum cella_status fetch_qve(struct session *session, struct cella_collateral **out,
				   struct cella_error *err)
{
	struct cella_collateral_builder *builder CLEANUP(builder_cleanup) = NULL;
	struct out response CLEANUP(out_done) = { 0 };
	struct pcs_question question = { .platform = { .tee = TCB_TEE_SGX } };

	TRY(cella_collateral_builder_new(&builder, err));
	TRY(fetch_one(session, &question, PCS_QVE_IDENTITY, builder, &response, err));
	TRY(cella_collateral_builder_finish(builder, out, err));
	if ((*out)->num_identities == 1)
		return CELLA_OK;
	return error_set(err, CELLA_MALFORMED, "there is no identity");
}

quote3_error_t sgx_ql_get_qve_identity(char **identity, uint32_t *identity_size,
				       char **issuer_chain, uint32_t *issuer_chain_size)
{
	struct cella_collateral *set CLEANUP(collateral_cleanup) = NULL;
	struct session session CLEANUP(session_close) = { .fetcher = NULL };
	char *text CLEANUP_FREE = NULL;
	char *chain CLEANUP_FREE = NULL;
	uint32_t text_size = 0;
	uint32_t chain_size = 0;
	struct cella_error err = { 0 };
	quote3_error_t opened;

	if (identity == NULL || identity_size == NULL || issuer_chain == NULL ||
	    issuer_chain_size == NULL)
		return refuse(SGX_QL_ERROR_INVALID_PARAMETER,
			      "QvE identity: a place is missing");
	opened = session_open(SERVICE_OF_COLLATERAL, SGX_QL_NO_QVE_IDENTITY_DATA,
			      &session);
	if (opened != SGX_QL_SUCCESS)
		return opened;
	if (fetch_qve(&session, &set, &err) != CELLA_OK ||
	    copy_signed(&set->identities[0]->doc, &text, &text_size, &chain, &chain_size,
			&err) != CELLA_OK)
		return session_fail(&session, &err);
	*identity = take(&text);
	*identity_size = text_size;
	*issuer_chain = take(&chain);
	*issuer_chain_size = chain_size;
	return SGX_QL_SUCCESS;
}

quote3_error_t sgx_ql_free_qve_identity(char *identity, char *issuer_chain)
{
	free(identity);
	free(issuer_chain);
	return SGX_QL_SUCCESS;
}

/* The root is known from the chain of the list of one of its two CAs. */
static enum cella_status fetch_root_crl(struct session *session,
					struct cella_collateral **out,
					struct cella_error *err)
{
	struct cella_collateral_builder *builder CLEANUP(builder_cleanup) = NULL;
	struct out pck CLEANUP(out_done) = { 0 };
	struct out root CLEANUP(out_done) = { 0 };
	struct pcs_question question = {
		.platform = { .tee = TCB_TEE_SGX, .is_platform_ca = true },
	};
	struct cella_error reason = { 0 };

	TRY(cella_collateral_builder_new(&builder, err));
	if (fetch_one(session, &question, PCS_PCK_CRL, builder, &pck, &reason) !=
	    CELLA_OK) {
		question.platform.is_platform_ca = false;
		TRY(fetch_one(session, &question, PCS_PCK_CRL, builder, &pck, err));
	}
	TRY(fetch_one(session, &question, PCS_ROOT_CRL, builder, &root, err));
	return cella_collateral_builder_finish(builder, out, err);
}

static enum cella_status copy_root_crl(const struct session *session,
				       const struct cella_collateral *set, uint8_t **out,
				       uint16_t *out_size, struct cella_error *err)
{
	char *text CLEANUP_FREE = NULL;
	uint32_t size = 0;

	if (set->num_root_crls != 1)
		return error_set(err, CELLA_MALFORMED, "there is no root's list");
	TRY(copy_crl(session, set->root_crls[0], &text, &size, err));
	if (size > UINT16_MAX)
		return error_set(err, CELLA_LIMIT,
				 "the root's list: %u bytes, the interface tells of at "
				 "most %d",
				 size, UINT16_MAX);
	*out = (uint8_t *)take(&text);
	*out_size = (uint16_t)size;
	return CELLA_OK;
}

quote3_error_t sgx_ql_get_root_ca_crl(uint8_t **crl, uint16_t *crl_size)
{
	struct cella_collateral *set CLEANUP(collateral_cleanup) = NULL;
	struct session session CLEANUP(session_close) = { .fetcher = NULL };
	struct cella_error err = { 0 };
	quote3_error_t opened;

	if (crl == NULL || crl_size == NULL)
		return refuse(SGX_QL_ERROR_INVALID_PARAMETER,
			      "the root's list: a place is missing");
	opened = session_open(SERVICE_OF_COLLATERAL, SGX_QL_NO_QUOTE_COLLATERAL_DATA,
			      &session);
	if (opened != SGX_QL_SUCCESS)
		return opened;
	if (fetch_root_crl(&session, &set, &err) != CELLA_OK ||
	    copy_root_crl(&session, set, crl, crl_size, &err) != CELLA_OK)
		return session_fail(&session, &err);
	return SGX_QL_SUCCESS;
}

quote3_error_t sgx_ql_free_root_ca_crl(uint8_t *crl)
{
	free(crl);
	return SGX_QL_SUCCESS;
}

/* --- the platform's own certificate -------------------------------------------------- */

static bool is_complete(const sgx_ql_pck_cert_id_t *id)
{
	return id->p_qe3_id != NULL && id->qe3_id_size == PCS_QE_ID_LEN &&
	       id->p_platform_cpu_svn != NULL && id->p_platform_pce_isv_svn != NULL &&
	       (id->p_encrypted_ppid == NULL ||
		id->encrypted_ppid_size == ENCRYPTED_PPID_LEN);
}

/* Views of what the caller's struct points to; numbers may be unaligned there. */
static struct pck_id id_of(const sgx_ql_pck_cert_id_t *from)
{
	struct pck_id id = {
		.qe_id = bytes_of(from->p_qe3_id, PCS_QE_ID_LEN),
		.cpu_svn = bytes_of(from->p_platform_cpu_svn->svn, PCS_CPU_SVN_LEN),
	};

	if (from->p_encrypted_ppid != NULL)
		id.encrypted_ppid = bytes_of(from->p_encrypted_ppid, ENCRYPTED_PPID_LEN);
	memcpy(&id.pce_svn, from->p_platform_pce_isv_svn, sizeof id.pce_svn);
	id.pce_id[0] = (uint8_t)from->pce_id;
	id.pce_id[1] = (uint8_t)(from->pce_id >> 8);
	return id;
}

static enum cella_status fetch_pck(struct session *session, const struct pck_id *id,
				   sgx_ql_config_t *out, struct cella_error *err)
{
	struct cella_collateral *set CLEANUP(collateral_cleanup) = NULL;
	struct cella_collateral_builder *builder CLEANUP(builder_cleanup) = NULL;
	struct out response CLEANUP(out_done) = { 0 };
	struct pcs_question question = { .pck = id, .platform = { .tee = TCB_TEE_SGX } };
	char *chain CLEANUP_FREE = NULL;
	uint16_t pce_svn = 0;
	uint32_t size = 0;

	TRY(cella_collateral_builder_new(&builder, err));
	TRY(fetch_one(session, &question, PCS_PCK_CERT, builder, &response, err));
	TRY(cella_collateral_builder_finish(builder, &set, err));
	if (set->pck_chain == NULL)
		return error_set(err, CELLA_MALFORMED, "there is no PCK certificate");
	TRY(pcs_tcbm(out_view(&response), out->cert_cpu_svn.svn, &pce_svn, err));
	TRY(copy_chain(set->pck_chain, &chain, &size, err));
	out->version = CONFIG_VERSION;
	out->cert_pce_isv_svn = pce_svn;
	out->cert_data_size = size;
	out->p_cert_data = (uint8_t *)take(&chain);
	return CELLA_OK;
}

static quote3_error_t get_config(const struct pck_id *id, sgx_ql_config_t *out)
{
	struct session session CLEANUP(session_close) = { .fetcher = NULL };
	struct cella_error err = { 0 };
	const quote3_error_t opened =
		session_open(SERVICE_OF_PLATFORM, SGX_QL_NO_PLATFORM_CERT_DATA, &session);

	if (opened != SGX_QL_SUCCESS)
		return opened;
	return fetch_pck(&session, id, out, &err) == CELLA_OK
		       ? SGX_QL_SUCCESS
		       : session_fail(&session, &err);
}

quote3_error_t sgx_ql_get_quote_config(const sgx_ql_pck_cert_id_t *id,
				       sgx_ql_config_t **config)
{
	sgx_ql_config_t *got CLEANUP_FREE = NULL;
	struct pck_id pck;
	quote3_error_t number;

	if (id == NULL || config == NULL || !is_complete(id))
		return refuse(SGX_QL_ERROR_INVALID_PARAMETER,
			      "PCK certificate: whose it is, is not told");
	got = calloc(1, sizeof *got);
	if (got == NULL)
		return refuse(SGX_QL_ERROR_OUT_OF_MEMORY, "no memory");
	pck = id_of(id);
	number = get_config(&pck, got);
	if (number == SGX_QL_SUCCESS)
		*config = take(&got);
	return number;
}

quote3_error_t sgx_ql_free_quote_config(sgx_ql_config_t *config)
{
	if (config != NULL)
		free(config->p_cert_data);
	free(config);
	return SGX_QL_SUCCESS;
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
