/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single documents: what judges a verifier's enclave, and a platform's own certificate, which
 * its quoting enclave asks for.
 */
#pragma GCC visibility push(default)
#include "compat/quoteprov.h"
#pragma GCC visibility pop

#include "compat/quoteprov_parts.h"

#include <string.h>

_Static_assert(sizeof(sgx_ql_config_t) == 26 + sizeof(void *), "the interface's layout");
_Static_assert(sizeof(sgx_ql_pck_cert_id_t) == 11 + 4 * sizeof(void *),
	       "the interface's layout");

enum { CONFIG_VERSION = 1, ENCRYPTED_PPID_LEN = 384 /* RSA-3072 */ };

static void builder_cleanup(struct cella_collateral_builder **builder)
{
	cella_collateral_builder_free(*builder);
}

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
	if ((*out)->num_identities != 1)
		return error_set(err, CELLA_MALFORMED, "there is no identity");
	return parts_check(session, *out, err);
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
		return log_refuse(SGX_QL_ERROR_INVALID_PARAMETER,
				  "QvE identity: a place is missing");
	opened = session_open(SERVICE_OF_COLLATERAL, SGX_QL_NO_QVE_IDENTITY_DATA,
			      &session);
	if (opened != SGX_QL_SUCCESS)
		return opened;
	if (fetch_qve(&session, &set, &err) != CELLA_OK ||
	    part_copy_signed(&set->identities[0]->doc, &text, &text_size, &chain,
			     &chain_size, &err) != CELLA_OK)
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
	TRY(parts_check(session, set, err));
	TRY(part_copy_crl(session, set->root_crls[0], &text, &size, err));
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
		return log_refuse(SGX_QL_ERROR_INVALID_PARAMETER,
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
	TRY(parts_check(session, set, err));
	TRY(pcs_tcbm(out_view(&response), out->cert_cpu_svn.svn, &pce_svn, err));
	TRY(part_copy_chain(set->pck_chain, &chain, &size, err));
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
		return log_refuse(SGX_QL_ERROR_INVALID_PARAMETER,
				  "PCK certificate: whose it is, is not told");
	got = calloc(1, sizeof *got);
	if (got == NULL)
		return log_refuse(SGX_QL_ERROR_OUT_OF_MEMORY, "no memory");
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
